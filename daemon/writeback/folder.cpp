#include "daemon/writeback/folder.hpp"

#include <fmt/format.h>

#include "daemon/core/files.hpp"

namespace pingjing::writeback {

void write_file(const std::filesystem::path& folder, const std::vector<Line>& lines) {
    auto name = fmt::format("pingjing-{:012}-{:012}.jsonl", lines.front().seq, lines.back().seq);
    auto hidden = folder / ("." + name + ".unfinished");
    std::string bytes;
    for (const auto& line : lines) bytes += line.json + "\n";
    write_new_file(hidden, bytes);
    put_in_place(hidden, folder / name);
}

}  // namespace pingjing::writeback
