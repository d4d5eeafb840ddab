#include <algorithm>
#include <fstream>

#include "tests/flow/world.hpp"

using namespace pingjing;
using test::Site;
using test::World;
using namespace std::chrono_literals;

namespace {
const std::string morning = "2026-11-21T09:00:00+08:00", evening = "2026-11-21T19:30:00+08:00";
const std::string zhang = "13812345678", li = "13912345678", wang = "15812345678";
const std::string two_channels = "[[channel]]\nname = \"main\"\nprovider = \"simulated\"\n[[channel]]\nname = \"second\"\nprovider = \"simulated\"\n";
}  // namespace

TEST_CASE("a closed call is asked about once, two hours later, and what is accepted is delivered by its receipt") {
    World w(morning);
    CHECK(w.call("A1", zhang) == "accepted");
    w.pass(119min);
    CHECK(w.sent.empty());
    w.pass(2min);
    REQUIRE(w.sent.size() == 1);
    CHECK(w.sent[0].phone == zhang);
    CHECK(w.surveys() == "1 accepted");
    w.receipt(w.sent[0].ref);
    CHECK(w.surveys() == "1 delivered");
    w.pass(200h);
    CHECK(w.sent.size() == 1);
    CHECK(w.books_balance());
}

TEST_CASE("outside opening hours a survey waits for the morning") {
    World w(evening);  // due at half past nine in the evening
    w.call("A1", zhang);
    w.pass(10h);
    CHECK(w.sent.empty());
    w.pass(4h);
    REQUIRE(w.sent.size() == 1);
    auto hour = (to_millis(w.sent[0].at) / 3600'000 + 8) % 24;
    CHECK(hour == 8);
}

TEST_CASE("shadow and off send no survey, and the case stays waiting or is told why not") {
    World w(morning, {.survey = "mode = \"shadow\""});
    CHECK(w.call("A1", zhang) == "accepted");
    w.pass(24h);
    CHECK(w.sent.empty());
    CHECK(w.surveys() == "1 due");
    CHECK(w.books_balance());
    w.reply(li, "救命 有人拿刀");  // an emergency is answered in every mode
    CHECK(w.texted(test::emergency_words, li) == 1);
}

TEST_CASE("a safety case cancels what waits for its number, and the check at sending sees one that came another way") {
    World w(morning);
    w.call("A1", zhang);
    w.pass(1h);
    CHECK(w.call("B1", zhang, "0201") == "excluded dv");
    CHECK(w.value("SELECT state || ' ' || code FROM messages WHERE purpose = 'survey'") == "cancelled phone_hold");
    w.call("A2", li);
    w.pass(1h);
    // Known by its contact number only, and written behind intake's back.
    w.call("B2", wang, "0101");
    w.exec("UPDATE cases SET safety = 1, contact_id = (SELECT phone_id FROM cases WHERE record = 'A2') WHERE record = 'B2'");
    w.pass(3h);
    CHECK(w.texted(test::survey_words, zhang) == 0);
    CHECK(w.texted(test::survey_words, li) == 0);
    CHECK(w.value("SELECT code FROM cases WHERE record = 'A2'") == "phone_hold");
    CHECK(w.books_balance());
}

TEST_CASE("a new version that names another number takes the waiting survey along: the old number hears nothing") {
    World w(morning);
    w.call("A1", zhang, "0101", R"(,"version":1)");
    w.pass(1h);
    CHECK(w.call("A1", li, "0101", R"(,"version":2)") == "updated");
    w.pass(4h);
    CHECK(w.texted("", zhang) == 0);
    CHECK(w.texted(test::survey_words, li) == 1);
}

TEST_CASE("a number that is corrected or taken away while an attempt fails is obeyed by the next attempt") {
    for (std::string corrected : {li, std::string("02584420000")}) {
        World w(morning);
        w.carrier().takes = 20s;
        w.carrier().says = [](const test::Sent&, provider::Outcome) -> provider::Outcome { return provider::Retry{"refused"}; };
        w.call("A1", zhang, "0101", R"(,"version":1)");
        w.pass(2h + 10s);
        REQUIRE(w.surveys() == "1 sending");
        w.call("A1", corrected, "0101", R"(,"version":2)");
        w.carrier().says = nullptr;
        w.pass(1h);
        CHECK(w.texted("", zhang) == 1);  // the one that was refused
        CHECK(w.texted("", li) == (corrected == li));
        CHECK(w.surveys() == (corrected == li ? "1 accepted" : "1 cancelled"));
        CHECK(w.books_balance());
    }
}

TEST_CASE("a case that is reopened before it was asked is asked after it was closed again, one that was asked never again") {
    World w(morning);
    w.call("A1", zhang, "0101", R"(,"version":1)");
    w.pass(1h);
    w.call("A1", zhang, "0101", R"(,"version":2)", "reopened");
    CHECK(w.surveys() == "1 cancelled");
    w.pass(5h);
    CHECK(w.sent.empty());
    w.call("A1", zhang, "0101", R"(,"version":3)");
    w.pass(3h);
    CHECK(w.texted(test::survey_words, zhang) == 1);
    w.call("A1", zhang, "0101", R"(,"version":4)", "reopened");
    w.pass(1h);
    w.call("A1", zhang, "0101", R"(,"version":5)");
    w.pass(30h);
    CHECK(w.texted(test::survey_words, zhang) == 1);
    CHECK(w.books_balance());
}

TEST_CASE("a text that was refused and is reported as delivered is not sent again when its case is reopened and closed again") {
    for (bool delivered : {true, false}) {
        CAPTURE(delivered);
        World w(morning);
        w.carrier().says = [](const test::Sent&, provider::Outcome) -> provider::Outcome { return provider::Permanent{provider::Permanent::content, "1"}; };
        w.call("A1", zhang, "0101", R"(,"version":1)");
        w.pass(3h);
        CHECK(w.surveys() == "1 held");
        w.carrier().says = nullptr;
        if (delivered) w.receipt(w.sent[0].ref);
        w.call("A1", zhang, "0101", R"(,"version":2)", "reopened");
        CHECK(w.surveys() == "1 cancelled");
        w.call("A1", zhang, "0101", R"(,"version":3)");
        w.pass(3h);
        CHECK(w.texted(test::survey_words, zhang) == (delivered ? 1 : 2));
        CHECK(w.books_balance());
    }
}

TEST_CASE("a second case of the same caller is capped, and decided again when the first one's survey does not go") {
    World w(morning);
    w.call("A1", zhang, "0101", R"(,"version":1)");
    w.pass(10min);
    CHECK(w.call("A2", zhang) == "excluded capped");
    w.call("A1", zhang, "0101", R"(,"version":2)", "cancelled");
    CHECK(w.value("SELECT coalesce(code, 'none') FROM cases WHERE record = 'A2'") == "none");
    w.pass(3h);
    CHECK(w.texted(test::survey_words, zhang) == 1);
    CHECK(w.value("SELECT m.state FROM messages m JOIN cases c ON c.id = m.case_id WHERE c.record = 'A2'") == "accepted");
    CHECK(w.books_balance());
}

TEST_CASE("what was capped by a survey that a safety case called off says so") {
    World w(morning);
    w.call("A1", zhang);
    w.pass(10min);
    REQUIRE(w.call("A2", zhang) == "excluded capped");
    w.call("A3", zhang, "0101", R"(,"flags":["dv"])");
    CHECK(w.value("SELECT group_concat(coalesce(code, 'none'), ' ') FROM (SELECT code FROM cases ORDER BY id)") == "phone_hold phone_hold dv");
    w.pass(3h);
    CHECK(w.sent.empty());
    CHECK(w.books_balance());
}

TEST_CASE("where a channel refuses us the next one takes over, and the first gets its work back when it answers again") {
    World w(morning, {.channels = two_channels, .survey = "per_phone_24h = 100\nper_phone_30d = 1000"});
    bool down = true;
    w.carrier(0).says = [&](const test::Sent&, provider::Outcome usual) -> provider::Outcome {
        if (down) return provider::Retry{"refused"};
        return usual;
    };
    for (int i = 0; i < 20; ++i) w.call("A" + std::to_string(i), "138000000" + std::to_string(10 + i));
    w.pass(150min);
    CHECK(w.surveys() == "20 accepted");
    for (int i = 0; i < 20; ++i) CHECK(w.value(fmt::format("SELECT channel FROM messages WHERE id = {}", i + 1)) == "second");
    down = false;
    w.pass(30min);
    w.call("B", "13800000050");  // finds out
    w.pass(150min);
    CHECK(w.gateway().dispatcher().status()[0].state == "up");
    auto before = w.sent.size();
    for (int i = 0; i < 5; ++i) w.call("C" + std::to_string(i), "138000000" + std::to_string(60 + i));
    w.pass(150min);
    REQUIRE(w.sent.size() == before + 5);
    for (auto i = before; i < w.sent.size(); ++i) CHECK(w.sent[i].channel == "main");
}

TEST_CASE("at the day's ceiling the rest waits for the next day, and nobody runs in circles meanwhile") {
    World w(morning, {.survey = "daily_ceiling = 3"});
    for (int i = 0; i < 300; ++i) w.call("A" + std::to_string(i), fmt::format("1380000{:04}", i));
    w.pass(2h + 1min);
    CHECK(w.texted(test::survey_words) == 3);
    CHECK(w.value("SELECT count(*) FROM holds WHERE of = 'ceiling' AND released_at IS NULL") == "1");
    w.pass(1h);  // at a thousand rounds a second this would not end
    CHECK(w.texted(test::survey_words) == 3);
    w.pass(13h);
    w.pass(12h);
    CHECK(w.texted(test::survey_words) == 6);
}

TEST_CASE("a ceiling that is raised while it holds is obeyed at once") {
    World w(morning, {.survey = "daily_ceiling = 3"});
    for (int i = 0; i < 20; ++i) w.call("A" + std::to_string(i), fmt::format("1380000{:04}", i));
    w.pass(2h + 1min);
    REQUIRE(w.texted(test::survey_words) == 3);
    auto reload = [&](const std::string& survey) {
        w.write("pingjing.toml", World::configuration({.survey = survey}));
        auto next = w.gateway().prepare(w.load());
        REQUIRE(next);
        w.gateway().take_over(std::move(*next));
        w.pass(5min);
    };
    reload("daily_ceiling = 5");
    CHECK(w.texted(test::survey_words) == 5);
    CHECK(w.value("SELECT count(*) FROM holds WHERE of = 'ceiling' AND released_at IS NULL") == "1");
    reload("daily_ceiling = 4");
    CHECK(w.texted(test::survey_words) == 5);
}

TEST_CASE("hold stops everything but emergency answers, what is held goes when it is released") {
    World w(morning);
    w.call("A1", zhang);
    w.store->run_now([&](store::Connection& db) { store::place_hold(db, "stop", std::nullopt, "test", w.clock.now()); });
    w.pass(3h);
    CHECK(w.sent.empty());
    w.reply(li, "救命");
    CHECK(w.texted(test::emergency_words, li) == 1);
    w.store->run_now([&](store::Connection& db) { store::release_holds(db, "stop", std::nullopt, "test", w.clock.now()); });
    w.pass(1min);
    CHECK(w.texted(test::survey_words, zhang) == 1);
}

TEST_CASE("a hold that cannot be written down yet holds surveys all the same, and no answers") {
    World w(morning);
    w.call("A1", zhang);
    w.gateway().dispatcher().hold_surveys(true);
    w.pass(3h);
    w.reply(li, "救命");
    CHECK(w.texted(test::survey_words) == 0);
    CHECK(w.texted(test::emergency_words, li) == 1);
    w.gateway().dispatcher().hold_surveys(false);
    w.gateway().dispatcher().wake();
    w.pass(1min);
    CHECK(w.texted(test::survey_words, zhang) == 1);
}

TEST_CASE("a number without a route is held, and its emergency is answered all the same") {
    World w(morning, {.routes = "[[route]]\nprefixes = [\"139\"]\nchannels = [\"main\"]\n"});
    w.call("A1", zhang);
    w.call("A2", li);
    w.pass(3h);
    CHECK(w.surveys() == "1 accepted, 1 held");
    w.reply(zhang, "救命 他拿刀");
    CHECK(w.texted(test::emergency_words, zhang) == 1);
    CHECK(w.books_balance());
}

TEST_CASE("a number goes by the channel that is known to reach it, whatever its prefix says") {
    test::Site two;
    two.channels += "[[channel]]\nname = \"second\"\nprovider = \"simulated\"\nsource = \"106900111\"\nextension_digits = 2\n";
    two.routes = "[[route]]\nprefixes = [\"138\"]\nchannels = [\"main\", \"second\"]\n[[route]]\nchannels = [\"second\", \"main\"]\n";
    World w(morning, two);
    auto last_channel = [&](const std::string& record) { return w.value("SELECT m.channel FROM messages m JOIN cases c ON c.id = m.case_id WHERE m.purpose = 'survey' AND c.record = '" + record + "'"); };
    w.call("A1", zhang);
    w.pass(3h);
    CHECK(last_channel("A1") == "main");  // nothing is known yet
    w.reply(zhang, "1", "00", "second");  // ported: his answers come from another carrier
    w.pass(45h);
    w.call("A2", zhang);
    w.pass(3h);
    CHECK(last_channel("A2") == "second");
    w.receipt(w.sent.back().ref);
    w.pass(45h);
    w.carrier(1).says = [](const test::Sent&, provider::Outcome) -> provider::Outcome { return provider::ChannelDown{provider::ChannelDown::auth, "401"}; };
    w.call("A3", zhang);
    w.pass(4h);
    CHECK(last_channel("A3") == "main");  // known is no reason to wait for a channel that is down
    w.carrier(1).says = nullptr;
    w.pass(24h * 31);  // three in thirty days are enough
    w.call("A4", zhang);
    w.pass(3h);
    CHECK(last_channel("A4") == "second");
    two.routes = "[[route]]\nprefixes = [\"138\"]\nchannels = [\"main\", \"second\"]\nknown_numbers_too = true\n";
    w.write("pingjing.toml", World::configuration(two));
    auto next = w.gateway().prepare(w.load());
    REQUIRE(next);
    w.gateway().take_over(std::move(*next));
    w.receipt(w.sent.back().ref);
    w.pass(45h);
    w.call("A5", zhang);
    w.pass(3h);
    CHECK(last_channel("A5") == "main");  // the site knows better: replies by the other one are silent
    CHECK(w.books_balance());
}

TEST_CASE("a channel with hours of its own sends in them only: outside the next one takes over, and where there is none the survey waits") {
    for (bool two : {false, true}) {
        test::Site site;
        site.channels += "hours = \"14:00-15:00\"\n";
        if (two) site.channels += "[[channel]]\nname = \"second\"\nprovider = \"simulated\"\n";
        World w(morning, site);
        w.call("A1", zhang);
        w.pass(3h);
        CHECK(w.sent.size() == (two ? 1 : 0));
        w.pass(6h);
        REQUIRE(w.sent.size() == 1);
        CHECK(w.sent[0].channel == (two ? "second" : "main"));
        auto noon = *parse_rfc3339("2026-11-21T12:00:00+08:00");
        auto since_noon = w.sent[0].at - noon;
        if (two) CHECK(since_noon < 2h);
        else CHECK((since_noon >= 2h && since_noon < 3h));
        CHECK(w.books_balance());
    }
}

TEST_CASE("routes by carrier ask the site's number plan, and weights share the rest out until a channel is out") {
    test::TempFolder lists;
    std::ofstream(lists / "plan.csv") << "prefix,carrier\n13800138,联通\n";
    test::Site two;
    two.channels += "[[channel]]\nname = \"second\"\nprovider = \"simulated\"\nsource = \"106900111\"\nextension_digits = 2\n";
    two.routes = fmt::format("[[route]]\ncarriers = [\"联通\"]\nchannels = [\"main\"]\n[[route]]\nchannels = [\"main\", \"second\"]\nweights = [1, 3]\n[lists]\nnumber_plan = \"{}\"\n",
                             (lists / "plan.csv").string());
    World w(morning, two);
    auto by = [&](const std::string& prefix, const std::string& channel) {
        return std::ranges::count_if(w.sent, [&](const test::Sent& s) { return s.phone.starts_with(prefix) && s.channel == channel; });
    };
    auto ask = [&](const std::string& prefix, int calls) {
        for (int i = 0; i < calls; ++i) w.call(prefix + std::to_string(i), fmt::format("{}{:0{}}", prefix, i, 11 - prefix.size()));
        w.pass(3h);
    };
    ask("13800138", 20);
    ask("186", 20);
    ask("139", 200);
    CHECK(by("13800138", "main") == 20);
    CHECK(by("186", "main") == 20);
    CHECK(by("139", "main") + by("139", "second") == 200);
    CHECK(by("139", "main") > 30);
    CHECK(by("139", "main") < 70);
    w.carrier(1).says = [](const test::Sent&, provider::Outcome) -> provider::Outcome { return provider::ChannelDown{provider::ChannelDown::auth, "401"}; };
    w.closed_at(w.clock.now());
    ask("137", 100);
    CHECK(by("137", "main") == 100);
    CHECK(w.surveys() == "340 accepted");
    CHECK(w.books_balance());
}

TEST_CASE("new routes are obeyed by what waits already") {
    const std::string many = "[[route]]\nprefixes = [\"130\"]\nchannels = [\"main\"]\n[[route]]\nprefixes = [\"131\"]\nchannels = [\"main\"]\n[[route]]\nchannels = [\"main\"]\n";
    World w(morning, {.routes = many});
    w.call("A1", zhang);
    w.carrier().says = [&](const test::Sent&, provider::Outcome) -> provider::Outcome { return provider::Throttled{provider::Throttled::number, 60s}; };
    w.pass(2h + 10s);
    // As a look leaves a row that had to stay.
    w.exec("UPDATE messages SET route = 2 WHERE state = 'due'");
    CHECK(w.value("SELECT route FROM messages") == "2");
    w.carrier().says = nullptr;
    w.write("pingjing.toml", World::configuration({}));
    auto next = w.gateway().prepare(w.load());
    REQUIRE(next);
    w.gateway().take_over(std::move(*next));
    w.pass(1h);
    CHECK(w.surveys() == "1 accepted");
}

TEST_CASE("a reload says what of a channel waits for a restart, and says it again") {
    World w(morning);
    auto waits = [&](const std::string& more) {
        w.write("pingjing.toml", World::configuration({.channels = "[[channel]]\nname = \"main\"\nprovider = \"simulated\"\nextension_digits = 2\n" + more}));
        auto next = w.gateway().prepare(w.load());
        REQUIRE(next);
        std::string out;
        for (const auto& key : next->needs_restart) out += key + "; ";
        w.gateway().take_over(std::move(*next));
        return out;
    };
    const std::string source = "source = \"106900110\"\n";
    CHECK(waits(source) == "");
    CHECK(waits(source + "hours = \"10:00-20:00\"\ndaily_ceiling = 7\nvalidity = \"2h\"\nhook_secret = \"0123456789abcdef\"\n") == "");
    CHECK(waits(source + "tps = 7\n") == "[[channel]] main: tps; ");
    CHECK(waits("source = \"106900111\"\n") == "[[channel]] main; ");
    CHECK(waits("source = \"106900111\"\n") == "[[channel]] main; ");  // it is not in force yet
    CHECK(waits(source) == "");
}

TEST_CASE("released by a person, what a channel refused goes at once, and a number that is throttled for itself keeps its pause") {
    World w(morning);
    w.call("A1", zhang);
    w.carrier().says = [&](const test::Sent&, provider::Outcome) -> provider::Outcome { return provider::Throttled{provider::Throttled::number, 10min}; };
    auto due_now = [&](const std::optional<std::string>& channel) {
        int n = 0;
        w.store->run_now([&](store::Connection& db) { n = store::refused_are_due(db, channel, w.clock.now()); });
        return n;
    };
    w.pass(2h + 10s);
    REQUIRE(w.surveys() == "1 due");
    CHECK(due_now("main") == 0);
    w.carrier().says = [&](const test::Sent&, provider::Outcome) -> provider::Outcome { return provider::ChannelDown{provider::ChannelDown::auth, "401"}; };
    w.pass(2h);
    REQUIRE(w.surveys() == "1 due");
    w.carrier().says = nullptr;
    CHECK(due_now("other") == 0);
    CHECK(due_now("main") == 1);
    CHECK(due_now(std::nullopt) == 0);  // it is due already
    w.gateway().dispatcher().release("main");
    w.pass(2s);
    CHECK(w.surveys() == "1 accepted");
}

TEST_CASE("what a dead channel refused goes by the next one of its route and does not find out whether the dead one lives") {
    const std::string two = "[[channel]]\nname = \"main\"\nprovider = \"simulated\"\n[[channel]]\nname = \"second\"\nprovider = \"simulated\"\n";
    World w(morning, {.channels = two});
    w.call("A1", zhang);
    w.carrier().says = [&](const test::Sent&, provider::Outcome) -> provider::Outcome { return provider::Retry{"dead"}; };
    w.pass(2h + 5min);
    CHECK(w.surveys() == "1 accepted");
    std::string ways;
    for (const auto& s : w.sent) ways += s.channel + " ";
    CHECK(ways == "main main main second ");  // the third time it counts as down
    // Alone on its route it is tried for as long as it takes.
    World alone(morning);
    alone.call("A1", zhang);
    alone.carrier().says = [&](const test::Sent&, provider::Outcome) -> provider::Outcome { return provider::Retry{"dead"}; };
    alone.pass(2h + 5min);
    auto before = alone.sent.size();
    CHECK(before > 3);
    alone.carrier().says = nullptr;
    alone.pass(20min);
    CHECK(alone.surveys() == "1 accepted");
}

TEST_CASE("a channel that is closed at this hour says until when") {
    World w(morning, {.channels = "[[channel]]\nname = \"main\"\nprovider = \"simulated\"\nhours = \"11:30-15:00\"\n"});
    CHECK(w.gateway().dispatcher().status().at(0).why == "closed until 11:30");
    w.pass(2h + 31min);
    CHECK(w.gateway().dispatcher().status().at(0).why == "");
}

TEST_CASE("what was held because no route matched its number goes when one does") {
    World w(morning, {.routes = "[[route]]\nprefixes = [\"130\"]\nchannels = [\"main\"]\n"});
    w.call("A1", zhang);
    w.pass(3h);
    CHECK(w.surveys() == "1 held");
    w.write("pingjing.toml", World::configuration({}));
    auto next = w.gateway().prepare(w.load());
    REQUIRE(next);
    w.gateway().take_over(std::move(*next));
    w.pass(1h);
    CHECK(w.surveys() == "1 accepted");
    CHECK(w.value("SELECT count(*) FROM ledger WHERE kind = 'routes'") == "1");
}

TEST_CASE("a carrier's black list is an opt-out: nobody on it is tried twice") {
    World w(morning, {.survey = "per_phone_24h = 5\nper_phone_30d = 50"});
    w.carrier().says = [](const test::Sent&, provider::Outcome) -> provider::Outcome { return provider::OptedOut{"MBBLACK"}; };
    w.call("A1", zhang);
    w.pass(1h);
    w.call("A2", zhang);
    w.pass(3h);
    CHECK(w.sent.size() == 1);
    CHECK(w.surveys() == "1 cancelled, 1 failed");
    CHECK(w.call("A3", zhang) == "excluded opt_out");
    CHECK(w.books_balance());
}

TEST_CASE("a carrier's black list is an opt-out also where its answer comes after we gave up") {
    World w(morning, {.survey = "per_phone_24h = 5\nper_phone_30d = 50"});
    w.carrier().says = [](const test::Sent&, provider::Outcome) -> provider::Outcome { return provider::Ambiguous{"silence"}; };
    w.call("A1", zhang);
    w.pass(3h);
    REQUIRE(w.surveys() == "1 in_doubt");
    w.late(w.sent[0].ref, provider::OptedOut{"MBBLACK"});
    CHECK(w.surveys() == "1 failed");
    CHECK(w.call("A2", zhang) == "excluded opt_out");
    CHECK(w.books_balance());
}

TEST_CASE("a slow channel with few places empties its queue at its own pace") {
    World w(morning, {.channels = "[[channel]]\nname = \"main\"\nprovider = \"simulated\"\ntps = 2\nwindow = 4\n"});
    for (int i = 0; i < 40; ++i) w.call("A" + std::to_string(i), fmt::format("1380000{:04}", i));
    w.pass(2h + 1min);
    CHECK(w.surveys() == "40 accepted");
    for (std::size_t i = 0; i + 2 < w.sent.size(); ++i) CHECK(w.sent[i + 2].at - w.sent[i].at >= 999ms);
}

TEST_CASE("after days without a daemon all windows that ended are closed at once, and reports given up") {
    World w(morning, {.survey = "daily_ceiling = 5000"});
    for (int i = 0; i < 1200; ++i) w.call("A" + std::to_string(i), fmt::format("139{:08}", i));
    w.pass(5h);
    REQUIRE(w.surveys() == "1200 accepted");
    w.clock.jump(100h);
    auto again = w.crash();
    again->pass(9min);
    CHECK(again->value("SELECT count(*) FROM messages WHERE open = 1") == "1200");  // its clock may be wrong, and set right in a moment
    again->pass(2min);
    CHECK(again->value("SELECT count(*) FROM messages WHERE open = 1") == "0");
    CHECK(again->surveys() == "1200 no_report");
}
