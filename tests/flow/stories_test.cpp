// Whole stories, from the closed call to what stands in the books.
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
