#include "daemon/writeback/lines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/string_view.hpp>
#include <optional>

#include "daemon/core/rating.hpp"
#include "daemon/core/tree.hpp"
#include "daemon/store/followups.hpp"
#include "daemon/store/phones.hpp"
#include "daemon/store/ratings.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::writeback {
namespace {

using store::Connection;
using store::Statement;

constexpr std::int64_t lines_a_look = 500;  // of the ledger: some milliseconds of the store's thread
constexpr const char* position_key = "writeback_position";

std::string line_context(std::int64_t seq) { return fmt::format("writeback.line:{}", seq); }

std::string meta(Connection& db, const char* key) {
    Statement read(db, "SELECT value FROM meta WHERE key = ?1");
    return read.bind(1, key).step() ? read.text(0) : std::string();
}

// A restored store numbers its lines again where its backup ended: another name, so that the two rows of numbers are not mixed up. It is part of every
// key, or the receiver would drop as known what he has to hear once more: that a case is again as it was before he heard better.
std::string feed_name(Connection& db, const store::Seal& seal) {
    return to_hex(seal.keyed_hash(fmt::format("writeback feed {} {}", meta(db, "initialised_at"), meta(db, "no_send_before")))).substr(0, 12);
}

std::string quoted(std::string_view text) { return boost::json::serialize(boost::json::string_view(text)); }
std::string quoted(const std::optional<std::string>& text) { return text ? quoted(std::string_view(*text)) : "null"; }

// `content`: the fields that are its own.
void add_line(Connection& db, const store::Seal& seal, std::optional<std::int64_t> case_id, const std::string& unit, const std::string& about, std::int64_t number,
              const std::string& content, Instant now) {
    // Not next_id(), which may leave a number out: who takes the lines counts them.
    Statement newest(db, "SELECT coalesce(max(id), 0) + 1 FROM writeback");
    newest.step();
    auto seq = newest.integer(0);
    auto feed = feed_name(db, seal);
    auto key = seal.keyed_hash(fmt::format("writeback {} {}:{}:{}", feed, about, number, content));
    auto json = fmt::format(R"({{"seq":{},"key":"{}","feed":"{}","at":"{}",{}}})", seq, to_hex(key), feed, format_utc(now), content);
    Statement add(db, "INSERT INTO writeback(id, key, at, case_id, unit, line) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
    add.bind(1, seq).bind_blob(2, key).bind(3, now).bind(4, case_id).bind(5, unit).bind_blob(6, seal.seal(json, line_context(seq))).run();
}

// What waited when the store was backed up may have left since, and something newer after it: it leaves as a line of the feed that goes on.
void take_over(Line& line, const store::Seal& seal, const std::string& feed) {
    constexpr std::string_view before = R"("feed":")";
    auto name = line.json.find(before);
    if (name == std::string::npos || line.json.compare(name + before.size(), feed.size(), feed) == 0) return;
    auto key = to_hex(seal.keyed_hash(fmt::format("writeback {} again {}", feed, line.key)));
    line.json.replace(name + before.size(), feed.size(), feed).replace(line.json.find(line.key), key.size(), key);
    line.key = key;
}

struct CallBacks {
    std::optional<std::string> last_at{}, number{}, words{};
    std::int64_t count = 0;
};
CallBacks call_backs(Connection& db, const store::Seal& seal, std::int64_t case_id, bool words) {
    CallBacks out;
    Statement steps(db, R"sql(
        SELECT s.id, s.at, s.state, s.note FROM followups f JOIN followup_steps s ON s.followup_id = f.id
         WHERE f.case_id = ?1 AND (s.state = 'called_back' OR s.state = 'no_answer') ORDER BY s.id)sql");
    for (steps.bind(1, case_id); steps.step();) {
        ++out.count;
        if (steps.text(2) == "no_answer") continue;
        out.last_at = format_utc(steps.instant(1));
        out.words.reset();
        if (!words || steps.is_null(3)) continue;
        if (auto plain = seal.open(steps.text(3), store::followup_note_context(steps.integer(0)))) out.words = hide_numbers(*plain);
    }
    if (out.count == 0) return out;
    Statement find(db, "SELECT phone_id FROM messages WHERE case_id = ?1 AND purpose = 'survey' AND claimed_at IS NOT NULL");
    if (find.bind(1, case_id).step())
        if (auto phone = store::find_phone(db, seal, find.integer(0))) out.number = phone->masked();
    return out;
}

// What may be said of a case. Silent: nothing, and what was said stands. Withdrawn: nothing either, and in the sums it counts no more.
struct Rated {
    enum class Kind { said, withdrawn, silent } kind = Kind::silent;
    std::string record{}, unit{};
    std::optional<std::string> grade{}, second{};
};
Rated read_case(Connection& db, std::int64_t case_id, const Services& services) {
    Statement read(db, R"sql(
        SELECT record, coalesce((SELECT unit FROM ratings WHERE case_id = ?1 ORDER BY id LIMIT 1), unit), safety = 1 OR coalesce(recoded_after, 0) <> 0, erased_at IS NOT NULL,
               (SELECT grade FROM ratings WHERE case_id = ?1 AND effect = 'second' ORDER BY id DESC LIMIT 1),
               source, officer, (SELECT rating_id FROM appeals WHERE case_id = ?1 AND state = 'upheld')
          FROM cases WHERE id = ?1)sql");
    if (!read.bind(1, case_id).step() || read.integer(3) != 0 || services.of(read.text(5), !read.is_null(6)) != 0) return {};
    Rated out{read.integer(2) != 0 ? Rated::Kind::withdrawn : Rated::Kind::said, read.text(0), read.text(1)};
    if (out.kind == Rated::Kind::withdrawn) return out;
    out.second = read.maybe_text(4);
    auto standing = store::standing_rating(db, case_id);
    bool taken_out = standing && !read.is_null(7) && standing->id <= read.integer(7);  // by an appeal, as the reports do
    if (standing && !taken_out) out.grade = grade_name(standing->grade);
    return out;
}

// What was last said of the case.
struct Said {
    std::int64_t number = 0;
    std::string content_key{}, unit{};
    std::optional<std::string> grade{};
};
Said last_said(Connection& db, std::int64_t case_id) {
    // Where it was written before these were facts, until it changes.
    Statement read(db, R"sql(
        SELECT number, content, unit, grade FROM feed_cases WHERE case_id = ?1 UNION ALL
        SELECT number, content, unit, grade FROM writeback_cases WHERE case_id = ?1 AND NOT EXISTS (SELECT 1 FROM feed_cases WHERE case_id = ?1))sql");
    if (!read.bind(1, case_id).step()) return {};
    return {read.integer(0), read.text(1), read.text(2), read.maybe_text(3)};
}
void keep_said(Connection& db, std::int64_t case_id, const Said& said) {
    Statement keep(db, R"sql(
        INSERT INTO feed_cases(case_id, number, content, unit, grade) VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT (case_id) DO UPDATE SET number = ?2, content = ?3, unit = ?4, grade = ?5)sql");
    keep.bind(1, case_id).bind(2, said.number).bind_blob(3, said.content_key).bind(4, said.unit).bind(5, said.grade).run();
}

void count(Connection& db, const std::string& unit, const std::string& grade, int by, bool fresh) {
    // As far as it was counted before these were facts.
    Statement add(db, R"sql(
        INSERT INTO feed_units(unit, satisfied, basically_satisfied, dissatisfied, fresh, number)
        SELECT ?1, coalesce(sum(satisfied), 0), coalesce(sum(basically_satisfied), 0), coalesce(sum(dissatisfied), 0), coalesce(sum(fresh), 0), coalesce(sum(number), 0)
          FROM writeback_units WHERE unit = ?1 ON CONFLICT (unit) DO NOTHING)sql");
    add.bind(1, unit).run();
    Statement change(db, R"sql(
        UPDATE feed_units SET satisfied = satisfied + (CASE ?2 WHEN 'satisfied' THEN ?3 ELSE 0 END), basically_satisfied = basically_satisfied + (CASE ?2 WHEN 'basically_satisfied' THEN ?3 ELSE 0 END),
               dissatisfied = dissatisfied + (CASE ?2 WHEN 'dissatisfied' THEN ?3 ELSE 0 END), fresh = fresh + ?4 WHERE unit = ?1)sql");
    change.bind(1, unit).bind(2, grade).bind(3, by).bind(4, fresh ? 1 : 0).run();
}

void tell_unit(Connection& db, const store::Seal& seal, const std::string& unit, std::int64_t least, Instant now) {
    Statement read(db, "SELECT satisfied, basically_satisfied, dissatisfied, number FROM feed_units WHERE unit = ?1 AND fresh >= ?2");
    if (!read.bind(1, unit).bind(2, least).step()) return;
    auto s = read.integer(0), b = read.integer(1), d = read.integer(2), number = read.integer(3) + 1;
    auto content = fmt::format(R"("unit":{},"satisfied":{},"basically_satisfied":{},"dissatisfied":{},"n":{})", quoted(std::string_view(unit)), s, b, d, s + b + d);
    add_line(db, seal, std::nullopt, unit, "unit " + unit, number, content, now);
    Statement told(db, "UPDATE feed_units SET fresh = 0, number = ?2 WHERE unit = ?1");
    told.bind(1, unit).bind(2, number).run();
}

// The unit's sums, whatever leaves: a site that changes its mind goes on from them.
void count_case(Connection& db, const store::Seal& seal, const Said& before, const Said& now_said, const LineRules& rules, Instant now) {
    if (before.grade == now_said.grade) return;
    if (before.grade) count(db, before.unit, *before.grade, -1, false);
    if (now_said.grade) count(db, now_said.unit, *now_said.grade, 1, !before.grade);
    if (!rules.by_case && now_said.grade) tell_unit(db, seal, now_said.unit, rules.least, now);
}

void look_at(Connection& db, const store::Seal& seal, std::int64_t case_id, const LineRules& rules, Instant now) {
    auto rated = read_case(db, case_id, rules.services);
    if (rated.kind == Rated::Kind::silent) return;
    auto before = last_said(db, case_id);
    auto said = before;
    said.unit = rated.unit, said.grade = rated.grade;
    if (rules.by_case && rated.kind == Rated::Kind::said) {
        auto calls = call_backs(db, seal, case_id, rules.words);
        auto content = fmt::format(R"("case_id":{},"unit":{},"satisfaction":{},"second_satisfaction":{},"called_back_at":{},"called_number":{},"calls":{},"text":{})",
                                   quoted(std::string_view(rated.record)), quoted(std::string_view(rated.unit)), quoted(rated.grade), quoted(rated.second), quoted(calls.last_at),
                                   quoted(calls.number), calls.count, quoted(calls.words));
        bool nothing_to_say = before.number == 0 && !rated.grade && !rated.second && calls.count == 0;
        auto content_key = seal.keyed_hash("writeback content " + content);
        if (content_key != before.content_key && !nothing_to_say) {
            said.content_key = content_key, ++said.number;
            add_line(db, seal, case_id, rated.unit, "case " + rated.record, said.number, content, now);
        }
    }
    count_case(db, seal, before, said, rules, now);
    if (said.number != before.number || said.grade != before.grade) keep_said(db, case_id, said);
}

}  // namespace

bool plan_lines(Connection& db, const store::Seal& seal, const LineRules& rules, Instant now) {
    Statement newest(db, "SELECT coalesce(max(seq), 0) FROM ledger");
    newest.step();
    auto end = newest.integer(0);
    auto known = meta(db, position_key);
    const std::int64_t from = known.empty() ? end : std::stoll(known), until = std::min(end, from + lines_a_look);
    if (!known.empty() && until == from) return false;
    Statement touched(db, R"sql(
        SELECT DISTINCT l.case_id FROM ledger l WHERE l.seq > ?1 AND l.seq <= ?2 AND l.case_id IS NOT NULL AND l.kind <> 'access'
           AND (EXISTS (SELECT 1 FROM ratings r WHERE r.case_id = l.case_id) OR EXISTS (SELECT 1 FROM followups f WHERE f.case_id = l.case_id)) ORDER BY l.case_id)sql");
    touched.bind(1, from).bind(2, until);
    std::vector<std::int64_t> cases;
    while (touched.step()) cases.push_back(touched.integer(0));
    for (auto id : cases) look_at(db, seal, id, rules, now);
    Statement keep(db, "INSERT INTO meta(key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2");
    keep.bind(1, position_key).bind(2, std::to_string(until)).run();
    return until < end;
}

std::vector<Line> take_batch(Connection& db, const store::Seal& seal, std::int64_t most) {
    // One that was taken before and has not left; else the next ones become one.
    Statement open(db, "SELECT batch FROM writeback WHERE left_at IS NULL AND batch IS NOT NULL ORDER BY id LIMIT 1");
    Statement first(db, "SELECT id FROM writeback WHERE left_at IS NULL ORDER BY id LIMIT 1");
    std::int64_t batch = 0;
    if (open.step()) {
        batch = open.integer(0);
    } else {
        if (!first.step()) return {};
        batch = first.integer(0);
        Statement take(db, "UPDATE writeback SET batch = ?1 WHERE id IN (SELECT id FROM writeback WHERE left_at IS NULL ORDER BY id LIMIT ?2)");
        take.bind(1, batch).bind(2, most).run();
    }
    Statement read(db, "SELECT id, key, line FROM writeback WHERE left_at IS NULL AND batch = ?1 ORDER BY id");
    auto feed = feed_name(db, seal);
    std::vector<Line> out;
    for (read.bind(1, batch); read.step();) {
        Line line{read.integer(0), to_hex(read.text(1)), ""};
        // Erased before it left: its place in the row stays.
        auto plain = read.text(2).empty() ? Result<std::string>("") : seal.open(read.text(2), line_context(line.seq));
        line.json = plain && !plain->empty() ? *plain : fmt::format(R"({{"seq":{},"key":"{}","erased":true}})", line.seq, line.key);
        take_over(line, seal, feed);
        out.push_back(std::move(line));
    }
    return out;
}

void record_left(Connection& db, const std::vector<Line>& lines, Instant now) {
    for (const auto& line : lines) {
        Statement left(db, "UPDATE writeback SET left_at = ?2 WHERE id = ?1 AND left_at IS NULL");
        left.bind(1, line.seq).bind(2, now).run();
    }
}

std::int64_t count_waiting(Connection& db) {
    Statement count(db, "SELECT count(*) FROM writeback WHERE left_at IS NULL");
    count.step();
    return count.integer(0);
}

}  // namespace pingjing::writeback
