#include "daemon/store/ratings.hpp"

#include <fmt/compile.h>
#include <fmt/format.h>

#include "daemon/core/survey.hpp"

namespace pingjing::store {

namespace {

// The officer that a case's rating is about, where it is about one.
constexpr std::string_view rated_officer =
    "CASE WHEN kind LIKE '%!_taker' ESCAPE '!' THEN nullif(call_taker, '') WHEN kind LIKE '%!_unit' ESCAPE '!' OR officer_role = 'auxiliary' THEN NULL ELSE officer END";

// A later one is of whoever the first one was of: a case that names somebody else by then moves no score.
RatedWho whom_it_is_about(Connection& db, std::int64_t case_id) {
    Statement before(db, "SELECT officer, unit FROM ratings WHERE case_id = ?1 ORDER BY id LIMIT 1");
    if (before.bind(1, case_id).step()) return {before.maybe_text(0), before.text(1)};
    static const auto sql = fmt::format("SELECT {}, unit FROM cases WHERE id = ?1", rated_officer);
    Statement named(db, sql);
    named.bind(1, case_id).step();
    return {named.maybe_text(0), named.text(1)};
}

}  // namespace

RatedSoFar rated_so_far(Connection& db, std::int64_t case_id) {
    Statement find(db, R"sql(
        SELECT id, grade, at, effect, (effect = 'first' OR effect = 'replaces')
               AND (method = 'code' OR method = 'person'
                    OR NOT EXISTS (SELECT 1 FROM reviews v WHERE v.inbound_id = r.inbound_id AND v.kind = 'words' AND v.decision = 'none'))
          FROM ratings r WHERE case_id = ?1 ORDER BY id DESC)sql");
    RatedSoFar out;
    auto& standing = out.standing;
    for (find.bind(1, case_id); find.step();) {
        out.at_all = true;
        if (find.integer(4) == 0) continue;
        if (!standing) standing = StandingRating{find.integer(0), parse_grade(find.text(1)).value(), find.instant(2), find.instant(2)};
        // The first of them all, or the oldest that is left of them.
        else standing->first_at = find.text(3) == "first" ? find.instant(2) : std::min(standing->first_at, find.instant(2));
    }
    return out;
}

std::optional<StandingRating> standing_rating(Connection& db, std::int64_t case_id) { return rated_so_far(db, case_id).standing; }

std::int64_t record_rating(Connection& db, const NewRating& r, Instant now) {
    auto effect = r.effect;
    if (effect == "first" && !r.oldest_of) {
        Statement before(db, "SELECT 1 FROM ratings WHERE case_id = ?1 AND effect = 'first'");
        if (before.bind(1, r.case_id).step() && !standing_rating(db, r.case_id)) effect = "replaces";
    }
    auto id = db.next_id("ratings");
    auto of = r.oldest_of ? *r.oldest_of : whom_it_is_about(db, r.case_id);
    Statement add(db, R"sql(
        INSERT INTO ratings(id, case_id, inbound_id, at, grade, value, method, effect, officer, unit) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10))sql");
    add.bind(1, id).bind(2, r.case_id).bind(3, r.inbound_id).bind(4, r.at).bind(5, grade_name(r.grade)).bind(6, r.value).bind(7, r.method);
    add.bind(8, effect).bind(9, of.officer).bind(10, of.unit).run();
    append(db, now, "rating", r.case_id, fmt::format(FMT_COMPILE(R"({{"id":{},"grade":"{}","effect":"{}","method":"{}"}})"), id, grade_name(r.grade), effect, r.method));
    return id;
}

AnsweredCase load_answered_case(Connection& db, std::int64_t case_id) {
    Statement find(db, "SELECT purpose, state, claimed_at FROM messages WHERE case_id = ?1 AND state <> 'cancelled'");
    std::vector<CaseText> texts;
    for (find.bind(1, case_id); find.step();)
        texts.push_back({case_id, parse_purpose(find.view(0)).value(), parse_message_state(find.view(1)).value(), find.maybe_instant(2)});
    return load_answered_case(db, case_id, texts);
}

AnsweredCase load_answered_case(Connection& db, std::int64_t case_id, const std::vector<CaseText>& texts) {
    AnsweredCase c;
    static const auto sql = fmt::format(R"sql(
        SELECT unit, safety, recoded_after, EXISTS (SELECT 1 FROM followups WHERE case_id = ?1 AND state <> 'opened'), kind, source, officer, {} FROM cases WHERE id = ?1)sql", rated_officer);
    Statement read(db, sql);
    if (!read.bind(1, case_id).step()) throw SqlError(0, fmt::format("case {} is gone", case_id));
    c.unit = read.text(0);
    c.rates = {read.maybe_text(7), c.unit};
    c.careful = read.integer(1) == 1 || read.integer(2) == 1;
    c.followup_begun = read.integer(3) == 1;
    c.source = read.text(5), c.attended = !read.is_null(6);
    c.neutral = read.text(4).starts_with("survey_neutral");
    for (const auto& text : texts) {
        using enum MessageState;
        if (text.case_id != case_id) continue;
        c.clarified = c.clarified || text.purpose == Purpose::clarify;
        c.thanked = c.thanked || text.purpose == Purpose::thanks;
        c.helped = c.helped || text.purpose == Purpose::help;
        if (text.purpose != Purpose::question) continue;
        c.questioned = true;
        if (text.claimed_at && text.state != due && text.state != held && text.state != failed) c.questioned_at = text.claimed_at;
    }
    return c;
}

std::string raise_alarm(Connection& db, Random& random, std::int64_t inbound_id, const std::optional<std::int64_t>& case_id, bool do_not_contact, Instant now) {
    Statement known(db, "SELECT id FROM alarms WHERE inbound_id = ?1");
    if (known.bind(1, inbound_id).step()) return known.text(0);
    // Read out of a callback that nobody could read when it came: the desk had this number's words then. What could be read at once stands
    // before what could not, and the desk has had none of it.
    Statement told(db, R"sql(
        SELECT a.id FROM inbound t JOIN inbound q ON q.body_id = t.body_id AND q.phone_id = t.phone_id AND q.class = 'quarantined' AND q.step = 'done'
          JOIN alarms a ON a.inbound_id = q.id WHERE t.id = ?1 AND q.id < ?1)sql");
    if (told.bind(1, inbound_id).step()) return told.text(0);
    auto id = random.word(20);
    Statement add(db, "INSERT INTO alarms(id, inbound_id, case_id, at, do_not_contact) VALUES (?1, ?2, ?3, ?4, ?5)");
    add.bind(1, id).bind(2, inbound_id).bind(3, case_id).bind(4, now).bind(5, do_not_contact).run();
    append(db, now, "alarm", case_id, fmt::format(R"({{"id":"{}"}})", id));
    return id;
}

void open_review(Connection& db, std::string_view kind, const std::optional<std::int64_t>& case_id, std::int64_t inbound_id, Instant now) {
    Statement add(db, "INSERT INTO reviews(id, kind, case_id, inbound_id, at) VALUES (?1, ?2, ?3, ?4, ?5)");
    add.bind(1, db.next_id("reviews")).bind(2, kind).bind(3, case_id).bind(4, inbound_id).bind(5, now).run();
    append(db, now, "review", case_id, fmt::format(R"({{"kind":"{}","inbound":{}}})", kind, inbound_id));
}

bool waits_for_review(Connection& db, std::int64_t case_id, std::string_view kind) {
    Statement find(db, "SELECT 1 FROM reviews WHERE case_id = ?1 AND kind = ?2 AND closed_at IS NULL LIMIT 1");
    return find.bind(1, case_id).bind(2, kind).step();
}

void keep_topic(Connection& db, std::int64_t inbound_id, std::int64_t case_id, std::string_view topic, Instant now) {
    Statement add(db, "INSERT INTO asked_topics(inbound_id, case_id, at, topic) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (inbound_id) DO NOTHING");
    add.bind(1, inbound_id).bind(2, case_id).bind(3, now).bind(4, topic).run();
    append(db, now, "topic", case_id, fmt::format(R"({{"inbound":{},"topic":"{}"}})", inbound_id, topic));
}

std::string asked_topic(Connection& db, std::int64_t case_id) {
    Statement find(db, "SELECT topic FROM asked_topics WHERE case_id = ?1 ORDER BY inbound_id DESC LIMIT 1");
    return find.bind(1, case_id).step() ? find.text(0) : std::string();
}

}  // namespace pingjing::store
