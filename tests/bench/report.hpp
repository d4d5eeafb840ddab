// The report on officers over everything that is in a store, against the same question to the sqlite3 shell.
#pragma once
#include <filesystem>

namespace pingjing::bench {

void report_on_officers(const std::filesystem::path& database);

}  // namespace pingjing::bench
