// 民警申诉, as stories: what an officer may ask, who decides, and what becomes of the scores.
#include <doctest/doctest.h>

#include <boost/json.hpp>

#include "daemon/admin/verify.hpp"
#include "daemon/followup/appeals_api.hpp"
#include "daemon/followup/work.hpp"
#include "daemon/reports/queries.hpp"
#include "daemon/reports/render.hpp"
#include "daemon/reports/story.hpp"
#include "daemon/site_rules.hpp"
#include "daemon/store/appeals.hpp"
#include "daemon/store/erasure.hpp"
#include "tests/flow/world.hpp"

using namespace pingjing;
using test::World;
using namespace std::chrono_literals;
namespace json = boost::json;
using store::Connection;

namespace {

const std::string caller = "13812345678";
const http::Asker officer{"9/王杰", "王杰", "320102430000", "012345", {"officer"}}, colleague{"10/陈", "陈", "320102430000", "054321", {"officer"}},
    station{"11/所长", "所长", "320102430000", "", {"unit"}}, sub_bureau{"3/张三", "张三", "320102000000", "900001", {"inspect"}},
    city{"4/李四", "李四", "320100000000", "900002", {"inspect"}};

// An officer, his station and 督察 at their desks: the same routes as the daemon's, the scopes being the routes' own business. Whatever
// the story did, the books and every promise hold at its end.
struct Desks : World {
    explicit Desks(const std::string& start = "2026-11-20T10:00:00+08:00") : World(start) {
        rules = std::make_shared<const followup::Rules>(followup_rules(settings()));
        followup::add_appeal_routes(router, [](std::string, http::Handler handler) { return handler; }, parts());
    }
    ~Desks() {
        CHECK(books_balance());
        store->run_now([](Connection& db) {
            for (const auto& failure : admin::verify(db).failures) FAIL_CHECK(failure.check << ": " << failure.detail);
        });
    }
    followup::Parts parts() { return {*store, seal, clock, random, [this] { return rules; }, {}}; }

    http::Response ask(const char* method, const std::string& target, const http::Asker& asker, const std::string& body = "") {
        http::Request request;
        auto question = target.find('?');
        request.method = method, request.target = target, request.path = target.substr(0, question), request.body = body, request.asker = asker;
        if (question != std::string::npos) request.parameters = http::parse_query(target.substr(question + 1));
        std::optional<http::Response> out;
        run_for([&]() -> asio::awaitable<void> { out = co_await router.handle(std::move(request)); });
        return *out;
    }
    http::Response file(const std::string& record, const http::Asker& asker = officer, const std::string& ground = "slip") {
        return ask("POST", "/v1/appeals", asker, json::serialize(json::object{{"case_id", record}, {"ground", ground}, {"note", "群众13812345678来电说按错了"}}));
    }
    // The state after it, or status and detail.
    std::string step(int appeal, const char* name, const http::Asker& asker, const std::string& outcome = "", const std::string& note = "听过录音") {
        json::object body{{"note", note}};
        if (!outcome.empty()) body["outcome"] = outcome;
        auto response = ask("POST", fmt::format("/v1/appeals/{}/{}", appeal, name), asker, json::serialize(body));
        auto v = json::parse(response.body).as_object();
        return response.status == 200 ? std::string(v.at("state").as_string()) : fmt::format("{} {}", response.status, std::string(v.at("detail").as_string()));
    }
    std::string seen(const http::Asker& asker, const std::string& state = "all") { return ask("GET", "/v1/appeals?state=" + state, asker).body; }
    std::string state_for(const http::Asker& asker, int appeal = 1) {
        auto response = ask("GET", fmt::format("/v1/appeals/{}", appeal), asker);
        return response.status == 200 ? std::string(json::parse(response.body).at("state").as_string()) : std::to_string(response.status);
    }
    int clocks() {
        int done = 0;
        run_for([&]() -> asio::awaitable<void> { done = co_await followup::look_at_clocks(parts()); });
        return done;
    }

    // A closed call; its survey went, and was answered with that. Empty: it was not.
    void rated(const std::string& record, const std::string& answer, const std::string& phone = caller) {
        auto before = sent.size();
        REQUIRE(call(record, phone) == "accepted");
        pass(3h);
        REQUIRE(sent.size() == before + 1);
        receipt(sent.back().ref);
        slots[record] = sent.back().extension;
        if (!answer.empty()) reply(phone, answer, slots[record]);
    }
    json::value row(const std::string& report, std::size_t number = 0) {
        json::value out;
        store->run_now([&](Connection& db) {
            reports::Request request{.report = report, .raw = true};
            auto table = reports::make_report(db, {}, {}, request, "Asia/Shanghai", clock.now());
            REQUIRE(table);
            out = json::parse(reports::render_json(*table)).at("rows").at(number);
        });
        return out;
    }
    // S, B and D of the officer and of his station.
    std::string scores() {
        std::string out;
        for (const char* report : {"officers", "units", "force"}) {
            auto r = row(report, std::string(report) == "units" ? 2 : 0);
            out += fmt::format("{}{}{} ", r.at("satisfied").as_int64(), r.at("basically_satisfied").as_int64(), r.at("dissatisfied").as_int64());
        }
        return out;
    }
    // filed open upheld not_upheld, rated left_out taken_out, share: of the station.
    std::string appeals() {
        auto r = row("appeals", 2);
        auto n = [&](const char* key) { return r.at(key).as_int64(); };
        return fmt::format("{} {} {} {}, {} {} {}, {}", n("filed"), n("open"), n("upheld"), n("not_upheld"), n("rated"), n("left_out"), n("taken_out"), r.at("taken_out_share").to_number<double>());
    }
    std::string story(const std::string& record) {
        std::string out;
        store->run_now([&](Connection& db) {
            auto read = reports::read_story(db, seal, record, true);
            REQUIRE(read);
            out = reports::story_text(*read, "Asia/Shanghai") + reports::story_json(*read, "Asia/Shanghai");
        });
        return out;
    }
    std::string terminal(const std::string& report, bool raw = true) {
        std::string out;
        store->run_now([&](Connection& db) { out = reports::render_terminal(*reports::make_report(db, {}, {}, {.report = report, .raw = raw}, "Asia/Shanghai", clock.now())); });
        return out;
    }

    http::Router router{};
    std::shared_ptr<const followup::Rules> rules;
    std::map<std::string, std::string> slots{};  // by record
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("an appeal that is upheld: a slip of the caller's leaves the scores, and nothing is deleted") {
    Desks w;
    w.rated("a", "3");
    w.rated("b", "1", "13812345679");
    CHECK(w.scores() == "101 101 101 ");
    CHECK(w.appeals() == "0 0 0 0, 2 0 0, 0");

    // The officer knows of the call, for the caller rang him up, and of no rating.
    auto filed = w.file("a");
    REQUIRE(filed.status == 200);
    auto answer = json::parse(filed.body).as_object();
    CHECK(answer.size() == 7);
    CHECK(answer.at("state") == "open");
    CHECK(w.scores() == "100 100 100 ");  // left out until it is decided
    CHECK(w.appeals() == "1 1 0 0, 2 1 0, 0");
    CHECK(has(w.story("a"), "申诉中暂不计入"));
    CHECK(has(w.terminal("units"), "1 ratings are left out until an appeal is decided, 0 were taken out"));

    w.pass(24h);
    auto told = json::parse(w.ask("GET", "/v1/appeals/1", sub_bureau).body);
    CHECK(told.at("rating") == "dissatisfied");
    CHECK(told.at("said").at(0).at("text") == "3");
    CHECK(told.at("steps").at(0).at("note") == "群众138****5678来电说按错了");
    CHECK(w.step(1, "propose", sub_bureau, "upheld", "回访时本人说按错了") == "proposed");
    CHECK(w.state_for(officer) == "open");  // what is proposed is not decided
    CHECK(w.scores() == "100 100 100 ");
    CHECK(has(w.step(1, "confirm", sub_bureau), "403 nobody confirms"));
    CHECK(w.step(1, "confirm", city) == "upheld");
    CHECK(w.state_for(officer) == "upheld");

    CHECK(w.scores() == "100 100 100 ");
    CHECK(w.appeals() == "1 0 1 0, 2 0 1, 0.5");
    CHECK(w.row("appeals").at("taken_out") == 1);  // of the force, too
    CHECK(has(w.terminal("officers"), "0 ratings are left out until an appeal is decided, 1 were taken out"));
    CHECK(w.value("SELECT count(*) || ' ' || group_concat(grade) FROM (SELECT * FROM ratings ORDER BY id)") == "2 dissatisfied,satisfied");
    CHECK(w.value("SELECT state FROM followups") == "opened");  // he is owed his answer all the same
    auto told_whole = w.story("a");
    CHECK(has(told_whole, "申诉成立已剔除"));
    for (const char* part : {"appeal 提出 filed, 群众误评 slip by 012345: 9/王杰", "appeal 拟办 proposed, 成立 upheld: 3/张三 「回访时本人说按错了」", "appeal 复核同意 confirmed: 4/李四", "申诉 appeal: 成立 upheld, 群众误评 slip", R"("state":"upheld")", R"("counts":false)"}) {
        CAPTURE(part);
        CHECK(has(told_whole, part));
    }
    CHECK(w.value("SELECT count(*) FROM ledger WHERE kind = 'access'") == "3");  // each look at what the caller wrote
    for (const char* edit : {"UPDATE appeals SET state = 'not_upheld'", "DELETE FROM appeals", "DELETE FROM appeal_steps", "UPDATE appeal_steps SET note = x'00'"})
        CHECK_THROWS(w.exec(edit));
}

TEST_CASE("neither filing an appeal nor its end tells whoever reads the tables what that call was rated") {
    Desks w;
    std::vector<std::string> shown[2];
    auto look = [&](int of) {
        shown[of].clear();
        for (const char* report : {"units", "force", "officers"}) shown[of].push_back(w.terminal(report, false));
    };
    auto number = [](int n) { return fmt::format("139000004{:02}", n); };
    for (int n = 0; n < 12; ++n) REQUIRE(w.call(fmt::format("c{}", n), number(n)) == "accepted");
    REQUIRE(w.call("silent", number(20)) == "accepted");
    w.pass(3h);
    REQUIRE(w.sent.size() == 13);
    auto sent = w.sent;
    for (const auto& one : sent) {
        w.receipt(one.ref);
        if (one.phone != number(20)) w.reply(one.phone, one.phone < number(6) ? "3" : "1", one.extension);
    }
    auto appeals_row = [&] {
        json::value row;
        w.store->run_now([&](Connection& db) { row = json::parse(reports::render_json(*reports::make_report(db, {}, {}, {.report = "appeals"}, "Asia/Shanghai", w.clock.now()))).at("rows").at(2); });
        return fmt::format("{} {} {}", json::serialize(row.at("rated")), json::serialize(row.at("left_out")), json::serialize(row.at("taken_out")));
    };
    auto decide = [&](int appeal, const char* outcome) {
        REQUIRE(w.step(appeal, "propose", sub_bureau, outcome) == "proposed");
        REQUIRE(w.step(appeal, "confirm", city) == outcome);
    };
    look(0);
    CHECK(appeals_row() == "12 null null");
    for (const char* record : {"silent", "c0", "c6"}) {
        REQUIRE(w.file(record).status == 200);
        look(1);
        CHECK(shown[1] == shown[0]);
        CHECK(appeals_row() == "12 null null");
    }
    decide(1, "upheld"), decide(2, "upheld"), decide(3, "not_upheld");
    look(1);
    CHECK(shown[1] == shown[0]);
    CHECK(appeals_row() == "12 null null");
    for (int n = 1; n < 6; ++n) {
        look(0);
        REQUIRE(w.file(fmt::format("c{}", n)).status == 200);
        look(1);
        CHECK(shown[1] == shown[0]);
        decide(3 + n, "upheld");
        look(1);
        CHECK((shown[1] == shown[0]) == (n != 4));  // five go together: c0 to c4
        if (n >= 4) CHECK(appeals_row() == "12 null 5");
    }
    CHECK(w.scores() == "600 600 600 ");  // raw knows the sixth as well
    CHECK(has(shown[1][0], "0 ratings are left out until an appeal is decided, 5 were taken out"));
    auto five = shown[1];
    // Nor does re-coding one, which the unit can bring about.
    w.call("c7", number(7), "02", R"(,"version":9)");
    REQUIRE(w.value("SELECT sum(recoded_after) FROM cases") == "1");
    look(1);
    CHECK(shown[1] == five);
    CHECK(has(w.terminal("units"), "1 answers are left out until inspection decides"));
}

TEST_CASE("an appeal that is not upheld: the rating leaves the officer's score and returns") {
    Desks w;
    w.rated("a", "3");
    CHECK(w.scores() == "001 001 001 ");
    REQUIRE(w.file("a", officer, "malice").status == 200);
    CHECK(w.scores() == "000 000 000 ");
    CHECK(w.step(1, "propose", city, "not_upheld", "没有证据") == "proposed");
    CHECK(w.scores() == "000 000 000 ");
    CHECK(w.step(1, "confirm", sub_bureau) == "not_upheld");
    CHECK(w.scores() == "001 001 001 ");
    CHECK(w.appeals() == "1 0 0 1, 1 0 0, 0");
    CHECK(w.state_for(officer) == "not_upheld");
    CHECK(has(w.story("a"), R"("counts":true)"));
    CHECK(has(w.step(1, "propose", city, "upheld"), "409 the appeal is decided"));
    CHECK(w.file("a").status == 409);           // a call is appealed once
    CHECK(w.file("a", station).status == 409);  // by whomever
}

TEST_CASE("an appeal that is withdrawn: the rating counts again, and a call is appealed once all the same") {
    Desks w;
    w.rated("a", "3");
    w.rated("b", "1", "13812345679");
    REQUIRE(w.file("a").status == 200);
    REQUIRE(w.file("b", station, "malice").status == 200);
    CHECK(w.scores() == "000 000 000 ");
    auto back = [&](int appeal, const http::Asker& asker, const std::string& more = "") {
        return w.ask("POST", fmt::format("/v1/appeals/{}/withdraw", appeal), asker, fmt::format(R"({{"note":"听过录音,是我的问题"{}}})", more));
    };
    // Nobody's but whose it is: an officer's by no colleague and not by his station, a station's not by an officer of it, and by no decider.
    for (const auto& stranger : {colleague, station}) CHECK(back(1, stranger).status == 404);
    for (const auto& decider : {sub_bureau, city}) CHECK(back(1, decider).status == 404);
    CHECK(back(2, officer).status == 404);
    CHECK(back(7, officer).body == back(2, officer).body);  // he does not even hear that it is there
    CHECK(back(1, colleague, R"(,"badge":"012345")").status == 403);
    CHECK(w.ask("POST", "/v1/appeals/1/withdraw", officer).status == 400);  // without a reason

    CHECK(w.step(1, "propose", sub_bureau, "upheld", "按错了") == "proposed");
    auto told = back(1, officer);
    REQUIRE(told.status == 200);
    CHECK(json::parse(told.body).at("state") == "withdrawn");
    CHECK_FALSE(has(told.body, "rating"));
    CHECK(w.scores() == "001 001 001 ");
    CHECK(has(w.step(1, "confirm", city), "409 the appeal is over: withdrawn"));
    CHECK(back(1, officer).status == 409);
    CHECK(w.file("a").status == 409);  // or filing and withdrawing were a switch
    CHECK(w.state_for(sub_bureau) == "withdrawn");
    CHECK(w.row("appeals", 2).at("withdrawn") == 1);
    CHECK(w.appeals() == "2 1 0 0, 2 1 0, 0");
    CHECK(json::parse(w.seen(city, "open")).at("appeals").as_array().size() == 1);
    auto story = w.story("a");
    CHECK(has(story, "appeal 撤回 withdrawn: 9/王杰 「听过录音,是我的问题」"));
    CHECK(has(story, R"("counts":true)"));
    CHECK_FALSE(has(story, "申诉中暂不计入"));

    // From paper, by whoever keeps the site, who says for whom. What is decided stays.
    const http::Asker keeper{"control/赵六", "赵六", "", "", {"admin"}};
    CHECK(back(2, keeper, R"(,"badge":"012345")").status == 404);
    CHECK(back(2, keeper, R"(,"unit":"320102430000")").status == 200);
    CHECK(w.scores() == "101 101 101 ");
    w.rated("c", "3", "13812345670");
    auto third = static_cast<int>(json::parse(w.file("c").body).at("id").as_int64());
    CHECK(w.step(third, "propose", sub_bureau, "upheld", "按错了") == "proposed");
    CHECK(w.step(third, "confirm", city) == "upheld");
    CHECK(has(back(third, officer).body, "the appeal is decided: upheld"));
    w.pass(24h * 30);  // nobody is pressed for what was taken back
    w.clocks();
    CHECK(w.value("SELECT count(*) FROM appeal_steps WHERE step = 'escalated'") == "0");
    for (const char* edit : {"UPDATE appeals SET state = 'filed' WHERE id = 1", "DELETE FROM appeal_withdrawals", "UPDATE appeal_withdrawals SET who = 'x'", "INSERT INTO appeal_withdrawals SELECT max(id), 0, 'x' FROM appeals"})
        CHECK_THROWS(w.exec(edit));
}

TEST_CASE("the second person does not agree, and the two change places") {
    Desks w;
    w.rated("a", "3");
    REQUIRE(w.file("a", station, "wrong_person").status == 200);
    CHECK(w.step(1, "propose", sub_bureau, "upheld", "记录有误") == "proposed");
    CHECK(has(w.step(1, "return", sub_bureau), "403 nobody confirms or returns"));
    CHECK(w.step(1, "return", city, "", "出警记录上是他") == "filed");
    CHECK(w.value("SELECT proposed IS NULL AND proposed_by IS NULL AND rating_id IS NULL FROM appeals") == "1");
    CHECK(has(w.step(1, "confirm", city), "409 the appeal is filed"));
    CHECK(w.scores() == "000 000 000 ");
    CHECK(w.step(1, "propose", city, "not_upheld", "出警记录上是他") == "proposed");
    CHECK(has(w.step(1, "confirm", {"20/李四", "李四 ", "", "", {"inspect"}}), "403 nobody confirms"));  // himself by another token
    CHECK(w.step(1, "confirm", sub_bureau) == "not_upheld");
    CHECK(w.scores() == "001 001 001 ");
    CHECK(w.value("SELECT group_concat(step) FROM (SELECT * FROM appeal_steps ORDER BY id)") == "filed,proposed,returned,proposed,confirmed");
    CHECK(w.state_for(station) == "not_upheld");
    CHECK(w.state_for(officer) == "404");  // it was his station's
}

TEST_CASE("an appeal that comes too late changes nothing") {
    Desks w;  // closed on Friday the 20th at ten: to be answered until the 26th, to be appealed until December 3rd
    w.rated("a", "3");
    w.pass(24h * 13);
    auto late = w.file("a");
    CHECK(late.status == 409);
    CHECK(has(late.body, "too late: an appeal about this call could be filed until 2026-12-03T10:00:00+08:00"));
    CHECK(w.scores() == "001 001 001 ");
    CHECK(w.value("SELECT count(*) FROM appeals") == "0");
}

TEST_CASE("an officer's list is his own, whoever else filed how many, and so many of his wait at a time") {
    Desks w;
    for (int n = 0; n < 13; ++n) {
        w.officers = n < 11 ? R"([{"badge":"012345","role":"lead"}])" : R"([{"badge":"054321","role":"lead"}])";
        REQUIRE(w.call(fmt::format("c{}", n), fmt::format("139000005{:02}", n)) == "accepted");
    }
    for (int n = 0; n < 10; ++n) REQUIRE(w.file(fmt::format("c{}", n)).status == 200);
    auto eleventh = w.file("c10");
    CHECK(eleventh.status == 409);
    CHECK(has(eleventh.body, "10 appeals of yours wait for a decision"));
    CHECK(w.file("c10", station).status == 200);  // the unit's are counted apart
    CHECK(w.file("c11", colleague).status == 200);
    auto rows = [&](const http::Asker& asker) { return json::parse(w.seen(asker)).at("appeals").as_array().size(); };
    CHECK(rows(officer) == 10);
    CHECK(rows(colleague) == 1);
    CHECK(rows(station) == 1);
    CHECK(rows(city) == 12);
    CHECK(w.value("SELECT count(*) FROM ledger WHERE kind = 'access'") == "1");  // the look of the one who sees what they are about
    REQUIRE(w.step(1, "propose", sub_bureau, "not_upheld") == "proposed");
    REQUIRE(w.step(1, "confirm", city) == "not_upheld");
    w.officers = R"([{"badge":"012345","role":"lead"}])";
    REQUIRE(w.call("c13", "13900000513") == "accepted");
    CHECK(w.file("c13").status == 200);
    w.store->run_now([](Connection& db) {
        CHECK(store::list_appeals(db, {true}, false, 3).size() == 3);
        CHECK(store::list_appeals(db, {true}, true, 3).size() == 4);  // three that wait, and the one that is decided
        CHECK(store::list_appeals(db, {}, true, 3).empty());
    });
}

TEST_CASE("an officer files about his own calls alone, a station about its own, and only 督察 decides") {
    Desks w;
    w.rated("a", "3");
    for (const auto& stranger : {colleague, http::Asker{"12/钱", "钱", "320104430000", "", {"unit"}}}) {
        auto refused = w.file("a", stranger);
        CHECK(refused.status == 404);
        auto unknown = w.file("nothing", stranger);
        CHECK(unknown.body == refused.body);  // it does not even hear that there is such a call
    }
    CHECK(w.file("a", {"12/x", "x", "", "", {"officer"}}).status == 403);                // a token without a badge
    CHECK(w.file("a", {"12/x", "x", "320102430000", "012345", {"inspect"}}).status == 403);
    CHECK(w.file("a", {"12/", "", "", "012345", {"officer"}}).status == 403);            // nobody's
    auto for_another = R"({"case_id":"a","ground":"slip","note":"x","badge":"012345"})";
    CHECK(w.ask("POST", "/v1/appeals", colleague, for_another).status == 403);
    CHECK(w.value("SELECT count(*) FROM appeals") == "0");
    // Whoever keeps the site types in what was handed in on paper, and has filed it himself, too.
    const http::Asker keeper{"control/赵六", "赵六", "", "", {"admin"}};
    CHECK(w.ask("POST", "/v1/appeals", keeper, for_another).status == 200);
    CHECK(w.state_for(officer) == "open");
    CHECK(w.state_for(colleague) == "404");
    CHECK(has(w.step(1, "propose", keeper, "upheld"), "404"));
    for (const auto& party : {http::Asker{"5/王杰", "王杰", "320102000000", "012345", {"inspect", "officer"}}, http::Asker{"6/李", "李", "320102430000", "", {"inspect"}}}) {
        CHECK(has(w.step(1, "propose", party, "upheld"), party.badge.empty() ? "404" : "403"));
        CHECK_FALSE(has(w.ask("GET", "/v1/appeals/1", party).body, "dissatisfied"));
    }
    CHECK(has(w.step(1, "propose", {"6/李", "李", "320102440000", "", {"inspect"}}, "upheld"), "403 an appeal is decided on the next higher level"));
}

TEST_CASE("an appeal about a call that nobody rated looks like any other") {
    Desks w;
    w.rated("a", "3");
    w.rated("b", "", "13812345679");
    w.rated("c", "1", "13812345670");
    REQUIRE(w.call("d", "13812345671", "02") == "excluded dv");  // who was never asked, either
    auto scrubbed = [](std::string body, const std::string& record) {
        auto v = json::parse(body).as_object();
        CHECK(v.at("case_id").as_string() == record);
        v["id"] = 0, v["case_id"] = "";
        return json::serialize(v);
    };
    auto rated = scrubbed(w.file("a").body, "a");
    for (const char* record : {"b", "c", "d"}) CHECK(scrubbed(w.file(record).body, record) == rated);
    for (auto list = json::parse(w.seen(officer)).at("appeals").as_array(); const auto& row : list) CHECK(scrubbed(json::serialize(row), std::string(row.at("case_id").as_string())) == rated);
    CHECK(w.appeals() == "4 4 0 0, 2 2 0, 0");

    // It is decided as any other, by two, and tells the officer as much: nobody who was not rated has anything taken out.
    CHECK(w.step(2, "propose", sub_bureau, "upheld", "不是他出的警") == "proposed");
    CHECK(w.step(2, "confirm", city) == "upheld");
    CHECK(w.state_for(officer, 2) == "upheld");
    CHECK(w.appeals() == "4 3 1 0, 2 2 0, 0");
    // What came after the decision was judged by nobody, and counts.
    w.reply("13812345679", "3", w.slots["b"]);
    CHECK(w.scores() == "001 001 001 ");
    CHECK(w.appeals() == "4 3 1 0, 3 2 0, 0");
}

TEST_CASE("what the caller writes between the two persons is new to the first of them") {
    Desks w;
    w.rated("a", "3");
    REQUIRE(w.file("a").status == 200);
    CHECK(w.step(1, "propose", sub_bureau, "upheld", "按错了") == "proposed");
    w.reply(caller, "不是3,打错了,是1", w.slots["a"]);
    REQUIRE(w.value("SELECT group_concat(effect) FROM (SELECT * FROM ratings ORDER BY id)") == "first,replaces");
    CHECK(has(w.step(1, "confirm", city), "409 the rating is another one since that was proposed"));
    CHECK(w.step(1, "return", city, "", "本人已更正") == "filed");
    CHECK(w.step(1, "propose", city, "not_upheld", "本人已更正") == "proposed");
    CHECK(w.step(1, "confirm", sub_bureau) == "not_upheld");
    CHECK(w.scores() == "100 100 100 ");
}

TEST_CASE("who was named by the call before is answered alike, rated or not") {
    Desks w;
    w.rated("a", "3");
    w.rated("b", "", "13812345679");
    w.closed_at(w.clock.now() - 6h);
    for (const char* record : {"a", "b"}) {
        auto number = std::string(record) == "a" ? caller : std::string("13812345679");
        auto named = fmt::format(R"({{"id":"{}","state":"closed","calling_line":"{}","category":"0101","unit":"320102440000","officers":[{{"badge":"054321","role":"lead"}}],)"
                                 R"("reported_at":"{}","closed_at":"{}","version":2}})", record, number, format_utc(w.clock.now() - 7h), format_utc(w.clock.now() - 6h));
        w.run_for([&]() -> asio::awaitable<void> {
            intake::Intake intake(*w.store, w.seal, w.random);
            intake::Document document{.bytes = named, .content_type = "application/json"};
            auto records = record_rules(w.settings(), w.clock.now());
            auto taken = co_await intake.take(std::move(document), std::move(records), *w.gateway().rules(), "test");
            REQUIRE(taken);
        });
    }
    REQUIRE(w.value("SELECT count(*) FROM case_former") == "2");
    REQUIRE(w.value("SELECT officer || unit FROM ratings") == "012345320102430000");
    CHECK(w.file("a").status == 200);
    CHECK(w.file("b").status == 200);
    // He is rated and a party still; and his station, which the call does not name any more.
    CHECK(has(w.step(1, "propose", {"5/x", "x", "", "012345", {"inspect", "officer"}}, "upheld"), "403"));
    CHECK(w.step(1, "propose", {"5/x", "x", "320102430000", "", {"inspect"}}, "upheld").starts_with("404"));
    CHECK(w.step(1, "propose", sub_bureau, "upheld", "记录已更正") == "proposed");
    CHECK(w.step(1, "confirm", city) == "upheld");
}

TEST_CASE("an appeal that nobody decides goes a level up, once, and stands in the list") {
    Desks w;
    w.rated("a", "3");
    REQUIRE(w.file("a").status == 200);
    auto followups = w.clocks();
    CHECK(followups == 0);
    w.pass(24h * 7 - 1h);  // five working days over a weekend
    w.clocks();
    CHECK(w.value("SELECT escalated FROM appeals") == "0");
    w.pass(2h);
    w.clocks();
    w.clocks();
    CHECK(w.value("SELECT escalated FROM appeals") == "1");
    CHECK(w.value("SELECT group_concat(step || ' ' || who) FROM (SELECT * FROM appeal_steps ORDER BY id)") == "filed 9/王杰,escalated pingjing");
    auto row = json::parse(w.seen(city, "open")).at("appeals").at(0);
    CHECK(row.at("overdue") == true);
    CHECK(row.at("escalated") == 1);
    CHECK(w.row("appeals").at("overdue") == 1);
    CHECK(w.step(1, "propose", city, "not_upheld", "没有证据") == "proposed");
    CHECK(w.step(1, "confirm", sub_bureau) == "not_upheld");
    CHECK(json::parse(w.seen(city, "open")).at("appeals").as_array().empty());
    CHECK(w.row("appeals").at("overdue") == 0);
}

TEST_CASE("what an appeal says of a citizen goes with everything else of his, and no later note outlives it") {
    Desks w;
    w.rated("a", "3");
    REQUIRE(w.file("a").status == 200);
    CHECK(w.step(1, "propose", sub_bureau, "upheld", "回访时本人说按错了") == "proposed");
    REQUIRE(w.value("SELECT count(*) FROM appeal_steps WHERE length(note) > 0") == "2");
    w.pass(24h);
    w.store->run_now([&](Connection& db) {
        auto named = store::find_named(db, w.seal, *Phone::mobile(caller));
        REQUIRE(named);
        REQUIRE(store::forget(db, w.seal, *named, {"control", "he asked for it"}, w.clock.now()));
    });
    CHECK(w.value("SELECT count(*) FROM appeal_steps WHERE length(note) > 0") == "0");
    CHECK(w.step(1, "confirm", city, "", "同意") == "upheld");
    CHECK(w.value("SELECT count(*) FROM appeal_steps WHERE length(note) > 0") == "0");
    CHECK(w.value("SELECT count(*) FROM appeal_steps") == "3");
    CHECK(w.scores() == "000 000 000 ");
}

TEST_CASE("verify finds an appeal that was decided by one person, or otherwise than its steps say") {
    auto found = [](const char* what, const char* edit) {
        CAPTURE(what);
        Desks w;
        w.rated("a", "3");
        REQUIRE(w.file("a").status == 200);
        CHECK(w.step(1, "propose", sub_bureau, "upheld") == "proposed");
        CHECK(w.step(1, "confirm", city) == "upheld");
        std::string said;
        w.store->run_now([&](Connection& db) {
            store::Savepoint undone(db);
            db.exec("INSERT INTO tokens(id, hash, scopes, name, unit, badge, made_at) VALUES (3, x'03', '', '', '', '7', 0), (4, x'04', '', '', '', '8', 0)");
            db.exec("DROP TRIGGER appeals_decided_once");
            db.exec("DROP TRIGGER appeal_steps_stay");
            db.exec(edit);
            for (const auto& failure : admin::verify(db).failures)
                if (failure.check.starts_with("appeal_")) said += failure.check + " ";
        });
        return said;
    };
    CHECK(found("nothing", "SELECT 1") == "");
    CHECK(found("two tokens of one badge", "UPDATE tokens SET badge = '7'") == "appeal_by_two_persons ");
    CHECK(found("by whoever filed it", "UPDATE appeals SET filed_by = '4/李四'") == "appeal_by_two_persons ");
    CHECK(found("another outcome", "UPDATE appeal_steps SET step = 'returned' WHERE step = 'confirmed'") == "appeal_as_its_steps ");
    CHECK(found("by somebody else", "UPDATE appeals SET decided_by = '8/钱七'") == "appeal_as_its_steps ");
    CHECK(found("taken back by nobody", "INSERT INTO appeal_steps(id, appeal_id, at, who, step) VALUES (99, 1, 0, '9/王杰', 'withdrawn')") == "appeal_as_its_steps ");
    CHECK(found("taken back after all", "DROP TRIGGER appeal_withdrawals_in_time; INSERT INTO appeal_withdrawals VALUES (1, 0, '9/王杰'); "
                "INSERT INTO appeal_steps(id, appeal_id, at, who, step) VALUES (99, 1, 0, '9/王杰', 'withdrawn')") == "appeal_withdrawn_in_time ");
    CHECK(found("a rating of another call", "INSERT INTO cases SELECT 77, 'x', version, content_key, state, unit, category, source, linked_to, language, phone_id, contact_id, officer, "
                "officer_role, call_taker, reported_at, closed_at, received_at, changed_at, code, kind, flags, safety, recoded_after, erased_at FROM cases WHERE id = 1; "
                "INSERT INTO ratings SELECT 99, 77, inbound_id, at, grade, value, method, effect, officer, unit FROM ratings WHERE id = 1; UPDATE appeals SET rating_id = 99") ==
          "appeal_of_its_rating ");
}
