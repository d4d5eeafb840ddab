// The step between COMMIT and the answer: makes committed groups durable, in their order. While one fsync runs the store's thread
// already works on the next group, so a slow disk makes groups larger and never makes the processor wait.
//
// The connection commits with synchronous=NORMAL, which writes the same WAL as FULL and leaves its fsync to us: one for all groups
// that wait. A group that wrote nothing is answered behind those before it, because it may have read what they wrote.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "daemon/store/epoch.hpp"
#include "daemon/store/job.hpp"
#include "daemon/store/sent_journal.hpp"

namespace pingjing::store {

struct Committed {
    Group jobs;
    std::vector<SentLine> lines;  // of the claims in it: on disk after the WAL and before anybody may send
    Epoch epoch{};                // with this group
    bool wrote = false;
    bool checkpointed = false;
};

class Flusher {
public:
    struct Disk {
        std::function<void()> sync_wal;                                  // throws SqlError
        std::function<void(const std::vector<SentLine>&)> append_sent;  // to the sent journal, with its fsync; throws
        std::function<void(const Epoch&, bool checkpointed)> mark_epoch;  // the store has come so far; throws where it has not after all
    };
    explicit Flusher(Disk disk) : disk_(std::move(disk)) {}
    ~Flusher() { finish(); }

    void start_thread();
    // Without a thread: done when it returns. With one: waits while `groups_ahead` groups wait already.
    void take(Committed group);
    void finish();  // everything taken is answered

    // An fsync failed, ours or one of SQLite's own. What it was to save may be lost or not, and the kernel does not say so twice:
    // this process answers nobody "kept" again. The store is to be opened anew.
    void fail(std::exception_ptr why);
    bool failed() const;
    std::exception_ptr failure() const;

private:
    static constexpr std::size_t groups_ahead = 2;
    void run();
    void flush(std::vector<Committed>& groups);
    void sync(const std::vector<Committed>& groups);
    void note_claims(Committed& group);

    Disk disk_;
    mutable std::mutex mutex_;
    std::condition_variable arrived_, room_;
    std::vector<Committed> waiting_;
    bool busy_ = false, stopping_ = false;
    std::exception_ptr failure_;
    std::thread thread_;
};

}  // namespace pingjing::store
