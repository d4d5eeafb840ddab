#include <doctest/doctest.h>

#include "daemon/store/ledger.hpp"
#include "daemon/store/store.hpp"

using namespace pingjing;
using namespace pingjing::store;

namespace {
std::unique_ptr<Store> with_facts(int n) {
    auto store = std::move(*Store::open("", Store::Runner::inline_io));
    store->run_now([&](Connection& db) {
        for (int i = 0; i < n; ++i) append(db, from_millis(i), "test", i % 2 ? std::optional<std::int64_t>(i) : std::nullopt, "{}");
    });
    return store;
}
}  // namespace

TEST_CASE("the tree is that of RFC 6962") {
    // The first roots of the reference test data used by implementations of RFC 6962 (leaves: "", 00, 10, 20 21).
    TreeHead head;
    CHECK(to_hex(head.root()) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    head.append(leaf_hash(""));
    CHECK(to_hex(head.root()) == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    head.append(leaf_hash(std::string_view("\0", 1)));
    CHECK(to_hex(head.root()) == "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125");
    head.append(leaf_hash("\x10"));
    CHECK(to_hex(head.root()) == "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77");
    head.append(leaf_hash("\x20\x21"));
    CHECK(to_hex(head.root()) == "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7");
    CHECK(TreeHead::load(head.save()) == head);
    CHECK_THROWS(TreeHead::load("short"));
    CHECK_THROWS(TreeHead::load(head.save() + "x"));
}

TEST_CASE("whoever looks at the ledger inside a transaction finds every line of it, and none that was taken back") {
    auto store = std::move(*Store::open("", Store::Runner::inline_io));
    auto lines = [](Connection& db) {
        Statement count(db, "SELECT count(*), coalesce(max(seq), 0) FROM ledger");
        count.step();
        CHECK(count.integer(0) == count.integer(1));
        return count.integer(0);
    };
    store->run_now([&](Connection& db) {
        auto write = [&](int count) { for (int i = 0; i < count; ++i) append(db, from_millis(i), "test", std::nullopt, "{}"); };
        for (int looks : {0, 1}) {
            write(21);
            if (looks) CHECK(lines(db) == 26 + 21);
            {
                Savepoint part(db);
                write(40);
                if (looks) CHECK(lines(db) == 26 + 21 + 40);
            }
            if (looks) CHECK(lines(db) == 26 + 21);
            {
                Savepoint part(db);
                write(5);
                part.keep();
            }
        }
        CHECK(lines(db) == 52);
    });
    CHECK_THROWS(store->run_now([&](Connection& db) {
        for (int i = 0; i < 20; ++i) append(db, from_millis(i), "test", std::nullopt, "{}");
        throw std::runtime_error("on purpose");
    }));
    store->run_now([&](Connection& db) {
        CHECK(lines(db) == 52);
        REQUIRE(recompute(db));
        CHECK(recompute(db)->size() == 52);
    });
}

TEST_CASE("a fact that was edited, deleted, moved or dated anew is found") {
    for (const char* tamper : {"UPDATE ledger SET data = '{\"x\":1}' WHERE seq = 5", "DELETE FROM ledger WHERE seq = 5",
                               "DELETE FROM ledger WHERE seq = 9", "UPDATE ledger SET at = at + 1 WHERE seq = 1",
                               "UPDATE ledger SET case_id = NULL WHERE seq = 2", "UPDATE ledger SET kind = 'tess' WHERE seq = 3",
                               "INSERT INTO ledger VALUES (10, 0, 'test', NULL, '{}', x'', 0)"}) {
        CAPTURE(tamper);
        auto store = with_facts(9);
        store->run_now([&](Connection& db) {
            REQUIRE(recompute(db));
            CHECK(recompute(db)->size() == 9);
            // Our own program cannot do it …
            if (std::string_view(tamper).substr(0, 6) != "INSERT") CHECK_THROWS_AS(db.exec(tamper), SqlError);
            // … whoever has the file can.
            db.exec("DROP TRIGGER ledger_stays; DROP TRIGGER ledger_keeps");
            db.exec(tamper);
            CHECK_FALSE(recompute(db));
        });
    }
}
