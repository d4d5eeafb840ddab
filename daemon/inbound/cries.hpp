// Is somebody in danger, in a callback that nobody can read? Pure. Opt-outs are not looked for: see README.md.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/inbound/own_words.hpp"
#include "daemon/inbound/unread.hpp"
#include "daemon/store/inbox.hpp"

namespace pingjing::inbound {

struct Danger { bool emergency = false, do_not_contact = false; };
using ReadDanger = std::function<Danger(std::string_view utf8)>;

// One of each number, and one of all whose number cannot be told, with what the desk should know of how it was found; at most `most_cries`.
constexpr std::size_t most_cries = 20;
std::vector<store::Cry> cries_in(const Unread& unread, const OwnWords& own, const ReadDanger& read);

}  // namespace pingjing::inbound
