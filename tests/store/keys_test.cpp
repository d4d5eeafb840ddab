#include "daemon/store/keys.hpp"

#include <doctest/doctest.h>

#include "daemon/store/phones.hpp"
#include "daemon/store/schema.hpp"

using namespace pingjing;
using namespace pingjing::store;

namespace {

Connection& made(Connection& db) {
    REQUIRE(migrate(db));
    return db;
}

}  // namespace

TEST_CASE("a store knows its keys, and does not take others") {
    Connection db(":memory:");
    made(db);
    CHECK(check_keys(db, Seal::from_seed(2)));  // it has not been told any yet
    CHECK(check_and_remember_keys(db, Seal::from_seed(1)));
    CHECK(check_and_remember_keys(db, Seal::from_seed(1)));
    auto other = check_and_remember_keys(db, Seal::from_seed(2));
    REQUIRE_FALSE(other);
    CHECK(other.error().detail.find("index.key") != std::string::npos);
    CHECK(other.error().detail.find("key sheet") != std::string::npos);
    CHECK(check_keys(db, Seal::from_seed(1)));
}

TEST_CASE("a store of an earlier version, which was told no keys, knows them by the numbers in it") {
    Connection db(":memory:");
    made(db);
    keep_phone(db, Seal::from_seed(1), *Phone::mobile("13800000001"), from_millis(1));
    CHECK(check_keys(db, Seal::from_seed(1)));
    CHECK_FALSE(check_keys(db, Seal::from_seed(2)));
    CHECK_FALSE(check_and_remember_keys(db, Seal::from_seed(2)));
    CHECK(check_and_remember_keys(db, Seal::from_seed(1)));
}

TEST_CASE("a fingerprint tells keys apart and nothing more") {
    auto one = Seal::from_seed(1).fingerprints(), two = Seal::from_seed(2).fingerprints();
    REQUIRE(one.size() == 2);
    CHECK(one == Seal::from_seed(1).fingerprints());
    for (const auto& [name, value] : one) {
        CHECK(value.size() == 32);
        CHECK(value != two.at(name));
    }
    CHECK(one.at("index.key") != to_hex(Seal::from_seed(1).keyed_hash("pingjing")));
}
