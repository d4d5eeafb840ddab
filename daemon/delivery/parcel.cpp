#include "daemon/delivery/parcel.hpp"

#include <fmt/format.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <cstdlib>
#include <optional>

#include "daemon/core/files.hpp"
#include "daemon/core/night_files.hpp"
#include "daemon/core/tree.hpp"

namespace pingjing::delivery {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

// It becomes part of a path at the other side.
bool is_plain(std::string_view name) {
    return !name.empty() && name.front() != '.' && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-.") == name.npos;
}

}  // namespace

std::int64_t Parcel::bytes() const {
    std::int64_t sum = 0;
    for (const auto& file : files) sum += static_cast<std::int64_t>(file.bytes.size());
    return sum;
}
std::string Parcel::folder() const { return fmt::format("{}/v{}", day, version); }
std::string Parcel::unfinished() const { return fmt::format("{}/.v{}.unfinished", day, version); }

std::int64_t version_named(std::string_view latest) { return latest.starts_with('v') ? std::atoll(std::string(latest.substr(1, 12)).c_str()) : 0; }

Result<Parcel> read_parcel(const fs::path& exports, const std::string& day, std::int64_t version, bool inspection) {
    Parcel parcel;
    parcel.day = day, parcel.version = version;
    auto folder = exports / parcel.folder();
    auto manifest = read_plain_file(folder / "manifest.json", largest_night_file);
    if (!manifest) return fail(Error::Kind::conflict, fmt::format("{} has no manifest.json that can be read", folder.string()));
    boost::system::error_code broken;
    auto said = json::parse(*manifest, broken);
    const auto* files = !broken && said.is_object() ? said.as_object().if_contains("files") : nullptr;
    if (!files || !files->is_object()) return fail(Error::Kind::conflict, fmt::format("{}: manifest.json is not one of ours", folder.string()));
    for (const auto& [key, hash] : files->as_object()) {
        std::string name(key);
        if (!inspection && is_for_inspection(name)) continue;
        auto bytes = is_plain(name) ? read_plain_file(folder / name, largest_night_file) : std::nullopt;
        if (!bytes || !hash.is_string() || sha256_hex(*bytes) != std::string_view(hash.as_string()))
            return fail(Error::Kind::conflict, fmt::format("{}: {} is not what its manifest says; somebody changed it, or took it away", folder.string(), name));
        parcel.files.push_back({std::move(name), std::move(*bytes)});
    }
    parcel.sha256 = sha256_hex(*manifest);
    parcel.files.push_back({"manifest.json", std::move(*manifest)});
    return parcel;
}

}  // namespace pingjing::delivery
