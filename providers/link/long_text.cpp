#include "providers/link/long_text.hpp"

#include <fmt/format.h>

#include "providers/link/bytes.hpp"

namespace pingjing::link {

std::string header_for(const Place& place) {
    Writer out;
    if (place.wide) out.u8(6).u8(8).u8(4).u16(place.reference);
    else out.u8(5).u8(0).u8(3).u8(place.reference & 0xFF);
    out.u8(static_cast<std::uint64_t>(place.total)).u8(static_cast<std::uint64_t>(place.number));
    return std::move(out).take();
}

std::optional<UserDataHeader> read_header_of(std::string_view octets) {
    Reader all(octets);
    std::size_t length = all.u8();
    Reader elements(all.octets(length));
    if (all.failed()) return std::nullopt;
    UserDataHeader header;
    header.size = length + 1;
    while (!elements.at_end()) {
        auto what = elements.u8();
        Reader value(elements.octets(elements.u8()));
        if (elements.failed()) break;
        if (what != 0 && what != 8) continue;
        if (what == 0 && header.place && header.place->wide) continue;  // both at once must not be; then the wide one counts
        Place place;
        place.wide = what == 8;
        place.reference = place.wide ? value.u16() : value.u8();
        place.total = value.u8(), place.number = value.u8();
        if (value.failed() || place.total == 0 || place.number == 0 || place.number > place.total) continue;
        header.place = place;
    }
    return header;
}

provider::TextPart text_part(const Place& place, std::string_view how, std::string_view octets, std::string charset) {
    provider::TextPart part;
    part.group = fmt::format("{}{}:{}:{}", how, place.wide ? 16 : 8, place.reference, place.total);
    part.number = place.number, part.total = place.total;
    part.octets = octets;
    part.charset = std::move(charset);
    return part;
}

}  // namespace pingjing::link
