#include "daemon/store/overrides.hpp"

#include <fmt/format.h>

#include "daemon/core/survey.hpp"
#include "daemon/store/cases.hpp"
#include "daemon/store/phones.hpp"

namespace pingjing::store {
namespace {

struct SurveyRow { std::int64_t case_id = 0, message = 0, phone_id = 0; std::string state{}, ref{}, code{}; };

Result<SurveyRow> find_survey(Connection& db, std::string_view record) {
    Statement find(db, R"sql(
        SELECT c.id, m.id, m.state, m.ref, m.phone_id, c.code FROM cases c LEFT JOIN messages m ON m.case_id = c.id AND m.purpose = 'survey' WHERE c.record = ?1)sql");
    if (!find.bind(1, record).step()) return fail(Error::Kind::not_found, fmt::format("there is no case {}", record));
    if (find.is_null(1)) return fail(Error::Kind::conflict, fmt::format("case {} was never to be asked", record));
    return SurveyRow{find.integer(0), find.integer(1), find.integer(4), find.text(2), find.text(3), find.text(5)};
}

// The line names the row with the sealed words. A hash of them without their salt would stay when they go.
void note(Connection& db, const Seal& seal, std::string_view kind, const SurveyRow& row, const ByHand& by, Instant now) {
    auto case_id = row.case_id > 0 ? std::optional(row.case_id) : std::nullopt;
    auto words = keep_words_of(db, seal, kind, case_id, by, now);
    append(db, now, kind, row.case_id, fmt::format(R"({{"ref":"{}","words":{}}})", row.ref, words));
}

bool let_go(Connection& db, const SurveyRow& row, Instant now) {
    Statement release(db, "UPDATE messages SET state = 'due', code = NULL, due_at = max(due_at, ?2), route = -1 WHERE id = ?1 AND state = 'held'");
    release.bind(1, row.message).bind(2, now).run();
    return db.changes() > 0;
}

std::string words_context(std::int64_t id) { return fmt::format("override_words.words:{}", id); }
constexpr std::string_view words_at = ", words ";
constexpr const char* reasons_are_sealed = "reasons_sealed";

// Who they were nobody wrote down.
ByHand somebody(std::string reason) { return {"operator", std::move(reason)}; }

// "5000 surveys today": these words with a number between them, and nothing else.
bool is_number_between(std::string_view text, std::string_view before, std::string_view behind) {
    if (!text.starts_with(before) || !text.ends_with(behind) || text.size() <= before.size() + behind.size()) return false;
    auto number = text.substr(before.size(), text.size() - before.size() - behind.size());
    if (number.starts_with('-')) number.remove_prefix(1);
    return !number.empty() && number.size() <= 6 && number.find_first_not_of("0123456789") == number.npos;
}
// What the program itself writes, of which nothing has to be sealed.
bool is_ours(std::string_view reason) {
    return reason.empty() || reason == "a new day" || is_number_between(reason, "", " surveys today") || is_number_between(reason, "the clock jumped by ", " minutes") ||
           reason == "the clock is before the last stored fact" || reason == "nothing was stored for over seven days" ||
           reason == "many receipts for messages that this store never sent: is it an old one?";
}
// Among the sealed words already: such a row is of the same moment.
bool is_sealed(Connection& db, const std::string& reason, Instant at) {
    auto words = reason.rfind(words_at);
    if (!reason.starts_with("by ") || words == reason.npos) return false;
    Statement find(db, "SELECT 1 FROM override_words WHERE id = CAST(?1 AS INTEGER) AND at = ?2");
    return find.bind(1, reason.substr(words + words_at.size())).bind(2, at).step();
}

struct OpenReason { std::int64_t id = 0, of = 0; Instant at{}; std::string reason{}, source{}; };
std::vector<OpenReason> open_reasons(Connection& db, const char* sql) {
    std::vector<OpenReason> all;
    Statement find(db, sql);
    while (find.step())
        if (auto reason = find.text(2); !is_ours(reason) && !is_sealed(db, reason, find.instant(1))) all.push_back({find.integer(0), find.integer(3), find.instant(1), std::move(reason), find.text(4)});
    return all;
}

std::int64_t seal_holds(Connection& db, const Seal& seal, const char* what, const char* find, const char* set) {
    auto all = open_reasons(db, find);
    for (const auto& row : all) {
        auto by = somebody(row.reason);
        Statement put(db, set);
        put.bind(1, row.id).bind(2, open_reason(keep_words_of(db, seal, what, std::nullopt, by, row.at), by)).run();
    }
    return static_cast<std::int64_t>(all.size());
}

// Those of one list share their words, as they do when it is read today.
std::int64_t seal_opt_outs(Connection& db, const Seal& seal) {
    auto all = open_reasons(db, "SELECT id, at, reason, phone_id, source FROM opt_outs WHERE source <> 'sms' AND source <> 'carrier' AND source <> 'wrong_number' AND reason <> '' ORDER BY id");
    const OpenReason* before = nullptr;
    std::string open;
    for (const auto& row : all) {
        bool of_same_list = before && row.source != "operator" && row.source == before->source && row.at == before->at && row.reason == before->reason;
        if (auto by = somebody(row.reason); !of_same_list) {
            auto words = keep_words_of(db, seal, "opt_out", std::nullopt, by, row.at);
            open = open_reason(words, by);
            // Of a number that was forgotten since they are gone already; the words about a list are not about one number.
            Statement gone(db, "UPDATE override_words SET words = x'' WHERE id = ?1 AND ?2 = 'operator' AND EXISTS (SELECT 1 FROM erasures WHERE phone_id = ?3 AND why = 'forget' AND at >= ?4)");
            gone.bind(1, words).bind(2, row.source).bind(3, row.of).bind(4, row.at).run();
        }
        Statement put(db, "UPDATE opt_outs SET reason = ?2 WHERE id = ?1");
        put.bind(1, row.id).bind(2, open).run();
        before = &row;
    }
    return static_cast<std::int64_t>(all.size());
}

std::int64_t seal_decisions(Connection& db, const Seal& seal) {
    auto all = open_reasons(db, "SELECT id, at, rule, case_id, '' FROM decisions WHERE stage = 'operator' AND rule <> 'by hand' AND rule <> 'the number was forgotten' ORDER BY id");
    for (const auto& row : all) {
        auto words = keep_words_of(db, seal, "cancelled_by_operator", row.of, somebody(row.reason), row.at);
        // Of a call whose texts are gone they are gone already.
        Statement gone(db, "UPDATE override_words SET words = x'' WHERE id = ?1 AND EXISTS (SELECT 1 FROM cases WHERE id = ?2 AND erased_at IS NOT NULL)");
        gone.bind(1, words).bind(2, row.of).run();
        Statement put(db, "UPDATE decisions SET rule = 'by hand' WHERE id = ?1");
        put.bind(1, row.id).run();
    }
    return static_cast<std::int64_t>(all.size());
}

}  // namespace

std::int64_t keep_words_of(Connection& db, const Seal& seal, std::string_view what, std::optional<std::int64_t> case_id, const ByHand& by, Instant now) {
    auto id = db.next_id("override_words");
    auto words = by.reason.empty() ? std::nullopt : std::optional(seal.seal(by.reason, words_context(id)));
    Statement add(db, "INSERT INTO override_words(id, at, what, case_id, who, words) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
    add.bind(1, id).bind(2, now).bind(3, what).bind(4, case_id).bind(5, by.who).bind_maybe_blob(6, words).run();
    return id;
}

std::string open_reason(std::int64_t words_id, const ByHand& by) { return fmt::format("by {}{}{}", by.who, words_at, words_id); }

std::string read_reason(Connection& db, const Seal& seal, const std::string& open) {
    auto at = open.rfind(words_at);
    if (!open.starts_with("by ") || at == open.npos) return open;
    Statement find(db, "SELECT id, who, words FROM override_words WHERE id = CAST(?1 AS INTEGER)");
    if (!find.bind(1, open.substr(at + words_at.size())).step()) return open;
    auto who = find.text(1);
    if (find.is_null(2)) return fmt::format("by {}", who);
    auto words = seal.open(find.text(2), words_context(find.integer(0)));
    return words ? fmt::format("{} (by {})", *words, who) : fmt::format("by {}, whose words are erased", who);
}

bool seal_open_reasons(Connection& db, const Seal& seal, Instant now) {
    Statement before(db, "SELECT 1 FROM meta WHERE key = ?1");
    if (before.bind(1, reasons_are_sealed).step()) return false;
    // The triggers that keep decisions and opt-outs let their reasons be exchanged only beside this word.
    db.exec("INSERT INTO meta(key, value) VALUES ('sealing_reasons', '1') ON CONFLICT (key) DO NOTHING");
    auto holds = seal_holds(db, seal, "hold", "SELECT id, at, reason, 0, '' FROM holds ORDER BY id", "UPDATE holds SET reason = ?2 WHERE id = ?1") +
                 seal_holds(db, seal, "release", "SELECT id, released_at, release_reason, 0, '' FROM holds WHERE release_reason IS NOT NULL ORDER BY id",
                            "UPDATE holds SET release_reason = ?2 WHERE id = ?1");
    auto opt_outs = seal_opt_outs(db, seal), decisions = seal_decisions(db, seal);
    db.exec("DELETE FROM meta WHERE key = 'sealing_reasons'");
    Statement done(db, "INSERT INTO meta(key, value) VALUES (?1, ?2)");
    done.bind(1, reasons_are_sealed).bind(2, std::to_string(to_millis(now))).run();
    if (holds + opt_outs + decisions > 0)
        append(db, now, "reasons_sealed", std::nullopt, fmt::format(R"({{"holds":{},"opt_outs":{},"decisions":{}}})", holds, opt_outs, decisions));
    return true;
}

std::optional<Override> find_override(Connection& db, const Seal& seal, std::int64_t id) {
    Statement find(db, "SELECT at, what, who, words FROM override_words WHERE id = ?1");
    if (!find.bind(1, id).step()) return std::nullopt;
    auto words = seal.open(find.text(3), words_context(id));
    return Override{find.instant(0), find.text(1), find.text(2), words ? std::optional(*words) : std::nullopt};
}

std::optional<Override> override_behind(Connection& db, const Seal& seal, const std::string& open) {
    auto at = open.rfind(words_at);
    if (!open.starts_with("by ") || at == open.npos) return std::nullopt;
    Statement find(db, "SELECT id FROM override_words WHERE id = CAST(?1 AS INTEGER)");
    if (!find.bind(1, open.substr(at + words_at.size())).step()) return std::nullopt;
    return find_override(db, seal, find.integer(0));
}

std::vector<Override> overrides_of(Connection& db, const Seal& seal, std::int64_t case_id) {
    Statement find(db, "SELECT id, at, what, who, words FROM override_words WHERE case_id = ?1 ORDER BY id");
    std::vector<Override> all;
    for (find.bind(1, case_id); find.step();) {
        auto words = seal.open(find.text(4), words_context(find.integer(0)));
        all.push_back({find.instant(1), find.text(2), find.text(3), words ? std::optional(*words) : std::nullopt});
    }
    return all;
}

Result<std::int64_t> cancel_case(Connection& db, const Seal& seal, std::string_view record, const ByHand& by, Instant now) {
    auto row = find_survey(db, record);
    if (!row) return tl::unexpected(row.error());
    if (row->state != "due" && row->state != "held")
        return fail(Error::Kind::conflict, fmt::format("the survey of case {} is {}: only what waits can be called off", record, row->state));
    Verdict verdict;
    verdict.code = Code::cancelled;
    verdict.rule = "by hand";
    record_decision(db, row->case_id, "operator", "excluded", verdict, now);
    cancel_waiting_of_case(db, row->case_id, Code::cancelled, now);
    set_case_code(db, row->case_id, Code::cancelled, "", now);
    note(db, seal, "cancelled_by_operator", *row, by, now);
    return row->phone_id;
}

Result<void> resend_case(Connection& db, const Seal& seal, std::string_view record, const ByHand& by, Instant now) {
    auto row = find_survey(db, record);
    if (!row) return tl::unexpected(row.error());
    if (row->state != "in_doubt" && row->state != "unknown")
        return fail(Error::Kind::conflict, fmt::format("the survey of case {} is {}: only one in doubt or unknown can be sent again", record, row->state));
    // It would be called off before it went; what is refused by a code does not wait.
    if (!row->code.empty()) return fail(Error::Kind::conflict, fmt::format("case {} is refused by code {} now: nobody may be asked about it", record, row->code));
    // The 110 system may have sent it again since, and its number with it.
    Statement forgotten(db, "SELECT 1 FROM override_words WHERE case_id = ?1 AND what = 'forget' LIMIT 1");
    if (forgotten.bind(1, row->case_id).step()) return fail(Error::Kind::conflict, fmt::format("the number of case {} was forgotten: nobody may be asked about it", record));
    Statement again(db, "UPDATE messages SET state = 'due', due_at = ?2, stale_at = max(stale_at, ?3), open = 0, answer_until = NULL WHERE id = ?1");
    again.bind(1, row->message).bind(2, now).bind(3, now + std::chrono::hours(24)).run();
    note(db, seal, "resend", *row, by, now);
    return {};
}

Result<Released> release_restored(Connection& db, const Seal& seal, const std::vector<std::string>& records, bool all, bool accept_possible_double,
                                  const ByHand& by, Instant now) {
    struct Held { SurveyRow row{}; std::string record{}; };
    std::vector<Held> held;
    if (all) {
        Statement find(db, R"sql(
            SELECT coalesce(m.case_id, 0), m.id, m.phone_id, m.state, m.ref, coalesce(c.record, m.purpose || ' ' || m.ref)
              FROM messages m LEFT JOIN cases c ON c.id = m.case_id WHERE m.state = 'held' AND m.code = 'restored' ORDER BY m.id)sql");
        while (find.step()) held.push_back({{find.integer(0), find.integer(1), find.integer(2), find.text(3), find.text(4)}, find.text(5)});
    }
    for (const auto& record : records) {
        auto row = find_survey(db, record);
        if (!row) return tl::unexpected(row.error());
        Statement is_held(db, "SELECT 1 FROM messages WHERE id = ?1 AND state = 'held' AND code = 'restored'");
        if (!is_held.bind(1, row->message).step())
            return fail(Error::Kind::conflict, fmt::format("the survey of case {} is {}: only one that a restore holds can be released", record, row->state));
        if (!accept_possible_double && was_texted_unknown(db, row->phone_id))
            return fail(Error::Kind::conflict, fmt::format("case {} may have been asked: after the backup a text left to its number of which this store knows nothing. Ask the carrier; "
                                                           "--accept-possible-double releases it all the same", record));
        held.push_back({std::move(*row), record});
    }
    Released done;
    for (const auto& [row, record] : held) {
        bool doubtful = was_texted_unknown(db, row.phone_id);
        if (doubtful && !accept_possible_double) {
            done.left.push_back(record);
            continue;
        }
        if (!let_go(db, row, now)) continue;  // named twice
        note(db, seal, doubtful ? "released_in_doubt" : "released", row, by, now);
        ++done.released;
    }
    return done;
}

int release_refused(Connection& db, const Seal& seal, int limit, const ByHand& by, Instant now) {
    Statement find(db, "SELECT coalesce(case_id, 0), id, phone_id, state, ref FROM messages WHERE state = 'held' AND code = 'content' ORDER BY id LIMIT ?1");
    std::vector<SurveyRow> held;
    for (find.bind(1, limit); find.step();) held.push_back({find.integer(0), find.integer(1), find.integer(2), find.text(3), find.text(4)});
    for (const auto& row : held) {
        let_go(db, row, now);
        note(db, seal, "released", row, by, now);
    }
    return static_cast<int>(held.size());
}

std::vector<OptOutRow> list_opt_outs(Connection& db, const Seal& seal) {
    Statement find(db, R"sql(
        SELECT o.phone_id, o.source, o.reason, o.at FROM opt_outs o
         WHERE o.action = 'out' AND o.id = (SELECT max(id) FROM opt_outs l WHERE l.phone_id = o.phone_id) ORDER BY o.id)sql");
    std::vector<OptOutRow> rows;
    while (find.step()) {
        auto phone = find_phone(db, seal, find.integer(0));
        rows.push_back({phone ? phone->masked() : "erased", find.text(1), read_reason(db, seal, find.text(2)), find.instant(3)});
    }
    return rows;
}

}  // namespace pingjing::store
