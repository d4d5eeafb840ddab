#include "daemon/reports/story.hpp"
#include "tests/flow/world.hpp"

using namespace pingjing;
using test::World;
using namespace std::chrono_literals;
using provider::ReceiptState;

namespace {
const std::string morning = "2026-11-21T09:00:00+08:00";
const std::string zhang = "13812345678", li = "13912345678";

// One survey that was sent and accepted.
struct Asked : World {
    explicit Asked(const std::string& start = morning, test::Site site = {}, const std::string& category = "0101") : World(start, std::move(site)) {
        call("A1", zhang, category, R"(,"version":1)");
        pass(2h + 1min);
        REQUIRE(sent.size() == 1);
        ref = sent[0].ref, slot = sent[0].extension;
    }
    std::string ref, slot;
    int texts_but_survey() const { return static_cast<int>(sent.size()) - 1; }
};
}  // namespace

TEST_CASE("a code becomes the rating of the officer, the survey is delivered by it, and thanks go back once") {
    Asked w;
    w.reply(zhang, "1", w.slot);
    CHECK(w.value("SELECT grade || ' ' || method || ' ' || effect || ' ' || officer FROM ratings") == "satisfied code first 012345");
    CHECK(w.surveys() == "1 delivered");
    CHECK(w.texted("感谢您的评价", zhang) == 1);
    w.reply(zhang, "1", w.slot);
    CHECK(w.texts_but_survey() == 1);
    CHECK(w.value("SELECT group_concat(class, ' ') FROM inbound") == "rated repeated");
    CHECK(w.books_balance());
}

TEST_CASE("a 3 opens an urgent follow-up within a day and is told so, 0 after it means: do not call") {
    Asked w;
    w.reply(zhang, "3 等了两个小时", w.slot);
    CHECK(w.value("SELECT state || ' ' || urgent || ' ' || (due_at - opened_at) FROM followups") == "opened 1 86400000");
    CHECK(w.texted("督察部门将", zhang) == 1);
    w.reply(zhang, "0", w.slot);
    CHECK(w.value("SELECT no_callback FROM followups") == "1");
    CHECK(w.texts_but_survey() == 1);
    CHECK(w.value("SELECT class FROM inbound ORDER BY id DESC") == "none");
}

TEST_CASE("where the category rates the unit alone no officer gets the answer, also after the case was updated") {
    Asked w(morning, {}, "0401");
    w.call("A1", zhang, "0401", R"(,"version":2,"flags":["medical"])");
    w.reply(zhang, "1", w.slot);
    CHECK(w.value("SELECT coalesce(officer, 'none') FROM ratings") == "none");
}

TEST_CASE("an opt-out calls off what waits, is confirmed once, and nothing but an emergency answer follows it") {
    Asked w(morning, {.survey = "per_phone_24h = 9\nper_phone_30d = 90"});
    w.call("A2", zhang);
    w.reply(zhang, "T", w.slot);
    CHECK(w.surveys() == "1 cancelled, 1 delivered");
    w.reply(zhang, "退订", w.slot);
    CHECK(w.texted("已为您退订", zhang) == 1);
    CHECK(w.call("A3", zhang) == "excluded opt_out");
    w.reply(zhang, "1", w.slot);  // counts, but thanks would be a text to somebody who wants none
    CHECK(w.value("SELECT count(*) FROM ratings WHERE effect = 'first'") == "1");
    w.pass(24h);
    CHECK(w.texts_but_survey() == 1);
    w.reply(zhang, "救命", w.slot);
    CHECK(w.texted(test::emergency_words, zhang) == 1);
    CHECK(w.books_balance());
}

TEST_CASE("an emergency raises an alarm and is answered at night, once a day, where the text says do not call nothing goes back") {
    Asked w;
    w.pass(15h);  // two in the morning
    w.reply(zhang, "救命 有人拿刀", w.slot);
    CHECK(w.value("SELECT do_not_contact FROM alarms") == "0");
    REQUIRE(w.texted(test::emergency_words, zhang) == 1);
    CHECK(w.sent.back().extension == w.slot);
    w.reply(zhang, "救命 快来", w.slot);
    CHECK(w.value("SELECT count(*) FROM alarms") == "2");
    CHECK(w.texted(test::emergency_words, zhang) == 1);
    w.reply(li, "他又打我 别打电话 救命");
    CHECK(w.value("SELECT do_not_contact FROM alarms ORDER BY at DESC, inbound_id DESC") == "1");
    CHECK(w.texted("", li) == 0);
    CHECK(w.books_balance());
}

TEST_CASE("an emergency answer does not wait for a doubt, and outlives the re-coding of its case") {
    Asked w;
    w.carrier().says = [](const test::Sent&, provider::Outcome) -> provider::Outcome { return provider::Ambiguous{"silence"}; };
    w.reply(zhang, "1", w.slot);  // the thanks are in doubt now
    CHECK(w.value("SELECT state FROM messages WHERE purpose = 'thanks'") == "in_doubt");
    w.carrier().says = [](const test::Sent&, provider::Outcome) -> provider::Outcome { return provider::Retry{"link down"}; };
    w.reply(zhang, "救命 他拿刀", w.slot);
    CHECK(w.value("SELECT state FROM messages WHERE purpose = 'emergency'") == "due");
    w.call("A1", zhang, "0201", R"(,"version":2)");
    w.carrier().says = nullptr;
    w.pass(5min);
    CHECK(w.value("SELECT state FROM messages WHERE purpose = 'emergency'") == "accepted");
    CHECK(w.value("SELECT recoded_after FROM cases") == "1");
}

TEST_CASE("after a safety case of the same number nobody chats with that phone, and the rating is kept") {
    Asked w;
    w.call("B1", zhang, "0201");
    w.reply(zhang, "3", w.slot);
    CHECK(w.value("SELECT count(*) FROM ratings") == "1");
    CHECK(w.value("SELECT count(*) FROM followups") == "1");
    CHECK(w.texts_but_survey() == 0);
}

TEST_CASE("what cannot be read is asked again once, then a person looks") {
    Asked w;
    w.reply(zhang, "1或3", w.slot);
    CHECK(w.texted("未能识别", zhang) == 1);
    w.reply(zhang, "123", w.slot);
    CHECK(w.texted("未能识别", zhang) == 1);
    CHECK(w.value("SELECT kind FROM reviews") == "ambiguous");
    w.reply(zhang, "2", w.slot);
    CHECK(w.value("SELECT grade FROM ratings WHERE effect = 'first'") == "basically_satisfied");
    CHECK(w.texts_but_survey() == 1);  // clarified: no thanks
}

TEST_CASE("a text that says the same twice is two rows only where the vendor says so") {
    Asked w;
    provider::InboundText in;
    in.from = Phone::sender(zhang), in.extension = w.slot, in.text = Text("1"), in.at = w.clock.now(), in.key = "same";
    w.hear(in);
    w.hear(in);
    in.key.clear();
    w.hear(in);
    w.hear(in);
    w.pass(5s);
    CHECK(w.value("SELECT count(*) FROM inbound") == "2");
    CHECK(w.value("SELECT count(*) FROM ratings WHERE effect = 'first'") == "1");
}

TEST_CASE("a reply that the vendor's slow clock dates before the question still finds its survey") {
    Asked w;
    provider::InboundText in;
    in.from = Phone::sender(zhang), in.extension = w.slot, in.text = Text("1"), in.at = w.clock.now() - 4min, in.key = "a";
    w.hear(in);
    w.pass(5s);
    CHECK(w.value("SELECT class FROM inbound") == "rated");
}

TEST_CASE("answers after the window are late, after two weeks they are letters") {
    Asked w;
    w.pass(73h);
    w.reply(zhang, "1", w.slot);
    CHECK(w.value("SELECT class || ' ' || (SELECT effect FROM ratings) FROM inbound") == "late late");
    w.pass(24h * 14);
    w.reply(zhang, "1", w.slot);
    CHECK(w.value("SELECT class FROM inbound ORDER BY id DESC") == "unmatched");
    CHECK(w.books_balance());
}

TEST_CASE("receipts: doubled, too early, of an old id, backwards") {
    Asked w;
    auto vendor_id = w.value("SELECT vendor_id FROM receipt_keys");
    w.receipt("", ReceiptState::failed, vendor_id);
    CHECK(w.surveys() == "1 failed");
    w.receipt("", ReceiptState::delivered, vendor_id);
    CHECK(w.surveys() == "1 delivered");
    w.receipt("", ReceiptState::failed, vendor_id);
    CHECK(w.surveys() == "1 delivered");
    w.receipt("", ReceiptState::delivered, "nobody's");
    w.pass(2h);
    CHECK(w.value("SELECT group_concat(step, ' ') FROM receipts") == "applied applied applied unknown");
}

TEST_CASE("a receipt that overtakes its submit response is not lost, by our ref or by the carrier's id alone") {
    for (bool by_ref : {true, false}) {
        World w(morning);
        w.carrier().takes = 20s;
        w.call("A1", zhang);
        w.pass(2h + 5s);
        REQUIRE(w.surveys() == "1 sending");
        w.receipt(by_ref ? w.sent[0].ref : "", ReceiptState::delivered, by_ref ? "" : "main-1");
        CHECK(w.value("SELECT step FROM receipts") == "parked");
        w.pass(3min);
        CHECK(w.surveys() == "1 delivered");
    }
}

TEST_CASE("a carrier that delivers and then says no is not believed: nobody is asked again") {
    for (std::string by : {"ref", "phone", "reply", "nothing"}) {
        CAPTURE(by);
        World w(morning);
        int said = 0;
        w.carrier().says = [&](const test::Sent&, provider::Outcome taken) -> provider::Outcome { return said++ == 0 ? provider::Outcome(provider::Retry{"busy"}) : taken; };
        w.carrier().takes = 20s;
        w.call("A1", zhang);
        w.pass(2h + 5s);
        REQUIRE(w.surveys() == "1 sending");
        if (by == "ref") w.receipt(w.sent[0].ref);
        if (by == "phone") w.receipt("", ReceiptState::delivered, "x-1", zhang);
        if (by == "reply") w.reply(zhang, "1", w.sent[0].extension);
        w.carrier().takes = 1s;
        w.pass(1h);
        int questions = 0;
        for (const auto& sent : w.sent) questions += sent.ref == w.sent[0].ref ? 1 : 0;
        CHECK(questions == (by == "nothing" ? 2 : 1));  // a plain refusal is tried again
        CHECK(w.surveys() == (by == "nothing" ? "1 accepted" : "1 delivered"));
    }
}

TEST_CASE("doubt is settled by a receipt, by one for the phone that came too early, and by a reply, never by sending again") {
    auto silent = [](const test::Sent&, provider::Outcome) -> provider::Outcome { return provider::Ambiguous{"silence"}; };
    for (std::string by : {"ref", "phone", "early", "reply", "nothing"}) {
        CAPTURE(by);
        World w(morning);
        w.carrier().says = silent;
        w.carrier().takes = 20s;
        w.call("A1", zhang);
        w.pass(2h + 5s);
        if (by == "early") w.receipt("", ReceiptState::delivered, "x-1", zhang);
        w.pass(1min);
        if (by != "early") CHECK(w.surveys() == "1 in_doubt");
        if (by == "ref") w.receipt(w.sent[0].ref);
        if (by == "phone") w.receipt("", ReceiptState::delivered, "x-1", zhang);
        if (by == "reply") w.reply(zhang, "1", w.sent[0].extension);
        w.pass(2min);
        CHECK(w.surveys() == (by == "nothing" ? "1 in_doubt" : "1 delivered"));
        w.pass(80h);
        CHECK(w.surveys() == (by == "nothing" ? "1 unknown" : "1 delivered"));
        CHECK(w.texted(test::survey_words) == 1);
        CHECK(w.books_balance());
    }
}

TEST_CASE("an answer that is faster than the carrier's response is proof of delivery") {
    for (bool silent : {false, true}) {
        World w(morning);
        w.carrier().takes = 20s;
        if (silent) w.carrier().says = [](const test::Sent&, provider::Outcome) -> provider::Outcome { return provider::Ambiguous{"silence"}; };
        w.call("A1", zhang);
        w.pass(2h + 5s);
        w.reply(zhang, "1", w.sent[0].extension);
        REQUIRE(w.surveys() == "1 sending");
        w.pass(1min);
        CHECK(w.surveys() == "1 delivered");
    }
}

TEST_CASE("an emergency whose answer was refused for good is answered when it is said again") {
    Asked w;
    w.carrier().says = [](const test::Sent&, provider::Outcome) -> provider::Outcome { return provider::Permanent{provider::Permanent::number, "X"}; };
    w.reply(zhang, "救命", w.slot);
    w.carrier().says = nullptr;
    w.reply(zhang, "救命 快来", w.slot);
    CHECK(w.value("SELECT group_concat(state, ' ') FROM (SELECT state FROM messages WHERE purpose = 'emergency' ORDER BY id)") == "failed accepted");
}

TEST_CASE("a late response settles a doubt, shows that the carrier lives, and wakes what was parked") {
    World w(morning, {.channels = "[[channel]]\nname = \"main\"\nprovider = \"simulated\"\nwindow = 1\n"});
    w.carrier().takes = 60s;  // longer than we wait
    w.call("A1", zhang);
    w.pass(2h + 40s);
    REQUIRE(w.surveys() == "1 in_doubt");
    CHECK(w.gateway().dispatcher().status()[0].state == "suspect");
    w.receipt("", ReceiptState::delivered, "late-1");
    w.run_for([&]() -> asio::awaitable<void> {
        provider::Outcome outcome = provider::Accepted{{"late-1"}};
        co_await w.gateway().inbox().late("main", w.sent[0].ref, std::move(outcome));
    });
    CHECK(w.gateway().dispatcher().status()[0].state == "up");
    w.pass(5s);
    CHECK(w.surveys() == "1 delivered");
}

TEST_CASE("a late response that is here before our giving up is written down settles the message all the same") {
    for (bool taken : {true, false}) {
        World w(morning);
        w.carrier().takes = 60s;  // longer than we wait
        w.call("A1", zhang);
        w.pass(2h + 5s);
        REQUIRE(w.surveys() == "1 sending");
        w.carrier().takes = 1s;
        w.late(w.sent[0].ref, taken ? provider::Outcome(provider::Accepted{{"late-1"}}) : provider::Retry{"busy"});
        w.pass(2min);
        CHECK(w.surveys() == "1 accepted");
        CHECK(w.sent.size() == (taken ? 1 : 2));
    }
}

namespace {
provider::InboundText text_from(const std::string& phone, const std::string& slot, const std::string& words, const std::string& key) {
    provider::InboundText in;
    in.from = Phone::sender(phone), in.extension = slot, in.text = Text(words), in.key = key;
    return in;
}
void deliver(World& w, std::vector<provider::Inbound> all) {
    w.run_for([&]() -> asio::awaitable<void> { co_await w.gateway().inbox().take("main", std::move(all)); });
}
}  // namespace

TEST_CASE("an answer to a survey is rated in the commit that keeps it, while everything else is kept first") {
    Asked w;
    w.hear(text_from(zhang, w.slot, "3 太慢", "a"));
    auto lost = w.crash();  // at once
    for (auto* world : {static_cast<World*>(&w), lost.get()}) {
        CHECK(world->value("SELECT step || ' ' || class || ' ' || match FROM inbound") == "done rated slot");
        CHECK(world->value("SELECT grade || ' ' || effect || ' ' || officer FROM ratings") == "dissatisfied first 012345");
        CHECK(world->value("SELECT count(*) FROM followups") == "1");
        CHECK(world->surveys() == "1 delivered");
    }
    w.hear(text_from(zhang, w.slot, "3 太慢", "a"));  // told again by the carrier
    CHECK(w.value("SELECT count(*) FROM inbound") == "1");
    CHECK(w.value("SELECT count(*) FROM ratings") == "1");
    w.hear(text_from(li, "", "请问立案了吗", "b"));
    CHECK(w.value("SELECT step FROM inbound WHERE id = (SELECT max(id) FROM inbound)") == "new");
    w.pass(2s);
    CHECK(w.value("SELECT class FROM inbound WHERE id = (SELECT max(id) FROM inbound)") == "unmatched");
    CHECK(w.books_balance());
}

TEST_CASE("nobody is overtaken: what stands behind a text that waits is read after it") {
    Asked w;
    deliver(w, {text_from(zhang, w.slot, "3", "a"), text_from(zhang, w.slot, "救命 有人拿刀", "b"), text_from(zhang, w.slot, "打错了 1", "c")});
    CHECK(w.value("SELECT group_concat(step, ' ') FROM (SELECT step FROM inbound ORDER BY id)") == "done new new");
    w.hear(text_from(zhang, w.slot, "2", "d"));  // in the next delivery, before the step has run
    w.pass(2s);
    CHECK(w.value("SELECT count(*) FROM inbound WHERE step = 'new'") == "0");
    CHECK(w.value("SELECT count(*) FROM alarms") == "1");
    // In the order in which they were written: each rating belongs to a later text than the one before it.
    CHECK(w.value("SELECT count(*) FROM ratings a JOIN ratings b ON b.id > a.id AND b.inbound_id < a.inbound_id") == "0");
    CHECK(w.value("SELECT effect FROM ratings WHERE id = 1") == "first");
}

TEST_CASE("a text that waits holds up its own number and no other") {
    Asked w;
    w.call("B1", li);
    w.pass(2h + 1min);
    REQUIRE(w.sent.size() == 2);
    auto slot_of_li = w.sent[1].extension;
    deliver(w, {text_from(zhang, w.slot, "救命 有人拿刀", "a"), text_from(li, slot_of_li, "2", "b"), text_from(zhang, w.slot, "3", "c")});
    CHECK(w.value("SELECT group_concat(step, ' ') FROM (SELECT step FROM inbound ORDER BY id)") == "new done new");
    w.hear(text_from(li, slot_of_li, "3", "d"));  // in the next delivery, before the step has run
    CHECK(w.value("SELECT group_concat(step, ' ') FROM (SELECT step FROM inbound ORDER BY id)") == "new done new done");
    w.pass(2s);
    CHECK(w.value("SELECT count(*) FROM inbound WHERE step = 'new'") == "0");
    CHECK(w.value("SELECT count(*) FROM ratings") == "3");
    CHECK(w.value("SELECT count(*) FROM ratings a JOIN ratings b ON b.case_id = a.case_id AND b.id > a.id AND b.inbound_id < a.inbound_id") == "0");
    CHECK(w.books_balance());
}

TEST_CASE("a delivery of some hundred answers is rated in the commit that keeps it, but for what waits and stands behind it") {
    Asked w;
    std::vector<provider::Inbound> all;
    for (int n = 0; n < 300; ++n) all.push_back(text_from(zhang, w.slot, n == 200 ? "救命 有人拿刀" : "1", fmt::format("k{}", n)));
    deliver(w, all);
    CHECK(w.value("SELECT count(*) FROM inbound WHERE step = 'done'") == "200");
    w.pass(2s);
    CHECK(w.value("SELECT count(*) FROM inbound WHERE step = 'new'") == "0");
    CHECK(w.value("SELECT count(*) FROM alarms") == "1");
    CHECK(w.books_balance());
}

TEST_CASE("an answer that cannot be rated is kept all the same, and a person sees it") {
    Asked w;
    w.exec("CREATE TRIGGER broken BEFORE INSERT ON ratings BEGIN SELECT RAISE(ABORT, 'on purpose'); END");
    w.hear(text_from(zhang, w.slot, "1", "a"));
    CHECK(w.value("SELECT step FROM inbound") == "new");
    w.pass(5s);
    CHECK(w.value("SELECT step || ' ' || class FROM inbound") == "done quarantined");
    CHECK(w.value("SELECT kind FROM reviews") == "set_aside");
    w.exec("DROP TRIGGER broken");
}

TEST_CASE("while a message is with the carrier its story names the attempt, whose row is written when it has ended") {
    World w(morning);
    w.carrier().takes = 10s;
    w.call("A1", zhang);
    w.pass(2h + 5s);
    REQUIRE(w.surveys() == "1 sending");
    CHECK(w.value("SELECT count(*) FROM attempts") == "0");
    auto attempts = [&] {
        std::string out;
        w.store->run_now([&](store::Connection& db) {
            auto story = reports::read_story(db, w.seal, "A1", true);
            REQUIRE(story);
            for (const auto& a : story->messages.at(0).attempts) out += fmt::format("{} {} {};", a.number, a.channel, a.outcome.value_or("under way"));
        });
        return out;
    };
    CHECK(attempts() == "1 main under way;");
    auto lost = w.crash();
    w.pass(10s);
    CHECK(attempts() == "1 main accepted;");
    CHECK(lost->value("SELECT attempt || ' ' || channel || ' ' || outcome FROM attempts") == "1 main ambiguous");
    CHECK(lost->surveys() == "1 in_doubt");
}

TEST_CASE("no number and no text can be read in the files") {
    {
        Asked w;
        provider::InboundText in;
        in.from = Phone::sender(zhang), in.extension = w.slot, in.text = Text("3 处警太慢了"), in.key = "9:" + zhang + "/2026";
        w.hear(in);
        provider::Receipt r;
        r.ref = w.ref, r.phone = Phone::sender(zhang), r.state = ReceiptState::delivered, r.key = zhang + "|1";
        w.hear(r);
        r.code = "to " + zhang + " blocked", r.key = "b", r.state = ReceiptState::failed;
        w.hear(r);
        w.carrier().says = [](const test::Sent& s, provider::Outcome) -> provider::Outcome { return provider::Permanent{provider::Permanent::number, "bad " + s.phone}; };
        w.reply(zhang, "HELP", w.slot);
        w.reply("95588", "您的尾号 13812345678");
        w.pass(5s);
        w.store->run_now([](store::Connection&) {});
        for (const auto& entry : std::filesystem::recursive_directory_iterator(w.folder / "state")) {
            if (!entry.is_regular_file()) continue;
            std::ifstream in_file(entry.path(), std::ios::binary);
            std::string bytes{std::istreambuf_iterator<char>(in_file), {}};
            CHECK(bytes.find(zhang) == std::string::npos);
            CHECK(bytes.find("处警太慢") == std::string::npos);
            CHECK(bytes.find("回复数字") == std::string::npos);
        }
    }
}
