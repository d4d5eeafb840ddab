#include "daemon/intake/drop_names.hpp"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <charconv>

#include "daemon/core/phone.hpp"
#include "daemon/intake/charset.hpp"

namespace pingjing::intake {
namespace {

// "2" at the head of "2.done"; 0: no number that we would have written.
int leading_number(std::string_view text, std::size_t& length) {
    int number = 0;
    auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    length = static_cast<std::size_t>(end - text.data());
    return problem == std::errc() && number >= 2 && text[0] != '0' ? number : 0;
}

}  // namespace

bool is_for_us(const std::string& name, const config::Intake& settings) {
    if (name.starts_with('.') || ::fnmatch(settings.pattern.c_str(), name.c_str(), FNM_PERIOD) != 0) return false;
    auto bad = bad_suffix(settings);
    for (std::string_view ours : {taking_suffix, result_suffix, error_suffix, std::string_view(settings.done_suffix), std::string_view(bad),
                                  std::string_view(".tmp"), std::string_view(".part")})
        if (!ours.empty() && name.ends_with(ours)) return false;
    return true;
}

std::string bad_suffix(const config::Intake& settings) { return settings.bad_suffix.empty() ? std::string(".bad") : settings.bad_suffix; }

std::string copy_suffix(const config::Intake& settings) {
    auto source = settings.source.empty() ? std::string() : "-" + settings.source;
    std::replace(source.begin(), source.end(), '/', '-');
    return std::string(taking_suffix) + source + ".tmp";
}

std::string numbered(const std::string& name, int number) { return number <= 1 ? name : fmt::format("{}.{}", name, number); }

std::string plain_name(const std::string& stem, const config::Intake& settings) {
    if (is_for_us(stem, settings)) return stem;
    auto dot = stem.rfind('.');
    if (dot == std::string::npos) return {};
    std::size_t length = 0;
    auto end = std::string_view(stem).substr(dot + 1);
    if (leading_number(end, length) == 0 || length != end.size() || !is_for_us(stem.substr(0, dot), settings)) return {};
    return stem.substr(0, dot);
}

int number_of(const std::string& entry, const std::string& name, const config::Intake& settings, bool in_done_folder) {
    if (!entry.starts_with(name)) return 0;
    auto rest = std::string_view(entry).substr(name.size());
    auto is_ours = [&](std::string_view end) {
        return end == result_suffix || end == error_suffix || end == bad_suffix(settings) || (!settings.done_suffix.empty() && end == settings.done_suffix) ||
               (in_done_folder && end.empty());
    };
    if (is_ours(rest)) return 1;
    std::size_t length = 0;
    int number = rest.starts_with('.') ? leading_number(rest.substr(1), length) : 0;
    return number > 0 && is_ours(rest.substr(1 + length)) ? number : 0;
}

std::string shown(const std::string& name) {
    auto text = name;
    if (!is_utf8(text))
        for (auto& c : text)
            if (static_cast<unsigned char>(c) >= 0x80) c = '?';
    return hide_mobiles(text);
}

}  // namespace pingjing::intake
