#include "daemon/intake/api.hpp"

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "daemon/core/signed_note.hpp"
#include "tests/support/run.hpp"
#include "tests/support/temp_folder.hpp"

using namespace pingjing;
using namespace pingjing::intake;
using store::Connection;
using store::Statement;
namespace json = boost::json;

namespace {

const auto night = *parse_rfc3339("2026-11-21T00:30:00+08:00");

struct Desk110 {
    asio::io_context io{};
    test::TempFolder folder{};
    store::Seal seal = store::Seal::from_seed(1);
    SeededRandom random{1};
    VirtualClock clock{night};
    std::unique_ptr<store::Store> store = std::move(*store::Store::open(folder.path().string(), store::Store::Runner::inline_io));
    Intake intake{*store, seal, random};
    http::Router router{};
    std::string asked_scope{};
    int arrivals = 0;

    Desk110() {
        auto rules = std::make_shared<IntakeRules>();
        rules->site.categories = *eligibility::CategoryMap::read_csv("code,name,rule\n01,盗窃,survey\n0605,家暴,dv\n");
        rules->site.since = night - std::chrono::hours(24 * 20);
        auto guard = [this](std::string scopes, http::Handler handler) {
            asked_scope = scopes;
            return handler;
        };
        add_calls_route(router, guard, intake, [rules] { return rules; }, clock, [this] { ++arrivals; });
    }
    http::Response post(std::string body, std::string type = "application/json", std::string query = "", bool trusted = false,
                        std::vector<std::pair<std::string, std::string>> headers = {}) {
        http::Request request;
        request.method = "POST";
        request.target = "/v1/calls" + (query.empty() ? "" : "?" + query);
        request.parameters = http::parse_query(query);
        request.headers = std::move(headers);
        if (!type.empty()) request.headers.emplace_back("Content-Type", std::move(type));
        request.body = std::move(body);
        request.trusted = trusted;
        return test::run(io, router.handle(std::move(request)));
    }
    http::Response try_out(std::string documents, bool trusted = true) {
        http::Request request;
        request.method = "POST", request.target = "/control/dry-run", request.body = std::move(documents), request.trusted = trusted;
        return test::run(io, router.handle(std::move(request)));
    }
    // "LINE ID OUTCOME REASON" a row.
    std::vector<std::string> rows(const http::Response& response) {
        REQUIRE_MESSAGE(response.status == 200, response.body);
        return rows(json::parse(response.body));
    }
    std::vector<std::string> rows(const json::value& body) {
        std::vector<std::string> out;
        for (const auto& value : body.at("results").as_array()) {
            auto& row = value.as_object();
            CHECK(row.size() == 5);
            auto text = [&](const char* key) { return std::string(row.at(key).as_string()); };
            out.push_back(std::to_string(row.at("line").as_int64()) + " " + text("id") + " " + text("outcome") + " " + text("reason"));
            CHECK((text("outcome") == "rejected") == !text("detail").empty());
        }
        return out;
    }
    std::int64_t number(const char* sql) {
        std::int64_t value = 0;
        store->run_now([&](Connection& db) {
            Statement read(db, sql);
            read.step();
            value = read.integer(0);
        });
        return value;
    }
    std::int64_t cases() { return number("SELECT count(*) FROM cases"); }
};

// A good record with some fields said otherwise; null takes one away.
std::string call(std::string id, json::object other = {}) {
    json::object record = {{"id", id}, {"state", "closed"}, {"calling_line", "13900000001"}, {"category", "010100"}, {"unit", "320302120000"},
                           {"reported_at", "2026-11-20T20:00:00+08:00"}, {"closed_at", "2026-11-20T22:00:00+08:00"}};
    for (auto& pair : other) record[pair.key()] = pair.value();
    return json::serialize(record);
}
std::string with_field(const std::string& id, const char* field, const std::string& raw) {
    auto text = call(id, {{field, "@@"}});
    return text.replace(text.find("\"@@\""), 4, raw);
}
const std::string head = "id,state,calling_line,category,unit,reported_at,closed_at\n";
std::string csv_row(const std::string& id, const std::string& reported = "2026-11-20 20:00:00") {
    return id + ",closed,13900000001,010100,320302120000," + reported + ",2026-11-20 22:00:00\n";
}

}  // namespace

TEST_CASE("POST /v1/calls: an object, an array, NDJSON and CSV are answered row by row, with the line each began on") {
    Desk110 desk;
    CHECK(desk.asked_scope == "intake");
    CHECK(desk.rows(desk.post(call("a"))) == std::vector<std::string>{"1 a accepted "});
    CHECK(desk.arrivals == 1);
    CHECK(desk.rows(desk.post("[" + call("a") + "," + call("b", {{"category", "0605"}}) + ",7]", "application/json; charset=UTF-8")) ==
          std::vector<std::string>{"1 a unchanged ", "2 b excluded dv", "3  rejected record"});
    CHECK(desk.rows(desk.post(call("c", {{"state", "open"}, {"closed_at", nullptr}}) + "\n\nbroken\n" + call("d", {{"category", "99"}}), "application/x-ndjson")) ==
          std::vector<std::string>{"1 c excluded not_closed", "3  rejected json", "4 d excluded phone_hold"});
    CHECK(desk.rows(desk.post(head + csv_row("e") + "\"f\nf\",closed\n" + csv_row("g"), "text/csv; charset=utf-8")) ==
          std::vector<std::string>{"2 e excluded phone_hold", "3 f\nf rejected columns", "5 g excluded phone_hold"});
    CHECK(desk.number("SELECT sum(received) FROM intake_batches") == 1 + 3 + 3 + 3);
    CHECK(desk.number("SELECT sum(rejected) FROM intake_batches") == desk.number("SELECT count(*) FROM rejections"));
}

TEST_CASE("POST /v1/calls: nothing that is only said again wakes the dispatcher") {
    Desk110 desk;
    desk.post(call("a"));
    desk.arrivals = 0;
    desk.post(call("a"));
    desk.post("[7]");
    CHECK(desk.arrivals == 0);
}

TEST_CASE("POST /v1/calls: what cannot be read at all is a problem document, and nothing is stored") {
    Desk110 desk;
    std::string deep(1001, '['), good = call("a");
    struct { const char* given; std::string body, type, query; int status; } cases[] = {
        {"no type", good, "", "", 415},
        {"another type", good, "text/plain", "", 415},
        {"a charset that JSON does not have", good, "application/json; charset=gbk", "", 415},
        {"a charset that nobody has", head + csv_row("a"), "text/csv; charset=latin1", "", 415},
        {"nothing", "", "application/json", "", 400},
        {"half an object", good.substr(0, good.size() - 2), "application/json", "", 400},
        {"half an array", "[" + good + ",", "application/json", "", 400},
        {"something behind it", good + "x", "application/json", "", 400},
        {"no object", "\"a\"", "application/json", "", 400},
        {"too deep", deep + std::string(1001, ']'), "application/json", "", 400},
        {"bytes that are no UTF-8", with_field("a", "result", "\"\xc4\xe3\""), "application/json", "", 400},
        {"NDJSON without a line of JSON", "id,state\n1,closed\n", "application/x-ndjson", "", 400},
        {"CSV without a head row", csv_row("a"), "text/csv", "", 400},
        {"empty CSV", "", "text/csv", "", 400},
        {"a head row that lacks a required column", "id,state\na,closed\n", "text/csv", "", 400},
        {"an unknown mapping", head + csv_row("a"), "text/csv", "mapping=nobody", 400},
        {"a mapping that does not fit", head + csv_row("a"), "text/csv", "mapping=gat", 400},
        {"a parameter that nobody knows", head + csv_row("a"), "text/csv", "mappping=gat", 400},
    };
    for (auto& c : cases) {
        CAPTURE(c.given);
        auto answer = desk.post(c.body, c.type, c.query);
        CHECK(answer.status == c.status);
        CHECK(answer.content_type == "application/problem+json");
        CHECK_NOTHROW(json::parse(answer.body));
        CHECK(desk.cases() == 0);
        CHECK(desk.number("SELECT count(*) FROM intake_batches") == 0);
    }
    CHECK(desk.post(good, "application/json", "", false, {{"Content-Encoding", "gzip"}}).status == 415);
    CHECK(desk.arrivals == 0);
}

TEST_CASE("POST /v1/calls: a bad field costs its own row, is named, never repeated, and the neighbours are taken") {
    Desk110 desk;
    std::string nul("\"a\\u0000b\"");
    struct { const char* given; std::string record, field; } cases[] = {
        {"id missing", call("x", {{"id", nullptr}}), "id"},
        {"id empty", call(""), "id"},
        {"id too long", call(std::string(65, 'x')), "id"},
        {"id with NUL", with_field("x", "id", nul), "id"},
        {"id a number", call("x", {{"id", 7}}), "id"},
        {"state unknown", call("x", {{"state", "shut"}}), "state"},
        {"state missing", call("x", {{"state", nullptr}}), "state"},
        {"unit empty", call("x", {{"unit", " "}}), "unit"},
        {"unit too long", call("x", {{"unit", std::string(65, '3')}}), "unit"},
        {"category an array", call("x", {{"category", json::array{"01"}}}), "category"},
        {"category missing", call("x", {{"category", nullptr}}), "category"},
        {"result too long", call("x", {{"result", std::string(4001, 'r')}}), "result"},
        {"result with NUL", with_field("x", "result", nul), "result"},
        {"calling line a number", call("x", {{"calling_line", 13900000001}}), "calling_line"},
        {"calling line too long", call("x", {{"calling_line", std::string(129, '1')}}), "calling_line"},
        {"flags a text", call("x", {{"flags", "dv"}}), "flags"},
        {"officers without badges", call("x", {{"officers", json::array{json::object{{"role", "lead"}}}}}), "officers"},
        {"a role nobody has", call("x", {{"officers", json::array{json::object{{"badge", "1"}, {"role", "chief"}}}}}), "officers"},
        {"version negative", call("x", {{"version", -1}}), "version"},
        {"version a fraction", call("x", {{"version", 1.5}}), "version"},
        {"version 1e400", with_field("x", "version", "1e400"), "version"},
        {"1e400 where nobody looks", with_field("x", "extra", "{\"a\":1e400}"), "extra"},
        {"nested too deep", with_field("x", "extra", R"({"a":)" + std::string(31, '[') + std::string(31, ']') + "}"), "extra"},
        {"a key twice", call("x").insert(1, R"("unit":"1",)"), "unit"},
        {"a time without a zone", call("x", {{"reported_at", "2026-11-20T20:00:00"}}), "reported_at"},
        {"a time out of range", call("x", {{"reported_at", "1999-12-31T00:00:00+08:00"}}), "reported_at"},
        {"a time to come", call("x", {{"closed_at", "2026-11-21T09:00:00+08:00"}}), "closed_at"},
        {"a day that is none", call("x", {{"closed_at", "2026-02-30T09:00:00+08:00"}}), "closed_at"},
        {"a time that is a number", call("x", {{"closed_at", 1795190400}}), "closed_at"},
        {"closed before it was reported", call("x", {{"closed_at", "2026-11-20T19:59:59+08:00"}}), "closed_at"},
        {"closed without a time", call("x", {{"closed_at", nullptr}}), "closed_at"},
        {"a birthday that is none", call("x", {{"caller_birth", "90-5-1"}}), "caller_birth"},
    };
    int n = 0;
    for (auto& c : cases) {
        CAPTURE(c.given);
        auto before = call("before" + std::to_string(n), {{"calling_line", ""}}), after = call("after" + std::to_string(n), {{"calling_line", ""}});
        ++n;
        auto answer = desk.post("[" + before + "," + c.record + "," + after + "]");
        auto rows = desk.rows(answer);
        REQUIRE(rows.size() == 3);
        CHECK(rows[0].ends_with("excluded no_mobile"));
        CHECK(rows[1].ends_with(" rejected " + c.field));
        CHECK(rows[2].ends_with("excluded no_mobile"));
        CHECK(answer.body.find("13900000001") == std::string::npos);
    }
    CHECK(desk.cases() == 2 * n);
    CHECK(desk.number("SELECT count(*) FROM rejections") == n);
}

TEST_CASE("POST /v1/calls: units and officers nobody told us of are kept") {
    Desk110 desk;
    auto answer = desk.post(call("a", {{"unit", "999999999999"}, {"officers", json::array{json::object{{"badge", "NEW1"}, {"role", "lead"}}}}}));
    CHECK(desk.rows(answer) == std::vector<std::string>{"1 a accepted "});
    CHECK(desk.number("SELECT count(*) FROM cases WHERE unit = '999999999999' AND officer = 'NEW1'") == 1);
}

TEST_CASE("POST /v1/calls: CSV that is broken in places costs those rows only") {
    Desk110 desk;
    auto answer = desk.post(head + csv_row("a") + "b,closed,139\n" + csv_row("c", "2026-11-20 25:00:00") + csv_row("d", "2026-11-20T20:00:00+08:00") +
                                "e,\"closed,13900000001\n" + "f,closed,13900000001,0101", "text/csv");
    CHECK(desk.rows(answer) == std::vector<std::string>{"2 a accepted ", "3 b rejected columns", "4 c rejected reported_at", "5 d excluded capped",
                                                        "6 e rejected columns", "7 f rejected columns"});
    // Chinese in the bytes of a Windows system, said, unsaid and falsely said.
    std::string names = "id,state,calling_line,category,unit,reported_at,closed_at,result\n", gbk = "\xb5\xc1\xc7\xd4";
    auto row = [&](const char* id) { return std::string(id) + ",closed,,010100,320302120000,2026-11-20 20:00:00,2026-11-20 22:00:00," + gbk + "\n"; };
    CHECK(desk.rows(desk.post(names + row("g"), "text/csv; charset=GBK")) == std::vector<std::string>{"2 g excluded no_mobile"});
    CHECK(desk.rows(desk.post(names + row("h"), "text/csv")) == std::vector<std::string>{"2 h excluded no_mobile"});
    CHECK(desk.rows(desk.post(names + row("i"), "text/csv; charset=\"utf-8\"")) == std::vector<std::string>{"2 i rejected result"});
    CHECK(desk.cases() == 4);
}

TEST_CASE("POST /v1/calls: the gat mapping may be named") {
    Desk110 desk;
    auto answer = desk.post("jjdbh,jjdzt,bjdh,bjlbdm,cjdwdm,bjsj,scfksj\n1,05,13900000001,010100,320302120000,2026-11-20 20:00:00,2026-11-20 22:00:00\n",
                            "text/csv", "mapping=gat");
    CHECK(desk.rows(answer) == std::vector<std::string>{"2 1 accepted "});
}

TEST_CASE("POST /v1/calls: when the store fails nothing is stored, and the sender may come again") {
    Desk110 desk;
    desk.store->run_now([](Connection& db) {
        db.exec("CREATE TRIGGER broken BEFORE INSERT ON intake_batches BEGIN SELECT RAISE(ABORT, 'disk is full'); END");
    });
    auto answer = desk.post("[" + call("a") + "," + call("b", {{"calling_line", "13900000002"}}) + "]");
    CHECK(answer.status == 503);
    CHECK(answer.content_type == "application/problem+json");
    CHECK(answer.body.find("disk is full") == std::string::npos);
    REQUIRE(answer.headers.size() == 1);
    CHECK(answer.headers[0].first == "Retry-After");
    for (const char* table : {"cases", "messages", "decisions", "phones", "intake_batches", "ledger"}) {
        CAPTURE(table);
        CHECK(desk.number((std::string("SELECT count(*) FROM ") + table).c_str()) == 0);
    }
    CHECK(desk.arrivals == 0);
    desk.store->run_now([](Connection& db) { db.exec("DROP TRIGGER broken"); });
    CHECK(desk.rows(desk.post("[" + call("a") + "]")) == std::vector<std::string>{"1 a accepted "});
}

TEST_CASE("POST /v1/calls: of a long document too nothing is stored when the store fails in its middle") {
    Desk110 desk;
    std::string rows = head;
    for (int i = 0; i < 1300; ++i) rows += csv_row("r" + std::to_string(i));
    desk.store->run_now([](Connection& db) {
        db.exec("CREATE TRIGGER broken BEFORE INSERT ON cases WHEN (SELECT count(*) FROM cases) > 900 BEGIN SELECT RAISE(ABORT, 'disk is full'); END");
    });
    CHECK(desk.post(rows, "text/csv").status == 503);
    CHECK(desk.cases() == 0);
    CHECK(desk.number("SELECT count(*) FROM ledger") == 0);
    desk.store->run_now([](Connection& db) { db.exec("DROP TRIGGER broken"); });
    CHECK(desk.post(rows, "text/csv").status == 200);
    CHECK(desk.cases() == 1300);
    CHECK(desk.number("SELECT count(*) FROM intake_batches") == 1);
}

TEST_CASE("POST /v1/calls: the control socket sends pieces of a file, and may only ask what would happen") {
    Desk110 desk;
    auto given = [](const std::string& bytes, std::int64_t first_line = 1) {
        return json::object{{"bytes", to_base64(bytes)}, {"content_type", "text/csv"}, {"charset", "utf-8"}, {"mapping", ""}, {"first_line", first_line}};
    };
    // A later file sees what an earlier one would change, and one that cannot be read ends itself alone.
    auto tried = desk.try_out(json::serialize(json::array{given(head + csv_row("a") + csv_row("a")), given("no head\n"), given(head + csv_row("a"), 1000)}));
    REQUIRE(tried.status == 200);
    auto documents = json::parse(tried.body).at("documents").as_array();
    REQUIRE(documents.size() == 3);
    auto answers = [&](std::size_t n) { return desk.rows(documents.at(n)); };
    CHECK(answers(0) == std::vector<std::string>{"2 a accepted ", "3 a unchanged "});
    CHECK(documents.at(1).at("detail").as_string().find("head row") != std::string_view::npos);
    CHECK(answers(2) == std::vector<std::string>{"1001 a unchanged "});
    CHECK(desk.try_out("[]", false).status == 403);
    std::string many = head;
    for (int i = 0; i <= 100'000; ++i) many += csv_row("a");
    auto refused = desk.try_out(json::serialize(json::array{given(many)}));
    CHECK(refused.status == 400);
    CHECK(refused.body.find("100000 rows") != std::string::npos);
    for (const char* bad : {"", "{}", "[1]", "[{}]", R"([{"bytes":"!","content_type":"text/csv","charset":"","mapping":"","first_line":0}])"}) CHECK(desk.try_out(bad).status == 400);
    CHECK(desk.cases() == 0);
    CHECK(desk.number("SELECT count(*) FROM ledger") == 0);
    CHECK(desk.arrivals == 0);
    desk.store->run_now([](Connection& db) { CHECK(store::recompute(db)); });

    std::vector<std::pair<std::string, std::string>> later = {{"X-First-Line", "1000"}};
    CHECK(desk.rows(desk.post(head + csv_row("a"), "text/csv", "", true, later)) == std::vector<std::string>{"1001 a accepted "});
    CHECK(desk.rows(desk.post(head + csv_row("a"), "text/csv", "", false, later)) == std::vector<std::string>{"2 a unchanged "});
    CHECK(desk.post(head + csv_row("a"), "text/csv", "", true, {{"X-First-Line", "x"}}).status == 400);
}

TEST_CASE("POST /v1/calls: a document of more rows than a commit takes is answered whole and in order") {
    Desk110 desk;
    std::string body = head;
    for (int i = 0; i < 1203; ++i) body += csv_row(std::to_string(i));
    auto rows = desk.rows(desk.post(body, "text/csv"));
    REQUIRE(rows.size() == 1203);
    CHECK(rows[0] == "2 0 accepted ");
    CHECK(rows[1202] == "1204 1202 excluded capped");
    CHECK(desk.number("SELECT count(*) FROM intake_batches") == 1);  // all or nothing
    // A piece of a file is no request that somebody waits for: nobody else has to wait for all of it.
    CHECK(desk.rows(desk.post(body, "text/csv", "", true)).size() == 1203);
    CHECK(desk.number("SELECT count(*) FROM intake_batches") == 4);
}

TEST_CASE("a command may say the charset of JSON in a file, who posts may not") {
    Desk110 desk;
    const auto line = call("gb", {{"result", "Q"}});
    auto gb = line;
    gb.replace(gb.find("\"Q\""), 3, "\"\xbc\xd2\xb1\xa9\"");
    for (const char* type : {"application/x-ndjson; charset=gb18030", "application/json; charset=auto"}) {
        CAPTURE(type);
        CHECK(desk.post(gb, type).status == 415);
        CHECK(desk.post(gb, type, "", true).status == 200);
    }
}
