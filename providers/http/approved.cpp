#include "providers/http/approved.hpp"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fstream>
#include <iterator>

namespace pingjing::generic_http {
namespace {

// What the vendor calls it in a wording: ${month}, {1}.
std::string vendors_placeholder(Parameters parameters, const std::string& name) { return (parameters == Parameters::by_name ? "${" : "{") + name + "}"; }

std::vector<std::pair<std::string, std::string>> sources_of(config::Section& entry, Parameters parameters) {
    std::vector<std::pair<std::string, std::string>> out;
    if (parameters == Parameters::in_order) {
        for (auto& value : entry.texts("values")) out.emplace_back(std::to_string(out.size() + 1), std::move(value));
        return out;
    }
    auto values = entry.child("values");
    for (const auto& name : values.keys()) out.emplace_back(name, values.text(name, ""));
    return out;
}

void read_entry(config::Section& entry, ApprovedTexts& out) {
    auto name = entry.text("text");
    ApprovedText text;
    text.line = entry.line();
    text.id = entry.text("id");
    text.sign = entry.text("sign", "");
    text.wording = entry.text("wording", "");
    for (const auto& [key, source] : sources_of(entry, out.parameters)) {
        auto made = Template::parse_any(source);
        if (made) text.values.emplace_back(key, std::move(*made));
        else entry.problem("values", fmt::format("values: {}: {}", key, made.error().detail));
    }
    entry.finish();
    if (!out.by_text.emplace(name, std::move(text)).second) entry.problem("text", fmt::format("text = \"{}\": stands twice in [[{}]]", name, out.table));
}

// Our text as the vendor would write it, without the sign that it puts in front; empty: some placeholder of it is in no value.
std::string in_vendors_words(const ApprovedTexts& approved, const ApprovedText& text, const std::string& source) {
    constexpr std::string_view sign_end = "】";
    auto body = source.find(sign_end) == source.npos ? source : source.substr(source.find(sign_end) + sign_end.size());
    auto made = Template::parse_any(body);
    if (!made) return {};
    std::map<std::string, std::string> placeholders;
    for (const auto& ours : made->names())
        for (const auto& [theirs, value] : text.values)
            if (auto whole = value.fill({{ours, "\x01"}}); whole && *whole == "\x01") placeholders[ours] = vendors_placeholder(approved.parameters, theirs);
    auto filled = made->fill(placeholders);
    return filled ? *filled : std::string();
}

}  // namespace

std::optional<ApprovedTexts> read_approved(config::Section& section, const std::string& table, Parameters parameters) {
    ApprovedTexts out;
    out.parameters = parameters, out.table = table;
    if (section.text("template_ids").empty()) return std::nullopt;
    auto path = section.path("template_ids");
    out.file = path.string();
    std::ifstream in(path, std::ios::binary);
    if (!in) {
        section.problem("template_ids", fmt::format("template_ids: cannot read {}; templates/vendor_ids.toml is an example", out.file));
        return std::nullopt;
    }
    std::string text(std::istreambuf_iterator<char>(in), {});
    auto document = config::Document::parse(text, out.file, section.problems());
    if (!document) return std::nullopt;
    config::Section root(*document, section.problems());  // tables of other vendors in it are theirs
    for (auto& entry : root.children(table)) read_entry(entry, out);
    return out;
}

Result<Wording> wording_of(const ApprovedTexts& texts, const provider::Submission& submission) {
    if (submission.text_name.empty()) return fail(Error::Kind::invalid_input, "words of a person: this vendor sends approved templates alone");
    auto found = texts.by_text.find(submission.text_name);
    if (found == texts.by_text.end()) return fail(Error::Kind::invalid_input, "no template for the text " + submission.text_name);
    Wording out;
    out.id = found->second.id, out.sign = found->second.sign;
    if (auto own = submission.values.find("sign"); out.sign.empty() && own != submission.values.end()) out.sign = own->second;
    if (out.sign.empty()) return fail(Error::Kind::invalid_input, "no sign for the text " + submission.text_name);
    boost::json::object named;
    boost::json::array ordered;
    for (const auto& [name, source] : found->second.values) {
        auto value = source.fill(submission.values);
        if (!value) return fail(Error::Kind::invalid_input, fmt::format("the text {}: {}", submission.text_name, value.error().detail));
        if (texts.parameters == Parameters::by_name) named[name] = *value;
        else ordered.emplace_back(*value);
    }
    if (found->second.values.empty()) return out;
    out.values = texts.parameters == Parameters::by_name ? boost::json::serialize(named) : boost::json::serialize(ordered);
    return out;
}

std::vector<std::string> unlike(const ApprovedTexts& approved, const std::map<std::string, std::string>& texts) {
    std::vector<std::string> out;
    for (const auto& [name, source] : texts) {
        auto found = approved.by_text.find(name);
        if (found == approved.by_text.end()) {
            out.push_back(fmt::format("{}: no template for the text '{}', which would be held: expected [[{}]] with text = \"{}\" and its id", approved.file, name,
                                      approved.table, name));
            continue;
        }
        auto where = fmt::format("{}:{}", approved.file, found->second.line);
        auto ours = Template::parse_any(source);
        auto known = ours ? ours->names() : std::set<std::string>();
        for (const auto& [theirs, value] : found->second.values)
            for (const auto& placeholder : value.names())
                if (!known.contains(placeholder))
                    out.push_back(fmt::format("{}: text '{}', value {}: {{{{{}}}}} does not stand in the text: expected one of its placeholders", where,
                                              name, theirs, placeholder));
        auto wanted = in_vendors_words(approved, found->second, source);
        if (found->second.wording.empty() || wanted == found->second.wording) continue;
        if (wanted.empty()) wanted = "a value for each placeholder of " + source;
        out.push_back(fmt::format("{}: text '{}': the vendor's wording is not ours: expected \"{}\"", where, name, wanted));
    }
    for (const auto& [name, text] : approved.by_text)
        if (!texts.contains(name)) out.push_back(fmt::format("{}:{}: text = \"{}\": no text of this name is sent", approved.file, text.line, name));
    return out;
}

}  // namespace pingjing::generic_http
