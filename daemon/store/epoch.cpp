#include "daemon/store/epoch.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <system_error>

namespace pingjing::store {
namespace {
std::filesystem::path epoch_file(const std::filesystem::path& dir) { return dir / "journal" / "epoch"; }

void replace(Disk& disk, const std::filesystem::path& dir, std::uint64_t facts, bool durably) {
    auto unfinished = epoch_file(dir).string() + ".unfinished";
    auto file = disk.open(unfinished);
    file->cut(0);
    file->write(fmt::format("{}\n", facts), 0);
    if (durably) file->sync();
    disk.rename(unfinished, epoch_file(dir));
    if (durably) disk.sync_folder(epoch_file(dir).parent_path());
}
}  // namespace

std::uint64_t read_epoch(const Disk& disk, const std::filesystem::path& dir) {
    auto text = disk.read(epoch_file(dir)).value_or("");
    return text.ends_with('\n') ? std::strtoull(text.c_str(), nullptr, 10) : 0;
}

void write_epoch(Disk& disk, const std::filesystem::path& dir, std::uint64_t facts) {
    try {
        replace(disk, dir, facts, false);
    } catch (const std::system_error&) {
        // A full disk: the next one will do.
    }
}

void lower_epoch(Disk& disk, const std::filesystem::path& dir, std::uint64_t facts) { replace(disk, dir, facts, true); }

}  // namespace pingjing::store
