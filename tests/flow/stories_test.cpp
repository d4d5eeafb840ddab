// Whole stories, from the closed call to what stands in the books.
#include "daemon/reports/story.hpp"
#include "tests/flow/mailbox.hpp"

using namespace pingjing;
using test::Mailbox;
using namespace std::chrono_literals;

namespace {
const std::string morning = "2026-11-21T09:00:00+08:00";
const std::string zhang = "13812345678";
}  // namespace

TEST_CASE("story: what was read as a complaint was none, and then there is one") {
    Mailbox w(morning);
    w.call("A1", zhang);
    w.pass(2h + 1min);
    auto slot = w.sent[0].extension;
    w.reply(zhang, "态度很差,很不满意", slot);
    REQUIRE(w.value("SELECT state FROM followups") == "opened");
    REQUIRE(w.ask("POST", "/v1/review/1", R"({"decision":"none"})", "甲", "7").status == 200);
    REQUIRE(w.ask("POST", "/v1/followups/1/drop", R"({"note":"说的是邻居"})", "乙", "8").status == 200);
    CHECK(w.value("SELECT state FROM followups") == "closed");
    w.pass(1h);
    w.reply(zhang, "3", slot);
    CHECK(w.value("SELECT grade || ' ' || effect FROM ratings ORDER BY id DESC") == "dissatisfied replaces");
    CHECK(w.value("SELECT class FROM inbound ORDER BY id DESC") == "rated");
    CHECK(w.value("SELECT state FROM followups") == "opened");  // somebody calls him within a day after all
    CHECK(w.ask("POST", "/v1/followups/1/drop", R"({"note":"x"})", "乙", "8").status == 409);
}

TEST_CASE("story: a 3 at night is called back, found right, put right and told, he rates again, the officer appeals and thinks better of it, and explain is its file") {
    Mailbox w("2026-11-20T19:00:00+08:00");
    w.call("A1", zhang);
    w.pass(1h + 55min);
    REQUIRE(w.sent.empty());  // after nine nobody is asked
    w.pass(11h + 45min);
    REQUIRE(w.sent.size() == 1);
    w.pass(14h + 30min);
    w.reply(zhang, "3 等了两个小时", w.sent[0].extension);  // at eleven at night
    auto step = [&](const char* name, const char* body, const char* who, const char* token) {
        auto response = w.ask("POST", std::string("/v1/followups/1/") + name, body, who, token);
        CHECK_MESSAGE(response.status == 200, name, response.body);
        w.pass(1h);
    };
    w.pass(10h);
    w.ask("POST", "/v1/followups/1/reveal", R"({"reason":"回访"})", "赵督察", "3");
    step("call", R"({"outcome":"reached","note":"等了118分钟,无人解释"})", "赵督察", "3");
    step("verify", R"({"finding":"valid","topic":"response_speed","place":"栖霞路","note":"出警记录证实"})", "赵督察", "3");
    step("order", R"({"person":"李所长"})", "赵督察", "3");
    step("rectify", R"({"note":"夜班增派一组"})", "李所长", "11");
    step("review", R"({"agreed":true})", "钱主任", "4");
    step("tell", R"({"how":"sms"})", "赵督察", "3");
    REQUIRE(w.texted("已核查整改", zhang) == 1);
    w.reply(zhang, "2", w.sent[0].extension);  // of what was done: kept beside the first
    step("close", R"({"note":"无异议"})", "赵督察", "3");
    CHECK(w.value("SELECT group_concat(grade || ' ' || effect) FROM (SELECT * FROM ratings ORDER BY id)") == "dissatisfied first,basically_satisfied second");
    REQUIRE(w.ask("POST", "/v1/appeals", R"({"case_id":"A1","ground":"other_service","note":"那次是另一组"})", "王杰", "9", "012345", {"officer"}).status == 200);
    w.pass(1h);
    REQUIRE(w.ask("POST", "/v1/appeals/1/propose", R"({"outcome":"not_upheld","note":"记录上是他"})", "赵督察", "3").status == 200);
    w.pass(1h);
    REQUIRE(w.ask("POST", "/v1/appeals/1/withdraw", R"({"note":"看过记录"})", "王杰", "9", "012345", {"officer"}).status == 200);

    std::string file;
    w.store->run_now([&](store::Connection& db) { file = reports::story_text(*reports::read_story(db, w.seal, "A1", true), "Asia/Shanghai"); });
    CAPTURE(file);
    std::size_t before = 0;
    for (const char* part : {"收到记录 record received, no. 1: 应评 accepted", "短信 text planned: 评价短信 survey", "请回复数字", "来信 answer: 评价 rated, dissatisfied", "「3 等了两个小时」",
                             "评价 rated 不满意 dissatisfied, 首次 first, 按数字 code", "回访 follow-up 立案 opened: pingjing", "查看号码 the number was shown to 3/赵督察 「回访」",
                             "回访 follow-up 已回访 called_back: 3/赵督察 「等了118分钟,无人解释」", "回访 follow-up 核查认定 verified: 3/赵督察, 认定 属实 valid, 问题 出警速度 response_speed, 地点 栖霞路 「出警记录证实」",
                             "回访 follow-up 下发整改 rectifying: 3/赵督察, 责任单位 320102430000, 责任人 李所长", "回访 follow-up 整改反馈 rectified: 11/李所长 「夜班增派一组」",
                             "回访 follow-up 审核同意 reviewed: 4/钱主任", "回访 follow-up 回告 told: 3/赵督察, 方式 短信 sms", "已核查整改", "「2」", "评价 rated 基本满意 basically_satisfied, 二次回访 second",
                             "回访 follow-up 办结 closed: 3/赵督察 「无异议」", "申诉 appeal 提出 filed, 评价的并非本次出警 other_service by 012345: 9/王杰 「那次是另一组」",
                             "申诉 appeal 拟办 proposed, 不成立 not_upheld: 3/赵督察", "申诉 appeal 撤回 withdrawn: 9/王杰 「看过记录」", "现状 now: 应评 to be asked", "评价 rating 不满意 dissatisfied",
                             "回访 follow-up: 办结 closed, 认定 属实 valid, 问题 出警速度 response_speed, 二次评价 second rating 基本满意 basically_satisfied\n", "申诉 appeal: 撤回 withdrawn, 评价的并非本次出警 other_service\n"}) {
        CAPTURE(part);
        auto at = file.find(part, before);
        REQUIRE(at != std::string::npos);
        before = at;
    }
    for (const char* none : {"账本", "{\"", "暂不计入", "13812345678"}) {  // nothing twice, no rows of a machine, and he is no longer left out
        CAPTURE(none);
        CHECK(file.find(none) == std::string::npos);
    }
}

TEST_CASE("story: the officer whom she cries about neither sees her cry nor silences it") {
    Mailbox w(morning);
    w.call("A1", zhang);
    w.pass(2h + 1min);
    w.reply(zhang, "那个警察又来我家了,救命,他要杀我", w.sent[0].extension);
    auto alarms = w.json_of("/v1/desk").at("alarms").as_array();
    REQUIRE(alarms.size() == 1);
    auto one = "/v1/desk/" + std::string(alarms[0].at("alarm_id").as_string());
    CHECK(w.ask("GET", "/v1/desk", "", "王杰", "5", "012345").body.find(std::string(alarms[0].at("alarm_id").as_string())) == std::string::npos);
    CHECK(w.ask("GET", one, "", "王杰", "5", "012345").status == 404);
    CHECK(w.ask("POST", one + "/reveal", R"({"reason":"x"})", "王杰", "5", "012345").status == 404);
    CHECK(w.ask("POST", one + "/ack", "", "王杰", "5", "012345").status == 404);
    CHECK(w.value("SELECT count(*) FROM alarms WHERE acknowledged_at IS NULL") == "1");
    CHECK(w.ask("POST", one + "/ack", "", "李值班", "6", "099999").status == 200);
}

TEST_CASE("story: she writes that he is at the door with a knife and that nobody must call back") {
    Mailbox w(morning);
    w.call("A1", zhang);
    w.pass(2h + 1min);
    auto slot = w.sent[0].extension;
    w.pass(11h);  // after ten at night
    w.reply(zhang, "他拿着刀在门口 救我 千万别回电话", slot);
    CHECK(w.sent.size() == 1);  // nothing lights up her phone
    auto alarms = w.json_of("/v1/desk").at("alarms").as_array();
    REQUIRE(alarms.size() == 1);
    CHECK(alarms[0].at("do_not_contact") == true);
    CHECK(alarms[0].at("case_id") == "A1");
    auto id = std::string(alarms[0].at("alarm_id").as_string());
    // The desk got nothing yet by its sink: for the number it says why it wants it.
    CHECK(alarms[0].at("phone") == "138****5678");
    CHECK(w.ask("POST", "/v1/desk/" + id + "/reveal", R"({"reason":"定位报警人,不回拨"})").body.find(zhang) != std::string::npos);
    w.pass(4min);
    CHECK(w.ask("POST", "/v1/desk/" + id + "/ack", R"({"words":"就近两组已出发,不回拨"})", "李值班").status == 200);
    CHECK(w.value("SELECT (acknowledged_at - at) / 60000 FROM alarms") == "4");
    // In the morning she thanks, and rates, and hears nothing; what she wrote at night was no rating and opted nothing out.
    w.pass(9h);
    w.reply(zhang, "1 谢谢你们救了我", slot);
    CHECK(w.value("SELECT grade FROM ratings") == "satisfied");
    CHECK(w.sent.size() == 1);  // he may read her phone still
    CHECK(w.value("SELECT count(*) FROM opt_outs") == "0");
    w.store->run_now([&](store::Connection& db) {
        auto table = reports::desk_report(db, "2026-11-21", "2026-11-22", "Asia/Shanghai");
        REQUIRE(table.rows.size() == 2);
        CHECK(std::get<std::int64_t>(table.rows[0][1]) == 1);
        CHECK(std::get<std::int64_t>(table.rows[0][6]) == 1);
        CHECK(std::get<std::int64_t>(table.rows[0][8]) >= 240);
        CHECK(std::get<std::string>(table.rows[1][0]) == "320102430000");
    });
}

TEST_CASE("story: he gives a 1 and wants no more texts, the 1 counts, the rest ends at once, START brings it back") {
    Mailbox w(morning, {.survey = "per_phone_24h = 9\nper_phone_30d = 90"});
    w.call("A1", zhang);
    w.pass(2h + 1min);
    w.call("A2", zhang);
    w.reply(zhang, "1 退订", w.sent[0].extension);
    CHECK(w.value("SELECT grade || ' ' || effect FROM ratings") == "satisfied first");
    CHECK(w.value("SELECT class FROM inbound") == "opt_out");
    CHECK(w.texted("已为您退订", zhang) == 1);
    CHECK(w.texted("感谢", zhang) == 0);  // one text, and that is the confirmation
    CHECK(w.surveys() == "1 cancelled, 1 delivered");
    CHECK(w.call("A3", zhang, "0301") == "excluded opt_out");  // of every template
    w.reply(zhang, "恢复");
    CHECK(w.call("A4", zhang, "0301") == "accepted");
}

TEST_CASE("story: three calls by one phone in a day, answered out of order, each to its own call") {
    Mailbox w(morning, {.survey = "per_phone_24h = 9\nper_phone_30d = 90"});
    std::vector<std::string> slots;
    for (const char* id : {"A1", "A2", "A3"}) {
        w.call(id, zhang);
        w.pass(2h + 1min);
        slots.push_back(w.sent.back().extension);
        REQUIRE(w.sent.back().text.find(test::survey_words) != std::string::npos);
    }
    CHECK(std::set<std::string>(slots.begin(), slots.end()).size() == 3);
    w.reply(zhang, "3 最后这次没人来", slots[2]);
    w.reply(zhang, "1", slots[0]);
    w.reply(zhang, "2", slots[1]);
    CHECK(w.value("SELECT group_concat(c.record || ' ' || r.grade, ', ') FROM (SELECT * FROM ratings ORDER BY case_id) r JOIN cases c ON c.id = r.case_id") ==
          "A1 satisfied, A2 basically_satisfied, A3 dissatisfied");
    CHECK(w.value("SELECT c.record FROM followups f JOIN cases c ON c.id = f.case_id") == "A3");
    // Each answer leaves under the number that its question came from.
    for (std::size_t i = 3; i < w.sent.size(); ++i) CHECK(std::ranges::find(slots, w.sent[i].extension) != slots.end());
    CHECK(w.texted("督察部门", zhang) == 1);
    CHECK(w.texted("感谢您的评价", zhang) == 2);
}

TEST_CASE("story: weeks later he writes again, a person reads it, answers in hours, and what he answers to that is a letter of its own") {
    Mailbox w("2026-11-20T20:30:00+08:00");
    w.call("A1", zhang);
    w.pass(14h);
    REQUIRE(w.sent.size() == 1);
    w.pass(24h * 20 + 10h);
    w.reply(zhang, "上次那个事后来怎么样了", w.sent[0].extension);
    REQUIRE(w.letters().size() == 1);
    CHECK(w.value("SELECT count(*) FROM ratings") == "0");
    w.pass(20min);
    REQUIRE(w.answer("1", "案件已移送检察院,详情可到城东派出所咨询。").status == 200);
    w.pass(14h);
    CHECK(w.texted("已移送检察院", zhang) == 1);
    w.reply(zhang, "好的谢谢");
    CHECK(w.letters().size() == 1);
    CHECK(w.ask("POST", "/v1/letters/2/close").status == 200);
    CHECK(w.sent.size() == 2);
}
