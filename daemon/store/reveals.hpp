// Who was shown a number, and why. The reason is what a person wrote and may name a citizen: it is sealed and goes with what it is about; the
// ledger holds a commitment to it.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/clock.hpp"
#include "daemon/store/seal.hpp"

namespace pingjing::store {
class Connection;

struct Reveal { Instant at{}; std::string who{}, reason{}; };

// Of the caller whose complaint is followed up.
void record_reveal(Connection& db, const Seal& seal, std::int64_t followup_id, std::string_view who, std::string_view reason, Instant now);
std::vector<Reveal> reveals_of(Connection& db, const Seal& seal, std::int64_t followup_id);

// Of who wrote a text: an emergency, a letter; or of what stands in a callback that nobody could read. Of one that is erased the reason would outlive the text: it is not kept.
void record_text_reveal(Connection& db, const Seal& seal, std::int64_t inbound_id, std::string_view who, std::string_view reason, Instant now);
std::vector<Reveal> text_reveals_of(Connection& db, const Seal& seal, std::int64_t inbound_id);

}  // namespace pingjing::store
