#include "daemon/reports/export.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>
#include <fstream>
#include <sstream>
#include <thread>

#include "daemon/store/store.hpp"
#include "tests/support/planter.hpp"
#include "tests/support/run.hpp"
#include "tests/support/temp_folder.hpp"
#include "tests/support/watched_disk.hpp"

using namespace pingjing;
using namespace pingjing::reports;
using store::Connection;
using store::Store;
using test::Planter;

namespace {

namespace fs = std::filesystem;
const auto night = *parse_rfc3339("2026-11-21T00:30:00.123+08:00");

std::string read_file(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
}

struct Killed {};

// A station's day in a store on disk, exported as a command without a daemon does it.
struct Site {
    test::TempFolder state{}, out{};
    std::unique_ptr<Store> store = std::move(*Store::open(state.path().string(), Store::Runner::inline_io));
    ExportWish wish{.day = "2026-11-20", .folder = out.path(), .zone = "Asia/Shanghai"};

    Site() {
        store->run_now([](Connection& db) {
            Planter plant(db);
            for (int i = 0; i < 7; ++i) plant.rated({}, "satisfied");
            plant.survey(plant.call(), {.state = "accepted"});
            plant.call({.code = "dv"});
            store::append(db, night, "case", 1, "{}");
        });
    }
    void change() {
        store->run_now([](Connection& db) {
            Planter(db).rated({}, "dissatisfied");
            store::append(db, night, "case", 1, "{}");
        });
    }
    // Killed before the given step on the disk; 0: lives. The last step is recording.
    Edition run(Instant now = night, int killed_at = 0) {
        Result<Edition> edition = Edition();
        int steps = 0;
        auto step = [&] {
            if (++steps == killed_at) throw Killed();
        };
        store->run_now([&](Connection& db) { edition = prepare_export(db, wish, now); });
        REQUIRE(edition);
        write_export(wish.folder, *edition, step);
        step();
        store->run_now([&](Connection& db) { record_export(db, *edition, now); });
        return *edition;
    }
    std::map<std::string, std::string> files() const {
        std::map<std::string, std::string> found;
        for (const auto& entry : fs::recursive_directory_iterator(wish.folder))
            if (entry.is_regular_file()) found[fs::relative(entry.path(), wish.folder).string()] = read_file(entry.path());
        return found;
    }
    boost::json::value manifest(int version) const {
        return boost::json::parse(read_file(wish.folder / wish.day / ("v" + std::to_string(version)) / "manifest.json"));
    }
    std::int64_t number(const char* sql) const {
        std::int64_t value = 0;
        store->run_now([&](Connection& db) {
            store::Statement read(db, sql);
            read.step();
            value = read.integer(0);
        });
        return value;
    }
};

}  // namespace

TEST_CASE("a day is exported as nine tables, each in four formats, and a manifest that vouches for them") {
    Site site;
    auto edition = site.run();
    CHECK(edition.version == 1);
    auto files = site.files();
    CHECK(files.size() == 38);
    CHECK(files["2026-11-20/latest"] == "v1\n");
    auto manifest = site.manifest(1);
    CHECK(manifest.at("files").as_object().size() == 36);
    for (const char* name : {"officers", "units", "force", "exclusions", "register", "balance", "signals", "funnel", "trend"}) {
        CAPTURE(name);
        auto start = std::string("2026-11-20/v1/") + name;
        CHECK(files[start + ".xlsx"].starts_with("PK"));
        CHECK(files[start + ".html"].starts_with("<!doctype html>"));
        for (const char* end : {".csv", ".json", ".xlsx", ".html"}) CHECK(manifest.at("files").at(name + std::string(end)).as_string().size() == 64);
    }
    auto trend = boost::json::parse(files["2026-11-20/v1/trend.json"]);
    CHECK(trend.at("from") == "2026-08-24");  // twelve weeks that were over, Monday to Sunday
    CHECK(trend.at("to") == "2026-11-15");
    auto funnel = boost::json::parse(files["2026-11-20/v1/funnel.json"]);
    CHECK(funnel.at("from") == "2026-10-22");
    CHECK(funnel.at("to") == "2026-11-20");
    auto complaints = boost::json::parse(files["2026-11-20/v1/register.json"]);
    CHECK(complaints.at("from") == "2026-11-09");  // the last week that was over: no two nights differ by one day
    CHECK(complaints.at("to") == "2026-11-15");
    CHECK(complaints.at("rows").as_array().empty());
    auto signals = boost::json::parse(files["2026-11-20/v1/signals.json"]);
    CHECK(signals.at("from") == "2026-10-22");  // the thirty days that end with it
    CHECK(signals.at("to") == "2026-11-20");
    CHECK(files["2026-11-20/v1/signals.csv"].starts_with("\xEF\xBB\xBFsignal,severity,"));
    CHECK(manifest.at("ledger").at("size") == 1);
    CHECK(manifest.at("as_of") == "2026-11-20T16:30:00.123Z");
    CHECK(manifest.at("rules").at("weight_basically").to_number<double>() == 0.5);
    CHECK(manifest.at("rules").at("prior_m") == 20);
    auto units = boost::json::parse(files["2026-11-20/v1/units.json"]);
    CHECK(units.at("from") == "2026-11-20");
    CHECK(units.at("basis") == "closed");
    CHECK(units.at("rows").at(0).at("n") == 7);
    CHECK(boost::json::parse(files["2026-11-20/v1/balance.json"]).at("holds").as_bool());
    CHECK(site.number("SELECT count(*) FROM exports WHERE day = '2026-11-20' AND version = 1 AND ledger_size = 1") == 1);
    CHECK(site.number("SELECT count(*) FROM ledger WHERE kind = 'export'") == 1);
}

TEST_CASE("a rerun changes no byte, makes no version and no line, however much later") {
    Site site;
    site.run();
    auto before = site.files();
    for (auto later : {night, night + 1h, night + 24h * 30}) {
        auto again = site.run(later);
        CHECK(again.version == 1);
        CHECK_FALSE(again.fresh);
        CHECK(site.files() == before);
    }
    CHECK(site.number("SELECT count(*) FROM ledger") == 2);

    // Another day's work moves the books, but not this day.
    site.store->run_now([](Connection& db) {
        Planter(db).rated({.closed = "2026-11-21T10:00:00+08:00"}, "satisfied");
        store::append(db, night, "case", 1, "{}");
    });
    site.run(night + 24h);
    CHECK(site.files() == before);
}

TEST_CASE("the day's emergencies stand in the manifest, and how long until a person had them") {
    Site site;
    site.store->run_now([](Connection& db) {
        auto at = to_millis(*parse_rfc3339("2026-11-20T10:00:00+08:00"));
        for (int id = 1; id <= 3; ++id) {
            db.exec(fmt::format("INSERT INTO inbound(id, channel, key, to_number, extension, received_at, step) VALUES (10{0}, 'c', 'x{0}', '', '', {1}, 'new')", id, at).c_str());
            auto day = id == 3 ? at - 86400000 : at;  // the third is of the day before
            db.exec(fmt::format("INSERT INTO alarms(id, inbound_id, at, do_not_contact, acknowledged_at, acknowledged_by) VALUES ('a{0}', 10{0}, {1}, 0, {2}, {3})", id, day,
                                id == 1 ? std::to_string(at + 90'000) : "NULL", id == 1 ? "'3/x'" : "NULL").c_str());
        }
    });
    site.run();
    auto force = site.manifest(1).at("emergencies").at(0);
    CHECK(force.at("raised") == 2);
    CHECK(force.at("acknowledged") == 1);
    CHECK(force.at("open") == 1);
    CHECK(force.at("ack_longest_seconds") == 90);
}

TEST_CASE("the same version can be written elsewhere, to the byte") {
    Site site;
    site.run();
    auto before = site.files();
    test::TempFolder elsewhere;
    site.wish.folder = elsewhere.path();
    auto again = site.run(night + 1h);
    CHECK(again.version == 1);
    CHECK(site.files() == before);
    CHECK(site.number("SELECT count(*) FROM exports") == 1);
}

TEST_CASE("changed figures make the next version, which says what changed, the old one stays") {
    Site site;
    site.run();
    auto before = site.files();
    site.change();
    auto edition = site.run(night + 24h);
    CHECK(edition.version == 2);
    auto after = site.files();
    CHECK(after["2026-11-20/latest"] == "v2\n");
    for (auto& [name, bytes] : before)
        if (name != "2026-11-20/latest") CHECK(after[name] == bytes);
    auto manifest = site.manifest(2);
    CHECK(manifest.at("before") == "v1");
    auto changes = manifest.at("changes");
    CHECK(changes.at("officers").at("rows") == 1);
    CHECK(changes.at("officers").at("changed").at(0) == "012345");
    CHECK(changes.at("units").at("rows") == 3);  // the force, the sub-bureau, the station
    CHECK(changes.at("force").at("changed").at(0) == "null");
    CHECK(changes.at("exclusions").at("changed").at(1) == "null dv");  // one of more cases
    CHECK(changes.at("balance").at("rows").as_int64() > 0);

    // Where the version before does not lie, nobody can say what has changed since.
    std::filesystem::rename(site.wish.folder / "2026-11-20/v1", site.wish.folder / "away");
    std::filesystem::remove_all(site.wish.folder / "2026-11-20/v2");
    CHECK(site.run(night + 36h).version == 2);
    CHECK(site.manifest(2).at("changes").is_null());
    std::filesystem::rename(site.wish.folder / "away", site.wish.folder / "2026-11-20/v1");

    CHECK(site.run(night + 48h).version == 2);
    site.wish.names.units["320102430000"] = "城南派出所";  // what a list says is part of the figures
    CHECK(site.run(night + 48h).version == 3);
}

TEST_CASE("killed at any step, the next run finishes the same version, and nobody reads half a day") {
    for (bool second_version : {false, true}) {
        for (int step = 1;; ++step) {
            CAPTURE(second_version);
            CAPTURE(step);
            Site site;
            if (second_version) {
                site.run();
                site.change();
            }
            bool killed = false;
            try {
                site.run(night + 1h, step);
            } catch (const Killed&) {
                killed = true;
            }
            auto half = site.files();
            std::string wanted = second_version ? "v2" : "v1";
            if (half.contains("2026-11-20/" + wanted + "/units.csv")) CHECK(half.contains("2026-11-20/" + wanted + "/manifest.json"));
            if (half.contains("2026-11-20/latest")) {
                auto named = half["2026-11-20/latest"].substr(0, 2);
                CHECK(half.contains("2026-11-20/" + named + "/manifest.json"));
            }

            auto finished = site.run(night + 2h);
            CHECK(finished.version == (second_version ? 2 : 1));
            auto files = site.files();
            CHECK(files.size() == (second_version ? 75 : 38));  // nothing hidden is left
            CHECK(files["2026-11-20/latest"] == wanted + "\n");
            CHECK(site.number("SELECT count(*) FROM exports") == (second_version ? 2 : 1));
            CHECK(site.run(night + 3h).version == finished.version);
            CHECK(site.files() == files);
            if (!killed) break;
        }
    }
}

TEST_CASE("a version that was written but never recorded is recorded with the one after it") {
    Site site;
    int last_step = 0;
    for (int step = 1; last_step == 0; ++step) {
        Site other;
        try {
            other.run(night, step);
            last_step = step - 1;
        } catch (const Killed&) {}
    }
    CHECK_THROWS_AS(site.run(night, last_step), Killed);
    site.change();
    CHECK(site.run(night + 1h).version == 2);
    CHECK(site.number("SELECT count(*) FROM exports") == 2);
}

TEST_CASE("files from before a backup was taken into use are another ledger's: they stay, the day gets the next version, and verify is not told of a cut") {
    auto signer = store::Seal::from_seed(3);
    Site before, after;
    before.wish.signer = after.wish.signer = signer.ledger_signer();
    before.change();
    REQUIRE(before.run().ledger_size == 2);
    fs::copy(before.wish.folder, after.wish.folder, fs::copy_options::recursive | fs::copy_options::overwrite_existing);
    auto manifest = before.manifest(1);
    auto edition = after.run(night + 1h);
    CHECK(edition.version == 2);
    CHECK(edition.fresh);
    CHECK(after.manifest(1) == manifest);
    CHECK(after.manifest(2).at("ledger").at("size") == 1);
    CHECK(after.number("SELECT count(*) FROM exports") == 2);
    CHECK(after.number("SELECT max(size) FROM checkpoints") == 1);
    CHECK(after.run(night + 2h).version == 2);
}

TEST_CASE("a day that is none is refused") {
    Site site;
    site.wish.day = "../etc";
    site.store->run_now([&](Connection& db) {
        auto refused = prepare_export(db, site.wish, night);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().kind == Error::Kind::invalid_input);
    });
}

TEST_CASE("the daemon exports on its reading thread and records through the store") {
    asio::io_context io;
    Site site;
    store::ReadThread thread(site.store->path());
    auto exported = test::run(io, export_day(store::read_on(thread), *site.store, site.wish, night));
    REQUIRE(exported);
    CHECK(exported->version == 1);
    CHECK(site.files().size() == 38);
    CHECK(site.number("SELECT count(*) FROM exports") == 1);
    auto again = test::run(io, export_day(store::read_on(*site.store), *site.store, site.wish, night + 1h));
    CHECK_FALSE(again->fresh);
}

TEST_CASE("files are written when what they tell is on the disk, and two exports at once make one version") {
    test::TempFolder state, out;
    test::WatchedDisk disk(state.path());
    asio::io_context io;
    auto store = std::move(*Store::open(state.path().string(), Store::Runner::own_thread));
    store::ReadThread thread(store->path());
    std::atomic<bool> slow = true, syncing = false;
    disk.on_sync = [&](test::WatchedDisk::Sync sync) {
        if (sync.flusher) syncing = true;
        while (sync.flusher && slow) std::this_thread::yield();
        return SQLITE_OK;
    };
    auto plant = [](Connection& db) {
        Planter(db).rated({}, "satisfied");
        store::append(db, night, "case", 1, "{}");
    };
    int done = 0;
    auto write = [&]() -> asio::awaitable<void> { co_await store->run(plant); };
    auto on_written = [&](std::exception_ptr error) { REQUIRE_FALSE(error); ++done; };
    asio::co_spawn(io, write, on_written);
    while (!syncing) io.poll();

    std::vector<std::int64_t> versions;
    auto on_exported = [&](std::exception_ptr error, Result<Edition> edition) {
        REQUIRE_FALSE(error);
        REQUIRE(edition);
        CHECK(edition->ledger_size == 1);
        versions.push_back(edition->version);
        ++done;
    };
    ExportWish wish{.day = "2026-11-20", .folder = out.path(), .zone = "Asia/Shanghai"};
    for (int i = 0; i < 2; ++i) asio::co_spawn(io, export_day(store::read_on(thread), *store, wish, night), on_exported);
    io.restart();
    io.run_for(300ms);
    CHECK(done == 0);
    CHECK(fs::is_empty(out.path()));
    slow = false;
    io.restart();
    io.run_for(10s);
    CHECK(done == 3);
    CHECK(versions == std::vector<std::int64_t>{1, 1});
    CHECK_FALSE(fs::exists(out.path() / "2026-11-20" / "v2"));
    store.reset();
}
