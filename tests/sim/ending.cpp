#include "tests/sim/ending.hpp"

#include <fmt/format.h>

#include "daemon/reports/queries.hpp"

namespace pingjing::sim {
namespace {

constexpr const char* zone = "Asia/Shanghai";

int count(store::Connection& db, const char* sql) {
    store::Statement read(db, sql);
    read.step();
    return static_cast<int>(read.integer(0));
}

}  // namespace

void Ending::check_stories(store::Connection& db) {
    std::set<std::string> known;
    for (const auto& r : watch.all()) known.insert(r.ref);
    for (const auto& ref : known) {
        store::Statement find(db, "SELECT attempt > 0 FROM messages WHERE ref = ?1");
        if (!find.bind(1, ref).step() || find.integer(0) != 1) watch.broken("the carrier has a text that the store never sent: " + ref);
    }
    check_calls(db);
    check_texts(db);
    check_nothing_waits(db);
}

void Ending::check_calls(store::Connection& db) {
    for (const auto& batch : answered)
        for (const auto& id : batch.ids) {
            store::Statement find(db, "SELECT 1 FROM cases WHERE record = ?1");
            if (!find.bind(1, id).step()) watch.broken("an answered call is gone: " + id);
        }
    for (const auto& [at, batch] : plan.batches) watch.broken("a call was never answered: " + batch.ids[0]);
}

// Every text that was acknowledged stands there once, and one that can mean one thing only was read as that.
void Ending::check_texts(store::Connection& db) {
    std::size_t said = 0;
    for (const auto& carrier : carriers)
        for (const auto& [id, text] : carrier->acknowledged_texts()) {
            ++said;
            if (text.text.starts_with("救命") && !alarmed.contains(text.phone)) watch.broken("nobody was told of an emergency: " + id);
            if (!text.keyed) continue;
            store::Statement find(db, "SELECT i.class, i.rating, c.id, m.ref FROM inbound i LEFT JOIN cases c ON c.id = i.case_id LEFT JOIN messages m ON m.case_id = c.id AND m.purpose = 'survey' WHERE i.key = ?1");
            if (!find.bind(1, "v:" + id).step()) {
                watch.broken("an acknowledged reply is gone: " + id);
                continue;
            }
            // A reply to what is to be sent again at the operator's risk finds no open question.
            if (watch.again(text.ref)) continue;
            bool plain = text.text == "1" || text.text == "2" || text.text == "3";
            if (text.ref.empty() || !plain || watch.clock_was_off()) continue;
            auto what = find.text(0);
            if (find.text(3) != text.ref) watch.broken(fmt::format("reply {} to {} was counted for {}", id, text.ref, find.text(3)));
            if ((what != "rated" && what != "late" && what != "repeated") || std::to_string(find.integer(1)) != text.text) watch.broken(fmt::format("reply {} '{}' was read as {} {}", id, text.text, what, find.text(1)));
        }
    if (auto kept = static_cast<std::size_t>(count(db, "SELECT count(*) FROM inbound")); kept != said) watch.broken(fmt::format("{} texts were said, {} are counted", said, kept));
}

void Ending::check_nothing_waits(store::Connection& db) {
    store::Statement stuck(db, "SELECT ref, state, purpose, made_at, due_at, stale_at, attempt FROM messages WHERE state IN ('due', 'sending')");
    while (stuck.step())
        watch.broken(fmt::format("stuck: {} {} {} made {} due {} stale {} attempt {}", stuck.text(0), stuck.text(1), stuck.text(2), format_utc(stuck.instant(3)), format_utc(stuck.instant(4)),
                                  format_utc(stuck.instant(5)), stuck.integer(6)));
    if (int unread = count(db, "SELECT count(*) FROM inbound WHERE step = 'new'")) watch.broken(fmt::format("{} texts were never read", unread));
    if (int receipts = count(db, "SELECT count(*) FROM receipts WHERE step = 'new'")) watch.broken(fmt::format("{} receipts were never looked at", receipts));
    if (int alarms = count(db, "SELECT count(*) FROM alarms WHERE received_at IS NULL AND acknowledged_at IS NULL")) watch.broken(fmt::format("{} alarms never reached the desk", alarms));
}

void Ending::check_books(store::Connection& db) {
    ratings = count(db, "SELECT count(*) FROM ratings");
    in_doubt = count(db, "SELECT count(*) FROM messages WHERE state IN ('in_doubt', 'unknown')");
    reports::Rules rules;
    auto books = reports::make_report(db, {}, rules, {.report = "balance"}, zone, now);
    if (!books || reports::render_json(*books).find("\"holds\":true") == std::string::npos) watch.broken("the books do not balance");
}

}  // namespace pingjing::sim
