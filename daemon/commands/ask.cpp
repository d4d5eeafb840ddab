#include "daemon/commands/ask.hpp"

#include "daemon/core/local_time.hpp"

namespace pingjing::commands {
namespace {

bool names_a_time(std::string_view key) { return key == "at" || key == "now" || key == "since" || key.ends_with("_at") || key.ends_with("_until"); }

void turn(boost::json::value& value, const std::string& zone) {
    if (auto* rows = value.if_array())
        for (auto& row : *rows) turn(row, zone);
    auto* fields = value.if_object();
    if (!fields) return;
    for (auto& field : *fields) {
        auto* text = names_a_time(field.key()) ? field.value().if_string() : nullptr;
        auto time = text ? parse_rfc3339(*text) : std::nullopt;
        if (time) field.value() = format_local(*time, zone);
        else turn(field.value(), zone);
    }
}

}  // namespace

boost::json::value on_the_wall(boost::json::value answer, const Line& line) {
    turn(answer, line.zone());
    return answer;
}

}  // namespace pingjing::commands
