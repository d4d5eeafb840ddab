#include "tests/sim/doors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "daemon/desk/api.hpp"
#include "daemon/followup/api.hpp"
#include "daemon/followup/appeals_api.hpp"
#include "daemon/followup/letters_api.hpp"
#include "daemon/followup/review_api.hpp"
#include "daemon/notices/api.hpp"

namespace pingjing::sim {
namespace {

// As the daemon's guard: one of the scopes is enough.
http::Handler guarded(std::string scopes, http::Handler handler) {
    return [scopes = std::move(scopes), handler = std::move(handler)](http::Request request) -> asio::awaitable<http::Response> {
        bool may = false;
        for (std::size_t at = 0; at <= scopes.size();) {
            auto end = std::min(scopes.find(',', at), scopes.size());
            may = may || request.asker.may(scopes.substr(at, end - at));
            at = end + 1;
        }
        if (!may) co_return http::problem(403, "Forbidden", "not with this right");
        co_return co_await handler(std::move(request));
    };
}

}  // namespace

std::string Answer::text(std::string_view key) const { return word(body, key); }

Doors::Doors(City& c, Life& l) : city(c), life(l) {
    auto& store = *l.store;
    auto wake = [g = l.gateway.get()] { g->dispatcher().wake(); };
    auto settings = [g = l.gateway.get()]() -> const config::Settings& { return g->settings(); };
    followup::Parts parts{store, c.seal, c.clock, c.random, [settings] { return std::make_shared<const followup::Rules>(followup_rules(settings())); }, wake};
    followup::add_followup_routes(router_, guarded, store, c.seal, c.clock);
    followup::add_work_routes(router_, guarded, parts);
    followup::add_appeal_routes(router_, guarded, parts);
    followup::add_review_routes(router_, guarded, {store, c.seal, c.clock, [settings] { return review_rules(settings()); }, [g = l.gateway.get()] { g->answers().wake(); }});
    followup::LetterParts letters{store, c.seal, c.clock, c.random, [settings] { return letter_rules(settings()); }, wake, [d = l.desk.get()] { d->wake(); }};
    followup::add_letter_routes(router_, guarded, std::move(letters));
    notices::add_notice_routes(router_, guarded, {store, c.seal, c.clock, c.random, [settings] { return notice_rules(settings()); }, wake});
    desk::add_desk_routes(router_, guarded, {store, c.seal, c.clock, {}});
}

asio::awaitable<Answer> Doors::ask(const http::Asker& who, std::string method, std::string target, std::string body) {
    http::Request request;
    auto question = target.find('?');
    request.method = std::move(method), request.target = target, request.path = target.substr(0, question), request.body = std::move(body);
    if (question != std::string::npos) request.parameters = http::parse_query(target.substr(question + 1));
    request.asker = who, request.headers = {{"x-pingjing-who", who.who}};
    auto response = co_await router_.handle(std::move(request));
    Answer answer;
    if (life.dead) co_return answer;
    answer.status = response.status;
    boost::system::error_code none;
    answer.body = boost::json::parse(response.body, none);
    co_return answer;
}

asio::awaitable<void> Doors::hand_out_tokens() {
    auto give = [now = city.clock.now()](store::Connection& db) {
        for (const auto* who : {&people::zhang, &people::li, &people::officer_inspects, &people::zhang_again, &people::officer, &people::station}) {
            store::Statement add(db, "INSERT INTO tokens(id, hash, scopes, name, unit, badge, made_at) VALUES (CAST(?1 AS INTEGER), ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (id) DO NOTHING");
            add.bind(1, who->who).bind_blob(2, who->who).bind(3, who->scopes.front()).bind(4, who->name).bind(5, who->unit).bind(6, who->badge).bind(7, now).run();
        }
    };
    co_await life.store->run(give);
}

// A step that the store could not keep is taken again at another look.
bool Doors::failed(const Answer& answer) {
    if (answer.status != 503) return answer.status == 0;
    ++city.fired["a step at a desk failed with the store"];
    return true;
}

bool Doors::done(const Answer& answer, const char* name) {
    if (failed(answer)) return false;
    if (answer.status == 200) ++city.fired[name];
    else if (answer.status == 409) ++city.fired[fmt::format("{}: not now", name)];
    else city.watch.broken(fmt::format("{}: {} {}", name, answer.status, answer.text("detail")));
    return answer.status == 200;
}

void Doors::refused(const Answer& answer, const char* name) {
    if (failed(answer)) return;
    bool is = answer.status == 403 || answer.status == 404 || answer.status == 409;
    if (is) ++city.fired[name];
    else city.watch.broken(fmt::format("{} was not refused: {} {}", name, answer.status, answer.text("detail")));
}

std::string json_of(boost::json::object object) { return boost::json::serialize(object); }

std::string word(const boost::json::value& object, std::string_view key) {
    const auto* o = object.if_object();
    const auto* value = o ? o->if_contains(key) : nullptr;
    return value && value->is_string() ? std::string(value->as_string()) : std::string();
}
std::int64_t number(const boost::json::value& object, std::string_view key) {
    const auto* o = object.if_object();
    const auto* value = o ? o->if_contains(key) : nullptr;
    return value && value->is_number() ? value->to_number<std::int64_t>() : 0;
}
bool flag(const boost::json::value& object, std::string_view key) {
    const auto* o = object.if_object();
    const auto* value = o ? o->if_contains(key) : nullptr;
    return value && value->is_bool() && value->as_bool();
}

}  // namespace pingjing::sim
