// One question over the line and its JSON answer, as most commands need it.
#pragma once
#include <boost/json.hpp>
#include <cstdlib>
#include <optional>
#include <string>

#include "daemon/commands/line.hpp"
#include "daemon/commands/site.hpp"

namespace pingjing::commands {

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

// Who holds the keyboard, as the header that the control socket hears; what persons do is theirs.
inline std::string person_header(const std::string& as) {
    auto name = as;
    for (const char* variable : {"SUDO_USER", "USER"})
        if (const char* known = std::getenv(variable); name.empty() && known) name = known;
    return name.empty() ? "" : "X-Pingjing-Person: " + name;
}

std::optional<std::string> read_whole(const std::string& file);  // nullopt: said on stderr; "-" is stdin

}  // namespace pingjing::commands
