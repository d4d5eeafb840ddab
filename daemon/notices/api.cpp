#include "daemon/notices/api.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/core/local_time.hpp"
#include "daemon/log/log.hpp"
#include "daemon/store/phones.hpp"
#include "daemon/store/sqlite.hpp"
#include "daemon/text/strict_json.hpp"

namespace pingjing::notices {
namespace {

namespace json = boost::json;
using http::Request;
using http::Response;
using store::Connection;
using Parts = std::shared_ptr<const NoticeParts>;

constexpr int most_notices = 200, phones_a_page = 500, rows_a_commit = 500;
constexpr std::size_t longest_reason = 4000;  // bytes

Response bad(std::string detail) { return http::problem(400, "Bad Request", std::move(detail)); }

Response shown(json::value body) { return http::private_json(json::serialize(body)); }

Response store_failed(const store::SqlError& error) {
    log::error("notices.store", {{"why", error.what()}});
    return http::store_does_not_answer();
}

json::object notice_json(const store::Notice& n) {
    json::object texts;
    std::int64_t all = 0;
    for (const auto& [state, count] : n.texts) texts[state] = count, all += count;
    return {{"name", n.name}, {"text", n.text_name}, {"at", format_utc(n.made_at)}, {"by", n.made_by}, {"stopped_at", n.stopped_at ? json::value(format_utc(*n.stopped_at)) : json::value(nullptr)},
            {"planned", all}, {"texts", std::move(texts)}};
}

// A row as it was given. A number that is none costs its own row.
struct Row {
    std::optional<Phone> phone{};
    std::string consented_on{}, wrong{};
};

struct Asked {
    store::NewNotice notice{};
    std::vector<Row> rows{};
};

std::string string_of(const json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    return value && value->is_string() ? std::string(value->as_string()) : std::string();
}

bool is_name(std::string_view name) {
    return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; }) &&
           hide_mobiles(name) == name;
}

Row read_row(const json::value& given, const std::string& today, const std::string& zone) {
    Row row;
    const auto* object = given.if_object();
    if (!object) {
        row.wrong = "row";
        return row;
    }
    row.phone = Phone::mobile(string_of(*object, "phone"));
    row.consented_on = string_of(*object, "consented_on");
    bool consented = row.consented_on.size() == 10 && day_range(row.consented_on, zone) && row.consented_on <= today;
    if (!row.phone) row.wrong = "no_mobile";
    else if (!consented) row.wrong = "no_consent";
    return row;
}

tl::expected<Asked, Response> read(const Request& request, const NoticeRules& rules, Instant now) {
    auto parsed = parse_strict(request.body);
    const auto* body = parsed && parsed->problems.empty() ? parsed->value.if_object() : nullptr;
    if (!body) return tl::unexpected(bad(R"(expected {"name","text","reason","phones":[{"phone","consented_on"}]}, no key twice)"));
    for (const auto& member : *body)
        if (member.key() != "name" && member.key() != "text" && member.key() != "reason" && member.key() != "phones" && member.key() != "accept_possible_double")
            return tl::unexpected(bad(fmt::format("{}: expected name, text, reason, phones, accept_possible_double", hide_mobiles(std::string(member.key())))));
    Asked asked;
    asked.notice = {string_of(*body, "name"), string_of(*body, "text"), request.asker.who, Text(string_of(*body, "reason"))};
    if (const auto* accepted = body->if_contains("accept_possible_double")) asked.notice.accept_possible_double = accepted->is_bool() && accepted->as_bool();
    if (!is_name(asked.notice.name)) return tl::unexpected(bad("name: expected small letters, digits, '-' and '_', such as 2026-11-29-flood"));
    if (!rules.texts.contains(asked.notice.text_name))
        return tl::unexpected(bad(rules.texts.empty() ? std::string("text: [notices] texts names none") : fmt::format("text: expected {}", fmt::join(rules.texts, ", "))));
    if (asked.notice.reason.empty() || asked.notice.reason.reveal().size() > longest_reason) return tl::unexpected(bad("reason: expected why these people get this text"));
    const auto* phones = body->if_contains("phones") ? body->at("phones").if_array() : nullptr;
    if (!phones || phones->empty()) return tl::unexpected(bad(R"(phones: expected [{"phone":"13812345678","consented_on":"2026-01-05"}])"));
    if (phones->size() > rules.most) return tl::unexpected(bad(fmt::format("phones: {} of them, and {} at a time ([notices] most)", phones->size(), rules.most)));
    auto today = local_day(now, rules.zone);
    for (const auto& one : *phones) asked.rows.push_back(read_row(one, today, rules.zone));
    return asked;
}

// Five hundred a transaction: whoever did not hear the answer gives the same list again, and nobody is texted twice.
asio::awaitable<Response> send(Parts p, Request request) {
    if (request.asker.name.empty()) co_return http::problem(403, "Forbidden", "a notice is sent by a person: expected a token with a name, or `--as`");
    auto rules = p->rules();
    auto now = p->clock.now();
    auto asked = read(request, rules, now);
    if (!asked) co_return std::move(asked.error());
    json::array results;
    std::int64_t planned = 0;
    std::optional<Error> refused;
    try {
        for (std::size_t first = 0; first < asked->rows.size() && !refused; first += rows_a_commit) {
            std::vector<std::string> outcomes;
            auto some = [&](Connection& db) {
                outcomes.clear(), refused.reset();
                auto notice = store::open_notice(db, p->seal, asked->notice, now);
                if (!notice) return void(refused = notice.error());
                auto end = std::min(asked->rows.size(), first + rows_a_commit);
                for (auto n = first; n < end; ++n) {
                    const auto& row = asked->rows[n];
                    outcomes.push_back(!row.wrong.empty() ? row.wrong
                                                          : store::plan_notice(db, p->seal, p->random, *notice, asked->notice.text_name, *row.phone, row.consented_on, rules.store, now));
                }
            };
            co_await p->store.run(std::ref(some));
            for (auto& outcome : outcomes) planned += outcome == "planned", results.push_back(json::object{{"line", results.size() + 1}, {"outcome", outcome}});
        }
    } catch (const store::SqlError& error) {
        co_return store_failed(error);
    }
    if (p->planned) p->planned();
    if (refused) co_return http::problem(409, "Conflict", refused->detail);
    co_return shown(json::object{{"name", asked->notice.name}, {"planned", planned}, {"results", std::move(results)}});
}

asio::awaitable<Response> list(Parts p, Request) {
    json::array all;
    auto look = [&](Connection& db) {
        all = {};
        for (const auto& notice : store::find_notices(db, most_notices)) all.push_back(notice_json(notice));
    };
    try {
        co_await p->store.run(std::ref(look));
    } catch (const store::SqlError& error) {
        co_return store_failed(error);
    }
    co_return shown(json::object{{"notices", std::move(all)}});
}

json::object phone_json(Connection& db, const store::Seal& seal, const store::NoticePhone& one) {
    auto phone = store::find_phone(db, seal, one.phone_id);
    auto time = [](const std::optional<Instant>& t) { return t ? json::value(format_utc(*t)) : json::value(nullptr); };
    return {{"id", one.phone_id}, {"phone", phone ? json::value(phone->masked()) : json::value(nullptr)}, {"consented_on", one.consented_on}, {"state", one.state},
            {"channel", one.channel}, {"sent_at", time(one.sent_at)}, {"settled_at", time(one.settled_at)}};
}

asio::awaitable<Response> show(Parts p, Request request) {
    std::int64_t after = 0;
    auto given = request.parameter("after", "0");
    auto [end, wrong] = std::from_chars(given.data(), given.data() + given.size(), after);
    if (wrong != std::errc() || end != given.data() + given.size()) co_return bad("after: expected the `id` of the last row of the page before");
    std::optional<json::object> found;
    auto look = [&, now = p->clock.now()](Connection& db) {
        found.reset();
        auto notice = store::find_notice(db, request.captures.at("name"));
        if (!notice) return;
        found = notice_json(*notice);
        json::array phones;
        for (const auto& one : store::find_notice_phones(db, notice->id, after, phones_a_page)) phones.push_back(phone_json(db, p->seal, one));
        (*found)["phones"] = std::move(phones);
        store::append(db, now, "access", std::nullopt, json::serialize(json::object{{"what", "notice"}, {"notice", notice->id}, {"who", request.asker.who}}));
    };
    try {
        co_await p->store.run(std::ref(look));
    } catch (const store::SqlError& error) {
        co_return store_failed(error);
    }
    if (!found) co_return http::problem(404, "Not Found", "there is no notice of this name");
    co_return shown(std::move(*found));
}

asio::awaitable<Response> stop(Parts p, Request request) {
    if (request.asker.name.empty()) co_return http::problem(403, "Forbidden", "a notice is stopped by a person: expected a token with a name, or `--as`");
    auto said = only_text(request.body, "reason", longest_reason);
    if (!said || said->empty()) co_return bad(fmt::format("reason: {}", said ? std::string("expected why") : said.error().detail));
    Text reason(*said);
    std::optional<json::object> found;
    auto end = [&, now = p->clock.now()](Connection& db) {
        found.reset();
        auto notice = store::find_notice(db, request.captures.at("name"));
        if (!notice) return;
        auto stopped = store::stop_notice(db, p->seal, *notice, reason, request.asker.who, now);
        found = notice_json(*store::find_notice(db, notice->name));
        (*found)["stopped"] = stopped;
    };
    try {
        co_await p->store.run(std::ref(end));
    } catch (const store::SqlError& error) {
        co_return store_failed(error);
    }
    if (!found) co_return http::problem(404, "Not Found", "there is no notice of this name");
    co_return shown(std::move(*found));
}

}  // namespace

void add_notice_routes(http::Router& router, const http::Guard& guard, NoticeParts given) {
    auto parts = std::make_shared<const NoticeParts>(std::move(given));
    auto with = [parts](asio::awaitable<Response> (*handler)(Parts, Request)) { return [parts, handler](Request request) { return handler(parts, std::move(request)); }; };
    router.add("POST", "/v1/notices", guard, with(send));
    router.add("GET", "/v1/notices", guard, with(list));
    router.add("GET", "/v1/notices/{name}", guard, with(show));
    router.add("POST", "/v1/notices/{name}/stop", guard, with(stop));
}

}  // namespace pingjing::notices
