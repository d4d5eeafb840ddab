// Which channel for this number now. Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pingjing::outbox {

// A row of [[route]]; channels by their index, in failover order.
struct Route {
    std::vector<std::string> prefixes{};  // empty: every number
    std::vector<std::size_t> channels{};
};

// The first row that matches; nullopt: none does.
inline std::optional<std::size_t> find_route(const std::vector<Route>& routes, std::string_view number) {
    for (std::size_t i = 0; i < routes.size(); ++i) {
        if (routes[i].prefixes.empty()) return i;
        for (const auto& prefix : routes[i].prefixes)
            if (number.starts_with(prefix)) return i;
    }
    return std::nullopt;
}

// What the choice needs to know of a channel at this moment.
struct ChannelView {
    bool usable = true;    // healthy, open at this hour, not on hold: otherwise the next one of the route is taken
    int room = 0;          // messages it may still be given
    bool probing = false;  // unusable, and due for one message that finds out
};

// The channel to take; nullopt: wait. A full channel is waited for, an unusable one is passed over; `refused` (the channel that
// refused the last attempt by a mistake of ours) comes last. One that is due for a probe gets it in its turn, for nothing else
// would ever bring it back while another one works; what must not be risked (`may_probe` false) probes only where nothing is usable.
inline std::optional<std::size_t> pick(const Route& route, const std::vector<ChannelView>& channels, std::optional<std::size_t> refused = {},
                                       bool may_probe = true) {
    auto first = [&](bool take_refused, bool probe) -> std::optional<std::size_t> {
        for (auto c : route.channels) {
            bool due = channels[c].probing && probe && channels[c].room > 0;
            if ((channels[c].usable || due) && (take_refused || c != refused)) return c;
        }
        return std::nullopt;
    };
    auto choice = first(false, may_probe);
    if (!choice) choice = first(true, may_probe);
    if (!choice) choice = first(true, true);
    return choice && channels[*choice].room > 0 ? choice : std::nullopt;
}

}  // namespace pingjing::outbox
