#include "daemon/store/ratings.hpp"

#include <fmt/format.h>

#include "daemon/core/survey.hpp"

namespace pingjing::store {

std::optional<StandingRating> standing_rating(Connection& db, std::int64_t case_id) {
    Statement find(db, R"sql(
        SELECT id, grade, at, effect FROM ratings r
         WHERE case_id = ?1 AND effect IN ('first', 'replaces')
           AND (method = 'code' OR method = 'person'
                OR NOT EXISTS (SELECT 1 FROM reviews v WHERE v.inbound_id = r.inbound_id AND v.kind = 'words' AND v.decision = 'none'))
         ORDER BY id DESC)sql");
    std::optional<StandingRating> standing;
    for (find.bind(1, case_id); find.step();) {
        if (!standing) standing = StandingRating{find.integer(0), parse_grade(find.text(1)).value(), find.instant(2), find.instant(2)};
        // The first of them all, or the oldest that is left of them.
        else standing->first_at = find.text(3) == "first" ? find.instant(2) : std::min(standing->first_at, find.instant(2));
    }
    return standing;
}

std::int64_t record_rating(Connection& db, const NewRating& r, Instant now) {
    auto effect = r.effect;
    if (effect == "first") {
        Statement before(db, "SELECT 1 FROM ratings WHERE case_id = ?1 AND effect = 'first'");
        if (before.bind(1, r.case_id).step() && !standing_rating(db, r.case_id)) effect = "replaces";
    }
    auto id = db.next_id("ratings");
    // A later one is of whoever the first one was of: a case that names somebody else by then moves no score.
    Statement whose(db, "SELECT officer, unit FROM ratings WHERE case_id = ?1 ORDER BY id LIMIT 1");
    Statement named(db, "SELECT CASE WHEN kind LIKE '%!_taker' ESCAPE '!' THEN nullif(call_taker, '') WHEN kind LIKE '%!_unit' ESCAPE '!' OR officer_role = 'auxiliary' THEN NULL ELSE officer END, unit FROM cases WHERE id = ?1");
    bool later = whose.bind(1, r.case_id).step();
    if (!later) named.bind(1, r.case_id).step();
    const auto& of = later ? whose : named;
    Statement add(db, R"sql(
        INSERT INTO ratings(id, case_id, inbound_id, at, grade, value, method, effect, officer, unit) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10))sql");
    add.bind(1, id).bind(2, r.case_id).bind(3, r.inbound_id).bind(4, r.at).bind(5, grade_name(r.grade)).bind(6, r.value).bind(7, r.method);
    add.bind(8, effect).bind(9, of.maybe_text(0)).bind(10, of.text(1)).run();
    append(db, now, "rating", r.case_id, fmt::format(R"({{"id":{},"grade":"{}","effect":"{}","method":"{}"}})", id, grade_name(r.grade), effect, r.method));
    return id;
}

AnsweredCase load_answered_case(Connection& db, std::int64_t case_id) {
    AnsweredCase c;
    Statement read(db, R"sql(
        SELECT unit, safety, recoded_after, EXISTS (SELECT 1 FROM followups WHERE case_id = ?1 AND state <> 'opened'), kind, source, officer FROM cases WHERE id = ?1)sql");
    if (!read.bind(1, case_id).step()) throw SqlError(0, fmt::format("case {} is gone", case_id));
    c.unit = read.text(0);
    c.careful = read.integer(1) == 1 || read.integer(2) == 1;
    c.followup_begun = read.integer(3) == 1;
    c.source = read.text(5), c.attended = !read.is_null(6);
    c.neutral = read.text(4).starts_with("survey_neutral");
    Statement said(db, "SELECT purpose, claimed_at, state FROM messages WHERE case_id = ?1 AND state <> 'cancelled'");
    said.bind(1, case_id);
    while (said.step()) {
        auto purpose = parse_purpose(said.text(0));
        c.clarified = c.clarified || purpose == Purpose::clarify;
        c.thanked = c.thanked || purpose == Purpose::thanks;
        c.helped = c.helped || purpose == Purpose::help;
        bool has_left = !said.is_null(1) && said.view(2) != "due" && said.view(2) != "held" && said.view(2) != "failed";
        if (purpose == Purpose::question) c.questioned = true;
        if (purpose == Purpose::question && has_left) c.questioned_at = said.instant(1);
    }
    return c;
}

Told told_since(Connection& db, std::int64_t phone_id, Instant since) {
    Statement find(db, "SELECT purpose FROM messages WHERE phone_id = ?1 AND made_at >= ?2 AND state <> 'cancelled' AND state <> 'held' AND state <> 'failed'");
    find.bind(1, phone_id).bind(2, since);
    Told told;
    while (find.step()) {
        auto purpose = parse_purpose(find.text(0));
        told.emergency = told.emergency || purpose == Purpose::emergency;
        told.opt_out = told.opt_out || purpose == Purpose::opt_out;
        told.help = told.help || purpose == Purpose::help;
    }
    return told;
}

std::string raise_alarm(Connection& db, Random& random, std::int64_t inbound_id, const std::optional<std::int64_t>& case_id, bool do_not_contact, Instant now) {
    Statement known(db, "SELECT id FROM alarms WHERE inbound_id = ?1");
    if (known.bind(1, inbound_id).step()) return known.text(0);
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
