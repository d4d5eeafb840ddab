// The highest ledger size this state_dir ever had, beside the sent journal and outside the database: a store that has fewer facts
// is an older one. Written when the store is closed and now and then: it only ever lags behind.
#pragma once
#include <cstdint>
#include <filesystem>

#include "daemon/store/disk.hpp"

namespace pingjing::store {

std::uint64_t read_epoch(const Disk& disk, const std::filesystem::path& state_dir);  // 0: none. Throws std::system_error
void write_epoch(Disk& disk, const std::filesystem::path& state_dir, std::uint64_t facts);
// A person has taken an older store into use. On the disk when it returns, for a power cut that brought back the higher one would
// refuse that store. Throws std::system_error.
void lower_epoch(Disk& disk, const std::filesystem::path& state_dir, std::uint64_t facts);

}  // namespace pingjing::store
