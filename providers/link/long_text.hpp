// Texts in several parts: the header of 23.040 that stands before each, and the references that tell one text from the next. Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/random.hpp"
#include "providers/provider.hpp"

namespace pingjing::link {

// Of the octet by which CMPP, SGIP and SMGP say that a header stands before the text: bit 0 by their texts; live gateways hand on SMPP's 0x40.
constexpr std::uint8_t header_flags = 0x41;

struct Place {
    std::uint16_t reference = 0;
    bool wide = false;  // a reference of sixteen bits
    int total = 1, number = 1;
};

std::string header_for(const Place& place);

// `size`: octets before the text. An impossible place (0, or behind the total) is none.
struct UserDataHeader {
    std::size_t size = 0;
    std::optional<Place> place{};
};
// Only where the protocol says that there is one. nullopt: its length is beyond the end.
std::optional<UserDataHeader> read_header_of(std::string_view octets);

// For an inbound part, the way it is told from parts of other texts of the same sender.
provider::TextPart text_part(const Place& place, std::string_view how, std::string_view octets, std::string charset);

// The content of a text that came in; a header in front of it says which part it is.
void put_content(provider::InboundText& text, std::string_view octets, std::string charset, bool has_header);

// A reference a message, in turn, from a random start.
class References {
public:
    explicit References(Random& random) : next_(static_cast<std::uint16_t>(random())) {}
    std::uint16_t next(bool wide) { return static_cast<std::uint16_t>(wide ? next_++ : next_++ & 0xFF); }

private:
    std::uint16_t next_;
};

// A survey as the Chinese protocols carry it: what stands in each part, its header included where there are several.
struct Contents {
    std::uint8_t format = 0;
    std::vector<std::string> parts{};
};
// In how many parts; 0: it cannot be said.
int count_parts(const std::string& utf8, bool gbk, bool wide_reference);
// `carrier_adds`: what the gateway puts in front, which takes its room in the first part.
Result<Contents> cut_text(const std::string& utf8, bool gbk, bool wide_reference, References& references, const std::string& carrier_adds = {});

}  // namespace pingjing::link
