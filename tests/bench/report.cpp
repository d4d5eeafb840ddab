#include "tests/bench/report.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "daemon/core/local_time.hpp"
#include "daemon/core/system_clock.hpp"
#include "daemon/reports/queries.hpp"
#include "daemon/store/sqlite.hpp"
#include "tests/bench/load.hpp"
#include "tests/bench/measure.hpp"

namespace pingjing::bench {
namespace {

constexpr const char* zone = "Asia/Shanghai";

// What somebody at a shell would ask of the ratings alone …
constexpr const char* of_ratings = "SELECT officer, count(*), sum(grade = 'satisfied'), sum(grade = 'basically_satisfied'), sum(grade = 'dissatisfied') FROM ratings GROUP BY officer";
// … and for the columns of the report, were every case as simple as those here: one rating, one reply, no review.
constexpr const char* of_cases =
    "SELECT coalesce(r.officer, c.officer), count(*), sum(m.accepted_at IS NOT NULL), sum(m.state = 'delivered'), sum(i.id IS NOT NULL), sum(r.grade = 'satisfied'), "
    "sum(r.grade = 'basically_satisfied'), sum(r.grade = 'dissatisfied') FROM cases c LEFT JOIN messages m ON m.case_id = c.id AND m.purpose = 'survey' "
    "LEFT JOIN ratings r ON r.case_id = c.id AND r.effect IN ('first', 'replaces') LEFT JOIN inbound i ON i.case_id = c.id AND i.step = 'done' "
    "WHERE c.closed_at > 0 GROUP BY 1";

double by_shell(const std::filesystem::path& database, const char* sql) {
    auto clock = system_clock();
    Stopwatch used(*clock);
    auto command = fmt::format("sqlite3 -readonly '{}' \"{}\" > '{}.asked'", database.string(), sql, database.string());
    if (std::system(command.c_str()) != 0) throw std::runtime_error("the sqlite3 shell did not answer");
    return used.seconds();
}

}  // namespace

void report_on_officers(const std::filesystem::path& database) {
    auto clock = system_clock();
    store::Connection db(database.string(), store::Connection::Access::read_only);
    reports::Request request{.report = "officers", .from = "2000-01-01", .to = local_day(clock->now(), zone)};
    auto seconds_of = [&](const char* name) {
        request.report = name;
        Stopwatch used(*clock);
        if (auto table = reports::make_report(db, {}, {}, request, zone, clock->now()); !table || table->rows.empty()) throw std::runtime_error("there is no report");
        return used.seconds();
    };
    auto ratings = by_shell(database, of_ratings), cases = by_shell(database, of_cases), ours = seconds_of("officers"), books = seconds_of("balance");
    fmt::print("    report officers {:.2f} s: {:.2f} of the same columns by the sqlite3 shell ({:.2f} s), {:.2f} of the ratings alone ({:.2f} s); report balance {:.2f} s; peak {:.0f} MB\n", ours,
               ours / cases, cases, ours / ratings, ratings, books, memory().peak_mb);
}

}  // namespace pingjing::bench
