#include "providers/http/callback.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <deque>

#include "daemon/core/tree.hpp"
#include "daemon/text/utf.hpp"
#include "providers/http/document.hpp"
#include "providers/http/request.hpp"
#include "providers/http/response.hpp"
#include "providers/http/unclaimed.hpp"
#include "providers/signing/signing.hpp"

namespace pingjing::generic_http {
namespace {

using namespace provider;

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
    return out;
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

// What the mapping itself puts there ("=unknown") needs no name.
bool names_status(const ReceiptMap& map, const std::string& status) {
    const auto& from = map.status.alternatives;
    return map.states.empty() || map.states.contains(status) || map.states.contains("*") || std::find(from.begin(), from.end(), "=" + status) != from.end();
}

Result<Inbound> read_receipt(const ReceiptMap& map, const Item& item) {
    Receipt receipt;
    receipt.ref = item.get(map.ref);
    receipt.vendor_id = item.get(map.vendor_id);
    if (receipt.ref.empty() && receipt.vendor_id.empty()) return fail(Error::Kind::invalid_input, "a receipt without an id");
    if (auto phone = Phone::sender(item.get(map.phone)); !phone.empty()) receipt.phone = std::move(phone);
    auto status = item.get(map.status);
    if (status.empty()) return fail(Error::Kind::invalid_input, "a receipt without a status");
    auto state = map.states.find(status);
    if (state == map.states.end()) state = map.states.find("*");
    if (state != map.states.end()) receipt.state = state->second;
    auto code = item.get(map.code);
    receipt.code = code.empty() ? status : code;
    bool too_long = receipt.code.size() > 256;
    if (receipt.state == ReceiptState::failed)
        if (auto meaning = by_code(map.meanings, receipt.code); meaning != map.meanings.end()) receipt.meaning = meaning->second;
    if (too_long) receipt.code = hide_phones(receipt.code).substr(0, 256);  // half a number would not be known as one
    receipt.at = read_time(item.get(map.at), map.at_format);
    receipt.key = item.key(map.key);
    // Once the mapping names that status, the same report says more than it did.
    if (!receipt.key.empty() && !names_status(map, status)) receipt.key = "?" + receipt.key;
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

// A vendor's word in what people read, where it is one.
std::string quoted(const std::string& word) {
    bool plain = word.size() <= 40 && std::all_of(word.begin(), word.end(), [](unsigned char c) { return c > 0x20 && c < 0x7F && c != '"' && c != '\\'; });
    return plain ? " \"" + hide_phones(word) + "\"" : "";
}

// One callback. Receipts and replies may stand in one list or in different ones, of the body or of fields that hold JSON.
class Reading {
public:
    Reading(const Settings& settings, const Callback& callback) : settings_(settings), callback_(callback) {}

    Result<CallbackRead> all() {
        parameters_ = decode_parameters(callback_.query);
        auto body = Document::read(callback_.body, lists_of(""));
        if (!body) return tl::unexpected(body.error());
        if (!*body && lower(callback_.content_type).find("json") != std::string::npos) return fail(Error::Kind::invalid_input, "not JSON");
        if (!*body)
            for (auto& parameter : decode_parameters(callback_.body)) parameters_.push_back(std::move(parameter));
        documents_.push_back({"", {}, std::move(*body)});

        by_fields_ = are_told_apart_by_fields(settings_);
        if (settings_.receipt) take(*settings_.receipt, [&](const Item& i) { return !by_fields_ || is_receipt(settings_, i); }, [&](const Item& i) { return receipt(i); });
        if (settings_.reply) take(*settings_.reply, [&](const Item& i) { return !by_fields_ || !is_receipt(settings_, i); }, [&](const Item& i) { return reply(i); });
        leave_what_nobody_claimed();
        return result();
    }

private:
    struct Source {                       // the body, or a field that holds JSON
        std::string field{}, value{};
        std::optional<Document> document{};
    };
    struct Place {                        // where an item stands
        Item item{};
        std::string name{}, number{};     // for us, for people
        std::string_view raw{};           // where it is no JSON
        std::string problem{};
        bool claimed = false;             // a mapping has read it, or tried to
        bool read = false;                // and could
    };
    struct List {
        std::string field{}, pointer{};
        std::vector<Place> places{};
    };

    std::vector<std::string> lists_of(const std::string& field) const {
        std::vector<std::string> out;
        if (settings_.receipt && settings_.receipt->json_field == field) out.push_back(settings_.receipt->items);
        if (settings_.reply && settings_.reply->json_field == field) out.push_back(settings_.reply->items);
        return out;
    }

    Item whole() const {
        const auto& body = documents_.front().document;
        return {&parameters_, body ? &body->whole() : nullptr};
    }
    bool is_here(const CallbackMap& map) const { return map.path == "*" || map.path == callback_.path; }

    // nullptr: the callback has no such field.
    Source* source_of(const std::string& field) {
        for (auto& one : documents_)
            if (one.field == field) return &one;
        auto value = Item{&parameters_, nullptr}.get(Field{{field}});
        if (value.empty()) return nullptr;
        auto document = Document::read(value, lists_of(field));
        if (document && *document) return &documents_.emplace_back(Source{field, value, std::move(*document)});
        leave(CallbackRead::Kind::unreadable, "field " + field + ": " + (document ? "not JSON" : document.error().detail), value);
        return &documents_.emplace_back(Source{field, {}, std::nullopt});
    }

    // nullptr: it is not there, and why is noted.
    List* list_of(const CallbackMap& map) {
        for (auto& list : lists_)
            if (list.field == map.json_field && list.pointer == map.items) return &list;
        auto* source = source_of(map.json_field);
        if (!source || (!source->document && !map.json_field.empty())) return nullptr;
        List list{map.json_field, map.items, {}};
        if (!source->document) {
            list.places.push_back({{&parameters_, nullptr}, "", "", {}, {}, false, false});
        } else {
            auto elements = source->document->elements(map.items);
            if (!elements) return missing_ = elements.error().detail, nullptr;
            for (auto& e : *elements) {
                auto number = e.number > 0 ? fmt::format("item {}: ", e.number) : std::string();
                list.places.push_back({{&parameters_, e.json}, map.json_field + e.place, std::move(number), e.raw, std::move(e.problem), false, false});
            }
        }
        return &lists_.emplace_back(std::move(list));
    }

    std::string event_of(const Item& item) const {
        auto event = item.get(settings_.event);
        return event.empty() ? whole().get(settings_.event) : event;
    }

    void take(const CallbackMap& map, auto fits, auto read) {
        if (!is_here(map)) return;
        auto* list = list_of(map);
        if (!list) return;
        for (auto& place : list->places) {
            if (!place.problem.empty()) {
                if (!place.claimed) leave(CallbackRead::Kind::unreadable, place, place.problem);
                place.claimed = true;
                continue;
            }
            auto wanted = [&] { return map.events.empty() || std::find(map.events.begin(), map.events.end(), event_of(place.item)) != map.events.end(); };
            if (!wanted() || !fits(place.item)) continue;
            place.claimed = true;
            auto made = read(place.item);
            if (!made) {
                leave(CallbackRead::Kind::unreadable, place, made.error().detail);
                continue;
            }
            bool unnamed = std::holds_alternative<Receipt>(*made) && !names_status(*settings_.receipt, place.item.get(settings_.receipt->status));
            if (unnamed) leave(CallbackRead::Kind::unnamed_state, place, "the mapping does not name the status" + quoted(place.item.get(settings_.receipt->status)));
            place.read = true;
            out_.inbound.push_back(std::move(*made));
            out_.places.push_back(place.name);
        }
    }

    Result<Inbound> receipt(const Item& item) const { return read_receipt(*settings_.receipt, item); }
    Result<Inbound> reply(const Item& item) const {
        if (by_fields_ && !is_reply(settings_, item)) return fail(Error::Kind::invalid_input, "neither a receipt nor a reply by its fields");
        return read_reply(settings_, *settings_.reply, item);
    }

    void leave(CallbackRead::Kind kind, std::string why, std::string piece) { out_.left.push_back({kind, std::move(why), std::move(piece)}); }
    void leave(CallbackRead::Kind kind, const Place& place, const std::string& why) {
        std::string piece(place.raw);
        if (place.item.json && !place.name.empty()) piece = boost::json::serialize(*place.item.json);
        leave(kind, place.number + why, std::move(piece));
    }

    // Of what no mapping wants, by its event.
    std::pair<CallbackRead::Kind, std::string> about(const std::string& event) const {
        const auto& ignored = settings_.ignored_events;
        if (event.empty()) return {CallbackRead::Kind::unreadable, "neither a receipt nor a reply"};
        if (std::find(ignored.begin(), ignored.end(), event) != ignored.end()) return {CallbackRead::Kind::on_purpose, "an event of no concern"};
        return {CallbackRead::Kind::unnamed, "the mapping does not name the event" + quoted(event)};
    }

    void leave_what_nobody_claimed() {
        bool any = false;
        for (const auto& list : lists_)
            for (const auto& place : list.places) {
                any = true;
                if (place.claimed) continue;
                auto [kind, why] = about(event_of(place.item));
                leave(kind, place, why);
            }
        auto event = whole().get(settings_.event);
        nothing_ = !any && out_.left.empty() && (is_empty(settings_.receipt, event) || is_empty(settings_.reply, event));
        if (!any && out_.left.empty() && !nothing_) {
            auto [kind, why] = about(event);
            leave(kind, std::move(why), "");
        }
        leave_what_no_mapping_names();
    }

    // The list that this map names is there, with nothing in it: a vendor that has nothing to say.
    bool is_empty(const auto& map, const std::string& event) const {
        if (!map || map->items.empty() || !is_here(*map)) return false;
        bool wanted = event.empty() || std::find(map->events.begin(), map->events.end(), event) != map->events.end();
        return wanted && std::any_of(lists_.begin(), lists_.end(), [&](const List& l) { return l.field == map->json_field && l.pointer == map->items && l.places.empty(); });
    }

    // All of it is left already, and looked at as a whole.
    bool is_left_whole() const {
        auto is_whole = [](const auto& left) { return left.piece.empty() && left.kind != CallbackRead::Kind::unnamed_state; };
        return std::any_of(out_.left.begin(), out_.left.end(), is_whole);
    }

    // Vendors rename their lists, put them deeper and add others: what looks like an item and is none of a mapping's is for a person.
    void leave_what_no_mapping_names() {
        if (is_left_whole()) return;
        Unclaimed beside(settings_, out_.inbound.empty());
        for (const auto& source : documents_) look_beside(source, beside);
        for (const auto& [name, value] : parameters_) {
            auto is_source = [&](const auto& source) { return source.field == name && (source.value == value || !source.document); };
            if (std::none_of(documents_.begin(), documents_.end(), is_source)) beside.look_at_parameter(name, value);
        }
        rest_ = beside.rest();
        if (beside.is_more()) {
            auto why = fmt::format("more than {} places that the mapping does not name", Unclaimed::most_found);
            return leave(CallbackRead::Kind::unreadable, std::move(why), "");
        }
        for (const auto& found : beside.found()) {
            // What was read of the item stands; whether more was said in it only its words can tell.
            auto kind = found.what == Unclaimed::What::within ? CallbackRead::Kind::unnamed_state : CallbackRead::Kind::unreadable;
            leave(kind, words_on(found.what) + (found.where.empty() ? std::string() : quoted(found.where)), found.piece);
        }
    }

    void look_beside(const Source& source, Unclaimed& beside) const {
        if (!source.document) return;
        const auto& document = source.document->whole();
        std::vector<std::string> lists;
        bool is_item = false;
        for (const auto& list : lists_) {
            if (list.field != source.field) continue;
            bool is_list = !list.pointer.empty() || document.is_array();
            if (is_list) lists.push_back(list.pointer);
            for (const auto& place : list.places) {
                if (!is_list && !place.read) return;  // left already
                is_item = is_item || !is_list;
                if (is_list && place.read && place.item.json) beside.look_into(*place.item.json, place.name);
            }
        }
        beside.look_at(document, source.field, lists, is_item);
    }

    static std::string words_on(Unclaimed::What what) {
        switch (what) {
            case Unclaimed::What::list: return "the mapping does not name the list";
            case Unclaimed::What::object: return "the mapping does not name the object";
            case Unclaimed::What::envelope: return "around the items stands what may be another";
            case Unclaimed::What::within: return "within an item stands what may be another";
            case Unclaimed::What::broken: return "what may be JSON cannot be read";
        }
        return {};
    }

    Result<CallbackRead> result() {
        bool refused = out_.inbound.empty() && std::all_of(out_.left.begin(), out_.left.end(), [](const auto& l) { return l.kind == CallbackRead::Kind::unreadable; });
        if (!refused) {
            // No item by its look; somebody may cry in it all the same.
            if (!rest_.empty()) leave(CallbackRead::Kind::on_purpose, "what stands around the items", rest_);
            return std::move(out_);
        }
        if (nothing_ && out_.left.empty()) return std::move(out_);
        if (!missing_.empty() && lists_.empty()) return fail(Error::Kind::invalid_input, missing_);
        return fail(Error::Kind::invalid_input, out_.left.empty() ? "neither a receipt nor a reply" : describe_left(out_));
    }

    const Settings& settings_;
    const Callback& callback_;
    std::vector<std::pair<std::string, std::string>> parameters_{};
    std::deque<Source> documents_{};  // the body first; what points into one stays
    std::deque<List> lists_{};
    std::string missing_{};
    bool by_fields_ = false;
    bool nothing_ = false;  // the vendor has said so
    std::string rest_{};
    CallbackRead out_{};
};

}  // namespace

std::string header(const Callback& callback, std::string_view name) {
    auto found = std::find_if(callback.headers.begin(), callback.headers.end(), [&](const auto& h) { return lower(h.name) == lower(name); });
    return found == callback.headers.end() ? std::string() : found->value;
}

bool is_signed(const Settings& settings, const Callback& callback) {
    if (settings.signing_key.empty()) return true;
    auto message = callback.body + header(callback, settings.timestamp_header);
    auto expected = to_hex(signing::hmac(signing::Hash::sha256, settings.signing_key, message));
    return signing::same(lower(header(callback, settings.signature_header)), expected);
}

Result<CallbackRead> read_callback(const Settings& settings, const Callback& callback) {
    const bool forged = settings.scheme && settings.scheme->is_authentic && !settings.scheme->is_authentic(settings, callback);
    if (forged || !is_signed(settings, callback)) return fail(Error::Kind::invalid_input, "the signature does not fit");
    return Reading(settings, callback).all();
}

}  // namespace pingjing::generic_http
