#include "daemon/reports/api.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/string_view.hpp>
#include <optional>
#include <stdexcept>
#include <system_error>

#include "daemon/core/local_time.hpp"
#include "daemon/reports/audit.hpp"
#include "daemon/reports/export.hpp"
#include "daemon/reports/html.hpp"
#include "daemon/reports/own.hpp"
#include "daemon/reports/story.hpp"
#include "daemon/reports/xlsx.hpp"
#include "daemon/store/store.hpp"

namespace pingjing::reports {
namespace {

using http::Response;
using Parts = std::shared_ptr<const ApiParts>;

std::string json_string(const std::string& text) { return boost::json::serialize(boost::json::string_view(text)); }

Response wrong(const std::string& parameter, std::string_view expected) {
    return http::problem(400, "Bad Request", fmt::format("{}: expected {}", parameter, expected));
}

constexpr std::string_view formats = "json, csv, xlsx, html or table";

bool is_format(const std::string& format) { return format == "json" || format == "csv" || format == "xlsx" || format == "html" || format == "table"; }

struct Asked {
    Request request{};
    std::string format = "json";
};

// The other case: what to answer instead.
tl::expected<Asked, Response> read_parameters(const std::string& report, const http::Request& call) {
    Asked asked;
    asked.request.report = report;
    for (const auto& [name, value] : call.parameters) {
        if (name == "from") asked.request.from = value;
        else if (name == "to") asked.request.to = value;
        else if (name == "basis") asked.request.basis = value;
        else if (name == "service") asked.request.service = value;
        else if (name == "format") asked.format = value;
        else if (name == "week" && report == "register") asked.request.week = value;
        else if (name == "cases" && (report == "register" || report == "signals") && (value == "1" || value == "0")) asked.request.cases = value == "1";
        else if (name == "raw" && (value == "1" || value == "true" || value == "0" || value == "false")) asked.request.raw = value == "1" || value == "true";
        else if (name == "raw") return tl::unexpected(wrong("raw", "1 or 0"));
        else return tl::unexpected(wrong(name, report == "register" ? "one of the parameters from, to, week, format, raw, cases" : report == "signals" ? "one of the parameters from, to, service, format, cases" : "one of the parameters from, to, basis, service, format, raw"));
    }
    if (!is_format(asked.format)) return tl::unexpected(wrong("format", formats));
    return asked;
}

Response render(const Table& table, const Asked& asked) {
    Response response;
    auto to_be_kept = [&] {
        auto days = table.from.empty() ? std::string() : fmt::format("-{}-{}", table.from, table.to);
        response.headers.emplace_back("Content-Disposition", fmt::format("attachment; filename=\"{}{}.{}\"", table.report, days, asked.format));
    };
    if (asked.format == "json") {
        response.body = render_json(table);
    } else if (asked.format == "csv") {
        response.content_type = "text/csv; charset=utf-8";
        response.body = render_csv(table);
        to_be_kept();
    } else if (asked.format == "xlsx") {
        response.content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
        response.body = render_xlsx({table});
        to_be_kept();
    } else if (asked.format == "html") {
        response.content_type = "text/html; charset=utf-8";
        response.body = render_html({table});
        response.headers.emplace_back("Content-Security-Policy", html_policy());
    } else {
        response.content_type = "text/plain; charset=utf-8";
        response.body = render_terminal(table);
    }
    return response;
}

// On disk before anything is shown.
asio::awaitable<void> record_access(Parts parts, std::string data, std::optional<std::int64_t> case_id) {
    auto now = parts->clock.now();
    std::function<void(store::Connection&)> work = [&](store::Connection& db) { store::append(db, now, "access", case_id, data); };
    co_await parts->store.run(std::move(work));
}

// A unit's token, which is no more than that, sees the row of its unit beside the force's, of months that are settled as a leader's are.
bool is_own_unit(const std::string& report, const http::Asker& asker, bool raw) {
    return report == "units" && !raw && asker.may("unit") && !asker.may("report") && !asker.may("leader");
}

void leave_own_unit(Table& table, const std::string& unit) {
    auto is_text = [](const Cell& cell, std::string_view wanted) {
        const auto* text = std::get_if<std::string>(&cell);
        return text && !wanted.empty() && *text == wanted;
    };
    std::erase_if(table.rows, [&](const std::vector<Cell>& row) { return !is_text(row.at(0), unit) && !std::holds_alternative<std::monostate>(row.at(0)); });
    // Warnings are inspection's: nobody is told of himself.
    auto funnel = std::ranges::find(table.columns, "funnel", &Column::name) - table.columns.begin();
    for (auto& row : table.rows)
        if (funnel < std::ssize(row)) row[static_cast<std::size_t>(funnel)] = std::monostate();
    table.footnotes.clear();  // they count other units
}

asio::awaitable<Response> answer_report(Parts parts, std::string report, bool may_see_raw, http::Request call) {
    auto asked = read_parameters(report, call);
    if (!asked) co_return asked.error();
    auto site = parts->site();
    auto now = parts->clock.now();
    bool leads = call.asker.may("leader") && !call.asker.may("report") && !may_see_raw;
    bool own_unit = is_own_unit(report, call.asker, may_see_raw);
    auto request = leads || own_unit ? complete_for_leader(asked->request, site->rules.services, site->zone, now, site->answers_until)
                         : complete(asked->request, site->rules.services, site->zone, now);
    if (!request) co_return http::problem(400, "Bad Request", request.error().detail);
    asked->request = *request;
    if ((request->raw || request->cases) && !may_see_raw) co_return http::problem(403, "Forbidden", "raw figures and cases need the scope inspect");
    asked->request.badge = call.asker.badge, asked->request.unit = call.asker.unit;
    if (request->raw || request->cases) {
        auto data = fmt::format(R"({{"what":"report {}","raw":true,"from":"{}","to":"{}","who":{}}})", report, request->from, request->to,
                                json_string(call.header("x-pingjing-who")));
        co_await record_access(parts, std::move(data), std::nullopt);
    }

    Result<Table> table = Table();
    std::function<void(store::Connection&)> work = [&](store::Connection& db) {
        table = make_report(db, site->names, site->rules, asked->request, site->zone, now, &parts->seal);
    };
    co_await parts->read(std::move(work));
    if (!table) co_return http::problem(400, "Bad Request", table.error().detail);
    if (own_unit) leave_own_unit(*table, call.asker.unit);
    co_return render(*table, *asked);
}

// The rated officer, who was with him, and their unit: to them no case of theirs says who rated what.
bool was_there(store::Connection& db, const std::string& record, const http::Asker& asker) {
    store::Statement find(db, R"sql(
        SELECT 1 FROM cases c WHERE c.record = ?1
           AND ((?2 <> '' AND (c.officer = ?2 OR EXISTS (SELECT 1 FROM case_officers o WHERE o.case_id = c.id AND o.badge = ?2)
                               OR EXISTS (SELECT 1 FROM ratings r WHERE r.case_id = c.id AND r.officer = ?2)))
             OR (?3 <> '' AND (c.unit = ?3 OR EXISTS (SELECT 1 FROM ratings r WHERE r.case_id = c.id AND r.unit = ?3)))))sql");
    return find.bind(1, record).bind(2, asker.badge).bind(3, asker.unit).step();
}

asio::awaitable<Response> answer_call(Parts parts, http::Request call) {
    for (const auto& [name, value] : call.parameters) {
        if (name != "format") co_return wrong(name, "no parameter but format");
        if (value != "json" && value != "text") co_return wrong("format", "json or text");
    }
    auto site = parts->site();
    auto record = call.captures["id"];
    Result<Story> story = Story();
    std::function<void(store::Connection&)> work = [&](store::Connection& db) {
        if (was_there(db, record, call.asker)) story = fail(Error::Kind::not_found, fmt::format("there is no case {} for you", record));
        else story = read_story(db, parts->seal, record, true);
    };
    co_await parts->read(std::move(work));
    if (!story) co_return http::problem(404, "Not Found", story.error().detail);

    auto data = fmt::format(R"({{"what":"call","who":{}}})", json_string(call.header("x-pingjing-who")));
    co_await record_access(parts, std::move(data), story->case_id);
    Response response;
    if (call.parameter("format") == "text") {
        response.content_type = "text/plain; charset=utf-8";
        response.body = story_text(*story, site->zone, site->evidence);
    } else {
        response.body = story_json(*story, site->zone, site->evidence);
    }
    response.headers.emplace_back("Cache-Control", "no-store");
    co_return response;
}

// Of whom the token says who he is; nobody else's.
asio::awaitable<Response> answer_own(Parts parts, http::Request call) {
    Asked asked;
    for (const auto& [name, value] : call.parameters) {
        if (name != "format") co_return wrong(name, "no parameter but format");
        if (!is_format(value)) co_return wrong("format", formats);
        asked.format = value;
    }
    auto badge = call.asker.badge;
    if (badge.empty()) co_return http::problem(403, "Forbidden", "one's own ratings need a token with one's own badge: token create --scope officer --badge NO");
    auto site = parts->site();
    Table table;
    std::function<void(store::Connection&)> work = [&, now = parts->clock.now()](store::Connection& db) { table = own_report(db, site->rules, badge, site->zone, now); };
    co_await parts->read(work);
    auto response = render(table, asked);
    response.headers.emplace_back("Cache-Control", "no-store");
    co_return response;
}

// Whoever audits is audited: his look is a line, too.
asio::awaitable<Response> answer_audit(Parts parts, http::Request call) {
    Asked asked;
    asked.request.report = "desk";  // its days are filled in like those of any report of days
    for (const auto& [name, value] : call.parameters) {
        if (name == "from") asked.request.from = value;
        else if (name == "to") asked.request.to = value;
        else if (name == "format") asked.format = value;
        else co_return wrong(name, "one of the parameters from, to, format");
    }
    if (asked.format != "json" && asked.format != "csv" && asked.format != "table") co_return wrong("format", "json, csv or table");
    auto site = parts->site();
    auto now = parts->clock.now();
    auto days = complete(asked.request, site->rules.services, site->zone, now);
    if (!days) co_return http::problem(400, "Bad Request", days.error().detail);
    auto data = fmt::format(R"({{"what":"audit","from":"{}","to":"{}","who":{}}})", days->from, days->to, json_string(call.header("x-pingjing-who")));
    co_await record_access(parts, std::move(data), std::nullopt);

    AuditReader reader(parts->seal, {day_range(days->from, site->zone)->from, day_range(days->to, site->zone)->to, call.asker.badge, call.asker.unit, site->zone});
    bool more = true;
    std::function<void(store::Connection&)> read = [&](store::Connection& db) { more = reader.step(db); };
    while (more) co_await parts->read(read);
    auto table = audit_table(reader.entries(), site->zone);
    table.from = days->from, table.to = days->to, table.as_of = format_local(now, site->zone);
    auto response = render(table, asked);
    response.headers.emplace_back("Cache-Control", "no-store");
    co_return response;
}

bool asks_for_raw(const http::Request& call) {
    auto raw = call.parameter("raw", "0");
    return raw == "1" || raw == "true" || call.parameter("cases", "0") == "1";
}

asio::awaitable<Response> answer_public(Parts parts, PublicWish wish, http::Request call) {
    if (!call.trusted) co_return http::problem(404, "Not Found", "there is nothing here");
    if (wish.folder.empty()) co_return http::problem(400, "Bad Request", "[reports] public_dir says nowhere to write it");
    bool changed = false;
    std::string why;
    std::function<void(store::Connection&)> work = [&, now = parts->clock.now()](store::Connection& db) { changed = publish(wish.folder, public_summary(db, wish, now)); };
    try {
        co_await parts->read(work);
    } catch (const std::system_error& error) {
        why = error.what();
    }
    if (!why.empty()) co_return http::problem(500, "Not Written", why);
    Response response;
    response.body = fmt::format(R"({{"folder":{},"changed":{}}})", json_string(wish.folder.string()), changed);
    co_return response;
}

asio::awaitable<Response> answer_export(Parts parts, std::function<ExportPlace()> place, http::Request call) {
    if (!call.trusted) co_return http::problem(404, "Not Found", "there is nothing here");
    auto site = parts->site();
    auto now = parts->clock.now();
    auto where = place();
    if (!call.parameter("out").empty()) where.folder = call.parameter("out");
    auto day = call.parameter("date");
    if (day.empty()) day = local_day(now - std::chrono::hours(24), site->zone);
    auto wish = export_wish(*site, where, parts->seal, day);
    auto folder = wish.folder / wish.day;
    std::string failed;
    Result<Edition> edition = Edition();
    try {
        edition = co_await export_day(parts->read, parts->store, std::move(wish), now);
    } catch (const std::runtime_error& error) {  // a workbook may find no room either
        failed = error.what();
    }
    if (!failed.empty()) co_return http::problem(500, "Not Written", failed);
    if (!edition) co_return http::problem(400, "Bad Request", edition.error().detail);
    Response response;
    response.body = fmt::format(R"({{"folder":{},"version":{},"fresh":{}}})", json_string((folder / fmt::format("v{}", edition->version)).string()), edition->version, edition->fresh);
    co_return response;
}

}  // namespace

ExportWish export_wish(const ReportSite& site, const ExportPlace& place, const store::Seal& seal, std::string day) {
    ExportWish wish;
    wish.day = std::move(day), wish.folder = place.folder, wish.rules_sha256 = place.rules_sha256;
    wish.names = site.names, wish.rules = site.rules, wish.zone = site.zone;
    wish.seal = &seal, wish.signer = seal.ledger_signer();
    return wish;
}

void add_public_route(http::Router& router, ApiParts given, std::function<PublicWish()> wish_of) {
    auto parts = std::make_shared<const ApiParts>(std::move(given));
    router.add("POST", "/control/public", [parts, wish_of](http::Request call) { return answer_public(parts, wish_of(), std::move(call)); });
}

void add_export_route(http::Router& router, ApiParts given, std::function<ExportPlace()> place) {
    auto parts = std::make_shared<const ApiParts>(std::move(given));
    router.add("POST", "/control/export", [parts, place](http::Request call) { return answer_export(parts, place, std::move(call)); });
}

void add_routes(http::Router& router, ApiParts given, const Guard& guard) {
    auto parts = std::make_shared<const ApiParts>(std::move(given));
    for (const auto& report : report_names()) {
        // Warnings of a funnel go to inspection alone, and so does what looks like gaming: operations.cpp says so.
        const auto& described = http::operation("GET", "/v1/reports/" + report);
        auto shown = guard(std::string(described.scopes), [parts, report](http::Request call) { return answer_report(parts, report, false, std::move(call)); });
        auto raw = guard(std::string(described.raw_scopes), [parts, report](http::Request call) { return answer_report(parts, report, true, std::move(call)); });
        router.add("GET", "/v1/reports/" + report, [shown, raw](http::Request call) {
            const auto& handler = asks_for_raw(call) ? raw : shown;
            return handler(std::move(call));
        });
    }
    router.add("GET", "/v1/reports/audit", guard, [parts](http::Request call) { return answer_audit(parts, std::move(call)); });
    router.add("GET", "/v1/reports/mine", guard, [parts](http::Request call) { return answer_own(parts, std::move(call)); });
    router.add("GET", "/v1/calls/{id}", guard, [parts](http::Request call) { return answer_call(parts, std::move(call)); });
}

}  // namespace pingjing::reports
