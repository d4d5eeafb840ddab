#include "providers/link/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "providers/link/codes.hpp"

namespace pingjing::link {
namespace {

using namespace std::chrono_literals;
using namespace provider;

TlsSettings read_tls(config::Section& s) {
    TlsSettings tls;
    tls.on = s.flag("tls", false);
    tls.ca_file = s.path("tls_ca").string(), tls.cert_file = s.path("tls_cert").string(), tls.key_file = s.path("tls_key").string();
    tls.server_name = s.text("tls_name", "");
    if (tls.cert_file.empty() != tls.key_file.empty()) s.problem("tls_cert", "tls_cert and tls_key: expected both or none");
    for (const char* key : {"tls_ca", "tls_cert", "tls_key", "tls_name"})
        if (!tls.on && s.has(key)) s.problem(key, fmt::format("{} without tls = true", key));
    return tls;
}

bool is_digits(std::string_view text) { return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }); }

// In the order of Says.
const std::vector<std::string> classes = {"retry", "ambiguous", "throttled_number", "throttled_channel", "permanent_number", "permanent_config", "permanent_content",
                                          "opted_out", "auth", "balance"};

Outcome own_outcome(const std::string& name, const std::string& code) {
    auto says = static_cast<Says>(std::find(classes.begin(), classes.end(), name) - classes.begin());
    return outcome_of(says, code, says == Says::throttled_number ? std::chrono::minutes(10) : std::chrono::seconds(1));
}

}  // namespace

std::map<std::uint32_t, Outcome> read_codes(config::Section& section, const std::string& key, int base) {
    auto table = section.child(key);
    std::map<std::uint32_t, Outcome> out;
    for (const auto& name : table.keys()) {
        std::uint32_t code = 0;
        bool marked = base != 16 || name.starts_with("0x");
        auto digits = std::string_view(name).substr(base == 16 && marked ? 2 : 0);
        auto [end, bad] = std::from_chars(digits.data(), digits.data() + digits.size(), code, base);
        auto outcome = table.one_of(name, "ambiguous", classes);
        if (!marked || bad != std::errc{} || end != digits.data() + digits.size() || code == 0)
            table.problem(name, fmt::format("{}: expected a code such as {}", name, base == 16 ? "0x0401" : "101"));
        else out[code] = own_outcome(outcome, name);
    }
    table.finish();
    return out;
}

std::string read_short(config::Section& s, const std::string& key, const std::string& fallback, std::size_t most) {
    auto value = s.text(key, fallback);
    check_length(s, key, value, most);
    return value;
}

void check_length(config::Section& s, const std::string& key, const std::string& value, std::size_t most) {
    if (value.size() > most) s.problem(key, fmt::format("{}: expected at most {} characters", key, most));
}

std::optional<std::chrono::minutes> read_offset(config::Section& s, const std::string& key) {
    auto text = s.text(key, "");
    if (text.empty()) return std::nullopt;
    auto digit = [&](std::size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '9' ? text[at] - '0' : 99; };
    auto hours = digit(1) * 10 + digit(2), minutes = digit(4) * 10 + digit(5);
    if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':' || hours > 14 || minutes > 59) {
        s.problem(key, fmt::format("{} = \"{}\": expected an offset such as \"+08:00\"", key, text));
        return std::nullopt;
    }
    return std::chrono::minutes((hours * 60 + minutes) * (text[0] == '+' ? 1 : -1));
}

LinkSettings read_link_settings(config::Section& s, const std::string& channel, LinkKeys keys) {
    LinkSettings out;
    auto& c = out.channel;
    c.name = channel;
    c.endpoint.host = s.text("host");
    c.endpoint.port = static_cast<std::uint16_t>(s.integer("port", keys.port, 1, 65535));
    if (keys.tls) {
        c.endpoint.tls = read_tls(s);
        if (auto tls = load_tls(c.endpoint.tls)) out.tls = std::move(*tls);
        else s.problem(c.endpoint.tls.ca_file.empty() ? "tls" : "tls_ca", tls.error().detail);
    }
    c.links = static_cast<int>(s.integer("links", 1, 1, 16));
    // The carrier counts each connection for itself; what is unanswered in all stays within what the channel may have in doubt.
    auto window = static_cast<int>(s.integer("window", 16, 1, 1000));
    c.session.window = (window + c.links - 1) / c.links;
    c.connect_within = s.duration("connect_timeout", 10s, 1s, 2min);
    c.session.open_within = s.duration("login_timeout", 10s, 1s, 2min);
    c.session.answer_within = s.duration("response_timeout", 30s, 1s, 10min);
    c.on_demand = !keys.keep_alive;
    c.session.idle = s.duration(keys.keep_alive ? "keep_alive" : "rest_after", 30s, 1s, 30min);
    if (keys.keep_alive) c.session.alive_within = s.duration("keep_alive_timeout", 10s, 1s, 5min);
    // Whoever gives up before we do cannot know whether the message had left.
    auto patience = s.duration("submit_timeout", 35s, 1s, 10min);
    if (c.session.answer_within + c.wait_for_room > patience) {
        auto key = s.has("response_timeout") ? "response_timeout" : "submit_timeout";
        s.problem(key, fmt::format("response_timeout: expected at least 4 s less than submit_timeout, which is {} s", std::chrono::duration_cast<std::chrono::seconds>(patience).count()));
    }
    out.source = s.text("source");
    out.extension_digits = static_cast<int>(s.integer("extension_digits", 0, 0, 12));
    if (out.source.size() + static_cast<std::size_t>(out.extension_digits) > keys.longest_number)
        s.problem("source", fmt::format("source and extension_digits: expected at most {} digits together", keys.longest_number));
    if (out.extension_digits > 0 && !is_digits(out.source)) s.problem("source", "source = \"…\": expected digits only, for extension digits follow it");
    return out;
}

std::string extension_of(std::string_view to, std::string_view source) {
    if (source.empty()) return {};
    for (std::string_view before : {"", "+", "86", "+86", "0086"}) {
        if (!to.starts_with(before) || !to.substr(before.size()).starts_with(source)) continue;
        auto rest = to.substr(before.size() + source.size());
        if (is_digits(rest)) return std::string(rest);
    }
    return {};
}

std::string describe_link(const LinkSettings& settings) {
    const auto& c = settings.channel;
    return fmt::format("{}:{}{}, {} link{} with {} unanswered each, answers within {} s", c.endpoint.host, c.endpoint.port, c.endpoint.tls.on ? " (TLS)" : "", c.links, c.links == 1 ? "" : "s",
                       c.session.window, std::chrono::duration_cast<std::chrono::seconds>(c.session.answer_within).count());
}

}  // namespace pingjing::link
