// The alarms of the service in Chinese: a name, and what it means; beside the English of alarms.hpp.
#pragma once
#include <string_view>

namespace pingjing::watch {

struct AlarmWords { std::string_view name{}, title{}, meaning{}; };
// nullptr: not one of kinds().
const AlarmWords* alarm_words(std::string_view name);

}  // namespace pingjing::watch
