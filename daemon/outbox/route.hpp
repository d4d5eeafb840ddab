// Which channel for this number now. Pure.
#pragma once
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/number_plan.hpp"

namespace pingjing::outbox {

// A row of [[route]]; channels by their index, in failover order.
struct Route {
    std::vector<std::string> prefixes{};
    std::vector<std::string> carriers{};  // neither: every number
    std::vector<std::size_t> channels{};
    std::vector<int> weights{};           // for how many of the messages each channel is the first one; empty: the first for all
    bool known_numbers_too = false;       // also for a number that is known to be reached by another channel
};

// The first row that matches; nullopt: none does. Carriers are looked up here and now: whose a number is, is nowhere kept.
inline std::optional<std::size_t> find_route(const std::vector<Route>& routes, const NumberPlan& plan, std::string_view number) {
    std::optional<std::string_view> carrier;
    auto matches = [&](const Route& route) {
        if (route.prefixes.empty() && route.carriers.empty()) return true;
        if (std::ranges::any_of(route.prefixes, [&](const std::string& prefix) { return number.starts_with(prefix); })) return true;
        if (!route.carriers.empty() && !carrier) carrier = plan.carrier_of(number);
        return std::ranges::any_of(route.carriers, [&](const std::string& name) { return name == carrier; });
    };
    auto found = std::ranges::find_if(routes, matches);
    return found == routes.end() ? std::nullopt : std::optional(static_cast<std::size_t>(found - routes.begin()));
}

// The route with this channel before the others.
inline Route led_by(Route route, std::size_t channel) {
    std::erase(route.channels, channel);
    route.channels.insert(route.channels.begin(), channel);
    return route;
}

// As it is for this message: weights say which channel leads. Always the same one for the same message, so that it waits for its
// channel instead of looking for luck, and goes over to the others in their order when that one is out.
inline Route route_of_message(const Route& route, std::int64_t message) {
    std::uint64_t all = 0;
    for (auto weight : route.weights) all += static_cast<std::uint64_t>(weight);
    if (all == 0) return route;
    // Neighbours must not be in step with what every second message is.
    auto at = ((static_cast<std::uint64_t>(message) * 0x9E37'79B9'7F4A'7C15u) >> 32) % all;
    for (std::size_t i = 0; i < route.weights.size(); ++i) {
        auto weight = static_cast<std::uint64_t>(route.weights[i]);
        if (at < weight) return led_by(route, route.channels[i]);
        at -= weight;
    }
    return route;
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
