// Lines as a file in another system's drop folder: there as a whole or not at all.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "daemon/writeback/lines.hpp"

namespace pingjing::writeback {

// pingjing-FIRST-LAST.jsonl, one line a change. Written under a hidden name, fsynced, renamed, the folder fsynced. The same lines make the
// same file again. Throws std::system_error.
void write_file(const std::filesystem::path& folder, const std::vector<Line>& lines);

}  // namespace pingjing::writeback
