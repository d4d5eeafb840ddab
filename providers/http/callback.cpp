#include "providers/http/callback.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <charconv>

#include "daemon/text/utf.hpp"
#include "providers/http/request.hpp"
#include "providers/http/response.hpp"

namespace pingjing::generic_http {
namespace {

using namespace provider;

constexpr std::size_t most_items = 1000;

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
    return out;
}

std::string header(const Callback& callback, std::string_view name) {
    for (const auto& h : callback.headers)
        if (lower(h.name) == lower(name)) return h.value;
    return {};
}

// One receipt or reply as the vendor sent it: parameters of query and form, and the piece of JSON it stands in.
struct Item {
    const std::vector<std::pair<std::string, std::string>>* parameters = nullptr;
    const boost::json::value* json = nullptr;

    std::string get(const Field& field) const {
        for (const auto& alternative : field.alternatives) {
            if (alternative.starts_with('=')) return alternative.substr(1);
            if (alternative.starts_with('/')) {
                auto text = json ? text_at(*json, alternative) : std::nullopt;
                if (text && !text->empty()) return *text;
                continue;
            }
            for (const auto& [name, value] : *parameters)
                if (name == alternative && !value.empty()) return value;
        }
        return {};
    }

    // The field is there, if only with nothing in it: a vendor that has renamed it has not sent a blank text.
    bool has(const Field& field) const {
        auto is_there = [&](const std::string& alternative) {
            if (alternative.starts_with('=')) return true;
            if (alternative.starts_with('/')) return json && text_at(*json, alternative).has_value();
            return std::any_of(parameters->begin(), parameters->end(), [&](const auto& one) { return one.first == alternative; });
        };
        return std::any_of(field.alternatives.begin(), field.alternatives.end(), is_there);
    }

    // Length before each value: two lists of values never look alike.
    std::string key(const std::vector<Field>& fields) const {
        std::string out;
        bool any = false;
        for (const auto& field : fields) {
            auto value = get(field);
            any = any || !value.empty();
            out += fmt::format("{}{}:{}", out.empty() ? "" : "/", value.size(), value);
        }
        return any ? out : std::string();
    }
};

std::optional<std::int64_t> whole_number(std::string_view text) {
    std::int64_t number = 0;
    auto [stop, bad] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (bad != std::errc{} || stop != text.data() + text.size()) return std::nullopt;
    return number;
}

std::optional<Instant> read_time(std::string text, const std::string& format) {
    constexpr std::int64_t latest = 253'402'300'799;  // the last second of the year 9999
    if (format == "rfc3339") return parse_rfc3339(text);
    if (format == "unix" || format == "unix_ms") {
        auto number = whole_number(text);
        if (!number || *number < 0 || *number > latest * (format == "unix" ? 1 : 1000)) return std::nullopt;
        return from_millis(format == "unix" ? *number * 1000 : *number);
    }
    // "2026-11-22 10:31:13" and "20261122103113" in a zone that the vendor does not name.
    std::erase_if(text, [](char c) { return c == '-' || c == ':' || c == ' ' || c == 'T'; });
    if (text.size() < 14 || !whole_number(text.substr(0, 14))) return std::nullopt;
    auto part = [&](std::size_t at, std::size_t length) { return text.substr(at, length); };
    return parse_rfc3339(fmt::format("{}-{}-{}T{}:{}:{}{}", part(0, 4), part(4, 2), part(6, 2), part(8, 2), part(10, 2), part(12, 2), format == "beijing" ? "+08:00" : "Z"));
}

template <class Map>
auto by_code(const Map& map, const std::string& code) {
    auto found = map.find(code);
    if (found != map.end()) return found;
    std::size_t longest = 0;
    for (auto it = map.begin(); it != map.end(); ++it)
        if (it->first.size() > longest && code.starts_with(it->first)) {
            longest = it->first.size();
            found = it;
        }
    return found;
}

Result<Inbound> read_receipt(const ReceiptMap& map, const Item& item) {
    Receipt receipt;
    receipt.ref = item.get(map.ref);
    receipt.vendor_id = item.get(map.vendor_id);
    if (receipt.ref.empty() && receipt.vendor_id.empty()) return fail(Error::Kind::invalid_input, "a receipt without an id");
    if (auto phone = Phone::sender(item.get(map.phone)); !phone.empty()) receipt.phone = std::move(phone);
    auto status = item.get(map.status);
    if (status.empty()) return fail(Error::Kind::invalid_input, "a receipt without a status");
    if (auto state = map.states.find(status); state != map.states.end()) receipt.state = state->second;
    auto code = item.get(map.code);
    receipt.code = code.empty() ? status : code;
    if (receipt.code.size() > 256) receipt.code.resize(256);
    if (receipt.state == ReceiptState::failed)
        if (auto meaning = by_code(map.meanings, receipt.code); meaning != map.meanings.end()) receipt.meaning = meaning->second;
    receipt.at = read_time(item.get(map.at), map.at_format);
    receipt.key = item.key(map.key);
    return Inbound(std::move(receipt));
}

Result<Inbound> read_reply(const Settings& settings, const ReplyMap& map, const Item& item) {
    InboundText reply;
    reply.from = Phone::sender(item.get(map.from));
    if (reply.from.empty()) return fail(Error::Kind::invalid_input, "a reply without a number");
    if (!item.has(map.text)) return fail(Error::Kind::invalid_input, "a reply without a text");
    reply.to = item.get(map.to);
    if (reply.to.starts_with(' ')) reply.to[0] = '+';  // a bare '+' in a query is a space
    if (!settings.source.empty())
        for (std::string_view prefix : {"", "+", "+86", "86"}) {
            auto ours = std::string(prefix) + settings.source;
            if (!reply.to.starts_with(ours)) continue;
            reply.extension = reply.to.substr(ours.size());
            break;
        }
    auto raw = item.get(map.text);
    auto charset = map.charset_parameter.empty() ? std::string() : item.get(Field{{map.charset_parameter}});
    auto text = charset_to_utf8(raw, charset.empty() ? map.charset : charset);
    if (!text) return fail(Error::Kind::invalid_input, "a reply in a charset that cannot be read");
    reply.text = Text(std::move(*text));
    reply.at = read_time(item.get(map.at), map.at_format);
    reply.key = item.key(map.key);
    return Inbound(std::move(reply));
}

// Both come to one address, in one list, without an event that says which is which: then the fields that are there say it. What has those of
// both is neither: a receipt may quote our text, and a reply may bear a status.
bool reports(const ReceiptMap& map, const Item& item) { return !item.get(map.status).empty() && !(item.get(map.ref).empty() && item.get(map.vendor_id).empty()); }
bool is_receipt(const Settings& settings, const Item& item) { return reports(*settings.receipt, item) && item.get(settings.reply->text).empty(); }
bool is_reply(const Settings& settings, const Item& item) { return !reports(*settings.receipt, item) && item.has(settings.reply->text); }
bool are_told_apart_by_fields(const Settings& settings) {
    if (!settings.receipt || !settings.reply) return false;
    const auto& receipt = *settings.receipt;
    const auto& reply = *settings.reply;
    bool one_address = receipt.path == reply.path || receipt.path == "*" || reply.path == "*";
    return one_address && receipt.events.empty() && reply.events.empty() && receipt.json_field == reply.json_field && receipt.items == reply.items;
}

// The elements a callback consists of; the whole document is one unless it is, or has, a list.
Result<std::vector<const boost::json::value*>> items_of(const boost::json::value& document, const std::string& pointer) {
    auto* place = &document;
    if (!pointer.empty()) {
        boost::json::error_code error;
        place = document.find_pointer(pointer, error);
        if (!place || !place->is_array()) return fail(Error::Kind::invalid_input, "no list at " + pointer);
    }
    std::vector<const boost::json::value*> out;
    if (auto* list = place->if_array())
        for (const auto& item : *list) out.push_back(&item);
    else out.push_back(place);
    if (out.size() > most_items) return fail(Error::Kind::invalid_input, "more than 1000 items in one callback");
    return out;
}

}  // namespace

bool is_signed(const Settings& settings, const Callback& callback) {
    if (settings.signing_key.empty()) return true;
    auto message = callback.body + header(callback, settings.timestamp_header);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    HMAC(EVP_sha256(), settings.signing_key.data(), static_cast<int>(settings.signing_key.size()), reinterpret_cast<const unsigned char*>(message.data()),
         message.size(), digest, &length);
    std::string expected;
    for (unsigned int i = 0; i < length; ++i) expected += fmt::format("{:02x}", digest[i]);
    auto given = lower(header(callback, settings.signature_header));
    return given.size() == expected.size() && CRYPTO_memcmp(given.data(), expected.data(), expected.size()) == 0;
}

Result<std::vector<Inbound>> read_callback(const Settings& settings, const Callback& callback) {
    if (!is_signed(settings, callback)) return fail(Error::Kind::invalid_input, "the signature does not fit");
    auto parameters = decode_parameters(callback.query);
    auto body = read_json(callback.body);
    if (!body) return tl::unexpected(body.error());
    const auto& json = *body;
    if (!json && lower(callback.content_type).find("json") != std::string::npos) return fail(Error::Kind::invalid_input, "not JSON");
    if (!json)
        for (auto& parameter : decode_parameters(callback.body)) parameters.push_back(std::move(parameter));

    auto in_field = [&](const std::string& name) -> Result<std::optional<boost::json::value>> {
        if (name.empty()) return std::nullopt;
        Item whole{&parameters, nullptr};
        return read_json(whole.get(Field{{name}}));
    };

    std::vector<Inbound> out;
    Item whole{&parameters, json ? &*json : nullptr};
    auto wanted = [&](const auto& map, const Item& item) {
        if (!map || (map->path != "*" && map->path != callback.path)) return false;
        if (map->events.empty()) return true;
        auto event = item.get(settings.event);
        if (event.empty()) event = whole.get(settings.event);
        return std::find(map->events.begin(), map->events.end(), event) != map->events.end();
    };

    auto receipt_json = in_field(settings.receipt ? settings.receipt->json_field : "");
    auto reply_json = in_field(settings.reply ? settings.reply->json_field : "");
    if (!receipt_json) return tl::unexpected(receipt_json.error());
    if (!reply_json) return tl::unexpected(reply_json.error());
    bool by_fields = are_told_apart_by_fields(settings);
    auto each = [&](const auto& map, const std::optional<boost::json::value>& field, auto fits, auto read) -> Result<bool> {
        bool any = false;
        if (!map || (map->path != "*" && map->path != callback.path)) return any;
        if (!map->json_field.empty() && !field) return any;
        const auto& document = field ? field : json;
        std::vector<const boost::json::value*> places = {nullptr};
        if (document) {
            auto found = items_of(*document, map->items);
            // Receipts and replies may come to one address in different lists.
            if (!found && map->path == "*") return any;
            if (!found) return tl::unexpected(found.error());
            places = std::move(*found);
        }
        for (auto* place : places) {
            Item item{&parameters, place};
            if (!wanted(map, item) || !fits(item)) continue;
            auto made = read(item);
            if (!made) return tl::unexpected(made.error());
            out.push_back(std::move(*made));
            any = true;
        }
        return any;
    };

    auto fits_receipt = [&](const Item& item) { return !by_fields || is_receipt(settings, item); };
    auto fits_reply = [&](const Item& item) { return !by_fields || !is_receipt(settings, item); };
    auto receipts = each(settings.receipt, *receipt_json, fits_receipt, [&](const Item& item) { return read_receipt(*settings.receipt, item); });
    if (!receipts) return tl::unexpected(receipts.error());
    auto replies = each(settings.reply, *reply_json, fits_reply, [&](const Item& item) -> Result<Inbound> {
        if (by_fields && !is_reply(settings, item)) return fail(Error::Kind::invalid_input, "neither a receipt nor a reply by its fields");
        return read_reply(settings, *settings.reply, item);
    });
    if (!replies) return tl::unexpected(replies.error());
    if (*receipts || *replies) return out;

    // With an event that nobody asked for (a ping) there is nothing to do; without one, the mapping does not fit.
    if (!settings.event.alternatives.empty() && !whole.get(settings.event).empty()) return out;
    return fail(Error::Kind::invalid_input, "neither a receipt nor a reply");
}

}  // namespace pingjing::generic_http
