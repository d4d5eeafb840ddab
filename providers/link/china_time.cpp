#include "providers/link/china_time.hpp"

#include <fmt/format.h>

namespace pingjing::link {
namespace {

struct Parts { unsigned year, month, day, hour, minute, second; };

Parts parts_of(Instant t) {
    using namespace std::chrono;
    auto local = floor<seconds>(t) + hours(8);
    auto midnight = floor<days>(local);
    year_month_day date{midnight};
    hh_mm_ss time{local - midnight};
    return {static_cast<unsigned>(static_cast<int>(date.year())), static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), static_cast<unsigned>(time.hours().count()),
            static_cast<unsigned>(time.minutes().count()), static_cast<unsigned>(time.seconds().count())};
}

}  // namespace

std::string china_time(Instant t) {
    auto p = parts_of(t);
    return fmt::format("{:02}{:02}{:02}{:02}{:02}{:02}032+", p.year % 100, p.month, p.day, p.hour, p.minute, p.second);
}

std::uint32_t china_stamp(Instant t) {
    auto p = parts_of(t);
    return (((p.month * 100 + p.day) * 100 + p.hour) * 100 + p.minute) * 100 + p.second;
}

}  // namespace pingjing::link
