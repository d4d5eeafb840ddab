#include "providers/smpp/settings.hpp"

#include <fmt/format.h>

#include <charconv>

namespace pingjing::smpp {
namespace {

using namespace provider;

const std::vector<std::string> classes = {"retry", "ambiguous", "throttled_number", "throttled_channel", "permanent_number", "permanent_config", "permanent_content",
                                          "opted_out", "auth", "balance"};

Outcome outcome_of(const std::string& name, const std::string& code) {
    if (name == "retry") return Retry{code};
    if (name == "throttled_number") return Throttled{Throttled::number, std::chrono::minutes(10)};
    if (name == "throttled_channel") return Throttled{Throttled::channel, std::chrono::seconds(1)};
    if (name == "permanent_number") return Permanent{Permanent::number, code};
    if (name == "permanent_config") return Permanent{Permanent::config, code};
    if (name == "permanent_content") return Permanent{Permanent::content, code};
    if (name == "opted_out") return OptedOut{code};
    if (name == "auth") return ChannelDown{ChannelDown::auth, code};
    if (name == "balance") return ChannelDown{ChannelDown::balance, code};
    return Ambiguous{code};
}

std::map<std::uint32_t, Outcome> read_statuses(config::Section s) {
    std::map<std::uint32_t, Outcome> out;
    for (const auto& key : s.keys()) {
        std::uint32_t status = 0;
        auto digits = std::string_view(key).substr(key.starts_with("0x") || key.starts_with("0X") ? 2 : 0);
        auto [end, bad] = std::from_chars(digits.data(), digits.data() + digits.size(), status, 16);
        auto name = s.one_of(key, "ambiguous", classes);
        if (!key.starts_with("0x") || bad != std::errc{} || end != digits.data() + digits.size() || status == 0)
            s.problem(key, fmt::format("{}: expected a command_status such as 0x0401", key));
        else out[status] = outcome_of(name, key);
    }
    s.finish();
    return out;
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

void check_length(config::Section& s, const std::string& key, const std::string& value, std::size_t most) {
    if (value.size() > most) s.problem(key, fmt::format("{}: expected at most {} characters", key, most));
}

}  // namespace

std::optional<Settings> read_settings(config::Section& s, const ChannelFacts& facts) {
    auto clean = s.problems().lines().size();
    Settings out;
    out.link = link::read_link_settings(s, facts.name, 2775, 20, true);
    out.binding = s.one_of("bind", "transceiver", {"transceiver", "pair"}) == "pair" ? Binding::pair : Binding::transceiver;
    out.system_id = s.text("system_id");
    out.password = s.secret("password", true);
    out.system_type = s.text("system_type", "");
    out.service_type = s.text("service_type", "");
    check_length(s, "system_id", out.system_id, 15);
    // Eight by the text of the protocol; many centres take more, so one has to ask for it.
    bool long_password = s.flag("long_password", false);
    if (out.password.size() > (long_password ? 63u : 8u)) s.problem(s.has("password") ? "password" : "password_file", "password: expected at most 8 characters, or with long_password = true 63");
    check_length(s, "system_type", out.system_type, 12);
    check_length(s, "service_type", out.service_type, 5);
    auto octet = [&](const char* key, int fallback) { return static_cast<std::uint8_t>(s.integer(key, fallback, 0, 255)); };
    out.source_ton = octet("source_ton", 0), out.source_npi = octet("source_npi", 1);
    out.destination_ton = octet("destination_ton", 1), out.destination_npi = octet("destination_npi", 1);
    out.destination_prefix = s.text("destination_prefix", "86");
    check_length(s, "destination_prefix", out.destination_prefix, 6);
    auto alphabet = s.one_of("alphabet", "gsm", {"gsm", "ascii", "latin1"});
    out.alphabet = alphabet == "gsm" ? "GSM" : alphabet == "ascii" ? "ASCII" : "ISO-8859-1";
    auto how = s.one_of("long_texts", "udh", {"udh", "udh16", "sar", "payload"});
    out.long_texts = how == "udh16" ? LongTexts::udh16 : how == "sar" ? LongTexts::sar : how == "payload" ? LongTexts::payload : LongTexts::udh;
    auto validity = s.one_of("validity_form", "relative", {"relative", "absolute", "none"});
    out.validity = validity == "absolute" ? Validity::absolute : validity == "none" ? Validity::none : Validity::relative;
    out.receipts = s.flag("receipts", true);
    out.plain_receipts = s.flag("plain_receipts", false);
    out.receipt_offset = read_offset(s, "receipt_offset");
    out.statuses = read_statuses(s.child("statuses"));
    if (s.problems().lines().size() > clean) return std::nullopt;
    return out;
}

}  // namespace pingjing::smpp
