#include "daemon/store/interrupt.hpp"

#include <sqlite3.h>

#include "daemon/store/sqlite.hpp"

namespace pingjing::store {

// What SQLite is told between two statements it forgets with the next one: so that one asks.
Interrupt::Interrupt(Connection& db) : db_(db) {
    constexpr int steps_between = 10'000;  // of its machine: less than a millisecond
    auto is_over = [](void* self) -> int { return static_cast<Interrupt*>(self)->called_; };
    sqlite3_progress_handler(db_.handle(), steps_between, is_over, this);
}

Interrupt::~Interrupt() { sqlite3_progress_handler(db_.handle(), 0, nullptr, nullptr); }

void Interrupt::now() {
    called_ = true;
    sqlite3_interrupt(db_.handle());  // a whole table's integrity_check is one step, and hears this alone
}

}  // namespace pingjing::store
