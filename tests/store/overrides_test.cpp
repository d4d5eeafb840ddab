#include <doctest/doctest.h>

#include "daemon/store/overrides.hpp"
#include "tests/support/planter.hpp"

using namespace pingjing;
using namespace pingjing::store;

TEST_CASE("what is in doubt can be sent again at one's own risk, unless the case is refused by a code meanwhile") {
    for (bool refused : {false, true}) {
        Connection db(":memory:");
        REQUIRE(migrate(db));
        test::Planter planter(db);
        auto doubt = planter.call({.code = refused ? std::optional<std::string>("dv") : std::nullopt, .record = "R1"});
        planter.survey(doubt, {.state = "in_doubt"});
        auto again = resend_case(db, Seal::from_seed(1), "R1", "he called us", from_millis(1));
        CHECK(again.has_value() == !refused);
        if (refused) CHECK(again.error().kind == Error::Kind::conflict);
        Statement state(db, "SELECT state FROM messages");
        REQUIRE(state.step());
        CHECK(state.text(0) == (refused ? "in_doubt" : "due"));
    }
}
