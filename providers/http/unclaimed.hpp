// What stands in a callback's JSON beside the items that its mapping reads, and may be an answer or a report all the same: a vendor has given its
// list a new name, has put it deeper, has added one. Pure; one pass, bounded.
#pragma once
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "providers/http/settings.hpp"

namespace pingjing::generic_http {

class Unclaimed {
public:
    enum class What {
        list,      // of what may be items, under a name that no mapping knows
        object,    // which may be one
        text,      // a number with something beside it, where nothing else was said
        envelope,  // what stands around the items has the fields of an answer itself
        within,    // an item that was read holds another
        broken     // a string that begins like JSON and is none, with such fields in it
    };
    // where: "data/newList", "field:list"; empty: the body itself. The piece is JSON, or as it stands.
    struct Found { What what = What::list; std::string where{}, piece{}; };
    static constexpr std::size_t most_found = 20;

    // What else was said, which makes a list of objects that no mapping knows more or less suspicious.
    enum class Beside {
        items,    // some could be read: another list is one of items where a number stands in it, or fields that a mapping reads
        nothing,  // the vendor's list is empty: also one in which there is something like an answer
        unread    // nothing could be read: any may be what is missing
    };
    Unclaimed(const Settings& settings, Beside beside);

    using Lists = std::vector<std::string>;
    struct Words { std::string pointer{}; std::string_view text{}; };
    // A document. `lists`: pointers to those whose elements were read, or left, one by one. `is_item`: so was the document itself.
    // Both return all that may be words in an item that was read, in a field of the mapping or in another; good until the next call.
    const std::vector<Words>& look_at(const boost::json::value& document, const std::string& field, const Lists& lists, bool is_item);
    const std::vector<Words>& look_into(const boost::json::value& item, const std::string& place);
    // A parameter of query or form that no mapping names: it may hold JSON.
    void look_at_parameter(const std::string& name, const std::string& value);
    // To be listened to with the rest.
    void hear(boost::json::value words) { rest_.push_back(std::move(words)); }

    const std::vector<Found>& found() const { return found_; }
    bool is_more() const { return more_; }
    // What is no item by its look and has words in it, as a list of JSON, for whoever listens for a cry for help; empty: none.
    std::string rest() const;

private:
    struct Place { std::string field{}, path{}; const Lists* lists = nullptr; int strings = 0; };
    void walk(const boost::json::value& value, const Place& place);
    void walk_list(const boost::json::value& value, const Place& place);
    void walk_object(const boost::json::value& value, const Place& place);
    void walk_string(std::string_view text, const Place& place);
    void walk_item(const boost::json::value& value, const std::string& pointer, const std::string& place, const Lists& lists, bool ignored);
    void leave(What what, const Place& place, std::string piece);
    bool encloses_list(const Place& place) const;
    bool is_ignored(const std::string& pointer) const;
    bool may_be_list(const boost::json::value& value) const;
    bool may_be_item(const boost::json::object& object) const;
    bool may_be_report(const boost::json::object& object) const;
    bool has_known_name(std::string_view text) const;
    bool holds(const boost::json::object& object, const std::set<std::string>& names) const;

    const Settings& settings_;
    Beside beside_;
    std::set<std::string> text_{}, from_{}, id_{}, status_{};  // names of the fields that mappings read, in small letters
    std::vector<Words> words_{};
    std::vector<std::string> pointers_{};              // all that mappings read, within an item
    std::set<std::string> parameters_{};               // and of query and form
    std::vector<Found> found_{};
    bool more_ = false;
    boost::json::array rest_{};
};

}  // namespace pingjing::generic_http
