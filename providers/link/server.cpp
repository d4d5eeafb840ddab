#include "providers/link/server.hpp"

#include <fmt/format.h>

#include "providers/link/china_time.hpp"
#include "providers/link/coding.hpp"

namespace pingjing::link {

std::vector<ReplyPart> cut_reply(const std::string& utf8, const std::string& way, std::uint16_t reference) {
    Place place;
    place.wide = way == "udh16", place.reference = reference;
    auto text = format_text(utf8, way == "gbk", place.wide);
    if (!text) return {};
    place.total = static_cast<int>(text->parts.size());
    std::vector<ReplyPart> out;
    for (auto& octets : text->parts) {
        ReplyPart part;
        part.format = text->format, part.way = way;
        if (place.total > 1) part.place = place, octets.insert(0, header_for(place));
        part.octets = std::move(octets);
        out.push_back(std::move(part));
        ++place.number;
    }
    return out;
}

std::string hex_of(std::string_view octets) {
    std::string out;
    for (unsigned char octet : octets) out += fmt::format("{:02x}", octet);
    return out;
}

std::string octets_of_hex(std::string_view hex) {
    auto digit = [](char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; };
    std::string out;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) out += static_cast<char>(static_cast<unsigned char>(digit(hex[i]) * 16 + digit(hex[i + 1])));
    return out;
}

std::string report_stamp(Instant t) { return china_time(t).substr(0, 10); }

std::string error_of(const std::string& state) {
    if (state == "DELIVRD" || state == "ACCEPTD" || state == "ENROUTE") return "000";
    if (state == "EXPIRED") return "001";
    return state == "UNKNOWN" ? "999" : "006";
}

void put_octets(Submitted& submitted, std::string_view octets, std::string charset, bool has_header) {
    // Septets, and ASCII that becomes septets, stand there as an octet each.
    std::size_t most = charset == "GSM" || charset == "ASCII" ? 160 : 140;
    if (octets.size() > most) submitted.odd = fmt::format("a text of {} octets: the air takes {}; some gateways cut it, some refuse it", octets.size(), most);
    if (auto header = has_header ? read_header_of(octets) : std::nullopt) {
        octets.remove_prefix(header->size);
        if (header->place && header->place->total > 1) submitted.place = header->place;
    }
    submitted.octets = octets;
    submitted.charset = std::move(charset);
}

}  // namespace pingjing::link
