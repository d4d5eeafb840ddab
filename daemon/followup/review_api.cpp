#include "daemon/followup/review_api.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>

#include "daemon/core/person.hpp"
#include "daemon/followup/shown.hpp"
#include "daemon/followup/steps.hpp"
#include "daemon/log/metrics.hpp"
#include "daemon/store/ratings.hpp"
#include "daemon/text/strict_json.hpp"

namespace pingjing::followup {
namespace {

namespace json = boost::json;
using http::Response;
using store::Connection;
using store::Statement;
using Queue = std::shared_ptr<const ReviewParts>;

std::string who(const http::Request& request) { return request.header("x-pingjing-who"); }
Response wrong(std::string_view field, std::string_view expected) { return http::problem(400, "Bad Request", fmt::format("{}: expected {}", field, expected)); }

json::value text_of(const store::Seal& seal, const Statement& row, int id, int text) {
    if (row.is_null(text)) return nullptr;
    auto plain = seal.open(row.text(text), store::inbound_text_context(row.integer(id)));
    return plain ? json::value(*plain) : json::value(nullptr);
}

// {}: which of them.
constexpr const char reviews_sql[] = R"sql(
    SELECT r.id, r.kind, r.at, c.record, c.unit, c.officer, r.inbound_id, i.text, i.label, i.rating, coalesce(i.phone_id, c.phone_id), s.said
      FROM reviews r LEFT JOIN inbound i ON i.id = r.inbound_id LEFT JOIN suggestions s ON s.inbound_id = r.inbound_id LEFT JOIN cases c ON c.id = coalesce(r.case_id, i.case_id)
     WHERE {} ORDER BY r.at, r.id)sql";

json::object shown(Connection& db, const store::Seal& seal, const Statement& rows) {
    return {{"id", rows.integer(0)}, {"kind", rows.text(1)}, {"at", format_utc(rows.instant(2))}, {"case_id", text_or_null(rows, 3)},
            {"unit", text_or_null(rows, 4)}, {"officer", text_or_null(rows, 5)}, {"text", text_of(seal, rows, 6, 7)},
            {"label", text_or_null(rows, 8)}, {"rating", rows.is_null(9) ? json::value(nullptr) : json::value(rows.integer(9))},
            {"phone", masked_phone(db, seal, rows, 10)}, {"suggestion", text_or_null(rows, 11)}};
}

// Whoever a rating is about, and his unit, learn nothing of who gave it.
json::array open_reviews(Connection& db, const store::Seal& seal, const std::string& kind, const store::Decider& asker, const store::ReviewRules& rules) {
    Statement rows(db, fmt::format(reviews_sql, kind.empty() ? "r.closed_at IS NULL" : "r.closed_at IS NULL AND r.kind = ?1"));
    if (!kind.empty()) rows.bind(1, kind);
    json::array out;
    while (rows.step()) {
        auto review = store::find_review(db, seal, rows.integer(0));
        if (review && store::may_decide(db, *review, asker, rules)) out.push_back(shown(db, seal, rows));
    }
    return out;
}

json::value decided(const std::optional<store::Review::Decided>& d) {
    if (!d) return nullptr;
    json::value grade, note;
    if (d->grade) grade = *d->grade;
    if (d->note) note = d->note->reveal();
    return json::object{{"at", format_utc(d->at)}, {"by", d->by}, {"decision", d->decision}, {"grade", grade}, {"note", note}};
}

// What there is to choose from, and about which cases.
json::object one_review(Connection& db, const store::Seal& seal, const store::Review& review, const store::ReviewRules& rules) {
    Statement row(db, fmt::format(reviews_sql, "r.id = ?1"));
    row.bind(1, review.id).step();
    auto out = shown(db, seal, row);
    out["decided"] = decided(review.decided);
    json::array choices, cases;
    for (const auto& choice : store::review_choices(review.kind)) choices.push_back(json::object{{"decision", choice.decision}, {"grade", choice.grade}});
    for (const auto& about : store::surveys_of_review(db, review, rules)) {
        json::value standing;
        if (auto rating = store::standing_rating(db, about.survey.case_id)) standing = grade_name(rating->grade);
        cases.push_back(json::object{{"case_id", about.record}, {"asked_at", format_utc(about.survey.claimed_at)}, {"rating", standing}});
    }
    out["choices"] = std::move(choices);
    out["cases"] = std::move(cases);
    return out;
}

asio::awaitable<Response> list_reviews(Queue p, http::Request request) {
    auto kind = request.parameter("kind");
    auto kinds = store::review_kinds();
    if (!kind.empty() && std::ranges::find(kinds, kind) == kinds.end()) co_return wrong("kind", fmt::format("{}", fmt::join(kinds, ", ")));
    json::array list;
    auto read = [&, now = p->clock.now(), rules = p->rules()](Connection& db) {
        list = open_reviews(db, p->seal, kind, store::find_decider(db, who(request)), rules);
        json::object access = {{"what", "review"}, {"who", who(request)}, {"reviews", list.size()}};
        store::append(db, now, "access", std::nullopt, json::serialize(access));
    };
    try {
        co_await p->store.run(std::ref(read));
    } catch (const store::SqlError& error) {
        co_return store_failed(error);
    }
    json::object body{{"reviews", std::move(list)}};
    co_return tell(std::move(body));
}

std::optional<std::int64_t> id_of(const http::Request& request) {
    auto text = request.captures.at("id");
    std::int64_t id = 0;
    auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), id);
    return bad == std::errc() && end == text.data() + text.size() && id > 0 ? std::optional(id) : std::nullopt;
}

asio::awaitable<Response> show_review(Queue p, http::Request request) {
    auto id = id_of(request);
    if (!id) co_return wrong("id", "the number of a review");
    std::optional<json::object> found;
    auto read = [&, now = p->clock.now(), rules = p->rules()](Connection& db) {
        found.reset();
        auto review = store::find_review(db, p->seal, *id);
        if (!review || !store::may_decide(db, *review, store::find_decider(db, who(request)), rules)) return;
        found = one_review(db, p->seal, *review, rules);
        json::object access = {{"what", "review"}, {"who", who(request)}, {"review", *id}};
        store::append(db, now, "access", review->case_id, json::serialize(access));
    };
    try {
        co_await p->store.run(std::ref(read));
    } catch (const store::SqlError& error) {
        co_return store_failed(error);
    }
    if (!found) co_return http::problem(404, "Not Found", fmt::format("there is no review {}", *id));
    co_return tell(std::move(*found));
}

// The other case: what to answer instead.
tl::expected<store::NewDecision, Response> read_decision(const std::string& body) {
    auto parsed = parse_strict(body);
    if (!parsed) return tl::unexpected(wrong("body", R"(a JSON object such as {"decision":"confirmed"})"));
    const auto* object = parsed->value.if_object();
    if (!object) return tl::unexpected(wrong("body", R"(a JSON object such as {"decision":"confirmed"})"));
    for (const auto& [at, problem] : parsed->problems) return tl::unexpected(http::problem(400, "Bad Request", fmt::format("{}: {}", problem.field, problem.detail)));
    store::NewDecision out;
    for (const auto& pair : *object) {
        std::string key(pair.key());
        if (key != "decision" && key != "grade" && key != "case_id" && key != "note") return tl::unexpected(wrong(key, "one of the keys decision, grade, case_id, note"));
        if (pair.value().is_null()) continue;
        if (!pair.value().is_string()) return tl::unexpected(wrong(key, "a text"));
        std::string value(pair.value().as_string());
        if (key == "decision") out.decision = value;
        else if (key == "case_id") out.record = value;
        else if (key == "note") out.note = Text(value);
        else if (out.grade = parse_grade(value); !out.grade) return tl::unexpected(wrong("grade", "satisfied, basically_satisfied or dissatisfied"));
    }
    if (out.note.reveal().size() > longest_note) return tl::unexpected(wrong("note", fmt::format("at most {} bytes", longest_note)));
    return out;
}

asio::awaitable<Response> decide(Queue p, http::Request request) {
    if (trimmed(identity_of(who(request)).name).empty())
        co_return http::problem(403, "Forbidden", "a decision is somebody's: use a token that names a person, or --as NAME");
    auto id = id_of(request);
    if (!id) co_return wrong("id", "the number of a review");
    auto asked = read_decision(request.body);
    if (!asked) co_return asked.error();
    Result<store::DecidedReview> done = store::DecidedReview();
    bool may = true;
    json::value now_stands;
    auto write = [&, now = p->clock.now(), rules = p->rules()](Connection& db) {
        auto decider = store::find_decider(db, who(request));
        auto review = store::find_review(db, p->seal, *id);
        may = !review || store::may_decide(db, *review, decider, rules);
        if (!may) return;
        done = store::decide_review(db, p->seal, *id, *asked, decider, rules, now);
        if (done) now_stands = decided(store::find_review(db, p->seal, *id)->decided);
    };
    try {
        co_await p->store.run(std::ref(write));
    } catch (const store::SqlError& error) {
        co_return store_failed(error);
    }
    if (!may) co_return http::problem(403, "Forbidden", "whoever was at the scene, and his unit, do not decide about their own ratings");
    if (!done) co_return refuse(done.error());
    metrics::count("reviews_decided_total", {{"decision", asked->decision}});
    if (done->read_again && p->texts) p->texts();
    json::value effect;
    if (!done->effect.empty()) effect = done->effect;
    json::object body{{"id", *id}, {"decided", now_stands}, {"effect", effect}, {"followup_opened", done->followup_opened}, {"read_again", done->read_again}};
    co_return tell(std::move(body));
}

}  // namespace

void add_review_routes(http::Router& router, const http::Guard& guard, ReviewParts parts) {
    auto p = std::make_shared<const ReviewParts>(std::move(parts));
    router.add("GET", "/v1/review", guard, [p](http::Request request) { return list_reviews(p, std::move(request)); });
    router.add("GET", "/v1/review/{id}", guard, [p](http::Request request) { return show_review(p, std::move(request)); });
    router.add("POST", "/v1/review/{id}", guard, [p](http::Request request) { return decide(p, std::move(request)); });
}

}  // namespace pingjing::followup
