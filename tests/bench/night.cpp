// How long a night's files take: pingjing_night_bench [--surveys 50000] [--days 1] [--folder DIR] [--limit SECONDS]. A store of a city with so many
// surveys a day, three of ten answered, 100 stations and 2000 officers; the files of its last day, all tables in all formats. Exit 1 over the limit.
#include <fmt/format.h>

#include <chrono>
#include <ctime>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "daemon/core/local_time.hpp"
#include "daemon/core/system_clock.hpp"
#include "daemon/reports/export.hpp"
#include "tests/support/planter.hpp"
#include "tests/support/temp_folder.hpp"

using namespace pingjing;

namespace {

constexpr const char* last_day = "2026-11-20";

// Of this process, whoever else uses the machine.
double cpu() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }
Steady moment() {
    static const auto clock = system_clock();
    return clock->steady();
}
double seconds_since(Steady begin) { return std::chrono::duration<double>(moment() - begin).count(); }

void plant(store::Connection& db, int surveys, int days) {
    test::Planter planter(db);
    db.exec("BEGIN IMMEDIATE");
    for (int d = 0; d < days; ++d) {
        auto day = *days_later(last_day, d + 1 - days);
        for (int i = 0; i < surveys; ++i) {
            auto station = i % 100;
            test::Call call;
            call.unit = fmt::format("3201{:02}{:02}0000", 1 + station / 10, 10 + station % 10);
            call.officer = fmt::format("{:06}", i % 2000);
            call.reported = fmt::format("{}T{:02}:{:02}:00+08:00", day, i % 22, i % 60);
            call.closed = fmt::format("{}T{:02}:{:02}:00+08:00", day, i % 22 + 1, i % 60);
            if (i % 10 < 3) planter.rated(call, i % 31 < 2 ? "dissatisfied" : i % 13 == 0 ? "basically_satisfied" : "satisfied");
            else planter.survey(planter.call(call));
        }
    }
    // A number each; the planter gives all the same.
    db.exec("INSERT INTO phones(id, key, sealed, first_seen) SELECT id + 1, CAST(printf('%016d', id) AS BLOB), x'00', 0 FROM cases");
    db.exec("UPDATE cases SET phone_id = id + 1");
    db.exec("UPDATE messages SET phone_id = case_id + 1");
    db.exec("COMMIT");
}

// Where the time goes.
void tell_parts(store::Connection& db, const reports::ExportWish& wish, Instant now) {
    struct { const char* report; int days; } parts[] = {{"officers", 1}, {"signals", 30}, {"funnel", 30}, {"trend", 0}};
    for (const auto& part : parts) {
        reports::Request request{.report = part.report, .from = part.days > 0 ? *days_later(last_day, 1 - part.days) : "", .to = last_day};
        auto begin = moment();
        auto used = cpu();
        if (auto made = reports::make_report(db, wish.names, wish.rules, request, wish.zone, now, wish.seal); !made) fmt::print(stderr, "{}\n", made.error().detail);
        fmt::print("  {} {:.2f} s, {:.2f} s of CPU\n", part.report, seconds_since(begin), cpu() - used);
    }
}

}  // namespace

int main(int argc, char** argv) {
    int surveys = 50'000, days = 1;
    double limit = 0;
    std::string folder;
    for (int i = 1; i + 1 < argc; i += 2) {
        std::string_view name = argv[i];
        if (name == "--surveys") surveys = std::atoi(argv[i + 1]);
        else if (name == "--days") days = std::atoi(argv[i + 1]);
        else if (name == "--folder") folder = argv[i + 1];
        else if (name == "--limit") limit = std::atof(argv[i + 1]);
        else return 2;
    }
    test::TempFolder temporary;
    std::filesystem::path place = folder.empty() ? temporary.path() : std::filesystem::path(folder);
    store::Connection db((place / "night.db").string());
    if (auto made = store::migrate(db); !made) return fmt::print(stderr, "{}\n", made.error().detail), 1;
    plant(db, surveys, days);
    auto seal = store::Seal::from_seed(1);
    reports::ExportWish wish{.day = last_day, .folder = place / "exports", .zone = "Asia/Shanghai", .seal = &seal};
    auto now = *parse_rfc3339("2026-11-21T00:30:00+08:00");
    auto begin = moment();
    auto used = cpu();
    auto edition = reports::prepare_export(db, wish, now);
    if (!edition) return fmt::print(stderr, "{}\n", edition.error().detail), 1;
    auto counted = seconds_since(begin);
    reports::write_export(wish.folder, *edition);
    auto all = seconds_since(begin);
    used = cpu() - used;
    std::size_t bytes = 0;
    for (const auto& [name, file] : edition->files) bytes += file.size();
    fmt::print("{} surveys a day, {} days: counted in {:.2f} s, written in {:.2f} s, together {:.2f} s, {:.2f} s of CPU; {} files, {} bytes\n", surveys, days, counted, all - counted, all, used, edition->files.size(), bytes);
    tell_parts(db, wish, now);
    return limit > 0 && all > limit ? 1 : 0;
}
