#include "daemon/desk/alarm.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace pingjing::desk {

std::string alarm_json(const Alarm& alarm) {
    namespace json = boost::json;
    auto maybe = [](const std::optional<std::string>& value) { return value ? json::value(*value) : json::value(nullptr); };
    json::object body = {{"alarm_id", alarm.id}, {"at", format_utc(alarm.at)}, {"phone", alarm.phone.reveal()}, {"text", alarm.text.reveal()},
                         {"case_id", maybe(alarm.record)}, {"unit", maybe(alarm.unit)}, {"do_not_contact", alarm.do_not_contact}};
    return json::serialize(body);
}

}  // namespace pingjing::desk
