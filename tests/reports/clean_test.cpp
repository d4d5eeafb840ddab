// A hundred thousand calls of half a year in which nobody cheats: stations differ as stations do, people call twice, change their minds, are
// wrongly recorded. And one station that does cheat, in the same town.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <vector>

#include "daemon/core/local_time.hpp"
#include "daemon/core/random.hpp"
#include "daemon/reports/signals.hpp"
#include "tests/support/planter.hpp"

using namespace pingjing;
using namespace pingjing::reports;
using test::Planter;

namespace {

const std::string zone = "Asia/Shanghai", first_monday = "2026-05-04";
constexpr int weeks = 25, stations = 20, officers = 6, calls_a_week = 200;

struct Station { double excluded = 0, answers = 0, satisfied = 0, quick = 0; };

class HalfYear {
public:
    HalfYear() : plant_(migrated(db_)) {
        db_.exec("WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 60000) "
                 "INSERT INTO phones(id, key, sealed, first_seen) SELECT i, randomblob(16), x'00', 0 FROM n");
        for (int s = 0; s < stations; ++s) stations_.push_back({about(0.15, 0.03), about(0.30, 0.04), about(0.91, 0.03), about(0.12, 0.03)});
        for (int week = 0; week < weeks; ++week)
            for (int s = 0; s < stations; ++s) happen(week, s, calls_a_week);
    }
    void happen(int week, int s, int calls) {
        db_.exec("BEGIN");
        for (int i = 0; i < calls; ++i) happen(week, s);
        db_.exec("COMMIT");
    }
    std::vector<Station>& all() { return stations_; }
    std::int64_t cases() {
        store::Statement count(db_, "SELECT count(*) FROM cases");
        count.step();
        return count.integer(0);
    }
    std::vector<Signal> signals(int week) {
        Request request;
        request.report = "signals", request.from = *days_later(first_monday, 7 * week), request.to = *days_later(request.from, 6);
        auto as_of = day_range(request.to, zone)->to + std::chrono::hours(24 * 5);
        auto complete_request = *complete(request, {}, zone, as_of);
        return read_signals(db_, nullptr, {}, {}, complete_request, zone, as_of).found;
    }

private:
    static store::Connection& migrated(store::Connection& db) {
        REQUIRE(store::migrate(db));
        return db;
    }
    double about(double middle, double most) { return middle + most * (2 * random_.unit() - 1); }
    bool chance(double p) { return random_.unit() < p; }

    void happen(int week, int s) {
        auto day = *days_later(first_monday, 7 * week + static_cast<int>(random_.below(7)));
        const auto& station = stations_[static_cast<std::size_t>(s)];
        test::Call call;
        call.unit = fmt::format("3201{:02}4300{:02}", 2 + s / 10, s), call.officer = fmt::format("{:02}{:04}", s, random_.below(officers));
        call.category = chance(0.5) ? "010203" : "080101";
        call.reported = fmt::format("{}T{:02}:00:00+08:00", day, random_.below(20)), call.closed = day + "T21:00:00+08:00";
        if (chance(station.excluded)) call.code = chance(0.7) ? "invalid" : "dv";
        else if (chance(0.0005)) call.code = "cancelled";
        auto id = plant_.call(call);
        db_.exec(fmt::format("UPDATE cases SET phone_id = {} WHERE id = {}", 2 + random_.below(59'999), id).c_str());
        if (call.code) return;
        auto asked = day + "T22:00:00+08:00";
        plant_.survey(id, {.state = chance(0.95) ? "delivered" : "failed", .answer_until = *days_later(day, 3) + "T22:00:00+08:00", .made = asked});
        if (!chance(station.answers)) return;
        auto grade = chance(station.satisfied) ? "satisfied" : chance(0.6) ? "basically_satisfied" : "dissatisfied";
        auto at = fmt::format("{}T22:{:02}:{:02}+08:00", day, chance(station.quick) ? 0 : 1 + random_.below(58), 10 + random_.below(49));
        plant_.answer(id, {.grade = grade, .at = at, .officer = call.officer, .unit = call.unit});
        if (std::string_view(grade) == "dissatisfied" && chance(0.05))
            plant_.answer(id, {.grade = "satisfied", .effect = "review", .at = day + "T22:59:59+08:00", .officer = call.officer, .unit = call.unit});
    }

    store::Connection db_{":memory:"};
    Planter plant_;
    SeededRandom random_{20261129};
    std::vector<Station> stations_{};
};

}  // namespace

TEST_CASE("a hundred thousand cases in which nobody cheats raise alarms in fewer than one of a thousand unit-weeks, and one station that cheats is found") {
    HalfYear town;
    CHECK(town.cases() == weeks * stations * calls_a_week);
    int alarms = 0, warnings = 0, unit_weeks = 0;
    for (int week = 1; week < weeks; ++week, unit_weeks += stations)
        for (const auto& signal : town.signals(week)) {
            if (signal.severity == Severity::alarm) MESSAGE(week, " ", signal.signal, " ", signal.code, " ", signal.count, " of ", signal.of.value_or(0));
            alarms += signal.severity == Severity::alarm;
            warnings += signal.severity == Severity::warn && signal.level != Level::officer;
        }
    CHECK(unit_weeks == 480);
    CHECK(alarms * 1000 < unit_weeks);
    CHECK(warnings > 0);  // chance does make some, or nothing is looked at

    // The third station writes 家暴 and 无效 into whatever may go badly, for two weeks.
    town.all()[3].excluded = 0.9;
    for (int week : {weeks - 2, weeks - 1}) town.happen(week, 3, 100);
    bool found = false;
    for (const auto& signal : town.signals(weeks - 1)) found = found || (signal.signal == "exclusion_share" && signal.severity == Severity::alarm && signal.level == Level::station && signal.code == "320102430003");
    CHECK(found);
}
