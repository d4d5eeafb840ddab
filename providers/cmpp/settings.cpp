#include "providers/cmpp/settings.hpp"

#include <fmt/format.h>

namespace pingjing::cmpp {
namespace {

void check_length(config::Section& s, const std::string& key, const std::string& value, std::size_t most) {
    if (value.size() > most) s.problem(key, fmt::format("{}: expected at most {} characters", key, most));
}

}  // namespace

std::optional<Settings> read_settings(config::Section& s, const provider::ChannelFacts& facts, Version version) {
    auto clean = s.problems().lines().size();
    Settings out;
    out.version = version;
    out.link = link::read_link_settings(s, facts.name, 7890, 20, false);
    out.sp_id = s.text("sp_id");
    out.password = s.secret("password", true);
    out.service_id = s.text("service_id", "");
    out.fee_user = static_cast<std::uint8_t>(s.integer("fee_user_type", 2, 0, 3));
    out.fee_type = s.text("fee_type", "01");
    out.fee_code = s.text("fee_code", "000000");
    out.fee_terminal = s.text("fee_terminal", "");
    out.destination_prefix = s.text("destination_prefix", "");
    check_length(s, "sp_id", out.sp_id, 6);
    check_length(s, "service_id", out.service_id, 10);
    check_length(s, "fee_type", out.fee_type, 2);
    check_length(s, "fee_code", out.fee_code, 6);
    check_length(s, "fee_terminal", out.fee_terminal, 21);
    check_length(s, "destination_prefix", out.destination_prefix, 6);
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
