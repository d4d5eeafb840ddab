#include "daemon/text/template.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "daemon/text/utf.hpp"

namespace pingjing {
namespace {

bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == ':';
    });
}

}  // namespace

Result<Template> Template::parse_any(std::string_view source) {
    using Kind = Error::Kind;
    if (source.size() > longest_source) return fail(Kind::invalid_input, fmt::format("{} bytes: a template has at most {}", source.size(), longest_source));
    if (!decode_utf8(source)) return fail(Kind::invalid_input, "not UTF-8");
    if (source.find('\0') != source.npos) return fail(Kind::invalid_input, "a NUL in the text");
    Template out;
    while (!source.empty()) {
        auto open = source.find("{{");
        auto plain = source.substr(0, open);
        if (plain.find("}}") != plain.npos) return fail(Kind::invalid_input, "'}}' without '{{' before it");
        if (!plain.empty()) out.pieces_.emplace_back(false, std::string(plain));
        if (open == source.npos) break;
        auto close = source.find("}}", open);
        if (close == source.npos) return fail(Kind::invalid_input, "'{{' without '}}' behind it");
        auto name = source.substr(open + 2, close - open - 2);
        if (!is_name(name)) return fail(Kind::invalid_input, "a placeholder is {{name}}, letters, digits and '_' only");
        out.pieces_.emplace_back(true, std::string(name));
        source.remove_prefix(close + 2);
    }
    return out;
}

Result<Template> Template::parse(std::string_view source, const std::set<std::string>& allowed, const std::set<std::string>& required) {
    auto out = parse_any(source);
    if (!out) return out;
    auto names = out->names();
    for (const auto& name : names)
        if (!allowed.count(name)) return fail(Error::Kind::invalid_input, fmt::format("{{{{{}}}}} is unknown here; known: {}", name, fmt::join(allowed, " ")));
    for (const auto& name : required)
        if (!names.count(name)) return fail(Error::Kind::invalid_input, fmt::format("{{{{{}}}}} is missing", name));
    return out;
}

Result<std::string> Template::fill(const std::map<std::string, std::string>& values) const {
    std::string out;
    for (const auto& piece : pieces_) {
        if (piece.is_name) {
            auto value = values.find(piece.text);
            if (value == values.end()) return fail(Error::Kind::internal, fmt::format("nothing to put in place of {{{{{}}}}}", piece.text));
            out += value->second;
        } else {
            out += piece.text;
        }
        if (out.size() > longest_result) return fail(Error::Kind::invalid_input, fmt::format("more than {} bytes after filling in", longest_result));
    }
    return out;
}

std::set<std::string> Template::names() const {
    std::set<std::string> out;
    for (const auto& piece : pieces_)
        if (piece.is_name) out.insert(piece.text);
    return out;
}

const Placeholders& placeholders_of(const std::string& text_name) {
    // Never the kind of incident, an address or an officer's name: others read phones.
    static const Placeholders dated{{"sign", "month", "day", "sms_alarm"}, {"sign"}};
    static const Placeholders plain{{"sign", "sms_alarm"}, {"sign"}};
    bool neutral = text_name.starts_with("survey_neutral");
    return (text_name.starts_with("survey") && !neutral) || text_name == "done" ? dated : plain;
}

Result<Template> parse_text(const std::string& text_name, std::string_view source) {
    const auto& placeholders = placeholders_of(text_name);
    if (!source.starts_with("【{{sign}}】")) return fail(Error::Kind::invalid_input, "expected 【{{sign}}】 at the very start: carriers refuse a text without its signature");
    for (std::string_view link : {"http://", "https://", "www."})
        if (source.find(link) != source.npos) return fail(Error::Kind::invalid_input, "a link: people are told that the police never send one");
    if (source.find("【", 3) != source.npos) return fail(Error::Kind::invalid_input, "a second 【: carriers allow one signature");
    return Template::parse(source, placeholders.allowed, placeholders.required);
}

}  // namespace pingjing
