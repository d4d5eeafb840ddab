#include "daemon/outbox/route.hpp"

#include <doctest/doctest.h>

#include <map>

using namespace pingjing;
using namespace pingjing::outbox;

TEST_CASE("the first route that matches is taken, without prefixes it matches everybody") {
    const std::vector<Route> routes{{.prefixes = {"134", "1350"}, .channels = {0}}, {.prefixes = {"135"}, .channels = {1}}, {.channels = {2}}};
    CHECK(find_route(routes, {}, "13412345678") == 0u);
    CHECK(find_route(routes, {}, "13501234567") == 0u);
    CHECK(find_route(routes, {}, "13512345678") == 1u);
    CHECK(find_route(routes, {}, "18812345678") == 2u);
    CHECK_FALSE(find_route({{.prefixes = {"134"}, .channels = {0}}}, {}, "13512345678"));
    CHECK_FALSE(find_route({}, {}, "13512345678"));
}

TEST_CASE("a route by carrier asks the number plan") {
    NumberPlan plan;
    plan.add("1391234", "电信");
    plan.add("1705", "移动");
    CHECK(plan.finish().empty());
    const std::vector<Route> routes{{.prefixes = {"1391"}, .carriers = {"联通"}, .channels = {0}}, {.carriers = {"移动", "广电"}, .channels = {1}}, {.carriers = {"电信"}, .channels = {2}}};
    CHECK(find_route(routes, plan, "13912345678") == 0u);  // its prefix
    CHECK(find_route(routes, plan, "18612345678") == 0u);
    CHECK(find_route(routes, plan, "13922345678") == 1u);
    CHECK(find_route(routes, plan, "17051234567") == 1u);
    CHECK(find_route(routes, plan, "18912345678") == 2u);
    CHECK_FALSE(find_route(routes, plan, "17071234567"));  // a reseller's
    CHECK_FALSE(find_route(routes, plan, "10012345678"));  // nobody's
    CHECK(find_route({routes.begin() + 1, routes.end()}, plan, "13912345678") == 1u);
}

TEST_CASE("weights say how many messages each channel is the first one for, the others follow in their order") {
    const Route route{.channels = {4, 5, 6}, .weights = {3, 1, 0}};
    std::map<std::vector<std::size_t>, int> seen;
    std::map<std::vector<std::size_t>, int> of_even;
    for (std::int64_t message = 1; message <= 40'000; ++message) {
        auto channels = route_of_message(route, message).channels;
        CHECK(route_of_message(route, message).channels == channels);
        ++seen[channels];
        if (message % 2 == 0) ++of_even[channels];
    }
    REQUIRE(seen.size() == 2);
    CHECK((seen[{4, 5, 6}] > 29'500 && seen[{4, 5, 6}] < 30'500));
    CHECK((seen[{5, 4, 6}] > 9'500 && seen[{5, 4, 6}] < 10'500));
    CHECK((of_even[{5, 4, 6}] > 4'700 && of_even[{5, 4, 6}] < 5'300));
    CHECK(route_of_message({.channels = {1, 2}}, 7).channels == std::vector<std::size_t>{1, 2});
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
        CHECK(pick(Route{.channels = {0, 1}}, row.views, row.refused, row.may_probe) == row.expected);
    }
    CHECK_FALSE(pick(Route{}, {up}));
}
