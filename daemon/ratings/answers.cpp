#include "daemon/ratings/answers.hpp"

#include <fmt/format.h>

#include <utility>

#include "daemon/log/log.hpp"
#include "daemon/log/metrics.hpp"
#include "daemon/store/canaries.hpp"
#include "daemon/store/cases.hpp"
#include "daemon/store/followups.hpp"
#include "daemon/store/inbox.hpp"
#include "daemon/store/letters.hpp"
#include "daemon/store/outbox.hpp"
#include "daemon/store/phones.hpp"
#include "daemon/store/receipts.hpp"

namespace pingjing::ratings {
namespace {

using store::Connection;
using store::InboundRow;

constexpr int texts_a_step = 512;

// Who was ever told how it stands with our texts is not told again. An emergency answer rather comes twice.
store::Told told_in_doubt(Connection& db, std::int64_t phone_id, store::Told by_the_clock) {
    auto ever = store::texts_to(db, phone_id, Instant{}).told;
    return {by_the_clock.emergency, ever.opt_out, ever.help};
}

// The survey that it may answer, and what was said to its number since.
store::TextsTo find_survey(Connection& db, const InboundRow& row, const AnswerRules& rules, Situation& s, Instant now) {
    s.at = store::written_at(row.at, row.received_at);
    s.mobile = row.phone_id.has_value();
    if (!s.mobile) {
        s.match.how = "no_mobile";
        return {};
    }
    auto texts = store::texts_to(db, *row.phone_id, now - rules.confirm_again_after);
    // By a clock that was set just now nobody knows when he wrote, nor how long ago he was told.
    bool in_doubt = store::is_clock_held(db);
    if (in_doubt) texts.told = told_in_doubt(db, *row.phone_id, texts.told);
    s.match = ratings::match(texts.surveys, row.extension, rules.slots, s.at, rules.late_window, in_doubt);
    if (in_doubt && s.match.survey && !s.match.late) s.at = within_window(*s.match.survey, s.at);
    if (s.match.survey) s.scale = store::scale_of_survey(db, s.match.survey->message);
    return texts;
}

// Since then we have sent this number a letter's answer or a notice, and nothing else after that.
bool was_told_otherwise(const std::vector<store::CaseText>& texts, Instant since) {
    const store::CaseText* last = nullptr;
    for (const auto& text : texts) {
        using enum MessageState;
        bool left = text.claimed_at && *text.claimed_at >= since && text.state != due && text.state != held && text.state != failed && text.state != not_sent;
        if (left && (!last || *text.claimed_at >= *last->claimed_at)) last = &text;
    }
    return last && (last->purpose == Purpose::letter || last->purpose == Purpose::notice);
}

Situation look(Connection& db, const InboundRow& row, const AnswerRules& rules, Situation s, const store::TextsTo& texts, Instant now) {
    if (!s.mobile) return s;
    auto phone = *row.phone_id;
    s.replay = store::is_replay(db, row, row.received_at - rules.opt_out_replay);
    if (s.match.survey) {
        s.about = store::load_answered_case(db, s.match.survey->case_id, texts.all);
        s.service = rules.services.of_text(s.match.survey->text_name).value_or(rules.services.of(s.about->source, s.about->attended));
        s.other_text = s.match.how != "slot" && was_told_otherwise(texts.all, s.match.survey->claimed_at);
        // Safety follows the phone: another case of this number may say that somebody else reads it.
        auto stands = store::standing_of(db, phone, s.match.survey->case_id, now - rules.safety_hold);
        s.about->careful = s.about->careful || stands.safety_hold;
        s.opted_out = stands.opted_out;
        auto rated = store::rated_so_far(db, s.match.survey->case_id);
        s.rated_before = rated.at_all;
        if (rated.standing) s.before = Before{rated.standing->grade, rated.standing->first_at};
    }
    // Staff answering a test text: no rating, no case; an emergency or an opt-out in it is one all the same. What may be about one of
    // several surveys is for a person.
    else if (s.match.how == "none" && store::answer_canary(db, phone, row.channel, row.id, now - rules.late_window, now)) s.match.how = "canary";
    if (!s.match.survey) s.opted_out = store::is_opted_out(db, phone);
    s.told = texts.told;
    return s;
}

// As it was read already, or once more where the site asks on that scale no longer.
bool is_read_on(Scale scale, const AnswerRules& rules) { return scale == rules.services[0].scale || scale == rules.services.other_scale(); }
reply::Verdict verdict_on(Scale scale, const ReadText& read, const AnswerRules& rules, const store::Seal& seal) {
    if (scale == rules.services[0].scale) return read.verdict;
    if (read.other && rules.services.other_scale() == scale) return *read.other;
    auto text = seal.open(read.row.sealed_text, store::inbound_text_context(read.row.id));
    return text ? reply::read(scale, *text) : read.verdict;
}

// Words to the bare number answer what we said last, and that was something else. Which it was a person says; a digit can only be the survey's.
Situation of_words_after_another_text(Situation s) {
    s.match.survey.reset(), s.match.late = false, s.match.how = "other_text";
    s.about.reset(), s.before.reset(), s.scale.reset(), s.service = 0;
    return s;
}

// What is to be written of a text.
struct Answer {
    Situation situation{};
    Decision decision{};
    store::Reading reading{};
    std::optional<Grade> grade{};
    bool do_not_contact = false;
    std::optional<std::int64_t> case_id() const { return reading.case_id; }
};

Answer answer_to(const ReadText& read, Situation situation, const AnswerRules& rules, const store::Seal& seal) {
    auto scale = situation.scale_of(rules.services);
    auto verdict = verdict_on(scale, read, rules, seal);
    bool command = verdict.label == reply::Label::opt_out || verdict.label == reply::Label::help || verdict.opt_in || verdict.no_callback;
    if (situation.other_text && verdict.method != reply::Method::code && !command) {
        situation = of_words_after_another_text(std::move(situation));
        scale = rules.services[0].scale, verdict = read.verdict;
    }
    Answer a;
    a.situation = std::move(situation);
    a.decision = decide(verdict, a.situation, rules);
    a.grade = reply::grade_of(verdict, scale);
    a.do_not_contact = verdict.do_not_contact;
    auto& r = a.reading;
    if (a.situation.match.survey) r.case_id = a.situation.match.survey->case_id;
    r.what = a.decision.what, r.match = a.situation.match.how, r.label = reply::label_text(verdict, scale);
    r.rating = verdict.rating, r.method = reply::method_name(verdict.method), r.confidence = verdict.confidence, r.why = verdict.why;
    return a;
}

// Everything that follows from a text whose reading is written.
Done follow(Connection& db, Random& random, const ReadText& read, const Answer& answer, const AnswerRules& rules, Instant now) {
    const auto& row = read.row;
    const auto& situation = answer.situation;
    const auto& decision = answer.decision;
    auto case_id = answer.case_id();
    if (const auto& survey = situation.match.survey; survey && survey->state != MessageState::delivered) store::lift_to_delivered(db, survey->message, "reply", now);

    if (decision.effect) {
        store::NewRating rating{*case_id, row.id, situation.at, *answer.grade, *answer.reading.rating, answer.reading.method, std::string(effect_name(*decision.effect))};
        if (!situation.rated_before) rating.oldest_of = situation.about->rates;
        auto id = store::record_rating(db, rating, now);
        if (decision.followup) store::open_followup(db, *case_id, id, decision.urgent, false, now, now + rules.call_back);
    } else if (decision.followup) {
        store::open_followup(db, *case_id, std::nullopt, decision.urgent, false, now, now + rules.call_back);
    }
    if (decision.no_callback) store::note_no_callback(db, *case_id, now);
    if (!decision.topic.empty()) store::keep_topic(db, row.id, *case_id, decision.topic, now);
    if (decision.letter) store::open_letter(db, row.id, now);
    if (decision.suppress) {
        // Whoever has this number did not call: nothing more to him, of whatever kind. A person may take it back, and START does.
        store::record_opt_out(db, *row.phone_id, true, "wrong_number", "", now);
        store::cancel_waiting_surveys_to(db, *row.phone_id, 0, Code::opt_out, now);
    }
    // Whoever looks at words that nobody knows reads all that came with them: an answering machine speaks more than once.
    bool is_looked_at = decision.review == "unknown_words" && case_id && store::waits_for_review(db, *case_id, decision.review);
    if (!decision.review.empty() && !is_looked_at) store::open_review(db, decision.review, case_id, row.id, now);
    if (row.phone_id && (decision.opt_out || decision.opt_in)) {
        store::record_opt_out(db, *row.phone_id, decision.opt_out, "sms", "", now);
        if (decision.opt_out) store::cancel_waiting_surveys_to(db, *row.phone_id, 0, Code::opt_out, now);
    }
    Done done;
    done.classes.push_back(decision.what);
    if (decision.alarm) {
        auto last = case_id;
        if (!last && row.phone_id) last = store::newest_case_of(db, *row.phone_id);
        auto alarm = store::raise_alarm(db, random, row.id, last, answer.do_not_contact, now);
        log::warn("alarm.raised", {{"alarm", alarm}});
        done.alarm = true;
    }
    // An answer that comes hours later answers nothing.
    if (decision.say && now - row.received_at > rules.answer_within) {
        // Nobody asks again what was meant: then a person looks.
        if (decision.say->purpose == Purpose::clarify) store::open_review(db, "ambiguous", case_id, row.id, now);
        return done;
    }
    if (!decision.say && !decision.ask) return done;
    store::NewMessage message;
    message.case_id = case_id, message.inbound_id = row.id, message.phone_id = *row.phone_id, message.channel = row.channel;
    if (situation.match.survey && rules.slots > 1) message.slot = situation.match.survey->slot;
    message.due_at = now, message.stale_at = row.received_at + rules.answer_within;
    auto plan = [&](Purpose purpose, const std::string& text_name) {
        message.purpose = purpose, message.text_name = text_name;
        store::plan_message(db, random, message, now);
    };
    if (decision.say) plan(decision.say->purpose, decision.say->text_name);
    if (decision.ask && now - row.received_at <= rules.answer_within) plan(Purpose::question, "question");
    done.message = true;
    return done;
}

Done write(Connection& db, Random& random, const store::Seal& seal, const ReadText& read, const AnswerRules& rules, Instant now) {
    Situation found;
    auto texts = find_survey(db, read.row, rules, found, now);
    auto answer = answer_to(read, look(db, read.row, rules, std::move(found), texts, now), rules, seal);
    store::record_reading(db, read.row.id, answer.reading, now);
    return follow(db, random, read, answer, rules, now);
}

bool is_emergency(const ReadText& read) { return read.verdict.emergency || (read.other && read.other->emergency); }

void merge(Done& all, const Done& one) {
    all.message = all.message || one.message;
    all.alarm = all.alarm || one.alarm;
    all.classes.insert(all.classes.end(), one.classes.begin(), one.classes.end());
}

void count(const Done& done) {
    for (const auto& name : done.classes) metrics::count("answers_total", {{"class", name}});
}

}  // namespace

ReadText Answers::read(InboundRow row, std::string_view text) const {
    auto verdict = reply::read(rules_->services[0].scale, text);
    std::optional<reply::Verdict> other;
    if (auto scale = rules_->services.other_scale()) other = reply::read(*scale, text);
    return {std::move(row), std::move(verdict), std::move(other)};
}

// Only what answers one survey and nothing else: it is rated where it is kept.
class Answers::AtTheDoor final : public store::ReadTexts {
public:
    explicit AtTheDoor(Answers& answers) : answers_(answers), rules_(answers.rules_) {}

    void read(const store::NewText& text) override { read_.push_back(answers_.read({}, text.text.reveal())); }

    void begin(Connection& db) override {
        done_ = {};
        behind_ = store::any_new_texts(db);
    }

    Kept keep(Connection& db, std::size_t n, std::string_view channel, const store::NewText& text, const std::optional<std::int64_t>& body_id, Instant now) override {
        auto& read = read_[n];
        read.row = store::begin_text(db, answers_.seal_, channel, text, now);
        Situation found;
        store::TextsTo texts;
        if (!is_emergency(read) && !is_behind(db, read.row)) texts = find_survey(db, read.row, *rules_, found, now);
        // What the site does not ask on any more is read again where the text is opened.
        if (found.match.survey && found.scale && !is_read_on(*found.scale, *rules_)) found.match.survey.reset();
        if (!found.match.survey) {
            bool is_new = store::keep_text_as(db, answers_.seal_, read.row, text, body_id, std::nullopt);
            behind_ = behind_ || is_new;
            return is_new ? Kept::waits : Kept::repeated;
        }
        auto answer = answer_to(read, look(db, read.row, *rules_, std::move(found), texts, now), *rules_, answers_.seal_);
        if (!store::keep_text_as(db, answers_.seal_, read.row, text, body_id, answer.reading)) return Kept::repeated;
        merge(done_, follow(db, answers_.random_, read, answer, *rules_, now));
        return Kept::settled;
    }

    void kept() override {
        count(done_);
        if (done_.message && answers_.hints_.messages) answers_.hints_.messages();
        if (done_.alarm && answers_.hints_.alarms) answers_.hints_.alarms();
    }

private:
    // A text of the same number waits, and is not overtaken. What comes of a text is its number's and its survey's alone, so that no other keeps it.
    bool is_behind(Connection& db, const InboundRow& row) const { return behind_ && row.phone_id && store::any_new_text_of(db, *row.phone_id); }

    Answers& answers_;
    std::shared_ptr<const AnswerRules> rules_;
    std::vector<ReadText> read_{};
    bool behind_ = false;  // some text waits
    Done done_{};
};

std::unique_ptr<store::ReadTexts> Answers::at_the_door() { return std::make_unique<AtTheDoor>(*this); }

// One of them cannot be written: the others must not wait for it. What fails alone is set aside, with its alarm if it is one.
asio::awaitable<Done> Answers::one_by_one(const std::vector<ReadText>& read, std::shared_ptr<const AnswerRules> rules, Instant now) {
    Done all;
    for (const auto& one : read) {
        Done done;
        auto alone = [&](Connection& db) { done = write(db, random_, seal_, one, *rules, now); };
        std::string why;
        try {
            co_await store_.run(std::ref(alone));
        } catch (const store::SqlError& error) {
            if (!error.is_refusal()) throw;
            why = error.what();
        }
        if (!why.empty()) {
            log::error("inbound.set_aside", {{"inbound", one.row.id}, {"why", why}});
            auto aside = [&](Connection& db) {
                store::Reading reading;
                reading.what = "quarantined", reading.why = "could not be written";
                store::record_reading(db, one.row.id, reading, now);
                store::open_review(db, "set_aside", std::nullopt, one.row.id, now);
                if (one.verdict.emergency) store::raise_alarm(db, random_, one.row.id, std::nullopt, one.verdict.do_not_contact, now), done.alarm = true;
            };
            co_await store_.run(std::ref(aside));
        }
        merge(all, done);
    }
    co_return all;
}

asio::awaitable<int> Answers::step() {
    auto find = [](Connection& db) { return store::find_new_texts(db, texts_a_step); };
    auto rows = std::exchange(ahead_, {});
    if (rows.empty()) rows = co_await store_.run(find);
    if (rows.empty()) co_return 0;
    // Reading costs more than writing: here, not on the store's thread.
    std::vector<ReadText> all_read;
    for (auto& row : rows) {
        auto text = seal_.open(row.sealed_text, store::inbound_text_context(row.id));
        if (text) {
            all_read.push_back(read(std::move(row), *text));
            continue;
        }
        log::error("inbound.unreadable", {{"inbound", row.id}, {"why", text.error().detail}});
        reply::Verdict unreadable;
        unreadable.why = "unreadable";
        all_read.emplace_back(std::move(row), std::move(unreadable), std::nullopt);
    }
    auto now = clock_.now();
    auto rules = rules_;
    Done done;
    std::vector<InboundRow> ahead;  // what comes next, found on the same way
    auto all = [&](Connection& db) {
        done = {};
        for (const auto& one : all_read) merge(done, write(db, random_, seal_, one, *rules, now));
        ahead = find(db);
    };
    bool poisoned = false;
    try {
        co_await store_.run(std::ref(all));
        ahead_ = std::move(ahead);
    } catch (const store::SqlError& error) {
        if (!error.is_refusal()) throw;
        poisoned = true;
    }
    if (poisoned) done = co_await one_by_one(all_read, rules, now);
    count(done);
    if (done.message && hints_.messages) hints_.messages();
    if (done.alarm && hints_.alarms) hints_.alarms();
    co_return static_cast<int>(all_read.size());
}

asio::awaitable<int> Answers::finish() {
    int all = 0;
    try {
        while (int done = co_await step()) all += done;
    } catch (const std::exception& error) {
        log::error("answers.unfinished", {{"why", error.what()}});  // they stand as new, and are read at the next start
    }
    co_return all;
}

asio::awaitable<void> Answers::run() {
    for (;;) {
        int done = 0;
        bool broken = false;
        try {
            done = co_await step();
        } catch (const boost::system::system_error&) {
            throw;  // told to stop
        } catch (const std::exception& error) {
            log::error("answers.failed", {{"why", error.what()}});
            broken = true;
        }
        if (broken) co_await sleep_for(std::chrono::seconds(1));
        else if (ahead_.empty() && done < texts_a_step) co_await more_.wait(look_every_);
    }
}

}  // namespace pingjing::ratings
