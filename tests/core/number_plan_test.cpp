#include "daemon/core/number_plan.hpp"

#include <doctest/doctest.h>

using namespace pingjing;

TEST_CASE("whose a prefix is") {
    CHECK(carrier_of("139") == "移动");
    CHECK(carrier_of("186") == "联通");
    CHECK(carrier_of("189") == "电信");
    CHECK(carrier_of("192") == "广电");
    CHECK(carrier_of("170") == "虚商");
    CHECK(carrier_of("100").empty());
    CHECK(carrier_of("13").empty());
    CHECK(carrier_of("34 ").empty());
}

TEST_CASE("a site's number plan is asked first, its longest prefix counts") {
    NumberPlan plan;
    CHECK(plan.carrier_of("13912345678") == "移动");
    for (auto [prefix, carrier] : {std::pair{"1349", "电信"}, {"1391234", "联通"}, {"1391233", "移动"}, {"1700", "电信"}, {"139", "别的"}}) plan.add(prefix, carrier);
    CHECK(plan.finish().empty());
    CHECK(plan.prefixes() == 5);
    CHECK(plan.carrier_of("13912345678") == "联通");
    CHECK(plan.carrier_of("13912335678") == "移动");
    CHECK(plan.carrier_of("13912325678") == "别的");
    CHECK(plan.carrier_of("13491234567") == "电信");
    CHECK(plan.carrier_of("13481234567") == "移动");
    CHECK(plan.carrier_of("17001234567") == "电信");
    CHECK(plan.carrier_of("17011234567") == "虚商");
    CHECK(plan.carrier_of("10011234567").empty());
    CHECK(plan.carrier_of("139") == "别的");
    CHECK(plan.carrier_of("1").empty());
    CHECK(plan.knows("别的"));
    CHECK(plan.knows("广电"));
    CHECK_FALSE(plan.knows("移動"));

    plan.add("1700", "移动");
    plan.add("1349", "移动");
    CHECK(plan.finish() == std::vector<std::string>{"1349", "1700"});
}
