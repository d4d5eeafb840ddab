#include "providers/link/long_text.hpp"

#include <fmt/format.h>

#include "daemon/text/octets.hpp"
#include "providers/link/bytes.hpp"
#include "providers/link/coding.hpp"

namespace pingjing::link {
namespace {
constexpr std::size_t most_parts = 255;  // a header has one octet for it
}

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

void put_content(provider::InboundText& text, std::string_view octets, std::string charset, bool has_header) {
    if (auto header = has_header ? read_header_of(octets) : std::nullopt) {
        octets.remove_prefix(header->size);
        if (header->place && header->place->total > 1) text.part = text_part(*header->place, "udh", octets, charset);
    }
    text.text = Text(read_octets(octets, charset));
}

Result<Contents> cut_text(const std::string& utf8, bool gbk, bool wide_reference, References& references, const std::string& carrier_adds) {
    auto text = format_text(carrier_adds + utf8, gbk, wide_reference);
    if (!text || utf8.empty()) return fail(Error::Kind::invalid_input, "a text that is empty or not UTF-8");
    Contents out;
    out.format = text->format;
    out.parts = std::move(text->parts);
    auto added = octets_in_format(carrier_adds, out.format);
    if (!out.parts.front().starts_with(added)) return fail(Error::Kind::invalid_input, "a sign that is longer than a part");
    out.parts.front().erase(0, added.size());
    if (out.parts.size() > most_parts) return fail(Error::Kind::invalid_input, "a text of more than 255 parts");
    if (out.parts.size() == 1) return out;
    Place place;
    place.wide = wide_reference, place.reference = references.next(wide_reference), place.total = static_cast<int>(out.parts.size());
    for (auto& part : out.parts) part.insert(0, header_for(place)), ++place.number;
    return out;
}

int count_parts(const std::string& utf8, bool gbk, bool wide_reference) {
    auto text = format_text(utf8, gbk, wide_reference);
    return text && !utf8.empty() && text->parts.size() <= most_parts ? static_cast<int>(text->parts.size()) : 0;
}

}  // namespace pingjing::link
