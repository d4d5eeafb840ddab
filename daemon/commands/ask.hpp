// One question over the line and its JSON answer, as most commands need it.
#pragma once
#include <boost/json.hpp>
#include <cstdlib>
#include <optional>
#include <string>

#include "daemon/commands/line.hpp"
#include "daemon/commands/site.hpp"
#include "daemon/reports/render.hpp"

namespace pingjing::commands {

// Who holds the keyboard, as a header: steps and decisions are persons'.
inline std::string person_header(const std::string& as) {
    auto who = as;
    for (const char* variable : {"SUDO_USER", "USER"})
        if (const char* name = std::getenv(variable); who.empty() && name) who = name;
    return who.empty() ? "" : "X-Pingjing-Person: " + who;
}

// Opens the line, asks, hands the parsed answer to `tell`; otherwise the exit code of what went wrong.
template <class Tell>
int ask(const std::string& config, const std::string& method, const std::string& target, const std::string& body, Tell tell, const std::string& header = "") {
    auto settings = load_settings(config);
    if (!settings) return 2;
    auto line = Line::open(*settings);
    if (!line) return 1;
    auto answer = line->ask(method, target, body, body.empty() ? "" : "application/json", header);
    if (!answer.ok()) return complain(answer);
    return tell(boost::json::parse(answer.body), *line);
}

inline std::string text_of(const boost::json::value& value) {
    return value.is_string() ? std::string(value.as_string()) : value.is_null() ? "-" : boost::json::serialize(value);
}

// For a terminal: what people and carriers wrote can move no cursor there.
inline std::string readable(const boost::json::value& value) { return reports::printable(text_of(value)); }

// The same answer with its times as the clock on the wall shows them, for people; as JSON they stay UTC.
boost::json::value on_the_wall(boost::json::value answer, const Line& line);

std::optional<std::string> read_whole(const std::string& file);  // nullopt: said on stderr; "-" is stdin

}  // namespace pingjing::commands
