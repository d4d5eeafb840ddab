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
Situation look(Connection& db, const InboundRow& row, const AnswerRules& rules, Instant now) {
    Situation s;
    s.at = store::written_at(row.at, row.received_at);
    s.mobile = row.phone_id.has_value();
    if (!s.mobile) {
        s.match.how = "no_mobile";
        return s;
    }
    auto phone = *row.phone_id;
    s.replay = store::is_replay(db, row, row.received_at - rules.opt_out_replay);
    s.match = ratings::match(store::sent_surveys_to(db, phone), row.extension, rules.slots, s.at, rules.late_window);
    if (s.match.survey) {
        s.about = store::load_answered_case(db, s.match.survey->case_id);
        s.service = rules.services.of_text(s.match.survey->text_name).value_or(rules.services.of(s.about->source, s.about->attended));
        // Safety follows the phone: another case of this number may say that somebody else reads it.
        s.about->careful = s.about->careful || store::has_safety_hold(db, phone, s.match.survey->case_id, now - rules.safety_hold);
        if (auto standing = store::standing_rating(db, s.match.survey->case_id)) s.before = Before{standing->grade, standing->first_at};
    }
    // Staff answering a test text: no rating, no case; an emergency or an opt-out in it is one all the same. What may be about one of
    // several surveys is for a person.
    else if (s.match.how == "none" && store::answer_canary(db, phone, row.channel, row.id, now - rules.late_window, now)) s.match.how = "canary";
    s.opted_out = store::is_opted_out(db, phone);
    s.told = store::told_since(db, phone, now - rules.confirm_again_after);
    return s;
}

Done write(Connection& db, Random& random, const ReadText& read, const AnswerRules& rules, Instant now) {
    const auto& row = read.row;
    auto situation = look(db, row, rules, now);
    auto scale = rules.services[situation.service].scale;
    const auto& verdict = scale == rules.services[0].scale || !read.other ? read.verdict : *read.other;
    auto decision = decide(verdict, situation, rules);
    std::optional<std::int64_t> case_id;
    if (situation.match.survey) case_id = situation.match.survey->case_id;

    store::Reading reading;
    reading.what = decision.what, reading.case_id = case_id, reading.match = situation.match.how, reading.label = reply::label_text(verdict, scale);
    reading.rating = verdict.rating, reading.method = reply::method_name(verdict.method), reading.confidence = verdict.confidence, reading.why = verdict.why;
    store::record_reading(db, row.id, reading, now);
    metrics::count("answers_total", {{"class", decision.what}});
    if (situation.match.survey) store::lift_to_delivered(db, situation.match.survey->message, "reply", now);

    if (decision.effect) {
        store::NewRating rating{*case_id, row.id, situation.at, *reply::grade_of(verdict, scale), *verdict.rating, reading.method,
                                std::string(effect_name(*decision.effect))};
        auto id = store::record_rating(db, rating, now);
        if (decision.followup) store::open_followup(db, *case_id, id, decision.urgent, false, now, now + rules.call_back);
    }
    if (decision.no_callback) store::note_no_callback(db, *case_id, now);
    if (!decision.topic.empty()) store::keep_topic(db, row.id, *case_id, decision.topic, now);
    if (decision.letter) store::open_letter(db, row.id, now);
    if (decision.suppress) {
        // Whoever has this number did not call: nothing more to him, of whatever kind. A person may take it back, and START does.
        store::record_opt_out(db, *row.phone_id, true, "wrong_number", "", now);
        store::cancel_waiting_surveys_to(db, *row.phone_id, 0, Code::opt_out, now);
    }
    if (!decision.review.empty()) store::open_review(db, decision.review, case_id, row.id, now);
    if (row.phone_id && (decision.opt_out || decision.opt_in)) {
        store::record_opt_out(db, *row.phone_id, decision.opt_out, "sms", "", now);
        if (decision.opt_out) store::cancel_waiting_surveys_to(db, *row.phone_id, 0, Code::opt_out, now);
    }
    Done done;
    if (decision.alarm) {
        auto last = case_id;
        if (!last && row.phone_id) last = store::newest_case_of(db, *row.phone_id);
        auto alarm = store::raise_alarm(db, random, row.id, last, verdict.do_not_contact, now);
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

}  // namespace

// One of them cannot be written: the others must not wait for it. What fails alone is set aside, with its alarm if it is one.
asio::awaitable<Done> Answers::one_by_one(const std::vector<ReadText>& read, std::shared_ptr<const AnswerRules> rules, Instant now) {
    Done all;
    for (const auto& one : read) {
        Done done;
        auto alone = [&](Connection& db) { done = write(db, random_, one, *rules, now); };
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
        all.message = all.message || done.message;
        all.alarm = all.alarm || done.alarm;
    }
    co_return all;
}

asio::awaitable<int> Answers::step() {
    auto find = [](Connection& db) { return store::find_new_texts(db, texts_a_step); };
    auto rows = std::exchange(ahead_, {});
    if (rows.empty()) rows = co_await store_.run(find);
    if (rows.empty()) co_return 0;
    // Reading costs more than writing: here, not on the store's thread.
    std::vector<ReadText> read;
    for (auto& row : rows) {
        auto text = seal_.open(row.sealed_text, store::inbound_text_context(row.id));
        reply::Verdict verdict;
        std::optional<reply::Verdict> other;
        if (text) {
            verdict = reply::read(rules_->services[0].scale, *text);
            if (auto scale = rules_->services.other_scale()) other = reply::read(*scale, *text);
        } else {
            verdict.why = "unreadable", log::error("inbound.unreadable", {{"inbound", row.id}, {"why", text.error().detail}});
        }
        read.emplace_back(std::move(row), std::move(verdict), std::move(other));
    }
    auto now = clock_.now();
    auto rules = rules_;
    Done done;
    std::vector<InboundRow> ahead;  // what comes next, found on the same way
    auto all = [&](Connection& db) {
        done = {};
        for (const auto& one : read) {
            auto d = write(db, random_, one, *rules, now);
            done.message = done.message || d.message;
            done.alarm = done.alarm || d.alarm;
        }
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
    if (poisoned) done = co_await one_by_one(read, rules, now);
    if (done.message && hints_.messages) hints_.messages();
    if (done.alarm && hints_.alarms) hints_.alarms();
    co_return static_cast<int>(read.size());
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
