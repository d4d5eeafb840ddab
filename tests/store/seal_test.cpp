#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "daemon/store/seal.hpp"
#include "tests/support/temp_folder.hpp"

using namespace pingjing;
using store::Seal;

TEST_CASE("a sealed number opens only where it was put, and only with its key") {
    auto seal = Seal::from_seed(1);
    auto sealed = seal.seal("13812345678", "phones");
    CHECK(sealed.find("13812345678") == std::string::npos);
    CHECK(seal.open(sealed, "phones").value() == "13812345678");
    CHECK_FALSE(seal.open(sealed, "inbound"));
    CHECK_FALSE(Seal::from_seed(2).open(sealed, "phones"));
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        auto changed = sealed;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        CHECK_FALSE(seal.open(changed, "phones"));
    }
    CHECK_FALSE(seal.open("", "phones"));
    CHECK(seal.seal("x", "a") != seal.seal("x", "a"));
}

TEST_CASE("equal numbers have equal keys, and a number's key says nothing without ours") {
    auto a = *Phone::mobile("13812345678"), same = *Phone::mobile("+86 138 1234 5678"), other = *Phone::mobile("13812345679");
    auto seal = Seal::from_seed(1);
    CHECK(seal.phone_key(a) == seal.phone_key(same));
    CHECK(seal.phone_key(a) != seal.phone_key(other));
    CHECK(seal.phone_key(a) != Seal::from_seed(2).phone_key(a));
    CHECK(seal.phone_key(a).size() == 16);
}

TEST_CASE("keys are made once, read again, and never overwritten") {
    test::TempFolder folder;
    CHECK_FALSE(Seal::load(folder / "keys"));
    REQUIRE(Seal::create_keys(folder / "keys"));
    auto seal = Seal::load(folder / "keys");
    REQUIRE(seal);
    auto sealed = seal->seal("13812345678", "phones");
    CHECK(Seal::load(folder / "keys")->open(sealed, "phones").value() == "13812345678");
    auto again = Seal::create_keys(folder / "keys");
    REQUIRE_FALSE(again);
    CHECK(again.error().kind == Error::Kind::conflict);
    auto mode = std::filesystem::status(folder / "keys" / "sealing.key").permissions();
    CHECK(mode == (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
    std::ofstream(folder / "keys" / "index.key") << "not a key\n";
    CHECK(Seal::load(folder / "keys").error().kind == Error::Kind::invalid_input);
}
