#include "daemon/admin/control.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <charconv>
#include <memory>
#include <sstream>

#include "daemon/admin/access.hpp"
#include "daemon/admin/status.hpp"
#include "daemon/admin/tokens.hpp"
#include "daemon/admin/trusted.hpp"
#include "daemon/core/phone.hpp"
#include "daemon/log/log.hpp"
#include "daemon/store/cases.hpp"
#include "daemon/store/outbox.hpp"
#include "daemon/store/overrides.hpp"
#include "daemon/store/phones.hpp"

namespace pingjing::admin {
namespace {

namespace json = boost::json;
using Parts = std::shared_ptr<const ControlParts>;
using http::Request;
using http::Response;

Response missing(std::string_view what) { return http::problem(400, "bad request", fmt::format("{}: expected one", what)); }

std::optional<std::string> maybe(const Request& request, const std::string& name) {
    auto value = request.parameter(name);
    return value.empty() ? std::nullopt : std::optional(value);
}

// Kept sealed, and shown by status, explain and lists: a number that somebody wrote into it goes.
std::string reason_of(const Request& request) { return hide_numbers(request.parameter("reason")); }
store::ByHand by_hand(const Request& request) { return {near_asker(request).who, reason_of(request)}; }

asio::awaitable<Response> hold(Parts p, Request request) {
    auto of = request.parameter("of", "stop");
    auto reason = reason_of(request);
    auto channel = maybe(request, "channel");
    if (reason.empty()) co_return missing("reason");
    if (of != "stop" && of != "clock" && of != "ceiling") co_return http::problem(400, "bad request", "of: expected stop, clock or ceiling");
    auto now = p->clock.now();
    auto by = by_hand(request);
    auto work = [&](store::Connection& db) { return store::place_hold(db, of, channel, store::open_reason(store::keep_words_of(db, p->seal, "hold", std::nullopt, by, now), by), now); };
    auto id = co_await p->store.run(std::ref(work));
    co_return ok({{"hold", id}});
}

asio::awaitable<Response> release(Parts p, Request request) {
    auto of = request.parameter("of", "stop");
    auto reason = reason_of(request);
    auto channel = maybe(request, "channel");
    if (reason.empty()) co_return missing("reason");
    auto now = p->clock.now();
    auto by = by_hand(request);
    std::vector<store::Hold> left;
    std::vector<store::HeldFor> held;
    int released = 0;
    auto work = [&](store::Connection& db) {
        if (of == "stop") store::refused_are_due(db, channel, now);
        released = store::release_holds(db, of, channel, store::open_reason(store::keep_words_of(db, p->seal, "release", std::nullopt, by, now), by), now);
        left = store::active_holds(db);
        held = store::read_held(db);
        for (auto& hold : left) hold.reason = store::read_reason(db, p->seal, hold.reason);
    };
    co_await p->store.run(std::ref(work));
    if (p->released) p->released(channel);
    json::array remaining;
    for (const auto& hold : left) remaining.push_back({{"of", hold.of}, {"channel", hold.channel ? json::value(*hold.channel) : json::value()}, {"since", format_utc(hold.at)}, {"reason", hold.reason}});
    json::object by_reason;
    for (const auto& h : held) by_reason[h.reason] = h.messages;
    co_return ok({{"released", released}, {"remaining", std::move(remaining)}, {"held", std::move(by_reason)}});
}

// What carriers refused for its words. In steps, so that others write between them.
asio::awaitable<Response> release_refused(Parts p, Request request) {
    constexpr int at_once = 500;
    auto reason = reason_of(request);
    if (reason.empty()) co_return missing("reason");
    auto now = p->clock.now();
    auto by = by_hand(request);
    auto work = [&](store::Connection& db) { return store::release_refused(db, p->seal, at_once, by, now); };
    int step = at_once;
    std::int64_t released = 0;
    while (step == at_once) {
        step = co_await p->store.run(std::ref(work));
        released += step;
    }
    if (p->changed) p->changed();
    co_return ok({{"released", released}});
}

// Body: a case a line; `all=1`: every one that a restore holds; `accept_possible_double=1`: also those that may have been asked.
asio::awaitable<Response> release_restored(Parts p, Request request) {
    auto reason = reason_of(request);
    bool all = request.parameter("all") == "1";
    std::vector<std::string> records;
    std::istringstream lines(request.body);
    for (std::string line; std::getline(lines, line);)
        if (!line.empty()) records.push_back(line);
    if (reason.empty()) co_return missing("reason");
    if (!all && records.empty()) co_return missing("case");
    auto now = p->clock.now();
    bool accept = request.parameter("accept_possible_double") == "1";
    auto by = by_hand(request);
    auto work = [&](store::Connection& db) { return store::release_restored(db, p->seal, records, all, accept, by, now); };
    auto done = co_await p->store.run(std::ref(work));
    if (!done) co_return refuse(done.error());
    if (p->changed) p->changed();
    json::array left(done->left.begin(), done->left.end());
    json::object answer{{"released", done->released}, {"left", std::move(left)}};
    co_return ok(std::move(answer));
}

asio::awaitable<Response> cancel(Parts p, Request request) {
    auto record = request.parameter("case"), reason = reason_of(request);
    if (record.empty()) co_return missing("case");
    if (reason.empty()) co_return missing("reason");
    auto now = p->clock.now();
    auto by = by_hand(request);
    auto called_off = p->called_off ? p->called_off() : nullptr;
    auto work = [&](store::Connection& db) {
        auto phone_id = store::cancel_case(db, p->seal, record, by, now);
        if (phone_id && called_off) called_off(db, *phone_id);
        return phone_id;
    };
    auto done = co_await p->store.run(std::ref(work));
    if (!done) co_return refuse(done.error());
    co_return ok({{"case", record}, {"state", "cancelled"}});
}

asio::awaitable<Response> resend(Parts p, Request request) {
    auto record = request.parameter("case"), reason = reason_of(request);
    if (record.empty()) co_return missing("case");
    if (reason.empty()) co_return missing("reason");
    auto now = p->clock.now();
    auto by = by_hand(request);
    auto work = [&](store::Connection& db) { return store::resend_case(db, p->seal, record, by, now); };
    auto done = co_await p->store.run(std::ref(work));
    if (!done) co_return refuse(done.error());
    if (p->changed) p->changed();
    co_return ok({{"case", record}, {"state", "due"}});
}

// Lists come out of spreadsheets: a name may stand behind the number.
std::string_view first_column(std::string_view line) {
    line = line.substr(0, line.find_first_of(",;\t"));
    if (line.size() >= 2 && line.front() == '"' && line.back() == '"') line = line.substr(1, line.size() - 2);
    return line;
}

// Body: a line for each, with the number in its first column. `out` 1 or 0.
asio::awaitable<Response> opt_out(Parts p, Request request) {
    bool out = request.parameter("out", "1") == "1";
    auto source = request.parameter("source", "operator");
    auto by = by_hand(request);
    struct Count { std::int64_t changed = 0, known = 0; json::array bad{}; } count;
    auto now = p->clock.now();
    auto work = [&](store::Connection& db) {
        count = {};
        std::int64_t number = 0;
        auto reason = store::open_reason(store::keep_words_of(db, p->seal, out ? "opt_out" : "opt_in", std::nullopt, by, now), by);
        for (std::size_t at = request.body.starts_with("\xEF\xBB\xBF") ? 3 : 0; at < request.body.size(); ++number) {
            auto end = std::min(request.body.find('\n', at), request.body.size());
            auto line = request.body.substr(at, end - at);
            at = end + 1;
            while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
            if (line.empty() || line[0] == '#') continue;
            auto phone = Phone::mobile(first_column(line));
            if (!phone) {
                count.bad.push_back(number + 1);
                continue;
            }
            auto phone_id = store::keep_phone(db, p->seal, *phone, now);
            ++(store::record_opt_out(db, phone_id, out, source, reason, now) ? count.changed : count.known);
            if (out) store::cancel_waiting_surveys_to(db, phone_id, 0, Code::opt_out, now);
        }
    };
    co_await p->store.run(std::ref(work));
    co_return ok({{"changed", count.changed}, {"known", count.known}, {"bad_lines", std::move(count.bad)}});
}

asio::awaitable<Response> opt_outs(Parts p, Request) {
    auto work = [&](store::Connection& db) { return store::list_opt_outs(db, p->seal); };
    auto rows = co_await p->store.run(std::ref(work));
    json::array out;
    for (const auto& row : rows) out.push_back({{"phone", row.masked}, {"at", format_utc(row.at)}, {"source", row.source}, {"reason", row.reason}});
    co_return ok(std::move(out));
}

asio::awaitable<Response> make_token(Parts p, Request request) {
    auto scopes = parse_scopes(request.parameter("scope"));
    if (!scopes) co_return refuse(scopes.error());
    Holder holder;
    holder.name = hide_mobiles(request.parameter("name")), holder.unit = hide_mobiles(request.parameter("unit")), holder.badge = hide_mobiles(request.parameter("badge"));
    auto now = p->clock.now();
    if (auto days = request.parameter("expires_days"); !days.empty()) {
        int number = 0;
        auto [end, bad] = std::from_chars(days.data(), days.data() + days.size(), number);
        if (bad != std::errc() || end != days.data() + days.size() || number < 1) co_return http::problem(400, "bad request", "expires: expected days, such as 90d");
        holder.expires_at = now + std::chrono::hours(24 * number);
    }
    auto work = [&](store::Connection& db) { return create_token(db, p->random, *scopes, holder, now); };
    auto made = co_await p->store.run(std::ref(work));
    if (!made) co_return refuse(made.error());
    co_return ok({{"id", made->id}, {"token", made->token}, {"scopes", json::value_from(*scopes)}, {"of_nowhere", is_of_nowhere(*scopes, holder)}});
}

asio::awaitable<Response> tokens(Parts p, Request) {
    auto work = [](store::Connection& db) { return list_tokens(db); };
    auto rows = co_await p->store.run(work);
    json::array out;
    for (const auto& row : rows) {
        json::value expires, revoked;
        if (row.holder.expires_at) expires = format_utc(*row.holder.expires_at);
        if (row.revoked_at) revoked = format_utc(*row.revoked_at);
        out.push_back({{"id", row.id}, {"scopes", json::value_from(row.scopes)}, {"name", row.holder.name}, {"unit", row.holder.unit}, {"badge", row.holder.badge},
                       {"made_at", format_utc(row.made_at)}, {"expires_at", expires}, {"revoked_at", revoked}});
    }
    co_return ok(std::move(out));
}

asio::awaitable<Response> revoke(Parts p, Request request) {
    std::int64_t id = 0;
    auto text = request.captures["id"];
    auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (bad != std::errc() || end != text.data() + text.size()) co_return http::problem(400, "bad request", "id: expected a number");
    auto now = p->clock.now();
    auto work = [&](store::Connection& db) { return revoke_token(db, id, now); };
    auto done = co_await p->store.run(std::ref(work));
    if (!done) co_return refuse(done.error());
    co_return ok({{"id", id}, {"revoked", true}});
}

asio::awaitable<Response> status(Parts p, Request) {
    auto now = p->clock.now();
    auto path = p->store.path();
    json::value body;
    // Not through the writer: where the disk is full or fails, this is what people look at.
    auto known = p->known ? p->known() : Known();
    std::function<void(store::Connection&)> look = [&](store::Connection& db) {
        body = read_status(db, p->seal, path, now);
        auto strangers = store::count_strangers(db, known.units, known.officers, now - Millis(std::chrono::hours(24 * 7)));
        body.as_object()["strangers_7d"] = {{"units", strangers.units}, {"calls_of_units", strangers.calls_of_units}, {"officers", strangers.officers}, {"calls_of_officers", strangers.calls_of_officers}};
    };
    co_await p->read(look);
    if (p->channels) body.as_object()["channels"] = p->channels();
    if (p->mode) body.as_object()["mode"] = p->mode();
    if (!p->readiness) co_return ok(std::move(body));
    auto ready = co_await p->readiness();
    body.as_object()["not_ready"] = json::value_from(ready.reasons);
    body.as_object()["notes"] = json::value_from(ready.notes);
    co_return ok(std::move(body));
}

}  // namespace

void add_status_route(http::Router& router, const http::Guard& guard, ControlParts parts) {
    auto shared = std::make_shared<const ControlParts>(std::move(parts));
    router.add("GET", "/v1/status", guard, [shared](Request request) { return status(shared, std::move(request)); });
}

void add_control_routes(http::Router& router, ControlParts parts) {
    auto shared = std::make_shared<const ControlParts>(std::move(parts));
    auto add = [&](const char* method, const char* pattern, auto handler) {
        router.add(method, pattern, trusted(pattern, [shared, handler](Request request) { return handler(shared, std::move(request)); }));
    };
    add("POST", "/control/hold", hold);
    add("POST", "/control/release", release);
    add("POST", "/control/release-restored", release_restored);
    add("POST", "/control/release-refused", release_refused);
    add("POST", "/control/cancel", cancel);
    add("POST", "/control/resend", resend);
    add("POST", "/control/optout", opt_out);
    add("GET", "/control/optout", opt_outs);
    add("POST", "/control/tokens", make_token);
    add("GET", "/control/tokens", tokens);
    add("POST", "/control/tokens/{id}/revoke", revoke);
    add("GET", "/control/status", status);
}

}  // namespace pingjing::admin
