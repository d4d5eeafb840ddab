// How far the store of this state_dir had come, beside the sent journal and outside the database: a store that knows less is an older
// one, and one that knows something else is another site's. Written after every fsync of the write-ahead log and before anybody is
// answered, in place and with an fsync only now and then: a killed process loses nothing of it, a power cut at worst the last seconds.
// That it can be written is also the proof that the fsync before it was true: ext4 (Linux 6.18) says yes to an fsync during which it
// became read-only after an error, and the last write is gone (reproduced: 5 of 40). To the next write it says no.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "daemon/store/disk.hpp"

namespace pingjing::store {

struct Epoch {
    std::uint64_t facts = 0;           // of the ledger
    std::string leaf{};                // of the last of them, 32 bytes; empty: not known
    std::uint64_t database_bytes = 0;  // of pingjing.db after the last checkpoint: it never shrinks
};

// nullopt: there is none. One that cannot be read (torn by a power cut) says nothing. Throws std::system_error.
std::optional<Epoch> read_epoch(const Disk& disk, const std::filesystem::path& state_dir);

class EpochFile {
public:
    // Made where there is none, and its name brought to the disk unless nothing there is durable. Throws std::system_error.
    EpochFile(Disk& disk, const std::filesystem::path& state_dir, bool durable);
    // Throws std::system_error, but not for want of room: the next one will do.
    void write(const Epoch& epoch, bool and_sync);
    void replace(const Epoch& epoch, bool and_sync);  // the same, and throws for want of room too

private:
    bool durable_;
    std::unique_ptr<Disk::File> file_;
};

// A person has taken an older store into use. On the disk when it returns, for a power cut that brought back the higher one would
// refuse that store. Throws std::system_error.
void lower_epoch(Disk& disk, const std::filesystem::path& state_dir, std::uint64_t facts);

}  // namespace pingjing::store
