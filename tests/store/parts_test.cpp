#include "daemon/store/parts.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "daemon/store/schema.hpp"

using namespace pingjing;
using namespace pingjing::store;

namespace {

const Instant noon = *parse_rfc3339("2026-11-22T12:00:00+08:00");

struct Shelf {
    Shelf() { REQUIRE(migrate(db)); }
    // "joined: a b" · "waits" · "repeated"
    std::string take(const std::string& text, int number, int total, const std::string& payload, Instant at = noon, const std::string& channel = "main") {
        auto kept = keep_part(db, seal, channel, {text, number, total, payload}, at);
        auto joined = shown(kept.joined);
        return kept.repeated ? "repeated" : joined.empty() ? "waits" : joined;
    }
    static std::string shown(const std::vector<JoinedParts>& all) {
        std::string out;
        for (const auto& j : all) {
            out += (out.empty() ? "" : "; ") + std::string(j.complete ? "whole" : "incomplete");
            for (const auto& piece : j.pieces) out += fmt::format(" {}:{}", piece.number, piece.payload);
        }
        return out;
    }
    std::string give_up(Instant before) { return shown(give_up_waiting_parts(db, seal, before, before)); }
    int sealed() {
        Statement count(db, "SELECT count(*) FROM inbound_parts WHERE part IS NOT NULL");
        count.step();
        return static_cast<int>(count.integer(0));
    }

    Connection db{":memory:"};
    Seal seal = Seal::from_seed(1);
};

}  // namespace

TEST_CASE("parts of a text are joined in any order, and nothing of them is left") {
    Shelf shelf;
    CHECK(shelf.take("t", 3, 3, "c") == "waits");
    CHECK(shelf.take("t", 1, 3, "a") == "waits");
    CHECK(shelf.take("u", 2, 3, "x") == "waits");  // another text
    CHECK(shelf.take("t", 2, 3, "b", noon, "other") == "waits");
    CHECK(shelf.sealed() == 4);
    CHECK(shelf.take("t", 2, 3, "b") == "whole 1:a 2:b 3:c");
    CHECK(shelf.sealed() == 2);
}

TEST_CASE("a part that comes again is known, before its text is whole and for a day after") {
    Shelf shelf;
    CHECK(shelf.take("t", 1, 2, "a") == "waits");
    CHECK(shelf.take("t", 1, 2, "a", noon + 30h) == "repeated");
    CHECK(shelf.take("t", 2, 2, "b", noon + 30h) == "whole 1:a 2:b");
    CHECK(shelf.take("t", 2, 2, "b", noon + 53h) == "repeated");
    CHECK(shelf.take("t", 1, 2, "a", noon + 53h) == "waits");  // the same words under the same reference, a day later: another text
    CHECK(shelf.take("t", 2, 2, "b", noon + 55h) == "whole 1:a 2:b");
}

TEST_CASE("a reference that comes round hands on what is left of the text before it") {
    Shelf shelf;
    CHECK(shelf.take("t", 1, 2, "old") == "waits");
    CHECK(shelf.take("t", 1, 2, "new") == "incomplete 1:old");
    CHECK(shelf.take("t", 2, 2, "end") == "whole 1:new 2:end");
}

TEST_CASE("a missing part does not lose the others") {
    Shelf shelf;
    CHECK(shelf.take("t", 1, 3, "a") == "waits");
    CHECK(shelf.take("t", 3, 3, "c", noon + 5min) == "waits");
    CHECK(shelf.take("u", 1, 2, "x", noon + 5min) == "waits");
    CHECK(shelf.give_up(noon).empty());
    CHECK(shelf.give_up(noon + 1s) == "incomplete 1:a 3:c");
    CHECK(shelf.give_up(noon + 1s).empty());
    CHECK(shelf.take("t", 1, 3, "a", noon + 6min) == "repeated");
    CHECK(shelf.take("t", 2, 3, "b", noon + 6min) == "waits");  // too late: it comes alone
    CHECK(shelf.give_up(noon + 7min) == "incomplete 1:x; incomplete 2:b");
    CHECK(shelf.sealed() == 0);
}

TEST_CASE("parts that are not whole are read through the index alone") {
    Shelf shelf;
    Statement plan(shelf.db, "EXPLAIN QUERY PLAN SELECT channel, text_key FROM inbound_parts WHERE joined_at IS NULL AND received_at < ?1 ORDER BY received_at");
    REQUIRE(plan.step());
    CHECK(plan.text(3).find("inbound_parts_waiting") != std::string::npos);
}
