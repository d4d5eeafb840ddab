// 民警申诉 from the terminal: appeals as a list, one with its steps, the next step of one; and what was handed in on paper.
#include <fmt/format.h>

#include <cstdio>

#include "daemon/commands/ask.hpp"
#include "daemon/commands/commands.hpp"
#include "daemon/http/router.hpp"
#include "daemon/reports/render.hpp"

namespace pingjing::commands {
namespace {

std::string plain(const boost::json::value& v) { return reports::printable(text_of(v)); }

// "012345", or the unit where it filed it.
std::string filer_of(const boost::json::object& a) { return plain(a.at("badge").is_null() ? a.at("by_unit") : a.at("badge")); }

void tell_appeals(const boost::json::value& v) {
    const auto& rows = v.at("appeals").as_array();
    if (rows.empty()) fmt::print("nothing is open\n");
    for (const auto& row : rows) {
        const auto& a = row.as_object();
        fmt::print("{:>6}  {:<10} due {}{}  {}  {}  by {}  rating {}\n", a.at("id").as_int64(), plain(a.at("state")), plain(a.at("due_at")), a.at("overdue").as_bool() ? " OVERDUE" : "",
                   plain(a.at("case_id")), plain(a.at("ground")), filer_of(a), plain(a.at("rating")));
    }
}

void tell_appeal(const boost::json::value& v) {
    const auto& a = v.as_object();
    fmt::print("appeal {} about case {}: {}, {}, due {}{}\n", a.at("id").as_int64(), plain(a.at("case_id")), plain(a.at("ground")), plain(a.at("state")), plain(a.at("due_at")),
               a.at("overdue").as_bool() ? ", OVERDUE" : "");
    if (!a.contains("steps")) return;  // just filed: as whoever filed it sees it
    fmt::print("  unit {}, by {}, rating {}{}\n", plain(a.at("unit")), filer_of(a), plain(a.at("rating")), a.at("proposed").is_null() ? "" : ", proposed " + plain(a.at("proposed")));
    for (const auto& text : a.at("said").as_array()) fmt::print("  {}  he wrote: {}\n", plain(text.at("at")), plain(text.at("text")));
    for (const auto& step : a.at("steps").as_array())
        fmt::print("  {}  {:<10} {}{}\n", plain(step.at("at")), plain(step.at("step")), plain(step.at("who")), step.at("note").is_null() ? "" : ": " + plain(step.at("note")));
}

boost::json::object body_for(const AppealOptions& o) {
    boost::json::object body;
    const std::pair<const char*, const std::string&> texts[] = {{"case_id", o.record}, {"ground", o.ground}, {"badge", o.badge}, {"unit", o.unit}, {"outcome", o.outcome}, {"note", o.note}};
    for (const auto& [key, value] : texts)
        if (!value.empty()) body[key] = value;
    return body;
}

}  // namespace

int appeal(const std::string& config, const AppealOptions& o) {
    bool list = o.action == "list", show = o.action == "show", files = o.action == "file";
    auto one = "/v1/appeals/" + http::percent_encode(o.id);
    auto target = list ? Query().add("state", o.all ? "all" : "").target("/v1/appeals") : files ? "/v1/appeals" : show ? one : one + "/" + o.action;
    auto body = list || show ? std::string() : boost::json::serialize(body_for(o));
    return ask(config, list || show ? "GET" : "POST", target, body, [&](const boost::json::value& v, Line& line) {
        if (o.format == "json") fmt::print("{}\n", boost::json::serialize(v));
        else if (list) tell_appeals(on_the_wall(v, line));
        else tell_appeal(on_the_wall(v, line));
        return 0;
    }, person_header(o.as));
}

}  // namespace pingjing::commands
