// Lets SQLite's virtual machine run `steps` instructions and then fails whatever is executing. Raising it one by one fails an
// operation at every point where it can fail.
#pragma once
#include <sqlite3.h>

#include "daemon/store/sqlite.hpp"

namespace pingjing::test {

class FailAfter {
public:
    FailAfter(store::Connection& db, int steps) : db_(db.handle()), left_(steps) {
        sqlite3_progress_handler(db_, 1, [](void* self) { return --static_cast<FailAfter*>(self)->left_ == 0 ? 1 : 0; }, this);
    }
    ~FailAfter() { sqlite3_progress_handler(db_, 0, nullptr, nullptr); }
    FailAfter(const FailAfter&) = delete;
    FailAfter& operator=(const FailAfter&) = delete;
    int left() const { return left_; }  // above 0: it was not reached

private:
    sqlite3* db_;
    int left_;
};

}  // namespace pingjing::test
