// Numbers at rest: one sealed record a number, found by its keyed hash. And who does not want to be asked.
#pragma once
#include <string>
#include <string_view>

#include "daemon/core/clock.hpp"
#include "daemon/core/phone.hpp"
#include "daemon/store/seal.hpp"

namespace pingjing::store {
class Connection;

// Seals the number if it is new; returns its key (16 bytes).
std::string keep_phone(Connection& db, const Seal& seal, const Phone& phone, Instant now);
// not_found: erased, or never kept.
Result<Phone> find_phone(Connection& db, const Seal& seal, std::string_view phone_key);

// A vendor's id as it may stand in the open. Some build theirs from the number; such a one becomes its keyed hash, the same
// wherever it comes from, so that a receipt still finds its message.
std::string open_id(const Seal& seal, const std::string& id);

bool is_opted_out(Connection& db, std::string_view phone_key);
// Append-only: the newest row of a number counts. False: it stood so already.
bool record_opt_out(Connection& db, const Seal& seal, const Phone& phone, bool out, std::string_view source, std::string_view reason, Instant now);

}  // namespace pingjing::store
