#include "daemon/followup/work.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>

#include "daemon/async/timer.hpp"
#include "daemon/followup/shown.hpp"
#include "daemon/log/log.hpp"
#include "daemon/store/appeals.hpp"
#include "daemon/store/cases.hpp"
#include "daemon/store/outbox.hpp"
#include "daemon/store/phones.hpp"
#include "daemon/store/ratings.hpp"
#include "daemon/store/reveals.hpp"
#include "daemon/text/strict_json.hpp"

namespace pingjing::followup {
namespace {

namespace json = boost::json;
using store::Connection;
using store::Followup;
using store::Statement;

constexpr int most_at_once = 100;
constexpr Millis text_stands = std::chrono::hours(72);  // a 回告 that cannot leave until then is made by call

json::value words(const std::string& text) { return text.empty() ? json::value(nullptr) : json::value(text); }

// Who was at the call, and his unit, never learn who complained of it; a unit sees its own work order, and that without the caller.
bool sees_caller(const Followup& f, const http::Asker& asker) { return asker.may("inspect") && !f.parties.has(asker.badge, asker.unit); }
bool may_see(const Followup& f, const http::Asker& asker) {
    return sees_caller(f, asker) || (!f.parties.has_badge(asker.badge) && !asker.unit.empty() && asker.unit == f.ordered_unit);
}

Result<Followup> find(Connection& db, const http::Request& request) {
    auto text = request.captures.at("id");
    std::int64_t id = 0;
    auto [stop, bad] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (bad != std::errc() || stop != text.data() + text.size()) return fail(Error::Kind::not_found, "follow-ups have numbers");
    auto found = store::find_followup(db, id);
    // Whose it is not does not learn either that it is there.
    if (!found || !may_see(*found, request.asker)) return fail(Error::Kind::not_found, fmt::format("there is no follow-up {} for you", id));
    return *found;
}

void note_access(Connection& db, const Followup& f, const http::Asker& asker, std::string_view what, Instant now) {
    json::object access = {{"what", what}, {"who", asker.who}, {"followup", f.id}};
    store::append(db, now, "access", f.case_id, json::serialize(access));
}

// A unit sees them from its work order on, and in words what was ordered, what it did and what was missing: not what the caller said, nor
// what others think of it.
json::array steps_of(Connection& db, const store::Seal& seal, const Followup& f, bool all) {
    Statement rows(db, "SELECT id, at, who, state, note FROM followup_steps WHERE followup_id = ?1 ORDER BY id");
    rows.bind(1, f.id);
    json::array out;
    bool ordered = false;
    while (rows.step()) {
        auto step = rows.text(3);
        ordered = ordered || step == "rectifying";
        if (!all && !ordered) continue;
        json::value note;
        if (all || step == "rectifying" || step == "rectified" || step == "returned")
            if (!rows.is_null(4))
                if (auto plain = seal.open(rows.text(4), store::followup_note_context(rows.integer(0)))) note = hide_mobiles(*plain);
        out.push_back(json::object{{"at", format_utc(rows.instant(1))}, {"who", rows.text(2)}, {"step", step}, {"note", note}});
    }
    return out;
}

// How the 回告 by text stands.
json::value text_state(Connection& db, const Followup& f) {
    Statement row(db, "SELECT state FROM messages WHERE case_id = ?1 AND purpose = 'told' ORDER BY id DESC LIMIT 1");
    return row.bind(1, f.case_id).step() ? json::value(row.text(0)) : json::value(nullptr);
}

bool text_waits(Connection& db, const Followup& f) {
    Statement row(db, "SELECT 1 FROM messages WHERE case_id = ?1 AND purpose = 'told' AND state IN ('due', 'held', 'sending')");
    return f.state == FollowupState::told && row.bind(1, f.case_id).step();
}

json::object describe(Connection& db, const store::Seal& seal, const Followup& f, const http::Asker& asker, Instant now) {
    bool all = sees_caller(f, asker);
    auto written = store::followup_words(db, seal, f.id);
    json::object out = {{"id", f.id}, {"case_id", f.record}, {"unit", f.unit}, {"state", followup_state_name(f.state)}, {"opened_at", format_utc(f.opened_at)},
                        {"due_at", format_utc(f.due_at)}, {"overdue", f.state != FollowupState::closed && f.due_at < now}, {"urgent", f.urgent},
                        {"finding", f.finding ? json::value(finding_name(*f.finding)) : json::value(nullptr)}, {"topic", words(f.topic)}, {"place", words(written.place)},
                        {"ordered_unit", words(f.ordered_unit)}, {"ordered_to", words(written.ordered_to)}, {"escalated", f.escalated}, {"steps", steps_of(db, seal, f, all)}};
    if (!all) return out;
    out["no_callback"] = f.no_callback, out["missed_calls"] = f.missed_calls.size(), out["refuted"] = !f.refuted_by.empty(), out["reveals"] = shown_reveals(store::reveals_of(db, seal, f.id));
    auto phone = f.phone_id ? std::optional(store::find_phone(db, seal, *f.phone_id)) : std::nullopt;
    out["phone"] = phone && *phone ? json::value((*phone)->masked()) : json::value(nullptr);
    out["said"] = said(db, seal, f.case_id), out["told_text"] = text_state(db, f), out["asked_topic"] = words(store::asked_topic(db, f.case_id));
    return out;
}

asio::awaitable<http::Response> show(const Parts parts, http::Request request) {
    std::optional<http::Response> response;
    auto look = [&, now = parts.clock.now()](Connection& db) {
        auto f = find(db, request);
        if (!f) return void(response = refuse(f.error()));
        note_access(db, *f, request.asker, "followup", now);
        response = tell(describe(db, parts.seal, *f, request.asker, now));
    };
    co_await parts.store.run(std::ref(look));
    co_return std::move(*response);
}

Result<json::object> body_of(const http::Request& request) {
    if (request.body.empty()) return json::object();
    auto body = parse_strict(request.body);
    if (!body || !body->value.is_object()) return fail(Error::Kind::invalid_input, "expected a JSON object");
    for (const auto& [at, problem] : body->problems) return fail(Error::Kind::invalid_input, fmt::format("{}: {}", problem.field, problem.detail));
    return std::move(body->value.as_object());
}

asio::awaitable<http::Response> reveal(const Parts parts, http::Request request) {
    auto body = body_of(request);
    if (!body) co_return refuse(body.error());
    const auto* reason = body->if_contains("reason");
    if (!reason || !reason->is_string() || reason->as_string().empty() || reason->as_string().size() > longest_note)
        co_return http::problem(400, "Bad Request", "reason: expected why the number is needed");
    std::optional<http::Response> response;
    auto look = [&, why = std::string(reason->as_string()), now = parts.clock.now()](Connection& db) {
        auto f = find(db, request);
        if (!f) return void(response = refuse(f.error()));
        if (!sees_caller(*f, request.asker)) return void(response = http::problem(403, "Forbidden", "a unit does not learn the number behind its work order"));
        if (request.asker.name.empty()) return void(response = http::problem(403, "Forbidden", "a number is shown to persons: use a token that names one, or --as NAME"));
        auto phone = f->phone_id ? store::find_phone(db, parts.seal, *f->phone_id) : fail(Error::Kind::not_found, "the call had no mobile number");
        if (!phone) return void(response = refuse(phone.error()));
        // A reason is what a person wrote: it may name a citizen, so the words are sealed, and what the ledger says of their row goes with them.
        store::record_reveal(db, parts.seal, f->id, request.asker.who, why, now);
        note_access(db, *f, request.asker, "number", now);
        response = tell(json::object{{"id", f->id}, {"case_id", f->record}, {"phone", phone->reveal()}, {"no_callback", f->no_callback}});
    };
    co_await parts.store.run(std::ref(look));
    co_return std::move(*response);
}

Result<Step> read_step(const http::Request& request) {
    auto body = body_of(request);
    if (!body) return tl::unexpected(body.error());
    Step step;
    step.name = request.captures.at("step");
    const std::pair<std::string_view, std::string*> texts[] = {{"outcome", &step.outcome}, {"finding", &step.finding}, {"topic", &step.topic}, {"place", &step.place},
                                                               {"unit", &step.unit}, {"person", &step.person}, {"how", &step.how}, {"note", &step.note}};
    for (const auto& [key, value] : *body) {
        if (key == "agreed") {
            if (!value.is_bool()) return fail(Error::Kind::invalid_input, "agreed: expected true or false");
            step.agreed = value.as_bool();
            continue;
        }
        auto known = std::ranges::find(texts, std::string_view(key), [](const auto& t) { return t.first; });
        if (known == std::end(texts)) return fail(Error::Kind::invalid_input, fmt::format("{}: not a field of a step", std::string_view(key)));
        if (!value.is_string() || value.as_string().size() > longest_note) return fail(Error::Kind::invalid_input, fmt::format("{}: expected a text of at most {} bytes", std::string_view(key), longest_note));
        *known->second = std::string(value.as_string());
    }
    step.place = hide_mobiles(step.place), step.person = hide_mobiles(step.person);  // the unit reads them
    return step;
}

// Once a case, never where the number has opted out or is on hold; the same is asked again when it is sent.
Result<void> check_text(Connection& db, const Followup& f, const Rules& rules, Instant now) {
    if (store::is_opted_out(db, *f.phone_id)) return fail(Error::Kind::conflict, "the number has opted out of our texts; expected call or letter");
    if (store::has_safety_hold(db, *f.phone_id, 0, now - rules.safety_hold)) return fail(Error::Kind::conflict, "the number is not texted (safety code); expected call or letter");
    // What this store was restored from may be older than a text that went.
    if (f.opened_at < store::no_send_before(db)) return fail(Error::Kind::conflict, "it was opened before the store was restored, so a text may have gone already; expected call or letter");
    Statement earlier(db, "SELECT 1 FROM messages WHERE case_id = ?1 AND purpose = 'told'");
    if (earlier.bind(1, f.case_id).step()) return fail(Error::Kind::conflict, "one text was planned for it already; expected call or letter");
    return {};
}

// 回告 through the same outbox, inside its hours.
void plan_text(Connection& db, const Parts& parts, const Followup& f, Instant now) {
    store::NewMessage message;
    message.case_id = f.case_id, message.purpose = Purpose::told, message.text_name = "done", message.phone_id = *f.phone_id;
    message.channel = store::proven_channel(db, *f.phone_id), message.due_at = now, message.stale_at = now + text_stands;
    // As long as the digits are this case's: with those of another an answer would be taken for that one's.
    Statement slot(db, "SELECT m.slot FROM messages m JOIN slots s ON s.phone_id = m.phone_id AND s.slot = m.slot AND s.case_id = m.case_id WHERE m.case_id = ?1 AND m.purpose = 'survey'");
    if (slot.bind(1, f.case_id).step()) message.slot = slot.maybe_integer(0);
    store::plan_message(db, parts.random, message, now);
}

asio::awaitable<http::Response> take(const Parts parts, http::Request request) {
    auto step = read_step(request);
    if (!step) co_return refuse(step.error());
    std::optional<http::Response> response;
    bool text = false;
    auto work = [&, rules = parts.rules(), now = parts.clock.now()](Connection& db) {
        text = false;
        auto f = find(db, request);
        if (!f) return void(response = refuse(f.error()));
        const auto& asker = request.asker;
        if (step->name == "close" && text_waits(db, *f)) return void(response = http::problem(409, "Conflict", "the text that is to tell the caller has not left yet"));
        // What the caller named himself, when he was asked, is the topic unless a person says another.
        if (step->name == "verify" && step->topic.empty()) step->topic = store::asked_topic(db, f->case_id);
        auto planned = plan_step(*f, *step, {asker.who, asker.name, asker.unit, asker.badge, asker.may("inspect")}, *rules, now);
        if (!planned) return void(response = refuse(planned.error()));
        if (planned->text)
            if (auto may = check_text(db, *f, *rules, now); !may) return void(response = refuse(may.error()));
        if (auto moved = store::move_followup(db, parts.seal, *f, planned->move, now); !moved) return void(response = refuse(moved.error()));
        if (planned->text) plan_text(db, parts, *f, now), text = true;
        response = tell(describe(db, parts.seal, *store::find_followup(db, f->id), asker, now));
    };
    co_await parts.store.run(std::ref(work));
    if (text && parts.planned) parts.planned();
    co_return std::move(*response);
}

}  // namespace

void add_work_routes(http::Router& router, const http::Guard& guard, Parts parts) {
    auto add = [&](const char* method, const char* path, asio::awaitable<http::Response> (*handler)(const Parts, http::Request)) {
        router.add(method, path, guard, or_unavailable([parts, handler](http::Request request) { return handler(parts, std::move(request)); }));
    };
    add("GET", "/v1/followups/{id}", show);
    add("POST", "/v1/followups/{id}/reveal", reveal);
    add("POST", "/v1/followups/{id}/{step}", take);
}

asio::awaitable<int> look_at_clocks(Parts parts) {
    int done = 0;
    auto look = [&, rules = parts.rules(), now = parts.clock.now()](Connection& db) {
        done = 0;
        // By a clock that somebody has set by a day everything would be overdue, and what goes a level up does not come back.
        if (store::is_clock_held(db)) return;
        for (auto id : store::untold_followups(db, now, most_at_once)) store::take_back_told(db, id, rules->working_days.later(now, rules->told_days, rules->zone), now), ++done;
        for (auto id : store::overdue_followups(db, now, most_at_once)) store::escalate_followup(db, id, now), ++done;
        for (auto id : store::overdue_appeals(db, now, most_at_once)) store::escalate_appeal(db, id, now), ++done;
    };
    co_await parts.store.run(std::ref(look));
    if (done > 0) log::warn("followup.clocks", {{"escalated_or_taken_back", done}});
    co_return done;
}

asio::awaitable<void> watch_clocks(Parts parts) {
    for (;;) {
        auto done = co_await look_at_clocks(parts);
        auto pause = std::chrono::duration_cast<Steady>(std::chrono::minutes(1) / parts.clock.speed());
        if (done < most_at_once) co_await sleep_for(std::max<Steady>(pause, std::chrono::seconds(1)));
    }
}

}  // namespace pingjing::followup
