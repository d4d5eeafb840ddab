// 件件有回复, as a story: what becomes of a 3.
#include <doctest/doctest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fstream>

#include "daemon/admin/verify.hpp"
#include "daemon/core/tree.hpp"
#include "daemon/followup/api.hpp"
#include "daemon/followup/work.hpp"
#include "daemon/store/erasure.hpp"
#include "daemon/store/followups.hpp"
#include "daemon/store/phones.hpp"
#include "daemon/store/reviews.hpp"
#include "tests/flow/world.hpp"

using namespace pingjing;
using namespace pingjing::test;
namespace json = boost::json;
using store::Connection;

namespace {

constexpr const char* caller = "13812345678";
const http::Asker inspector{"3/张三", "张三", "320100000000", "900001", {"inspect"}}, other{"4/李四", "李四", "", "", {"inspect"}}, station{"7/王五", "王五", "320102430000", "", {"unit"}},
    stranger{"8/赵六", "赵六", "320104000000", "", {"unit"}};

// 督察 and the station at their desks: the same routes as the daemon's, the scopes being the routes' own business.
struct Desks {
    explicit Desks(World& world) : w(world) {
        rules = std::make_shared<const followup::Rules>(followup_rules(w.settings()));
        followup::add_work_routes(router, [](std::string, http::Handler handler) { return handler; }, parts());
        followup::add_followup_routes(router, [](std::string, http::Handler handler) { return handler; }, *w.store, w.seal, w.clock);
    }
    followup::Parts parts() { return {*w.store, w.seal, w.clock, w.random, [this] { return rules; }, [this] { w.gateway().dispatcher().wake(); }}; }

    http::Response ask(const char* method, const std::string& path, const http::Asker& asker, const std::string& body = "") {
        http::Response out;
        w.run_for([&]() -> asio::awaitable<void> {
            http::Request request;
            request.method = method, request.path = request.target = path, request.body = body, request.asker = asker;
            out = co_await router.handle(std::move(request));
        });
        return out;
    }
    std::string step(const char* name, const http::Asker& asker, const std::string& body) {
        auto response = ask("POST", fmt::format("/v1/followups/1/{}", name), asker, body);
        auto v = json::parse(response.body).as_object();
        return response.status == 200 ? std::string(v.at("state").as_string()) : fmt::format("{} {}", response.status, std::string(v.at("detail").as_string()));
    }
    int clocks() {
        int done = 0;
        w.run_for([&]() -> asio::awaitable<void> { done = co_await followup::look_at_clocks(parts()); });
        return done;
    }

    World& w;
    http::Router router{};
    std::shared_ptr<const followup::Rules> rules;
};

// Asked at nine in the evening, answered in the night.
void complain(World& w) {
    REQUIRE(w.call("a", caller) == "accepted");
    w.pass(std::chrono::hours(3));
    REQUIRE(w.sent.size() == 1);
    w.receipt(w.sent[0].ref);
    w.pass(std::chrono::hours(4));
    w.reply(caller, "3 等了两个小时", w.sent[0].extension);
    REQUIRE(w.value("SELECT state FROM followups") == "opened");
}

void check_whole(World& w, const char* when) {
    CAPTURE(when);
    w.store->run_now([](Connection& db) {
        for (const auto& failure : admin::verify(db).failures) FAIL_CHECK(failure.check << ": " << failure.detail);
    });
}

}  // namespace

TEST_CASE("a 3 at night becomes a call-back, a finding, a work order, a 回告 and a second rating") {
    World w("2026-11-20T18:30:00+08:00");
    Desks desks(w);
    complain(w);
    auto before = w.sent.size();  // the question and the thanks

    w.pass(std::chrono::hours(6));
    CHECK(desks.step("call", inspector, R"({"outcome":"no_answer"})") == "opened");
    w.pass(std::chrono::hours(2));
    CHECK(desks.step("call", inspector, R"({"outcome":"reached","note":"他说等了两个小时,没有人解释"})") == "called_back");
    auto seen = json::parse(desks.ask("GET", "/v1/followups/1", inspector).body);
    CHECK(seen.at("said").at(0).at("text").as_string() == "3 等了两个小时");
    CHECK(seen.at("phone").as_string() == "138****5678");
    CHECK(seen.at("steps").as_array().size() == 3);
    CHECK(desks.step("verify", inspector, R"({"finding":"valid","topic":"response_speed","place":"鼓楼","note":"出警记录 118 分钟"})") == "verified");
    CHECK(desks.step("order", inspector, R"({"person":"所长"})") == "rectifying");

    // The station sees its work order, and not who it was; another station sees nothing.
    auto orders = json::parse(desks.ask("GET", "/v1/followups", station).body).at("followups").as_array();
    REQUIRE(orders.size() == 1);
    CHECK(orders[0].at("state").as_string() == "rectifying");
    for (const char* hidden : {"phone", "grade", "officer", "no_callback"}) CHECK(!orders[0].as_object().contains(hidden));
    CHECK(json::parse(desks.ask("GET", "/v1/followups", stranger).body).at("followups").as_array().empty());
    auto order = json::parse(desks.ask("GET", "/v1/followups/1", station).body).as_object();
    CHECK(order.at("topic").as_string() == "response_speed");
    CHECK_FALSE(order.contains("said"));
    CHECK_FALSE(order.contains("phone"));
    CHECK_FALSE(order.contains("reveals"));
    CHECK(order.at("place").as_string() == "鼓楼");
    CHECK(order.at("ordered_to").as_string() == "所长");
    REQUIRE(order.at("steps").as_array().size() == 1);  // the order itself, nothing of what was said and found before it
    CHECK(order.at("steps").at(0).at("step").as_string() == "rectifying");
    CHECK(desks.ask("GET", "/v1/followups/1", stranger).status == 404);
    CHECK(desks.step("rectify", stranger, R"({"note":"done"})").starts_with("404"));
    w.pass(std::chrono::hours(48));
    CHECK(desks.step("rectify", station, R"({"note":"增派夜间警力"})") == "rectified");
    CHECK(desks.step("review", station, R"({"agreed":true})").starts_with("403"));
    CHECK(desks.step("review", other, R"({"agreed":false,"note":"没有道歉"})") == "rectifying");
    auto returned = json::parse(desks.ask("GET", "/v1/followups/1", station).body).at("steps").as_array();
    CHECK(returned.back().at("note").as_string() == "没有道歉");  // what is missing is for the unit to read
    CHECK(desks.step("rectify", station, R"({"note":"已上门道歉,打回 13912345678"})") == "rectified");
    CHECK(desks.step("review", other, R"({"agreed":true,"note":"态度问题属实"})") == "reviewed");
    // A number in a note is shown to nobody, and what the reviewer thinks not to the unit.
    auto seen_by_unit = desks.ask("GET", "/v1/followups/1", station).body, seen_by_inspector = desks.ask("GET", "/v1/followups/1", inspector).body;
    CHECK(seen_by_unit.find("139****5678") != std::string::npos);
    CHECK(seen_by_unit.find("态度问题属实") == std::string::npos);
    CHECK(seen_by_inspector.find("态度问题属实") != std::string::npos);
    CHECK(seen_by_inspector.find("13912345678") == std::string::npos);

    // 回告 is decided in the night and goes in the morning, once.
    w.pass(std::chrono::hours(16));
    CHECK(desks.step("tell", inspector, R"({"how":"sms"})") == "told");
    CHECK(w.value("SELECT count(*) FROM messages WHERE purpose = 'told'") == "1");
    CHECK(desks.step("close", inspector, "{}").starts_with("409 the text"));  // it has not left yet
    w.pass(std::chrono::hours(14));
    REQUIRE(w.sent.size() == before + 1);
    CHECK(w.sent.back().text.find("12389") != std::string::npos);
    w.receipt(w.sent.back().ref);
    w.reply(caller, "1", w.sent[0].extension);
    CHECK(w.value("SELECT group_concat(grade || ' ' || effect) FROM (SELECT * FROM ratings ORDER BY id)") == "dissatisfied first,satisfied second");
    CHECK(desks.step("close", inspector, R"({"note":"满意"})") == "closed");
    CHECK(w.value("SELECT count(*) FROM followup_steps") == "11");
    CHECK(w.value("SELECT count(*) FROM ledger WHERE kind = 'access'") == "6");
    check_whole(w, "closed");
}

TEST_CASE("what is overdue goes a level up, once for each limit") {
    World w("2026-11-20T18:30:00+08:00");
    Desks desks(w);
    complain(w);
    CHECK(desks.clocks() == 0);
    w.pass(std::chrono::hours(25));
    CHECK(desks.clocks() == 1);
    CHECK(desks.clocks() == 0);
    CHECK(w.value("SELECT escalated FROM followup_work") == "1");
    CHECK(desks.step("call", inspector, R"({"outcome":"reached","note":"said so"})") == "called_back");
    CHECK(desks.clocks() == 0);  // the same limit, told already
    CHECK(desks.step("verify", inspector, R"({"finding":"valid","topic":"attitude","note":"seen"})") == "verified");
    CHECK(desks.step("order", inspector, R"({"person":"所长"})") == "rectifying");
    w.pass(std::chrono::hours(24 * 8));
    CHECK(desks.clocks() == 1);
    CHECK(w.value("SELECT group_concat(state) FROM followup_steps WHERE who = 'pingjing'") == "opened,escalated,escalated");
    CHECK(json::parse(desks.ask("GET", "/v1/followups/1", inspector).body).at("escalated").as_int64() == 2);
    check_whole(w, "escalated");
}

TEST_CASE("by a clock in doubt nothing goes a level up") {
    World w("2026-11-20T18:30:00+08:00");
    Desks desks(w);
    complain(w);
    w.pass(std::chrono::hours(25));
    w.store->run_now([&](Connection& db) { store::place_hold(db, "clock", std::nullopt, "the clock jumped", w.clock.now()); });
    CHECK(desks.clocks() == 0);
    CHECK(w.value("SELECT count(*) FROM followup_work") == "0");
    w.store->run_now([&](Connection& db) { store::release_holds(db, "clock", std::nullopt, "it is right", w.clock.now()); });
    CHECK(desks.clocks() == 1);
}

TEST_CASE("words that were no complaint end their follow-up by a second person's reason") {
    World w("2026-11-20T18:30:00+08:00");
    Desks desks(w);
    REQUIRE(w.call("a", caller) == "accepted");
    w.pass(std::chrono::hours(3));
    w.receipt(w.sent.at(0).ref);
    w.reply(caller, "太差了,等了两个小时", w.sent[0].extension);
    REQUIRE(w.value("SELECT state FROM followups") == "opened");
    REQUIRE(w.value("SELECT kind FROM reviews") == "words");
    auto grade = [&](http::Asker asker = other) {
        http::Router router;
        followup::add_followup_routes(router, [](std::string, http::Handler handler) { return handler; }, *w.store, w.seal, w.clock);
        http::Response out;
        w.run_for([&]() -> asio::awaitable<void> {
            http::Request request;
            request.method = "GET", request.path = request.target = "/v1/followups", request.asker = asker;
            out = co_await router.handle(std::move(request));
        });
        auto rows = json::parse(out.body).at("followups").as_array();
        return rows.empty() ? std::string("nothing") : json::serialize(rows[0].at("grade"));
    };
    CHECK(grade() == "\"dissatisfied\"");
    CHECK(grade({"5/王杰", "王杰", "", "012345", {"inspect"}}) == "nothing");  // he was there
    CHECK(grade({"6/李", "李", "320102430000", "", {"inspect"}}) == "nothing");
    CHECK(desks.step("drop", other, R"({"note":"he did not mean it"})").starts_with("409"));
    w.store->run_now([&](Connection& db) {
        store::NewDecision none;
        none.decision = "none";
        REQUIRE(store::decide_review(db, w.seal, 1, none, {inspector.who}, store::ReviewRules(), w.clock.now()));
    });
    CHECK(grade() == "null");
    CHECK(desks.step("drop", inspector, R"({"note":"he did not mean it"})").starts_with("403"));
    CHECK(desks.step("drop", other, "{}").starts_with("400 note"));
    CHECK(desks.step("drop", other, R"({"note":"he spoke of the weather"})") == "closed");
    CHECK(w.value("SELECT who || ' ' || state FROM followup_steps ORDER BY id DESC LIMIT 1") == "4/李四 dropped");
    check_whole(w, "dropped");
}

TEST_CASE("a reason given after the text it is about was erased goes when it is old itself") {
    World w("2026-11-20T18:30:00+08:00");
    REQUIRE(w.call("a", caller) == "accepted");
    w.pass(std::chrono::hours(3));
    w.receipt(w.sent.at(0).ref);
    w.reply(caller, "太差了,等了两个小时", w.sent[0].extension);
    w.store->run_now([&](Connection& db) {
        auto named = store::find_named(db, w.seal, *Phone::mobile(caller));
        REQUIRE(store::forget(db, w.seal, *named, {"control", "asked by letter"}, w.clock.now()));
        store::NewDecision decision;
        decision.decision = "confirmed", decision.note = Text("she said so at the counter");
        REQUIRE(store::decide_review(db, w.seal, 1, decision, {inspector.who}, store::ReviewRules(), w.clock.now()));
    });
    auto night = [&](Millis after) {
        store::Limits limits{w.clock.now() + after - Millis(std::chrono::hours(24 * 180)), Instant::min(), Instant::min()};
        w.store->run_now([&](Connection& db) { store::erase_expired(db, store::find_expired(db, limits, store::Round::texts, store::Ids()), limits, w.clock.now()); });
    };
    night(std::chrono::hours(24 * 179));
    CHECK(w.value("SELECT length(note) > 0 FROM review_notes") == "1");
    night(std::chrono::hours(24 * 181));
    CHECK(w.value("SELECT length(note) FROM review_notes") == "0");
    check_whole(w, "old");
}

TEST_CASE("a step with a key twice is no step") {
    World w("2026-11-20T18:30:00+08:00");
    Desks desks(w);
    complain(w);
    w.pass(std::chrono::hours(6));
    CHECK(desks.step("call", inspector, R"({"outcome":"declined","outcome":"reached","note":"x"})").starts_with("400"));
    CHECK(w.value("SELECT state FROM followups") == "opened");
}

TEST_CASE("after a restore nobody is told by text of what was opened before it") {
    World w("2026-11-20T18:30:00+08:00");
    Desks desks(w);
    complain(w);
    w.pass(std::chrono::hours(6));
    CHECK(desks.step("call", inspector, R"({"outcome":"reached","note":"said so"})") == "called_back");
    w.exec(fmt::format("INSERT INTO meta(key, value) VALUES ('no_send_before', '{}')", to_millis(w.clock.now())));  // what `restore` writes
    w.pass(std::chrono::hours(1));
    CHECK(desks.step("verify", inspector, R"({"finding":"partly","topic":"attitude","note":"recorded"})") == "verified");
    CHECK(desks.step("order", inspector, R"({"person":"所长"})") == "rectifying");
    CHECK(desks.step("rectify", station, R"({"note":"谈话"})") == "rectified");
    CHECK(desks.step("review", other, R"({"agreed":true})") == "reviewed");
    CHECK(desks.step("tell", inspector, R"({"how":"sms"})").starts_with("409"));
    CHECK(w.value("SELECT count(*) FROM messages WHERE purpose = 'told'") == "0");
    CHECK(desks.step("tell", inspector, R"({"how":"letter"})") == "told");
}

TEST_CASE("a 回告 takes the survey's digits only while they are its own") {
    World w("2026-11-20T18:30:00+08:00");
    Desks desks(w);
    complain(w);
    w.pass(std::chrono::hours(6));
    CHECK(desks.step("call", inspector, R"({"outcome":"reached","note":"said so"})") == "called_back");
    CHECK(desks.step("verify", inspector, R"({"finding":"partly","topic":"attitude","note":"recorded"})") == "verified");
    CHECK(desks.step("order", inspector, R"({"person":"所长"})") == "rectifying");
    CHECK(desks.step("rectify", station, R"({"note":"谈话"})") == "rectified");
    CHECK(desks.step("review", other, R"({"agreed":true})") == "reviewed");
    std::string expected = "0";
    SUBCASE("its own") {}
    SUBCASE("another's") { w.exec("UPDATE slots SET case_id = 999"), expected = "1"; }
    CHECK(desks.step("tell", inspector, R"({"how":"sms"})") == "told");
    CHECK(w.value("SELECT slot IS NULL FROM messages WHERE purpose = 'told'") == expected);
}

TEST_CASE("what was written freely stands nowhere in the open, and goes with the case, also what was written after it went") {
    World w("2026-11-20T18:30:00+08:00");
    Desks desks(w);
    complain(w);
    w.pass(std::chrono::hours(6));
    const std::string place = "qixia road", person = "zhang wei", reason = "he asked for miss li";
    CHECK(desks.ask("POST", "/v1/followups/1/reveal", inspector, fmt::format(R"({{"reason":"{}"}})", reason)).status == 200);
    CHECK(desks.step("call", inspector, R"({"outcome":"reached","note":"said so"})") == "called_back");
    CHECK(desks.step("verify", inspector, fmt::format(R"({{"finding":"valid","topic":"attitude","place":"{}","note":"recorded"}})", place)) == "verified");
    CHECK(desks.step("order", inspector, fmt::format(R"({{"person":"{}"}})", person)) == "rectifying");
    auto shown = json::parse(desks.ask("GET", "/v1/followups/1", inspector).body);
    CHECK(shown.at("place").as_string() == place);
    CHECK(shown.at("ordered_to").as_string() == person);
    CHECK(shown.at("reveals").at(0).at("reason").as_string() == reason);
    auto in_the_file = [&](const std::string& words) {
        std::ifstream in(w.store->path(), std::ios::binary);
        std::string bytes((std::istreambuf_iterator<char>(in)), {});
        std::ifstream log(w.store->path() + "-wal", std::ios::binary);
        bytes.append((std::istreambuf_iterator<char>(log)), {});
        return bytes.find(words) != std::string::npos;
    };
    CHECK(in_the_file("followup_opened"));
    for (const auto& words : {place, person, reason}) CHECK_FALSE(in_the_file(words));

    // Forgotten while the work goes on: what stands there goes at once, what comes later when it is old.
    w.store->run_now([&](Connection& db) {
        auto named = store::find_named(db, w.seal, *Phone::mobile(caller));
        REQUIRE(store::forget(db, w.seal, *named, {"control", "asked by letter"}, w.clock.now()));
    });
    auto words_left = "SELECT (SELECT coalesce(sum(length(note)), 0) FROM followup_steps) + (SELECT coalesce(sum(length(reason)), 0) FROM reveals) + "
                      "(SELECT coalesce(sum(length(place) + length(ordered_to)), 0) FROM followup_words)";
    CHECK(w.value(words_left) == "0");
    CHECK(json::parse(desks.ask("GET", "/v1/followups/1", inspector).body).at("place").is_null());
    CHECK(desks.step("rectify", station, R"({"note":"spoke with him"})") == "rectified");
    CHECK(desks.step("review", other, R"({"agreed":false,"note":"not enough"})") == "rectifying");
    check_whole(w, "forgotten");
    auto night = [&](Millis after) {
        store::Limits limits{w.clock.now() + after - Millis(std::chrono::hours(24 * 180)), Instant::min(), Instant::min()};
        w.store->run_now([&](Connection& db) { store::erase_expired(db, store::find_expired(db, limits, store::Round::texts, store::Ids()), limits, w.clock.now()); });
    };
    night(std::chrono::hours(24 * 179));
    CHECK(w.value(words_left) != "0");
    night(std::chrono::hours(24 * 181));
    CHECK(w.value(words_left) == "0");
    check_whole(w, "old");
}

TEST_CASE("a 回告 goes to nobody who opted out or is on hold, and what did not go is not told") {
    World w("2026-11-20T18:30:00+08:00");
    Desks desks(w);
    complain(w);
    w.pass(std::chrono::hours(6));
    CHECK(desks.step("call", inspector, R"({"outcome":"reached","note":"said so"})") == "called_back");
    CHECK(desks.step("verify", inspector, R"({"finding":"partly","topic":"attitude","note":"recorded"})") == "verified");
    CHECK(desks.step("order", inspector, R"({"person":"所长"})") == "rectifying");
    CHECK(desks.step("rectify", station, R"({"note":"谈话"})") == "rectified");
    CHECK(desks.step("review", other, R"({"agreed":true})") == "reviewed");
    w.pass(std::chrono::hours(14));  // in the night
    CHECK(desks.step("tell", inspector, R"({"how":"sms"})") == "told");
    auto before = w.sent.size();

    SUBCASE("a safety code comes before the morning") { CHECK(w.call("violence", caller, "02") == "excluded dv"); }
    SUBCASE("the clock is in doubt until it is too late") {
        w.store->run_now([&](Connection& db) { store::place_hold(db, "clock", std::nullopt, "test", w.clock.now()); });
        w.pass(std::chrono::hours(80));
        w.store->run_now([&](Connection& db) { store::release_holds(db, "clock", std::nullopt, "test", w.clock.now()); });
    }
    SUBCASE("he opts out before the morning") { w.reply(caller, "退订", w.sent[0].extension); }
    auto texts = [&] { return std::count_if(w.sent.begin() + static_cast<std::ptrdiff_t>(before), w.sent.end(), [](const auto& s) { return s.text.find("12389") != std::string::npos; }); };
    w.pass(std::chrono::hours(14));
    CHECK(texts() == 0);
    CHECK(w.value("SELECT state FROM messages WHERE purpose = 'told'") == "cancelled");
    CHECK(desks.clocks() == 1);
    CHECK(w.value("SELECT state FROM followups") == "reviewed");
    CHECK(desks.step("tell", inspector, R"({"how":"sms"})").starts_with("409"));
    CHECK(desks.step("tell", inspector, R"({"how":"letter"})") == "told");
    CHECK(desks.clocks() == 0);
    check_whole(w, "told by letter");
}

TEST_CASE("where others may read the phone the 回告 is no text, nor where nothing was put right") {
    World w("2026-11-20T18:30:00+08:00");
    Desks desks(w);
    complain(w);
    w.pass(std::chrono::hours(6));
    CHECK(desks.step("call", inspector, R"({"outcome":"reached","note":"said so"})") == "called_back");
    SUBCASE("nothing") { CHECK(desks.step("verify", inspector, R"({"finding":"invalid","topic":"attitude","note":"recorded"})") == "verified"); }
    SUBCASE("others") {
        CHECK(desks.step("verify", inspector, R"({"finding":"partly","topic":"attitude","note":"recorded"})") == "verified");
        CHECK(desks.step("order", inspector, R"({"person":"所长"})") == "rectifying");
        CHECK(desks.step("rectify", station, R"({"note":"谈话"})") == "rectified");
        w.exec("UPDATE cases SET kind = 'survey_neutral'");
    }
    CHECK(desks.step("review", other, R"({"agreed":true})") == "reviewed");
    CHECK(desks.step("tell", inspector, R"({"how":"sms"})").starts_with("409"));
    CHECK(w.value("SELECT count(*) FROM messages WHERE purpose = 'told'") == "0");
    CHECK(desks.step("tell", inspector, R"({"how":"letter"})") == "told");
}

TEST_CASE("a number is shown to a person, for a reason, and that is written down") {
    World w("2026-11-20T18:30:00+08:00");
    Desks desks(w);
    complain(w);
    CHECK(desks.ask("POST", "/v1/followups/1/reveal", inspector, "{}").status == 400);
    CHECK(desks.ask("POST", "/v1/followups/1/reveal", {"control", "", "", "", {"admin"}}, R"({"reason":"to call back"})").status == 403);
    auto shown = desks.ask("POST", "/v1/followups/1/reveal", inspector, R"({"reason":"to call back"})");
    CHECK(json::parse(shown.body).at("phone").as_string() == caller);
    CHECK(w.value("SELECT data FROM ledger WHERE kind = 'access'").find(R"("who":"3/张三","followup":1})") != std::string::npos);  // why stands sealed beside it
    // The rated officer and his shift, whatever their rights elsewhere.
    for (const auto& party : {http::Asker{"5/王杰", "王杰", "", "012345", {"inspect"}}, http::Asker{"6/李", "李", "320102430000", "", {"inspect"}}}) {
        CHECK(desks.ask("GET", "/v1/followups/1", party).status == 404);
        CHECK(desks.ask("POST", "/v1/followups/1/reveal", party, R"({"reason":"curious"})").status == 404);
    }
    // The record names another number now: who was asked is still who is called back.
    CHECK(w.call("a", "13987654321", "0101", R"(,"version":2)").starts_with("updated"));
    CHECK(json::parse(desks.ask("POST", "/v1/followups/1/reveal", inspector, R"({"reason":"again"})").body).at("phone").as_string() == caller);
    // Nor does it name the officer any more who was rated: he and his unit are parties still.
    w.exec("UPDATE cases SET officer = '054321', unit = '320104430000' WHERE record = 'a'");
    w.exec("DELETE FROM case_officers WHERE case_id = 1");
    for (const auto& party : {http::Asker{"5/王杰", "王杰", "", "012345", {"inspect"}}, http::Asker{"6/李", "李", "320102430000", "", {"inspect"}}})
        CHECK(desks.ask("GET", "/v1/followups/1", party).status == 404);
    CHECK(desks.ask("GET", "/v1/followups/99", inspector).status == 404);
    CHECK(desks.ask("GET", "/v1/followups/one", inspector).status == 404);
    CHECK(desks.step("call", inspector, "[").starts_with("400"));
    CHECK(desks.step("call", inspector, R"({"colour":"red"})").starts_with("400 colour"));
    check_whole(w, "shown");
}
