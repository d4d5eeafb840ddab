// What a person decides about citizens' texts, from the text to reports, story and books.
#include <boost/json.hpp>

#include "daemon/admin/verify.hpp"
#include "daemon/followup/review_api.hpp"
#include "daemon/reports/queries.hpp"
#include "daemon/reports/render.hpp"
#include "daemon/reports/story.hpp"
#include "daemon/site_rules.hpp"
#include "daemon/store/erasure.hpp"
#include "daemon/store/outbox.hpp"
#include "tests/flow/world.hpp"
#include "tests/support/run.hpp"

using namespace pingjing;
using test::World;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

const std::string morning = "2026-11-21T09:00:00+08:00";
const std::string zhang = "13812345678";

// One survey that was sent, and an inspector at the door. Whatever the test did, the books hold at its end.
struct Reviewed : World {
    explicit Reviewed(test::Site site = {}) : World(morning, std::move(site)) {
        http::Guard open = [](std::string, http::Handler handler) { return handler; };
        followup::add_review_routes(router, open, {*store, seal, clock, [this] { return review_rules(settings()); }, [this] { gateway().answers().wake(); }});
        call("A1", zhang);
        pass(2h + 1min);
        REQUIRE(sent.size() == 1);
        slot = sent[0].extension;
    }
    ~Reviewed() { holds(); }
    void holds() {
        CHECK(books_balance());
        store->run_now([](store::Connection& db) {
            for (const auto& failure : admin::verify(db).failures) FAIL_CHECK(failure.check << ": " << failure.detail);
        });
    }
    http::Response ask(const std::string& method, const std::string& target, const std::string& body = "") {
        http::Request request;
        request.method = method, request.target = target, request.body = body;
        auto question = target.find('?');
        request.parameters = http::parse_query(question == std::string::npos ? "" : target.substr(question + 1));
        request.headers = {{"x-pingjing-who", "9/王督察"}};
        std::optional<http::Response> response;
        run_for([&]() -> asio::awaitable<void> { response = co_await router.handle(request); });
        return *response;
    }
    std::string open_one() { return value("SELECT id FROM reviews WHERE closed_at IS NULL ORDER BY id DESC"); }
    http::Response decide(const std::string& body) { return ask("POST", "/v1/review/" + open_one(), body); }
    // Of the officer's or the unit's row of the day.
    std::string count(const std::string& report, const std::string& column) {
        std::string out;
        store->run_now([&](store::Connection& db) {
            reports::Request request{.report = report, .raw = true};
            auto table = reports::make_report(db, {}, {}, request, "Asia/Shanghai", clock.now());
            REQUIRE(table);
            out = json::serialize(json::parse(reports::render_json(*table)).at("rows").at(0).at(column));
        });
        return out;
    }
    std::string officers() { return count("officers", "satisfied") + count("officers", "basically_satisfied") + count("officers", "dissatisfied"); }
    std::string units() { return count("units", "satisfied") + count("units", "basically_satisfied") + count("units", "dissatisfied") + " unconfirmed " + count("units", "unconfirmed"); }
    json::value books() {
        json::value out;
        store->run_now([&](store::Connection& db) { out = json::parse(reports::render_json(reports::balance_report(db))); });
        return out;
    }
    std::string story(bool text) {
        std::string out;
        store->run_now([&](store::Connection& db) {
            auto read = reports::read_story(db, seal, "A1", true);
            REQUIRE(read);
            out = text ? reports::story_text(*read, "Asia/Shanghai") : reports::story_json(*read, "Asia/Shanghai");
        });
        return out;
    }
    std::string ratings() { return value("SELECT group_concat(grade || ' ' || method || ' ' || effect, ', ') FROM ratings"); }
    std::string classes() { return value("SELECT group_concat(class, ' ') FROM inbound"); }

    http::Router router{};
    std::string slot;
};

}  // namespace

TEST_CASE("a text that stays unclear is decided by a person, and officer, story and books show it") {
    Reviewed w;
    w.reply(zhang, "1或3", w.slot);
    w.reply(zhang, "123", w.slot);
    REQUIRE(w.value("SELECT kind FROM reviews") == "ambiguous");
    CHECK(w.officers() == "000");
    CHECK(w.count("officers", "ambiguous") == "1");
    auto list = json::parse(w.ask("GET", "/v1/review?kind=ambiguous").body).at("reviews").as_array();
    REQUIRE(list.size() == 1);
    CHECK(list[0].at("text") == "123");
    CHECK(list[0].at("case_id") == "A1");

    w.pass(2h);
    auto done = w.decide(R"({"decision":"rated","grade":"dissatisfied","note":"电话里说的是第三项"})");
    REQUIRE(done.status == 200);
    CHECK(json::parse(done.body).at("effect") == "first");
    CHECK(w.ratings() == "dissatisfied person first");
    CHECK(w.value("SELECT r.at = i.received_at FROM ratings r JOIN inbound i ON i.id = r.inbound_id") == "1");  // it is of when he wrote
    CHECK(w.value("SELECT state || ' ' || urgent || ' ' || (due_at - opened_at) FROM followups") == "opened 1 86400000");
    CHECK(w.officers() == "001");
    CHECK(w.count("officers", "ambiguous") == "0");
    CHECK(w.classes() == "ambiguous rated");
    CHECK(w.books().at("rated") == 1);
    CHECK(w.books().at("ambiguous") == 1);

    auto story = json::parse(w.story(false));
    CHECK(story.at("rating").at("grade") == "dissatisfied");
    CHECK(story.at("rating").at("confirmed") == true);
    auto decided = story.at("inbound").at(1).at("reviews").at(0).at("decided");
    CHECK(decided.at("by") == "9/王督察");
    CHECK(decided.at("grade") == "dissatisfied");
    CHECK(decided.at("note") == "电话里说的是第三项");
    auto told = w.story(true);
    CHECK(told.find("decided by 9/王督察: rated 不满意 dissatisfied 「电话里说的是第三项」") != std::string::npos);
    CHECK(w.value("SELECT data FROM ledger WHERE kind = 'review_decided'") == R"({"id":1,"kind":"ambiguous","decision":"rated","grade":"dissatisfied","inbound":2,"by":"9"})");
    CHECK(w.value("SELECT count(*) FROM review_notes WHERE instr(note, '电话') > 0") == "0");  // sealed

    auto again = w.ask("POST", "/v1/review/1", R"({"decision":"none"})");
    CHECK(again.status == 409);
    CHECK(again.body.find("decided by 9/王督察 at 2026-11-21T") != std::string::npos);
    CHECK(w.ratings() == "dissatisfied person first");
}

namespace {
std::string open_reviews(World& w) { return w.value("SELECT count(*) || ' ' || coalesce(max(kind), '') FROM reviews WHERE closed_at IS NULL"); }
}  // namespace

TEST_CASE("a text that nobody could decide and that was asked back once in vain is for a person when the window ends, once") {
    Reviewed w;
    w.reply(zhang, "说是处理好了,其实根本没管", w.slot);
    REQUIRE(w.classes() == "ambiguous");
    CHECK(w.sent.size() == 2);
    w.pass(71h);
    CHECK(open_reviews(w) == "0 ");  // he may still say it more clearly
    w.pass(2h);
    CHECK(open_reviews(w) == "1 ambiguous");
    auto list = json::parse(w.ask("GET", "/v1/review?kind=ambiguous").body).at("reviews").as_array();
    REQUIRE(list.size() == 1);
    CHECK(list[0].at("text") == "说是处理好了,其实根本没管");
    auto again = w.crash();
    again->pass(24h * 3);
    CHECK(open_reviews(*again) == "1 ambiguous");
    w.pass(24h * 3);
    CHECK(open_reviews(w) == "1 ambiguous");
    CHECK(w.books().at("ambiguous") == 1);
    CHECK(w.story(true).find("待人工判定 for a person, review 1: ambiguous") != std::string::npos);

    // He wrote it in time, whenever somebody reads it.
    CHECK(w.decide(R"({"decision":"rated","grade":"dissatisfied"})").status == 200);
    CHECK(w.ratings() == "dissatisfied person first");
    CHECK(w.value("SELECT state FROM followups") == "opened");
    w.pass(48h);
    CHECK(open_reviews(w) == "0 ");
}

TEST_CASE("an unclear text is for nobody when a clear answer came before the window ended, nor twice when another unclear one did") {
    Reviewed w;
    w.reply(zhang, "你们这样处理我不知道怎么说", w.slot);
    w.reply(zhang, "3", w.slot);
    w.pass(24h * 5);
    CHECK(w.value("SELECT count(*) FROM reviews") == "0");
    Reviewed v;
    v.reply(zhang, "1或3", v.slot);
    v.reply(zhang, "123", v.slot);
    v.pass(24h * 5);
    CHECK(open_reviews(v) == "1 ambiguous");
}

TEST_CASE("an unclear text of a window that ended while nobody ran, or that an older version closed, is for a person all the same") {
    Reviewed w;
    w.reply(zhang, "真棒,等了三小时", w.slot);
    REQUIRE(w.classes() == "ambiguous");
    w.store->run_now([](store::Connection& db) { db.exec("UPDATE messages SET open = 0 WHERE purpose = 'survey'"); });
    auto off = w.crash();
    off->pass(1h);
    CHECK(open_reviews(*off) == "0 ");  // his time is not over
    off->pass(73h);
    CHECK(open_reviews(*off) == "1 ambiguous");
}

TEST_CASE("what had answered an unclear text and is no rating after all leaves it to a person") {
    Reviewed w;
    w.reply(zhang, "1或3", w.slot);
    w.reply(zhang, "太慢了", w.slot);
    w.pass(24h * 4);
    REQUIRE(open_reviews(w) == "1 words");
    CHECK(w.decide(R"({"decision":"none"})").status == 200);
    w.pass(25h);
    CHECK(open_reviews(w) == "1 ambiguous");
}

TEST_CASE("while the clock is in doubt no window ends for an unclear text") {
    Reviewed w;
    w.reply(zhang, "1或3", w.slot);
    w.store->run_now([&](store::Connection& db) { store::place_hold(db, "clock", std::nullopt, "test", w.clock.now()); });
    w.pass(24h * 5);
    CHECK(open_reviews(w) == "0 ");
    w.store->run_now([&](store::Connection& db) { store::release_holds(db, "clock", std::nullopt, "looked at", w.clock.now()); });
    w.pass(6min);
    CHECK(open_reviews(w) == "1 ambiguous");
}

TEST_CASE("an unclear text that was none is no rating, and no answer in the officer's row that waits for somebody") {
    Reviewed w;
    w.reply(zhang, "1或3", w.slot);
    w.reply(zhang, "123", w.slot);
    REQUIRE(w.decide(R"({"decision":"none"})").status == 200);
    CHECK(w.value("SELECT count(*) FROM ratings") == "0");
    CHECK(w.classes() == "ambiguous none");
    CHECK(w.count("officers", "ambiguous") == "0");
}

TEST_CASE("a complaint in words that nobody knows reaches a person, who rates it, and a question about the case does, thanks do not") {
    Reviewed w;
    w.reply(zhang, "警察和对方是亲戚", w.slot);
    CHECK(w.classes() == "none");
    CHECK(w.value("SELECT kind FROM reviews") == "unknown_words");
    CHECK(w.sent.size() == 1);
    w.reply(zhang, "俺的事情到现在冇得一个准信", w.slot);  // who looks at the first sees this one, too
    CHECK(w.value("SELECT count(*) FROM reviews") == "1");
    REQUIRE(w.decide(R"({"decision":"rated","grade":"dissatisfied"})").status == 200);
    CHECK(w.classes() == "rated none");
    CHECK(w.value("SELECT grade || ' ' || method FROM ratings") == "dissatisfied person");
    CHECK(w.value("SELECT count(*) FROM followups") == "1");
    Reviewed other;
    other.reply(zhang, "好的谢谢", other.slot);
    CHECK(other.value("SELECT count(*) FROM reviews") == "0");
    other.reply(zhang, "案子什么时候有结果", other.slot);
    REQUIRE(other.decide(R"({"decision":"none"})").status == 200);
    CHECK(other.classes() == "none none");
}

TEST_CASE("what he cleared up himself stands, whatever a person reads in the text before it, a grievance is followed up all the same") {
    Reviewed w;
    w.reply(zhang, "1或3", w.slot);
    w.reply(zhang, "123", w.slot);
    w.reply(zhang, "1", w.slot);
    REQUIRE(json::parse(w.decide(R"({"decision":"rated","grade":"dissatisfied"})").body).at("effect") == "repeated");
    CHECK(w.ratings() == "satisfied code first, dissatisfied person repeated");
    CHECK(w.officers() == "100");
    CHECK(w.value("SELECT count(*) FROM followups") == "1");
}

TEST_CASE("an unclear text after a rating: a worse word counts, a better one is asked about once more, and after the call-back it is a second one") {
    auto unclear_after = [](const std::string& first, const std::string& grade, bool called) {
        Reviewed w;
        w.reply(zhang, "1或3", w.slot);  // asked to clear it up
        w.reply(zhang, first, w.slot);
        if (called) w.exec("INSERT INTO followup_steps(id, followup_id, at, who, state) SELECT max(id) + 1, 1, 0, '3/x', 'called_back' FROM followup_steps; UPDATE followups SET state = 'called_back'");
        w.reply(zhang, "123", w.slot);
        REQUIRE(w.decide(R"({"decision":"rated","grade":")" + grade + "\"}").status == 200);
        return w.ratings() + "; " + w.officers() + "; " + w.value("SELECT group_concat(kind, ' ') FROM reviews");
    };
    CHECK(unclear_after("1", "dissatisfied", false) == "satisfied code first, dissatisfied person replaces; 001; ambiguous");
    CHECK(unclear_after("3", "satisfied", false) == "dissatisfied code first, satisfied person review; 001; ambiguous better_after_worse");
    CHECK(unclear_after("3", "satisfied", true) == "dissatisfied code first, satisfied person second; 001; ambiguous");
    CHECK(unclear_after("1", "satisfied", false) == "satisfied code first, satisfied person repeated; 100; ambiguous");
}

TEST_CASE("a rating from words: confirmed it counts for the officer, corrected with the other grade") {
    Reviewed w;
    w.reply(zhang, "很满意", w.slot);
    REQUIRE(w.ratings() == "satisfied words first");
    CHECK(w.officers() == "000");
    CHECK(w.units() == "100 unconfirmed 1");
    SUBCASE("confirmed") {
        REQUIRE(w.decide(R"({"decision":"confirmed"})").status == 200);
        CHECK(w.officers() == "100");
        CHECK(w.units() == "100 unconfirmed 0");
        CHECK(w.ratings() == "satisfied words first");
    }
    SUBCASE("corrected") {
        CHECK(w.decide(R"({"decision":"corrected","grade":"satisfied"})").status == 400);
        CHECK(w.value("SELECT count(*) FROM reviews WHERE closed_at IS NULL") == "1");  // a refusal decides nothing
        REQUIRE(w.decide(R"({"decision":"corrected","grade":"dissatisfied"})").status == 200);
        CHECK(w.officers() == "001");
        CHECK(w.units() == "001 unconfirmed 0");
        CHECK(w.ratings() == "satisfied words first, dissatisfied person replaces");
        CHECK(w.value("SELECT count(*) FROM followups") == "1");
        CHECK(json::parse(w.story(false)).at("rating").at("confirmed") == true);
        CHECK(w.classes() == "rated");
    }
}

TEST_CASE("a correction is of the officer whom the rating was of, whoever the case names by then") {
    Reviewed w;
    w.reply(zhang, "太差了", w.slot);
    REQUIRE(w.ratings() == "dissatisfied words first");
    REQUIRE(w.value("SELECT officer FROM ratings") == "012345");
    w.exec("UPDATE cases SET officer = '099999', unit = '320104000000'");
    REQUIRE(w.decide(R"({"decision":"corrected","grade":"basically_satisfied","note":"电话"})").status == 200);
    CHECK(w.value("SELECT group_concat(officer || ' ' || unit, ', ') FROM ratings") == "012345 320102430000, 012345 320102430000");
}

TEST_CASE("words that were no rating count nowhere, the row stays, and what comes next is the first answer") {
    Reviewed w;
    w.reply(zhang, "很满意", w.slot);
    REQUIRE(w.decide(R"({"decision":"none","note":"谈的是别的事"})").status == 200);
    CHECK(w.officers() == "000");
    CHECK(w.units() == "000 unconfirmed 0");
    CHECK(w.ratings() == "satisfied words first");
    CHECK(w.classes() == "none");
    CHECK(json::parse(w.story(false)).at("rating").is_null());
    CHECK(w.books().at("none") == 1);
    CHECK(w.books().at("rated") == 0);
    w.holds();
    w.reply(zhang, "3", w.slot);
    CHECK(w.ratings() == "satisfied words first, dissatisfied code replaces");
    CHECK(w.classes() == "none rated");
    CHECK(w.officers() == "001");
    CHECK(json::parse(w.story(false)).at("rating").at("grade") == "dissatisfied");
}

TEST_CASE("what did not count because words came first counts when they were none") {
    Reviewed w;
    w.reply(zhang, "很满意", w.slot);
    w.pass(1h);
    w.reply(zhang, "2", w.slot);
    REQUIRE(w.ratings() == "satisfied words first, basically_satisfied code repeated");
    REQUIRE(w.decide(R"({"decision":"none"})").status == 200);
    CHECK(w.ratings() == "satisfied words first, basically_satisfied code repeated, basically_satisfied code replaces");
    CHECK(w.classes() == "none rated");
    CHECK(w.officers() == "010");
}

TEST_CASE("words corrected after another answer took their place do not come back") {
    Reviewed w;
    w.reply(zhang, "很满意", w.slot);
    w.reply(zhang, "3", w.slot);
    REQUIRE(w.ratings() == "satisfied words first, dissatisfied code replaces");
    REQUIRE(w.decide(R"({"decision":"corrected","grade":"basically_satisfied"})").status == 200);
    CHECK(w.officers() == "001");
    CHECK(w.value("SELECT effect FROM ratings WHERE method = 'person'") == "repeated");
}

TEST_CASE("a better rating minutes after a worse one counts only where a person accepts it, and not over a later word") {
    Reviewed w;
    w.reply(zhang, "2", w.slot);
    w.reply(zhang, "1", w.slot);
    REQUIRE(w.value("SELECT kind FROM reviews") == "better_after_worse");
    SUBCASE("kept") {
        REQUIRE(w.decide(R"({"decision":"keep_first"})").status == 200);
        CHECK(w.officers() == "010");
        CHECK(w.classes() == "rated repeated");
    }
    SUBCASE("accepted") {
        REQUIRE(w.decide(R"({"decision":"accept"})").status == 200);
        CHECK(w.officers() == "100");
        CHECK(w.ratings() == "basically_satisfied code first, satisfied code review, satisfied person replaces");
        CHECK(w.classes() == "rated rated");
    }
    SUBCASE("he wrote again") {
        w.reply(zhang, "3", w.slot);
        CHECK(w.decide(R"({"decision":"accept"})").status == 409);
        CHECK(w.value("SELECT count(*) FROM reviews WHERE closed_at IS NULL") == "1");
        REQUIRE(w.decide(R"({"decision":"keep_first"})").status == 200);
        CHECK(w.officers() == "001");
    }
}

TEST_CASE("a text that may be about several calls is put to the one a person names") {
    Reviewed w({.survey = "per_phone_24h = 9\nper_phone_30d = 90"});
    w.call("A2", zhang);
    w.pass(3h);
    REQUIRE(w.sent.size() == 2);
    w.reply(zhang, "3");  // to the bare number
    REQUIRE(w.value("SELECT kind FROM reviews") == "several_open");
    auto shown = json::parse(w.ask("GET", "/v1/review/1").body);
    REQUIRE(shown.at("cases").as_array().size() == 2);
    CHECK(shown.at("cases").at(1).at("case_id") == "A2");
    for (const char* body : {R"({"decision":"rated","grade":"dissatisfied"})", R"({"decision":"rated","grade":"dissatisfied","case_id":"A3"})"}) {
        auto refused = w.decide(body);
        CHECK(refused.status == 400);
        CHECK(refused.body.find("case_id: expected A1 or A2") != std::string::npos);
    }
    REQUIRE(w.decide(R"({"decision":"rated","grade":"dissatisfied","case_id":"A2"})").status == 200);
    CHECK(w.value("SELECT c.record || ' ' || r.grade || ' ' || r.effect FROM ratings r JOIN cases c ON c.id = r.case_id") == "A2 dissatisfied first");
    CHECK(w.value("SELECT class || ' ' || match FROM inbound") == "rated person");
    CHECK(w.surveys() == "1 accepted, 1 delivered");
    CHECK(w.value("SELECT count(*) FROM followups") == "1");
    CHECK(w.count("units", "answered") == "1");
}

TEST_CASE("a text that could not be worked on is read again, or left") {
    Reviewed w;
    w.exec("CREATE TRIGGER broken BEFORE INSERT ON ratings BEGIN SELECT RAISE(ABORT, 'broken'); END");
    w.reply(zhang, "3", w.slot);
    w.exec("DROP TRIGGER broken");
    REQUIRE(w.value("SELECT kind FROM reviews") == "set_aside");
    CHECK(w.classes() == "quarantined");
    SUBCASE("again") {
        REQUIRE(w.decide(R"({"decision":"read_again"})").status == 200);
        w.pass(2s);
        CHECK(w.classes() == "rated");
        CHECK(w.ratings() == "dissatisfied code first");
        CHECK(w.officers() == "001");
    }
    SUBCASE("left") {
        REQUIRE(w.decide(R"({"decision":"none"})").status == 200);
        CHECK(w.classes() == "quarantined");
    }
    SUBCASE("erased meanwhile") {
        w.exec("UPDATE inbound SET text = x''");
        CHECK(w.decide(R"({"decision":"read_again"})").status == 409);
    }
}

TEST_CASE("why somebody decided goes with the text it was about") {
    Reviewed w;
    w.reply(zhang, "很满意", w.slot);
    REQUIRE(w.decide(R"({"decision":"confirmed","note":"他叫张三"})").status == 200);
    w.pass(24h * 181);
    w.store->run_now([&](store::Connection& db) {
        store::Limits limits{w.clock.now() - 24h * 180, w.clock.now() - 24h * 1000, w.clock.now() - 24h * 30};
        store::erase_expired(db, store::find_expired(db, limits, store::Round::texts, store::Ids()), limits, w.clock.now());
    });
    CHECK(w.value("SELECT length(note) FROM review_notes") == "0");
    CHECK(json::parse(w.ask("GET", "/v1/review/1").body).at("decided").at("note").is_null());
}
