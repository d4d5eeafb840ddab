// What `verify` finds of the promises to people, each broken by hand in a store where all had been kept.
#include "tests/flow/mailbox.hpp"

using namespace pingjing;
using test::Mailbox;
using namespace std::chrono_literals;

namespace {

const std::string zhang = "13812345678", li = "13912345678", wang = "15812345678";

// A 3 that was followed up to its end and rated again, an unclear text that a person read, a letter that was answered, a notice, and a cry
// that wants no answer.
struct Kept : Mailbox {
    Kept() : Mailbox("2026-11-21T09:00:00+08:00", {.services = "[notices]\ntexts = [\"notice_safety\"]\n"}) {
        call("A1", zhang);
        call("A2", li);
        pass(2h + 1min);
        reply(zhang, "3", sent[0].extension);
        reply(li, "1或3", sent[1].extension);
        reply(li, "1或3", sent[1].extension);
        step("/v1/followups/1/call", R"({"outcome":"reached","note":"x"})", "3");
        step("/v1/followups/1/verify", R"({"finding":"valid","topic":"attitude","note":"x"})", "3");
        step("/v1/followups/1/order", R"({"person":"x"})", "3");
        step("/v1/followups/1/rectify", R"({"note":"x"})", "5");
        step("/v1/followups/1/review", R"({"agreed":true})", "4");
        step("/v1/followups/1/tell", R"({"how":"sms"})", "3");
        reply(zhang, "1", sent[0].extension);
        step("/v1/followups/1/close", "{}", "3");
        step("/v1/review/1", R"({"decision":"rated","grade":"satisfied"})", "3");
        reply(wang, "请问户口怎么办");
        step("/v1/letters/1/answer", R"({"words":"请到窗口办理。"})", "3");
        step("/v1/notices", R"({"name":"flood","text":"notice_safety","reason":"x","phones":[{"phone":"13612345678","consented_on":"2026-01-05"}]})", "3");
        reply(wang, "他拿着刀在门口 救我 千万别回电话");
    }
    void step(const std::string& target, const std::string& body, const char* who) {
        auto response = ask("POST", target, body, std::string("督察") + who, who);
        CHECK_MESSAGE(response.status == 200, target, response.body);
        pass(1h);
    }
    // The checks that fail after `edit`, which is taken back again; not those of the ledger, which sees every edit.
    std::string broken_by(const std::string& edit) {
        std::set<std::string> names;
        store->run_now([&](store::Connection& db) {
            store::Savepoint undone(db);
            for (const char* trigger : {"messages_forward", "letters_answered_once", "letters_keep", "notice_phones_keep", "notice_phones_stand", "ratings_stay", "reviews_keep"}) db.exec((std::string("DROP TRIGGER ") + trigger).c_str());
            db.exec(edit.c_str());
            for (const auto& failure : admin::verify(db).failures)
                if (failure.check != "ledger" && failure.check != "schema" && failure.check != "rows") names.insert(failure.check);
        });
        std::string out;
        for (const auto& name : names) out += (out.empty() ? "" : " ") + name;
        return out;
    }
};

}  // namespace

TEST_CASE("verify finds a follow-up, a letter, a notice, a second rating and a silence that are not as they were promised") {
    Kept w;
    REQUIRE(w.value("SELECT group_concat(method || ' ' || effect) FROM (SELECT * FROM ratings ORDER BY id)") == "code first,code second,person first");
    REQUIRE(w.value("SELECT count(*) FROM messages WHERE purpose IN ('told', 'letter', 'notice')") == "3");
    REQUIRE(w.value("SELECT count(*) FROM alarms WHERE do_not_contact = 1") == "1");
    struct { const char* what; const char* edit; const char* check; } breaks[] = {
        {"nothing", "SELECT 1", ""},
        {"a step that nobody took", "UPDATE followups SET state = 'reviewed'", "followup_as_its_steps"},
        {"no step at all", "DELETE FROM followup_steps", "followup_as_its_steps second_after_call_back told_after_review"},
        {"who put it right reviewed it", "UPDATE followup_steps SET who = '5/督察5' WHERE state = 'reviewed'", "followup_reviewed_by_another"},
        {"told before anybody reviewed it", "UPDATE followup_steps SET state = 'rectified' WHERE state = 'reviewed'", "told_after_review"},
        {"thanked twice", "UPDATE messages SET purpose = 'thanks' WHERE purpose = 'told'", "one_text_of_a_kind"},
        {"a second rating that nobody asked for", "UPDATE followup_steps SET state = 'escalated' WHERE state <> 'opened' AND state <> 'closed'; UPDATE followup_steps SET state = 'opened' WHERE state = 'closed'; UPDATE followups SET state = 'opened'",
         "second_after_call_back told_after_review"},
        {"a person's rating that nobody decided", "DELETE FROM reviews", "person_decided"},
        {"a letter with another's answer", "UPDATE messages SET inbound_id = 1 WHERE purpose = 'letter'", "answer_of_letter"},
        {"an answer without a letter", "UPDATE letters SET message_id = NULL, answered_at = NULL", "one_answer_a_letter"},
        {"a notice to somebody else", "UPDATE messages SET phone_id = 1 WHERE purpose = 'notice'", "notice_to_its_number"},
        {"a notice to nobody's list", "DELETE FROM notice_phones", "notice_to_its_number"},
        {"who asked for silence is answered", "UPDATE messages SET inbound_id = (SELECT inbound_id FROM alarms) WHERE purpose = 'thanks'", "silence_kept"},
    };
    for (const auto& b : breaks) {
        CAPTURE(b.what);
        CHECK(w.broken_by(b.edit) == b.check);
    }
}
