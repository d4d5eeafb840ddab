#include "daemon/outbox/texts.hpp"

#include <fmt/format.h>

namespace pingjing::outbox {
namespace {
// "08" is 8 in a sentence.
std::string number(std::string_view digits) {
    digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
    return std::string(digits);
}
}  // namespace

Result<Texts> Texts::parse(const std::map<std::string, std::string>& sources, Words words) {
    Texts texts;
    texts.words_ = std::move(words);
    for (const auto& [name, source] : sources) {
        auto parsed = parse_text(name, source);
        if (!parsed) return fail(parsed.error().kind, fmt::format("text '{}': {}", name, parsed.error().detail));
        texts.templates_.emplace(name, std::move(*parsed));
    }
    return texts;
}

std::map<std::string, std::string> Texts::all_values(std::string_view day) const {
    std::map<std::string, std::string> values{{"sign", words_.sign}, {"sms_alarm", words_.sms_alarm}};
    if (day.size() == 10) values["month"] = number(day.substr(5, 2)), values["day"] = number(day.substr(8, 2));
    return values;
}

std::map<std::string, std::string> Texts::values(const std::string& name, std::string_view day) const {
    std::map<std::string, std::string> out;
    auto found = templates_.find(name);
    if (found == templates_.end()) return out;
    auto all = all_values(day);
    for (const auto& placeholder : found->second.names())
        if (auto value = all.find(placeholder); value != all.end()) out.insert(*value);
    return out;
}

Result<std::string> Texts::fill(const std::string& name, std::string_view day, bool without_sign) const {
    auto found = templates_.find(name);
    if (found == templates_.end()) return fail(Error::Kind::not_found, fmt::format("there is no text '{}'", name));
    auto text = found->second.fill(all_values(day));
    if (text && without_sign) text->erase(0, text->find("】") + std::string_view("】").size());
    return text;
}

}  // namespace pingjing::outbox
