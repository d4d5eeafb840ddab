#include "daemon/admin/tokens.hpp"

#include <doctest/doctest.h>

#include "daemon/store/store.hpp"

using namespace pingjing;
using namespace pingjing::admin;
using store::Connection;
using store::Statement;

namespace {

const auto noon = *parse_rfc3339("2026-11-21T12:00:00+08:00");

struct Fixture {
    std::unique_ptr<store::Store> store = std::move(*store::Store::open("", store::Store::Runner::inline_io));
    SeededRandom random{1};

    NewToken create(std::vector<std::string> scopes, Holder holder = {}) {
        std::optional<NewToken> made;
        store->run_now([&](Connection& db) { made = create_token(db, random, scopes, holder, noon).value(); });
        return *made;
    }
    // Everything the store says in words: the ledger and the tokens' own row.
    std::string written() {
        std::string out;
        store->run_now([&](Connection& db) {
            Statement ledger(db, "SELECT kind, data FROM ledger ORDER BY seq");
            while (ledger.step()) out += ledger.text(0) + " " + ledger.text(1) + "\n";
            Statement rows(db, "SELECT hash, scopes, name FROM tokens");
            while (rows.step()) out += rows.text(0) + rows.text(1) + rows.text(2);
        });
        return out;
    }
};

}  // namespace

TEST_CASE("a token is pj_ and 43 characters, another one each time, and stands nowhere in the store") {
    Fixture f;
    auto one = f.create({"intake", "report"}, {.name = "张三", .unit = "320102430000", .badge = "012345"}), two = f.create({"intake"});
    for (const auto& made : {one, two}) {
        CHECK(made.token.size() == 46);
        CHECK(made.token.starts_with("pj_"));
        CHECK(made.token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == std::string::npos);
        CHECK(f.written().find(made.token) == std::string::npos);
        CHECK(f.written().find(made.token.substr(3)) == std::string::npos);
    }
    CHECK(one.token != two.token);
    CHECK(f.written().find(R"(token_created {"id":1,"scopes":"intake report","name":"张三","unit":"320102430000","badge":"012345","expires_at":null})") != std::string::npos);
}

TEST_CASE("scopes are the eight of the contract, each once, and an error names them") {
    CHECK(parse_scopes("admin") == std::vector<std::string>{"admin"});
    CHECK(parse_scopes("report,intake,report") == std::vector<std::string>{"intake", "report"});
    for (const char* bad : {"", "intake,", "Intake", "intake report", "root"}) {
        CAPTURE(bad);
        auto read = parse_scopes(bad);
        REQUIRE_FALSE(read);
        CHECK(read.error().detail.find("intake,report,desk,inspect,unit,officer,leader,audit,admin") != std::string::npos);
    }
}

TEST_CASE("a token without a scope, with a name that is no line, or expired from the start is not made") {
    Fixture f;
    f.store->run_now([&](Connection& db) {
        CHECK_FALSE(create_token(db, f.random, {}, {}, noon));
        CHECK_FALSE(create_token(db, f.random, {"intake"}, {.name = "a\r\nb"}, noon));
        CHECK_FALSE(create_token(db, f.random, {"intake"}, {.name = std::string(65, 'x')}, noon));
        CHECK_FALSE(create_token(db, f.random, {"intake"}, {.expires_at = noon}, noon));
        for (const char* two_persons : {"张三 ", " 张三", "\u3000张三", "张三\u200b"}) CHECK_FALSE(create_token(db, f.random, {"inspect"}, {.name = two_persons}, noon));
        CHECK_FALSE(create_token(db, f.random, {"inspect"}, {.unit = "320102430000 "}, noon));
        CHECK_FALSE(create_token(db, f.random, {"inspect"}, {.unit = "32"}, noon));
        CHECK_FALSE(create_token(db, f.random, {"inspect"}, {.badge = " 012345"}, noon));
        CHECK(list_tokens(db).empty());
    });
}

TEST_CASE("revoking leaves the row and one ledger line, however often it is said, an unknown one is an answer") {
    Fixture f;
    auto made = f.create({"desk"}, {.expires_at = noon + 1h});
    auto before = token_changes();
    f.store->run_now([&](Connection& db) {
        CHECK(revoke_token(db, made.id, noon + 1min));
        CHECK(revoke_token(db, made.id, noon + 2min));
        auto unknown = revoke_token(db, 99, noon);
        REQUIRE_FALSE(unknown);
        CHECK(unknown.error().kind == Error::Kind::not_found);
        auto rows = list_tokens(db);
        REQUIRE(rows.size() == 1);
        CHECK(rows[0].revoked_at == noon + 1min);
        CHECK(rows[0].holder.expires_at == noon + 1h);
        CHECK(rows[0].scopes == std::vector<std::string>{"desk"});
        Statement lines(db, "SELECT count(*) FROM ledger WHERE kind = 'token_revoked'");
        lines.step();
        CHECK(lines.integer(0) == 1);
    });
    CHECK(token_changes() == before + 1);
}
