// Numbers at rest: one sealed row a number, found by its keyed hash and named by its id. And who does not want to be asked.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/core/clock.hpp"
#include "daemon/core/phone.hpp"
#include "daemon/store/seal.hpp"

namespace pingjing::store {
class Connection;

// Seals the number if it is new; returns its id.
std::int64_t keep_phone(Connection& db, const Seal& seal, const Phone& phone, Instant now);
// The same where its key is known already.
std::int64_t keep_phone(Connection& db, const Seal& seal, const Phone& phone, std::string_view key, Instant now);
// The same where it is sealed already, as seal_phone() does it.
std::int64_t keep_phone(Connection& db, const Seal& seal, const Phone& phone, std::string_view key, std::string_view sealed, Instant now);
std::string seal_phone(const Seal& seal, const Phone& phone, std::string_view key);
// nullopt: nobody with this keyed hash (Seal::phone_key) was ever here.
std::optional<std::int64_t> find_phone_id(Connection& db, std::string_view key);
std::string phone_key_of(Connection& db, std::int64_t phone_id);  // empty: erased
// not_found: erased.
Result<Phone> find_phone(Connection& db, const Seal& seal, std::int64_t phone_id);
// A row of `phones` that was read along with something else.
Result<Phone> open_phone(const Seal& seal, std::string_view key, std::string_view sealed);

// A vendor's id as it may stand in the open. Some build theirs from the number; such a one becomes its keyed hash, the same
// wherever it comes from, so that a receipt still finds its message.
std::string open_id(const Seal& seal, const std::string& id);

bool is_opted_out(Connection& db, std::int64_t phone_id);
// Append-only: the newest row of a number counts. False: it stood so already.
bool record_opt_out(Connection& db, std::int64_t phone_id, bool out, std::string_view source, std::string_view reason, Instant now);

}  // namespace pingjing::store
