// 件件有回复 from the terminal: follow-ups as a list, one with its steps, and the next step of one.
#include <fmt/format.h>

#include "daemon/commands/ask.hpp"
#include "daemon/commands/commands.hpp"
#include "daemon/reports/render.hpp"

namespace pingjing::commands {
namespace {

namespace json = boost::json;

// What citizens and people wrote goes to a terminal without what a terminal obeys.
std::string clean(const json::value& value) { return reports::printable(text_of(value)); }

// He was promised that he would not be called: it has to be seen before his number is.
const char* unwanted(const json::value& v) {
    const auto* said = v.as_object().if_contains("no_callback");
    return said && said->as_bool() ? " 勿回访 DO NOT CALL BACK" : "";
}

void tell_list(const json::value& v) {
    const auto& rows = v.at("followups").as_array();
    if (rows.empty()) fmt::print("nothing is open\n");
    for (const auto& row : rows) {
        auto mark = row.at("overdue").as_bool() ? " OVERDUE" : "";
        fmt::print("{:>6}  {:<12} due {}{}{}{}  {}  {}  {}\n", row.at("id").as_int64(), text_of(row.at("state")), text_of(row.at("due_at")), mark, row.at("urgent").as_bool() ? " urgent" : "",
                   unwanted(row), clean(row.at("case_id")), clean(row.at("unit")), text_of(row.at("grade")));
    }
}

void tell_one(const json::value& v) {
    fmt::print("follow-up {} of case {}, unit {}: {}, due {}{}\n", v.at("id").as_int64(), clean(v.at("case_id")), clean(v.at("unit")), text_of(v.at("state")), text_of(v.at("due_at")),
               v.at("overdue").as_bool() ? ", OVERDUE" : "");
    if (auto mark = unwanted(v); *mark) fmt::print(" {}: the caller wishes no call; verify without him\n", mark);
    const auto& o = v.as_object();
    for (const char* key : {"phone", "finding", "topic", "place", "ordered_unit", "ordered_to", "told_text", "asked_topic"})
        if (const auto* value = o.if_contains(key); value && !value->is_null()) fmt::print("  {:<13}{}\n", key, clean(*value));
    if (const auto* refuted = o.if_contains("refuted"); refuted && refuted->as_bool()) fmt::print("  its words were no complaint: drop, with a note why nothing is owed\n");
    if (const auto* said = o.if_contains("said"))
        for (const auto& text : said->as_array()) fmt::print("  {}  he wrote: {}\n", text_of(text.at("at")), clean(text.at("text")));
    if (const auto* reveals = o.if_contains("reveals"))
        for (const auto& look : reveals->as_array()) fmt::print("  {}  number shown to {}: {}\n", text_of(look.at("at")), clean(look.at("who")), clean(look.at("reason")));
    for (const auto& step : v.at("steps").as_array())
        fmt::print("  {}  {:<12} {}{}\n", text_of(step.at("at")), text_of(step.at("step")), clean(step.at("who")), step.at("note").is_null() ? "" : ": " + clean(step.at("note")));
}

void tell_number(const json::value& v) {
    if (auto mark = unwanted(v); *mark) fmt::print(stderr, "{}: the caller wishes no call\n", mark + 1);
    fmt::print("{}\n", text_of(v.at("phone")));
}

// Only what was given: the daemon knows which step wants what.
json::object fields(const FollowupOptions& o) {
    json::object body;
    const std::pair<const char*, const std::string&> texts[] = {{"outcome", o.outcome}, {"finding", o.finding}, {"topic", o.topic}, {"place", o.place},
                                                                {"unit", o.unit}, {"person", o.person}, {"how", o.how}, {"note", o.note}, {"reason", o.reason}};
    for (const auto& [key, value] : texts)
        if (!value.empty()) body[key] = value;
    if (!o.agreed.empty()) body["agreed"] = o.agreed == "yes";
    return body;
}

}  // namespace

int followup(const std::string& config, const FollowupOptions& o) {
    auto settings = load_settings(config);
    if (!settings) return 2;
    auto line = Line::open(*settings);
    if (!line) return 1;
    auto header = person_header(o.as);
    bool list = o.action == "list", show = o.action == "show";
    auto target = list ? Query().add("state", o.all ? "all" : "").target("/v1/followups") : fmt::format("/v1/followups/{}{}", o.id, show ? "" : "/" + o.action);
    auto answer = list || show ? line->ask("GET", target, "", "", header) : line->ask("POST", target, json::serialize(fields(o)), "application/json", header);
    if (!answer.ok()) return complain(answer);
    if (o.format == "json") return fmt::print("{}\n", answer.body), 0;
    auto v = on_the_wall(json::parse(answer.body), *line);
    if (list) tell_list(v);
    else if (o.action == "reveal") tell_number(v);
    else tell_one(v);
    return 0;
}

}  // namespace pingjing::commands
