// Rows as the stages will have left them, put into a store by SQL: a call, its survey, what came back.
#pragma once
#include <optional>
#include <string>

#include "daemon/core/clock.hpp"
#include "daemon/store/schema.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::test {

struct Call {
    std::string unit = "320102430000";
    std::optional<std::string> officer = "012345";
    std::string category = "010203";
    std::optional<std::string> code{};
    std::string kind = "survey";
    std::string reported = "2026-11-20T09:00:00+08:00";
    std::optional<std::string> closed = "2026-11-20T10:00:00+08:00";
    bool recoded_after = false;
    std::string record{};
};

struct Survey {
    std::string state = "delivered";
    bool accepted = true;
    std::optional<std::string> answer_until = "2026-11-23T12:00:00+08:00";
    std::optional<std::string> code{};
    std::string made = "2026-11-20T12:00:00+08:00";
};

struct Answer {
    std::string grade = "satisfied";
    std::string method = "code";
    std::string effect = "first";
    std::string at = "2026-11-20T13:00:00+08:00";
    std::optional<std::string> officer = "012345";
    std::string unit = "320102430000";
};

// The rules of the schema for how a message comes into being are dropped: these are planted where they end.
class Planter {
public:
    explicit Planter(store::Connection& db) : db_(db) {
        db_.exec("DROP TRIGGER IF EXISTS messages_forward");
        db_.exec("INSERT OR IGNORE INTO phones VALUES (1, zeroblob(16), x'00', 0)");
    }

    static Instant at(const std::string& text) { return *parse_rfc3339(text); }

    std::int64_t call(const Call& c = {}) {
        auto id = db_.next_id("cases");
        store::Statement add(db_, R"sql(
            INSERT INTO cases(id, record, content_key, state, unit, category, source, linked_to, language, phone_id, officer, officer_role, call_taker,
                              reported_at, closed_at, received_at, changed_at, code, kind, flags, safety, recoded_after)
            VALUES (?1, ?2, x'00', ?3, ?4, ?5, '110', '', '', 1, ?6, ?7, '', ?8, ?9, ?8, ?8, ?10, ?11, '', 0, ?12))sql");
        add.bind(1, id).bind(2, c.record.empty() ? "R" + std::to_string(id) : c.record).bind(3, c.closed ? "closed" : "open").bind(4, c.unit);
        add.bind(5, c.category).bind(6, c.officer).bind(7, c.officer ? std::optional("lead") : std::nullopt).bind(8, at(c.reported));
        add.bind(9, c.closed ? std::optional(at(*c.closed)) : std::nullopt).bind(10, c.code).bind(11, c.kind).bind(12, c.recoded_after).run();
        return id;
    }

    std::int64_t survey(std::int64_t case_id, const Survey& s = {}) { return message(case_id, "survey", s); }

    std::int64_t message(std::int64_t case_id, const std::string& purpose, const Survey& s = {}) {
        auto id = db_.next_id("messages");
        store::Statement add(db_, R"sql(
            INSERT INTO messages(id, ref, case_id, purpose, template, priority, state, code, phone_id, text, parts, channel, made_at, due_at, stale_at,
                                 accepted_at, answer_until, attempt)
            VALUES (?1, ?2, ?3, ?4, ?4, 2, ?5, ?6, 1, x'00', 1, 'main', ?7, ?7, ?7, ?8, ?9,
                    CASE WHEN ?5 = 'due' OR ?5 = 'held' OR ?5 = 'cancelled' THEN 0 ELSE 1 END))sql");
        auto made = at(s.made);
        add.bind(1, id).bind(2, "ref" + std::to_string(id)).bind(3, case_id).bind(4, purpose).bind(5, s.state).bind(6, s.code).bind(7, made);
        add.bind(8, s.accepted ? std::optional(made) : std::nullopt).bind(9, s.answer_until ? std::optional(at(*s.answer_until)) : std::nullopt).run();
        return id;
    }

    // A text that was matched to the case (or to none) and understood as `cls`; empty: not looked at yet.
    std::int64_t text(std::optional<std::int64_t> case_id, const std::string& cls, const std::string& when = "2026-11-20T13:00:00+08:00",
                      const std::optional<std::string>& label = {}) {
        auto id = db_.next_id("inbound");
        store::Statement add(db_, "INSERT INTO inbound(id, channel, key, to_number, extension, received_at, step, class, case_id, match, label, why) "
                                  "VALUES (?1, 'main', ?2, '', '', ?3, ?4, ?5, ?6, 'slot', coalesce(?7, ?5), 'code')");
        add.bind(1, id).bind(2, std::to_string(id)).bind(3, at(when)).bind(4, cls.empty() ? "new" : "done");
        add.bind(5, cls.empty() ? std::nullopt : std::optional(cls)).bind(6, case_id).bind(7, label).run();
        return id;
    }

    // The text and its rating. Returns the id of the text.
    std::int64_t answer(std::int64_t case_id, const Answer& a = {}) {
        auto cls = a.effect == "first" || a.effect == "replaces" ? "rated" : a.effect == "late" ? "late" : "repeated";
        auto inbound = text(case_id, cls, a.at, a.grade);
        store::Statement add(db_, "INSERT INTO ratings(id, case_id, inbound_id, at, grade, value, method, effect, officer, unit) "
                                  "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)");
        add.bind(1, db_.next_id("ratings")).bind(2, case_id).bind(3, inbound).bind(4, at(a.at)).bind(5, a.grade);
        add.bind(6, a.grade == "satisfied" ? 1 : a.grade == "dissatisfied" ? 3 : 2).bind(7, a.method).bind(8, a.effect).bind(9, a.officer);
        add.bind(10, a.unit).run();
        return inbound;
    }

    void review(std::int64_t case_id, std::optional<std::int64_t> inbound, std::optional<std::string> decision, const std::string& kind = "words") {
        store::Statement add(db_, "INSERT INTO reviews(id, kind, case_id, inbound_id, at, closed_at, decision) VALUES (?1, ?2, ?3, ?4, 0, ?5, ?6)");
        add.bind(1, db_.next_id("reviews")).bind(2, kind).bind(3, case_id).bind(4, inbound);
        add.bind(5, decision ? std::optional<std::int64_t>(1) : std::nullopt).bind(6, decision).run();
    }

    // About whatever rating stands by now.
    void appeal(std::int64_t case_id, const std::string& given) {
        bool withdrawn = given == "withdrawn";
        auto state = withdrawn ? std::string("filed") : given;
        bool decided = state == "upheld" || state == "not_upheld";
        store::Statement add(db_, R"sql(
            INSERT INTO appeals(id, case_id, filed_at, filed_by, badge, unit, ground, state, due_at, proposed_by, proposed, rating_id, decided_by, decided_at)
            VALUES (?1, ?1, 0, '9/z', '012345', '', 'slip', ?2, 0, CASE WHEN ?2 <> 'filed' THEN '3/x' END, CASE WHEN ?2 = 'filed' THEN NULL WHEN ?3 THEN ?2 ELSE 'upheld' END,
                    (SELECT max(id) FROM ratings WHERE case_id = ?1 AND effect IN ('first', 'replaces')), CASE WHEN ?3 THEN '4/y' END, CASE WHEN ?3 THEN 1 END))sql");
        add.bind(1, case_id).bind(2, state).bind(3, decided).run();
        if (withdrawn) db_.exec(fmt::format("INSERT INTO appeal_withdrawals(appeal_id, at, who) VALUES ({}, 1, '9/z')", case_id).c_str());
    }

    void batch(int received, int accepted, int updated, int unchanged, int rejected, int excluded) {
        store::Statement add(db_, "INSERT INTO intake_batches VALUES (?1, 0, 'test', ?2, ?3, ?4, ?5, ?6, ?7)");
        add.bind(1, db_.next_id("intake_batches")).bind(2, received).bind(3, accepted).bind(4, updated).bind(5, unchanged).bind(6, rejected);
        add.bind(7, excluded).run();
    }

    // A case that was asked and answered, all in one line.
    std::int64_t rated(const Call& c, const std::string& grade, const std::string& method = "code") {
        auto id = call(c);
        survey(id);
        answer(id, {.grade = grade, .method = method, .officer = c.kind == "survey_unit" ? std::nullopt : c.officer, .unit = c.unit});
        return id;
    }

private:
    store::Connection& db_;
};

}  // namespace pingjing::test
