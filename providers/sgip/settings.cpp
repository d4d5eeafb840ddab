#include "providers/sgip/settings.hpp"

#include <fmt/format.h>

namespace pingjing::sgip {
namespace {

using namespace std::chrono_literals;

link::ListenSettings read_listen(config::Section& s, const Settings& settings, const std::string& channel) {
    link::ListenSettings out;
    out.channel = channel;
    auto listen = s.text("listen");
    if (auto at = link::read_endpoint(listen)) out.at = *at;
    else if (!listen.empty()) s.problem("listen", fmt::format("listen = \"{}\": expected an address and a port such as \"0.0.0.0:8801\": the gateway calls us there with replies and reports", listen));
    auto peers = s.texts("peers");
    for (const auto& text : peers) {
        if (auto network = link::read_network(text)) out.peers.push_back(*network);
        else s.problem("peers", fmt::format("peers: \"{}\": expected an address or a network such as \"10.1.2.0/24\"", text));
    }
    // Its password goes over the line in clear: who can reach the port could report and reply for citizens.
    if (peers.empty()) s.problem("peers", "peers: expected the addresses from which the gateway calls us");
    out.most_links = static_cast<int>(s.integer("listen_links", 16, 1, 200));
    out.session = settings.link.channel.session;
    out.session.idle = s.duration("listen_idle", 60s, 1s, 24h);
    return out;
}

bool are_digits(std::string_view text) { return !text.empty() && text.find_first_not_of("0123456789") == text.npos; }

// Said, or made of what it consists of.
std::uint32_t read_node(config::Section& s, const std::string& corporation) {
    if (!s.has("area_code")) return static_cast<std::uint32_t>(s.integer("node", 0, 0xFFFFFFFF));
    auto area = s.text("area_code");
    auto node = node_of(area, corporation);
    if (!node && are_digits(corporation)) s.problem("area_code", fmt::format("area_code = \"{}\": expected the area code of the contract, such as \"010\" or \"0311\"", area));
    if (s.has("node")) s.problem("node", "node: it is made of area_code and corporation; expected one of the two");
    return node.value_or(0);
}

}  // namespace

std::optional<std::uint32_t> node_of(std::string_view area, std::string_view corporation) {
    bool fits = area.starts_with('0') && (area.size() == 3 || area.size() == 4) && are_digits(area) && corporation.size() == 5 && are_digits(corporation);
    if (!fits) return std::nullopt;
    auto digits = fmt::format("3{:0<4}{}", area, corporation);
    return static_cast<std::uint32_t>(std::stoul(digits));
}

std::string describe_node(std::uint32_t node, const std::string& corporation) {
    auto digits = std::to_string(node);
    bool of_an_sp = digits.size() == 10 && digits.starts_with("30");
    if (!of_an_sp) return fmt::format("node {} (none of an SP, 3AAAAQQQQQ: many gateways answer with 9)", node);
    auto area = digits.substr(1, 4);
    if (area[3] == '0') area.pop_back();
    if (digits.substr(5) != corporation) return fmt::format("node {} (of corporation {}, not {}: many gateways answer with 9)", node, digits.substr(5), corporation);
    return fmt::format("node {} (area {}, corporation {})", node, area, corporation);
}

std::optional<Settings> read_settings(config::Section& s, const provider::ChannelFacts& facts) {
    auto clean = s.problems().lines().size();
    Settings out;
    out.link = link::read_link_settings(s, facts.name, {.port = 8801, .longest_number = 21, .keep_alive = false});
    out.name = s.text("login_name");
    out.password = s.secret("password", true);
    out.guest_name = s.text("listen_name", out.name);
    out.guest_password = s.secret("listen_password", false);
    if (out.guest_password.empty()) out.guest_password = out.password;
    for (const auto& [key, value] : {std::pair{"login_name", &out.name}, {"password", &out.password}, {"listen_name", &out.guest_name}, {"listen_password", &out.guest_password}})
        link::check_length(s, key, *value, 16);
    out.listen = read_listen(s, out, facts.name);
    out.any_login_type = s.flag("any_login_type", false);
    out.corporation = s.text("corporation");
    if (out.corporation.size() != 5 || out.corporation.find_first_not_of("0123456789") != std::string::npos)
        s.problem("corporation", fmt::format("corporation = \"{}\": expected the five digits of the enterprise code", out.corporation));
    out.node = read_node(s, out.corporation);
    out.service = link::read_short(s, "service_type", "", 10);
    // The SP pays: twenty-one zeros.
    out.charge_number = link::read_short(s, "charge_number", std::string(21, '0'), 21);
    out.fee_type = static_cast<std::uint8_t>(s.integer("fee_type", 1, 0, 4));
    out.fee = link::read_short(s, "fee_value", "0", 6);
    out.given = link::read_short(s, "given_value", "0", 6);
    out.cause = static_cast<std::uint8_t>(s.integer("more_mt", 2, 0, 3));
    out.priority = static_cast<std::uint8_t>(s.integer("priority", 0, 0, 9));
    out.destination_prefix = link::read_short(s, "destination_prefix", "86", 6);
    out.gbk = s.flag("gbk", false);
    out.wide_reference = s.one_of("long_texts", "udh", {"udh", "udh16"}) == "udh16";
    out.validity = s.one_of("validity_form", "absolute", {"absolute", "none"}) == "absolute";
    out.receipts = s.flag("receipts", true);
    out.results = link::read_codes(s, "results", 10);
    if (s.problems().lines().size() > clean) return std::nullopt;
    return out;
}

}  // namespace pingjing::sgip
