// Where a request to a carrier may go. Its address is written by an operator, its name is resolved by somebody else,
// and behind our own walls stand machines that trust whoever calls from inside: so a URL has one reading or none, and
// an address that is not public must stand in the settings. Pure.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/result.hpp"

namespace pingjing::http {

// As sixteen octets; an IPv4 address is ::ffff:a.b.c.d.
using AddressOctets = std::array<std::uint8_t, 16>;

enum class AddressKind {
    open,   // the Internet's
    site,   // loopback, private: a site's own machines
    never,  // link-local (where clouds keep their secrets), multicast, "any", IPv4 in another's clothes: no carrier is
            // there
};
AddressKind kind_of(const AddressOctets& address);

// Its spelling as inet_ntop has it and no other (IPv6 also in capitals): no octal, no hexadecimal, no zone, no zeros in
// front.
Result<AddressOctets> read_address(std::string_view text);

struct Network {
    AddressOctets first{};
    int bits = 128;  // that count, from the left
    bool holds(const AddressOctets& address) const;
};
// "10.20.0.0/16", "10.20.1.2", "fd12:3456::/32". An error says what was expected; a network of more than /8 (IPv6:
// /16), of public addresses, or with an address that is never allowed in it, is one.
Result<Network> read_network(std::string_view text);

struct Target {
    std::string scheme, host;  // the host without brackets
    int port = 0;
    bool literal = false;  // the host is an address
};
// http://HOST[:PORT][/PATH][?QUERY] or https, in plain ASCII. No user, no fragment, no blanks, control characters,
// backslashes; no host that somebody else may take for another: a number that is no plain address, IPv4 within IPv6, a
// percent escape.
Result<Target> read_target(std::string_view url);

// Of one channel.
struct Reach {
    std::vector<Network> networks{};
    // An address that the URL itself names was said by whoever wrote it, and so is loopback by "localhost".
    bool allows(const Target& target, const AddressOctets& address) const;
};

}  // namespace pingjing::http
