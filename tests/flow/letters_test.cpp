// 网上信箱: what belongs to no survey is read by a person, and answered once or not at all.
#include "daemon/store/erasure.hpp"
#include "tests/flow/mailbox.hpp"

using namespace pingjing;
using test::Mailbox;
using namespace std::chrono_literals;

namespace {
const std::string morning = "2026-11-21T09:00:00+08:00", night = "2026-11-21T02:00:00+08:00";
const std::string zhang = "13812345678", li = "13912345678";
}  // namespace

TEST_CASE("a text of somebody who was asked nothing is a letter, a person answers it by name, once, under our sign, at any hour while it is fresh") {
    Mailbox w(night);
    w.reply(li, "请问我上个月丢的电动车有消息了吗");
    auto open = w.letters();
    REQUIRE(open.size() == 1);
    CHECK(open[0].at("text") == "请问我上个月丢的电动车有消息了吗");
    CHECK(open[0].at("phone") == "139****5678");
    CHECK(w.value("SELECT class FROM inbound") == "unmatched");
    CHECK(w.ask("POST", "/v1/letters/1/answer", R"({"words":"x"})", "").status == 403);
    w.pass(8min);
    REQUIRE(w.answer("1", "您的电动车案仍在侦办,有进展会电话告知。").status == 200);
    REQUIRE(w.sent.size() == 1);
    CHECK(w.sent[0].phone == li);
    CHECK(w.sent[0].text == "【测试公安】您的电动车案仍在侦办,有进展会电话告知。");
    CHECK(w.sent[0].text_name.empty());  // a person's own words: no vendor has a template of them
    auto again = w.answer("1", "再说一遍");
    CHECK(again.status == 409);
    CHECK(again.body.find("9/王督察") != std::string::npos);
    CHECK(w.sent.size() == 1);
    CHECK(w.letters().empty());
    auto shown = w.json_of("/v1/letters/1");
    CHECK(shown.at("state") == "answered");
    CHECK(shown.at("answer_state") == "accepted");
    CHECK(shown.at("answered").at("words") == "您的电动车案仍在侦办,有进展会电话告知。");
    CHECK(w.value("SELECT count(*) FROM letter_words WHERE instr(words, '电动车') > 0") == "0");  // sealed
    CHECK(w.value("SELECT data FROM ledger WHERE kind = 'letter_answered'") == R"({"letter":1,"by":"9"})");
    CHECK_THROWS_AS(w.exec("UPDATE letters SET answered_by = 'x' WHERE id = 1"), store::SqlError);
}

TEST_CASE("a letter that was left lying at night is answered when the day begins, and a stop holds it like every text") {
    Mailbox w(night);
    w.reply(li, "案子什么时候有结果");
    w.pass(30min);
    REQUIRE(w.answer("1", "请明天来所里一趟。").status == 200);
    w.pass(5h);  // past seven
    CHECK(w.sent.empty());
    w.store->run_now([&](store::Connection& db) { store::place_hold(db, "stop", std::nullopt, "test", w.clock.now()); });
    w.pass(2h);
    CHECK(w.sent.empty());
    w.store->run_now([&](store::Connection& db) { store::release_holds(db, "stop", std::nullopt, "test", w.clock.now()); });
    w.gateway().dispatcher().wake();
    w.pass(10min);
    CHECK(w.sent.size() == 1);
}

TEST_CASE("what comes after the late window is a letter, and never a rating") {
    Mailbox w(morning);
    w.call("A1", zhang);
    w.pass(2h + 1min);
    REQUIRE(w.sent.size() == 1);
    w.pass(24h * 15);
    w.reply(zhang, "3", w.sent[0].extension);
    CHECK(w.value("SELECT count(*) FROM ratings") == "0");
    REQUIRE(w.letters().size() == 1);
    CHECK(w.letters()[0].at("text") == "3");
}

TEST_CASE("commands, repetitions, blanks and what a survey answers are no letters") {
    Mailbox w(morning);
    for (const char* text : {"退订", "帮助", "START", "  ", "。"}) w.reply(li, text);
    CHECK(w.letters().empty());
    w.call("A1", zhang);
    w.pass(2h + 1min);
    for (const char* text : {"1", "谢谢", "我的车呢"}) w.reply(zhang, text, w.sent.back().extension);
    CHECK(w.letters().empty());
}

TEST_CASE("who cannot or must not be texted is not answered: no mobile, a machine, opted out, a safety code, who asks for silence") {
    Mailbox w(morning);
    w.reply("1069001234", "您好,请问我的案件如何查询");
    w.reply(li, "您的快递已到驿站,取件码12-3-4567,请及时取件");
    w.reply("13712345678", "案子有消息吗");
    w.reply("13712345678", "T");
    w.call("D1", "13612345678", "0201");
    w.reply("13612345678", "我想问问情况");
    for (const auto& l : w.letters()) {
        CAPTURE(l.at("text"));
        auto id = std::to_string(l.at("id").as_int64());
        auto before = w.sent.size();
        CHECK(w.answer(id, "您好,请拨打派出所电话。").status == 409);
        CHECK(w.sent.size() == before);
        CHECK(w.ask("POST", "/v1/letters/" + id + "/close", R"({"words":"已电话联系"})").status == 200);
    }
    CHECK(w.letters().empty());
    CHECK(std::stoi(w.value("SELECT count(*) FROM letters")) >= 3);
}

TEST_CASE("an opt-out after the answer was written stops it, and the letter is open again for a call, closing says why, once") {
    Mailbox w(night);
    w.reply(li, "案子什么时候有结果");
    w.pass(1h);
    REQUIRE(w.answer("1", "请明天来所里一趟。").status == 200);
    CHECK(w.letters().empty());
    w.reply(li, "退订");
    w.pass(9h);
    CHECK(w.texted("请明天来所里", li) == 0);
    CHECK(w.value("SELECT state || ' ' || code FROM messages WHERE purpose = 'letter'") == "cancelled opt_out");
    REQUIRE(w.letters().size() == 1);
    CHECK(w.answer("1", "再试一次").status == 409);
    CHECK(w.ask("POST", "/v1/letters/1/close", R"({"words":"已电话答复"})").status == 200);
    CHECK(w.ask("POST", "/v1/letters/1/close").status == 409);
    CHECK(w.json_of("/v1/letters/1").at("closed").at("words") == "已电话答复");
}

TEST_CASE("an emergency among the letters is on the desk, stands first, and is neither answered nor closed before somebody has taken it") {
    Mailbox w(morning);
    w.reply(li, "请问派出所几点上班");
    w.reply("13712345678", "救命 有人拿刀砍人");
    auto open = w.letters();
    REQUIRE(open.size() == 2);
    CHECK(open[0].at("emergency") == true);
    auto id = std::to_string(open[0].at("id").as_int64());
    CHECK(w.ask("POST", "/v1/letters/" + id + "/close").status == 409);
    CHECK(w.answer(id, "请拨110").status == 409);
    CHECK(w.ask("POST", "/v1/desk/" + std::string(open[0].at("alarm_id").as_string()) + "/ack", R"({"words":"已派警"})").status == 200);
    CHECK(w.ask("POST", "/v1/letters/" + id + "/close").status == 200);
    // What the rules did not see, the person who reads does.
    auto other = std::to_string(w.letters()[0].at("id").as_int64());
    CHECK(w.ask("POST", "/v1/letters/" + other + "/alarm").status == 200);
    CHECK(w.value("SELECT count(*) FROM alarms") == "2");
    CHECK(w.ask("POST", "/v1/letters/" + other + "/alarm").status == 409);
}

TEST_CASE("an answer's words are checked before they go out under the police's name") {
    using followup::wrong_words;
    CHECK(wrong_words("您好,请来所里。").empty());
    for (const char* words : {"", "  ", "点 https://a.cn", "见 www.a.cn", "【公安】好", "打13812345678", "一\n二"}) {
        CAPTURE(words);
        CHECK_FALSE(wrong_words(words).empty());
    }
    Mailbox w(morning);
    w.reply(li, "请问派出所几点上班");
    CHECK(w.answer("1", "见 https://a.cn").status == 400);
    CHECK(w.ask("POST", "/v1/letters/1/answer", "[]").status == 400);
    CHECK(w.ask("POST", "/v1/letters/9/answer", R"({"words":"x"})").status == 404);
    CHECK(w.ask("GET", "/v1/letters?state=x").status == 400);
    CHECK(w.sent.empty());
}

TEST_CASE("a letter's words and its answer are erased with the text, and no words are kept of what is erased") {
    Mailbox w(morning);
    w.reply(li, "请问派出所几点上班");
    w.reply("13712345678", "请问车管所在哪");
    REQUIRE(w.answer("1", "八点半。").status == 200);
    w.pass(1h);
    w.store->run_now([&](store::Connection& db) {
        auto named = store::find_named(db, w.seal, *Phone::mobile(li));
        REQUIRE(named);
        REQUIRE(store::forget(db, w.seal, *named, {"control", "asked for it"}, w.clock.now()));
        auto other = store::find_named(db, w.seal, *Phone::mobile("13712345678"));
        REQUIRE(store::forget(db, w.seal, *other, {"control", "asked for it"}, w.clock.now()));
    });
    CHECK(w.value("SELECT length(words) FROM letter_words WHERE letter_id = 1") == "0");
    auto shown = w.json_of("/v1/letters/1");
    CHECK(shown.at("text").is_null());
    CHECK(shown.at("answered").at("words").is_null());
    CHECK(w.ask("POST", "/v1/letters/2/close", R"({"words":"他问车管所"})").status == 200);
    CHECK(w.value("SELECT count(*) FROM letter_words WHERE letter_id = 2") == "0");
}

TEST_CASE("a letter of somebody who can rate him is not for who was at his call, nor for his unit") {
    Mailbox w(morning);
    w.call("A1", zhang);
    w.pass(2h + 1min);
    w.pass(24h * 15);
    w.reply(zhang, "3", w.sent[0].extension);  // too late to be a rating
    w.reply(li, "请问派出所几点上班");
    auto seen = [&](const std::string& badge, const std::string& unit) {
        std::string out;
        for (const char* state : {"open", "all"}) out += std::to_string(boost::json::parse(w.ask("GET", std::string("/v1/letters?state=") + state, "", "王杰", "5", badge, unit).body).at("letters").as_array().size());
        return out + " " + std::to_string(w.ask("GET", "/v1/letters/1", "", "王杰", "5", badge, unit).status);
    };
    CHECK(seen("", "") == "22 200");
    CHECK(seen("777777", "320100000000") == "22 200");
    CHECK(seen("012345", "") == "11 404");
    CHECK(seen("", "320102430000") == "11 404");
    for (const char* what : {"answer", "close", "alarm", "reveal"}) {
        CAPTURE(what);
        auto body = std::string(what) == "reveal" ? R"({"reason":"x"})" : std::string(what) == "alarm" ? "" : R"({"words":"x"})";
        CHECK(w.ask("POST", std::string("/v1/letters/1/") + what, body, "王杰", "5", "012345").status == 404);
    }
    CHECK(w.letters().size() == 2);
    CHECK(w.sent.size() == 1);
}

TEST_CASE("why the number behind a letter was needed is sealed, is read by whoever may read the letter, and goes with it") {
    Mailbox w(morning);
    w.reply(li, "请问派出所几点上班");
    REQUIRE(w.ask("POST", "/v1/letters/1/reveal", R"({"reason":"周秀英说栖霞路"})").body.find(li) != std::string::npos);
    CHECK(w.value("SELECT count(*) FROM ledger WHERE data LIKE '%周秀英%'") == "0");
    CHECK(w.value("SELECT count(*) FROM text_reveals WHERE instr(reason, '周秀英') > 0") == "0");
    auto reveals = w.json_of("/v1/letters/1").at("reveals").as_array();
    REQUIRE(reveals.size() == 1);
    CHECK(reveals[0].at("who") == "9/王督察");
    CHECK(reveals[0].at("reason") == "周秀英说栖霞路");
    CHECK_THROWS_AS(w.exec("DELETE FROM text_reveals"), store::SqlError);
    w.store->run_now([&](store::Connection& db) {
        auto named = store::find_named(db, w.seal, *Phone::mobile(li));
        REQUIRE(named);
        REQUIRE(store::forget(db, w.seal, *named, {"control", "asked"}, w.clock.now()));
    });
    CHECK(w.value("SELECT group_concat(length(reason)) FROM text_reveals") == "0");
    CHECK(w.json_of("/v1/letters/1").at("reveals").at(0).at("reason") == "");
}

TEST_CASE("words to the bare number after a letter's answer are not put down to the survey that is open, a digit is") {
    Mailbox w(morning);
    w.reply(zhang, "我的车找到了吗");
    w.call("A1", zhang);
    w.pass(2h + 1min);
    REQUIRE(w.sent.size() == 1);
    auto slot = w.sent[0].extension;
    REQUIRE(w.answer("1", "车已找到,请来所里领取。").status == 200);
    REQUIRE(w.texted("请来所里领取", zhang) == 1);
    w.reply(zhang, "好的,非常满意");
    CHECK(w.value("SELECT count(*) FROM ratings") == "0");
    CHECK(w.value("SELECT class || ' ' || match FROM inbound ORDER BY id DESC") == "unmatched other_text");
    CHECK(w.value("SELECT kind FROM reviews") == "several_open");
    w.reply(zhang, "谢谢,明天来");
    CHECK(w.letters().size() == 1);  // goes on with the letter
    CHECK(w.value("SELECT count(*) FROM ratings") == "0");
    // A person says that it was about the call after all.
    CHECK(w.ask("POST", "/v1/review/1", R"({"decision":"rated","grade":"satisfied","case_id":"A1"})", "钱督察", "8").status == 200);
    CHECK(w.value("SELECT grade FROM ratings") == "satisfied");
    w.reply(zhang, "3");
    CHECK(w.value("SELECT match FROM inbound ORDER BY id DESC") == "only_open");
    CHECK(w.value("SELECT count(*) FROM ratings WHERE grade = 'dissatisfied'") == "1");
    w.reply(zhang, "态度太差了,很不满意", slot);
    CHECK(w.value("SELECT match FROM inbound ORDER BY id DESC") == "slot");
    w.reply(zhang, "退订");
    CHECK(w.value("SELECT class FROM inbound ORDER BY id DESC") == "opt_out");
}
