#include "daemon/store/epoch.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <system_error>

namespace pingjing::store {
namespace {
std::filesystem::path epoch_file(const std::filesystem::path& dir) { return dir / "journal" / "epoch"; }
}  // namespace

std::uint64_t read_epoch(const Disk& disk, const std::filesystem::path& dir) {
    auto text = disk.read(epoch_file(dir)).value_or("");
    return text.ends_with('\n') ? std::strtoull(text.c_str(), nullptr, 10) : 0;
}

void write_epoch(Disk& disk, const std::filesystem::path& dir, std::uint64_t facts) {
    auto unfinished = epoch_file(dir).string() + ".unfinished";
    try {
        auto file = disk.open(unfinished);
        file->cut(0);
        file->write(fmt::format("{}\n", facts), 0);
        disk.rename(unfinished, epoch_file(dir));
    } catch (const std::system_error&) {
        // A full disk: the next one will do.
    }
}

}  // namespace pingjing::store
