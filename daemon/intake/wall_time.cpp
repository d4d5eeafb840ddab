#include "daemon/intake/wall_time.hpp"

#include <date/tz.h>

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace pingjing::intake {

bool WallTime::ok() const {
    using namespace std::chrono;
    year_month_day date(std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)), std::chrono::day(static_cast<unsigned>(day)));
    return hour < 24 && minute < 60 && second < 60 && date.ok();
}

std::optional<WallTime> read_wall_time(std::string_view text, std::string_view format) {
    WallTime out;
    std::size_t at = 0;
    auto number = [&](std::size_t most, int& into) {
        std::size_t from = at;
        into = 0;
        while (at < text.size() && at - from < most && text[at] >= '0' && text[at] <= '9')
            into = into * 10 + (text[at++] - '0');
        return at > from;
    };
    for (std::size_t i = 0; i < format.size(); ++i) {
        if (format[i] != '%' || i + 1 == format.size()) {
            if (at >= text.size() || text[at++] != format[i]) return std::nullopt;
            continue;
        }
        char what = format[++i];
        if (what == 'f') {  // ".0", ".123", or nothing
            if (at < text.size() && text[at] == '.') {
                auto from = ++at;
                for (int scale = 100; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10)
                    out.millis += (text[at] - '0') * scale;
                if (at == from) return std::nullopt;
            }
            continue;
        }
        auto start = at;
        bool read = what == 'Y'   ? number(4, out.year) && at - start == 4
                    : what == 'm' ? number(2, out.month)
                    : what == 'd' ? number(2, out.day)
                    : what == 'H' ? number(2, out.hour)
                    : what == 'M' ? number(2, out.minute)
                    : what == 'S' ? number(2, out.second)
                                  : false;
        if (!read) return std::nullopt;
    }
    if (at != text.size() || !out.ok()) return std::nullopt;
    return out;
}

std::string example_of(std::string_view format) {
    constexpr std::pair<char, std::string_view> parts[] = {{'Y', "2026"}, {'m', "11"}, {'d', "21"}, {'H', "10"}, {'M', "02"}, {'S', "11"}, {'f', ".0"}};
    std::string out;
    for (std::size_t i = 0; i < format.size(); ++i) {
        auto part = std::end(parts);
        if (format[i] == '%' && i + 1 < format.size()) part = std::find_if(std::begin(parts), std::end(parts), [&](auto& p) { return p.first == format[i + 1]; });
        if (part == std::end(parts)) out += format[i];
        else out += part->second, ++i;
    }
    return out;
}

std::optional<WallTime> read_wall_time(std::string_view text, const std::vector<std::string>& formats) {
    for (auto& format : formats)
        if (auto time = read_wall_time(text, format)) return time;
    return std::nullopt;
}

tl::expected<Instant, std::string> to_instant(const WallTime& t, const date::time_zone& zone) {
    auto local = date::local_days(date::year(t.year) / t.month / t.day) + std::chrono::hours(t.hour) +
                 std::chrono::minutes(t.minute) + std::chrono::seconds(t.second) + Millis(t.millis);
    auto info = zone.get_info(std::chrono::floor<std::chrono::seconds>(local));
    if (info.result == date::local_info::ambiguous)
        return tl::unexpected<std::string>("a local time that comes once; this hour comes twice");
    if (info.result == date::local_info::nonexistent)
        return tl::unexpected<std::string>("a local time that exists; the clocks skip this one");
    return Instant(local.time_since_epoch() - info.first.offset);
}

const date::time_zone* find_zone(const std::string& name) {
    try {
        return date::locate_zone(name);
    } catch (const std::runtime_error&) {
        return nullptr;
    }
}

}  // namespace pingjing::intake
