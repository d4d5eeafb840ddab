#include "daemon/store/suggestions.hpp"

#include "daemon/store/ratings.hpp"

namespace pingjing::store {

std::vector<UnclearText> find_unclear_texts(Connection& db, std::int64_t after, int limit) {
    Statement find(db, "SELECT id, text FROM inbound WHERE id > ?1 AND step = 'done' AND class = 'ambiguous' AND method <> 'code' AND length(text) > 0 ORDER BY id LIMIT ?2");
    find.bind(1, after).bind(2, limit);
    std::vector<UnclearText> out;
    while (find.step()) out.push_back({find.integer(0), find.text(1)});
    return out;
}

std::int64_t read_up_to(Connection& db) {
    Statement find(db, "SELECT coalesce((SELECT min(id) - 1 FROM inbound WHERE step = 'new'), (SELECT max(id) FROM inbound), 0)");
    find.step();
    return find.integer(0);
}

std::int64_t before_texts_since(Connection& db, Instant since) {
    // From the newest back: only what is as young is looked at.
    Statement rows(db, "SELECT id, received_at FROM inbound ORDER BY id DESC");
    std::int64_t oldest = 0;
    bool any = false;
    while (rows.step()) {
        if (rows.instant(1) < since) return rows.integer(0);
        oldest = rows.integer(0), any = true;
    }
    return any ? oldest - 1 : 0;
}

bool keep_suggestion(Connection& db, std::int64_t inbound_id, std::string_view said, Instant now) {
    Statement find(db, R"sql(
        SELECT i.case_id, EXISTS (SELECT 1 FROM reviews r WHERE r.inbound_id = i.id), EXISTS (SELECT 1 FROM suggestions s WHERE s.inbound_id = i.id)
          FROM inbound i WHERE i.id = ?1 AND i.class = 'ambiguous')sql");
    if (!find.bind(1, inbound_id).step() || find.integer(2) != 0) return false;
    const auto case_id = find.maybe_integer(0);
    const bool has_review = find.integer(1) != 0;
    Statement add(db, "INSERT INTO suggestions(inbound_id, at, said) VALUES (?1, ?2, ?3)");
    add.bind(1, inbound_id).bind(2, now).bind(3, said).run();
    if (!has_review && case_id && !standing_rating(db, *case_id)) open_review(db, "ambiguous", case_id, inbound_id, now);
    return true;
}

}  // namespace pingjing::store
