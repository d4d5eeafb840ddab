#include "daemon/reports/public_summary.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <map>

#include "daemon/reports/html.hpp"
#include "daemon/store/seal.hpp"
#include "daemon/store/sqlite.hpp"
#include "tests/support/planter.hpp"
#include "tests/support/temp_folder.hpp"

using namespace pingjing;
using namespace pingjing::reports;

namespace {

namespace fs = std::filesystem;
constexpr Millis answers_until = std::chrono::hours(24 * 6);
Instant at(const char* text) { return *parse_rfc3339(text); }
const auto now = at("2026-12-10T10:00:00+08:00");

struct Town {
    store::Connection db{":memory:"};
    test::Planter plant{migrated(db)};
    static store::Connection& migrated(store::Connection& db) {
        REQUIRE(store::migrate(db));
        return db;
    }
    PublicWish wish{.zone = "Asia/Shanghai", .answers_until = answers_until};

    void rate(int count, const std::string& unit, const std::string& day = "2026-06-10", const std::string& grade = "satisfied") {
        for (int i = 0; i < count; ++i) plant.rated({.unit = unit, .officer = "012345", .reported = day + "T09:00:00+08:00", .closed = day + "T10:00:00+08:00"}, grade);
    }
    std::map<std::string, std::int64_t> rows(Instant when = now) {
        std::map<std::string, std::int64_t> out;
        for (const auto& row : public_summary(db, wish, when).rows) {
            const auto* code = std::get_if<std::string>(&row.at(0));
            out[code ? *code : "force"] = std::get<std::int64_t>(row.at(3));
        }
        return out;
    }
};

std::map<std::string, std::string> files_of(const fs::path& folder) {
    std::map<std::string, std::string> out;
    for (const auto& entry : fs::directory_iterator(folder)) {
        std::ifstream in(entry.path(), std::ios::binary);
        out[entry.path().filename().string()] = std::string{std::istreambuf_iterator<char>(in), {}};
    }
    return out;
}

}  // namespace

TEST_CASE("what is published is of twelve whole months to which no answer can come any more") {
    struct { const char* now; const char* from; const char* to; } cases[] = {
        {"2026-12-10T10:00:00+08:00", "2025-12-01", "2026-11-30"},
        {"2026-12-06T10:00:00+08:00", "2025-11-01", "2026-10-31"},  // November's last calls may still be answered
        {"2027-01-20T10:00:00+08:00", "2026-01-01", "2026-12-31"},
        {"2028-03-10T10:00:00+08:00", "2027-03-01", "2028-02-29"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.now);
        auto months = settled_year("Asia/Shanghai", at(c.now), answers_until);
        CHECK(months.from == c.from);
        CHECK(months.to == c.to);
    }
}

TEST_CASE("a unit is published with a hundred ratings and not with ninety-nine, an officer never") {
    Town town;
    town.rate(100, "320102430000"), town.rate(99, "320102440000"), town.rate(99, "320102450000"), town.rate(120, "320102460000");
    CHECK(town.rows() == std::map<std::string, std::int64_t>{{"320102000000", 418}, {"320102430000", 100}, {"320102460000", 120}, {"force", 418}});
    auto summary = public_summary(town.db, town.wish, now);
    CHECK(render_csv(summary).find("012345") == std::string::npos);
    CHECK(render_html({summary}).find("012345") == std::string::npos);
    for (const auto& column : summary.columns)
        for (const char* hidden : {"satisfied", "basically_satisfied", "dissatisfied", "officer", "eligible"}) CHECK(column.name != hidden);
}

TEST_CASE("what could be had by subtracting published units is not published") {
    Town town;
    town.rate(99, "320102430000"), town.rate(110, "320102440000"), town.rate(300, "320102450000");
    // 430000 would be the sub-bureau less the two others: the smaller of these stays out as well.
    CHECK(town.rows() == std::map<std::string, std::int64_t>{{"320102000000", 509}, {"320102450000", 300}, {"force", 509}});
}

TEST_CASE("who looks twice within a month learns nothing of the days between") {
    Town town;
    town.rate(100, "320102430000"), town.rate(100, "320102440000");
    auto before = town.rows(at("2026-12-10T10:00:00+08:00"));
    town.rate(5, "320102430000", "2026-12-08");
    CHECK(town.rows(at("2026-12-31T23:00:00+08:00")) == before);
    CHECK(town.rows(at("2027-01-08T10:00:00+08:00"))["320102430000"] == 105);
}

TEST_CASE("a site may ask for more ratings than a hundred and not for fewer than it shows inside") {
    Town town;
    town.rate(100, "320102430000"), town.rate(200, "320102440000"), town.rate(100, "320102450000");
    town.wish.least = 150;
    CHECK_FALSE(town.rows().contains("320102430000"));
    CHECK(town.rows().contains("320102440000"));
}

TEST_CASE("the summary lies alone in its folder, and is written again only when it is another") {
    test::TempFolder folder;
    Town town;
    town.rate(100, "320102430000");
    auto place = folder.path() / "public";
    CHECK(publish(place, public_summary(town.db, town.wish, now)));
    auto first = files_of(place);
    CHECK(first.size() == 3);
    for (const char* name : {"satisfaction.csv", "satisfaction.json", "satisfaction.html"}) CHECK(first.contains(name));
    CHECK(first["satisfaction.html"].find("<script") == std::string::npos);
    CHECK_FALSE(publish(place, public_summary(town.db, town.wish, now + std::chrono::hours(24))));
    town.rate(10, "320102430000");
    CHECK(publish(place, public_summary(town.db, town.wish, now)));
    CHECK(files_of(place).size() == 3);
    CHECK(files_of(place)["satisfaction.csv"] != first["satisfaction.csv"]);
}
