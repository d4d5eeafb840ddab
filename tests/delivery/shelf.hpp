// An export folder with versions in it, whose manifests are true.
#pragma once
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "daemon/core/tree.hpp"
#include "tests/support/temp_folder.hpp"

namespace pingjing::test {

struct Shelf {
    TempFolder folder{};

    void put(const std::string& day, int version, const std::string& mark = "") {
        auto place = folder.path() / day / fmt::format("v{}", version);
        std::filesystem::create_directories(place);
        std::string files;
        for (std::string name : {"officers.csv", "units.html", "signals.csv", "funnel.xlsx"}) {
            auto bytes = fmt::format("{} of {} v{}{}\n", name, day, version, mark);
            write(place / name, bytes);
            files += fmt::format("{}\"{}\":\"{}\"", files.empty() ? "" : ",", name, sha256_hex(bytes));
        }
        write(place / "manifest.json", fmt::format("{{\"day\":\"{}\",\"files\":{{{}}}}}\n", day, files));
    }
    static void write(const std::filesystem::path& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }
};

inline std::map<std::string, std::string> all_files(const std::filesystem::path& folder) {
    std::map<std::string, std::string> out;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (!entry.is_regular_file()) continue;
        std::ifstream in(entry.path(), std::ios::binary);
        out[std::filesystem::relative(entry.path(), folder).string()] = std::string{std::istreambuf_iterator<char>(in), {}};
    }
    return out;
}

}  // namespace pingjing::test
