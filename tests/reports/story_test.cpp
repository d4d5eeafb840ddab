#include "daemon/reports/story.hpp"

#include <doctest/doctest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "daemon/reports/words.hpp"
#include "daemon/store/cases.hpp"
#include "daemon/store/inbox.hpp"
#include "daemon/store/outbox.hpp"
#include "daemon/store/overrides.hpp"
#include "daemon/store/phones.hpp"
#include "daemon/store/reveals.hpp"
#include "tests/support/planter.hpp"

using namespace pingjing;
using namespace pingjing::reports;
using test::Planter;

namespace {

const std::string zone = "Asia/Shanghai";
const auto closed = *parse_rfc3339("2026-11-20T10:02:11+08:00");

// A call that was asked, answered with a 3 in words, and followed up.
struct Told {
    store::Connection db{":memory:"};
    store::Seal seal = store::Seal::from_seed(7);

    Told() {
        REQUIRE(store::migrate(db));
        Planter plant(db);
        ClosedCall call;
        call.id = "32010020261120000123";
        call.version = 4;
        call.state = CaseState::closed;
        call.calling = Phone::mobile("13812348000");
        call.category = "010203";
        call.unit = "320102430000";
        call.officers.emplace_back("012345", "lead");
        call.reported_at = closed - 1h;
        call.closed_at = closed;
        call.content = Text(R"({"id":"32010020261120000123"})");
        store::Verdict verdict;
        verdict.rule = "survey", verdict.kind = "survey", verdict.rules_sha256 = std::string(64, 'a');
        auto id = store::record_case(db, seal, std::nullopt, call, verdict, "accepted", closed + 5min).id;

        auto survey = plant.survey(id);
        plant.message(id, "thanks", {.state = "accepted"});
        seal_into("messages", survey, "【XX公安】请回复数字", store::message_text_context(ref_of(survey)));
        db.exec("INSERT INTO attempts VALUES (1, 1, 'main', 1795147200000, 1795147201000, 'accepted', 'a1')");
        db.exec("INSERT INTO receipts(id, channel, key, vendor_id, state, code, meaning, received_at, message_id, step) "
                "VALUES (1, 'main', 'k', 'a1', 'delivered', 'DELIVRD', 'reached the phone', 1795147260000, 1, 'applied')");
        auto text = plant.answer(id, {.grade = "dissatisfied", .method = "words"});
        seal_into("inbound", text, "来得太\x1b[2J慢了", store::inbound_text_context(text));
        db.exec("INSERT INTO followups VALUES (1, 1, 1, 1795150830000, 1795233700000, 'called_back', 1, 0)");
        db.exec("INSERT INTO followup_steps VALUES (1, 1, 1795150900000, 'inspector', 'called_back', NULL)");
    }
    void seal_into(const std::string& table, std::int64_t id, const std::string& words, const std::string& bound_to) {
        store::Statement write(db, "UPDATE " + table + " SET text = ?2 WHERE id = ?1");
        write.bind(1, id).bind_blob(2, seal.seal(words, bound_to)).run();
    }
    std::string ref_of(std::int64_t message) {
        store::Statement read(db, "SELECT ref FROM messages WHERE id = ?1");
        REQUIRE(read.bind(1, message).step());
        return read.text(0);
    }
    Story story(bool texts) {
        auto read = read_story(db, seal, "32010020261120000123", texts);
        REQUIRE(read);
        return *read;
    }
};

}  // namespace

TEST_CASE("the story of a case has every key of the contract, and the phone only in part") {
    Told told;
    auto bytes = story_json(told.story(false), zone);
    CHECK(bytes.find("13812348000") == std::string::npos);
    CHECK(bytes.find("\"text\"") == std::string::npos);
    auto story = boost::json::parse(bytes);
    std::vector<std::string> keys;
    for (const auto& pair : story.as_object()) keys.emplace_back(pair.key());
    CHECK(keys == std::vector<std::string>{"id", "phone", "versions", "decisions", "messages", "inbound", "rating", "followup", "events"});
    CHECK(story.at("id") == "32010020261120000123");
    CHECK(story.at("phone") == "138****8000");
    CHECK(story.at("versions").at(0).at("version") == 4);
    auto decision = story.at("decisions").at(0);
    CHECK(decision.at("at") == "2026-11-20T10:07:11+08:00");
    CHECK(decision.at("outcome") == "accepted");
    CHECK(decision.at("code").is_null());
    CHECK(decision.at("rule") == "survey");
    CHECK(decision.at("rules_sha256") == boost::json::value(std::string(64, 'a')));
    auto survey = story.at("messages").at(0);
    CHECK(survey.at("ref") == "ref1");
    CHECK(survey.at("purpose") == "survey");
    CHECK(survey.at("state") == "delivered");
    CHECK(survey.at("channel") == "main");
    CHECK(survey.at("attempts").at(0).at("outcome") == "accepted");
    CHECK(survey.at("receipts").at(0).at("code") == "DELIVRD");
    CHECK(story.at("messages").as_array().size() == 2);
    auto heard = story.at("inbound").at(0);
    CHECK(heard.at("at") == "2026-11-20T13:00:00+08:00");
    CHECK(heard.at("kind") == "rated");
    CHECK(heard.at("verdict") == "dissatisfied");
    CHECK(heard.at("why") == "code");
    CHECK(heard.at("match") == "slot");
    CHECK(story.at("rating").at("grade") == "dissatisfied");
    CHECK_FALSE(story.at("rating").at("confirmed").as_bool());
    CHECK(story.at("followup").at("steps").at(0).at("state") == "called_back");
    CHECK(story.at("events").at(0).at("kind") == "case");
    CHECK(story.at("events").at(0).at("data").at("outcome") == "accepted");
}

TEST_CASE("what was written is opened only for those who may inspect") {
    Told told;
    auto story = boost::json::parse(story_json(told.story(true), zone));
    CHECK(story.at("messages").at(0).at("text") == "【XX公安】请回复数字");
    CHECK(story.at("inbound").at(0).at("text") == "来得太\x1b[2J慢了");
    CHECK(story.at("messages").at(1).as_object().if_contains("text") == nullptr);  // cannot be opened: left out, not an error
}

TEST_CASE("for people the story runs in the order of time and ends with how things stand") {
    Told told;
    auto text = story_text(told.story(true), zone);
    CHECK(text.find("13812348000") == std::string::npos);
    CHECK(text.find('\x1b') == std::string::npos);
    std::size_t before = 0;
    for (const char* part : {"警情 call 32010020261120000123", "138****8000", "收到记录 record received", "判定 decided at intake: 应评 accepted",
                             "提交 attempt 1 of ref1 on main", "回执 receipt for ref1: 送达 delivered DELIVRD 已送达 delivered",
                             "来信 answer: 评价 rated, dissatisfied", "回访 follow-up 已回访 called_back: inspector", "现状 now: 应评 to be asked; 评价短信 survey 送达 delivered; 评价 rating 不满意 dissatisfied",
                             "waits for a person"}) {
        CAPTURE(part);
        auto at = text.find(part);
        REQUIRE(at != std::string::npos);
        CHECK(at >= before);
        before = at;
    }
}

TEST_CASE("what the carrier took is not called eligible, moments are those of the wall, and codes have a name") {
    Told told;
    told.db.exec("DROP TRIGGER IF EXISTS messages_forward");
    told.db.exec("UPDATE messages SET state = 'accepted' WHERE purpose = 'survey'");
    told.db.exec("UPDATE cases SET code = 'phone_hold'");
    auto story = told.story(true);
    story.decisions.front().rule = "category 010203";
    story.events.push_back({99, story.events.front().at, "windows", R"({"urgent":true,"due_at":1795220748785})"});
    auto text = story_text(story, zone);
    CHECK(text.find("评价短信 survey 运营商已接收 accepted") != std::string::npos);
    CHECK(text.find("not asked: 该号码另有涉安全警情 phone_hold") != std::string::npos);
    CHECK(text.find("1795220748785") == std::string::npos);
    CHECK(text.find(R"("due_at":"2026-11-21T)") != std::string::npos);
    CHECK(text.find("规则 rule 类别 category") != std::string::npos);
}

TEST_CASE("of what waits the story says not before when, and what keeps it back") {
    Told told;
    told.db.exec("DROP TRIGGER IF EXISTS messages_forward");
    told.db.exec("UPDATE messages SET state = 'due', due_at = 1795220748785 WHERE purpose = 'survey'");
    CHECK(told.story(false).holds.empty());
    store::place_hold(told.db, "ceiling", "main", "5000 surveys today", closed + 3h);
    store::place_hold(told.db, "stop", std::nullopt, "test", closed + 4h);
    auto text = story_text(told.story(false), zone);
    CHECK(text.find("待发 due, 不早于 not before 2026-11-21T") != std::string::npos);
    CHECK(text.find("暂停发送 on hold: 达到日上限 the day's ceiling, 通道 channel main since ") != std::string::npos);
    CHECK(text.find("人工暂停 stopped by a person or a guard, 全部通道 every channel since ") != std::string::npos);
    auto json = boost::json::parse(story_json(told.story(false), zone));
    CHECK(json.at("messages").at(0).at("due_at").as_string().starts_with("2026-11-21T"));
    CHECK(json.at("holds").at(0).at("of") == "ceiling");
    CHECK(json.at("holds").at(1).at("channel").is_null());

    told.db.exec("UPDATE messages SET state = 'accepted' WHERE purpose = 'survey'");
    CHECK(told.story(false).holds.empty());  // nothing of it waits any more
}

TEST_CASE("what somebody did by hand, and to whom a number was shown, stands there with who and why, for those who may inspect") {
    Told told;
    store::keep_words_of(told.db, told.seal, "resend", 1, {"control/zhang", "他打来电话 13812348000"}, closed + 3h);
    store::record_text_reveal(told.db, told.seal, 1, "3/li", "回拨求助者", closed + 4h);
    auto text = story_text(told.story(true), zone);
    CHECK(text.find("人工处置 再次发送 resend by control/zhang 「他打来电话 138****8000」") != std::string::npos);
    CHECK(text.find("查看号码 the number was shown to 3/li 「回拨求助者」") != std::string::npos);
    auto json = boost::json::parse(story_json(told.story(true), zone));
    CHECK(json.at("by_hand").at(0).at("reason") == "他打来电话 138****8000");
    auto closed_book = story_text(told.story(false), zone);
    CHECK(closed_book.find("再次发送 resend by control/zhang") != std::string::npos);
    CHECK(closed_book.find("他打来电话") == std::string::npos);
    CHECK(closed_book.find("回拨求助者") == std::string::npos);
}

TEST_CASE("of a message in doubt the story says what would settle it") {
    Told told;
    EvidenceOf evidence{{"main", {"a late response; a report", "a report"}}};
    auto state = [&](const char* name, const char* detail) {
        told.db.exec("DROP TRIGGER IF EXISTS messages_forward");
        store::Statement set(told.db, "UPDATE messages SET state = ?1, channel = 'main' WHERE purpose = 'survey'");
        set.bind(1, name).run();
        store::Statement why(told.db, "UPDATE attempts SET outcome = 'ambiguous', detail = ?1");
        why.bind(1, detail).run();
        return told.story(true);
    };
    auto settled_by = [&](const Story& story) {
        auto message = boost::json::parse(story_json(story, zone, evidence)).at("messages").at(0).as_object();
        auto* said = message.if_contains("settled_by");
        auto text = story_text(story, zone, evidence);
        if (!said) CHECK(text.find("settled by") == std::string::npos);
        else CHECK(text.find("the doubt about ref1 is settled by: " + std::string(said->as_string())) != std::string::npos);
        return said ? std::string(said->as_string()) : std::string();
    };
    const std::string person = "; or a person who accepts that it may arrive twice: pingjing resend CASE --accept-possible-double";
    CHECK(settled_by(told.story(true)) == "");
    CHECK(settled_by(state("in_doubt", "no answer in time")) == "a late response; a report" + person);
    CHECK(settled_by(state("in_doubt", "stopped while the carrier may have had it")) == "a report" + person);
    CHECK(settled_by(state("unknown", "no answer in time")) == "a report; nothing came in its time" + person);
    evidence.clear();
    CHECK(settled_by(state("in_doubt", "no answer in time")) ==
          "nothing by itself, for its channel is not configured any more: only the carrier's people can say" + person);
}

TEST_CASE("a call that nobody knows is said to be unknown, a number that was erased is not shown") {
    Told told;
    auto unknown = read_story(told.db, told.seal, "X", true);
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().kind == Error::Kind::not_found);
    told.db.exec("UPDATE cases SET phone_id = 99");
    CHECK(boost::json::parse(story_json(told.story(false), zone)).at("phone").is_null());
}

TEST_CASE("what a carrier's report says stands beside what it means") {
    struct { const char *code, *said; } rows[] = {
        {"UNDELIV", "UNDELIV 无法投递 undeliverable"},
        {"UNDELIV 005: 黑名单用户 number on the black list", "UNDELIV 无法投递 undeliverable; 005: 黑名单用户 number on the black list"},
        {"MK:0001", "MK:0001 空号 no such number"},
        {"MA:0054", "MA:0054 短信中心无应答 no answer of the message centre"},
        {"State 1", "State 1 等待投递 waiting"},
        {"XX:0001", "XX:0001"},
        {"", ""},
    };
    for (const auto& row : rows) CHECK(receipt_words(row.code) == row.said);
    CHECK(state_words("permanent_number") == "号码被拒收 permanent_number");
    CHECK(state_words("channel_down_auth") == "通道拒绝登录 channel_down_auth");
}
