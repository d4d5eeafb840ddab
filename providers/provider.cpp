#include "providers/provider.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "daemon/core/phone.hpp"

namespace pingjing::provider {

asio::awaitable<void> Sink::take_callback(std::string, Callback, const Provider&) {
    throw std::logic_error("takes no callbacks");  // and so acknowledges none
    co_return;
}

std::string_view outcome_name(const Outcome& outcome) {
    struct {
        std::string_view operator()(const Accepted&) const { return "accepted"; }
        std::string_view operator()(const Retry&) const { return "retry"; }
        std::string_view operator()(const Ambiguous&) const { return "ambiguous"; }
        std::string_view operator()(const Throttled& t) const { return t.scope == Throttled::number ? "throttled_number" : "throttled_channel"; }
        std::string_view operator()(const Permanent& p) const {
            return p.fault == Permanent::number ? "permanent_number" : p.fault == Permanent::config ? "permanent_config" : "permanent_content";
        }
        std::string_view operator()(const OptedOut&) const { return "opted_out"; }
        std::string_view operator()(const ChannelDown& d) const { return d.why == ChannelDown::auth ? "channel_down_auth" : "channel_down_balance"; }
        std::string_view operator()(const Partial&) const { return "partial"; }
    } name;
    return std::visit(name, outcome);
}

std::string outcome_detail(const Outcome& outcome) {
    struct {
        std::string operator()(const Accepted&) const { return {}; }
        std::string operator()(const Retry& r) const { return r.reason; }
        std::string operator()(const Ambiguous& a) const { return a.reason; }
        std::string operator()(const Throttled& t) const { return fmt::format("{}{}{}s", t.code, t.code.empty() ? "" : ", ", t.after.count()); }
        std::string operator()(const Permanent& p) const { return p.code; }
        std::string operator()(const OptedOut& o) const { return o.code; }
        std::string operator()(const ChannelDown& d) const { return d.code; }
        std::string operator()(const Partial& p) const { return p.reason; }
    } detail;
    return hide_phones(std::visit(detail, outcome));  // carriers quote the number they refuse
}

std::string describe_left(const CallbackRead& read) {
    constexpr std::size_t most_told = 3;
    std::string reasons;
    std::size_t not_taken = 0, told = 0, more = 0;
    for (const auto& left : read.left) {
        using enum CallbackRead::Kind;
        if (left.kind == on_purpose || left.kind == beside) continue;
        if (left.kind != unnamed_state) ++not_taken;
        if (++told > most_told) ++more;
        else reasons += (reasons.empty() ? "" : "; ") + left.why;
    }
    if (more > 0) reasons += "; and " + std::to_string(more) + " more";
    auto taken = read.inbound.size();
    return taken == 0 ? reasons : std::to_string(taken) + " of " + std::to_string(taken + not_taken) + " items taken; " + reasons;
}

std::string describe_evidence(const Abilities& can) {
    std::string out;
    auto add = [&](bool possible, std::string_view what) {
        if (!possible) return;
        if (!out.empty()) out += "; ";
        out += what;
    };
    add(can.late_responses, "a late response");
    bool named = can.echoes_ref || can.own_ids;
    add(can.receipts && named, "a delivery report that names it");
    add(can.receipts && !named, "a delivery report for the number, if nothing else to it is unsettled");
    add(can.replies && can.extension, "a reply to its digits");
    add(can.replies && !can.extension, "a reply, if no other survey to the number is open");
    return out.empty() ? "nothing: only the carrier's people can say" : out;
}

std::string describe_links(const Links& links) {
    if (links.up >= links.of) return {};
    auto refused = links.refused > 0 ? fmt::format("; {} refused", links.refused) : std::string();
    return fmt::format("{} of {} {} up{}{}{}", links.up, links.of, links.of == 1 ? "link" : "links", refused, links.why.empty() ? "" : ": ", links.why);
}

std::string_view receipt_state_name(ReceiptState s) {
    constexpr std::string_view names[] = {"delivered", "failed", "expired", "unknown", "buffered"};
    return names[static_cast<int>(s)];
}

}  // namespace pingjing::provider
