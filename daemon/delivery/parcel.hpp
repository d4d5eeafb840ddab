// A finished version of a night as it lies in the export folder, read whole and held against its manifest: some megabytes at most.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/result.hpp"

namespace pingjing::delivery {

struct File { std::string name{}, bytes{}; };
struct Parcel {
    std::string day{};
    std::int64_t version = 1;
    std::vector<File> files{};  // manifest.json is the last
    std::string sha256{};       // of manifest.json
    std::int64_t bytes() const;
    std::string folder() const;      // 2026-11-20/v1
    std::string unfinished() const;  // 2026-11-20/.v1.unfinished
    std::string latest() const { return "v" + std::to_string(version) + "\n"; }
};

// `inspection`: with what is 督察's alone to read. conflict: it is not there, or a file is not what its manifest says.
Result<Parcel> read_parcel(const std::filesystem::path& exports, const std::string& day, std::int64_t version, bool inspection);
// Of a file `latest`; 0: it names none.
std::int64_t version_named(std::string_view latest);

}  // namespace pingjing::delivery
