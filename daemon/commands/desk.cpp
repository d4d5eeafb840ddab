// Emergencies from the terminal: desk list, show, ack, reveal.
#include <fmt/format.h>

#include "daemon/commands/ask.hpp"
#include "daemon/commands/commands.hpp"
#include "daemon/http/router.hpp"
#include "daemon/reports/render.hpp"

namespace pingjing::commands {
namespace {

namespace json = boost::json;

std::string on_screen(const json::value& v) { return reports::printable(text_of(v)); }

// Where it stands, the worst first.
std::string standing(const json::value& a) {
    if (!a.at("acknowledged_at").is_null()) return fmt::format("已接 taken at {} by {}", on_screen(a.at("acknowledged_at")), on_screen(a.at("acknowledged_by")));
    if (a.at("received_at").is_null() && a.at("escalated_at").is_null()) return fmt::format("未送达 NOT RECEIVED after {} attempts", on_screen(a.at("attempts")));
    return fmt::format("未接 NOT TAKEN, received at {}{}{}", on_screen(a.at("received_at")), a.at("escalated_at").is_null() ? "" : ", escalated at " + on_screen(a.at("escalated_at")),
                       a.at("reminders").as_int64() == 0 ? "" : ", reminded " + on_screen(a.at("reminders")) + " times");
}

void print_alarm(const json::value& a) {
    fmt::print("{}  {}  {}{}  {}\n", on_screen(a.at("alarm_id")), on_screen(a.at("at")), on_screen(a.at("phone")), a.at("do_not_contact").as_bool() ? " 勿回电 DO NOT CALL BACK" : "", standing(a));
    fmt::print("        「{}」  警情 call {}  单位 unit {}\n", on_screen(a.at("text")), on_screen(a.at("case_id")), on_screen(a.at("unit")));
    if (!a.at("words").is_null()) fmt::print("        处置 said 「{}」\n", on_screen(a.at("words")));
}

}  // namespace

int desk(const std::string& config, const DeskOptions& o) {
    auto one = "/v1/desk/" + http::percent_encode(o.id);
    auto who = person_header(o.as);
    auto tell = [&](auto print) {
        return [&o, print](const json::value& v, Line& line) {
            if (o.format == "json") fmt::print("{}\n", json::serialize(v));
            else print(on_the_wall(v, line));
            return 0;
        };
    };
    auto tell_all = [](const json::value& v) {
        int open = 0;
        for (const auto& alarm : v.at("alarms").as_array()) print_alarm(alarm), open += alarm.at("acknowledged_at").is_null();
        fmt::print(stderr, "未接 {} not taken; `pingjing desk ack ID --words …` takes one\n", open);
    };
    if (o.action == "list") return ask(config, "GET", "/v1/desk", "", tell(tell_all), who);
    if (o.action == "show") return ask(config, "GET", one, "", tell(print_alarm), who);
    // One alarm for many cries has the numbers in its text.
    auto number = [](const json::value& v) { fmt::print("{}\n", on_screen(v.at(v.as_object().contains("text") ? "text" : "phone"))); };
    auto reason = json::serialize(json::object{{"reason", o.reason}});
    if (o.action == "reveal") return ask(config, "POST", one + "/reveal", reason, tell(number), who);
    auto body = o.words.empty() ? "" : json::serialize(json::object{{"words", o.words}});
    auto taken = [](const json::value& v) { fmt::print("已接 taken at {} by {}\n", on_screen(v.at("acknowledged_at")), on_screen(v.at("acknowledged_by"))); };
    return ask(config, "POST", one + "/ack", body, tell(taken), who);
}

}  // namespace pingjing::commands
