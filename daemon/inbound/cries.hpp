// Is somebody in danger, in a callback that nobody can read? Pure. Nobody is opted out by what is found: see README.md.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/phone.hpp"
#include "daemon/inbound/own_words.hpp"
#include "daemon/inbound/unread.hpp"
#include "daemon/store/inbox.hpp"

namespace pingjing::inbound {

// `request`: to be left alone, or for help with the texts.
struct Danger { bool emergency = false, do_not_contact = false, request = false; };
using ReadDanger = std::function<Danger(std::string_view utf8)>;

// One piece of a callback.
struct Listened {
    struct Cry { std::optional<Phone> from{}; std::string words{}; bool do_not_contact = false; };
    std::vector<Cry> cries{};
    bool request = false;       // somebody seems to ask for something that no machine does on such ground
    bool text = false;          // under the name of a text stand words that are not ours
    bool all = true;            // all of its texts were looked at
    bool numbers_left = false;  // there were more numbers than are looked at
};
Listened listen(const Unread& piece, const OwnWords& own, const ReadDanger& read);

struct Heard {
    std::vector<store::Cry> cries{};
    bool request = false, text = false;  // as above
    bool all = true;                     // all texts and all numbers of it were looked at
};

// Of what is left of one callback. One cry of each number, and one of all whose number cannot be told, with what the desk should know of how
// it was found; beyond `most_cries` the rest in one, with their count.
constexpr std::size_t most_cries = 20;
Heard together(const std::vector<Listened>& pieces);
Heard listen(const std::vector<Unread>& pieces, const OwnWords& own, const ReadDanger& read);

}  // namespace pingjing::inbound
