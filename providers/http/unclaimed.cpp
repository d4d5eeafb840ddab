#include "providers/http/unclaimed.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cmath>
#include <iterator>

#include "providers/http/document.hpp"

namespace pingjing::generic_http {
namespace {

namespace json = boost::json;

constexpr int deepest_string = 3;             // JSON in a string of JSON in a string
constexpr std::size_t fewest_digits = 5;      // of a number that somebody may have written from

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string small_letters(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return out;
}

// "/payload/message" and "message" both name "message"; a place in a list names nothing.
void add_names(const Field& field, std::set<std::string>& names) {
    for (const auto& alternative : field.alternatives) {
        if (alternative.starts_with('=')) continue;
        auto name = small_letters(alternative.substr(alternative.rfind('/') + 1));
        if (!name.empty() && !std::ranges::all_of(name, is_digit)) names.insert(std::move(name));
    }
}

bool is_filled(const json::value& value) {
    if (const auto* text = value.if_string()) return !text->empty();
    return value.is_number();
}

bool has_digits(const json::value& value) {
    if (const auto* text = value.if_string()) return static_cast<std::size_t>(std::ranges::count_if(*text, is_digit)) >= fewest_digits;
    return value.is_number() && std::abs(value.to_number<double>()) >= 10'000;
}

// A cry takes one character beyond ASCII, or three letters.
bool has_words(const json::value& value) {
    if (const auto* list = value.if_array()) return std::ranges::any_of(*list, has_words);
    if (const auto* object = value.if_object()) return std::ranges::any_of(*object, [](const auto& member) { return has_words(member.value()); });
    const auto* text = value.if_string();
    if (!text) return false;
    std::size_t letters = 0;
    for (char c : *text) {
        if (static_cast<unsigned char>(c) >= 0x80) return true;
        letters += (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    }
    return letters >= 3;
}

bool begins_like_json(std::string_view text) {
    auto at = text.find_first_not_of(" \t\r\n");
    return at != text.npos && (text[at] == '{' || text[at] == '[');
}

// Looked at by itself.
bool is_walked(const json::value& value) { return value.is_structured() || (value.is_string() && begins_like_json(value.get_string())); }
bool is_own_word(const json::value& value) { return !is_walked(value) && has_words(value); }

json::object scalars_of(const json::object& object) {
    json::object out;
    for (const auto& [key, value] : object)
        if (!is_walked(value)) out[key] = value;
    return out;
}

std::string pointer_part(std::string_view key) {
    std::string out;
    for (char c : key) {
        if (c == '~') out += "~0";
        else if (c == '/') out += "~1";
        else out += c;
    }
    return out;
}

}  // namespace

Unclaimed::Unclaimed(const Settings& settings, bool all_lists) : settings_(settings), all_lists_(all_lists) {
    std::vector<const Field*> all{&settings.event};
    auto of_both = [&](const CallbackMap& map) {
        all.push_back(&map.at);
        for (const auto& field : map.key) all.push_back(&field);
    };
    if (const auto& map = settings.receipt) {
        for (const auto* field : {&map->ref, &map->vendor_id, &map->phone, &map->status, &map->code}) all.push_back(field);
        for (const auto* field : {&map->ref, &map->vendor_id, &map->status}) add_names(*field, other_);
        add_names(map->phone, from_);
        of_both(*map);
    }
    if (const auto& map = settings.reply) {
        for (const auto* field : {&map->from, &map->to, &map->text}) all.push_back(field);
        add_names(map->from, from_), add_names(map->text, text_);
        parameters_.insert(map->charset_parameter);
        of_both(*map);
    }
    for (const auto* field : all)
        for (const auto& alternative : field->alternatives)
            if (alternative.starts_with('/')) pointers_.push_back(alternative);
            else parameters_.insert(alternative);
}

bool Unclaimed::holds(const json::object& object, const std::set<std::string>& names) const {
    return std::ranges::any_of(object, [&](const auto& member) { return is_filled(member.value()) && names.contains(small_letters(member.key())); });
}

// An answer has a number, a report an id: without either and without a field that is known it is neither.
bool Unclaimed::may_be_item(const json::value& value) const {
    if (const auto* list = value.if_array()) return std::ranges::any_of(*list, [&](const auto& one) { return may_be_item(one); });
    const auto* object = value.if_object();
    if (!object) return has_digits(value);
    return holds_any(*object) || std::ranges::any_of(*object, [&](const auto& member) { return may_be_item(member.value()); });
}

bool Unclaimed::has_known_name(std::string_view text) const {
    auto small = small_letters(text);
    auto stands = [&](const std::string& name) { return small.find("\"" + name + "\"") != small.npos; };
    return std::ranges::any_of(text_, stands) || std::ranges::any_of(from_, stands) || std::ranges::any_of(other_, stands);
}

bool Unclaimed::encloses_list(const Place& place) const {
    if (place.strings > 0 || !place.lists) return false;
    return std::ranges::any_of(*place.lists, [&](const auto& list) { return list.starts_with(place.path + "/"); });
}

bool Unclaimed::is_ignored(const std::string& pointer) const {
    return std::ranges::find(settings_.ignored_places, pointer) != settings_.ignored_places.end();
}

void Unclaimed::leave(What what, const Place& place, std::string piece) {
    if (found_.size() == most_found) return void(more_ = true);
    auto where = place.field + (place.field.empty() || place.path.empty() ? "" : ":") + place.path.substr(place.path.starts_with('/') ? 1 : 0);
    found_.push_back({what, std::move(where), std::move(piece)});
}

void Unclaimed::walk(const json::value& value, const Place& place) {
    if (more_) return;
    if (place.field.empty() && place.strings == 0 && is_ignored(place.path)) return void(rest_.push_back(value));
    if (value.is_object()) walk_object(value, place);
    else if (value.is_array()) walk_list(value, place);
    else if (const auto* text = value.if_string()) walk_string(*text, place);
}

void Unclaimed::walk_list(const json::value& value, const Place& place) {
    if (place.strings == 0 && place.lists && std::ranges::find(*place.lists, place.path) != place.lists->end()) return;
    const auto& list = value.get_array();
    bool of_objects = std::ranges::any_of(list, [](const auto& one) { return one.is_object(); });
    if (of_objects && !encloses_list(place)) {
        if (all_lists_ || may_be_item(value)) leave(What::list, place, json::serialize(value));
        else if (has_words(value)) rest_.push_back(value);
        return;
    }
    if (std::ranges::any_of(list, is_own_word)) {
        json::array own;
        std::ranges::copy_if(list, std::back_inserter(own), [](const auto& one) { return !is_walked(one); });
        rest_.push_back(std::move(own));
    }
    auto inner = place;
    for (std::size_t n = 0; n < list.size(); ++n)
        if (is_walked(list[n])) inner.path = place.path + "/" + std::to_string(n), walk(list[n], inner);
}

// What stands around the items has an id and a status of its own, or a message that says how it went: only what has both a text and a number
// looks like an answer. Anywhere else one field is enough.
void Unclaimed::walk_object(const json::value& value, const Place& place) {
    const auto& object = value.get_object();
    bool words = std::ranges::any_of(object, [](const auto& member) { return is_own_word(member.value()); });
    bool around = encloses_list(place);
    if (!around && holds_any(object)) return leave(What::object, place, json::serialize(value));
    if (around && holds(object, text_) && holds(object, from_)) leave(What::envelope, place, json::serialize(scalars_of(object)));
    else if (words) rest_.push_back(scalars_of(object));
    auto inner = place;
    for (const auto& [key, member] : object)
        if (is_walked(member)) inner.path = place.path + "/" + pointer_part(key), walk(member, inner);
}

void Unclaimed::walk_string(std::string_view text, const Place& place) {
    if (!begins_like_json(text)) return;
    auto document = place.strings < deepest_string ? Document::read(text, {}) : Result<std::optional<Document>>(std::nullopt);
    if (!document || !*document) {
        if (has_known_name(text)) leave(What::broken, place, std::string(text));
        else if (json::value plain(text); has_words(plain)) rest_.push_back(std::move(plain));
        return;
    }
    auto inner = place;
    ++inner.strings;
    walk((*document)->whole(), inner);
}

// What a mapping reads, and what it stands in, is the item itself. Another in it would have a text and a number of its own.
void Unclaimed::walk_item(const json::value& value, const std::string& pointer, const std::string& place, const std::vector<std::string>& lists) {
    if (more_ || is_ignored(pointer) || (value.is_array() && std::ranges::find(lists, pointer) != lists.end())) return;
    if (const auto* list = value.if_array()) {
        for (std::size_t n = 0; n < list->size(); ++n)
            if ((*list)[n].is_structured()) walk_item((*list)[n], pointer + "/" + std::to_string(n), place, lists);
        return;
    }
    const auto* object = value.if_object();
    if (!object) return;
    bool read = pointer.empty() || std::ranges::any_of(pointers_, [&](const auto& one) { return one.starts_with(pointer + "/"); });
    if (!read && holds(*object, text_) && holds(*object, from_))
        return leave(What::within, {"", place + pointer, nullptr, 0}, json::serialize(value));
    for (const auto& [key, member] : *object)
        if (member.is_structured()) walk_item(member, pointer + "/" + pointer_part(key), place, lists);
}

void Unclaimed::look_at(const json::value& document, const std::string& field, const std::vector<std::string>& lists, bool is_item) {
    if (is_item) walk_item(document, "", "", lists);
    else walk(document, {field, "", &lists, 0});
}

void Unclaimed::look_into(const json::value& item, const std::string& place) { walk_item(item, "", place, {}); }

void Unclaimed::look_at_parameter(const std::string& name, const std::string& value) {
    if (!parameters_.contains(name)) walk_string(value, {name, "", nullptr, 0});
}

std::string Unclaimed::rest() const { return rest_.empty() ? std::string() : json::serialize(rest_); }

}  // namespace pingjing::generic_http
