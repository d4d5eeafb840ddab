#include "providers/smpp/settings.hpp"

namespace pingjing::smpp {

std::optional<Settings> read_settings(config::Section& s, const provider::ChannelFacts& facts) {
    auto clean = s.problems().lines().size();
    Settings out;
    out.link = link::read_link_settings(s, facts.name, {.port = 2775, .longest_number = 20, .tls = true});
    out.binding = s.one_of("bind", "transceiver", {"transceiver", "pair"}) == "pair" ? Binding::pair : Binding::transceiver;
    out.system_id = s.text("system_id");
    out.password = s.secret("password", true);
    out.system_type = link::read_short(s, "system_type", "", 12);
    out.service_type = link::read_short(s, "service_type", "", 5);
    link::check_length(s, "system_id", out.system_id, 15);
    // Eight by the text of the protocol; many centres take more, so one has to ask for it.
    bool long_password = s.flag("long_password", false);
    if (out.password.size() > (long_password ? 63u : 8u)) s.problem(s.has("password") ? "password" : "password_file", "password: expected at most 8 characters, or with long_password = true 63");
    auto octet = [&](const char* key, int fallback) { return static_cast<std::uint8_t>(s.integer(key, fallback, 0, 255)); };
    out.source_ton = octet("source_ton", 0), out.source_npi = octet("source_npi", 1);
    out.destination_ton = octet("destination_ton", 1), out.destination_npi = octet("destination_npi", 1);
    out.destination_prefix = link::read_short(s, "destination_prefix", "86", 6);
    auto alphabet = s.one_of("alphabet", "gsm", {"gsm", "ascii", "latin1", "utf8"});
    out.alphabet = alphabet == "gsm" ? "GSM" : alphabet == "ascii" ? "ASCII" : alphabet == "latin1" ? "ISO-8859-1" : "UTF-8";
    auto how = s.one_of("long_texts", "udh", {"udh", "udh16", "sar", "payload"});
    out.long_texts = how == "udh16" ? LongTexts::udh16 : how == "sar" ? LongTexts::sar : how == "payload" ? LongTexts::payload : LongTexts::udh;
    auto validity = s.one_of("validity_form", "relative", {"relative", "absolute", "none"});
    out.validity = validity == "absolute" ? Validity::absolute : validity == "none" ? Validity::none : Validity::relative;
    out.receipts = s.flag("receipts", true);
    out.plain_receipts = s.flag("plain_receipts", false);
    out.receipt_offset = link::read_offset(s, "receipt_offset");
    out.statuses = link::read_codes(s, "statuses", 16);
    if (s.problems().lines().size() > clean) return std::nullopt;
    return out;
}

}  // namespace pingjing::smpp
