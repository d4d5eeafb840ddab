// What nights keep against a count of all cases, in stores to which everything happens late: answers, corrections, appeals, reviews, records that come
// again, receipts, erasure.
#include "daemon/reports/counting.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <regex>

#include "daemon/core/local_time.hpp"
#include "daemon/core/random.hpp"
#include "daemon/reports/queries.hpp"
#include "daemon/reports/trend.hpp"
#include "daemon/store/store.hpp"
#include "tests/support/planter.hpp"
#include "tests/support/temp_folder.hpp"

using namespace pingjing;
using namespace pingjing::reports;
using store::Connection;
using store::Store;
using test::Planter;

namespace {

const std::string zone = "Asia/Shanghai";

class Town {
public:
    explicit Town(std::uint64_t seed) : random_(seed) {
        rules.least = {1, 1, 1, 3, 2};
        rules.weights.basically_satisfied = 0.6;  // no sum of halves: exact only if it is made of counts
        PoliceService window{.name = "window", .title = "窗口", .sources = {"window"}};
        rules.services = Services(PoliceService{}, {window});
        store->run_now([&](Connection& db) {
            Planter plant(db);
            for (int i = 0; i < 400; ++i) happen(db, plant, day_of(static_cast<int>(random_.below(100)) - 99));
        });
    }

    // Midnight of `today`, and what happened since the last.
    void night() {
        today_ = *days_later(today_, 1);
        store->run_now([&](Connection& db) {
            Planter plant(db);
            for (int i = 0; i < 6; ++i) happen(db, plant, today_);
            for (int i = 0; i < 8; ++i) late(db, plant);
        });
    }

    Instant as_of() const { return day_range(today_, zone)->to + std::chrono::minutes(30); }
    Counting counting() { return Counting(reader, nullptr, rules, zone, as_of()); }

    std::string tables(Counting& counting) {
        std::string out;
        auto weeks = last_weeks(today_);
        for (const char* service : {"110", "window"})
            for (const char* report : {"signals", "funnel", "trend"}) {
                Request request{.report = report, .from = *days_later(today_, -29), .to = today_, .service = service};
                if (request.report == "trend") request.from = weeks.from, request.to = weeks.to;
                if (request.report == "signals" && request.service != "110") continue;
                out += render_json(statistics_report(counting, {}, request)) + "\n";
            }
        return out + render_json(balance_report(counting));
    }
    std::string value(const char* sql) {
        store::Statement read(reader, std::string_view(sql));
        return read.step() ? read.text(0) : "";
    }
    void exec(const std::string& sql) {
        store->run_now([&](Connection& db) { db.exec(sql.c_str()); });
    }

    test::TempFolder folder{};
    std::unique_ptr<Store> store = std::move(*Store::open(folder.path().string(), Store::Runner::inline_io));
    Connection reader{(folder.path() / "pingjing.db").string(), Connection::Access::read_only};
    Rules rules{};

private:
    std::string day_of(int before) const { return *days_later(today_, before); }
    template <class T> T one_of(std::vector<T> choices) { return choices[random_.below(choices.size())]; }
    bool chance(std::uint64_t percent) { return random_.below(100) < percent; }
    std::string moment(const std::string& day) { return fmt::format("{}T{:02}:{:02}:00+08:00", day, random_.below(24), random_.below(60)); }
    std::int64_t some_case(Connection& db) {
        store::Statement last(db, "SELECT max(id) FROM cases");
        last.step();
        return 1 + static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(last.integer(0))));
    }

    void happen(Connection& db, Planter& plant, const std::string& day) {
        test::Call call;
        call.unit = one_of<std::string>({"320102430000", "320102440000", "320105010000", "X\t1%"});
        call.officer = one_of<std::optional<std::string>>({"a", "b", "c\nd", std::nullopt});
        call.category = one_of<std::string>({"010203", "020101", "09"});
        call.kind = one_of<std::string>({"survey", "survey", "survey", "survey_unit"});
        call.reported = moment(day);
        call.closed = chance(8) ? std::nullopt : std::optional(moment(day));
        if (chance(15)) call.code = one_of<std::string>({"dv", "invalid", "cancelled"});
        auto id = plant.call(call);
        if (chance(20)) db.exec(fmt::format("UPDATE cases SET source = 'window' WHERE id = {}", id).c_str());
        if (call.code) return;
        test::Survey survey;
        survey.state = one_of<std::string>({"accepted", "failed", "delivered", "delivered", "delivered", "delivered"});
        survey.made = moment(day), survey.answer_until = moment(*days_later(day, 3));
        plant.survey(id, survey);
        db.exec(fmt::format("INSERT OR IGNORE INTO phones(id, key, sealed, first_seen) VALUES ({}, randomblob(16), x'00', 0)", 2 + id / 3).c_str());
        db.exec(fmt::format("UPDATE messages SET phone_id = {0} WHERE case_id = {1}", 2 + id / 3, id).c_str());
        db.exec(fmt::format("UPDATE cases SET phone_id = {0} WHERE id = {1}", 2 + id / 3, id).c_str());
        if (chance(50)) answer(db, plant, id, "first", *days_later(day, 1));
    }

    void answer(Connection& db, Planter& plant, std::int64_t id, const std::string& effect, const std::string& day) {
        store::Statement known(db, "SELECT (SELECT count(*) FROM ratings WHERE case_id = ?1 AND effect = 'first'), officer, unit, phone_id FROM cases WHERE id = ?1");
        known.bind(1, id).step();
        if ((known.integer(0) > 0) == (effect == "first")) return;
        auto text = plant.answer(id, {.grade = one_of<std::string>({"satisfied", "satisfied", "basically_satisfied", "dissatisfied"}), .method = one_of<std::string>({"code", "words"}),
                                      .effect = effect, .at = moment(day), .officer = known.maybe_text(1), .unit = known.text(2)});
        db.exec(fmt::format("UPDATE inbound SET phone_id = {} WHERE id = {}", known.is_null(3) ? "NULL" : known.text(3), text).c_str());
    }

    // To a case of any age.
    void late(Connection& db, Planter& plant) {
        auto id = some_case(db);
        auto to_case = [&](const char* sql) { db.exec(fmt::format(fmt::runtime(sql), id).c_str()); };
        switch (random_.below(16)) {
            case 0: return answer(db, plant, id, "first", today_);
            case 1: return answer(db, plant, id, "replaces", today_);
            case 2: return answer(db, plant, id, "second", today_);
            case 3: {
                auto text = plant.text(id, one_of<std::string>({"late", "ambiguous", "none"}), moment(today_));
                db.exec(fmt::format("UPDATE inbound SET phone_id = (SELECT phone_id FROM cases WHERE id = {}) WHERE id = {}", id, text).c_str());
                return;
            }
            case 4: return to_case("UPDATE messages SET state = 'delivered' WHERE case_id = {} AND state = 'accepted'");
            case 5: return to_case("UPDATE cases SET closed_at = reported_at + 86400000, changed_at = changed_at + 1 WHERE id = {}");
            case 6: return to_case("UPDATE cases SET officer = 'b', unit = '320105010000' WHERE id = {}");
            case 7:
                to_case("UPDATE cases SET recoded_after = 1, code = 'dv', changed_at = received_at + 1 WHERE id = {}");
                to_case("INSERT OR IGNORE INTO case_versions(case_id, number, at, outcome, content) VALUES ({}, 1, 0, 'accepted', x'')");
                return to_case("INSERT OR IGNORE INTO case_versions(case_id, number, at, outcome, code, content) VALUES ({}, 2, 0, 'excluded', 'dv', x'')");
            case 8: {
                store::Statement had(db, "SELECT 1 FROM appeals WHERE case_id = ?1");
                if (!had.bind(1, id).step()) plant.appeal(id, one_of<std::string>({"filed", "upheld", "not_upheld", "withdrawn"}));
                return;
            }
            case 9: return to_case("UPDATE appeals SET state = 'upheld', proposed = 'upheld', proposed_by = 'x', decided_by = 'y', decided_at = 7 WHERE case_id = {} AND state = 'filed' AND id NOT IN (SELECT appeal_id FROM appeal_withdrawals)");
            case 10: plant.review(id, std::nullopt, one_of<std::string>({"confirmed", "none"})); return;
            case 11: case 13: case 14: case 15:  // a text was about another case of the same number
                db.exec("UPDATE inbound SET case_id = (SELECT m.case_id FROM messages m WHERE m.phone_id = inbound.phone_id AND m.case_id <> inbound.case_id LIMIT 1) WHERE id = "
                        "(SELECT max(i.id) FROM inbound i WHERE i.class IN ('late', 'ambiguous', 'none') AND EXISTS (SELECT 1 FROM messages m WHERE m.phone_id = i.phone_id AND "
                        "m.case_id <> i.case_id))");
                return;
            case 12:
                if (!chance(10)) return;
                db.exec("INSERT INTO meta(key, value) VALUES ('erasing_ratings', '')");
                db.exec("UPDATE followups SET rating_id = NULL");
                to_case("DELETE FROM ratings WHERE case_id = {}");
                db.exec("DELETE FROM meta WHERE key = 'erasing_ratings'");
                return;
        }
    }

    SeededRandom random_;
    std::string today_ = "2026-11-20";
};

// Twice, for what is kept by the first is what the second stands on.
std::size_t keep_a_night(Town& town) {
    auto kept = town.counting();
    kept.use_kept_sums();
    auto counted_all = town.counting();
    CHECK(town.tables(kept) == town.tables(counted_all));
    auto change = kept.take_change("2026-06-01");
    town.store->run_now([&](Connection& db) { store::keep_sums(db, change); });
    return change.counted.size();
}

}  // namespace

TEST_CASE("what nights keep and a count of all cases come to the same, whatever happens late") {
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
        CAPTURE(seed);
        Town town(seed);
        std::size_t first = keep_a_night(town), later = 0;
        for (int n = 0; n < 12; ++n) {
            CAPTURE(n);
            town.night();
            later = std::max(later, keep_a_night(town));
            CHECK(differing_sums(town.reader, nullptr, town.rules, zone, town.as_of()).empty());
        }
        CHECK(first > 100);  // days and services
    }
}

TEST_CASE("a night counts the days to which something was written, those whose windows are open, and no others") {
    Town town(7);
    keep_a_night(town);
    auto days = [&] {
        auto kept = town.counting();
        kept.use_kept_sums();
        town.tables(kept);
        auto change = kept.take_change("2026-06-01");
        town.store->run_now([&](Connection& db) { store::keep_sums(db, change); });
        std::set<std::string> out;
        for (const auto& sums : change.counted) out.insert(sums.day);
        return fmt::format("{}", fmt::join(out, " "));
    };
    CHECK(days() == "");
    auto id = town.value("SELECT max(id) FROM cases WHERE closed_at < 1792000000000");
    town.exec("UPDATE cases SET category = '0999' WHERE id = " + id);
    CHECK(days() == town.value(("SELECT date(closed_at / 1000, 'unixepoch', '+8 hours') FROM cases WHERE id = " + id).c_str()));
    CHECK(days() == "");
    // Both the day it leaves and the one it comes to.
    town.exec("UPDATE cases SET closed_at = closed_at - 5 * 86400000 WHERE id = " + id);
    auto both = town.value(("SELECT date(closed_at / 1000, 'unixepoch', '+8 hours') || ' ' || date(closed_at / 1000 + 5 * 86400, 'unixepoch', '+8 hours') FROM cases WHERE id = " + id).c_str());
    CHECK(days() == both);
    town.rules.signals.quick *= 2;  // by other rules all of them
    CHECK(days().size() > 500);
}

TEST_CASE("kept sums that are not what the rows come to are found, and said") {
    Town town(8);
    keep_a_night(town);
    auto differing = [&] { return fmt::format("{}", fmt::join(differing_sums(town.reader, nullptr, town.rules, zone, town.as_of()), ", ")); };
    CHECK(differing() == "");
    auto day = town.value("SELECT min(day) FROM day_sums WHERE service = '110' AND units LIKE '%kind%'");
    town.exec("UPDATE day_sums SET units = replace(units, 'kind', 'cases') WHERE service = '110' AND day = '" + day + "'");
    CHECK(differing() == day + " 110 units");
    // Lines that are none are not counted with: the day is counted again.
    town.exec("UPDATE day_sums SET units = 'unit' WHERE service = '110' AND day = '" + day + "'");
    keep_a_night(town);
    CHECK(differing() == "");
    town.exec("UPDATE survey_sums SET surveys = surveys + 1 WHERE state = 'delivered'");
    CHECK(differing() == "surveys 0-49999");
    town.store->run_now([](Connection& db) { store::forget_sums(db); });
    CHECK(differing() == "");
    CHECK(keep_a_night(town) > 100);
}

TEST_CASE("of two nights at once the slower keeps nothing, and no number stands in what is kept") {
    Town town(9);
    auto slow = town.counting();
    slow.use_kept_sums();
    town.tables(slow);
    town.night();
    keep_a_night(town);
    auto rows = town.value("SELECT count(*) || ' ' || max(day) FROM day_sums");
    auto change = slow.take_change("2026-06-01");
    CHECK_FALSE(change.counted.empty());
    town.store->run_now([&](Connection& db) { store::keep_sums(db, change); });
    CHECK(town.value("SELECT count(*) || ' ' || max(day) FROM day_sums") == rows);
    auto all = town.value("SELECT group_concat(units || officers || changes || cases || rules, ' ') FROM day_sums");
    CHECK_FALSE(std::regex_search(all, std::regex("(^|[^0-9])1[3-9][0-9]{9}([^0-9]|$)")));
}
