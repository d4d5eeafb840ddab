// How long a night's files take, all tables in all formats: pingjing_night_bench [--surveys 50000] [--days 90] [--folder DIR] [--parts] [--again]
// [--limit SECONDS], in a store of one day and in one of so many, and the ratio. DIR holds the older store, and is used again; with --again what it keeps, too.
// --parts tells how long each report takes that counts its cases. Exit 1 over so many seconds of CPU.
#include <fmt/format.h>

#include <chrono>
#include <ctime>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/core/local_time.hpp"
#include "daemon/core/system_clock.hpp"
#include "daemon/reports/export.hpp"
#include "daemon/store/schema.hpp"
#include "tests/bench/city.hpp"
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

struct Took { double seconds = 0, cpu = 0; };

// The files of that night, and what it keeps for the next one.
std::optional<Took> write_night(store::Connection& db, reports::ExportWish& wish, const std::string& day) {
    wish.day = day;
    auto now = day_range(day, wish.zone)->to + std::chrono::minutes(30);
    auto begin = moment();
    auto used = cpu();
    auto edition = reports::prepare_export(db, wish, now);
    if (!edition) return fmt::print(stderr, "{}\n", edition.error().detail), std::nullopt;
    auto counted = seconds_since(begin);
    reports::write_export(wish.folder, *edition);
    auto written = seconds_since(begin);
    db.exec("BEGIN IMMEDIATE");
    store::keep_sums(db, edition->sums);
    db.exec("COMMIT");
    Took took{seconds_since(begin), cpu() - used};
    std::size_t bytes = 0;
    for (const auto& [name, file] : edition->files) bytes += file.size();
    fmt::print("  {}: counted in {:.2f} s, written in {:.2f} s, kept in {:.2f} s, together {:.2f} s, {:.2f} s of CPU; {} files, {} bytes; {} days counted to be kept\n", day, counted,
               written - counted, took.seconds - written, took.seconds, took.cpu, edition->files.size(), bytes, edition->sums.counted.size());
    std::fflush(stdout);
    return took;
}

// Where the time goes when a report counts all its cases.
void tell_parts(store::Connection& db, const reports::ExportWish& wish, Instant now) {
    struct { const char* report; int days; } parts[] = {{"officers", 1}, {"balance", 1}, {"register", 0}, {"funnel", 30}, {"trend", 0}, {"signals", 30}};
    for (const auto& part : parts) {
        reports::Request request{.report = part.report, .from = part.days > 0 ? *days_later(last_day, 1 - part.days) : "", .to = part.days > 0 ? last_day : ""};
        auto begin = moment();
        auto used = cpu();
        if (auto made = reports::make_report(db, wish.names, wish.rules, request, wish.zone, now, wish.seal); !made) fmt::print(stderr, "{}\n", made.error().detail);
        fmt::print("  {} {:.2f} s, {:.2f} s of CPU\n", part.report, seconds_since(begin), cpu() - used);
        std::fflush(stdout);
    }
}

// Two nights of a store that has run for so many days: the first counts the windows, the second what is new. Returns the second.
std::optional<Took> nights(const std::filesystem::path& place, int surveys, int days, bool parts, bool again) {
    bool planted = std::filesystem::exists(place / "night.db");
    store::Connection db((place / "night.db").string());
    if (auto made = store::migrate(db); !made) return fmt::print(stderr, "{}\n", made.error().detail), std::nullopt;
    if (!planted) bench::plant_city(db, last_day, days, surveys);
    std::filesystem::remove_all(place / "exports");
    if (!again) db.exec("DELETE FROM day_sums; DELETE FROM survey_sums; DELETE FROM meta WHERE key = 'sums_until'");
    auto seal = store::Seal::from_seed(1);
    reports::ExportWish wish{.folder = place / "exports", .zone = bench::city_zone, .seal = &seal};
    fmt::print("{} surveys a day, {} days\n", surveys, days);
    if (!again && !write_night(db, wish, *days_later(last_day, -1))) return std::nullopt;
    auto took = write_night(db, wish, last_day);
    if (parts) tell_parts(db, wish, day_range(last_day, wish.zone)->to + std::chrono::minutes(30));
    return took;
}

}  // namespace

int main(int argc, char** argv) {
    int surveys = 50'000, days = 90;
    bool parts = false, again = false;
    double limit = 0;
    std::string folder;
    for (int i = 1; i < argc; ++i) {
        std::string_view name = argv[i];
        if (name == "--parts") parts = true;
        else if (name == "--again") again = true;
        else if (i + 1 == argc) return 2;
        else if (name == "--surveys") surveys = std::atoi(argv[++i]);
        else if (name == "--days") days = std::atoi(argv[++i]);
        else if (name == "--folder") folder = argv[++i];
        else if (name == "--limit") limit = std::atof(argv[++i]);
        else return 2;
    }
    test::TempFolder young, temporary;
    auto place = folder.empty() ? temporary.path() : std::filesystem::path(folder);
    auto first = nights(young.path(), surveys, 1, false, false), full = nights(place, surveys, days, parts, again);
    if (!first || !full) return 1;
    fmt::print("a night after {} days: {:.2f} s, {:.2f} s of CPU, {:.2f} times that of a store of one day\n", days, full->seconds, full->cpu, full->cpu / first->cpu);
    return limit > 0 && full->cpu > limit ? 1 : 0;
}
