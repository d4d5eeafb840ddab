#include "tests/sim/ending.hpp"

#include <fmt/format.h>

#include <map>

#include "daemon/core/local_time.hpp"
#include "daemon/reports/queries.hpp"
#include "daemon/store/inbox.hpp"

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
    check_pieces(db);
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
            if (text.ref.empty() || !plain) continue;
            auto what = find.text(0);
            if (find.text(3) != text.ref) watch.broken(fmt::format("reply {} to {} was counted for {}", id, text.ref, find.text(3)));
            if ((what != "rated" && what != "late" && what != "repeated") || std::to_string(find.integer(1)) != text.text) watch.broken(fmt::format("reply {} '{}' was read as {} {}", id, text.text, what, find.text(1)));
        }
    // Of pieces there is a text for what came together: at least one where there was any, at most as many as there were.
    std::set<std::string> of_pieces;
    std::size_t pieces = 0;
    for (const auto& carrier : carriers)
        for (const auto& [mark, piece] : carrier->acknowledged_pieces()) ++pieces, of_pieces.insert(mark.substr(0, mark.rfind('-')));
    if (auto kept = static_cast<std::size_t>(count(db, "SELECT count(*) FROM inbound")); kept < said + of_pieces.size() || kept > said + pieces)
        watch.broken(fmt::format("{} texts were said and {} in {} pieces, {} are counted", said, of_pieces.size(), pieces, kept));
}

// Each piece that was acknowledged stands in one text, whatever else of it was lost, doubled or late.
void Ending::check_pieces(store::Connection& db) {
    std::string all;
    store::Statement texts(db, "SELECT id, text FROM inbound");
    while (texts.step()) all += seal.open(texts.view(1), store::inbound_text_context(texts.integer(0))).value_or("") + '\n';
    for (const auto& carrier : carriers)
        for (const auto& [mark, piece] : carrier->acknowledged_pieces()) {
            if (piece.text.starts_with("救命") && !alarmed.contains(piece.phone)) watch.broken("nobody was told of an emergency in a piece: " + mark);
            auto at = all.find(mark);
            bool may_be_gone = watch.was_forgotten(piece.phone) || plan.settings.reports.keep_texts < std::chrono::duration_cast<Millis>(plan.end_of_story);
            if (at == std::string::npos && !may_be_gone) watch.broken("a piece of a text is gone: " + mark);
            if (at != std::string::npos && all.find(mark, at + 1) != std::string::npos) watch.broken("a piece stands in two texts: " + mark);
        }
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

namespace {

// Who was rated how often, per grade; "" is the force.
using Sums = std::map<std::string, std::map<std::string, std::int64_t>>;

// Of each call the newest answer that is none of which a person said so; not of one that turned into a safety case or is appealed.
Sums sum_of_ratings(store::Connection& db, const char* whose, bool read_by_a_person) {
    struct Last { std::string whose{}, grade{}; bool counts = true; std::int64_t id = 0; };
    std::map<std::int64_t, Last> cases;
    auto sql = fmt::format(R"sql(
        SELECT r.case_id, coalesce({}, ''), r.grade, r.id, r.method IN ('words', 'emoji'),
               (SELECT max(v.decision = 'none') + 2 * max(v.decision = 'confirmed') FROM reviews v WHERE v.inbound_id = r.inbound_id AND v.kind = 'words' AND v.closed_at IS NOT NULL)
          FROM ratings r JOIN cases c ON c.id = r.case_id WHERE r.effect IN ('first', 'replaces') AND NOT c.recoded_after ORDER BY r.id)sql", whose);
    for (store::Statement rows(db, sql); rows.step();) {
        bool from_words = rows.integer(4) != 0;
        auto said = rows.integer(5);
        if (from_words && said % 2 == 1) continue;
        cases[rows.integer(0)] = {rows.text(1), rows.text(2), !from_words || said >= 2 || !read_by_a_person, rows.integer(3)};
    }
    store::Statement appeals(db, "SELECT a.case_id, a.state, coalesce(a.rating_id, 0) FROM appeals a WHERE NOT EXISTS (SELECT 1 FROM appeal_withdrawals w WHERE w.appeal_id = a.id)");
    while (appeals.step()) {
        auto it = cases.find(appeals.integer(0));
        if (it == cases.end()) continue;
        auto state = appeals.text(1);
        if (state == "upheld" ? it->second.id <= appeals.integer(2) : state != "not_upheld") it->second.counts = false;
    }
    Sums sums;
    for (const auto& [id, last] : cases)
        if (last.counts) ++sums[last.whose][last.grade];
    return sums;
}

// The rows of one level: those above are sums of them.
Sums shown(const reports::Table& table, std::string_view level) {
    std::map<std::string, std::size_t> places;
    for (std::size_t i = 0; i < table.columns.size(); ++i) places[table.columns[i].name] = i;
    Sums sums;
    for (const auto& row : table.rows) {
        if (std::get<std::string>(row[places.at("level")]) != level) continue;
        for (const char* grade : {"satisfied", "basically_satisfied", "dissatisfied"}) {
            const auto* code = std::get_if<std::string>(&row.front());
            const auto* n = std::get_if<std::int64_t>(&row[places.at(grade)]);
            if (n && *n > 0) sums[code ? *code : ""][grade] += *n;
        }
    }
    return sums;
}

}  // namespace

void Ending::check_scores(store::Connection& db) {
    struct { const char* report; const char* level; const char* whose; bool person; } all[] = {
        {"force", "force", "''", false}, {"units", "station", "r.unit", false}, {"officers", "officer", "r.officer", true}};
    for (const auto& [report, level, whose, person] : all) {
        reports::Request request{.report = report, .from = "2026-01-01", .to = "2026-12-31", .raw = true};
        auto table = reports::make_report(db, {}, {}, request, zone, now);
        if (!table) {
            watch.broken(fmt::format("there is no report {}: {}", report, table.error().detail));
            continue;
        }
        auto counted = shown(*table, level), happened = sum_of_ratings(db, whose, person);
        if (std::string_view(report) == "force" && !counted.empty()) counted = {{"", counted.begin()->second}};
        if (counted != happened) watch.broken(fmt::format("report {} counts other ratings than there were", report));
    }
}

void Ending::check_exports(store::Connection& db) {
    std::set<std::string> days;
    for (store::Statement written(db, "SELECT day, version FROM exports ORDER BY day, version"); written.step();) {
        days.insert(written.text(0));
        auto manifest = exports / written.text(0) / fmt::format("v{}", written.integer(1)) / "manifest.json";
        if (!std::filesystem::exists(manifest)) watch.broken(fmt::format("the store tells of version {} of the files of {}, and there is none", written.integer(1), written.text(0)));
    }
    if (watch.clock_was_off()) return;  // by a clock in doubt none is written
    store::Statement first(db, "SELECT at FROM ledger WHERE at > 0 ORDER BY seq LIMIT 1");
    if (!first.step()) return;
    for (auto day = local_day(first.instant(0), zone), today = local_day(now, zone); day < today; day = *days_later(day, 1))
        if (!days.contains(day)) watch.broken("nobody wrote the files of " + day);
}

int Ending::erased_cases(store::Connection& db) { return count(db, "SELECT count(*) FROM cases WHERE erased_at IS NOT NULL"); }

}  // namespace pingjing::sim
