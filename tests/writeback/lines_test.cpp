#include "daemon/store/erasure.hpp"
#include "daemon/store/ledger_check.hpp"
#include "tests/support/temp_folder.hpp"
#include "tests/writeback/ledger_site.hpp"

using namespace pingjing;
using namespace pingjing::test;
namespace json = boost::json;

TEST_CASE("a line for each change of a case, in order, and none where nothing changed") {
    LedgerSite site;
    auto a = site.call(), b = site.call();
    CHECK(site.give().empty());  // nobody has answered
    site.rate(a, Grade::dissatisfied);
    site.rate(b, Grade::satisfied);
    auto first = site.give();
    REQUIRE(first.size() == 2);
    auto line = object_of(first[0]);
    CHECK(line.at("seq").as_int64() == first[0].seq);
    CHECK(line.at("key").as_string() == first[0].key);
    CHECK(line.at("satisfaction").as_string() == "dissatisfied");
    CHECK(line.at("called_number").is_null());
    CHECK(line.at("calls").as_int64() == 0);
    CHECK(object_of(first[1]).at("satisfaction").as_string() == "satisfied");
    CHECK(site.give().empty());
    site.in([&](store::Connection& db) { store::append(db, noon, "access", a, "{}"); });  // the ledger goes on, what there is to say does not
    CHECK(site.give().empty());

    site.step(a, "no_answer", FollowupState::opened);
    site.step(a, "called_back", FollowupState::called_back, "他说等了两个小时,电话 13912345678");
    auto called = site.give();
    REQUIRE(called.size() == 1);
    line = object_of(called[0]);
    CHECK(line.at("calls").as_int64() == 2);
    CHECK(line.at("called_back_at").as_string() == "2026-11-21T05:00:00Z");
    CHECK(line.at("called_number").as_string() == "138****5678");
    CHECK(line.at("text").is_null());
    site.rate(a, Grade::satisfied, "second");
    line = object_of(site.give().at(0));
    CHECK(line.at("satisfaction").as_string() == "dissatisfied");
    CHECK(line.at("second_satisfaction").as_string() == "satisfied");

    site.rules.words = true;
    site.in([&](store::Connection& db) { store::append(db, noon, "access", a, "{}"); });
    CHECK(site.give().empty());  // to look at a case says nothing of it
    site.in([&](store::Connection& db) { store::append(db, noon, "read", a, "{}"); });
    auto words = std::string(object_of(site.give().at(0)).at("text").as_string());
    CHECK(words.find("等了两个小时") != std::string::npos);
    CHECK(words.find("13912345678") == std::string::npos);
    CHECK(site.number("SELECT count(*) = max(id) AND count(DISTINCT key) = count(*) FROM writeback") == 1);
}

TEST_CASE("what was before the feed began is not told") {
    LedgerSite site;
    auto a = site.call();
    site.rate(a, Grade::satisfied);
    site.in([](store::Connection& db) { db.exec("DELETE FROM meta WHERE key = 'writeback_position'"); });
    CHECK(site.give().empty());
    site.rate(a, Grade::dissatisfied, "replaces");
    CHECK(site.give().size() == 1);
}

TEST_CASE("a batch that was taken stays together until it has left, with the same keys") {
    LedgerSite site;
    for (int i = 0; i < 3; ++i) site.rate(site.call(), Grade::satisfied);
    auto taken = site.take(2);
    REQUIRE(taken.size() == 2);
    site.rate(site.call(), Grade::dissatisfied);
    auto again = site.take(1000);
    REQUIRE(again.size() == 2);
    for (std::size_t i = 0; i < 2; ++i) CHECK(again[i].json == taken[i].json);
    site.in([&](store::Connection& db) { writeback::record_left(db, again, noon); });
    CHECK(site.take(1000).size() == 2);
    CHECK(site.number("SELECT count(*) FROM writeback WHERE left_at IS NULL") == 2);
}

TEST_CASE("the same line has the same key however often it is taken, one that only looks alike has another") {
    LedgerSite site;
    auto a = site.call();
    site.rate(a, Grade::dissatisfied);
    auto before = site.take().at(0);
    CHECK(site.give().at(0).key == before.key);
    site.rate(a, Grade::satisfied, "replaces");
    auto better = site.give().at(0);
    site.rate(a, Grade::dissatisfied, "replaces");
    auto worse = site.give().at(0);
    CHECK(object_of(worse).at("satisfaction") == object_of(before).at("satisfaction"));
    CHECK(worse.key != before.key);
    CHECK(worse.key != better.key);
}

TEST_CASE("after a restore every line has a key of that feed: the receiver hears again what he would drop as known") {
    auto restore = [](LedgerSite& site) { site.in([](store::Connection& db) { db.exec("INSERT INTO meta(key, value) VALUES ('no_send_before', '1')"); }); };
    LedgerSite site, restored, waited;
    for (auto* one : {&site, &restored, &waited}) one->rate(one->call(), Grade::dissatisfied);
    auto before = site.give().at(0);
    // Restored to before the answer was told: it is told now.
    restore(restored);
    auto after = restored.give().at(0);
    CHECK(object_of(before).at("satisfaction") == object_of(after).at("satisfaction"));
    CHECK(object_of(before).at("feed") != object_of(after).at("feed"));
    CHECK(before.key != after.key);
    // Restored to when it was made and had not left: it may have left since.
    CHECK(waited.take().at(0).key == before.key);
    restore(waited);
    auto again = waited.take().at(0);
    CHECK(again.key != before.key);
    CHECK(again.key != after.key);
    CHECK(object_of(again).at("key").as_string() == again.key);
    CHECK(object_of(again).at("feed") == object_of(after).at("feed"));
    CHECK(waited.give().at(0).json == again.json);
    CHECK(waited.give().empty());
}

TEST_CASE("nothing leaves of a case with a safety code, or re-coded to one, or erased") {
    for (const char* change : {"safety = 1", "recoded_after = 1", "erased_at = 1"}) {
        CAPTURE(change);
        LedgerSite site;
        auto a = site.call();
        site.in([&](store::Connection& db) { db.exec(fmt::format("UPDATE cases SET {}", change).c_str()); });
        site.rate(a, Grade::dissatisfied);
        site.step(a, "called_back", FollowupState::called_back);
        CHECK(site.give().empty());
    }
}

TEST_CASE("erased before it left: the row of numbers stays, the words do not") {
    LedgerSite site;
    auto a = site.call(), b = site.call();
    site.rate(a, Grade::dissatisfied), site.rate(b, Grade::satisfied);
    site.take(1000);
    site.in([&](store::Connection& db) {
        db.exec("UPDATE messages SET open = 0");
        store::Limits limits{Instant::max(), Instant::min(), Instant::min()};
        store::Expired expired;
        expired.cases = {a};
        store::erase_expired(db, expired, limits, noon);
    });
    auto lines = site.take(1000);
    REQUIRE(lines.size() == 2);
    CHECK(lines[0].json == fmt::format(R"({{"seq":{},"key":"{}","erased":true}})", lines[0].seq, lines[0].key));
    CHECK(object_of(lines[1]).at("satisfaction").as_string() == "satisfied");
}

TEST_CASE("by units only sums leave, five ratings at a time, and nothing that names a case") {
    LedgerSite site;
    site.rules.by_case = false;
    std::vector<std::int64_t> cases;
    for (int i = 0; i < 4; ++i) site.rate(cases.emplace_back(site.call()), Grade::satisfied);
    site.step(cases[0], "called_back", FollowupState::called_back, "he said so");
    CHECK(site.give().empty());
    site.rate(site.call("320104430000"), Grade::satisfied);  // another unit's
    CHECK(site.give().empty());
    site.rate(cases.emplace_back(site.call()), Grade::dissatisfied);
    auto lines = site.give();
    REQUIRE(lines.size() == 1);
    auto line = object_of(lines[0]);
    CHECK(line.at("unit").as_string() == "320102430000");
    CHECK(line.at("satisfied").as_int64() == 4);
    CHECK(line.at("dissatisfied").as_int64() == 1);
    CHECK(line.at("n").as_int64() == 5);
    for (const char* key : {"case_id", "called_number", "called_back_at", "text", "satisfaction"}) CHECK_FALSE(line.contains(key));
    // A correction waits for the next five: alone it would be one caller's.
    site.rate(cases[4], Grade::satisfied, "replaces");
    CHECK(site.give().empty());
    for (int i = 0; i < 5; ++i) site.rate(site.call(), Grade::basically_satisfied);
    line = object_of(site.give().at(0));
    CHECK(line.at("satisfied").as_int64() == 5);
    CHECK(line.at("dissatisfied").as_int64() == 0);
    CHECK(line.at("n").as_int64() == 10);
    CHECK(site.number("SELECT count(*) FROM writeback WHERE case_id IS NOT NULL") == 0);
}

TEST_CASE("what is re-coded to a safety code leaves the sums of its unit, and nothing is said of it") {
    LedgerSite site;
    site.rules.by_case = false;
    std::vector<std::int64_t> cases;
    for (int i = 0; i < 5; ++i) site.rate(cases.emplace_back(site.call()), i == 0 ? Grade::dissatisfied : Grade::satisfied);
    CHECK(object_of(site.give().at(0)).at("dissatisfied").as_int64() == 1);
    site.in([&](store::Connection& db) {
        db.exec(fmt::format("UPDATE cases SET recoded_after = 1 WHERE id = {}", cases[0]).c_str());
        store::append(db, noon, "recoded_after", cases[0], "{}");
    });
    CHECK(site.give().empty());
    for (int i = 0; i < 5; ++i) site.rate(site.call(), Grade::satisfied);
    auto line = object_of(site.give().at(0));
    CHECK(line.at("dissatisfied").as_int64() == 0);
    CHECK(line.at("n").as_int64() == 9);
}

TEST_CASE("what was counted before the sums were facts is taken over") {
    LedgerSite site;
    site.rules.by_case = false;
    site.in([](store::Connection& db) {
        db.exec("INSERT INTO writeback_units(unit, satisfied, basically_satisfied, dissatisfied, fresh, number) VALUES ('320102430000', 7, 1, 2, 4, 2)");
        db.exec("INSERT INTO writeback_cases(case_id, number, content, unit, grade) VALUES (1, 0, x'', '320102430000', 'dissatisfied')");
    });
    auto a = site.call();
    REQUIRE(a == 1);
    site.rate(a, Grade::satisfied);  // of whom it was said before that he is dissatisfied
    site.rate(site.call(), Grade::satisfied);
    auto line = object_of(site.give().at(0));
    CHECK(line.at("satisfied").as_int64() == 9);
    CHECK(line.at("dissatisfied").as_int64() == 1);
}

TEST_CASE("verify finds a sum that leaves and was altered in the file") {
    TempFolder folder;
    {
        LedgerSite site(folder.path().string());
        site.rules.by_case = false;
        for (int i = 0; i < 5; ++i) site.rate(site.call(), i == 0 ? Grade::dissatisfied : Grade::satisfied);
        REQUIRE(site.give().size() == 1);
    }
    auto found = [&](const char* edit) {
        store::Connection db((folder.path() / "pingjing.db").string());
        db.exec(edit);
        store::LedgerCheck check;
        while (check.step(db)) {}
        std::string said;
        for (const auto& finding : check.findings()) said += finding.detail + "; ";
        return said;
    };
    CHECK(found("SELECT 1") == "");
    CHECK(found("UPDATE feed_units SET dissatisfied = 0, satisfied = 5").find("feed_units") != std::string::npos);
    CHECK(found("UPDATE feed_units SET dissatisfied = 1, satisfied = 4; DELETE FROM feed_cases WHERE case_id = 1").find("feed_cases") != std::string::npos);
}
