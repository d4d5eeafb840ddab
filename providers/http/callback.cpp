#include "providers/http/callback.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <cctype>
#include <charconv>
#include <deque>

#include "daemon/core/tree.hpp"
#include "daemon/text/utf.hpp"
#include "providers/http/document.hpp"
#include "providers/http/looks.hpp"
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

    struct Found { const std::string* alternative = nullptr; std::string value{}; };  // nullptr: none is there, or all are empty
    Found find(const Field& field) const {
        for (const auto& alternative : field.alternatives) {
            if (alternative.starts_with('=')) return {&alternative, alternative.substr(1)};
            if (alternative.starts_with('/')) {
                auto text = json ? text_at(*json, alternative) : std::nullopt;
                if (text && !text->empty()) return {&alternative, std::move(*text)};
                continue;
            }
            for (const auto& [name, value] : *parameters)
                if (name == alternative && !value.empty()) return {&alternative, value};
        }
        return {};
    }
    std::string get(const Field& field) const { return find(field).value; }

    // Which alternative is read; empty: none.
    std::string_view source_of(const Field& field) const {
        const auto* alternative = find(field).alternative;
        return alternative ? std::string_view(*alternative) : std::string_view();
    }

    // The parameter that is read stands there once more and says something else.
    bool is_repeated(const Field& field) const {
        auto [name, read] = find(field);
        if (!name || name->starts_with('=') || name->starts_with('/')) return false;
        auto differs = [&](const auto& one) { return one.first == *name && !one.second.empty() && one.second != read; };
        return std::any_of(parameters->begin(), parameters->end(), differs);
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

// Of numbers one is not the beginning of another: 4 says nothing of 42.
bool is_plain_number(std::string_view code) { return whole_number(code).has_value(); }

template <class Map>
auto by_code(const Map& map, const std::string& code) {
    auto found = map.find(code);
    if (found != map.end()) return found;
    std::size_t longest = 0;
    for (auto it = map.begin(); it != map.end(); ++it)
        if (it->first.size() > longest && code.starts_with(it->first) && !is_plain_number(it->first)) {
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

// What an item is made of; the rest only says more of it.
std::array<const Field*, 4> fields_of(const ReceiptMap& map) { return {&map.ref, &map.vendor_id, &map.phone, &map.status}; }
std::array<const Field*, 3> fields_of(const ReplyMap& map) { return {&map.from, &map.to, &map.text}; }
// All that is read as what it is, and not as somebody's words.
std::array<const Field*, 6> all_fields_of(const ReceiptMap& map) {
    return {&map.ref, &map.vendor_id, &map.phone, &map.status, &map.code, &map.at};
}
std::array<const Field*, 4> all_fields_of(const ReplyMap& map) { return {&map.from, &map.to, &map.text, &map.at}; }

bool is_pointer(std::string_view source) { return source.starts_with('/'); }
bool is_parameter(std::string_view source) { return !source.empty() && !is_pointer(source) && !source.starts_with('='); }

// None of it points into JSON: the callback is one item, whatever its body is.
bool reads_parameters_alone(const auto& map) {
    if (!map.items.empty() || !map.json_field.empty()) return false;
    auto all = fields_of(map);
    auto points = [](const Field* field) { return std::any_of(field->alternatives.begin(), field->alternatives.end(), is_pointer); };
    return std::none_of(all.begin(), all.end(), points);
}

// Said once in the parameters, and not once by each element of a list beside them.
bool is_said_in_parameters(const auto& map, const Item& item) {
    auto all = fields_of(map);
    auto any = [&](bool (*where)(std::string_view)) {
        return std::any_of(all.begin(), all.end(), [&](const Field* field) { return where(item.source_of(*field)); });
    };
    return any(is_parameter) && !any(is_pointer);
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

// Our digits behind the number that the citizen wrote to.
std::string extension_of(const Settings& settings, const ReplyMap& map, const Item& item, const std::string& to) {
    if (auto told = item.get(map.extension); !told.empty()) return told;
    if (!settings.source.empty())
        for (std::string_view prefix : {"", "+", "+86", "86"}) {
            auto ours = std::string(prefix) + settings.source;
            if (to.starts_with(ours)) return to.substr(ours.size());
        }
    auto digits = static_cast<std::size_t>(settings.extension_digits);
    return map.extension_is_tail && to.size() >= digits ? to.substr(to.size() - digits) : std::string();
}

// One of several pieces of a long text; nullopt: it is whole, or does not say which piece it is.
std::optional<TextPart> part_of(const ReplyMap& map, const Item& item, const std::string& raw, const std::string& charset) {
    auto number = whole_number(item.get(map.part_number)), total = whole_number(item.get(map.part_total));
    auto group = item.get(map.part_group);
    if (group.empty() || !number || !total || *total < 2 || *total > 255 || *number < 1 || *number > *total) return std::nullopt;
    return TextPart{std::move(group), static_cast<int>(*number), static_cast<int>(*total), raw, charset};
}

Result<Inbound> read_reply(const Settings& settings, const ReplyMap& map, const Item& item) {
    InboundText reply;
    reply.from = Phone::sender(item.get(map.from));
    if (reply.from.empty()) return fail(Error::Kind::invalid_input, "a reply without a number");
    if (!item.has(map.text)) return fail(Error::Kind::invalid_input, "a reply without a text");
    reply.to = item.get(map.to);
    if (reply.to.starts_with(' ')) reply.to[0] = '+';  // a bare '+' in a query is a space
    reply.extension = extension_of(settings, map, item, reply.to);
    auto raw = item.get(map.text);
    auto charset = map.charset_parameter.empty() ? std::string() : item.get(Field{{map.charset_parameter}});
    if (charset.empty()) charset = map.charset;
    auto text = charset_to_utf8(raw, charset);
    if (!text) return fail(Error::Kind::invalid_input, "a reply in a charset that cannot be read");
    reply.text = Text(std::move(*text));
    reply.at = read_time(item.get(map.at), map.at_format);
    reply.key = item.key(map.key);
    reply.part = part_of(map, item, raw, charset);
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

std::string_view without_blanks(std::string_view text) {
    auto begin = text.find_first_not_of(" \t\r\n");
    return begin == text.npos ? std::string_view() : text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
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
        bool whole = false;               // it is left as well
        std::optional<std::size_t> receipt{}, reply{};  // what was read of it
        bool is_read() const { return receipt || reply; }
    };
    struct List {
        std::string field{}, pointer{};
        bool of_parameters = false;       // the callback once, beside a list in its body
        std::vector<Place> places{};
        bool parameters_read = false;     // an item that stands in them
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
    List* list_of(const auto& map) {
        bool of_parameters = whole().json && whole().json->is_array() && reads_parameters_alone(map);
        for (auto& list : lists_)
            if (list.field == map.json_field && list.pointer == map.items && list.of_parameters == of_parameters) return &list;
        auto* source = source_of(map.json_field);
        if (!source || (!source->document && !map.json_field.empty())) return nullptr;
        List list{map.json_field, map.items, of_parameters, {}, false};
        if (!source->document || of_parameters) {
            list.places.push_back({whole(), "", "", {}, {}, false, false, {}, {}});
        } else {
            auto elements = source->document->elements(map.items);
            if (!elements) return missing_ = elements.error().detail, nullptr;
            for (auto& e : *elements) {
                auto number = e.number > 0 ? fmt::format("item {}: ", e.number) : std::string();
                auto name = map.json_field + e.place;
                list.places.push_back({{&parameters_, e.json}, std::move(name), std::move(number), e.raw, std::move(e.problem), false, false, {}, {}});
            }
        }
        return &lists_.emplace_back(std::move(list));
    }

    std::string event_of(const Item& item) const {
        auto event = item.get(settings_.event);
        return event.empty() ? whole().get(settings_.event) : event;
    }

    void take(const auto& map, auto fits, auto read) {
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
            if (is_in_doubt(map, *list, place)) continue;
            auto made = read(place.item);
            if (!made) {
                leave(CallbackRead::Kind::unreadable, place, made.error().detail);
                continue;
            }
            bool is_receipt = std::holds_alternative<Receipt>(*made);
            const auto status = is_receipt ? place.item.get(settings_.receipt->status) : std::string();
            place.whole = is_receipt && !names_status(*settings_.receipt, status);
            if (place.whole) leave(CallbackRead::Kind::unnamed_state, place, "the mapping does not name the status" + quoted(status));
            (is_receipt ? place.receipt : place.reply) = out_.inbound.size();
            out_.inbound.push_back(std::move(*made));
            out_.places.push_back(place.name);
        }
    }

    // Parameters say it twice, each time something else: which of the two is meant nobody can say. Or they have said it already, of the
    // whole callback. Then it is left, and true.
    bool is_in_doubt(const auto& map, List& list, const Place& place) {
        if (parameters_.empty()) return false;
        for (const auto* field : fields_of(map)) {
            if (!place.item.is_repeated(*field)) continue;
            auto name = quoted(std::string(place.item.source_of(*field)));
            leave(CallbackRead::Kind::unreadable, place.number + "the parameter" + name + " stands there twice and says two things", "");
            return true;
        }
        if (place.number.empty() || !is_said_in_parameters(map, place.item)) return false;
        if (!list.parameters_read) return list.parameters_read = true, false;
        leave(CallbackRead::Kind::unreadable, place, "nothing that the mapping reads");
        return true;
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
                if (list.of_parameters && !place.claimed && lists_.size() > 1) continue;  // the other list is what was meant
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
        using enum Unclaimed::Beside;
        Unclaimed beside(settings_, nothing_ ? nothing : out_.inbound.empty() ? unread : items);
        for (const auto& source : documents_) look_beside(source, beside);
        for (const auto& [name, value] : parameters_)
            if (!is_document(name, value)) beside.look_at_parameter(name, value);
        rest_ = beside.rest();
        bool whole_is_heard = std::any_of(out_.left.begin(), out_.left.end(), [](const auto& left) { return left.piece.empty(); });
        if (!whole_is_heard) words_ = words_in_parameters();
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
        const Place* item = nullptr;
        for (const auto& list : lists_) {
            if (list.field != source.field || list.of_parameters) continue;
            bool is_list = !list.pointer.empty() || document.is_array();
            if (is_list) lists.push_back(list.pointer);
            for (const auto& place : list.places) {
                if (!is_list && !place.is_read()) return;  // left already
                if (!is_list) item = &place;
                if (is_list && place.is_read() && place.item.json) hear(beside, place, beside.look_into(*place.item.json, place.name));
            }
        }
        const auto& words = beside.look_at(document, source.field, lists, item != nullptr);
        if (item) hear(beside, *item, words);
    }

    bool is_document(const std::string& name, const std::string& value) const {
        auto is_it = [&](const Source& source) { return source.field == name && (source.value == value || !source.document); };
        return std::any_of(documents_.begin(), documents_.end(), is_it);
    }

    // ── words that stand in what was read, in a field that no mapping takes ──

    // As it stands there; empty: a receipt.
    std::string text_of(const Place& place) const { return place.reply ? place.item.get(settings_.reply->text) : std::string(); }

    static std::string number_in(const Inbound& one) {
        if (const auto* text = std::get_if<InboundText>(&one)) return text->from.reveal();
        const auto& phone = std::get<Receipt>(one).phone;
        return phone ? phone->reveal() : std::string();
    }

    // A field of the mapping was read from there: what stands in it is no word of anybody, or is read in its turn.
    bool is_source(const Place& place, std::string_view source) const {
        auto names = [&](const Field& field) { return std::find(field.alternatives.begin(), field.alternatives.end(), source) != field.alternatives.end(); };
        auto reads = [&](const Field& field) { return names(field) && place.item.source_of(field) == source; };
        auto reads_any = [&](const auto& map) {
            auto all = all_fields_of(map);
            return std::any_of(all.begin(), all.end(), [&](const Field* field) { return reads(*field); });
        };
        auto is_id = [&](const CallbackMap& map) { return std::any_of(map.key.begin(), map.key.end(), names); };
        if (source.empty()) return false;
        if (reads(settings_.event) || (place.receipt && (reads_any(*settings_.receipt) || is_id(*settings_.receipt)))) return true;
        if (!place.reply) return false;
        const auto& map = *settings_.reply;
        return reads_any(map) || source == map.charset_parameter || (is_id(map) && !names(map.text));
    }

    // `all`: whatever may be words in the item. They are heard with its number; those that the text has as well are read with it.
    void hear(Unclaimed& beside, const Place& place, const std::vector<Unclaimed::Words>& all) const {
        if (all.empty() || place.whole) return;
        auto text = text_of(place);
        for (const auto& words : all) {
            if (text.find(without_blanks(words.text)) != text.npos || is_source(place, words.pointer)) continue;
            auto number = number_in(out_.inbound[place.reply ? *place.reply : *place.receipt]);
            if (number.empty()) return beside.hear(*place.item.json);  // it may stand beside them
            beside.hear(boost::json::object{{"from", number}, {"words", words.text}});
        }
    }

    // The number of all that was read; empty: there are several, or none.
    std::string only_number() const {
        if (out_.inbound.empty()) return {};
        auto first = number_in(out_.inbound.front());
        bool alone = std::all_of(out_.inbound.begin(), out_.inbound.end(), [&](const Inbound& one) { return number_in(one) == first; });
        return alone ? first : std::string();
    }

    // A body that is no form is a name without a value.
    static std::string words_of(const std::string& name, const std::string& value) {
        auto stands_in_names = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || std::string_view("_-.[]:").find(c) != std::string_view::npos; };
        if (std::all_of(name.begin(), name.end(), stands_in_names)) return may_be_words(value) ? value : std::string();
        return name + (value.empty() ? "" : "=") + value;
    }

    // Read by parameters: of the whole callback, or of an element beside them.
    bool is_taken_from_parameters(std::string_view source, std::string_view words) const {
        for (const auto& list : lists_)
            for (const auto& place : list.places) {
                if (!place.is_read() || !(place.number.empty() || list.parameters_read)) continue;
                if (is_source(place, source) || text_of(place).find(without_blanks(words)) != std::string::npos) return true;
            }
        return false;
    }

    // As a form, for they may be in any charset. Empty: there are none.
    std::string words_in_parameters() const {
        auto may_be = [](const auto& one) { return !words_of(one.first, one.second).empty(); };
        if (std::none_of(parameters_.begin(), parameters_.end(), may_be)) return {};
        auto number = only_number();
        std::string out = number.empty() ? "" : "from=" + percent_encode(number), others;
        bool any = false;
        for (const auto& [name, value] : parameters_) {
            // The first that is not empty is the one that is read.
            auto source = Item{&parameters_, nullptr}.get(Field{{name}}) == value ? std::string_view(name) : std::string_view();
            auto words = words_of(name, value);
            if (is_document(name, value)) continue;
            if (words.empty()) {
                if (number.empty() && !value.empty()) others += "&" + name + "=" + percent_encode(value);  // a number may be among them
                continue;
            }
            if (is_taken_from_parameters(source, words)) continue;
            out += (out.empty() ? "words=" : "&words=") + percent_encode(words);
            any = true;
        }
        return any ? out + others : std::string();
    }

    static std::string words_on(Unclaimed::What what) {
        switch (what) {
            case Unclaimed::What::list: return "the mapping does not name the list";
            case Unclaimed::What::object: return "the mapping does not name the object";
            case Unclaimed::What::text: return "the mapping does not name the text";
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
            if (!rest_.empty()) leave(CallbackRead::Kind::beside, "words that the mapping does not take", rest_);
            if (!words_.empty()) leave(CallbackRead::Kind::beside, "words that the mapping does not take", words_);
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
    std::string rest_{}, words_{};  // to be heard: of JSON, of parameters
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
