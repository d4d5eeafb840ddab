#include "daemon/outbox/claims.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <tuple>

#include "daemon/store/canaries.hpp"
#include "daemon/store/inbox.hpp"
#include "daemon/store/letters.hpp"
#include "daemon/store/notices.hpp"
#include "daemon/store/phones.hpp"
#include "daemon/text/segments.hpp"

namespace pingjing::outbox {
namespace {

using store::Connection;
using store::DueRow;

// The site's folder for what a 110 system calls a language: "EN", "en_GB" are "en" where there is no folder of their own.
std::string folder_of(const Policy& policy, const std::string& language) {
    auto plain = [](std::string tag) {
        std::ranges::transform(tag, tag.begin(), [](unsigned char c) { return c == '_' ? '-' : static_cast<char>(std::tolower(c)); });
        return tag;
    };
    const auto wanted = plain(language), without_region = wanted.substr(0, wanted.find('-'));
    std::string nearest = language;
    for (const auto& [folder, texts] : policy.texts_of) {
        if (plain(folder) == wanted) return folder;
        if (plain(folder) == without_region) nearest = folder;
    }
    return nearest;
}

constexpr Millis look_again = std::chrono::seconds(5);      // at a phone with a message under way
constexpr Millis doubt_pause = std::chrono::minutes(1), longest_doubt_pause = std::chrono::minutes(10);  // the same for what is in no hurry
constexpr Millis least_validity = std::chrono::minutes(5);
constexpr int rows_a_look = 512, rows_a_sweep = 256, careful_rows_a_look = 64;  // inside a savepoint every statement costs what all before it changed

// Each carrier has its own codings: what one takes in a single message another cuts in two.
int count_parts(const ChannelRules& rules, const std::string& text) {
    if (rules.parts_of) return rules.parts_of(text);
    auto segments = cut_segments(text);
    return segments ? static_cast<int>(segments->parts.size()) : 0;
}

class Claiming {
public:
    Claiming(Connection& db, const store::Seal& seal, ClaimInput input) : db_(db), seal_(seal), in_(std::move(input)), policy_(*in_.policy) {}

    Round run() {
        if (in_.forget_routes) store::forget_routes(db_, in_.now);
        apply_holds();
        for (int priority = 0; priority <= 2; ++priority) {
            if (priority > 0 && stopped_) break;
            if (priority == 2 && (!policy_.surveys_flow || surveys_stopped_ || in_.surveys_held)) break;
            for (int route = -1; route < static_cast<int>(policy_.routes.size()); ++route) look(route, priority);
        }
        if (in_.sweep_stale && in_.may_go_stale && policy_.surveys_flow && !in_.surveys_held && !is_clock_held_) sweep();
        for (std::size_t c = 0; c < counts_.size(); ++c)
            if (counts_[c] > 0) store::add_surveys_of_day(db_, policy_.channels[c].name, day_, counts_[c]);
        return std::move(round_);
    }

private:
    // Whether a row of this route may go at all: where not, however many wait there, none of them is looked at. Answers are few, and
    // leave by the channel on which the citizen wrote, whatever the routes say of his number.
    bool may_go(int route, int priority) const {
        if (priority < 2 || route < 0)
            return std::any_of(in_.views.begin(), in_.views.end(), [](const ChannelView& v) { return v.room > 0; });
        const auto& of_route = policy_.routes[static_cast<std::size_t>(route)];
        auto views = open_views();
        auto goes = [&](const Route& way, std::optional<std::size_t> refused) {
            auto channel = pick(way, views, refused);
            return channel && surveys_allowed_[*channel];
        };
        return goes(of_route, std::nullopt) || std::any_of(of_route.channels.begin(), of_route.channels.end(), [&](std::size_t c) {
            return goes(of_route, c) || (!of_route.weights.empty() && goes(led_by(of_route, c), std::nullopt));
        });
    }
    std::vector<ChannelView> open_views() const {
        auto views = in_.views;
        for (auto c : closed_) views[c].usable = views[c].probing = false;
        return views;
    }

    void look(int route, int priority) {
        auto next = store::find_next_due(db_, route, priority);
        if (next && *next <= in_.now && may_go(route, priority)) {
            auto limit = in_.careful ? careful_rows_a_look : rows_a_look;
            auto rows = store::find_due(db_, route, priority, in_.now, limit);
            bool more = rows.size() == static_cast<std::size_t>(limit);
            bool moved = false;
            for (auto& row : rows) {
                if (!may_go(row.route, priority)) break;
                auto claimed = round_.claimed.size();
                moved = take_alone(row) || moved;
                // Written down for those who stay: most are claimed in the very look that finds their route. Whoever stands behind them
                // comes to the front by it.
                if (route < 0 && row.route >= 0 && round_.claimed.size() == claimed) store::set_route(db_, row.id, row.route), moved = true;
            }
            // Where not one of so many can go they are all held by the same thing, and looking again at once changes nothing.
            if (more && moved) soon(in_.now);
            next = store::find_next_due(db_, route, priority);
        }
        if (next && *next > in_.now) soon(*next);
    }
    void sweep() {
        auto rows = store::find_stale(db_, in_.now, rows_a_sweep);
        for (const auto& row : rows) do_alone(row, [&] { return cancel(row, Code::stale, "past max_age"), true; });
        if (rows.size() == static_cast<std::size_t>(rows_a_sweep)) round_.more_stale = true, soon(in_.now);
    }
    void soon(Instant when) { round_.next_due = std::min(round_.next_due.value_or(when), when); }

    // What the store refuses of one row is that row's own fault: it is put aside for a person, and the others go. To know which
    // one it was each stands in a savepoint, which costs too much for every day: the round that is refused is taken back, and
    // the next one is careful.
    bool take_alone(DueRow& row) {
        return do_alone(row, [&] { return take(row); });
    }
    template <class Work>
    bool do_alone(const DueRow& row, Work work) {
        if (!in_.careful) return work();
        try {
            store::Savepoint alone(db_);
            bool moved = work();
            alone.keep();
            return moved;
        } catch (const store::SqlError& error) {
            if (!error.is_refusal()) throw;
            round_.refused.push_back(error.what());
        }
        store::hold_due(db_, row, "refused_by_store", in_.now);
        return true;
    }

    // A stop holds everything but emergency answers; a clock in doubt and a full day hold surveys.
    void apply_holds() {
        day_ = policy_.local_day(in_.now);
        counts_.assign(policy_.channels.size(), 0);
        sent_before_.resize(policy_.channels.size());
        is_clock_held_ = store::is_clock_held(db_);
        in_.surveys_held = in_.surveys_held || store::has_clock_jumped(db_);
        for (const auto& hold : store::active_holds(db_)) {
            if (hold.of == "ceiling" && policy_.local_day(hold.at) != day_ && !is_clock_held_) {
                store::release_holds(db_, "ceiling", hold.channel, "a new day", in_.now);
                continue;
            }
            if (hold.of == "ceiling" && !is_clock_held_ && is_ceiling_raised(hold)) {
                store::release_holds(db_, "ceiling", hold.channel, store::ceiling_was_raised, in_.now);
                continue;
            }
            if (!hold.channel) (hold.of == "stop" ? stopped_ : surveys_stopped_) = true;
            for (std::size_t c = 0; c < policy_.channels.size(); ++c)
                if (hold.channel == policy_.channels[c].name) {
                    if (hold.of == "stop") closed_.insert(c);
                    else surveys_allowed_[c] = false;
                }
        }
        for (std::size_t c = 0; c < policy_.channels.size(); ++c) {
            const auto& open = policy_.channels[c].open;
            if (open && !open(in_.now)) closed_.insert(c);
        }
    }

    bool is_survey(const DueRow& row) const { return row.purpose == Purpose::survey; }
    // It tries this one channel: by another it would say nothing, and what the routes say of its number does not matter.
    bool is_canary(const DueRow& row) const { return row.purpose == Purpose::canary; }
    bool is_notice(const DueRow& row) const { return row.purpose == Purpose::notice; }
    bool urgent(const DueRow& row) const { return row.purpose == Purpose::emergency; }
    // Surveys, notices and 回告 wait for opening hours; an answer to a citizen's own text goes at once or not at all; a person's answer to a letter goes
    // at once while the letter is fresh, and after that in hours.
    bool keeps_hours(const DueRow& row) const {
        return row.purpose == Purpose::survey || row.purpose == Purpose::told || row.purpose == Purpose::notice || (row.purpose == Purpose::letter && !is_fresh_letter_);
    }
    // A person planned it, hours ago perhaps, or it is one text more than the citizen asked for.
    bool asked_again(const DueRow& row) const { return row.purpose == Purpose::told || row.purpose == Purpose::letter || row.purpose == Purpose::question || row.purpose == Purpose::notice; }

    // It may have waited for hours. And who was a caller before he was staff may answer that survey still, in the same digits.
    std::optional<Code> why_no_canary(const DueRow& row, bool known) {
        if (!known) return Code::cancelled;
        if (auto why = why_not_told(row)) return why;
        for (const auto& survey : store::sent_surveys_to(db_, row.phone_id))
            if (survey.open || survey.answer_until + policy_.slot_rest > in_.now) return Code::cancelled;
        return std::nullopt;
    }

    // Since it was planned the number may have opted out, or its case may have become one that is not texted.
    std::optional<Code> why_not_told(const DueRow& row) {
        if (store::is_opted_out(db_, row.phone_id)) return Code::opt_out;
        if (store::has_safety_hold(db_, row.phone_id, 0, in_.now - policy_.safety_hold)) return Code::phone_hold;
        return std::nullopt;
    }

    // False: it stays as it is, for want of a channel that may take it.
    bool take(DueRow& row) {
        // It was meant for a day that was wrong when it was planned: the right one has its own.
        if (is_canary(row) && store::day_of_canary(db_, row.id) != day_ && !is_clock_held_) {
            cancel(row, Code::stale, "of another day");
            return true;
        }
        std::optional<store::LetterAnswer> answer;
        is_fresh_letter_ = false;
        if (row.purpose == Purpose::letter) {
            answer = store::find_letter_answer(db_, seal_, row.id);
            is_fresh_letter_ = answer && in_.now - answer->written_at <= policy_.answer_within;
        }
        if (row.stale_at < in_.now) {
            // How old it is nobody knows while the clock is in doubt: it neither goes nor is called off.
            bool is_known = !is_clock_held_ && (in_.may_go_stale || !keeps_hours(row));
            if (is_known) cancel(row, Code::stale, "past max_age");
            else store::postpone(db_, row.id, in_.now + doubt_pause);
            return true;
        }
        auto phone = store::open_phone(seal_, row.phone_key, row.sealed_phone);
        if (is_canary(row)) {
            if (auto why = why_no_canary(row, phone.has_value())) {
                cancel(row, *why, "");
                return true;
            }
        }
        // It keeps hours by a clock that is in doubt.
        if ((row.purpose == Purpose::told || row.purpose == Purpose::letter) && (surveys_stopped_ || in_.surveys_held)) {
            store::postpone(db_, row.id, in_.now + doubt_pause);
            return true;
        }
        if (is_notice(row) && store::is_of_stopped_notice(db_, row.id)) {
            cancel(row, Code::cancelled, "the notice was stopped");
            return true;
        }
        if (row.purpose == Purpose::letter && !answer) {
            cancel(row, Code::cancelled, "its words are erased");
            return true;
        }
        if (asked_again(row)) {
            if (auto why = why_not_told(row)) {
                cancel(row, *why, "");
                return true;
            }
        }
        if (!phone) {
            store::hold_due(db_, row, "number_erased", in_.now);
            return true;
        }
        if (row.route < 0 && !is_canary(row)) {
            auto route = find_route(policy_.routes, *policy_.number_plan, phone->reveal());
            // An answer leaves by the channel on which the citizen wrote, whatever the routes say of his number.
            if (!route && (is_survey(row) || !index_of(row.channel))) {
                ++round_.unroutable;
                store::hold_due(db_, row, "no_route", in_.now);
                return true;
            }
            if (route) row.route = static_cast<int>(*route);
        }
        auto channel = choose(row);
        if (!channel) return false;
        std::optional<store::StoredCase> about;
        if (row.case_id) about = store::load_case(db_, *row.case_id);
        auto others = store::other_texts(db_, row.phone_id, row.id);
        if (!urgent(row) && others.unsettled) {
            store::postpone(db_, row.id, in_.now + pause_at_doubt(row, about, *others.unsettled));
            return true;
        }
        if (is_survey(row) && about->phone_id != 0 && about->phone_id != row.phone_id) {
            // The number was corrected while an attempt was under way that did not succeed.
            store::move_due_to(db_, row, about->phone_id, in_.now);
            return true;
        }
        if (keeps_hours(row)) {
            store::StoredCase nobody;  // a letter or a notice has no case: it is spread by its own name
            nobody.record = row.ref;
            if (auto when = policy_.next_sending_time(about ? *about : nobody, in_.now); when > in_.now) {
                store::postpone(db_, row.id, when);
                return true;
            }
        }
        store::ClaimFacts facts;
        facts.channel = policy_.channels[*channel].name;
        facts.text_name = row.text_name;
        if ((is_survey(row) || is_notice(row)) && is_at_ceiling(*channel)) return true;
        if (is_survey(row) && !decide_again(row, *about, others.surveys, facts)) return true;
        if (!is_survey(row) && row.slot) facts.slot = static_cast<int>(*row.slot);
        send(row, *phone, about, answer, *channel, std::move(facts));
        return true;
    }

    // For what is in no hurry a tenth of the time that the doubt is old: it may last for a day, and every look is written down. Towards the end of
    // the time in which it may go at all half of what is left.
    Millis pause_at_doubt(const DueRow& row, const std::optional<store::StoredCase>& about, Instant since) const {
        if (!keeps_hours(row) && !is_canary(row)) return look_again;
        auto until = row.stale_at;
        if (is_canary(row)) until = std::min<Instant>(until, policy_.start_of_day(in_.now) + std::chrono::hours(24));
        else if (auto closes = policy_.closing_time(about, in_.now); closes > in_.now) until = std::min(until, closes);
        return std::clamp(std::min((in_.now - since) / 10, (until - in_.now) / 2), doubt_pause, longest_doubt_pause);
    }

    std::optional<std::size_t> index_of(const std::string& name) const {
        for (std::size_t c = 0; c < policy_.channels.size(); ++c)
            if (policy_.channels[c].name == name) return c;
        return std::nullopt;
    }

    std::optional<std::size_t> choose(const DueRow& row) const {
        auto views = urgent(row) ? in_.views : open_views();
        auto route = row.route < 0 ? Route{} : route_of_message(policy_.routes[static_cast<std::size_t>(row.route)], row.id);
        auto last = index_of(row.channel);
        if (is_canary(row)) route.channels.clear();
        if (is_canary(row) && row.attempt > 0 && last) route.channels = {*last};
        std::optional<std::size_t> refused;
        // What this one refused does not go there again to see whether it is back, as long as another one works: new rows find that out.
        if (row.attempt > 0 && last && (row.refused == "permanent_config" || !views[*last].usable)) refused = last;
        // What is known of a number is worth more than its prefix: it may have been ported to another carrier.
        if (is_survey(row) && row.attempt == 0 && policy_.channels.size() > 1 && !route.known_numbers_too)
            if (auto proven = index_of(store::proven_channel(db_, row.phone_id))) route.channels.insert(route.channels.begin(), *proven);
        // An answer leaves from the number that the citizen wrote to.
        if ((row.attempt == 0 || row.route < 0) && last) route.channels.insert(route.channels.begin(), *last);
        auto channel = pick(route, views, refused, !urgent(row));
        // A channel at its ceiling is waited for: a flood must not run over into the next one.
        if (channel && (is_survey(row) || is_notice(row)) && !surveys_allowed_[*channel]) return std::nullopt;
        return channel;
    }

    // Surveys and notices of a day: above it the rest waits, and a person is told.
    bool is_at_ceiling(std::size_t channel) {
        const auto& rules = policy_.channels[channel];
        if (sent_today(channel) < rules.daily_ceiling || store::was_ceiling_lifted(db_, rules.name, policy_.start_of_day(in_.now))) return false;
        store::place_hold(db_, "ceiling", rules.name, why_ceiling(rules), in_.now);
        surveys_allowed_[channel] = false;
        round_.ceilings.push_back(rules.name);
        return true;
    }

    std::int64_t sent_today(std::size_t channel) {
        auto& before = sent_before_[channel];
        if (!before) before = store::surveys_of_day(db_, policy_.channels[channel].name, day_);
        return *before + counts_[channel];
    }
    static std::string why_ceiling(const ChannelRules& rules) { return fmt::format("{} surveys today", rules.daily_ceiling); }
    // Since it was placed the configuration allows more. Every round asks, so what is counted is looked at last.
    bool is_ceiling_raised(const store::Hold& hold) {
        auto channel = hold.channel ? index_of(*hold.channel) : std::nullopt;
        return channel && hold.reason != why_ceiling(policy_.channels[*channel]) && sent_today(*channel) < policy_.channels[*channel].daily_ceiling;
    }

    // The rules over all cases of the number, as they are now; the slot. False: it does not go now.
    bool decide_again(DueRow& row, const store::StoredCase& about, const std::vector<Instant>& other_surveys, store::ClaimFacts& facts) {
        auto verdict = policy_.decide(db_, about, row.phone_key, other_surveys, in_.now);
        store::record_decision(db_, about.id, "sending", verdict.code ? "excluded" : "accepted", verdict, in_.now);
        if (verdict.code) {
            store::cancel_due(db_, row, *verdict.code, in_.now);
            policy_.called_off(db_, row.phone_id, in_.now);
            return false;
        }
        auto question = policy_.question(about, verdict.kind);
        facts.text_name = question.text_name, facts.scale = question.scale;
        auto slot = store::take_slot(db_, row.phone_id, about.id, policy_.slots, policy_.slot_rest, in_.now);
        if (!slot.number) {
            store::postpone(db_, row.id, std::max(slot.free_at.value_or(in_.now), in_.now + doubt_pause));
            return false;
        }
        facts.slot = slot.number;
        facts.answer_until = in_.now + policy_.answer_window;
        return true;
    }

    void cancel(const DueRow& row, Code code, const char* rule) {
        if (is_survey(row) && row.case_id) {
            store::Verdict verdict;
            verdict.code = code;
            verdict.rule = rule;
            store::record_decision(db_, *row.case_id, "sending", "excluded", verdict, in_.now);
        }
        store::cancel_due(db_, row, code, in_.now);
        if (is_survey(row)) policy_.called_off(db_, row.phone_id, in_.now);
    }

    void send(const DueRow& row, const Phone& phone, const std::optional<store::StoredCase>& about, const std::optional<store::LetterAnswer>& answer, std::size_t channel,
              store::ClaimFacts facts) {
        const auto& rules = policy_.channels[channel];
        auto day = about ? policy_.local_day(about->reported_at) : std::string();
        const auto wording = answer ? wording_of(rules, policy_.texts.sign(), answer->words.reveal()) : word(facts.text_name, about ? about->language : std::string(), day, channel);
        if (wording.parts == 0 || (rules.most_parts > 0 && wording.parts > rules.most_parts)) return store::hold_due(db_, row, "content", in_.now);
        facts.parts = wording.parts;
        facts.sealed_text = seal_.seal(wording.text, store::message_text_context(row.ref));

        std::string extension;
        if (facts.slot && policy_.slots > 1 && rules.extension_digits > 0) extension = fmt::format("{:0{}}", *facts.slot, rules.extension_digits);
        auto until = keeps_hours(row) ? policy_.closing_time(about, in_.now) : row.stale_at;
        auto validity = rules.validity.count() > 0 ? rules.validity : std::max<Millis>(until - in_.now, least_validity);

        auto attempt = store::claim(db_, row, facts, in_.now);
        in_.announce(db_, row.ref, row.phone_key);  // nothing after it can be refused
        --in_.views[channel].room;
        if (is_survey(row) || is_notice(row)) ++counts_[channel];
        provider::Submission submission(row.ref, phone, Text(wording.text), std::move(extension), std::chrono::floor<std::chrono::seconds>(validity));
        submission.carrier_adds = wording.carrier_adds;
        submission.text_name = wording.name, submission.values = wording.values;
        round_.claimed.emplace_back(std::move(attempt), std::move(submission), channel, facts.parts);
    }

    // The sign takes its room whoever puts it there.
    static Wording wording_of(const ChannelRules& rules, const std::string& sign, const std::string& words) {
        auto whole = sign + words;
        if (rules.carrier_adds_sign) return {words, sign, count_parts(rules, whole)};
        auto parts = count_parts(rules, whole);
        return {std::move(whole), "", parts};
    }

    const Wording& word(const std::string& name, const std::string& language, const std::string& day, std::size_t channel) {
        auto& known = *in_.wordings;
        if (known.size() > 1000) known.clear();  // days go by
        const auto folder = folder_of(policy_, language);
        const auto& texts = policy_.texts_for(folder, name);
        const bool own = &texts == &policy_.texts;
        auto [place, made] = known.try_emplace({own ? name : language + "/" + name, day, channel});
        if (!made) return place->second;
        const auto& rules = policy_.channels[channel];
        auto text = texts.fill(name, day, rules.carrier_adds_sign);
        auto whole = texts.fill(name, day);
        if (text && whole) {
            auto sign = whole->substr(0, whole->size() - text->size());
            place->second = {*text, std::move(sign), count_parts(rules, *whole), own ? name : folder + "/" + name, texts.values(name, day)};
        }
        return place->second;
    }

    Connection& db_;
    const store::Seal& seal_;
    ClaimInput in_;
    const Policy& policy_;
    Round round_;
    std::string day_;
    std::vector<int> counts_;                               // of this round's surveys, by channel
    std::vector<std::optional<std::int64_t>> sent_before_;  // today, before this round; read once where it is asked for
    std::vector<bool> surveys_allowed_ = std::vector<bool>(in_.policy->channels.size(), true);
    std::set<std::size_t> closed_;  // on hold, or outside their hours: for everything but emergency answers
    bool stopped_ = false, surveys_stopped_ = false, is_clock_held_ = false;
    bool is_fresh_letter_ = false;                          // the row in hand
};

}  // namespace

Round claim_round(Connection& db, const store::Seal& seal, ClaimInput input) { return Claiming(db, seal, std::move(input)).run(); }

}  // namespace pingjing::outbox
