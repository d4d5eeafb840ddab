#include "daemon/store/ledger.hpp"

#include <fmt/format.h>

#include "daemon/store/sqlite.hpp"

namespace pingjing::store {
namespace {

// Every field with its length, so that no two facts share an encoding.
Hash hash_of(std::int64_t seq, Instant at, std::string_view kind, std::optional<std::int64_t> case_id, std::string_view data) {
    return leaf_hash(fmt::format("{}|{}|{}|{}|{}:{}|{}:{}", seq, to_millis(at), case_id ? 1 : 0, case_id.value_or(0), kind.size(), kind,
                                 data.size(), data));
}

}  // namespace

std::int64_t append(Connection& db, Instant at, std::string_view kind, std::optional<std::int64_t> case_id, std::string_view data) {
    auto& tail = db.ledger();
    auto seq = static_cast<std::int64_t>(tail.size()) + 1;
    Statement insert(db, "INSERT INTO ledger(seq, at, kind, case_id, data) VALUES (?1, ?2, ?3, ?4, ?5)");
    insert.bind(1, seq).bind(2, at).bind(3, kind).bind(4, case_id).bind(5, data).run();
    tail.waiting_.push_back(hash_of(seq, at, kind, case_id, data));
    return seq;
}

TreeHead write_head(Connection& db) {
    auto& tail = db.ledger();
    auto head = tail.head_;
    if (tail.waiting_.empty()) return head;
    for (const auto& leaf : tail.waiting_) head.append(leaf);
    Statement write(db, "INSERT INTO ledger_head(id, head) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET head = excluded.head");
    write.bind_blob(1, head.save()).run();
    return head;
}

void commit_head(Connection& db, TreeHead head) {
    db.ledger().head_ = std::move(head);
    db.ledger().waiting_.clear();
}

void read_head(Connection& db) {
    Statement read(db, "SELECT head FROM ledger_head WHERE id = 1");
    db.ledger().head_ = read.step() ? TreeHead::load(read.text(0)) : TreeHead();
    db.ledger().waiting_.clear();
}

Result<TreeHead> recompute(Connection& db, TreeHead head) {
    Statement rows(db, "SELECT seq, at, kind, case_id, data FROM ledger WHERE seq > ?1 ORDER BY seq");
    rows.bind(1, static_cast<std::int64_t>(head.size()));
    while (rows.step()) {
        auto expected = static_cast<std::int64_t>(head.size()) + 1;
        if (rows.integer(0) != expected) return fail(Error::Kind::internal, fmt::format("ledger row {} is missing", expected));
        head.append(hash_of(rows.integer(0), rows.instant(1), rows.text(2), rows.maybe_integer(3), rows.text(4)));
    }
    Statement stored(db, "SELECT head FROM ledger_head WHERE id = 1");
    auto kept = stored.step() ? TreeHead::load(stored.text(0)) : TreeHead();
    if (kept.size() != head.size())
        return fail(Error::Kind::internal, fmt::format("the ledger has {} rows, its head says {}", head.size(), kept.size()));
    if (!(kept == head)) return fail(Error::Kind::internal, "a ledger row was changed: its root differs from the stored one");
    return head;
}

}  // namespace pingjing::store
