#include "daemon/http/reach.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace pingjing::http {
namespace {

AddressOctets mapped(const std::uint8_t* four) {
    AddressOctets out{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    std::copy_n(four, 4, out.begin() + 12);
    return out;
}

AddressOctets literal(const char* text) {
    AddressOctets out{};
    std::uint8_t four[4];
    if (inet_pton(AF_INET, text, four) == 1) return mapped(four);
    (void)inet_pton(AF_INET6, text, out.data());
    return out;
}

Network network(const char* text, int bits) { return {literal(text), bits}; }

const Network any_ipv4 = network("0.0.0.0", 96);

// Clouds hand out their keys at addresses of these; the last three are Alibaba's, Azure's and Amazon's own.
const Network never_networks[] = {network("0.0.0.0", 96 + 8),    network("169.254.0.0", 96 + 16),
                                  network("192.0.0.0", 96 + 24), network("224.0.0.0", 96 + 4),
                                  network("240.0.0.0", 96 + 4),  network("::", 96),
                                  network("fe80::", 10),         network("ff00::", 8),
                                  network("2002::", 16),         network("2001::", 32),
                                  network("64:ff9b:1::", 48),    network("100.100.100.200", 128),
                                  network("168.63.129.16", 128), network("fd00:ec2::", 32)};
const Network site_networks[] = {network("127.0.0.0", 96 + 8),   network("10.0.0.0", 96 + 8),
                                 network("172.16.0.0", 96 + 12), network("192.168.0.0", 96 + 16),
                                 network("100.64.0.0", 96 + 10), network("198.18.0.0", 96 + 15),
                                 network("fc00::", 7),           network("fec0::", 10)};
const AddressOctets loopback6 = literal("::1");
const Network nat64 = network("64:ff9b::", 96);

bool in_any(const auto& networks, const AddressOctets& address) {
    return std::any_of(std::begin(networks), std::end(networks), [&](const Network& n) { return n.holds(address); });
}

bool is_loopback(const AddressOctets& address) {
    return address == loopback6 || network("127.0.0.0", 96 + 8).holds(address);
}

bool is_plain_digit(char c) { return c >= '0' && c <= '9'; }
bool is_plain_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::optional<int> read_number(std::string_view text, int most) {
    if (text.empty() || text.size() > 5 || (text.size() > 1 && text.front() == '0')) return std::nullopt;
    int value = 0;
    for (char c : text) {
        if (!is_plain_digit(c)) return std::nullopt;
        value = value * 10 + (c - '0');
    }
    return value <= most ? std::optional(value) : std::nullopt;
}

// What inet_aton and browsers would take for an address in one of its many spellings.
bool ends_in_number(std::string_view name) {
    auto last = name.substr(name.rfind('.') + 1);
    if (last.size() > 1 && last[0] == '0' && (last[1] == 'x' || last[1] == 'X')) return true;
    return !last.empty() && std::all_of(last.begin(), last.end(), is_plain_digit);
}

bool is_name(std::string_view name) {
    if (name.empty() || name.size() > 253) return false;
    while (true) {
        auto end = std::min(name.find('.'), name.size());
        auto label = name.substr(0, end);
        auto fits = [](char c) { return is_plain_letter(c) || is_plain_digit(c) || c == '-' || c == '_'; };
        if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-' ||
            !std::all_of(label.begin(), label.end(), fits))
            return false;
        if (end == name.size()) return true;
        name.remove_prefix(end + 1);
    }
}

tl::unexpected<Error> expected(std::string_view what) {
    return fail(Error::Kind::invalid_input, fmt::format("expected {}", what));
}

}  // namespace

bool Network::holds(const AddressOctets& address) const {
    for (int bit = 0; bit < bits; bit += 8) {
        auto at = static_cast<std::size_t>(bit / 8);
        int here = std::min(8, bits - bit);
        auto mask = static_cast<std::uint8_t>(0xFF << (8 - here));
        if ((address[at] & mask) != (first[at] & mask)) return false;
    }
    return true;
}

AddressKind kind_of(const AddressOctets& address) {
    if (address == loopback6) return AddressKind::site;
    if (nat64.holds(address)) {  // a network without IPv4 of its own sees the Internet's in this
        auto within = mapped(address.data() + 12);
        return kind_of(within) == AddressKind::open ? AddressKind::open : AddressKind::never;
    }
    if (in_any(never_networks, address)) return AddressKind::never;
    return in_any(site_networks, address) ? AddressKind::site : AddressKind::open;
}

Result<AddressOctets> read_address(std::string_view text) {
    std::string copy(text);
    std::uint8_t four[4];
    AddressOctets six{};
    char back[INET6_ADDRSTRLEN];
    if (inet_pton(AF_INET, copy.c_str(), four) == 1 && inet_ntop(AF_INET, four, back, sizeof back) && copy == back)
        return mapped(four);
    for (char& c : copy) c = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    if (inet_pton(AF_INET6, copy.c_str(), six.data()) == 1 && !any_ipv4.holds(six) &&
        inet_ntop(AF_INET6, six.data(), back, sizeof back) && copy == back)
        return six;
    return expected("an address such as 10.1.2.3 or fd12::1");
}

Result<Network> read_network(std::string_view text) {
    constexpr std::string_view form = "an address, or a network such as \"10.20.0.0/16\"";
    auto slash = text.find('/');
    auto first = read_address(text.substr(0, slash));
    if (!first) return expected(form);
    bool four = any_ipv4.holds(*first);
    Network out{*first, 128};
    if (slash != text.npos) {
        auto bits = read_number(text.substr(slash + 1), four ? 32 : 128);
        if (!bits) return expected(form);
        if (*bits < (four ? 8 : 16)) return expected("a network no wider than /8 (IPv6: /16)");
        out.bits = *bits + (four ? 96 : 0);
    }
    AddressOctets masked = out.first;
    for (int bit = out.bits; bit < 128; ++bit)
        masked[static_cast<std::size_t>(bit / 8)] &= static_cast<std::uint8_t>(~(0x80 >> (bit % 8)));
    if (masked != out.first) return expected("a network's first address, with zeros behind its /bits");
    auto kind = kind_of(out.first);
    if (kind == AddressKind::never)
        return fail(Error::Kind::invalid_input,
                    "no carrier is at such an address (link-local, multicast, a cloud's own)");
    if (kind == AddressKind::open)
        return fail(Error::Kind::invalid_input, "these addresses are public and need not be listed");
    return out;
}

Result<Target> read_target(std::string_view url) {
    Target out;
    for (char c : url) {
        auto octet = static_cast<unsigned char>(c);
        if (octet <= 0x20 || octet >= 0x7F || std::string_view("\\\"<>^`{|}").find(c) != std::string_view::npos)
            return expected(
                "plain ASCII without blanks, control characters or any of \\ \" < > ^ ` { | }; the rest as %XX");
    }
    for (std::string_view scheme : {"http", "https"})
        if (url.starts_with(scheme) && url.substr(scheme.size()).starts_with("://")) out.scheme = scheme;
    if (out.scheme.empty()) return expected("http://… or https://…");
    if (url.find('#') != url.npos) return expected("no '#' in it");
    url.remove_prefix(out.scheme.size() + 3);
    auto authority = url.substr(0, std::min(url.find_first_of("/?"), url.size()));
    if (authority.find('@') != authority.npos) return expected("no name or password in it");
    bool bracketed = authority.starts_with('[');
    auto end = bracketed ? authority.find(']') : authority.find(':');
    if (bracketed && end == authority.npos) return expected("a ']' behind the IPv6 address");
    auto host = bracketed ? authority.substr(1, end - 1) : authority.substr(0, end);
    auto rest = end == authority.npos ? std::string_view() : authority.substr(end + (bracketed ? 1 : 0));
    out.port = out.scheme == "http" ? 80 : 443;
    if (!rest.empty()) {
        auto number = rest.front() == ':' ? read_number(rest.substr(1), 65535) : std::nullopt;
        if (!number || *number == 0) return expected("a port from 1 to 65535 behind the host, or none");
        out.port = *number;
    }
    out.host = std::string(host);
    bool colons = host.find(':') != host.npos;
    if (bracketed) {
        if (!colons || !read_address(host))
            return expected("an IPv6 address in the brackets, without zone and without IPv4 in it");
        out.literal = true;
    } else if (ends_in_number(host)) {
        if (!read_address(host)) return expected("an IPv4 address as four plain numbers");
        out.literal = true;
    } else if (!is_name(host)) {
        return expected("a host's name of letters, digits, '-' and '.'");
    }
    return out;
}

bool Reach::allows(const Target& target, const AddressOctets& address) const {
    auto kind = kind_of(address);
    if (kind != AddressKind::site) return kind == AddressKind::open;
    if (target.literal) {
        auto said = read_address(target.host);
        return said && *said == address;
    }
    if (target.host == "localhost" && is_loopback(address)) return true;
    return in_any(networks, address);
}

}  // namespace pingjing::http
