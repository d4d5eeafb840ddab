// The second question after a 2 or 3, and texts in the language of the call.
#include "tests/flow/mailbox.hpp"

using namespace pingjing;
using test::Mailbox;
using namespace std::chrono_literals;

namespace {
const std::string morning = "2026-11-21T09:00:00+08:00";
const std::string zhang = "13812345678";

struct Questioned : Mailbox {
    explicit Questioned(const std::string& category = "0101", const std::string& followup = "question = true")
        : Mailbox(morning, {.survey = "per_phone_24h = 9\nper_phone_30d = 90", .routes = "[followup]\n" + followup + "\n"}) {
        call("A1", zhang, category);
        pass(2h + 1min);
        REQUIRE(sent.size() == 1);
        slot = sent[0].extension;
    }
    void say(const std::string& text) {
        reply(zhang, text, slot);
        pass(20s);  // the question waits until the thanks are with the carrier
    }
    int asked() { return texted("主要是哪方面", zhang); }
    std::string slot;
};
}  // namespace

TEST_CASE("after a 3 one more text asks what it was about, and the letter is the topic of the follow-up, not a rating") {
    Questioned w;
    w.say("3");
    REQUIRE(w.asked() == 1);
    CHECK(w.texted("督察部门", zhang) == 1);
    CHECK(w.sent.back().extension == w.slot);
    w.say("C");
    CHECK(w.value("SELECT topic FROM asked_topics") == "attitude");
    CHECK(w.value("SELECT count(*) FROM ratings") == "1");
    CHECK(w.value("SELECT class FROM inbound ORDER BY id DESC") == "none");
    CHECK(w.value("SELECT count(*) FROM reviews") == "0");
    CHECK(w.sent.size() == 3);
    CHECK(w.json_of("/v1/followups/1").at("asked_topic") == "attitude");
    REQUIRE(w.ask("POST", "/v1/followups/1/call", R"({"outcome":"reached","note":"态度差"})").status == 200);
    REQUIRE(w.ask("POST", "/v1/followups/1/verify", R"({"finding":"valid","note":"录音属实"})").status == 200);
    CHECK(w.value("SELECT topic FROM followup_work") == "attitude");
}

TEST_CASE("words name the topic as well, a bare digit after the question is for a person, a correction in words is a rating") {
    Questioned w;
    w.say("3");
    w.say("民警态度恶劣");
    CHECK(w.value("SELECT topic FROM asked_topics") == "attitude");
    w.say("1");
    CHECK(w.value("SELECT count(*) FROM ratings WHERE effect <> 'first'") == "0");
    CHECK(w.value("SELECT kind FROM reviews") == "ambiguous");
    w.say("打错了,是1");
    CHECK(w.value("SELECT effect FROM ratings ORDER BY id DESC") == "replaces");
    w.say("0");
    CHECK(w.asked() == 1);
}

TEST_CASE("what it was about, in words worse than the answer, is a worse answer as well") {
    Questioned w;
    w.say("2");
    CHECK(w.asked() == 1);
    w.say("态度太差,不满意,我要投诉");
    CHECK(w.value("SELECT topic FROM asked_topics") == "attitude");
    CHECK(w.value("SELECT grade || ' ' || effect FROM ratings ORDER BY id DESC") == "dissatisfied replaces");
    CHECK(w.value("SELECT count(*) FROM followups") == "1");
}

TEST_CASE("a 3 after a 2 and the question is a riddle for the score, and followed up at once all the same") {
    Questioned w;
    w.say("2");
    REQUIRE(w.asked() == 1);
    REQUIRE(w.value("SELECT count(*) FROM followups") == "0");
    w.say("3");
    CHECK(w.value("SELECT count(*) FROM ratings") == "1");
    CHECK(w.value("SELECT kind FROM reviews") == "ambiguous");
    CHECK(w.value("SELECT state || ' ' || urgent || ' ' || ((due_at - opened_at) / 3600000) FROM followups") == "opened 1 24");
    CHECK(w.value("SELECT grade FROM ratings") == "basically_satisfied");
    // The person who looks says that it was a rating: it counts, and one follow-up is enough.
    REQUIRE(w.ask("POST", "/v1/review/1", R"({"decision":"rated","grade":"dissatisfied"})", "钱督察", "8").status == 200);
    CHECK(w.value("SELECT grade || ' ' || effect FROM ratings ORDER BY id DESC") == "dissatisfied replaces");
    CHECK(w.value("SELECT count(*) FROM followups") == "1");
    Questioned same;
    same.say("2");
    same.say("2");  // says again what stands
    CHECK(same.value("SELECT count(*) FROM followups") == "0");
    Questioned better;
    better.say("2");
    better.say("1");
    CHECK(better.value("SELECT count(*) FROM followups") == "0");
}

TEST_CASE("nobody is asked the second question after a 1, where a site has not turned it on, where others may read the phone, beside an opt-out or an emergency") {
    {
        Questioned w;
        w.say("1");
        CHECK(w.asked() == 0);
    }
    {
        Questioned w("0101", "staffed = true");
        w.say("3");
        CHECK(w.asked() == 0);
    }
    {
        Questioned w("0301");
        w.say("3");
        CHECK(w.value("SELECT count(*) FROM ratings") == "1");
        CHECK(w.asked() == 0);
    }
    {
        Questioned w;
        w.say("3 退订");
        CHECK(w.value("SELECT count(*) FROM ratings") == "1");
        CHECK(w.asked() == 0);
    }
    {
        Questioned w;
        w.say("3 救命他拿刀");
        CHECK(w.asked() == 0);
    }
    {
        Questioned w;
        w.say("2");
        CHECK(w.asked() == 1);
        w.say("3");  // a riddle by now, and no second question whatever it is
        CHECK(w.asked() == 1);
    }
}

TEST_CASE("a call that names a language is asked, thanked and answered in it, one that nobody has texts for in the site's own") {
    Mailbox w(morning);
    CHECK(w.settings().texts_of.empty());
    auto configuration = Mailbox::configuration({});
    configuration.insert(configuration.find("[http]"), "languages = [\"en\"]\n");
    w.write("pingjing.toml", configuration);
    auto next = w.gateway().prepare(w.load());
    REQUIRE(next);
    w.gateway().take_over(std::move(*next));
    w.call("A1", zhang, "0101", R"(,"language":"en-GB")");
    w.call("A2", "13912345678", "0101", R"(,"language":"ug")");
    w.call("A3", "13712345678", "0301", R"(,"language":"en")");
    w.pass(2h + 2min);
    CHECK(w.texted("Please rate us", zhang) == 1);
    CHECK(w.texted(test::survey_words, "13912345678") == 1);
    CHECK(w.texted("Please rate our recent service", "13712345678") == 1);
    // What a vendor is told that sends nothing but templates it has approved.
    const auto& english = *std::ranges::find(w.sent, zhang, &test::Sent::phone);
    CHECK(english.text_name == "en/survey");
    CHECK(english.values == std::map<std::string, std::string>{{"sign", "测试公安"}, {"month", "11"}, {"day", "21"}});
    CHECK(std::ranges::find(w.sent, "13912345678", &test::Sent::phone)->text_name == "survey");
    CHECK(std::ranges::find(w.sent, "13712345678", &test::Sent::phone)->text_name == "en/survey_neutral");
    auto slot_of = [&](const std::string& phone) { return std::ranges::find(w.sent, phone, &test::Sent::phone)->extension; };
    w.reply(zhang, "1 thanks", slot_of(zhang));
    CHECK(w.texted("Thank you for your rating", zhang) == 1);
    CHECK(w.value("SELECT grade FROM ratings") == "satisfied");
    // One opt-out ends every text in every language, and both words bring it back.
    for (const char* back : {"START", "恢复"}) {
        w.reply(zhang, "STOP", slot_of(zhang));
        CHECK(w.call(std::string("B") + back, zhang, "0301", R"(,"language":"zh-CN")") == "excluded opt_out");
        w.reply(zhang, back);
        CHECK(w.value("SELECT action FROM opt_outs ORDER BY id DESC") == "in");
    }
    CHECK(w.texted("You will get no more", zhang) == 1);
}
