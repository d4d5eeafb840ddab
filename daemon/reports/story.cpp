#include "daemon/reports/story.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "daemon/core/local_time.hpp"
#include "daemon/reports/render.hpp"
#include "daemon/reports/words.hpp"
#include "daemon/store/appeals.hpp"
#include "daemon/store/followups.hpp"
#include "daemon/store/inbox.hpp"
#include "daemon/store/outbox.hpp"
#include "daemon/store/overrides.hpp"
#include "daemon/store/phones.hpp"
#include "daemon/store/reveals.hpp"
#include "daemon/store/ratings.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::reports {
namespace {

namespace json = boost::json;
using store::Connection;
using store::Statement;

// What was sealed for the row `bound_to`. nullopt: erased, sealed under a key that is lost, or nothing there.
std::optional<Text> open_text(const store::Seal& seal, const std::optional<std::string>& sealed, std::string_view bound_to) {
    if (!sealed) return std::nullopt;
    auto plain = seal.open(*sealed, bound_to);
    return plain ? std::optional(Text(*plain)) : std::nullopt;
}

void read_case(Connection& db, const store::Seal& seal, Story& story, Statement& row) {
    story.case_id = row.integer(0);
    story.id = row.text(1), story.state = row.text(2), story.unit = row.text(3), story.category = row.text(4);
    story.officer = row.maybe_text(5), story.code = row.maybe_text(6);
    if (auto phone_id = row.maybe_integer(7))
        if (auto phone = store::find_phone(db, seal, *phone_id)) story.phone = *phone;
}

void read_decisions(Connection& db, Story& story) {
    Statement versions(db, "SELECT number, version, at, outcome, code FROM case_versions WHERE case_id = ?1 ORDER BY number");
    versions.bind(1, story.case_id);
    while (versions.step())
        story.versions.push_back({versions.integer(0), versions.maybe_integer(1), versions.instant(2), versions.text(3), versions.maybe_text(4)});

    Statement decisions(db, "SELECT at, stage, outcome, code, rule, rules_sha256 FROM decisions WHERE case_id = ?1 ORDER BY id");
    decisions.bind(1, story.case_id);
    while (decisions.step())
        story.decisions.push_back({decisions.instant(0), decisions.text(1), decisions.text(2), decisions.maybe_text(3), decisions.text(4), decisions.text(5)});
}

// What keeps a waiting text back, or nobody could say why it is not gone.
void read_holds(Connection& db, Story& story) {
    auto waits = [](const Story::Message& m) { return m.state == "due"; };
    if (std::none_of(story.messages.begin(), story.messages.end(), waits)) return;
    for (auto& hold : store::active_holds(db)) story.holds.push_back({hold.of, std::move(hold.channel), hold.at});
}

void read_messages(Connection& db, const store::Seal& seal, Story& story, bool texts) {
    Statement messages(db, "SELECT id, ref, purpose, state, channel, code, made_at, due_at, text, attempt, claimed_at FROM messages WHERE case_id = ?1 ORDER BY id");
    messages.bind(1, story.case_id);
    while (messages.step()) {
        Story::Message m;
        m.id = messages.integer(0);
        m.ref = messages.text(1), m.purpose = messages.text(2), m.state = messages.text(3);
        m.channel = messages.maybe_text(4), m.code = messages.maybe_text(5);
        m.made_at = messages.instant(6), m.due_at = messages.instant(7);
        if (texts) m.text = open_text(seal, messages.maybe_text(8), store::message_text_context(m.ref));

        Statement attempts(db, "SELECT attempt, channel, claimed_at, settled_at, outcome, detail FROM attempts WHERE message_id = ?1 ORDER BY attempt");
        attempts.bind(1, m.id);
        while (attempts.step())
            m.attempts.push_back({attempts.integer(0), attempts.text(1), attempts.instant(2), attempts.maybe_instant(3), attempts.maybe_text(4),
                                  attempts.maybe_text(5)});
        // Its row is written when it has ended.
        if (auto number = messages.integer(9); m.state == "sending" && (m.attempts.empty() || m.attempts.back().number != number))
            m.attempts.push_back({number, m.channel.value_or(""), messages.instant(10), std::nullopt, std::nullopt, std::nullopt});

        Statement receipts(db, "SELECT received_at, state, code, meaning FROM receipts WHERE message_id = ?1 ORDER BY id");
        receipts.bind(1, m.id);
        // Earlier versions kept what is no mobile number as it came.
        while (receipts.step()) m.receipts.push_back({receipts.instant(0), receipts.text(1), hide_phones(receipts.text(2)), receipts.text(3)});
        story.messages.push_back(std::move(m));
    }
}

std::vector<Story::Review> read_reviews(Connection& db, const store::Seal& seal, std::int64_t inbound, bool texts) {
    std::vector<Story::Review> out;
    Statement ids(db, "SELECT id FROM reviews WHERE inbound_id = ?1 ORDER BY id");
    ids.bind(1, inbound);
    while (ids.step()) {
        auto review = store::find_review(db, seal, ids.integer(0));
        if (!texts && review->decided) review->decided->note.reset();
        out.push_back({review->id, review->kind, review->at, std::move(review->decided)});
    }
    return out;
}

std::vector<Story::RatingRow> read_ratings(Connection& db, std::int64_t case_id, std::int64_t inbound) {
    std::vector<Story::RatingRow> out;
    Statement rows(db, "SELECT grade, method, effect, unit, value, officer FROM ratings WHERE case_id = ?1 AND inbound_id = ?2 ORDER BY id");
    rows.bind(1, case_id).bind(2, inbound);
    while (rows.step()) out.push_back({rows.text(0), rows.text(1), rows.text(2), rows.text(3), rows.integer(4), rows.maybe_text(5)});
    return out;
}

void read_answers(Connection& db, const store::Seal& seal, Story& story, bool texts) {
    Statement inbound(db, "SELECT id, received_at, class, label, why, match, text FROM inbound WHERE case_id = ?1 ORDER BY id");
    inbound.bind(1, story.case_id);
    while (inbound.step()) {
        Story::Inbound heard;
        heard.at = inbound.instant(1);
        heard.kind = inbound.maybe_text(2), heard.verdict = inbound.maybe_text(3), heard.why = inbound.maybe_text(4), heard.match = inbound.maybe_text(5);
        if (texts) heard.text = open_text(seal, inbound.maybe_text(6), store::inbound_text_context(inbound.integer(0)));
        heard.reviews = read_reviews(db, seal, inbound.integer(0), texts);
        heard.ratings = read_ratings(db, story.case_id, inbound.integer(0));
        for (auto& r : store::text_reveals_of(db, seal, inbound.integer(0)))
            heard.reveals.push_back({r.at, std::move(r.who), texts && !r.reason.empty() ? std::optional(Text(hide_mobiles(r.reason))) : std::nullopt});
        story.inbound.push_back(std::move(heard));
    }

    auto standing = store::standing_rating(db, story.case_id);
    if (!standing) return;
    Statement rating(db, R"sql(
        SELECT r.at, r.grade, r.method, r.value, r.officer, r.unit, c.recoded_after,
               r.method = 'person' OR EXISTS (SELECT 1 FROM reviews v
                        WHERE v.case_id = c.id AND v.kind = 'words' AND v.closed_at IS NOT NULL AND v.decision = 'confirmed'
                          AND (v.inbound_id IS NULL OR r.inbound_id IS NULL OR v.inbound_id = r.inbound_id))
          FROM ratings r JOIN cases c ON c.id = r.case_id WHERE r.id = ?1)sql");
    if (!rating.bind(1, standing->id).step()) return;
    story.rating = Story::Rating{rating.instant(0), rating.text(1), rating.text(2), rating.integer(3), rating.maybe_text(4), rating.text(5),
                                 rating.integer(7) != 0, rating.integer(6) == 0};
}

// What was found and ordered, and by which way the caller was told, as the ledger's line says.
void read_work(Connection& db, const store::Seal& seal, Story::Followup& f, std::int64_t case_id, std::int64_t id, bool texts) {
    Statement work(db, "SELECT coalesce(finding, ''), coalesce(topic, ''), coalesce(ordered_unit, '') FROM followup_work WHERE followup_id = ?1");
    if (work.bind(1, id).step()) f.finding = work.text(0), f.topic = work.text(1), f.ordered_unit = work.text(2);
    Statement second(db, "SELECT grade FROM ratings WHERE case_id = ?1 AND effect = 'second' ORDER BY id DESC LIMIT 1");
    if (second.bind(1, case_id).step()) f.second = second.text(0);
    Statement told(db, "SELECT data FROM ledger WHERE case_id = ?1 AND kind = 'followup_step' ORDER BY seq DESC");
    for (told.bind(1, case_id); told.step() && f.told.empty();) {
        boost::system::error_code broken;
        auto data = json::parse(told.text(0), broken);
        if (const auto* line = data.if_object(); line && line->contains("how") && line->at("how").is_string()) f.told = std::string(line->at("how").as_string());
    }
    for (auto& reveal : store::reveals_of(db, seal, id)) f.reveals.push_back({reveal.at, std::move(reveal.who), texts ? std::optional(Text(hide_mobiles(reveal.reason))) : std::nullopt});
    if (!texts) return;
    auto words = store::followup_words(db, seal, id);
    if (!words.place.empty()) f.place = Text(words.place);
    if (!words.ordered_to.empty()) f.ordered_to = Text(words.ordered_to);
}

void read_alarms(Connection& db, const store::Seal& seal, Story& story, bool texts) {
    Statement rows(db, R"sql(
        SELECT a.id, a.at, a.do_not_contact, a.received_at, a.escalated_at, a.acknowledged_at, coalesce(a.acknowledged_by, ''), w.words
          FROM alarms a LEFT JOIN alarm_words w ON w.alarm_id = a.id WHERE a.case_id = ?1 ORDER BY a.at, a.id)sql");
    for (rows.bind(1, story.case_id); rows.step();) {
        Story::Alarm alarm{rows.instant(1), rows.integer(2) == 1, rows.maybe_instant(3), rows.maybe_instant(4), rows.maybe_instant(5), rows.text(6)};
        if (texts) alarm.words = open_text(seal, rows.maybe_text(7), fmt::format("alarm_words.words:{}", rows.text(0)));
        story.alarms.push_back(std::move(alarm));
    }
}

void read_followup(Connection& db, const store::Seal& seal, Story& story, bool texts) {
    Statement find(db, "SELECT id, state, opened_at, due_at, urgent, no_callback FROM followups WHERE case_id = ?1");
    if (!find.bind(1, story.case_id).step()) return;
    story.followup = Story::Followup{find.text(1), find.instant(2), find.instant(3), find.integer(4) != 0, find.integer(5) != 0};
    read_work(db, seal, *story.followup, story.case_id, find.integer(0), texts);
    Statement steps(db, "SELECT id, at, who, state, note FROM followup_steps WHERE followup_id = ?1 ORDER BY id");
    steps.bind(1, find.integer(0));
    while (steps.step()) {
        Story::FollowupStep step{steps.instant(1), steps.text(2), steps.text(3)};
        if (texts) step.note = open_text(seal, steps.maybe_text(4), fmt::format("followup_steps:{}", steps.integer(0)));
        if (step.note) step.note = Text(hide_mobiles(step.note->reveal()));
        story.followup->steps.push_back(std::move(step));
    }
}

// Whether the rating counts, too: not while the appeal is open, and not if it was upheld about this very rating.
void read_appeal(Connection& db, const store::Seal& seal, Story& story, bool texts) {
    Statement find(db, R"sql(
        SELECT id, ground, CASE WHEN w.at IS NULL THEN state ELSE 'withdrawn' END, badge || unit, filed_at, due_at, proposed, rating_id
          FROM appeals a LEFT JOIN appeal_withdrawals w ON w.appeal_id = a.id WHERE case_id = ?1)sql");
    if (!find.bind(1, story.case_id).step()) return;
    story.appeal = Story::Appeal{find.integer(0), find.text(1), find.text(2), find.text(3), find.instant(4), find.instant(5), find.maybe_text(6)};
    auto state = parse_appeal_state(story.appeal->state).value_or(AppealState::filed);
    bool upheld = state == AppealState::upheld, open = !is_settled(state);
    auto standing = store::standing_rating(db, story.case_id);
    if (story.rating && standing && (open || (upheld && standing->id <= find.integer(7)))) story.rating->counts = false;
    Statement steps(db, "SELECT id, at, who, step, note FROM appeal_steps WHERE appeal_id = ?1 ORDER BY id");
    steps.bind(1, story.appeal->id);
    while (steps.step()) {
        Story::FollowupStep step{steps.instant(1), steps.text(2), steps.text(3)};
        if (texts) step.note = open_text(seal, steps.maybe_text(4), store::appeal_note_context(steps.integer(0)));
        story.appeal->steps.push_back(std::move(step));
    }
}

json::value word(const std::optional<std::string>& text) { return text ? json::value(*text) : json::value(); }

json::object with_text(json::object object, const std::optional<Text>& text, const char* key = "text") {
    if (text) object[key] = text->reveal();
    return object;
}

template <class Time> json::array reviews_json(const std::vector<Story::Review>& reviews, const Time& time) {
    json::array out;
    for (const auto& r : reviews) {
        json::object review{{"id", r.id}, {"kind", r.kind}, {"at", time(r.at)}, {"decided", nullptr}};
        if (const auto& d = r.decided)
            review["decided"] = with_text(json::object{{"at", time(d->at)}, {"by", d->by}, {"decision", d->decision}, {"grade", word(d->grade)}}, d->note, "note");
        out.push_back(std::move(review));
    }
    return out;
}

}  // namespace

std::optional<std::string> what_settles(const Story::Message& message, const EvidenceOf& evidence) {
    bool unknown = message.state == "unknown";
    if (message.state != "in_doubt" && !unknown) return std::nullopt;
    auto channel = evidence.find(message.channel.value_or(""));
    // The daemon that sent it is gone, and with it whoever would hear a late response.
    bool cut_off = unknown || (!message.attempts.empty() && message.attempts.back().detail.value_or("").starts_with("stopped while"));
    auto out = channel == evidence.end() ? std::string("nothing by itself, for its channel is not configured any more: only the carrier's people can say")
               : cut_off                 ? channel->second.cut_off
                                         : channel->second.waiting;
    if (unknown) out += "; nothing came in its time";
    if (message.purpose == "survey") out += "; or a person who accepts that it may arrive twice: pingjing resend CASE --accept-possible-double";
    return out;
}

Result<Story> read_story(Connection& db, const store::Seal& seal, std::string_view record, bool texts) {
    store::Snapshot snapshot(db);
    Story story;
    Statement find(db, "SELECT id, record, state, unit, category, officer, code, phone_id FROM cases WHERE record = ?1");
    if (!find.bind(1, record).step()) return fail(Error::Kind::not_found, "no call of this number is known");
    read_case(db, seal, story, find);
    read_decisions(db, story);
    read_messages(db, seal, story, texts);
    read_holds(db, story);
    read_answers(db, seal, story, texts);
    read_followup(db, seal, story, texts);
    read_alarms(db, seal, story, texts);
    read_appeal(db, seal, story, texts);
    for (auto& o : store::overrides_of(db, seal, story.case_id))
        story.by_hand.push_back({o.at, std::move(o.what), std::move(o.who), texts && o.reason ? std::optional(Text(hide_mobiles(*o.reason))) : std::nullopt});
    Statement left(db, "SELECT left_at FROM writeback WHERE case_id = ?1 AND left_at IS NOT NULL ORDER BY id");
    for (left.bind(1, story.case_id); left.step();) story.written_back.push_back(left.instant(0));
    Statement events(db, "SELECT seq, at, kind, data FROM ledger WHERE case_id = ?1 ORDER BY seq");
    events.bind(1, story.case_id);
    while (events.step()) story.events.push_back({events.integer(0), events.instant(1), events.text(2), events.text(3)});
    return story;
}

std::string story_json(const Story& story, const std::string& zone, const EvidenceOf& evidence) {
    auto time = [&](Instant t) { return json::value(format_local(t, zone)); };
    auto maybe_time = [&](const std::optional<Instant>& t) { return t ? time(*t) : json::value(); };
    json::object out;
    out["id"] = story.id;
    out["phone"] = story.phone ? json::value(story.phone->masked()) : json::value();

    auto& versions = out["versions"].emplace_array();
    for (const auto& v : story.versions) {
        json::value number = v.version ? json::value(*v.version) : json::value();
        versions.push_back(json::object{{"number", v.number}, {"version", number}, {"at", time(v.at)}, {"outcome", v.outcome}, {"code", word(v.code)}});
    }
    auto& decisions = out["decisions"].emplace_array();
    for (const auto& d : story.decisions)
        decisions.push_back(json::object{{"at", time(d.at)}, {"outcome", d.outcome}, {"code", word(d.code)}, {"rule", d.rule}, {"rules_sha256", d.rules_sha256}});

    auto& messages = out["messages"].emplace_array();
    for (const auto& m : story.messages) {
        json::array attempts, receipts;
        for (const auto& a : m.attempts)
            attempts.push_back(json::object{{"attempt", a.number}, {"channel", a.channel}, {"claimed_at", time(a.claimed_at)},
                                            {"settled_at", maybe_time(a.settled_at)}, {"outcome", word(a.outcome)}, {"detail", word(a.detail)}});
        for (const auto& r : m.receipts)
            receipts.push_back(json::object{{"at", time(r.at)}, {"state", r.state}, {"code", r.code}, {"meaning", r.meaning}});
        json::object message{{"ref", m.ref}, {"purpose", m.purpose}, {"state", m.state}, {"channel", word(m.channel)}, {"attempts", attempts}, {"receipts", receipts}};
        if (auto settles = what_settles(m, evidence)) message["settled_by"] = *settles;
        if (m.state == "due") message["due_at"] = time(m.due_at);
        messages.push_back(with_text(std::move(message), m.text));
    }
    if (!story.holds.empty()) {
        auto& holds = out["holds"].emplace_array();
        for (const auto& h : story.holds) holds.push_back(json::object{{"of", h.of}, {"channel", word(h.channel)}, {"since", time(h.since)}});
    }
    auto& inbound = out["inbound"].emplace_array();
    for (const auto& i : story.inbound) {
        json::object heard{{"at", time(i.at)}, {"kind", word(i.kind)}, {"verdict", word(i.verdict)}, {"why", word(i.why)}, {"match", word(i.match)}};
        // Beside the contract, and only where there is something to decide.
        if (!i.reviews.empty()) heard["reviews"] = reviews_json(i.reviews, time);
        inbound.push_back(with_text(std::move(heard), i.text));
    }

    out["rating"] = nullptr;
    if (const auto& r = story.rating)
        out["rating"] = json::object{{"at", time(r->at)}, {"grade", r->grade}, {"value", r->value}, {"method", r->method}, {"officer", word(r->officer)},
                                     {"unit", r->unit}, {"confirmed", r->confirmed}, {"counts", r->counts}};
    out["followup"] = nullptr;
    if (const auto& f = story.followup) {
        json::array steps;
        for (const auto& s : f->steps)
            steps.push_back(with_text(json::object{{"at", time(s.at)}, {"who", s.who}, {"state", s.state}}, s.note, "note"));
        json::object followup{{"state", f->state}, {"opened_at", time(f->opened_at)}, {"due_at", time(f->due_at)}, {"urgent", f->urgent}, {"no_callback", f->no_callback}, {"steps", steps}};
        // Beside the contract, and only where it is known.
        for (const auto& [key, value] : {std::pair("finding", f->finding), std::pair("topic", f->topic), std::pair("ordered_unit", f->ordered_unit), std::pair("told", f->told)})
            if (!value.empty()) followup[key] = value;
        if (f->second) followup["second"] = *f->second;
        followup = with_text(with_text(std::move(followup), f->place, "place"), f->ordered_to, "ordered_to");
        out["followup"] = std::move(followup);
    }
    // Beside the contract, and only where there is one.
    if (const auto& a = story.appeal) {
        json::array steps;
        for (const auto& s : a->steps) steps.push_back(with_text(json::object{{"at", time(s.at)}, {"who", s.who}, {"state", s.state}}, s.note, "note"));
        out["appeal"] = json::object{{"id", a->id}, {"ground", a->ground}, {"by", a->by}, {"state", a->state}, {"filed_at", time(a->filed_at)}, {"due_at", time(a->due_at)},
                                     {"proposed", word(a->proposed)}, {"steps", steps}};
    }
    // Beside the contract, and only where somebody did something.
    if (!story.by_hand.empty()) {
        auto& all = out["by_hand"].emplace_array();
        for (const auto& o : story.by_hand) all.push_back(with_text(json::object{{"at", time(o.at)}, {"what", o.what}, {"who", o.who}}, o.reason, "reason"));
    }
    // Beside the contract, and only where something left.
    if (!story.written_back.empty()) {
        auto& left = out["written_back"].emplace_array();
        for (auto at : story.written_back) left.push_back(time(at));
    }
    auto& events = out["events"].emplace_array();
    for (const auto& e : story.events) {
        boost::system::error_code broken;
        auto data = json::parse(e.data, broken);
        events.push_back(json::object{{"seq", e.seq}, {"at", time(e.at)}, {"kind", e.kind}, {"data", broken ? json::value(e.data) : data}});
    }
    return json::serialize(out) + "\n";
}

}  // namespace pingjing::reports
