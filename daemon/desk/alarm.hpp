// Somebody may be in danger: what the people on duty need to know, with the number in clear because they must call it.
#pragma once
#include <optional>
#include <string>
#include <type_traits>

#include "daemon/core/clock.hpp"
#include "daemon/core/phone.hpp"
#include "daemon/core/text.hpp"

namespace pingjing::desk {

struct Alarm {
    Alarm(std::string alarm_id, Instant when, Phone from, Text words) : id(std::move(alarm_id)), at(when), phone(std::move(from)), text(std::move(words)) {}
    std::string id;
    Instant at;
    Phone phone;
    Text text;
    std::optional<std::string> record{};  // the 110 record of the last case
    std::optional<std::string> unit{};
    bool do_not_contact = false;          // the text says not to call or answer
};
static_assert(!std::is_aggregate_v<Alarm>);  // it travels through coroutines

// {"alarm_id","at","phone","text","case_id"|null,"unit"|null,"do_not_contact"}
std::string alarm_json(const Alarm& alarm);

}  // namespace pingjing::desk
