#include "daemon/delivery/courier.hpp"

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>

#include "daemon/async/timer.hpp"
#include "daemon/core/random.hpp"
#include "daemon/store/ledger.hpp"
#include "tests/delivery/shelf.hpp"
#include "tests/support/run.hpp"

using namespace pingjing;
using store::Connection;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

const auto night = *parse_rfc3339("2026-11-21T00:40:00+08:00");

struct Office {
    test::Shelf shelf{};
    test::TempFolder state{}, to{};
    std::unique_ptr<store::Store> store = std::move(*store::Store::open(state.path().string(), store::Store::Runner::inline_io));
    asio::io_context io{};
    VirtualClock clock{night};
    SystemRandom random{};
    config::Reports reports{};
    static asio::awaitable<void> here(std::function<void()> work) {
        work();
        co_return;
    }
    delivery::Courier courier{{*store, store::read_on(*store), here, clock, random, [this] { return reports; }, [] { return std::string("Asia/Shanghai"); }}};

    Office() {
        reports.export_dir = shelf.folder.path();
        config::Delivery bureau;
        bureau.name = "bureau", bureau.folder = to.path();
        reports.deliveries = {bureau};
    }
    void exported(const std::string& day, int version = 1, bool is_here = true) {
        if (is_here) shelf.put(day, version);
        store->run_now([&](Connection& db) { db.exec(fmt::format("INSERT INTO exports VALUES ('{}', {}, 1, {}, 'x')", day, version, to_millis(night)).c_str()); });
    }
    void look() { test::run(io, courier.look()); }
    void pass(Steady time) { clock.move_to(clock.steady() + time); }
    std::vector<store::DeliveryRow> rows() {
        std::vector<store::DeliveryRow> out;
        store->run_now([&](Connection& db) { out = store::newest_deliveries(db, 100); });
        return out;
    }
    std::int64_t number(const std::string& sql) {
        std::int64_t out = 0;
        store->run_now([&](Connection& db) {
            store::Statement read(db, sql);
            read.step();
            out = read.integer(0);
        });
        return out;
    }
    bool arrived(const std::string& version) const { return fs::exists(to.path() / version / "manifest.json"); }
};

}  // namespace

TEST_CASE("each version of a day that is over is taken there once, and leaves a receipt that the ledger knows") {
    Office office;
    office.exported("2026-11-19"), office.exported("2026-11-20"), office.exported("2026-11-20", 2);
    office.exported("2026-11-21");             // it is not over
    office.exported("2026-10-01");             // too long ago
    office.exported("2026-11-18", 1, false);   // written elsewhere
    office.look();
    CHECK(office.arrived("2026-11-19/v1"));
    CHECK(office.arrived("2026-11-20/v1"));
    CHECK(office.arrived("2026-11-20/v2"));
    auto rows = office.rows();
    REQUIRE(rows.size() == 3);
    const auto& newest = rows[0];
    CHECK(newest.errand.day == "2026-11-20");
    CHECK(newest.errand.version == 2);
    CHECK(newest.delivered_at == night);
    CHECK(newest.arrival.place == (office.to.path() / "2026-11-20/v2").string());
    CHECK(newest.arrival.files == 3);
    CHECK(newest.arrival.bytes > 100);
    CHECK(newest.arrival.sha256 == sha256_hex(test::all_files(office.to.path())["2026-11-20/v2/manifest.json"]));
    CHECK(office.number("SELECT count(*) FROM ledger WHERE kind = 'delivery'") == 3);
    office.look();
    CHECK(office.rows().size() == 3);
    CHECK(office.number("SELECT count(*) FROM ledger WHERE kind = 'delivery'") == 3);
}

TEST_CASE("a receipt is neither changed nor deleted") {
    Office office;
    office.exported("2026-11-20");
    office.look();
    for (const char* sql : {"UPDATE deliveries SET bytes = 1", "DELETE FROM deliveries"})
        CHECK_THROWS_AS(office.store->run_now([&](Connection& db) { db.exec(sql); }), store::SqlError);
}

TEST_CASE("what cannot be taken there is tried again later and later, and says why") {
    Office office;
    office.exported("2026-11-19"), office.exported("2026-11-20");
    fs::remove_all(office.to.path());
    office.look();
    auto attempts = [&] { return office.number("SELECT sum(attempts) FROM deliveries"); };
    CHECK(attempts() == 1);  // the next one would fare no better
    CHECK(office.rows().back().why.find("is its disk mounted?") != std::string::npos);
    office.look();
    CHECK(attempts() == 1);
    office.pass(61s);
    office.look();
    CHECK(attempts() == 2);
    office.pass(59s);
    office.look();
    CHECK(attempts() == 2);  // the second rest is one or two minutes long
    office.pass(61s);
    fs::create_directories(office.to.path());
    office.look();
    CHECK(attempts() == 4);
    CHECK(office.arrived("2026-11-19/v1"));
    CHECK(office.arrived("2026-11-20/v1"));
    CHECK(office.rows().back().why.empty());
}

TEST_CASE("a version with which something is wrong does not hold up the others") {
    Office office;
    office.exported("2026-11-18"), office.exported("2026-11-19"), office.exported("2026-11-20");
    test::Shelf::write(office.shelf.folder.path() / "2026-11-18/v1/officers.csv", "012345,100%\n");
    fs::create_directories(office.to.path() / "2026-11-19/v1");  // another stands there
    office.look();
    CHECK_FALSE(office.arrived("2026-11-18/v1"));
    CHECK_FALSE(office.arrived("2026-11-19/v1"));
    CHECK(office.arrived("2026-11-20/v1"));
    CHECK(office.number("SELECT count(*) FROM deliveries WHERE delivered_at IS NULL AND attempts = 1 AND length(why) > 0") == 2);
}

TEST_CASE("what was taken there and not recorded is found there, and only then gets its receipt") {
    Office office;
    office.exported("2026-11-20");
    office.look();
    office.store->run_now([](Connection& db) {
        db.exec("DROP TRIGGER deliveries_keep");
        db.exec("DELETE FROM deliveries");
    });
    auto before = test::all_files(office.to.path());
    office.look();
    CHECK(test::all_files(office.to.path()) == before);
    CHECK(office.rows().size() == 1);
    CHECK(office.rows()[0].delivered_at.has_value());
}

TEST_CASE("what was taken there and cannot be recorded rests like what failed, and keeps no other target from its turn") {
    Office office;
    test::TempFolder elsewhere;
    config::Delivery ministry;
    ministry.name = "ministry", ministry.folder = elsewhere.path();
    office.reports.deliveries.push_back(ministry);
    office.exported("2026-11-20");
    auto exec = [&](const char* sql) { office.store->run_now([&](Connection& db) { db.exec(sql); }); };
    exec("CREATE TRIGGER poison BEFORE UPDATE ON deliveries WHEN NEW.target = 'bureau' BEGIN SELECT RAISE(ABORT, 'poison'); END");
    office.look();
    CHECK(office.arrived("2026-11-20/v1"));
    CHECK(fs::exists(elsewhere.path() / "2026-11-20/v1/manifest.json"));
    fs::remove_all(office.to.path() / "2026-11-20");
    office.look();
    CHECK_FALSE(office.arrived("2026-11-20/v1"));
    exec("DROP TRIGGER poison");
    office.pass(61s);
    office.look();
    CHECK(office.arrived("2026-11-20/v1"));
    CHECK(office.number("SELECT count(*) FROM deliveries WHERE delivered_at IS NOT NULL") == 2);
}

TEST_CASE("late is what was planned long ago for whom it has not reached, one of each target") {
    Office office;
    office.exported("2026-11-19"), office.exported("2026-11-20");
    fs::remove_all(office.to.path());
    office.look();
    auto late = [&](Instant until) {
        std::vector<store::DeliveryRow> out;
        office.store->run_now([&](Connection& db) { out = store::late_deliveries(db, until); });
        return out;
    };
    CHECK(late(night).empty());
    auto found = late(night + Millis(1));
    REQUIRE(found.size() == 1);
    CHECK(found[0].errand.day == "2026-11-19");
    CHECK(found[0].errand.attempts == 1);
}
