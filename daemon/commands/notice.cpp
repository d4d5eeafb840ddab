// 平安短信 from the terminal: notice send, list, show, stop.
#include <fmt/format.h>

#include <sstream>

#include "daemon/commands/ask.hpp"
#include "daemon/commands/commands.hpp"
#include "daemon/http/router.hpp"
#include "daemon/reports/render.hpp"

namespace pingjing::commands {
namespace {

namespace json = boost::json;

std::string cell(std::string text) {
    while (!text.empty() && (text.back() == '\r' || text.back() == ' ')) text.pop_back();
    return text;
}

// phone,consented_on; a head row of these words may stand above. Rows keep their place: what is answered names them by it.
json::array phones_of(std::string_view csv) {
    json::array phones;
    if (csv.starts_with("\xEF\xBB\xBF")) csv.remove_prefix(3);
    std::istringstream lines{std::string(csv)};
    for (std::string line; std::getline(lines, line);) {
        auto comma = line.find(',');
        auto phone = cell(line.substr(0, comma)), day = comma == line.npos ? std::string() : cell(line.substr(comma + 1));
        if ((phones.empty() && phone == "phone") || (phone.empty() && day.empty())) continue;
        phones.push_back(json::object{{"phone", phone}, {"consented_on", day}});
    }
    return phones;
}

void print_notice(const json::value& n) {
    auto of = [&](const char* key) { return reports::printable(text_of(n.at(key))); };
    std::string states;
    for (const auto& state : n.at("texts").as_object()) states += fmt::format(" {} {}", std::string(state.key()), json::serialize(state.value()));
    fmt::print("{}  {}  {}  by {}{}\n        {} texts:{}\n", of("name"), of("text"), of("at"), of("by"), n.at("stopped_at").is_null() ? "" : "  已停 STOPPED " + of("stopped_at"), of("planned"), states);
}

int print_sent(const json::value& v) {
    int refused = 0;
    for (const auto& row : v.at("results").as_array()) {
        auto outcome = text_of(row.at("outcome"));
        if (outcome == "planned") continue;
        fmt::print("{},{}\n", text_of(row.at("line")), outcome);
        ++refused;
    }
    fmt::print(stderr, "planned {}, not texted {}\n", text_of(v.at("planned")), refused);
    return 0;
}

}  // namespace

int notice(const std::string& config, const NoticeOptions& o) {
    auto who = person_header(o.as);
    auto one = "/v1/notices/" + http::percent_encode(o.name);
    auto tell = [&](const json::value& answer, Line& line) {
        auto v = on_the_wall(answer, line);
        if (o.format == "json") {
            fmt::print("{}\n", json::serialize(answer));
        } else if (o.action == "send") {
            return print_sent(v);
        } else if (o.action == "list") {
            for (const auto& n : v.at("notices").as_array()) print_notice(n);
        } else {
            print_notice(v);
            if (const auto* phones = v.as_object().if_contains("phones"))
                for (const auto& p : phones->as_array())
                    fmt::print("{:>8}  {}  agreed {}  {}  {}\n", text_of(p.at("id")), text_of(p.at("phone")), text_of(p.at("consented_on")), text_of(p.at("state")), text_of(p.at("sent_at")));
        }
        return 0;
    };
    if (o.action == "list") return ask(config, "GET", "/v1/notices", "", tell, who);
    if (o.action == "show") return ask(config, "GET", one, "", tell, who);
    if (o.action == "stop") return ask(config, "POST", one + "/stop", json::serialize(json::object{{"reason", o.reason}}), tell, who);
    auto list = read_whole(o.list);
    if (!list) return 1;
    return ask(config, "POST", "/v1/notices", json::serialize(json::object{{"name", o.name}, {"text", o.text}, {"reason", o.reason}, {"phones", phones_of(*list)}, {"accept_possible_double", o.accept_possible_double}}), tell, who);
}

}  // namespace pingjing::commands
