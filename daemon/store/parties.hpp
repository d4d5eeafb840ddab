// Who is at both ends of a rating: whose it is, and who takes steps about it.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/person.hpp"

namespace pingjing::store {
class Connection;

// Everybody who was there, and whom a rating names though the case names somebody else by now; their units.
struct Parties {
    std::vector<std::string> badges{}, units{};
    bool has(std::string_view badge, std::string_view unit) const { return has_badge(badge) || has_unit(unit); }
    bool has_badge(std::string_view badge) const;
    bool has_unit(std::string_view unit) const;
};
Parties find_parties(Connection& db, std::int64_t case_id);
// Of any case whose caller has this number, or was asked at it.
bool is_party_of_number(Connection& db, std::int64_t phone_id, std::string_view badge, std::string_view unit);

// Of "3/张三": his name, and the badge of the token's holder.
Identity find_identity(Connection& db, std::string_view who);

}  // namespace pingjing::store
