#include <doctest/doctest.h>
#include <fmt/format.h>

#include <boost/asio/io_context.hpp>

#include "daemon/followup/review_api.hpp"
#include "daemon/store/phones.hpp"
#include "tests/support/run.hpp"

using namespace pingjing;
using namespace pingjing::followup;
using store::Connection;
using store::Statement;

namespace {

const auto noon = *parse_rfc3339("2026-11-21T12:00:00+08:00");

// Where reviews are decided: three cases of one officer, and whoever asks.
struct Desk {
    asio::io_context io{};
    VirtualClock clock{noon};
    store::Seal seal = store::Seal::from_seed(1);
    std::unique_ptr<store::Store> store = std::move(*store::Store::open("", store::Store::Runner::inline_io));
    http::Router router{};
    std::vector<std::string> scopes{};

    Desk() {
        auto guard = [this](std::string scope, http::Handler handler) {
            scopes.push_back(scope);
            return handler;
        };
        add_review_routes(router, guard, *store, seal, clock);
        store->run_now([&](Connection& db) {
            for (int id = 1; id <= 3; ++id) {
                Statement add(db, "INSERT INTO cases(id, record, content_key, state, unit, category, source, linked_to, language, call_taker, reported_at, "
                                  "received_at, changed_at, kind, safety, flags, officer, phone_id) "
                                  "VALUES (?1, ?2, x'00', 'closed', '320302120000', '', '', '', '', '', 0, 0, 0, 'survey', 0, '', '012345', ?3)");
                add.bind(1, id).bind(2, "R" + std::to_string(id));
                add.bind(3, store::keep_phone(db, seal, *Phone::mobile("1390000000" + std::to_string(id)), noon)).run();
            }
        });
    }
    std::string value(const std::string& sql) {
        std::string out;
        store->run_now([&](Connection& db) {
            Statement read(db, sql);
            if (read.step()) out = read.is_null(0) ? "null" : read.text(0);
        });
        return out;
    }
    http::Response get(const std::string& target) {
        http::Request request;
        request.method = "GET";
        request.target = target;
        request.parameters = http::parse_query(target.find('?') == std::string::npos ? "" : target.substr(target.find('?') + 1));
        request.headers = {{"x-pingjing-who", "3/张三"}};
        return test::run(io, router.handle(std::move(request)));
    }
};

}  // namespace

TEST_CASE("GET /v1/review: what a person has to decide, with the words, and who read them stands in the ledger") {
    Desk office;
    office.store->run_now([&](Connection& db) {
        Statement in(db, "INSERT INTO inbound(id, channel, key, phone_id, to_number, extension, text, received_at, step, class, case_id, label, rating) "
                         "VALUES (4, 'c', 'k', ?1, '', '', ?2, 0, 'done', 'ambiguous', 1, 'ambiguous', NULL)");
        in.bind(1, store::keep_phone(db, office.seal, *Phone::mobile("13900000001"), noon)).bind_blob(2, office.seal.seal("一般吧", "inbound.text:4")).run();
        db.exec("INSERT INTO reviews(id, kind, case_id, inbound_id, at) VALUES (1, 'ambiguous', 1, 4, 60000), (2, 'recoded', 2, NULL, 0), (3, 'ambiguous', NULL, NULL, 1)");
        db.exec("UPDATE reviews SET closed_at = 5 WHERE id = 3");
    });
    auto answer = office.get("/v1/review");
    REQUIRE(answer.status == 200);
    CHECK(answer.body == R"({"reviews":[{"id":2,"kind":"recoded","at":"1970-01-01T00:00:00Z","case_id":"R2","unit":"320302120000","officer":"012345","text":null,"label":null,"rating":null,"phone":"139****0002"},)"
                         R"({"id":1,"kind":"ambiguous","at":"1970-01-01T00:01:00Z","case_id":"R1","unit":"320302120000","officer":"012345","text":"一般吧","label":"ambiguous","rating":null,"phone":"139****0001"}]})");
    CHECK(office.value("SELECT kind || ' ' || data FROM ledger WHERE kind <> 'rows'") == R"(access {"what":"review","who":"3/张三","reviews":2})");
    office.store->run_now([](Connection& db) { db.exec("ALTER TABLE reviews RENAME TO lost"); });
    CHECK(office.get("/v1/review").status == 503);
}
