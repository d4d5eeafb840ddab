#include "providers/http/unclaimed.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <iterator>

#include "providers/http/document.hpp"
#include "providers/http/looks.hpp"
#include "providers/http/response.hpp"

namespace pingjing::generic_http {
namespace {

namespace json = boost::json;

constexpr int deepest_string = 3;             // JSON in a string of JSON in a string

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
        if (name.find_first_not_of("0123456789") != name.npos) names.insert(std::move(name));
    }
}

bool is_filled(const json::value& value) {
    if (const auto* text = value.if_string()) return !text->empty();
    return value.is_number();
}

// A scalar by its look; a number may stand in JSON as one.
bool looks(bool (*look)(std::string_view), const json::value& value) {
    if (const auto* text = value.if_string()) return look({text->data(), text->size()});
    auto text = value.is_int64() || value.is_uint64() ? text_at(value, "") : std::nullopt;
    return text && look(*text);
}
bool shows_number(const json::value& value) { return looks(is_number, value); }
// What a mapping calls a text comes as a string; 3 alone may be the page.
bool shows_answer(const json::value& value) { return value.is_string() && looks(is_like_an_answer, value); }

bool has_words(const json::value& value) {
    if (const auto* list = value.if_array()) return std::ranges::any_of(*list, has_words);
    if (const auto* object = value.if_object()) return std::ranges::any_of(*object, [](const auto& member) { return has_words(member.value()); });
    return value.is_string() && looks(may_be_words, value);
}

bool has_answer(const json::value& value) {
    if (const auto* list = value.if_array()) return std::ranges::any_of(*list, has_answer);
    const auto* object = value.if_object();
    if (!object) return shows_answer(value);
    return std::ranges::any_of(*object, [](const auto& member) { return has_answer(member.value()); });
}

bool begins_like_json(std::string_view text) {
    auto at = text.find_first_not_of(" \t\r\n");
    return at != text.npos && (text[at] == '{' || text[at] == '[');
}

// Looked at by itself.
bool is_walked(const json::value& value) { return value.is_structured() || (value.is_string() && begins_like_json(value.get_string())); }
bool is_line(const json::value& value) { return !is_walked(value) && looks(is_number_with_more, value); }  // "13800138000,3"
bool is_own_word(const json::value& value) { return !is_walked(value) && has_words(value); }

// Lines, or a number and something else: a table has such rows.
bool is_row(const json::array& list) {
    if (std::ranges::any_of(list, is_line)) return true;
    auto is_more = [](const auto& one) { return is_filled(one) && !shows_number(one); };
    return std::ranges::any_of(list, shows_number) && std::ranges::any_of(list, is_more);
}
bool is_table(const json::array& list) {
    return is_row(list) || std::ranges::any_of(list, [](const auto& one) { return one.is_array() && is_table(one.get_array()); });
}

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

Unclaimed::Unclaimed(const Settings& settings, Beside beside) : settings_(settings), beside_(beside) {
    std::vector<const Field*> all{&settings.event};
    auto of_both = [&](const CallbackMap& map) {
        all.push_back(&map.at);
        for (const auto& field : map.key) all.push_back(&field);
    };
    if (const auto& map = settings.receipt) {
        for (const auto* field : {&map->ref, &map->vendor_id, &map->phone, &map->status, &map->code}) all.push_back(field);
        add_names(map->ref, id_), add_names(map->vendor_id, id_);
        add_names(map->status, status_), add_names(map->phone, from_);
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

// A status alone is what machines say of everything, an id as well.
bool Unclaimed::may_be_report(const json::object& object) const {
    const auto& states = settings_.receipt ? settings_.receipt->states : std::map<std::string, provider::ReceiptState>();
    auto names_state = [&](const auto& member) {
        if (!is_filled(member.value()) || !status_.contains(small_letters(member.key()))) return false;
        auto said = text_at(member.value(), "");
        return states.empty() || (said && states.contains(*said));
    };
    return holds(object, id_) && std::ranges::any_of(object, names_state);
}

// With a field that a mapping reads, or by its look: a number and an answer.
bool Unclaimed::may_be_item(const json::object& object) const {
    if (holds(object, text_) || holds(object, from_) || may_be_report(object)) return true;
    auto any = [&](auto look) { return std::ranges::any_of(object, [&](const auto& member) { return look(member.value()); }); };
    return any(is_line) || (any(shows_number) && any(shows_answer));
}

// In a list a number is enough: nobody lists his own. So are an id and what looks like an answer to it.
bool Unclaimed::may_be_list(const json::value& value) const {
    auto inner = [&](const json::value& one) { return may_be_list(one); };
    if (const auto* list = value.if_array()) return is_table(*list) || std::ranges::any_of(*list, inner);
    const auto* object = value.if_object();
    if (!object) return false;
    auto any = [&](auto look) { return std::ranges::any_of(*object, [&](const auto& member) { return look(member.value()); }); };
    if (may_be_item(*object) || any(shows_number)) return true;
    return (any([](const auto& one) { return looks(is_digits, one); }) && any(shows_answer)) || any(inner);
}

bool Unclaimed::has_known_name(std::string_view text) const {
    auto small = small_letters(text);
    auto stands = [&](const std::string& name) { return small.find("\"" + name + "\"") != small.npos; };
    auto any = [&](const auto& names) { return std::ranges::any_of(names, stands); };
    return any(text_) || any(from_) || (any(id_) && any(status_));
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
    if (!encloses_list(place) && (of_objects || is_table(list))) {
        bool left = beside_ == Beside::unread || may_be_list(value) || (beside_ == Beside::nothing && has_answer(value));
        if (left) leave(What::list, place, json::serialize(value));
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
// looks like an answer. Anywhere else it is listed where it may be one.
void Unclaimed::walk_object(const json::value& value, const Place& place) {
    const auto& object = value.get_object();
    bool words = std::ranges::any_of(object, [](const auto& member) { return is_own_word(member.value()); });
    bool around = encloses_list(place);
    if (!around && may_be_item(object)) return leave(What::object, place, json::serialize(value));
    if (around && holds(object, text_) && holds(object, from_)) leave(What::envelope, place, json::serialize(scalars_of(object)));
    else if (words) rest_.push_back(scalars_of(object));
    auto inner = place;
    for (const auto& [key, member] : object) {
        bool text = beside_ != Beside::items && is_line(member);
        if (!text && !is_walked(member)) continue;
        inner.path = place.path + "/" + pointer_part(key);
        if (text) leave(What::text, inner, std::string(member.get_string()));
        else walk(member, inner);
    }
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
void Unclaimed::walk_item(const json::value& value, const std::string& pointer, const std::string& place, const Lists& lists, bool ignored) {
    if (more_ || (value.is_array() && std::ranges::find(lists, pointer) != lists.end())) return;
    ignored = ignored || is_ignored(pointer);
    auto enter = [&](const json::value& inner, auto name) {
        if (inner.is_structured()) walk_item(inner, pointer + "/" + name(), place, lists, ignored);
        else if (inner.is_string() && looks(may_be_words, inner)) words_.push_back({pointer + "/" + name(), inner.get_string()});
    };
    if (const auto* list = value.if_array()) {
        for (std::size_t n = 0; n < list->size(); ++n) enter((*list)[n], [&] { return std::to_string(n); });
        return;
    }
    const auto* object = value.if_object();
    if (!object) return;
    bool read = pointer.empty() || std::ranges::any_of(pointers_, [&](const auto& one) { return one.starts_with(pointer + "/"); });
    if (!read && !ignored && holds(*object, text_) && holds(*object, from_))
        return leave(What::within, {"", place + pointer, nullptr, 0}, json::serialize(value));
    for (const auto& [key, member] : *object) enter(member, [&, &name = key] { return pointer_part(name); });
}

const std::vector<Unclaimed::Words>& Unclaimed::look_at(const json::value& document, const std::string& field, const Lists& lists, bool is_item) {
    words_.clear();
    if (is_item) walk_item(document, "", "", lists, false);
    else walk(document, {field, "", &lists, 0});
    return words_;
}

const std::vector<Unclaimed::Words>& Unclaimed::look_into(const json::value& item, const std::string& place) {
    words_.clear();
    walk_item(item, "", place, {}, false);
    return words_;
}

void Unclaimed::look_at_parameter(const std::string& name, const std::string& value) {
    if (!parameters_.contains(name)) walk_string(value, {name, "", nullptr, 0});
}

std::string Unclaimed::rest() const { return rest_.empty() ? std::string() : json::serialize(rest_); }

}  // namespace pingjing::generic_http
