#include "daemon/delivery/folder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "daemon/core/files.hpp"
#include "daemon/core/night_files.hpp"

namespace pingjing::delivery {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> bytes_of(const fs::path& path) { return read_plain_file(path, largest_night_file); }

// What an earlier attempt, of other contents, has left.
void remove_others(const fs::path& folder, const Parcel& parcel) {
    for (const auto& entry : fs::directory_iterator(folder))
        if (std::ranges::find(parcel.files, entry.path().filename().string(), &File::name) == parcel.files.end()) fs::remove_all(entry.path());
}

}  // namespace

Result<int> put_into_folder(const fs::path& folder, const Parcel& parcel, const std::function<void()>& before_step) {
    auto step = [&] {
        if (before_step) before_step();
    };
    if (!fs::is_directory(folder)) return fail(Error::Kind::not_found, fmt::format("{} is not there; is its disk mounted?", folder.string()));
    auto day = folder / parcel.day, target = folder / parcel.folder(), hidden = folder / parcel.unfinished();
    int written = 0;
    if (fs::exists(target)) {
        for (const auto& file : parcel.files)
            if (bytes_of(target / file.name) != file.bytes) return fail(Error::Kind::conflict, fmt::format("another {} stands in {}: its {} differs", parcel.folder(), folder.string(), file.name));
    } else {
        step();
        fs::create_directories(hidden);
        remove_others(hidden, parcel);
        for (const auto& file : parcel.files) {
            if (bytes_of(hidden / file.name) == file.bytes) continue;
            step();
            write_new_file(hidden / file.name, file.bytes);
            ++written;
        }
        sync_folder(hidden);
        step();
        put_in_place(hidden, target);
        sync_folder(folder);
    }
    auto latest = bytes_of(day / "latest").value_or("");
    if (version_named(latest) >= parcel.version) return written;
    step();
    write_new_file(day / ".latest.unfinished", parcel.latest());
    step();
    put_in_place(day / ".latest.unfinished", day / "latest");
    return written;
}

}  // namespace pingjing::delivery
