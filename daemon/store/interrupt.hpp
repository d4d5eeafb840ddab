// Reading that another thread may end: who reads holds one beside its connection, who is tired of waiting says so.
#pragma once
#include <atomic>

namespace pingjing::store {
class Connection;

class Interrupt {
public:
    // Of one connection only one at a time, which goes before its connection does.
    explicit Interrupt(Connection& db);
    ~Interrupt();
    Interrupt(const Interrupt&) = delete;
    Interrupt& operator=(const Interrupt&) = delete;

    // By any thread as long as this lives: the statement in hand throws SqlError, and so does every later one that takes longer than
    // a moment.
    void now();
    bool was_called() const { return called_; }

private:
    Connection& db_;
    std::atomic<bool> called_ = false;
};

}  // namespace pingjing::store
