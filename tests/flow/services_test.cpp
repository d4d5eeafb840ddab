// A site that asks about more than the 110 call: each service has its own scale, words, delay and hours, and is counted by itself.
#include "tests/flow/world.hpp"

using namespace pingjing;
using test::Site;
using test::World;
using namespace std::chrono_literals;

namespace {

const std::string morning = "2026-11-21T09:00:00+08:00", evening = "2026-11-21T19:30:00+08:00";
const std::string zhang = "13812345678", li = "13912345678", wang = "15812345678", zhao = "15912345678";

const std::string services = R"(
[[survey.service]]
name = "window"
title = "窗口服务"
sources = ["window", "出入境"]
scale = "csat-5"
rated = "unit"
delay = "30m"
hours = "00:00-24:00"
categories = "window.csv"
[[survey.service]]
name = "call_taking"
sources = ["110"]
settled_by_phone = true
rated = "call_taker"
delay = "60m"
)";

const std::string at_window = R"(,"source":"window")", by_phone = R"(,"source":"110","call_taker":"080011")";
const std::string nobody = "[]", lead = R"([{"badge":"012345","role":"lead"}])";

// "012345 1": whose figures, and how many ratings.
std::string rated(World& w, const std::string& report, const std::string& service) {
    std::string out;
    w.store->run_now([&](store::Connection& db) {
        reports::Rules rules;
        rules.services = w.settings().survey.services();
        reports::Request request{.report = report, .service = service, .raw = true};
        auto table = reports::make_report(db, {}, rules, request, "Asia/Shanghai", w.clock.now());
        REQUIRE_MESSAGE(table, (table ? "" : table.error().detail));
        for (const auto& row : table->rows) {
            std::map<std::string, std::string> cells;
            for (std::size_t c = 0; c < row.size(); ++c) {
                if (const auto* text = std::get_if<std::string>(&row[c])) cells[table->columns[c].name] = *text;
                if (const auto* number = std::get_if<std::int64_t>(&row[c])) cells[table->columns[c].name] = std::to_string(*number);
            }
            auto whose = cells.contains("officer") ? cells["officer"] : cells["unit"];
            out += fmt::format("{}{} n={} eligible={} {}/{}/{}", out.empty() ? "" : "; ", whose.empty() ? "-" : whose, cells["n"], cells["eligible"], cells["satisfied"],
                               cells["basically_satisfied"], cells["dissatisfied"]);
        }
    });
    return out;
}

}  // namespace

TEST_CASE("a visit to the window is asked about by its own words, after its own delay and at its own hours, and read on its own scale") {
    World w(evening, {.services = services});
    CHECK(w.call("A1", zhang) == "accepted");
    CHECK(w.call("W1", li, "W1", at_window) == "accepted");
    w.pass(31min);
    REQUIRE(w.sent.size() == 1);
    CHECK(w.sent[0].phone == li);
    CHECK(w.sent[0].text.find("窗口办事") != std::string::npos);
    CHECK(w.sent[0].text.find("5很满意") != std::string::npos);
    w.pass(13h);  // the 110 call waits for the morning
    CHECK(w.texted("报警已处理完毕", zhang) == 1);

    w.reply(li, "5", w.sent[0].extension);
    w.reply(zhang, "5");
    CHECK(w.value("SELECT grade || ' ' || value FROM ratings r JOIN cases c ON c.id = r.case_id WHERE c.record = 'W1'") == "satisfied 5");
    CHECK(w.value("SELECT count(*) FROM ratings r JOIN cases c ON c.id = r.case_id WHERE c.record = 'A1'") == "0");
    CHECK(w.texted("1满意 2基本满意 3不满意。紧急情况请拨打110", zhang) == 1);  // 5 is no digit of its scale: asked again, by its digits
    w.reply(zhang, "1");
    CHECK(w.value("SELECT grade FROM ratings r JOIN cases c ON c.id = r.case_id WHERE c.record = 'A1'") == "satisfied");
    CHECK(w.books_balance());
}

TEST_CASE("the digit 1 praises an officer and complains of a window: the complaint opens a follow-up") {
    World w(morning, {.services = services});
    w.call("A1", zhang);
    w.call("W1", li, "W1", at_window);
    w.pass(3h);
    w.reply(zhang, "1");
    w.reply(li, "1");
    CHECK(w.value("SELECT grade FROM ratings r JOIN cases c ON c.id = r.case_id WHERE c.record = 'A1'") == "satisfied");
    CHECK(w.value("SELECT grade FROM ratings r JOIN cases c ON c.id = r.case_id WHERE c.record = 'W1'") == "dissatisfied");
    CHECK(w.value("SELECT count(*) FROM followups") == "1");
    w.reply(li, "什么");  // nothing to rate; and who asks what this is hears the digits of the window
    w.reply(li, "帮助");
    CHECK(w.texted("自愿参加", li) == 1);
    CHECK(w.texted("5很满意", li) == 2);
}

TEST_CASE("who is rated: the unit of a window, the call taker of what was settled by phone, the officer of a call") {
    World w(morning, {.services = services});
    w.call("A1", zhang, "0101", by_phone);  // an officer was there: it is no matter of the call taker
    w.call("W1", li, "W1", at_window);
    w.officers = nobody;
    w.call("T1", wang, "0101", by_phone);
    w.pass(3h);
    CHECK(w.texted("接警员", wang) == 1);
    w.reply(zhang, "1");
    w.reply(li, "4");
    w.reply(wang, "2");
    CHECK(rated(w, "officers", "110") == "012345 n=1 eligible=1 1/0/0");
    CHECK(rated(w, "officers", "window") == "- n=1 eligible=1 1/0/0");
    CHECK(rated(w, "officers", "call_taking") == "080011 n=1 eligible=1 0/1/0");
    CHECK(rated(w, "force", "110") == "- n=1 eligible=1 1/0/0");
    CHECK(w.books_balance());
}

TEST_CASE("what was asked stands: a record that names another service, or an officer, by the time of the answer turns nothing around") {
    World w(morning, {.services = services});
    w.call("W1", li, "W1", at_window);
    w.officers = nobody;
    w.call("T1", wang, "0101", by_phone);
    w.pass(3h);
    CHECK(w.call("W1", li, "0101", R"(,"source":"windows")") == "rejected source");
    w.exec("UPDATE cases SET source = '110' WHERE record = 'W1'");
    w.officers = lead;
    w.call("T1", wang, "0101", by_phone);
    w.reply(li, "1");
    w.reply(wang, "3");
    CHECK(w.value("SELECT grade FROM ratings r JOIN cases c ON c.id = r.case_id WHERE c.record = 'W1'") == "dissatisfied");
    CHECK(w.value("SELECT r.officer FROM ratings r JOIN cases c ON c.id = r.case_id WHERE c.record = 'T1'") == "080011");
}

TEST_CASE("a configuration that changes the scale turns round nothing that was asked before") {
    World w(morning, {.services = services});
    w.call("W1", li, "W1", at_window);
    w.call("W2", zhang, "W1", at_window);
    w.call("W3", zhao, "W1", at_window);
    w.pass(1h);
    REQUIRE(w.sent.size() == 3);
    CHECK(w.value("SELECT count(*) || scale FROM survey_scales") == "3csat-5");
    auto reload = [&](const std::string& text, const std::string& scale) {
        std::filesystem::create_directories(w.folder / "texts");
        w.write("texts/survey_window.txt", text);
        auto changed = services;
        changed.replace(changed.find("csat-5"), 6, scale);
        auto configuration = World::configuration({.services = changed});
        configuration.insert(configuration.find("[http]"), "templates_dir = \"texts\"\n");
        w.write("pingjing.toml", configuration);
        auto next = w.gateway().prepare(w.load());
        REQUIRE_MESSAGE(next, (next ? "" : next.error().detail));
        w.gateway().take_over(std::move(*next));
    };
    reload("【{{sign}}】您好,请评价我们的窗口服务:1满意 2基本满意 3不满意。回T退订", "110-3");
    auto grade = [&](const char* record) { return w.value(fmt::format("SELECT grade || ' ' || value FROM ratings r JOIN cases c ON c.id = r.case_id WHERE c.record = '{}' ORDER BY r.id DESC", record)); };
    w.reply(li, "1");
    CHECK(grade("W1") == "dissatisfied 1");
    CHECK(w.value("SELECT count(*) FROM followups") == "1");
    w.reply(zhang, "5");
    CHECK(grade("W2") == "satisfied 5");
    // The texts in force name other digits by now: a person looks, and nobody is asked to answer by them.
    auto before = w.sent.size();
    w.reply(zhao, "7");
    w.reply(zhao, "帮助");
    CHECK(w.sent.size() == before);
    CHECK(w.value("SELECT count(*) > 0 FROM reviews WHERE kind = 'ambiguous'") == "1");
    // And the other way round: what was asked by three digits stays so where five are asked for now.
    w.call("W4", wang, "W1", at_window);
    w.pass(1h);
    CHECK(w.texted("1满意 2基本满意", wang) == 1);
    reload("【{{sign}}】您好,请评价我们的窗口服务:5很满意 4满意 3一般 2不满意 1很不满意。回T退订", "csat-5");
    w.reply(wang, "1");
    CHECK(grade("W4") == "satisfied 1");
    CHECK(w.books_balance());
}

TEST_CASE("a record whose source no service names is asked about as nothing, one that is only written otherwise is of its service") {
    World w(morning, {.services = services});
    CHECK(w.call("X1", zhang, "0101", R"(,"source":"typo")") == "excluded unknown_category");
    CHECK(w.value("SELECT rule FROM decisions") == "source of no service");
    CHECK(w.call("W1", li, "W1", R"(,"source":" Ｗindow ")") == "accepted");
    CHECK(w.call("A1", wang, "0101", R"(,"source":"")") == "accepted");
    CHECK(w.call("A2", zhao, "0101", R"(,"source":"１１０")") == "accepted");
    w.pass(3h);
    CHECK(w.texted("窗口办事", li) == 1);
    CHECK(w.texted("", zhang) == 0);
    World named(morning, {.survey = "sources = [\"电话\"]", .services = services}), plain(morning);
    CHECK(named.call("X1", zhang, "0101", R"(,"source":"电 话")") == "accepted");
    CHECK(named.call("X2", li, "0101", R"(,"source":"网上")") == "excluded unknown_category");
    CHECK(plain.call("X1", zhang, "0101", R"(,"source":"typo")") == "accepted");  // a site that distinguishes none
}

TEST_CASE("a service has its own categories, and safety knows no service") {
    World w(morning, {.services = services});
    CHECK(w.call("W1", zhang, "0101", at_window) == "excluded unknown_category");
    CHECK(w.call("A1", zhang, "W1") == "excluded unknown_category");
    CHECK(w.call("W2", li, "W2", R"(,"source":"出入境")") == "accepted");
    w.call("W3", wang, "W1", at_window);
    CHECK(w.call("D1", wang, "0201") == "excluded dv");  // a 110 call from the number that waits for the window's text
    CHECK(w.call("W4", zhao, "W9", at_window) == "excluded secret");
    CHECK(w.call("A2", zhao) == "excluded phone_hold");
    w.pass(3h);
    CHECK(w.texted("", wang) == 0);
    REQUIRE(w.texted("", li) == 1);
    CHECK(w.sent[0].text.find("窗口") == std::string::npos);  // nothing of what it was about
    CHECK(w.sent[0].text.find("5很满意") != std::string::npos);
    w.reply(li, "1", w.sent[0].extension);  // its unit alone is rated, by whatever text it was asked
    CHECK(w.value("SELECT grade || ' ' || coalesce(r.officer, 'nobody') FROM ratings r") == "dissatisfied nobody");
    CHECK(w.books_balance());
}

TEST_CASE("a caller is not asked about one service after the other: caps count them together") {
    World w(morning, {.services = services});
    CHECK(w.call("A1", zhang) == "accepted");
    CHECK(w.call("W1", zhang, "W1", at_window) == "excluded capped");
    CHECK(w.call("A2", li) == "accepted");
    CHECK(w.value("SELECT count(*) FROM messages WHERE purpose = 'survey'") == "2");
}

TEST_CASE("what is wrong with a service is said with its line") {
    struct Bad { const char* what; std::string text, expected; };
    const Bad rows[] = {
        {"no source", "[[survey.service]]\nname = \"window\"\n", "needs sources"},
        {"a name that is no word", "[[survey.service]]\nname = \"Window 1\"\nsources = [\"w\"]\ntext = \"survey_window\"\n", "expected a word of small letters"},
        {"a text that there is not", "[[survey.service]]\nname = \"tax\"\nsources = [\"t\"]\n", "survey_tax.txt"},
        {"the same source twice", services + "[[survey.service]]\nname = \"visit\"\nsources = [\"window\"]\n", "is that of service 'window'"},
        {"asked while the officer is still there", "[[survey.service]]\nname = \"window\"\nsources = [\"w\"]\ndelay = \"5m\"\n", "shorter than [survey] min_delay"},
        {"a text that offers five digits where three are read", "[[survey.service]]\nname = \"window\"\nsources = [\"w\"]\n", "it is read on the scale 110-3"},
        {"a text that offers three digits where five are read", "[[survey.service]]\nname = \"visit\"\nsources = [\"w\"]\nscale = \"csat-5\"\n", "it is read on the scale csat-5"},
        {"a source that is the 110 call's", "sources = [\"窗口\"]\n[[survey.service]]\nname = \"window\"\nscale = \"csat-5\"\nsources = [\"窗 口\"]\n", "is that of the 110 call"},
        {"an unknown key", "[[survey.service]]\nname = \"window\"\nsources = [\"w\"]\nscale = \"csat-5\"\nscales = \"csat-5\"\n", "scales"},
    };
    for (const auto& bad : rows) {
        CAPTURE(bad.what);
        World w(morning);
        w.write("bad.toml", World::configuration({.services = bad.text}));
        auto settings = config::load(w.folder / "bad.toml", [](config::Section& s, config::Channel&) { s.skip_rest(); });
        REQUIRE_FALSE(settings);
        CHECK_MESSAGE(settings.error().text().find(bad.expected) != std::string::npos, settings.error().text());
    }
}
