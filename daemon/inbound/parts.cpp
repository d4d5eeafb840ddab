#include "daemon/inbound/parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "daemon/text/octets.hpp"

namespace pingjing::inbound {
namespace {

constexpr std::string_view gap = "[…]";
constexpr std::size_t fields = 5;  // charset, sender, number, extension, octets: the last may hold anything

using Fields = std::array<std::string, fields>;

Fields split(std::string_view payload) {
    Fields out;
    for (std::size_t i = 0; i + 1 < fields; ++i) {
        auto end = std::min(payload.find('\0'), payload.size());
        out[i] = payload.substr(0, end);
        payload.remove_prefix(std::min(end + 1, payload.size()));
    }
    out.back() = payload;
    return out;
}

std::string without_nul(std::string text) {
    std::erase(text, '\0');
    return text;
}

}  // namespace

store::NewPart as_part(const provider::InboundText& text) {
    const auto& part = *text.part;
    store::NewPart out;
    out.text = fmt::format("{}|{}|{}", text.from.reveal(), text.to, part.group);
    out.number = part.number, out.total = part.total;
    for (const auto& field : {part.charset, text.from.reveal(), text.to, text.extension}) (out.payload += without_nul(field)) += '\0';
    out.payload += part.octets;
    return out;
}

std::optional<store::NewText> join(const store::JoinedParts& parts) {
    if (parts.pieces.empty()) return std::nullopt;
    std::vector<std::pair<int, Fields>> pieces;
    for (const auto& piece : parts.pieces) pieces.emplace_back(piece.number, split(piece.payload));
    const auto& [first_number, first] = pieces.front();
    std::string words, octets, charset;
    auto read = [&] { words += read_octets(std::exchange(octets, {}), charset); };
    int expected = 1;
    for (const auto& [number, piece] : pieces) {
        if (number != expected || piece[0] != charset) {
            if (!octets.empty()) read();
            if (number != expected) words += gap;
            charset = piece[0];
        }
        octets += piece[4];
        expected = number + 1;
    }
    read();
    if (expected <= parts.total) words += gap;
    store::NewText text;
    text.from = Phone::sender(first[1]), text.to = first[2], text.extension = first[3];
    text.text = Text(std::move(words));
    return text;
}

}  // namespace pingjing::inbound
