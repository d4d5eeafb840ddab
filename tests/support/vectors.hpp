// The byte vectors of tests/data/protocols, by name, and octets as hex.
#pragma once
#include <doctest/doctest.h>

#include <map>
#include <sstream>
#include <string>
#include <string_view>

#include "tests/support/source.hpp"

namespace pingjing::test {

inline std::string from_hex(std::string_view hex) {
    std::string out;
    auto value = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) out += static_cast<char>(static_cast<unsigned char>(value(hex[i]) * 16 + value(hex[i + 1])));
    return out;
}

inline std::string hex_of(std::string_view bytes) {
    constexpr char digits[] = "0123456789abcdef";
    std::string out;
    for (unsigned char b : bytes) out += digits[b >> 4], out += digits[b & 15];
    return out;
}

// "V-SMPP-01.1" → its octets.
inline std::map<std::string, std::string> vectors_of(const std::string& protocol) {
    std::map<std::string, std::string> out;
    std::istringstream in(read_source("tests/data/protocols/" + protocol + ".hex"));
    for (std::string line; std::getline(in, line);)
        if (!line.empty() && line[0] != '#') out[line.substr(0, line.find(' '))] = from_hex(line.substr(line.find(' ') + 1));
    REQUIRE_FALSE(out.empty());
    return out;
}

}  // namespace pingjing::test
