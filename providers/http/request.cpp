#include "providers/http/request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>

#include "daemon/core/signed_note.hpp"
#include "daemon/core/tree.hpp"
#include "daemon/text/segments.hpp"
#include "daemon/text/utf.hpp"

namespace pingjing::generic_http {
namespace {

using Values = std::map<std::string, std::string>;

Values values_of(const Settings& settings, const provider::Submission& submission, const Segments& segments, Instant now) {
    auto national = submission.phone.reveal();
    auto seconds = submission.validity.count();
    Values values = {
        {"to", "+86" + national}, {"to_no_plus", "86" + national}, {"to_00", "0086" + national}, {"to_national", national},
        {"from", settings.source.empty() ? "" : settings.source + submission.extension}, {"ext", submission.extension},
        {"text", submission.text.reveal()}, {"id", submission.ref},
        {"coding", segments.alphabet == Alphabet::gsm7 ? "0" : "2"}, {"unicode", segments.alphabet == Alphabet::gsm7 ? "0" : "1"},
        {"text_type", segments.alphabet == Alphabet::gsm7 ? "text" : "unicode"},
        {"parts", std::to_string(segments.parts.size())},
        {"now_unix", std::to_string(to_millis(now) / 1000)}, {"now_ms", std::to_string(to_millis(now))},
        {"validity_seconds", seconds > 0 ? std::to_string(seconds) : ""}, {"validity_minutes", seconds > 0 ? std::to_string((seconds + 59) / 60) : ""},
        {"validity_ms", seconds > 0 ? std::to_string(seconds * 1000) : ""},
        {"hook_url", settings.hook_url}, {"username", settings.username}, {"password", settings.password}, {"token", settings.token}};
    std::string hex;
    if (auto decoded = decode_utf8(submission.text.reveal()))
        for (char byte : to_utf16be(*decoded)) hex += fmt::format("{:02X}", static_cast<unsigned char>(byte));
    values["text_hex_utf16be"] = hex;
    for (const auto& [name, secret] : settings.secrets) values["secret:" + name] = secret;
    for (const auto& [name, value] : settings.values) values["value:" + name] = value;
    return values;
}

// The values as they stand in a URL, so that nothing in them can end the slot they were put in. hook_url is a URL already.
Values encoded(const Values& values) {
    Values out;
    for (const auto& [name, value] : values) out[name] = name == "hook_url" ? value : percent_encode(value);
    return out;
}

bool dropped(const Settings& settings, const std::string& name, const std::string& value) {
    return value.empty() && std::find(settings.drop_empty.begin(), settings.drop_empty.end(), name) != settings.drop_empty.end();
}

Result<std::string> made_digest(const Digest& digest, const Values& values) {
    auto over = digest.over.fill(values);
    if (!over) return over;
    auto key = digest.key ? digest.key->fill(values) : Result<std::string>(std::string());
    if (!key) return key;
    auto octets = digest.key ? signing::hmac(digest.hash, *key, *over) : signing::digest(digest.hash, *over);
    if (digest.base64) return to_base64(octets);
    auto hex = to_hex(octets);
    if (digest.upper) std::transform(hex.begin(), hex.end(), hex.begin(), [](char c) { return c >= 'a' ? static_cast<char>(c - 32) : c; });
    return hex;
}

Result<std::string> join_parameters(const Settings& settings, const std::vector<std::pair<std::string, Template>>& list, const Values& values) {
    std::string out;
    for (const auto& [name, source] : list) {
        auto value = source.fill(values);
        if (!value) return value;
        if (dropped(settings, name, *value)) continue;
        if (!settings.charset.empty()) {
            auto converted = utf8_to_charset(*value, settings.charset);
            if (!converted) return fail(Error::Kind::invalid_input, "a character that " + settings.charset + " does not have");
            value = std::move(*converted);
        }
        if (!out.empty()) out += '&';
        out += percent_encode(name) + '=' + percent_encode(*value);
    }
    return out;
}

// A template without placeholders has an empty list of them.
boost::json::value values_as_json(const Settings& settings, const std::string& written) {
    if (!written.empty()) return boost::json::parse(written);
    if (settings.approved->parameters == Parameters::in_order) return boost::json::array();
    return boost::json::object();
}

// {{number:NAME}} alone in a text becomes a number, {{json:template_values}} what it is.
Result<boost::json::value> fill_json(const Settings& settings, const boost::json::value& shape, const Values& values) {
    if (auto* text = shape.if_string()) {
        std::string source(*text);
        if (source.starts_with("{{number:") && source.ends_with("}}") && source.find("{{", 2) == source.npos) {
            auto found = values.find(source.substr(9, source.size() - 11));
            if (found != values.end()) {
                std::int64_t number = 0;
                const auto& digits = found->second;
                auto [stop, bad] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
                if (bad == std::errc{} && stop == digits.data() + digits.size()) return boost::json::value(number);
                return boost::json::value(boost::json::string(digits));
            }
        }
        if (source == "{{json:template_values}}") return values_as_json(settings, values.at("template_values"));
        auto made = Template::parse_any(source);
        auto filled = made ? made->fill(values) : Result<std::string>(tl::unexpected(made.error()));
        if (!filled) return tl::unexpected(filled.error());
        return boost::json::value(boost::json::string(*filled));
    }
    if (auto* list = shape.if_array()) {
        boost::json::array out;
        for (const auto& item : *list) {
            auto filled = fill_json(settings, item, values);
            if (!filled) return filled;
            out.push_back(std::move(*filled));
        }
        return boost::json::value(std::move(out));
    }
    if (auto* object = shape.if_object()) {
        boost::json::object out;
        for (const auto& member : *object) {
            auto filled = fill_json(settings, member.value(), values);
            if (!filled) return filled;
            auto* empty = filled->if_string();
            if (empty && empty->empty() && dropped(settings, std::string(member.key()), "")) continue;
            out.emplace(member.key(), std::move(*filled));
        }
        return boost::json::value(std::move(out));
    }
    return shape;
}

}  // namespace

std::string percent_encode(std::string_view bytes) {
    constexpr char hex[] = "0123456789ABCDEF";
    std::string out;
    for (char c : bytes) {
        auto byte = static_cast<unsigned char>(c);
        bool stays = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
        if (stays) {
            out += c;
        } else {
            out += '%';
            out += hex[byte >> 4];
            out += hex[byte & 15];
        }
    }
    return out;
}

std::vector<std::pair<std::string, std::string>> decode_parameters(std::string_view query) {
    auto nibble = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; };
    auto decode = [&](std::string_view text) {
        std::string out;
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text[i] == '%' && i + 2 < text.size() && nibble(text[i + 1]) >= 0 && nibble(text[i + 2]) >= 0) {
                out += static_cast<char>(static_cast<unsigned char>(nibble(text[i + 1]) * 16 + nibble(text[i + 2])));
                i += 2;
            } else {
                out += text[i] == '+' ? ' ' : text[i];
            }
        }
        return out;
    };
    std::vector<std::pair<std::string, std::string>> out;
    while (!query.empty()) {
        auto end = std::min(query.find('&'), query.size());
        auto pair = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        if (pair.empty()) continue;
        auto equals = pair.find('=');
        out.emplace_back(decode(pair.substr(0, equals)), equals == pair.npos ? std::string() : decode(pair.substr(equals + 1)));
    }
    return out;
}

Result<http::FetchRequest> build_request(const Settings& settings, const provider::Submission& submission, Instant now, const std::string& nonce) {
    // Kannel, for one, sends an empty SMS for an empty text and says that it was accepted.
    if (submission.text.empty()) return fail(Error::Kind::invalid_input, "empty text");
    auto segments = cut_segments(submission.text.reveal());
    if (!segments) return fail(Error::Kind::invalid_input, "not UTF-8");
    if (static_cast<int>(segments->parts.size()) > settings.abilities.largest_parts)
        return fail(Error::Kind::invalid_input, fmt::format("{} parts where the vendor takes {}", segments->parts.size(), settings.abilities.largest_parts));

    auto values = values_of(settings, submission, *segments, now);
    values["nonce"] = nonce;
    if (settings.approved) {
        auto wording = wording_of(*settings.approved, submission);
        if (!wording) return tl::unexpected(wording.error());
        values["template_id"] = wording->id, values["template_sign"] = wording->sign, values["template_values"] = wording->values;
    }
    // Its own slots are escaped first, then it is one value among others: Kannel's %d must arrive there as %d.
    values["dlr_url"] = "";
    if (settings.dlr_url && !settings.hook_url.empty()) {
        auto url = settings.dlr_url->fill(encoded(values));
        if (!url) return tl::unexpected(url.error());
        values["dlr_url"] = *url;
    }

    for (const auto& digest : settings.digests) {
        auto made = made_digest(digest, values);
        if (!made) return tl::unexpected(made.error());
        values["digest:" + digest.name] = std::move(*made);
    }

    http::FetchRequest request;
    request.method = settings.method;
    request.connect_timeout = settings.connect_timeout;
    request.timeout = settings.timeout;
    request.reach = settings.reach;
    auto url = settings.url.fill(encoded(values));
    auto query = join_parameters(settings, settings.query, values);
    if (!url) return tl::unexpected(url.error());
    if (!query) return tl::unexpected(query.error());
    request.url = *url;
    if (!query->empty()) request.url += (request.url.find('?') == std::string::npos ? '?' : '&') + *query;

    if (settings.body == Body::form) {
        auto form = join_parameters(settings, settings.form, values);
        if (!form) return tl::unexpected(form.error());
        request.body = std::move(*form);
        request.headers.push_back("Content-Type: application/x-www-form-urlencoded");
    } else if (settings.body == Body::json) {
        auto json = fill_json(settings, settings.json, values);
        if (!json) return tl::unexpected(json.error());
        request.body = boost::json::serialize(*json);
        if (settings.base64_body) request.body = to_base64(request.body);
        request.headers.push_back("Content-Type: application/json");
    }
    for (const auto& [name, source] : settings.headers) {
        auto value = source.fill(values);
        if (!value) return tl::unexpected(value.error());
        if (std::any_of(value->begin(), value->end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }))
            return fail(Error::Kind::invalid_input, "a control character in the header " + name);
        if (!dropped(settings, name, *value)) request.headers.push_back(name + ": " + *value);
    }
    if (settings.auth == Auth::basic) request.user_password = settings.username + ":" + settings.password;
    if (settings.auth == Auth::bearer) request.headers.push_back("Authorization: Bearer " + settings.token);
    if (settings.auth == Auth::header) request.headers.push_back(settings.auth_header + ": " + settings.token);
    if (settings.scheme && settings.scheme->sign) settings.scheme->sign(settings, request, {now, nonce});
    return request;
}

}  // namespace pingjing::generic_http
