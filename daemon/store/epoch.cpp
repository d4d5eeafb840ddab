#include "daemon/store/epoch.hpp"

#include <algorithm>
#include <cerrno>
#include <sstream>
#include <system_error>

#include "daemon/core/tree.hpp"

namespace pingjing::store {
namespace {

std::filesystem::path epoch_file(const std::filesystem::path& dir) { return dir / "journal" / "epoch"; }

// Half of one and half of another would be a number that never was.
std::string check_of(const std::string& words) { return to_hex(leaf_hash(words)).substr(0, 16); }

std::string of_width(std::size_t width, char fill, const std::string& word) { return std::string(width - std::min(width, word.size()), fill) + word; }

// Always as long, so that one is written over the other.
std::string written(const Epoch& epoch) {
    auto words = of_width(20, '0', std::to_string(epoch.facts)) + " " + of_width(64, '-', to_hex(epoch.leaf)) + " " + of_width(20, '0', std::to_string(epoch.database_bytes)) + " ";
    return words + check_of(words) + "\n";
}

}  // namespace

std::optional<Epoch> read_epoch(const Disk& disk, const std::filesystem::path& dir) {
    auto text = disk.read(epoch_file(dir));
    if (!text) return std::nullopt;
    std::istringstream in(*text);
    Epoch epoch;
    std::string leaf;
    if (!(in >> epoch.facts >> leaf >> epoch.database_bytes)) return Epoch{};
    if (auto hash = hash_from_hex(leaf)) epoch.leaf.assign(hash->begin(), hash->end());
    return written(epoch) == *text ? epoch : Epoch{};
}

EpochFile::EpochFile(Disk& disk, const std::filesystem::path& dir, bool durable) : durable_(durable) {
    bool is_new = !disk.read(epoch_file(dir));
    file_ = disk.open(epoch_file(dir));
    if (!is_new) return;
    file_->write(written({}), 0);
    if (!durable) return;
    file_->sync();
    disk.sync_folder(dir / "journal");
    disk.sync_folder(dir);
}

void EpochFile::replace(const Epoch& epoch, bool and_sync) {
    file_->write(written(epoch), 0);
    if (and_sync && durable_) file_->sync();
}

void EpochFile::write(const Epoch& epoch, bool and_sync) {
    try {
        replace(epoch, and_sync);
    } catch (const std::system_error& error) {
        if (error.code() != std::errc::no_space_on_device && error.code().value() != EDQUOT) throw;
    }
}

void lower_epoch(Disk& disk, const std::filesystem::path& dir, std::uint64_t facts) { EpochFile(disk, dir, true).replace({facts, {}, 0}, true); }

}  // namespace pingjing::store
