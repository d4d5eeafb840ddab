#include "providers/cmpp/settings.hpp"

namespace pingjing::cmpp {

std::optional<Settings> read_settings(config::Section& s, const provider::ChannelFacts& facts, Version version) {
    auto clean = s.problems().lines().size();
    Settings out;
    out.version = version;
    out.link = link::read_link_settings(s, facts.name, {.port = 7890, .longest_number = 20});
    out.sp_id = s.text("sp_id");
    out.password = s.secret("password", true);
    out.padded_digest = s.flag("padded_digest", false);
    out.service_id = link::read_short(s, "service_id", "", 10);
    out.fee_user = static_cast<std::uint8_t>(s.integer("fee_user_type", 2, 0, 3));
    out.fee_type = s.one_of("fee_type", "01", {"01", "02", "03", "04", "05"});
    out.fee_code = link::read_short(s, "fee_code", "000000", 6);
    out.fee_terminal = link::read_short(s, "fee_terminal", "", 21);
    out.destination_prefix = link::read_short(s, "destination_prefix", "", 6);
    link::check_length(s, "sp_id", out.sp_id, 6);
    out.gbk = s.flag("gbk", false);
    out.wide_reference = s.one_of("long_texts", "udh", {"udh", "udh16"}) == "udh16";
    out.validity = s.one_of("validity_form", "absolute", {"absolute", "none"}) == "absolute";
    out.receipts = s.flag("receipts", true);
    out.receipt_offset = link::read_offset(s, "receipt_offset");
    out.results = link::read_codes(s, "results", 10);
    if (s.problems().lines().size() > clean) return std::nullopt;
    return out;
}

}  // namespace pingjing::cmpp
