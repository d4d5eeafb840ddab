// The table of strange callers in daemon/ratings/README.md, row by row.
#include "tests/flow/mailbox.hpp"

using namespace pingjing;
using test::Mailbox;
using namespace std::chrono_literals;

namespace {
const std::string morning = "2026-11-21T09:00:00+08:00";
const std::string zhang = "13812345678", li = "13912345678";

struct Met : Mailbox {
    explicit Met(const std::string& survey = "per_phone_24h = 9\nper_phone_30d = 90") : Mailbox(morning, {.survey = survey}) {
        call("A1", zhang);
        pass(2h + 1min);
        REQUIRE(sent.size() == 1);
        slot = sent[0].extension;
    }
    std::string ratings() { return value("SELECT group_concat(grade || ' ' || effect, ', ') FROM (SELECT * FROM ratings ORDER BY id)"); }
    std::string slot;
};
}  // namespace

TEST_CASE("strange callers: a new digit after the thanks: a worse one counts, a better one goes to a person, after half an hour the first stands") {
    Met w;
    w.reply(zhang, "1", w.slot);
    w.reply(zhang, "3", w.slot);
    CHECK(w.ratings() == "satisfied first, dissatisfied replaces");
    w.reply(zhang, "1", w.slot);
    CHECK(w.value("SELECT kind FROM reviews") == "better_after_worse");
    w.pass(40min);
    w.reply(zhang, "2", w.slot);
    CHECK(w.ratings() == "satisfied first, dissatisfied replaces, satisfied review, basically_satisfied repeated");
}

TEST_CASE("strange callers: words of correction within half an hour are believed") {
    Met w;
    w.reply(zhang, "3", w.slot);
    w.pass(5min);
    w.reply(zhang, "打错了,是1", w.slot);
    CHECK(w.ratings() == "dissatisfied first, satisfied replaces");
}

TEST_CASE("strange callers: an answer to the old thread belongs to the old case, whatever it means, the new case is still asked") {
    Met w;
    w.reply(zhang, "1", w.slot);
    w.call("A2", zhang);
    w.pass(2h + 1min);
    REQUIRE(w.texted(test::survey_words, zhang) == 2);
    w.reply(zhang, "3", w.slot);  // he means the second visit, and writes under the first question
    CHECK(w.value("SELECT group_concat(c.record || ' ' || r.grade || ' ' || r.effect, ', ') FROM ratings r JOIN cases c ON c.id = r.case_id") == "A1 satisfied first, A1 dissatisfied repeated");
    CHECK(w.value("SELECT count(*) FROM followups") == "1");  // and the grievance is heard
    CHECK(w.value("SELECT open FROM messages WHERE purpose = 'survey' ORDER BY id DESC") == "1");
}

TEST_CASE("strange callers: a reply from another number is a letter and no rating") {
    Met w;
    w.reply(li, "我是刚才报警的,3", w.slot);
    CHECK(w.value("SELECT count(*) FROM ratings") == "0");
    CHECK(w.value("SELECT class || ' ' || match FROM inbound") == "unmatched none");
    CHECK(w.letters().size() == 1);
}

TEST_CASE("strange callers: who has rated is no stranger, whatever he took for a mistake") {
    Met w;
    w.reply(zhang, "1", w.slot);
    w.reply(zhang, "发错了", w.slot);
    w.reply(zhang, "之前是别人先动手我才还手的,警察就抓我", w.slot);
    CHECK(w.value("SELECT count(*) FROM opt_outs") == "0");
    CHECK(w.value("SELECT count(*) FROM reviews WHERE kind = 'data_error'") == "0");
}

TEST_CASE("strange callers: 我没报警 is a data error: nothing is answered, the number is asked no more, an inspector sees it and can take it back") {
    Met w;
    w.call("A2", zhang);  // waits
    w.reply(zhang, "我没报警,你们发错人了吧", w.slot);
    CHECK(w.sent.size() == 1);
    CHECK(w.value("SELECT class FROM inbound") == "none");
    CHECK(w.value("SELECT kind FROM reviews") == "data_error");
    CHECK(w.value("SELECT action || ' ' || source FROM opt_outs") == "out wrong_number");
    CHECK(w.surveys() == "1 cancelled, 1 delivered");
    CHECK(w.call("A3", zhang) == "excluded opt_out");
    auto decided = w.ask("POST", "/v1/review/1", R"({"decision":"none","note":"是他妻子回的"})");
    CHECK(decided.status == 200);
    CHECK(w.value("SELECT action FROM opt_outs ORDER BY id DESC") == "in");
    CHECK(w.call("A4", zhang) == "accepted");
}

TEST_CASE("strange callers: an opt-out of his own outlives the decision that he was the caller") {
    Met w;
    w.reply(zhang, "T", w.slot);
    w.reply(zhang, "我没报警", w.slot);
    CHECK(w.ask("POST", "/v1/review/1", R"({"decision":"none"})").status == 200);
    CHECK(w.value("SELECT group_concat(action || ' ' || source) FROM opt_outs") == "out sms");
}

TEST_CASE("strange callers: who rates or cries for help is no wrong number, whatever else he says") {
    Met w;
    w.reply(zhang, "我没报警,救命,有人拿刀", w.slot);
    CHECK(w.value("SELECT count(*) FROM alarms") == "1");
    CHECK(w.value("SELECT count(*) FROM opt_outs") == "0");
    CHECK(w.texted(test::emergency_words, zhang) == 1);
}

TEST_CASE("strange callers: a recycled number, by its new owner's words or by the carrier's report") {
    Met w;
    w.reply(zhang, "我是新机主,这个号刚办的", w.slot);
    CHECK(w.value("SELECT kind FROM reviews") == "data_error");
    CHECK(w.call("A2", zhang) == "excluded opt_out");
    Met v;
    v.receipt(v.sent[0].ref, provider::ReceiptState::failed, "", "", provider::Receipt::Meaning::number_invalid);
    CHECK(v.value("SELECT open FROM messages WHERE purpose = 'survey'") == "0");
}

TEST_CASE("strange callers: 0 after a 3 wishes no call, counts as none, and is not asked back") {
    Met w;
    w.reply(zhang, "3", w.slot);
    w.reply(zhang, "0", w.slot);
    CHECK(w.value("SELECT group_concat(class, ' ') FROM inbound") == "rated none");
    CHECK(w.value("SELECT no_callback FROM followups") == "1");
    CHECK(w.sent.size() == 2);
}

TEST_CASE("strange callers: an answer after the window is kept aside, and a late 3 is still owed an answer") {
    Met w;
    w.pass(24h * 4);
    w.reply(zhang, "3", w.slot);
    CHECK(w.value("SELECT class FROM inbound") == "late");
    CHECK(w.ratings() == "dissatisfied late");
    CHECK(w.value("SELECT count(*) FROM followups") == "1");
}

TEST_CASE("strange callers: a bare number with several questions open is for a person, who says which it was") {
    Met w;
    w.call("A2", zhang);
    w.pass(2h + 1min);
    w.reply(zhang, "3");
    CHECK(w.value("SELECT count(*) FROM ratings") == "0");
    CHECK(w.value("SELECT kind FROM reviews") == "several_open");
    CHECK(w.letters().empty());  // it stands in one queue
    CHECK(w.ask("POST", "/v1/review/1", R"({"decision":"rated","grade":"dissatisfied","case_id":"A2"})").status == 200);
    CHECK(w.value("SELECT c.record FROM ratings r JOIN cases c ON c.id = r.case_id") == "A2");
}
