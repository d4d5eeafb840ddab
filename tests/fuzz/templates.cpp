// Templates: a text that is taken can be printed back from its placeholders, and a value is never read again for placeholders.
#include <map>

#include "daemon/text/template.hpp"
#include "daemon/text/utf.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace pingjing::fuzz {
namespace {

std::map<std::string, std::string> values_for(const Template& made, const std::string& before, const std::string& after) {
    std::map<std::string, std::string> out;
    for (const auto& name : made.names()) out[name] = before + name + after;
    return out;
}

void any_text(std::string_view source) {
    auto made = Template::parse_any(source);
    if (!made) {
        must(!made.error().detail.empty() && made.error().detail.size() < 300, "an error says what is wrong, briefly", made.error().detail);
        return;
    }
    must(source.size() <= Template::longest_source && decode_utf8(source), "only bounded UTF-8 is taken");
    auto printed = made->fill(values_for(*made, "{{", "}}"));
    must(printed && *printed == source, "filled with its own placeholders it is what was written, and they are not read again");
    auto again = Template::parse_any(*printed);
    must(again && again->names() == made->names() && again->empty() == made->empty(), "printed and read again it is the same");

    must(made->names().empty() == made->fill({}).has_value(), "a name without a value is an error");
    auto wide = made->fill(values_for(*made, std::string(30'000, 'x'), ""));
    if (wide) must(wide->size() <= Template::longest_result, "a result has a bound");

    auto strict = Template::parse(source, {"sign", "month"}, {"sign"});
    if (strict)
        for (const auto& name : strict->names()) must(name == "sign" || name == "month", "an unknown placeholder is refused", name);
    if (strict) must(strict->names().count("sign") == 1, "a missing placeholder is refused");
}

void text_for_citizens(const std::string& name, std::string_view source) {
    auto made = parse_text(name, source);
    if (!made) return;
    std::map<std::string, std::string> values;
    for (const auto& allowed : placeholders_of(name).allowed) values[allowed] = "示范";
    auto said = made->fill(values);
    must(said.has_value(), "a text that is taken can be sent");
    must(said->starts_with("【示范】"), "and begins with who sends it", *said);
    must(said->find("http://") == said->npos && said->find("https://") == said->npos, "no link in it", *said);
    must(said->find("【", 3) == said->npos, "one signature", *said);
}

}  // namespace

void templates(std::string_view input) {
    any_text(input);
    text_for_citizens("survey", input);
    text_for_citizens("thanks", input);
    text_for_citizens("survey", "【{{sign}}】" + std::string(input));
}

}  // namespace pingjing::fuzz
