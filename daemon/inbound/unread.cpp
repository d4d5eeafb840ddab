#include "daemon/inbound/unread.hpp"

#include <algorithm>
#include <cstdint>
#include <set>
#include <tuple>

#include "daemon/text/unicode.hpp"
#include "daemon/text/utf.hpp"

namespace pingjing::inbound {
namespace {

constexpr int deepest = 4;                                // base64 of JSON with escapes in a form has four
constexpr std::size_t shortest_code = 8;                  // two characters, in hex or base64
constexpr std::size_t fewest_letters = 3, deepest_nesting = 100;
constexpr std::size_t overlap = 200;                       // bytes: no cry is longer, so none is lost where a long text is cut

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
int hex_value(char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_high(char c) { return static_cast<unsigned char>(c) >= 0x80; }  // of a character beyond ASCII
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

// Nothing but characters that people write; bytes that were never text seldom are.
bool is_written(std::string_view utf8) {
    auto text = decode_utf8(utf8);
    if (!text || text->empty()) return false;
    return std::all_of(text->begin(), text->end(), [](char32_t c) {
        if (c < 0x80) return c >= 0x20 || c == '\n' || c == '\r' || c == '\t';
        return text::is_word(c) || text::is_space(c) || (c >= 0x2010 && c <= 0x27BF) || (c >= 0x3000 && c <= 0x303F) ||
               (c >= 0xFF00 && c <= 0xFFEF) || c >= 0x1F000 || c == 0xB7 || c == 0xA1 || c == 0xBF || c == 0xFE0F;
    });
}
// A cry takes a character or three letters; digits alone are mostly codes.
bool has_words(std::string_view utf8) {
    std::size_t letters = 0;
    for (std::size_t at = 0; at < utf8.size();) {
        auto c = text::character_at(utf8, at);
        at += c.bytes;
        if (c.code >= 0x80) {
            auto within = [&](char32_t from, char32_t to) { return c.code >= from && c.code <= to; };
            bool mark = within(0x2010, 0x206F) || within(0x3000, 0x303F) || within(0xFF00, 0xFF20) || c.code == 0xFFFD;
            if (!mark) return true;
        } else if (is_letter(static_cast<char>(c.code)) && ++letters >= fewest_letters) {
            return true;
        }
    }
    return false;
}

// ── bytes to characters ──

bool may_be_either(std::string_view utf8) {  // two bytes a character is also how GB18030 writes
    bool any = false;
    for (std::size_t at = 0; at < utf8.size();) {
        auto c = text::character_at(utf8, at);
        if (c.bytes > 2) return false;
        any = any || c.bytes == 2;
        at += c.bytes;
    }
    return any;
}

// As one may read them: broken UTF-8 may be GB18030, or UTF-8 that was cut.
std::vector<std::string> readings(std::string_view bytes) {
    if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
    if (bytes.starts_with("\xFE\xFF")) return {utf16be_to_utf8(bytes)};
    if (bytes.starts_with("\xFF\xFE")) return {charset_to_utf8_as_far(bytes.substr(2), "UTF-16LE")};
    auto nuls = static_cast<std::size_t>(std::count(bytes.begin(), bytes.end(), '\0'));
    if (bytes.size() >= 4 && nuls > bytes.size() / 8) {
        std::size_t even = 0;
        for (std::size_t at = 0; at < bytes.size(); at += 2) even += bytes[at] == '\0';
        return {even * 2 > nuls ? utf16be_to_utf8(bytes) : charset_to_utf8_as_far(bytes, "UTF-16LE")};
    }
    if (!decode_utf8(bytes)) return {charset_to_utf8_as_far(bytes, "GB18030"), charset_to_utf8_as_far(bytes, "UTF-8")};
    if (may_be_either(bytes)) return {std::string(bytes), charset_to_utf8_as_far(bytes, "GB18030")};
    return {std::string(bytes)};
}

// ── one way of writing a text in another; nullopt: it is not written so ──

std::optional<std::string> from_percent(std::string_view text, bool plus_is_space) {
    std::string out;
    bool any = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '%' && at + 2 < text.size() && is_hex(text[at + 1]) && is_hex(text[at + 2])) {
            out += static_cast<char>(hex_value(text[at + 1]) << 4 | hex_value(text[at + 2]));
            at += 2, any = true;
        } else if (text[at] == '+' && plus_is_space) {
            out += ' ', any = true;
        } else {
            out += text[at];
        }
    }
    return any ? std::optional(out) : std::nullopt;
}

std::optional<std::uint32_t> four_hex(std::string_view text, std::size_t at) {
    if (at + 4 > text.size()) return std::nullopt;
    std::uint32_t unit = 0;
    for (auto c : text.substr(at, 4)) {
        if (!is_hex(c)) return std::nullopt;
        unit = unit << 4 | static_cast<std::uint32_t>(hex_value(c));
    }
    return unit;
}

// The escape at `at`, which is a backslash; moves `at` behind it.
void append_escape(std::string& out, std::string_view text, std::size_t& at) {
    auto kind = at + 1 < text.size() ? text[at + 1] : '\\';
    auto unit = kind == 'u' || kind == 'U' ? four_hex(text, at + 2) : std::nullopt;
    if (!unit) {
        at += 2;
        out += kind == 'n' || kind == 'r' || kind == 't' ? ' ' : kind;
        return;
    }
    at += 6;
    std::uint32_t code = *unit;
    if (code >= 0xD800 && code < 0xDC00 && at + 1 < text.size() && text[at] == '\\')
        if (auto low = four_hex(text, at + 2); low && *low >= 0xDC00 && *low < 0xE000)
            code = 0x10000 + ((code - 0xD800) << 10) + (*low - 0xDC00), at += 6;
    append_utf8(out, code >= 0xD800 && code < 0xE000 ? 0xFFFD : static_cast<char32_t>(code));
}

std::optional<std::string> from_escapes(std::string_view text) {
    if (text.find("\\u") == text.npos && text.find("\\U") == text.npos) return std::nullopt;
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] == '\\') append_escape(out, text, at);
        else out += text[at++];
    }
    return out;
}

std::optional<std::string> from_entities(std::string_view text) {
    constexpr std::pair<std::string_view, char> named[] = {{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}, {"&apos;", '\''}};
    std::string out;
    bool any = false;
    for (std::size_t at = 0; at < text.size();) {
        auto rest = text.substr(at);
        auto name = std::find_if(std::begin(named), std::end(named), [&](const auto& n) { return rest.starts_with(n.first); });
        if (name != std::end(named)) {
            out += name->second, at += name->first.size(), any = true;
            continue;
        }
        std::uint32_t code = 0;
        std::size_t end = 2;
        bool hex = rest.size() > 2 && (rest[2] == 'x' || rest[2] == 'X');
        if (hex) end = 3;
        auto begin = end;
        if (rest.starts_with("&#"))
            for (; end < rest.size() && end < begin + 7 && (hex ? is_hex(rest[end]) : is_digit(rest[end])); ++end)
                code = code * (hex ? 16 : 10) + static_cast<std::uint32_t>(hex_value(rest[end]));
        bool is_character = code > 0 && code < 0x110000 && (code < 0xD800 || code > 0xDFFF);
        if (rest.starts_with("&#") && end > begin && end < rest.size() && rest[end] == ';' && is_character) {
            append_utf8(out, static_cast<char32_t>(code));
            at += end + 1, any = true;
            continue;
        }
        out += text[at++];
    }
    return any ? std::optional(out) : std::nullopt;
}

std::optional<std::string> from_hex(std::string_view text) {
    if (text.starts_with("0x") || text.starts_with("0X")) text.remove_prefix(2);
    if (text.size() < shortest_code || text.size() % 2 != 0 || !std::all_of(text.begin(), text.end(), is_hex)) return std::nullopt;
    std::string out;
    for (std::size_t at = 0; at < text.size(); at += 2) out += static_cast<char>(hex_value(text[at]) << 4 | hex_value(text[at + 1]));
    return out;
}

int base64_value(char c) {  // also as addresses spell it; -1: none
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (is_digit(c)) return c - '0' + 52;
    return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

std::optional<std::string> from_base64(std::string_view text) {
    while (text.ends_with('=')) text.remove_suffix(1);
    if (text.size() + 2 < shortest_code || text.size() % 4 == 1) return std::nullopt;
    std::string out;
    std::uint32_t bits = 0;
    int have = 0;
    for (char c : text) {
        int value = base64_value(c);
        if (value < 0) return std::nullopt;
        bits = bits << 6 | static_cast<std::uint32_t>(value);
        if ((have += 6) < 8) continue;
        have -= 8;
        out += static_cast<char>(bits >> have & 0xFF);
    }
    return out;
}

// ── numbers ──

bool is_name_of_sender(std::string_view name) {
    std::string plain;
    for (char c : name)
        if (is_letter(c)) plain += static_cast<char>(c | 0x20);
    for (std::string_view word : {"mobile", "phone", "msisdn", "sender", "from", "src", "source", "caller", "calling", "origin", "tel", "usernum"})
        if (plain.find(word) != plain.npos) return true;
    return plain == "oa" || name.find("手机") != name.npos || name.find("号码") != name.npos;
}

// Under such a name a number may be what somebody wrote: "110".
bool is_name_of_text(std::string_view name) {
    std::string plain;
    for (char c : name)
        if (is_letter(c)) plain += static_cast<char>(c | 0x20);
    for (std::string_view word : {"content", "text", "msg", "message", "reply", "body"})
        if (plain == word || (plain.ends_with(word) && (word == "content" || word == "text"))) return true;
    return name.find("内容") != name.npos || name.find("短信") != name.npos;
}

// The number that was written to: ours, and nobody's who writes.
bool is_name_of_receiver(std::string_view name) {
    std::string plain;
    for (char c : name)
        if (is_letter(c)) plain += static_cast<char>(c | 0x20);
    for (std::string_view word : {"to", "da", "dest", "destination", "destaddr", "destid", "destcode", "destnumber", "receiver", "recipient", "target", "tonumber", "spnumber", "accessnumber"})
        if (plain == word) return true;
    return false;
}

// 0, an area code and the subscriber's number, as a whole: "025-84420000", "+86 25 84420000".
std::optional<Phone> fixed_line(std::string_view text) {
    std::string digits;
    for (char c : text) {
        if (is_digit(c)) digits += c;
        else if (std::string_view(" -()+").find(c) == std::string_view::npos) return std::nullopt;
    }
    bool abroad = text.starts_with('+') || digits.starts_with("00");
    for (std::string_view before : {"0086", "86"})
        if (abroad && digits.starts_with(before)) {
            digits = (digits.substr(before.size()).starts_with('0') ? "" : "0") + digits.substr(before.size());
            break;
        }
    if (digits.size() < 11 || digits.size() > 12 || digits[0] != '0' || digits[1] == '0') return std::nullopt;
    bool short_code = digits[1] <= '2';  // 010, 021 and their like have eight digits behind them
    if (short_code && digits.size() != 11) return std::nullopt;
    return Phone::sender(digits);
}

// As a sender's address alone: "+852 9123 4567".
std::optional<Phone> from_abroad(std::string_view text) {
    auto digits = std::count_if(text.begin(), text.end(), is_digit);
    bool plain = text.find_first_not_of("0123456789 -()+") == text.npos;
    if (!plain || !text.starts_with('+') || digits < 7 || digits > 15) return std::nullopt;
    return Phone::sender(text);
}

// Those in running text show their area code: other digits behind a 0 are mostly somebody's serial number.
void add_fixed_lines(std::string_view text, std::vector<Phone>& out) {
    auto digits_from = [&](std::size_t at) {
        auto end = at;
        while (end < text.size() && is_digit(text[end])) ++end;
        return end - at;
    };
    for (auto dash = text.find('-'); dash != text.npos; dash = text.find('-', dash + 1)) {
        auto begin = dash;
        while (begin > 0 && is_digit(text[begin - 1]) && dash - begin < 5) --begin;
        auto behind = digits_from(dash + 1);
        if (dash - begin < 3 || dash - begin > 4 || behind < 7 || behind > 8) continue;
        if (auto phone = fixed_line(text.substr(begin, dash + 1 + behind - begin))) out.push_back(*phone);
    }
}

std::vector<Phone> mobiles_in(std::string_view text) {
    std::vector<Phone> out;
    for (std::size_t at = 0; at < text.size();) {
        auto end = at;
        while (end < text.size() && is_digit(text[end])) ++end;
        auto run = text.substr(at, end - at);
        for (std::string_view before : {"0086", "86", "0"})
            if (run.size() == before.size() + 11 && run.starts_with(before)) run.remove_prefix(before.size());
        if (run.size() == 11)
            if (auto phone = Phone::mobile(run)) out.push_back(*phone);
        at = end + 1;
    }
    return out;
}

// ── the walk ──

class Walk {
public:
    Walk(Unread& out, Budget& budget) : out_(out), budget_(budget) {}

    void bytes(std::string_view raw, const std::string& name, int group, int depth) {
        for (const auto& text : readings(raw)) characters(text, name, group, depth);
    }

private:
    void characters(std::string_view utf8, const std::string& name, int group, int depth) {
        auto text = trimmed(utf8);
        if (text.empty() || full()) return;
        auto first = text.front();
        if (first == '{' || first == '[' || text.find("{\"") != text.npos) return json(text, name, group, depth);
        if (text.find('<') != text.npos && text.find('>') != text.npos) return xml(text, name, group, depth);
        if (is_form(text) && depth < deepest) form(text, group, depth);
        else if (depth > 0) return leaf(text, name, group, depth);
        else lines(text, group, depth);
    }

    int new_group(int in, bool list = false) {
        out_.groups.push_back({in, list});
        return static_cast<int>(out_.groups.size()) - 1;
    }

    static bool is_form(std::string_view text) {
        auto equals = text.find('=');
        if (equals == text.npos || equals == 0) return false;
        return std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(equals), [](char c) {
            return is_letter(c) || is_digit(c) || is_high(c) || std::string_view("_-.[]%").find(c) != std::string_view::npos;
        });
    }

    void form(std::string_view text, int group, int depth) {
        if (depth > 0) leaf(text, "", group, depth);  // a citizen may write an equals sign, too
        while (!text.empty()) {
            auto pair = text.substr(0, text.find('&'));
            text.remove_prefix(std::min(text.size(), pair.size() + 1));
            auto equals = pair.find('=');
            auto name = equals == pair.npos ? std::string_view() : pair.substr(0, equals);
            auto value = equals == pair.npos ? pair : pair.substr(equals + 1);
            auto decoded = from_percent(value, true);
            wide(decoded ? *decoded : value, std::string(name), group, depth);
            bytes(decoded ? *decoded : std::string(value), std::string(name), group, depth + 1);
        }
    }

    // Strings and what stands bare between the signs; names are no texts. Cut off or broken: as far as it goes.
    void json(std::string_view text, const std::string& name, int group, int depth) {
        std::vector<std::pair<int, std::string>> around;  // group and name of what encloses us
        std::string key = name, bare;
        int own = group, beyond = 0;
        auto spill = [&] { if (!trimmed(bare).empty()) leaf(trimmed(bare), key, own, depth + 1); bare.clear(); };
        for (std::size_t at = 0; at < text.size() && !full();) {
            char c = text[at];
            if (c == '"') {
                spill();
                std::string string;
                for (++at; at < text.size() && text[at] != '"';) {
                    if (text[at] == '\\') append_escape(string, text, at);
                    else string += text[at++];
                }
                ++at;
                auto next = at;
                while (next < text.size() && is_blank(text[next])) ++next;
                if (next < text.size() && text[next] == ':') key = string, at = next + 1;
                else if (depth + 1 < deepest) characters(string, key, own, depth + 1);
                else leaf(string, key, own, depth + 1);
            } else if (c == '{' || c == '[') {
                spill();
                if (around.size() < deepest_nesting) around.emplace_back(own, key), own = new_group(own, c == '[');
                else ++beyond;
                ++at;
            } else if (c == '}' || c == ']') {
                spill();
                if (beyond > 0) --beyond;
                else if (!around.empty()) own = around.back().first, key = around.back().second, around.pop_back();
                ++at;
            } else if (c == ',') {
                spill(), ++at;
            } else {
                bare += text[at++];
            }
        }
        spill();
    }

    void xml(std::string_view text, const std::string& name, int group, int depth) {
        std::vector<std::pair<std::string, int>> open{{name, group}};  // elements, and the group of what stands in each
        for (std::size_t at = 0; at < text.size() && !full();) {
            if (text.substr(at).starts_with("<![CDATA[")) {
                auto end = std::min(text.find("]]>", at), text.size());
                inside(text.substr(at + 9, end - at - 9), open, depth);
                at = end + 3;
            } else if (text[at] == '<') {
                auto end = text.find('>', at);
                if (end == text.npos) return inside(text.substr(at + 1), open, depth);
                tag(text.substr(at + 1, end - at - 1), open, depth);
                at = end + 1;
            } else {
                auto end = std::min(text.find('<', at), text.size());
                inside(text.substr(at, end - at), open, depth);
                at = end;
            }
        }
    }
    // What an element holds belongs to its neighbours: its group is the parent's.
    void inside(std::string_view text, const std::vector<std::pair<std::string, int>>& open, int depth) {
        text = trimmed(text);
        if (text.empty()) return;
        auto group = open.size() > 1 ? open[open.size() - 2].second : open.back().second;
        leaf(text, open.back().first, group, depth + 1);
    }
    void tag(std::string_view text, std::vector<std::pair<std::string, int>>& open, int depth) {
        if (text.starts_with('/')) {
            if (open.size() > 1) open.pop_back();
            return;
        }
        if (text.starts_with('?') || text.starts_with('!')) return;
        // People write these signs, too.
        bool words = text.find(' ') != text.npos || std::any_of(text.begin(), text.end(), is_high);
        if (words && text.find('=') == text.npos) leaf(text, "", open.back().second, depth + 1);
        auto name_end = std::min(text.find_first_of(" \t\r\n/"), text.size());
        auto around = open.back().second, group = new_group(around);
        // Neighbours of one name are records.
        if (!children_.emplace(around, text.substr(0, name_end)).second) out_.groups[static_cast<std::size_t>(around)].list = true;
        bool closed = text.ends_with('/');
        for (auto at = name_end; at < text.size();) {
            auto equals = text.find('=', at);
            if (equals == text.npos || equals + 1 >= text.size()) break;
            char quote = text[equals + 1];
            auto end = quote == '"' || quote == '\'' ? text.find(quote, equals + 2) : text.npos;
            if (end == text.npos) break;
            leaf(text.substr(equals + 2, end - equals - 2), std::string(trimmed(text.substr(at, equals - at))), group, depth + 1);
            at = end + 1;
        }
        if (!closed && open.size() < deepest_nesting) open.emplace_back(std::string(text.substr(0, name_end)), group);
    }

    // Old carriers part records by lines or semicolons; the lines of a form in parts are one record.
    void lines(std::string_view text, int group, int depth) {
        auto all = new_group(group, !text.starts_with("--"));
        std::string code;  // base64 over several lines
        std::size_t lines_of_code = 0;
        auto end_code = [&] { if (lines_of_code > 1) leaf(code, "", new_group(all), depth + 1); code.clear(), lines_of_code = 0; };
        while (!text.empty()) {
            auto line = text.substr(0, text.find_first_of("\n;"));
            text.remove_prefix(std::min(text.size(), line.size() + 1));
            line = trimmed(line);
            leaf(line, "", new_group(all), depth + 1);
            bool is_code = !line.empty() && !line.starts_with("--") && std::all_of(line.begin(), line.end(), [](char c) { return base64_value(c) >= 0 || c == '='; });
            if (is_code) code += line, ++lines_of_code;
            if (!is_code || line.ends_with('=')) end_code();
        }
        end_code();
    }

    // UTF-16 in bytes, of either order: any even number of letters reads as Han, so it comes beside the plain reading.
    void wide(std::string_view raw, const std::string& name, int group, int depth) {
        if (raw.size() < 4 || raw.size() % 2 != 0) return;
        for (const auto& text : {utf16be_to_utf8(raw), charset_to_utf8_as_far(raw, "UTF-16LE")})
            if (is_written(text)) leaf(text, name, group, depth + 1);
    }

    // One text, and what it is if it is written in a code.
    void leaf(std::string_view text, const std::string& name, int group, int depth) {
        if (text.empty() || full()) return;
        keep(text, name, group);
        if (depth >= deepest) return;
        if (auto plain = from_percent(text, false)) wide(*plain, name, group, depth), bytes(*plain, name, group, depth + 1);
        if (auto plain = from_escapes(text)) characters(*plain, name, group, depth + 1);
        if (auto plain = from_entities(text)) characters(*plain, name, group, depth + 1);
        for (const auto& raw : {from_hex(text), from_base64(text)}) {
            if (!raw) continue;
            wide(*raw, name, group, depth);
            for (const auto& reading : readings(*raw))
                if (is_written(reading)) characters(reading, name, group, depth + 1);
        }
    }

    void keep(std::string_view text, const std::string& name, int group) {
        keep_numbers(text, name, group);
        bool is_text = is_name_of_text(name);
        if (!has_words(text) && !is_text) return;
        for (;;) {
            auto piece = text.substr(0, longest_value);
            auto left = text.size() - piece.size();
            text.remove_prefix(left > 0 ? longest_value - overlap : text.size());
            if (!known_.emplace(group, piece).second) {
                if (left == 0) return;
                continue;
            }
            if (budget_.values == 0 || budget_.text < piece.size()) return void(out_.values_left = true);
            --budget_.values, budget_.text -= piece.size();
            out_.values.push_back({std::string(piece), group, is_text});
            if (left == 0) return;
        }
    }

    void keep_numbers(std::string_view text, const std::string& name, int group) {
        if (is_name_of_receiver(name)) return;
        bool named = is_name_of_sender(name);
        auto found = mobiles_in(text);
        if (found.empty()) add_fixed_lines(text, found);
        if (named && found.empty()) {
            auto whole = Phone::mobile(text.substr(0, 40));
            if (!whole) whole = fixed_line(text.substr(0, 40));
            if (!whole) whole = from_abroad(text.substr(0, 40));
            if (whole) found.push_back(*whole);
        }
        for (auto& phone : found) {
            if (!known_numbers_.emplace(phone.reveal(), group, named).second) continue;
            if (budget_.numbers == 0) {
                out_.numbers_left = true;
                continue;
            }
            --budget_.numbers;
            out_.numbers.push_back({std::move(phone), group, named});
        }
    }

    bool full() const { return out_.values_left; }

    Unread& out_;
    Budget& budget_;
    std::set<std::pair<int, std::string>> known_{}, children_{};  // texts of a group, names of elements in it
    std::set<std::tuple<std::string, int, bool>> known_numbers_{};
};

// A group, and what it stands in, outwards.
std::vector<int> way_out(const std::vector<Unread::Group>& groups, int group) {
    std::vector<int> out{group};
    while (out.back() != 0) out.push_back(groups[static_cast<std::size_t>(out.back())].in);
    return out;
}

bool stands_in(const std::vector<Unread::Group>& groups, int group, int around) {
    while (group != around && group != 0) group = groups[static_cast<std::size_t>(group)].in;
    return group == around;
}

// Both belong to one record: on the way to what encloses both the number leaves no list that it is an element of. What stands in front of a
// list is of all its records; an element of it is of none but itself.
bool in_one_record(const std::vector<Unread::Group>& groups, const std::vector<int>& way_of_text, int number) {
    auto group = [&](int at) { return groups[static_cast<std::size_t>(at)]; };
    for (int at = number;; at = group(at).in) {
        bool encloses = std::ranges::find(way_of_text, at) != way_of_text.end();
        if (group(at).list && (encloses || at != number)) return number == at && at == way_of_text.front();
        if (encloses) return true;
    }
}

// The only one of them; nullopt: none, or several.
template <class Which>
std::optional<Phone> only(const Unread& unread, Which which) {
    std::optional<Phone> found;
    for (const auto& number : unread.numbers) {
        if (!which(number)) continue;
        if (found && *found != number.phone) return std::nullopt;
        found = number.phone;
    }
    return found;
}

}  // namespace

Unread take_apart(std::string_view query, std::string_view body) {
    Budget budget;
    return take_apart(query, body, budget);
}

Unread take_apart(std::string_view query, std::string_view body, Budget& budget) {
    Unread out;
    auto seen_of_query = query.substr(0, budget.bytes / 2);
    auto seen_of_body = body.substr(0, budget.bytes - seen_of_query.size());
    auto seen = seen_of_query.size() + seen_of_body.size();
    budget.bytes -= seen;
    out.bytes_left = query.size() + body.size() - seen;
    Walk walk(out, budget);
    walk.bytes(seen_of_query, "", 0, 0);
    walk.bytes(seen_of_body, "", 0, 0);
    return out;
}

std::optional<Phone> number_of(const Unread& unread, int group) {
    using Number = Unread::Number;
    auto beside = [group](const Number& n) { return n.group == group; };
    if (auto phone = only(unread, [&](const Number& n) { return beside(n) && n.named; })) return phone;
    if (unread.numbers_left) return std::nullopt;  // the other one may be among those
    if (auto phone = only(unread, beside)) return phone;
    if (std::any_of(unread.numbers.begin(), unread.numbers.end(), beside)) return std::nullopt;
    const auto& groups = unread.groups;
    auto way = way_out(groups, group);
    // Where records of a list have numbers, one without has none: what stands in front of the list is somebody else's.
    auto list = std::ranges::find_if(way, [&](int around) {
        return groups[static_cast<std::size_t>(around)].list && std::ranges::any_of(unread.numbers, [&](const Number& n) { return stands_in(groups, n.group, around); });
    });
    auto of_record = [&](const Number& n) { return (list == way.end() || stands_in(groups, n.group, *list)) && in_one_record(groups, way, n.group); };
    if (auto phone = only(unread, [&](const Number& n) { return n.named && of_record(n); })) return phone;
    return only(unread, of_record);
}

}  // namespace pingjing::inbound
