// Times as the Chinese protocols write them, by the one clock of China. Pure.
#pragma once
#include <cstdint>
#include <string>

#include "daemon/core/clock.hpp"

namespace pingjing::link {

std::string china_time(Instant t);     // "YYMMDDhhmmss032+": tenths of a second, quarter hours from UTC
std::uint32_t china_stamp(Instant t);  // MMDDhhmmss as a number

}  // namespace pingjing::link
