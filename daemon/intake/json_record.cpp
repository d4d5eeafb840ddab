#include "daemon/intake/json_record.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/intake/charset.hpp"
#include "daemon/intake/fields.hpp"
#include "daemon/intake/wall_time.hpp"
#include "daemon/text/strict_json.hpp"

namespace pingjing::intake {
namespace {

namespace json = boost::json;

std::string kind_of(const json::value& value) {
    switch (value.kind()) {
        case json::kind::null: return "null";
        case json::kind::bool_: return "true or false";
        case json::kind::string: return "a text";
        case json::kind::array: return "a list";
        case json::kind::object: return "an object";
        default: return "a number";
    }
}
// What was expected, and what is there instead: its kind or its size, never its value.
std::string instead(std::string_view expected, std::string_view found) { return fmt::format("{}; found {}", expected, found); }

bool is_day(std::string_view day) {
    auto read = read_wall_time(day, std::string_view("%Y-%m-%d"));
    return read && day.size() == 10;
}

class JsonRecord final : public Fields {
public:
    explicit JsonRecord(const json::object& object) : object_(object) {}

    std::string spelling(std::string_view field) const override { return std::string(field); }
    Read<std::string> text(std::string_view field) const override {
        auto* value = find(field);
        if (!value) return std::string();
        if (!value->is_string()) return wrong(std::string(field), instead("a text", kind_of(*value)));
        auto& s = value->get_string();
        return std::string(trim(std::string_view(s.data(), s.size())));
    }
    Read<std::optional<Instant>> time(std::string_view field) const override {
        auto value = text(field);
        if (!value) return tl::unexpected(value.error());
        if (value->empty()) return std::nullopt;
        auto moment = parse_rfc3339(*value);
        if (!moment) return wrong(std::string(field), "a time with its offset, as 2026-11-21T09:12:00+08:00");
        return moment;
    }
    Read<std::string> birth() const override {
        auto value = text("caller_birth");
        if (value && !value->empty() && !is_day(*value)) return wrong("caller_birth", "a date, as 1990-05-01");
        return value;
    }
    Read<std::optional<std::int64_t>> version() const override {
        auto* value = find("version");
        if (!value) return std::nullopt;
        if (!value->is_int64() || value->get_int64() < 0) return wrong("version", "a whole number from 0");
        return std::optional(value->get_int64());
    }
    Read<std::string> unit() const override { return code_like(*this, "unit", max_code, true); }
    std::optional<CaseState> state(const std::string& word) const override { return parse_case_state(word); }
    Read<std::vector<Officer>> officers() const override {
        std::vector<Officer> out;
        auto* value = find("officers");
        if (!value) return out;
        auto members = list_of("officers", *value, "officers");
        if (!members) return tl::unexpected(members.error());
        for (auto& item : **members) {
            auto at = fmt::format("officers[{}]", out.size());
            if (!item.is_object()) return wrong("officers", at + ": " + instead(R"({"badge", "role"})", kind_of(item)));
            JsonRecord officer(item.get_object());
            auto badge = code_like(officer, "badge", max_code, true), role = code_like(officer, "role", max_code);
            if (!badge) return wrong("officers", at + ".badge: " + badge.error().detail);
            if (!role) return wrong("officers", at + ".role: " + role.error().detail);
            if (role->empty()) *role = out.empty() ? "lead" : "co";
            if (*role != "lead" && *role != "co" && *role != "auxiliary")
                return wrong("officers", at + ".role: " + instead("lead, co or auxiliary", "another text"));
            out.emplace_back(*badge, *role);
        }
        return out;
    }
    Read<std::vector<std::string>> flags(const Flags& words) const override {
        std::vector<std::string> out;
        auto* value = find("flags");
        if (!value) return out;
        auto members = list_of("flags", *value, "texts");
        if (!members) return tl::unexpected(members.error());
        std::size_t index = 0;
        for (auto& item : **members) {
            auto at = fmt::format("flags[{}]: ", index++);
            if (!item.is_string()) return wrong("flags", at + instead("a text", kind_of(item)));
            auto& s = item.get_string();
            if (s.size() > max_text)
                return wrong("flags", at + instead(fmt::format("a text of at most {} bytes", max_text), std::to_string(s.size())));
            add_flag(out, read_flag(std::string(trim(std::string_view(s.data(), s.size()))), words));
        }
        return out;
    }
    std::string content() const override {
        json::object all;
        for (auto& pair : object_)  // null is the same as absent; the version is compared on its own
            if (!pair.value().is_null() && pair.key() != "version") all.insert(pair);
        return canonical(all);
    }

private:
    static Read<const json::array*> list_of(std::string_view field, const json::value& value, std::string_view members) {
        auto expected = fmt::format("a list of at most {} {}", max_list, members);
        if (!value.is_array()) return wrong(std::string(field), instead(expected, kind_of(value)));
        auto size = value.get_array().size();
        if (size > max_list) return wrong(std::string(field), instead(expected, std::to_string(size)));
        return &value.get_array();
    }
    const json::value* find(std::string_view field) const {
        auto* value = object_.if_contains(json::string_view(field.data(), field.size()));
        return value && value->is_null() ? nullptr : value;
    }
    const json::object& object_;
};

ParsedRow read_json_record(const json::value& value, std::int64_t line, const JsonProblem* problem,
                           const RecordRules& rules) {
    ParsedRow row{line, {}, wrong("record", "a JSON object")};
    if (!value.is_object()) return row;
    JsonRecord record(value.get_object());
    bool id_is_broken = problem && problem->field == "id";  // what would be read of it may be the number of another record
    if (auto id = record.text("id"); !id_is_broken && id && id->size() <= max_id && id->find('\0') == std::string::npos) row.id = *id;
    auto* extra = value.get_object().if_contains("extra");
    if (problem)
        row.call = wrong(problem->field, problem->detail);
    else if (extra && !extra->is_null() && !extra->is_object())
        row.call = wrong("extra", "an object");
    else
        row.call = read_call(record, rules);
    return row;
}

Result<std::string> charset_of(const Document& document) {
    auto charset = document.charset.empty() ? "utf-8" : document.charset == "auto" ? detect_charset(document.bytes) : document.charset;
    if (charset != "utf-8" && charset != "gb18030") return fail(Error::Kind::invalid_input, "charset: expected utf-8, gb18030 or auto");
    return charset;
}

// What was expected, where it is not that. UTF-8 is looked at by whoever parses it, who can say where it breaks off.
tl::expected<std::string, std::string> decode(std::string_view bytes, const std::string& charset, bool is_utf8_instead) {
    if (is_utf8_instead) return tl::unexpected(std::string(utf8_not_gb18030));
    if (charset == "utf-8") return std::string(bytes);
    if (auto text = to_utf8(bytes, charset)) return std::move(*text);
    return tl::unexpected("text in " + charset);
}

}  // namespace

Result<void> read_json(const Document& document, const RecordRules& rules, const std::function<void(ParsedRow)>& take) {
    auto charset = charset_of(document);
    if (!charset) return tl::unexpected(charset.error());
    auto text = decode(document.bytes, *charset, *charset == "gb18030" && Utf8Instead(document.bytes).in(document.bytes));
    if (!text) return fail(Error::Kind::invalid_input, "not JSON: expected " + text.error());
    auto parsed = parse_strict(without_bom(*text));
    if (!parsed) return tl::unexpected(parsed.error());
    auto problem_of = [&](std::size_t index) {
        auto it = parsed->problems.find(index);
        return it == parsed->problems.end() ? nullptr : &it->second;
    };
    if (auto* list = parsed->value.if_array()) {
        for (std::size_t i = 0; i < list->size(); ++i)
            take(
                read_json_record((*list)[i], static_cast<std::int64_t>(i) + document.first_line, problem_of(i), rules));
    } else if (parsed->value.is_object()) {
        take(read_json_record(parsed->value, document.first_line, problem_of(0), rules));
    } else {
        return fail(Error::Kind::invalid_input, "expected a JSON object or an array of them");
    }
    return {};
}

Result<void> read_json_lines(const Document& document, const RecordRules& rules,
                        const std::function<void(ParsedRow)>& take) {
    auto charset = charset_of(document);
    if (!charset) return tl::unexpected(charset.error());
    auto utf8_instead = *charset == "gb18030" ? std::optional<Utf8Instead>(document.bytes) : std::nullopt;
    auto bytes = without_bom(document.bytes);
    std::vector<ParsedRow> broken;
    bool any = document.first_line > 1;
    auto line = document.first_line;
    for (std::size_t at = 0; at < bytes.size(); ++line) {
        auto end = std::min(bytes.find('\n', at), bytes.size());
        auto whole = bytes.substr(at, end - at);
        at = end + 1;
        auto text = decode(whole, *charset, utf8_instead && utf8_instead->in(whole));
        auto record = text ? trim(*text) : std::string_view();
        if (text && record.empty()) continue;
        auto column = text ? static_cast<std::int64_t>(text->find(record)) + 1 : 1;  // before it are blanks
        auto parsed = text ? parse_strict(record, Nul::refused, {line, column}) : fail(Error::Kind::invalid_input, text.error());
        if (!parsed) {
            ParsedRow row{line, {}, wrong("json", parsed.error().detail)};
            if (any)
                take(std::move(row));
            else
                broken.push_back(std::move(row));
            continue;
        }
        for (auto& row : broken) take(std::move(row));
        broken.clear();
        any = true;
        take(read_json_record(parsed->value, line,
                              parsed->problems.empty() ? nullptr : &parsed->problems.begin()->second, rules));
    }
    if (!broken.empty()) return fail(Error::Kind::invalid_input, broken.front().call.error().detail);
    return {};
}

}  // namespace pingjing::intake
