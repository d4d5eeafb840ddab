#include <doctest/doctest.h>
#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

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
        add_review_routes(router, guard, {*store, seal, clock, [] { return store::ReviewRules(); }});
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
    http::Response ask(const std::string& method, const std::string& target, const std::string& body = "", const std::string& who = "3/张三") {
        http::Request request;
        request.method = method;
        request.target = target;
        request.body = body;
        request.parameters = http::parse_query(target.find('?') == std::string::npos ? "" : target.substr(target.find('?') + 1));
        request.headers = {{"x-pingjing-who", who}};
        return test::run(io, router.handle(std::move(request)));
    }
    http::Response get(const std::string& target) { return ask("GET", target); }

    // Case 1 rated from words, review 1; its officer and a colleague, an inspector, people of the unit and of the one above.
    void words() {
        store->run_now([&](Connection& db) {
            Statement in(db, "INSERT INTO inbound(id, channel, key, phone_id, to_number, extension, text, received_at, step, class, case_id, label, rating) "
                             "VALUES (4, 'c', 'k', ?1, '', '', ?2, 0, 'done', 'rated', 1, 'satisfied', 1)");
            in.bind(1, store::keep_phone(db, seal, *Phone::mobile("13900000001"), noon)).bind_blob(2, seal.seal("满意", "inbound.text:4")).run();
            db.exec("INSERT INTO ratings(id, case_id, inbound_id, at, grade, value, method, effect, officer, unit) "
                    "VALUES (1, 1, 4, 0, 'satisfied', 1, 'words', 'first', '012345', '320302120000')");
            db.exec("INSERT INTO reviews(id, kind, case_id, inbound_id, at) VALUES (1, 'words', 1, 4, 60000), (2, 'ambiguous', 2, 4, 60000)");
            db.exec("INSERT INTO case_officers VALUES (1, 0, '012345', 'lead'), (1, 1, '077777', 'co')");
            db.exec("INSERT INTO tokens(id, hash, scopes, name, unit, badge, made_at) VALUES (1, x'01', 'inspect', '李四', '', '012345', 0), "
                    "(2, x'02', 'inspect', '王五', '320302120000', '', 0), (3, x'03', 'inspect', '张三', '320302000000', '000001', 0), "
                    "(4, x'04', 'inspect', '赵六', '', '077777', 0)");
        });
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
        db.exec("INSERT INTO suggestions(inbound_id, at, said) VALUES (4, 0, 'basically_satisfied')");
    });
    auto answer = office.get("/v1/review");
    REQUIRE(answer.status == 200);
    CHECK(answer.body == R"({"reviews":[{"id":2,"kind":"recoded","at":"1970-01-01T00:00:00Z","case_id":"R2","unit":"320302120000","officer":"012345","text":null,"label":null,"rating":null,"phone":"139****0002","suggestion":null},)"
                         R"({"id":1,"kind":"ambiguous","at":"1970-01-01T00:01:00Z","case_id":"R1","unit":"320302120000","officer":"012345","text":"一般吧","label":"ambiguous","rating":null,"phone":"139****0001","suggestion":"basically_satisfied"}]})");
    CHECK(office.value("SELECT kind || ' ' || data FROM ledger WHERE kind <> 'rows'") == R"(access {"what":"review","who":"3/张三","reviews":2})");
    office.store->run_now([](Connection& db) { db.exec("ALTER TABLE reviews RENAME TO lost"); });
    CHECK(office.get("/v1/review").status == 503);
}

TEST_CASE("whoever was there, and his unit, decide nothing about it, the unit above does, once") {
    Desk desk;
    desk.words();
    const std::string confirm = R"({"decision":"confirmed"})";
    for (const char* party : {"1/李四", "2/王五", "4/赵六"}) {
        CAPTURE(party);
        auto refused = desk.ask("POST", "/v1/review/1", confirm, party);
        CHECK(refused.status == 403);
        CHECK(refused.content_type == "application/problem+json");
    }
    CHECK(desk.value("SELECT count(*) FROM reviews WHERE closed_at IS NOT NULL") == "0");
    CHECK(desk.ask("POST", "/v1/review/1", confirm).status == 200);
    for (const char* nobody : {"control", "3/", "control/ ", "loopback"}) CHECK(desk.ask("POST", "/v1/review/1", R"({"decision":"none"})", nobody).status == 403);
    auto again = desk.ask("POST", "/v1/review/1", R"({"decision":"none"})", "control/钱七");
    CHECK(again.status == 409);
    CHECK(again.body.find("decided by 3/张三 at 2026-11-21T04:00:00Z: confirmed") != std::string::npos);
    CHECK(desk.ask("POST", "/v1/review/1", confirm, "1/李四").status == 403);  // nor does he hear who decided
    CHECK(desk.value("SELECT closed_by || ' ' || decision FROM reviews WHERE id = 1") == "3/张三 confirmed");
    CHECK(desk.value("SELECT count(*) FROM ledger WHERE kind = 'review_decided'") == "1");
}

TEST_CASE("a decision that does not fit is refused with what was expected, and decides nothing") {
    Desk desk;
    desk.words();
    struct { const char* target; const char* body; int status; const char* says; } cases[] = {
        {"/v1/review/77", R"({"decision":"none"})", 404, "no review 77"},
        {"/v1/review/x", R"({"decision":"none"})", 400, "id: expected"},
        {"/v1/review/1", "", 400, "body: expected a JSON object"},
        {"/v1/review/1", "[]", 400, "body: expected a JSON object"},
        {"/v1/review/1", R"({"decision":"none","decision":"confirmed"})", 400, "decision"},
        {"/v1/review/1", R"({"decison":"none"})", 400, "decison: expected one of the keys"},
        {"/v1/review/1", R"({"decision":1})", 400, "decision: expected a text"},
        {"/v1/review/1", "{}", 400, "decision: expected confirmed, corrected or none"},
        {"/v1/review/1", R"({"decision":"rated","grade":"satisfied"})", 400, "decision: expected confirmed, corrected or none"},
        {"/v1/review/1", R"({"decision":"corrected"})", 400, "grade: expected satisfied"},
        {"/v1/review/1", R"({"decision":"corrected","grade":"good"})", 400, "grade: expected satisfied"},
        {"/v1/review/1", R"({"decision":"corrected","grade":"satisfied"})", 400, "grade: expected another than satisfied"},
        {"/v1/review/1", R"({"decision":"none","grade":"satisfied"})", 400, "grade: expected none"},
        {"/v1/review/1", R"({"decision":"none","case_id":"R1"})", 400, "case_id: expected none"},
        {"/v1/review/2", R"({"decision":"rated","grade":"satisfied"})", 400, "case_id: there is no survey"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.body);
        auto answer = desk.ask("POST", c.target, c.body);
        CHECK(answer.status == c.status);
        CHECK_MESSAGE(answer.body.find(c.says) != std::string::npos, answer.body);
    }
    auto long_note = R"({"decision":"none","note":")" + std::string(4001, 'x') + "\"}";
    CHECK(desk.ask("POST", "/v1/review/1", long_note).status == 400);
    CHECK(desk.get("/v1/review?kind=word").status == 400);
    CHECK(desk.get("/v1/review/77").status == 404);
    CHECK(desk.value("SELECT count(*) FROM reviews WHERE closed_at IS NOT NULL") == "0");
    CHECK(desk.value("SELECT count(*) FROM ratings") == "1");
    CHECK(desk.value("SELECT count(*) FROM ledger WHERE kind = 'review_decided'") == "0");
}

TEST_CASE("one review shows the words and what there is to choose from, and the look stands in the ledger") {
    Desk desk;
    desk.words();
    CHECK(desk.scopes == std::vector<std::string>{"inspect", "inspect", "inspect"});
    auto shown = boost::json::parse(desk.get("/v1/review/1").body);
    CHECK(shown.at("text") == "满意");
    CHECK(shown.at("decided").is_null());
    CHECK(boost::json::serialize(shown.at("choices")) == R"([{"decision":"confirmed","grade":false},{"decision":"corrected","grade":true},{"decision":"none","grade":false}])");
    CHECK(desk.value("SELECT case_id || ' ' || data FROM ledger WHERE kind = 'access'") == R"(1 {"what":"review","who":"3/张三","review":1})");
    CHECK(boost::json::parse(desk.get("/v1/review?kind=words").body).at("reviews").as_array().size() == 1);
    CHECK(boost::json::parse(desk.get("/v1/review?kind=set_aside").body).at("reviews").as_array().empty());
}

TEST_CASE("what was decided is changed by nobody") {
    Desk desk;
    desk.words();
    REQUIRE(desk.ask("POST", "/v1/review/1", R"({"decision":"confirmed","note":"so it is"})").status == 200);
    for (const char* sql : {"UPDATE reviews SET decision = 'none' WHERE id = 1", "UPDATE reviews SET closed_at = NULL WHERE id = 1", "DELETE FROM reviews WHERE id = 1",
                            "UPDATE review_notes SET note = x'01'", "DELETE FROM review_notes"}) {
        CAPTURE(sql);
        CHECK_THROWS_AS(desk.store->run_now([&](Connection& db) { db.exec(sql); }), store::SqlError);
    }
    desk.store->run_now([](Connection& db) { db.exec("UPDATE review_notes SET note = x''"); });  // erasing it is no change of the decision
}
