#include "daemon/http/head.hpp"

#include <algorithm>
#include <charconv>

namespace pingjing::http {
namespace {

constexpr std::size_t most_fields = 100;
constexpr std::size_t longest_method = 32;

auto refuse(int status, std::string why) { return tl::unexpected<Refusal>(Refusal(status, std::move(why))); }

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alnum(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_token_char(char c) { return is_alnum(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos; }
bool is_upper_case(char c) { return c < 'a' || c > 'z'; }
bool is_token(std::string_view text) { return !text.empty() && std::ranges::all_of(text, is_token_char); }

// Visible ASCII without '#': a fragment never travels.
bool is_target_char(char c) { return c > 0x20 && c < 0x7f && c != '#'; }

bool is_value_char(char c) {
    auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

// RFC 3986 host and port; userinfo, paths and spaces have no place here.
bool is_host_char(char c) { return is_alnum(c) || std::string_view("-._~!$&'()*+;=%").find(c) != std::string_view::npos; }
bool is_host(std::string_view text) {
    bool address = text.starts_with('[');
    auto end = address ? text.find(']') : std::min(text.find(':'), text.size());
    if (end == std::string_view::npos) return false;
    auto host = address ? text.substr(1, end - 1) : text.substr(0, end);
    auto port = text.substr(address ? end + 1 : end);
    return !host.empty() && std::ranges::all_of(host, [&](char c) { return is_host_char(c) || (address && c == ':'); }) &&
           (port.empty() || (port.front() == ':' && std::ranges::all_of(port.substr(1), is_digit)));
}

std::string lowered(std::string_view text) {
    std::string out(text);
    for (auto& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

bool lists(std::string_view value, std::string_view word) {
    while (!value.empty()) {
        auto part = value.substr(0, value.find(','));
        value.remove_prefix(std::min(value.size(), part.size() + 1));
        if (lowered(trimmed(part)) == word) return true;
    }
    return false;
}

std::string_view take_line(std::string_view& bytes) {
    auto line = bytes.substr(0, bytes.find("\r\n"));
    bytes.remove_prefix(std::min(bytes.size(), line.size() + 2));
    return line;
}

enum class Version { http_1_0, http_1_1 };

tl::expected<Version, Refusal> read_request_line(std::string_view line, Head& head) {
    auto first = line.find(' ');
    auto second = first == std::string_view::npos ? first : line.find(' ', first + 1);
    if (second == std::string_view::npos) return refuse(400, "the request line is not 'METHOD /path HTTP/1.1'");
    head.method = line.substr(0, first);
    head.target = line.substr(first + 1, second - first - 1);
    auto version = line.substr(second + 1);

    if (!is_token(head.method) || head.method.size() > longest_method) return refuse(400, "the method is not a token");
    // Methods differ by case, and a filter before us may not know it.
    if (!std::ranges::all_of(head.method, is_upper_case)) return refuse(400, "the method is not written in capitals");
    if (!head.target.starts_with('/')) return refuse(400, "the target must begin with '/'");
    if (!std::ranges::all_of(head.target, is_target_char)) return refuse(400, "the target has a character it must escape");
    if (version == "HTTP/1.1") return Version::http_1_1;
    if (version == "HTTP/1.0") return Version::http_1_0;
    bool other = version.size() == 8 && version.starts_with("HTTP/") && is_digit(version[5]) && version[6] == '.' && is_digit(version[7]);
    return other ? refuse(505, "this server speaks HTTP/1.1") : refuse(400, "the request line does not end with HTTP/1.1");
}

}  // namespace

tl::expected<std::size_t, Refusal> find_head_end(std::string_view received, std::size_t limit) {
    for (std::size_t i = 0; i < received.size(); ++i) {
        if (i >= limit) return refuse(431, "the head is too long");
        char c = received[i];
        if (c == '\0') return refuse(400, "a NUL in the head");
        if (c == '\n' && (i == 0 || received[i - 1] != '\r')) return refuse(400, "a line ends without CR");
        if (c == '\r' && i + 1 < received.size() && received[i + 1] != '\n') return refuse(400, "a CR without LF");
        if (c == '\n' && i == 1) return refuse(400, "an empty line before the request");
        if (c == '\n' && i >= 3 && received[i - 2] == '\n') return i + 1;
    }
    return 0;
}

tl::expected<Head, Refusal> read_head(std::string_view bytes, std::size_t body_limit) {
    Head head;
    auto version = read_request_line(take_line(bytes), head);
    if (!version) return tl::unexpected(version.error());
    bool http_1_1 = *version == Version::http_1_1;

    std::optional<std::string> host, length, coding, expect, type, authorization, connection;
    for (auto line = take_line(bytes); !line.empty(); line = take_line(bytes)) {
        if (line.front() == ' ' || line.front() == '\t') return refuse(400, "a folded header line");
        auto colon = line.find(':');
        if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return refuse(400, "a header without a proper name");
        auto name = lowered(line.substr(0, colon));
        auto value = std::string(trimmed(line.substr(colon + 1)));
        if (!std::ranges::all_of(value, is_value_char)) return refuse(400, "a control character in a header");
        if (head.headers.size() == most_fields) return refuse(431, "too many headers");

        // Of these a second one is never innocent: two readers would pick different ones.
        struct { std::string_view name; std::optional<std::string>& seen; } once[] = {
            {"host", host}, {"content-length", length}, {"transfer-encoding", coding},
            {"expect", expect}, {"content-type", type}, {"authorization", authorization},
        };
        for (auto& field : once) {
            if (name != field.name) continue;
            if (field.seen) return refuse(400, "two headers " + name);
            field.seen = value;
        }
        if (name == "connection") connection = connection ? *connection + "," + value : value;
        head.headers.emplace_back(std::string(line.substr(0, colon)), std::move(value));
    }

    if (http_1_1 && !host) return refuse(400, "no Host");
    if (host && !is_host(*host)) return refuse(400, "Host is not a host");
    if (coding) {
        if (!http_1_1) return refuse(400, "Transfer-Encoding in HTTP/1.0");
        if (length) return refuse(400, "Content-Length beside Transfer-Encoding");
        if (lowered(*coding) != "chunked") return refuse(400, "the only Transfer-Encoding understood is chunked");
        head.chunked = true;
    }
    if (length) {
        bool number = !length->empty() && std::ranges::all_of(*length, is_digit);
        auto [end, error] = std::from_chars(length->data(), length->data() + length->size(), head.content_length);
        if (!number || (error != std::errc() && error != std::errc::result_out_of_range)) return refuse(400, "Content-Length is not a number");
        if (error == std::errc::result_out_of_range || head.content_length > body_limit) return refuse(413, "the body is too long");
    }
    if (expect && http_1_1) {
        if (lowered(*expect) != "100-continue") return refuse(417, "an expectation this server does not know");
        head.expects_continue = true;
    }
    head.keep_alive = http_1_1 && !(connection && lists(*connection, "close"));
    return head;
}

}  // namespace pingjing::http
