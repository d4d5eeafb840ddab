// A text that is about to go out, as far as store and sent journal are concerned: its row, and its line.
#pragma once
#include <string>

#include "daemon/store/store.hpp"

namespace pingjing::test {

inline void announce(store::Store& store, store::Connection& db, const std::string& ref) {
    db.exec("INSERT INTO phones(id, key, sealed, first_seen) VALUES (1, zeroblob(16), x'00', 0) ON CONFLICT DO NOTHING");
    store::Statement add(db, "INSERT INTO messages(id, ref, purpose, template, priority, state, phone_id, made_at, due_at, stale_at) "
                             "VALUES (?1, ?2, 'thanks', 'thanks', 1, 'due', 1, 0, 0, 0) ON CONFLICT (ref) DO NOTHING");
    add.bind(1, db.next_id("messages")).bind(2, ref).run();
    store.will_send(db, ref, std::string(16, 'k'));
}

}  // namespace pingjing::test
