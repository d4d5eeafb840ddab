#include "daemon/core/clock.hpp"

#include <fmt/format.h>

#include <charconv>

namespace pingjing {
namespace {

// Reads exactly `width` digits at `at`; nullopt when one is missing.
std::optional<int> digits(std::string_view text, std::size_t at, std::size_t width) {
    if (at + width > text.size()) return std::nullopt;
    int value = 0;
    for (std::size_t i = at; i < at + width; ++i) {
        if (text[i] < '0' || text[i] > '9') return std::nullopt;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

}  // namespace

std::string format_utc(Instant t) {
    using namespace std::chrono;
    auto day = floor<days>(t);
    year_month_day date{day};
    hh_mm_ss time{t - day};
    auto text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                            static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), time.hours().count(),
                            time.minutes().count(), time.seconds().count());
    if (auto ms = time.subseconds().count(); ms != 0) text += fmt::format(".{:03}", ms);
    return text + 'Z';
}

std::optional<Instant> parse_rfc3339(std::string_view text) {
    using namespace std::chrono;
    auto y = digits(text, 0, 4), mo = digits(text, 5, 2), d = digits(text, 8, 2);
    auto h = digits(text, 11, 2), mi = digits(text, 14, 2), s = digits(text, 17, 2);
    if (!y || !mo || !d || !h || !mi || !s) return std::nullopt;
    if (text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't' && text[10] != ' ') || text[13] != ':' || text[16] != ':')
        return std::nullopt;
    year_month_day date{year(*y), month(static_cast<unsigned>(*mo)), day(static_cast<unsigned>(*d))};
    if (!date.ok() || *h > 23 || *mi > 59 || *s > 60) return std::nullopt;

    std::size_t at = 19;
    int ms = 0;
    if (at < text.size() && text[at] == '.') {
        int scale = 100;
        std::size_t first = ++at;
        while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
            ms += (text[at] - '0') * scale;
            scale /= 10;
            ++at;
        }
        if (at == first) return std::nullopt;
    }
    if (at >= text.size()) return std::nullopt;  // a time without a zone is no moment
    minutes offset{};
    if (text[at] == 'Z' || text[at] == 'z') {
        ++at;
    } else if (text[at] == '+' || text[at] == '-') {
        auto oh = digits(text, at + 1, 2), om = digits(text, at + 4, 2);
        if (!oh || !om || *oh > 23 || *om > 59 || text[at + 3] != ':') return std::nullopt;
        offset = hours(*oh) + minutes(*om);
        if (text[at] == '-') offset = -offset;
        at += 6;
    } else {
        return std::nullopt;
    }
    if (at != text.size()) return std::nullopt;
    return Instant(sys_days(date)) + hours(*h) + minutes(*mi) + seconds(*s) + Millis(ms) - offset;
}

}  // namespace pingjing
