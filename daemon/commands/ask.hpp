// One question over the line and its JSON answer, as most commands need it.
#pragma once
#include <boost/json.hpp>
#include <optional>
#include <string>

#include "daemon/commands/line.hpp"
#include "daemon/commands/site.hpp"

namespace pingjing::commands {

// Opens the line, asks, hands the parsed answer to `tell`; otherwise the exit code of what went wrong.
template <class Tell>
int ask(const std::string& config, const std::string& method, const std::string& target, const std::string& body, Tell tell) {
    auto settings = load_settings(config);
    if (!settings) return 2;
    auto line = Line::open(*settings);
    if (!line) return 1;
    auto answer = line->ask(method, target, body);
    if (!answer.ok()) return complain(answer);
    return tell(boost::json::parse(answer.body), *line);
}

inline std::string text_of(const boost::json::value& value) {
    return value.is_string() ? std::string(value.as_string()) : value.is_null() ? "-" : boost::json::serialize(value);
}

std::optional<std::string> read_whole(const std::string& file);  // nullopt: said on stderr; "-" is stdin

}  // namespace pingjing::commands
