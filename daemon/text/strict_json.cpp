#include "daemon/text/strict_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cmath>
#include <set>
#include <vector>

#include "daemon/text/json_list.hpp"
#include "daemon/text/unicode.hpp"

namespace pingjing {
namespace {

namespace json = boost::json;

constexpr std::size_t deepest_record = 32, deepest_text = 1000;  // in a text beyond that the record is not looked for: its neighbours go with it

// Walks the text once and only looks: which record has a key twice, a number beyond a double, a NUL, or is nested too deep.
struct Inspector {
    static constexpr std::size_t max_array_size = std::size_t(-1), max_object_size = std::size_t(-1);
    static constexpr std::size_t max_string_size = std::size_t(-1), max_key_size = std::size_t(-1);

    Nul nul = Nul::refused;
    struct Level {
        bool array = false;
        std::set<std::string, std::less<>> keys{};
        std::size_t index = 0;
    };
    std::vector<Level> levels{};
    std::map<std::size_t, JsonProblem> problems{};
    std::string part{}, field{};

    bool in_record_list() const { return !levels.empty() && levels.front().array; }
    std::size_t record_depth() const { return in_record_list() ? 2 : 1; }
    void problem(std::string detail) {
        problems.try_emplace(in_record_list() ? levels.front().index : 0,
                             JsonProblem{field.empty() ? "record" : field, std::move(detail)});
    }
    void value_done() {
        if (levels.size() == 1 && levels.front().array) ++levels.front().index;
        if (levels.size() <= record_depth()) field.clear();
    }
    void open(bool array) {
        levels.push_back(Level{array});
        if (levels.size() > deepest_record + record_depth() - 1) problem(fmt::format("at most {} levels of arrays and objects", deepest_record));
    }
    void close() {
        levels.pop_back();
        value_done();
    }
    void look_at(std::string_view text) {
        if (nul == Nul::refused && text.find('\0') != std::string_view::npos) problem("a text without NUL characters");
    }

    bool on_document_begin(json::error_code&) { return true; }
    bool on_document_end(json::error_code&) { return true; }
    bool on_array_begin(json::error_code&) { return open(true), true; }
    bool on_array_end(std::size_t, json::error_code&) { return close(), true; }
    bool on_object_begin(json::error_code&) { return open(false), true; }
    bool on_object_end(std::size_t, json::error_code&) { return close(), true; }
    bool on_key_part(json::string_view s, std::size_t, json::error_code&) {
        return part.append(s.data(), s.size()), true;
    }
    bool on_key(json::string_view s, std::size_t, json::error_code&) {
        part.append(s.data(), s.size());
        if (levels.size() == record_depth()) field = part;
        if (!levels.back().keys.insert(part).second) problem("each key once");
        look_at(part);
        part.clear();
        return true;
    }
    bool on_string_part(json::string_view s, std::size_t, json::error_code&) {
        return look_at({s.data(), s.size()}), true;
    }
    bool on_string(json::string_view s, std::size_t, json::error_code&) {
        return look_at({s.data(), s.size()}), value_done(), true;
    }
    bool on_number_part(json::string_view, json::error_code&) { return true; }
    bool on_int64(std::int64_t, json::string_view, json::error_code&) { return value_done(), true; }
    bool on_uint64(std::uint64_t, json::string_view, json::error_code&) { return value_done(), true; }
    bool on_double(double d, json::string_view, json::error_code&) {
        if (!std::isfinite(d)) problem("a number that a double can hold");
        value_done();
        return true;
    }
    bool on_bool(bool, json::error_code&) { return value_done(), true; }
    bool on_null(json::error_code&) { return value_done(), true; }
    bool on_comment_part(json::string_view, json::error_code&) { return true; }
    bool on_comment(json::string_view, json::error_code&) { return true; }
};

void write(const json::value& value, std::string& out) {
    if (auto* object = value.if_object()) {
        std::vector<const json::key_value_pair*> pairs;
        for (auto& pair : *object) pairs.push_back(&pair);
        std::sort(pairs.begin(), pairs.end(), [](auto* a, auto* b) { return a->key() < b->key(); });
        out += '{';
        for (auto* pair : pairs) {
            if (pair != pairs.front()) out += ',';
            out += json::serialize(json::string(pair->key()));
            out += ':';
            write(pair->value(), out);
        }
        out += '}';
    } else if (auto* array = value.if_array()) {
        out += '[';
        for (auto& item : *array) {
            if (&item != array->data()) out += ',';
            write(item, out);
        }
        out += ']';
    } else {
        out += json::serialize(value);
    }
}

// How far it came. After each half of a character it stands still, for then the handler knows under which key that is.
std::size_t inspect(json::basic_parser<Inspector>& inspector, std::string_view text, const std::vector<std::size_t>& halves,
                    json::error_code& error) {
    constexpr std::size_t escape = 6;
    std::size_t at = 0;
    for (auto half : halves) {
        auto end = half + escape;
        at += inspector.write_some(true, text.data() + at, end - at, error);
        if (error || at < end) return at;
        inspector.handler().problem("a text without halves of characters (\\ud800 to \\udfff alone)");
    }
    return at + inspector.write_some(false, text.data() + at, text.size() - at, error);
}

std::size_t first_broken_octet(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        auto character = text::character_at(text, at);
        if (character.code == 0xFFFD && character.bytes == 1) return at;
        at += character.bytes;
    }
    return text.size();
}

// For whoever has to find it in a file of 300 records.
std::string what_and_where(std::string what, std::string_view text, std::size_t at, Place begin) {
    // To the parser this is a syntax error, at the beginning of the character or behind it.
    constexpr std::size_t longest_character = 4;
    if (auto broken = first_broken_octet(text); broken < text.size() && broken < at + longest_character)
        at = broken, what = "an octet that is no UTF-8";
    auto before = text.substr(0, at);
    auto lines = std::count(before.begin(), before.end(), '\n');
    auto line = before.substr(before.rfind('\n') + 1);
    auto characters = std::count_if(line.begin(), line.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
    return fmt::format("{} at line {}, column {}", what, begin.line + lines, (lines == 0 ? begin.column : 1) + characters);
}

}  // namespace

Result<StrictJson> parse_strict(std::string_view text, Nul nul, Place begin) {
    // Whoever cuts a text between the halves of a character writes one of them alone, which Boost.JSON takes for no JSON at all.
    std::string mended;
    std::vector<std::size_t> halves;
    if (text.find("\\ud") != text.npos || text.find("\\uD") != text.npos) text = mended = with_whole_escapes(text, &halves);
    if (nul == Nul::kept) halves.clear();
    json::parse_options options;
    options.max_depth = deepest_text;
    json::error_code error;
    json::basic_parser<Inspector> inspector(options);
    inspector.handler().nul = nul;
    auto read = inspect(inspector, text, halves, error);
    auto rest = std::min(text.find_first_not_of(" \t\r\n", read), text.size());
    if (!error && rest < text.size()) read = rest, error = json::error::extra_data;
    if (!error && !inspector.done()) read = text.size(), error = json::error::incomplete;
    if (error) return fail(Error::Kind::invalid_input, "not JSON: " + what_and_where(error.message(), text, read, begin));
    StrictJson out;
    out.value = json::parse(json::string_view(text.data(), text.size()), error, {}, options);
    if (error) return fail(Error::Kind::invalid_input, "not JSON: " + error.message());
    out.problems = std::move(inspector.handler().problems);
    return out;
}

Result<std::string> only_text(std::string_view body, std::string_view key, std::size_t longest_bytes) {
    auto expected = fail(Error::Kind::invalid_input, fmt::format(R"(expected {{"{}":"…"}} of at most {} bytes)", key, longest_bytes));
    if (body.empty()) return std::string();
    auto parsed = parse_strict(body);
    const auto* object = parsed ? parsed->value.if_object() : nullptr;
    if (!object || !parsed->problems.empty() || object->size() > 1) return expected;
    if (object->empty()) return std::string();
    const auto* text = object->if_contains(json::string_view(key.data(), key.size()));
    if (!text || !text->is_string() || text->as_string().size() > longest_bytes) return expected;
    return std::string(text->as_string());
}

std::string canonical(const json::value& value) {
    std::string out;
    write(value, out);
    return out;
}

}  // namespace pingjing
