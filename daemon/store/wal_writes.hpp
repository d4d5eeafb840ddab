// SQLite writes every page of a commit into the WAL by two calls of its own, its header and the page: twenty system calls a survey.
// Under this the frames of a commit go to the disk together, at the latest with the one that makes it a commit.
#pragma once
#include <memory>

struct sqlite3_vfs;

namespace pingjing::store {

// A disk for one connection that writes. Whoever else reads the same files does so below it: nothing is kept back that SQLite shows to readers,
// for it does that after the commit's last frame, and an error of what was kept back is the error of that frame. It outlives the connection.
class WalWrites {
public:
    explicit WalWrites(const char* below);  // SQLite's name of the disk, null: the system's
    ~WalWrites();
    WalWrites(const WalWrites&) = delete;
    WalWrites& operator=(const WalWrites&) = delete;
    const char* name() const;

private:
    struct Vfs;
    std::unique_ptr<Vfs> vfs_;
};

}  // namespace pingjing::store
