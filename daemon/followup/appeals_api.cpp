#include "daemon/followup/appeals_api.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>

#include "daemon/core/phone.hpp"
#include "daemon/followup/appeals.hpp"
#include "daemon/followup/shown.hpp"
#include "daemon/text/strict_json.hpp"

namespace pingjing::followup {
namespace {

namespace js = boost::json;
using store::Appeal;

constexpr std::size_t longest_account = 4000;  // bytes
constexpr int most_appeals = 500;

Person person_of(const http::Asker& asker) { return {asker.who, asker.name, asker.unit, asker.badge, asker.may("inspect")}; }

bool filed_it(const Appeal& a, const http::Asker& asker) {
    return (asker.may("officer") && !a.badge.empty() && a.badge == asker.badge) || (asker.may("unit") && !a.unit.empty() && a.unit == asker.unit);
}
bool inspects_it(const Appeal& a, const http::Asker& asker) { return asker.may("inspect") && !is_party(a, identity_of(asker.who, asker.badge), asker.unit); }

// All that whoever filed it is told. What is proposed is not decided yet, and what was rated is the caller's.
js::object outcome_of(const Appeal& a, Instant now) {
    bool settled = is_settled(a.state);
    return {{"id", a.id}, {"case_id", a.record}, {"ground", a.ground}, {"filed_at", format_utc(a.filed_at)}, {"due_at", format_utc(a.due_at)},
            {"overdue", !settled && a.due_at < now}, {"state", settled ? appeal_state_name(a.state) : "open"}};
}

js::value text_or_none(const std::string& text) { return text.empty() ? js::value(nullptr) : js::value(text); }

js::object for_inspection(const Appeal& a, Instant now) {
    auto out = outcome_of(a, now);
    out["state"] = appeal_state_name(a.state), out["escalated"] = a.escalated, out["unit"] = a.case_unit;
    out["badge"] = text_or_none(a.badge), out["by_unit"] = text_or_none(a.unit), out["filed_by"] = a.filed_by;
    out["proposed"] = a.proposed ? js::value(appeal_state_name(*a.proposed)) : js::value(nullptr), out["proposed_by"] = text_or_none(a.proposed_by);
    out["decided_by"] = text_or_none(a.decided_by), out["decided_at"] = a.decided_at ? js::value(format_utc(*a.decided_at)) : js::value(nullptr);
    out["rating"] = a.standing_grade ? js::value(grade_name(*a.standing_grade)) : js::value(nullptr);
    return out;
}

js::array steps_of_appeal(store::Connection& db, const store::Seal& seal, std::int64_t appeal) {
    store::Statement rows(db, "SELECT id, at, who, step, note FROM appeal_steps WHERE appeal_id = ?1 ORDER BY id");
    rows.bind(1, appeal);
    js::array out;
    while (rows.step()) {
        auto note = rows.is_null(4) ? std::nullopt : std::optional(seal.open(rows.text(4), store::appeal_note_context(rows.integer(0))));
        out.push_back(js::object{{"at", format_utc(rows.instant(1))}, {"who", rows.text(2)}, {"step", rows.text(3)}, {"note", note && *note ? js::value(**note) : js::value(nullptr)}});
    }
    return out;
}

void note_look(store::Connection& db, const http::Asker& asker, std::optional<std::int64_t> case_id, js::object what, Instant now) {
    what["what"] = "appeal", what["who"] = asker.who;
    store::append(db, now, "access", case_id, js::serialize(what));
}

// With what the caller wrote: a look that is written down.
js::object whole_appeal(store::Connection& db, const store::Seal& seal, const Appeal& a, const http::Asker& asker, Instant now) {
    auto out = for_inspection(a, now);
    out["steps"] = steps_of_appeal(db, seal, a.id), out["said"] = said(db, seal, a.case_id);
    note_look(db, asker, a.case_id, {{"appeal", a.id}}, now);
    return out;
}

std::optional<Appeal> find_by_number(store::Connection& db, const http::Request& request) {
    auto text = request.captures.at("id");
    std::int64_t id = 0;
    auto [stop, bad] = std::from_chars(text.data(), text.data() + text.size(), id);
    return bad == std::errc() && stop == text.data() + text.size() ? store::find_appeal(db, id) : std::nullopt;
}

// Whose it is not does not learn either that it is there.
Result<Appeal> appeal_asked_for(store::Connection& db, const http::Request& request) {
    auto found = find_by_number(db, request);
    if (!found || !(filed_it(*found, request.asker) || inspects_it(*found, request.asker)))
        return fail(Error::Kind::not_found, fmt::format("there is no appeal {} for you", hide_mobiles(request.captures.at("id"))));
    return *found;
}

using Fields = std::map<std::string, std::string, std::less<>>;

// An object of texts with these keys.
Result<Fields> read_fields(const http::Request& request, std::initializer_list<std::string_view> keys) {
    auto parsed = parse_strict(request.body.empty() ? "{}" : request.body);
    if (!parsed || !parsed->value.is_object()) return fail(Error::Kind::invalid_input, "expected a JSON object");
    for (const auto& [at, problem] : parsed->problems) return fail(Error::Kind::invalid_input, fmt::format("{}: {}", problem.field, problem.detail));
    Fields out;
    for (const auto& pair : parsed->value.as_object()) {
        std::string key(pair.key());
        if (std::ranges::find(keys, key) == keys.end()) return fail(Error::Kind::invalid_input, fmt::format("{}: expected one of {}", key, fmt::join(keys, ", ")));
        if (!pair.value().is_string() || pair.value().as_string().size() > longest_account)
            return fail(Error::Kind::invalid_input, fmt::format("{}: expected a text of at most {} bytes", key, longest_account));
        std::string value(pair.value().as_string());
        out[key] = key == "note" ? hide_mobiles(value) : value;  // the caller's number is asked for elsewhere, for a reason
    }
    return out;
}

// For whom: the holder of the token. Whoever keeps the site types in what an officer handed in on paper.
Result<std::pair<std::string, std::string>> filed_for(const http::Asker& asker, Fields& fields) {
    auto badge = fields["badge"], unit = fields["unit"];
    if (!badge.empty() || !unit.empty()) {
        if (std::ranges::find(asker.scopes, "admin") == asker.scopes.end()) return fail(Error::Kind::forbidden, "an officer files for himself and a unit for itself; the token says for whom");
        if (badge.empty() == unit.empty()) return fail(Error::Kind::invalid_input, "badge, unit: expected one of them");
        return std::pair(badge, unit);
    }
    auto has = [&](std::string_view scope) { return std::ranges::find(asker.scopes, scope) != asker.scopes.end(); };
    if (has("officer") && !asker.badge.empty()) return std::pair(asker.badge, std::string());
    if (has("unit") && !asker.unit.empty()) return std::pair(std::string(), asker.unit);
    return fail(Error::Kind::forbidden, "an appeal is an officer's or a unit's: use a token of the scope officer with a badge, or unit with a unit");
}

asio::awaitable<http::Response> file_one(const Parts parts, http::Request request) {
    auto fields = read_fields(request, {"case_id", "ground", "note", "badge", "unit"});
    if (!fields) co_return refuse(fields.error());
    auto whose = filed_for(request.asker, *fields);
    if (!whose) co_return refuse(whose.error());
    if (trimmed(request.asker.name).empty()) co_return http::problem(403, "Forbidden", "an appeal is somebody's: use a token that names a person, or --as NAME");
    std::optional<http::Response> response;
    auto work = [&, rules = parts.rules(), now = parts.clock.now()](store::Connection& db) {
        auto about = store::find_case_of(db, (*fields)["case_id"], whose->first, whose->second);
        if (!about) return void(response = http::problem(404, "Not Found", "there is no such call of yours"));
        auto planned = plan_appeal(*about, (*fields)["ground"], (*fields)["note"], *rules, now);
        if (!planned) return void(response = refuse(planned.error()));
        planned->filed_by = request.asker.who, planned->badge = whose->first, planned->unit = whose->second;
        auto id = store::file_appeal(db, parts.seal, *planned, now);
        response = id ? tell(outcome_of(*store::find_appeal(db, *id), now)) : refuse(id.error());
    };
    co_await parts.store.run(std::ref(work));
    co_return std::move(*response);
}

asio::awaitable<http::Response> list_all(const Parts parts, http::Request request) {
    auto state = request.parameter("state", "open");
    if (state != "open" && state != "all") co_return http::problem(400, "Bad Request", "state: expected open or all");
    const auto& asker = request.asker;
    const auto now = parts.clock.now();
    store::AppealsOf whose{asker.may("inspect"), asker.may("officer") ? asker.badge : "", asker.may("unit") ? asker.unit : ""};
    js::array list;
    std::int64_t shown = 0;
    std::function<void(store::Connection&)> look = [&](store::Connection& db) {
        list.clear(), shown = 0;
        for (const auto& row : store::list_appeals(db, whose, state == "all", most_appeals)) {
            auto a = whose.everybody ? store::find_appeal(db, row.id) : std::nullopt;
            if (a && inspects_it(*a, asker)) list.push_back(for_inspection(*a, now)), ++shown;
            else if (filed_it(row, asker)) list.push_back(outcome_of(row, now));
        }
    };
    auto read = parts.reader();
    co_await read(look);
    // On disk before anything is shown.
    auto note = [&](store::Connection& db) { note_look(db, asker, std::nullopt, {{"appeals", shown}}, now); };
    if (shown > 0) co_await parts.store.run(std::ref(note));
    js::object body{{"appeals", std::move(list)}};
    co_return tell(std::move(body));
}

asio::awaitable<http::Response> show_one(const Parts parts, http::Request request) {
    std::optional<http::Response> response;
    auto look = [&, now = parts.clock.now()](store::Connection& db) {
        auto a = appeal_asked_for(db, request);
        if (!a) return void(response = refuse(a.error()));
        response = tell(inspects_it(*a, request.asker) ? whole_appeal(db, parts.seal, *a, request.asker, now) : outcome_of(*a, now));
    };
    co_await parts.store.run(std::ref(look));
    co_return std::move(*response);
}

asio::awaitable<http::Response> step_of_one(const Parts parts, http::Request request) {
    auto fields = read_fields(request, {"outcome", "note"});
    if (!fields) co_return refuse(fields.error());
    AppealStep step{request.captures.at("step"), (*fields)["outcome"], (*fields)["note"]};
    std::optional<http::Response> response;
    auto work = [&, now = parts.clock.now()](store::Connection& db) {
        auto a = appeal_asked_for(db, request);
        if (!a) return void(response = refuse(a.error()));
        auto planned = plan_appeal_step(*a, step, person_of(request.asker));
        if (!planned) return void(response = refuse(planned.error()));
        if (auto moved = store::move_appeal(db, parts.seal, *a, *planned, now); !moved) return void(response = refuse(moved.error()));
        response = tell(whole_appeal(db, parts.seal, *store::find_appeal(db, a->id), request.asker, now));
    };
    co_await parts.store.run(std::ref(work));
    co_return std::move(*response);
}

// Whose it is, by the same rule as filing: an officer his own, a unit its own, and from paper whoever keeps the site, who says for whom.
asio::awaitable<http::Response> withdraw_one(const Parts parts, http::Request request) {
    auto fields = read_fields(request, {"note", "badge", "unit"});
    if (!fields) co_return refuse(fields.error());
    bool on_paper = !(*fields)["badge"].empty() || !(*fields)["unit"].empty();
    if (on_paper)
        if (auto whose = filed_for(request.asker, *fields); !whose) co_return refuse(whose.error());
    std::optional<http::Response> response;
    auto work = [&, now = parts.clock.now()](store::Connection& db) {
        auto a = find_by_number(db, request);
        bool theirs = a && (on_paper ? a->badge == (*fields)["badge"] && a->unit == (*fields)["unit"] : filed_it(*a, request.asker));
        if (!theirs) return void(response = http::problem(404, "Not Found", "there is no such appeal of yours"));
        auto planned = plan_withdrawal(*a, (*fields)["note"], person_of(request.asker));
        if (!planned) return void(response = refuse(planned.error()));
        if (auto moved = store::move_appeal(db, parts.seal, *a, *planned, now); !moved) return void(response = refuse(moved.error()));
        response = tell(outcome_of(*store::find_appeal(db, a->id), now));
    };
    co_await parts.store.run(std::ref(work));
    co_return std::move(*response);
}

}  // namespace

void add_appeal_routes(http::Router& router, const http::Guard& guard, Parts parts) {
    auto add = [&](const char* method, const char* path, asio::awaitable<http::Response> (*handler)(const Parts, http::Request)) {
        router.add(method, path, guard, or_unavailable([parts, handler](http::Request request) { return handler(parts, std::move(request)); }));
    };
    add("POST", "/v1/appeals", file_one);
    add("GET", "/v1/appeals", list_all);
    add("GET", "/v1/appeals/{id}", show_one);
    add("POST", "/v1/appeals/{id}/withdraw", withdraw_one);
    add("POST", "/v1/appeals/{id}/{step}", step_of_one);
}

}  // namespace pingjing::followup
