#include "daemon/store/reveals.hpp"

#include <fmt/format.h>

#include "daemon/core/tree.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::store {
namespace {

std::string reason_of_followup(std::int64_t id) { return fmt::format("reveals.reason:{}", id); }
std::string reason_of_text(std::int64_t id) { return fmt::format("text_reveals.reason:{}", id); }

std::vector<Reveal> read_reveals(Statement& rows, const Seal& seal, std::string (*context)(std::int64_t)) {
    std::vector<Reveal> out;
    while (rows.step()) {
        auto reason = seal.open(rows.text(3), context(rows.integer(0)));
        out.push_back({rows.instant(1), rows.text(2), reason ? *reason : ""});
    }
    return out;
}

}  // namespace

void record_reveal(Connection& db, const Seal& seal, std::int64_t followup_id, std::string_view who, std::string_view reason, Instant now) {
    auto id = db.next_id("reveals");
    Statement add(db, "INSERT INTO reveals(id, followup_id, at, who, reason) VALUES (?1, ?2, ?3, ?4, ?5)");
    add.bind(1, id).bind(2, followup_id).bind(3, now).bind(4, who).bind_blob(5, seal.seal(reason, reason_of_followup(id))).run();
}

std::vector<Reveal> reveals_of(Connection& db, const Seal& seal, std::int64_t followup_id) {
    Statement find(db, "SELECT id, at, who, reason FROM reveals WHERE followup_id = ?1 ORDER BY id");
    return read_reveals(find.bind(1, followup_id), seal, reason_of_followup);
}

void record_text_reveal(Connection& db, const Seal& seal, std::int64_t inbound_id, std::string_view who, std::string_view reason, Instant now) {
    auto id = db.next_id("text_reveals");
    Statement there(db, R"sql(
        SELECT 1 FROM inbound i WHERE id = ?1
           AND (length(text) > 0 OR (class = 'quarantined' AND EXISTS (SELECT 1 FROM hook_bodies b WHERE b.id = i.body_id AND length(b.body) > 0))))sql");
    auto kept = there.bind(1, inbound_id).step() ? seal.seal(reason, reason_of_text(id)) : std::string();
    Statement add(db, "INSERT INTO text_reveals(id, inbound_id, at, who, reason) VALUES (?1, ?2, ?3, ?4, ?5)");
    add.bind(1, id).bind(2, inbound_id).bind(3, now).bind(4, who).bind_blob(5, kept).run();
}

std::vector<Reveal> text_reveals_of(Connection& db, const Seal& seal, std::int64_t inbound_id) {
    Statement find(db, "SELECT id, at, who, reason FROM text_reveals WHERE inbound_id = ?1 ORDER BY id");
    return read_reveals(find.bind(1, inbound_id), seal, reason_of_text);
}

}  // namespace pingjing::store
