#include "providers/smgp/settings.hpp"

namespace pingjing::smgp {

std::optional<Settings> read_settings(config::Section& s, const provider::ChannelFacts& facts) {
    auto clean = s.problems().lines().size();
    Settings out;
    out.link = link::read_link_settings(s, facts.name, {.port = 8890, .longest_number = 21});
    auto version = s.one_of("version", "3.0", {"3.0", "2.0", "1.3"});
    out.version = version == "1.3" ? Version::v13 : version == "2.0" ? Version::v20 : Version::v30;
    out.pair = s.one_of("login", "both", {"both", "pair"}) == "pair";
    out.client_id = s.text("client_id");
    link::check_length(s, "client_id", out.client_id, 8);
    out.password = s.secret("password", true);
    out.service_id = link::read_short(s, "service_id", "", 10);
    out.fee_type = link::read_short(s, "fee_type", "00", 2);
    out.fee_code = link::read_short(s, "fee_code", "0", 6);
    out.fixed_fee = link::read_short(s, "fixed_fee", "0", 6);
    out.charge_number = link::read_short(s, "charge_number", "", 21);
    out.sp_code = link::read_short(s, "sp_code", "", 8);
    out.product_code = link::read_short(s, "product_code", "", 21);
    out.priority = static_cast<std::uint8_t>(s.integer("priority", 1, 0, 3));
    out.destination_prefix = link::read_short(s, "destination_prefix", "", 6);
    out.gbk = s.flag("gbk", false);
    out.wide_reference = s.one_of("long_texts", "udh", {"udh", "udh16"}) == "udh16";
    out.validity = s.one_of("validity_form", "absolute", {"absolute", "none"}) == "absolute";
    out.receipts = s.flag("receipts", true);
    out.acceptd_is_delivered = s.flag("acceptd_is_delivered", false);
    out.receipt_offset = link::read_offset(s, "receipt_offset");
    out.statuses = link::read_codes(s, "statuses", 10);
    if (s.problems().lines().size() > clean) return std::nullopt;
    return out;
}

}  // namespace pingjing::smgp
