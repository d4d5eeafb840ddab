#include "daemon/outbox/route.hpp"

#include <doctest/doctest.h>

using namespace pingjing::outbox;

TEST_CASE("the first route that matches is taken; without prefixes it matches everybody") {
    const std::vector<Route> routes{{{"134", "1350"}, {0}}, {{"135"}, {1}}, {{}, {2}}};
    CHECK(find_route(routes, "13412345678") == 0u);
    CHECK(find_route(routes, "13501234567") == 0u);
    CHECK(find_route(routes, "13512345678") == 1u);
    CHECK(find_route(routes, "18812345678") == 2u);
    CHECK_FALSE(find_route({{{"134"}, {0}}}, "13512345678"));
    CHECK_FALSE(find_route({}, "13512345678"));
}

TEST_CASE("which channel now") {
    const ChannelView up{true, 3, false}, full{true, 0, false}, down{false, 0, false}, probe{false, 1, true};
    using Choice = std::optional<std::size_t>;
    struct Row { const char* what; std::vector<ChannelView> views; Choice refused; bool may_probe; Choice expected; };
    const Row rows[] = {
        {"the first", {up, up}, {}, true, 0u},
        {"a full one is waited for", {full, up}, {}, true, {}},
        {"an unusable one is passed over", {down, up}, {}, true, 1u},
        {"who refused by our mistake comes last", {up, up}, 0u, true, 1u},
        {"but before nobody", {up, down}, 0u, true, 0u},
        {"a probe in its turn", {probe, up}, {}, true, 0u},
        {"not behind one that works", {up, probe}, {}, true, 0u},
        {"not with what must arrive", {probe, up}, {}, false, 1u},
        {"but where nothing else is left", {probe, down}, {}, false, 0u},
        {"nothing at all", {down, down}, {}, true, {}},
    };
    for (const auto& row : rows) {
        CAPTURE(row.what);
        CHECK(pick(Route{{}, {0, 1}}, row.views, row.refused, row.may_probe) == row.expected);
    }
    CHECK_FALSE(pick(Route{}, {up}));
}
