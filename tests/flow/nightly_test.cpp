#include "daemon/nightly.hpp"

#include <filesystem>

#include "daemon/async/task_group.hpp"
#include "daemon/reports/api.hpp"
#include "tests/flow/world.hpp"

using namespace pingjing;
using namespace pingjing::test;
namespace fs = std::filesystem;

namespace {

// The nights of a site, with the files that they leave.
struct Nights {
    explicit Nights(World& world) : w(world), settings(world.settings()) {
        settings.reports.export_dir = folder.path();
        start();
    }
    ~Nights() { stop(); }
    void start() {
        tasks = std::make_unique<TaskGroup>(w.io.get_executor(), [](const std::string&, std::exception_ptr) { FAIL("the nights ended"); });
        nightly = std::make_unique<Nightly>(store::read_on(*w.store), *w.store, w.seal, w.clock, [this]() -> const config::Settings& { return settings; }, [this](const std::string& day) {
            return reports::export_wish(reports::ReportSite(), {settings.reports.export_dir, "rules"}, w.seal, day);
        }, std::chrono::minutes(1), [this] {
            reports::PublicWish wish;
            wish.folder = settings.reports.public_dir, wish.zone = "Asia/Shanghai", wish.answers_until = std::chrono::hours(24 * 6);
            return wish;
        });
        tasks->spawn("nightly", nightly->run());
    }
    void stop() {
        tasks->stop();
        w.run_for([this]() -> asio::awaitable<void> { co_await tasks->join(); });
    }
    // "2026-11-20 v1, 2026-11-21 v1"
    std::string files() {
        std::string out;
        std::set<std::string> all;
        for (const auto& day : fs::directory_iterator(settings.reports.export_dir))
            for (const auto& version : fs::directory_iterator(day.path()))
                if (fs::exists(version.path() / "manifest.json")) all.insert(day.path().filename().string() + " " + version.path().filename().string());
        for (const auto& one : all) out += (out.empty() ? "" : ", ") + one;
        return out;
    }
    std::string exports() { return w.value("SELECT group_concat(day || ' v' || version, ', ') FROM (SELECT day, version FROM exports ORDER BY day, version)"); }

    World& w;
    TempFolder folder;
    config::Settings settings;
    std::unique_ptr<Nightly> nightly;
    std::unique_ptr<TaskGroup> tasks;
};

}  // namespace

TEST_CASE("the files of yesterday are written by themselves, each night at its hour") {
    World w("2026-11-20T09:00:00+08:00");
    w.call("a", "13812345001");
    Nights nights(w);
    w.pass(std::chrono::hours(15));  // midnight
    w.pass(std::chrono::minutes(29));
    CHECK(nights.files() == "");
    w.pass(std::chrono::minutes(3));
    CHECK(nights.files() == "2026-11-20 v1");
    CHECK(nights.exports() == "2026-11-20 v1");
    w.pass(std::chrono::hours(12));
    CHECK(nights.files() == "2026-11-20 v1");  // once
    w.pass(std::chrono::hours(12));
    CHECK(nights.files() == "2026-11-20 v1, 2026-11-21 v1");

    // As a hand would write them: the same files, so there is nothing to do.
    auto wish = reports::export_wish(reports::ReportSite(), {nights.settings.reports.export_dir, "rules"}, w.seal, "2026-11-21");
    w.run_for([&]() -> asio::awaitable<void> {
        auto exporting = reports::export_day(store::read_on(*w.store), *w.store, wish, w.clock.now());
        auto edition = co_await std::move(exporting);
        REQUIRE(edition);
        CHECK_FALSE(edition->fresh);
    });
    CHECK(w.value("SELECT count(*) > 0 FROM checkpoints WHERE size = (SELECT ledger_size FROM exports WHERE day = '2026-11-21')") == "1");
}

TEST_CASE("nights that were slept through are made up for, each day once and not without end") {
    World w("2026-11-01T09:00:00+08:00");
    w.call("a", "13812345001");
    World later(w.clock.now() + Millis(std::chrono::hours(24)) * 3, Site{}, &w);
    {
        Nights nights(later);
        later.pass(std::chrono::minutes(2));
        CHECK(nights.files() == "2026-11-01 v1, 2026-11-02 v1, 2026-11-03 v1");
        nights.stop();
        nights.start();
        later.pass(std::chrono::minutes(2));
        CHECK(later.value("SELECT count(*) FROM exports") == "3");
    }
    World much_later(w.clock.now() + Millis(std::chrono::hours(24)) * 100, Site{}, &w);
    much_later.exec("UPDATE holds SET released_at = 1");  // of a clock that is that far from the last fact
    Nights nights(much_later);
    much_later.pass(std::chrono::minutes(2));
    CHECK(much_later.value("SELECT count(*) || ' ' || min(day) || ' ' || max(day) FROM exports") == "31 2027-01-09 2027-02-08");
}

TEST_CASE("a young store has no yesterday, and who does not want the files gets none") {
    World w("2026-11-20T09:00:00+08:00");
    w.call("a", "13812345001");
    Nights nights(w);
    w.pass(std::chrono::minutes(5));
    CHECK(nights.files() == "");
    nights.settings.reports.export_nightly = false;
    w.pass(std::chrono::hours(30));
    CHECK(nights.files() == "");
    CHECK(w.value("SELECT count(*) FROM meta WHERE key = 'erased_day'") == "1");
    nights.settings.reports.export_nightly = true;
    w.pass(std::chrono::minutes(2));
    CHECK(nights.files() == "2026-11-20 v1");
}

TEST_CASE("where the files cannot be written the night goes on, and they are tried again") {
    World w("2026-11-20T23:00:00+08:00");
    w.call("a", "13812345001");
    Nights nights(w);
    nights.settings.reports.export_dir = nights.folder / "taken";
    w.write("taken", "");
    fs::copy_file(w.folder / "taken", nights.folder / "taken");
    w.pass(std::chrono::hours(2));
    CHECK(w.value("SELECT count(*) FROM exports") == "0");
    CHECK(w.value("SELECT value FROM meta WHERE key = 'erased_day'") == "2026-11-21");
    CHECK(w.value("SELECT count(*) FROM meta WHERE key LIKE 'verif%'") != "0");
    fs::remove(nights.folder / "taken");
    w.pass(std::chrono::minutes(16));
    CHECK(nights.files() == "2026-11-20 v1");
}

TEST_CASE("the files of a night are written before its texts go") {
    World before("2026-01-05T09:00:00+08:00");
    before.call("a", "13812345001", "02");  // nobody is asked
    World w(before.clock.now() + Millis(std::chrono::hours(24)) * 200, Site{}, &before);
    w.exec("UPDATE holds SET released_at = 1");  // of a clock that is that far from the last fact
    Nights nights(w);
    w.pass(std::chrono::minutes(2));
    CHECK(w.value("SELECT (SELECT max(seq) FROM ledger WHERE kind = 'export') < (SELECT min(seq) FROM ledger WHERE kind = 'erased')") == "1");
}

TEST_CASE("a clock that is not trusted exports nothing, and one that was ahead leaves no day out") {
    World w("2026-11-20T09:00:00+08:00");
    w.call("a", "13812345001");
    w.exec("INSERT INTO holds(id, of, at, reason) VALUES (1, 'clock', 0, 'it jumped')");
    Nights nights(w);
    w.pass(std::chrono::hours(24));
    CHECK(nights.files() == "");
    w.exec("UPDATE holds SET released_at = 1");
    w.exec("INSERT INTO meta(key, value) VALUES ('exported_day', '2027-01-01')");
    w.pass(std::chrono::minutes(2));
    CHECK(nights.files() == "2026-11-20 v1");
    CHECK(w.value("SELECT value FROM meta WHERE key = 'exported_day'") == "2026-11-20");
}

TEST_CASE("a clock that is years ahead lets nothing go, also where nobody holds it: only one that has been right for a day does") {
    World w("2026-01-05T09:00:00+08:00");
    w.call("a", "13812345001", "02");  // nobody is asked
    Nights nights(w);
    w.pass(std::chrono::hours(48));
    auto erased = [&] { return w.value("SELECT count(*) FROM cases WHERE erased_at IS NOT NULL"); };
    REQUIRE(w.value("SELECT value FROM meta WHERE key = 'erased_day'") == "2026-01-07");
    w.clock.jump(std::chrono::hours(24 * 365 * 12));
    w.pass(std::chrono::minutes(2));
    CHECK(erased() == "0");
    w.run_for([&]() -> asio::awaitable<void> { co_await w.gateway().look_at_clock(); });
    w.exec("UPDATE holds SET released_at = 1");  // somebody believed it
    w.pass(std::chrono::hours(20));
    CHECK(erased() == "0");
    w.exec("INSERT INTO holds(id, of, at, reason) VALUES (99, 'clock', 0, 'it jumped')");
    w.pass(std::chrono::hours(48));
    CHECK(erased() == "0");
    w.exec("UPDATE holds SET released_at = 1");
    w.pass(std::chrono::minutes(2));
    CHECK(erased() == "0");
    w.pass(std::chrono::hours(5));  // with the twenty from before
    CHECK(erased() == "1");
}

TEST_CASE("a start with a clock that is years ahead ends neither erasure nor verification nor signatures once it is right") {
    World w("2026-11-20T09:00:00+08:00");
    w.call("a", "13812345001");
    w.exec("INSERT INTO meta(key, value) VALUES ('erased_day', '2038-11-18')");
    w.exec("INSERT INTO meta(key, value) VALUES ('verified_at', '2173658982000') ON CONFLICT (key) DO UPDATE SET value = excluded.value");
    Nights nights(w);
    w.pass(std::chrono::minutes(2));
    CHECK(w.value("SELECT value < '2000000000000' FROM meta WHERE key = 'verified_at'") == "1");
    CHECK(w.value("SELECT value FROM meta WHERE key = 'erased_day'") == "2038-11-18");
    // A machine that is off at night has its day of running after three of its own.
    for (int day = 0; day < 4; ++day) {
        nights.stop();
        nights.start();
        w.pass(std::chrono::hours(8));
    }
    CHECK(w.value("SELECT value FROM meta WHERE key = 'erased_day'") == "2026-11-21");
}

TEST_CASE("what the store refuses to erase keeps nothing else, and its night does not count as one that was finished") {
    World asked("2026-01-05T09:00:00+08:00");
    for (int i = 0; i < 3; ++i) asked.call(fmt::format("c{}", i), fmt::format("1381234500{}", i), "02");  // nobody is asked
    World w(asked.clock.now() + Millis(std::chrono::hours(24 * 181)), Site{}, &asked);
    w.exec("INSERT INTO meta(key, value) VALUES ('erased_day', '2026-07-04')");
    w.exec("UPDATE holds SET released_at = 1");  // of the half year in which nothing was stored
    w.exec("CREATE TRIGGER no_luck BEFORE UPDATE ON case_versions WHEN OLD.case_id = 2 BEGIN SELECT RAISE(ABORT, 'no luck'); END");
    Nights nights(w);
    auto erased = [&] { return w.value("SELECT group_concat(id) FROM (SELECT id FROM cases WHERE erased_at IS NOT NULL ORDER BY id)"); };
    auto day = [&] { return w.value("SELECT value FROM meta WHERE key = 'erased_day'"); };
    w.pass(std::chrono::hours(1));
    CHECK(erased() == "1,3");
    CHECK(day() == "2026-07-04");
    w.exec("DROP TRIGGER no_luck");
    w.pass(std::chrono::minutes(10));
    CHECK(erased() == "1,3");  // not every minute
    w.pass(std::chrono::hours(24));
    CHECK(erased() == "1,2,3");
    CHECK(day() == "2026-07-06");
}

TEST_CASE("a reason or a piece of a long text that the store refuses to erase keeps nothing else, neither of its kind nor of another") {
    World asked("2026-01-05T09:00:00+08:00");
    asked.call("a", "13812345001", "02");  // nobody is asked
    World w(asked.clock.now() + Millis(std::chrono::hours(24 * 181)), Site{}, &asked);
    w.exec("UPDATE holds SET released_at = 1");  // of the half year in which nothing was stored
    for (int id : {1, 2, 3}) {
        w.exec(fmt::format("INSERT INTO inbound(id, channel, key, to_number, extension, received_at, step, class) VALUES ({0}, 'main', 'v:{0}', '', '', 1, 'done', 'quarantined')", id));
        w.exec(fmt::format("INSERT INTO text_reveals(id, inbound_id, at, who, reason) VALUES ({0}, {0}, 1, 'zhang', x'01')", id));
        w.exec(fmt::format("INSERT INTO inbound_parts(id, channel, text_key, number, total, content_key, part, received_at) VALUES ({0}, 'main', x'0{0}', 1, 2, x'00', x'00', 1)", id));
    }
    w.exec("INSERT INTO inbound_parts(id, channel, text_key, number, total, content_key, part, received_at) SELECT 4, channel, x'04', 1, 2, content_key, part, 9000000000000 FROM inbound_parts WHERE id = 1");
    w.exec("CREATE TRIGGER no_luck BEFORE UPDATE ON text_reveals WHEN OLD.id = 2 BEGIN SELECT RAISE(ABORT, 'no luck'); END");
    w.exec("CREATE TRIGGER bad_luck BEFORE DELETE ON inbound_parts WHEN OLD.id = 2 BEGIN SELECT RAISE(ABORT, 'bad luck'); END");
    Nights nights(w);
    w.pass(std::chrono::hours(1));
    CHECK(w.value("SELECT count(*) FROM cases WHERE erased_at IS NOT NULL") == "1");
    CHECK(w.value("SELECT group_concat(id) FROM text_reveals WHERE length(reason) > 0") == "2");
    CHECK(w.value("SELECT group_concat(id) FROM inbound_parts") == "2,4");
    CHECK(w.value("SELECT count(*) FROM meta WHERE key = 'erased_day'") == "0");
    w.exec("DROP TRIGGER no_luck");
    w.exec("DROP TRIGGER bad_luck");
    w.pass(std::chrono::hours(24));
    CHECK(w.value("SELECT count(*) FROM text_reveals WHERE length(reason) > 0") == "0");
    CHECK(w.value("SELECT group_concat(id) FROM inbound_parts") == "4");
    CHECK(w.value("SELECT count(*) FROM meta WHERE key = 'erased_day'") == "1");
}

TEST_CASE("rows under the lowest and the highest number go like all others, and no night has no end for them") {
    World asked("2026-01-05T09:00:00+08:00");
    asked.call("a", "13812345001", "02");  // nobody is asked
    World w(asked.clock.now() + Millis(std::chrono::hours(24 * 181)), Site{}, &asked);
    w.exec("UPDATE holds SET released_at = 1");  // of the half year in which nothing was stored
    for (const char* id : {"-9223372036854775807 - 1", "-5", "9223372036854775807"})
        w.exec(fmt::format("INSERT INTO cases SELECT {0}, 'by hand' || {0}, version, content_key, state, unit, category, source, linked_to, language, phone_id, contact_id, officer, officer_role, call_taker, "
                           "reported_at, closed_at, received_at, changed_at, code, kind, flags, safety, recoded_after, erased_at FROM cases WHERE id = 1", id));
    Nights nights(w);
    w.pass(std::chrono::hours(1));
    CHECK(w.value("SELECT count(*) FROM cases WHERE erased_at IS NULL") == "0");
    CHECK(w.value("SELECT count(*) FROM meta WHERE key = 'erased_day'") == "1");
    CHECK(w.value("SELECT count(*) FROM meta WHERE key LIKE 'verif%'") != "0");
}

TEST_CASE("the share of large tables that a night looks at follows the one that was looked at last, whatever the day") {
    World w("2026-11-20T09:00:00+08:00");
    w.call("a", "13812345001");
    auto next = [&] { return w.value("SELECT value FROM meta WHERE key = 'verify_share'"); };
    config::Settings settings = w.settings();
    store::Reader read = store::read_on(*w.store);
    auto verify = [&] {
        w.run_for([&]() -> asio::awaitable<void> {
            Nightly nightly(read, *w.store, w.seal, w.clock, [&]() -> const config::Settings& { return settings; });
            co_await nightly.verify();
        });
    };
    for (int night : {1, 2, 3, 4, 5, 6, 0, 1}) {
        verify();
        CHECK(next() == std::to_string(night));
        w.clock.jump(std::chrono::hours(24 * 7));  // only on Fridays
    }
    // A night that could not finish has its share again.
    read = [](std::function<void(store::Connection&)>) -> asio::awaitable<void> { throw store::SqlError(266, "disk I/O error"); co_return; };
    verify();
    CHECK(next() == "1");
    w.exec("UPDATE meta SET value = 'seven' WHERE key = 'verify_share'");
    read = store::read_on(*w.store);
    verify();
    CHECK(next() == "1");
}

TEST_CASE("what may be published is written by night, looked at again within a week, and not by a clock that is not trusted") {
    World w("2026-11-20T09:00:00+08:00");
    w.call("a", "13812345001");
    TempFolder apart;
    Nights nights(w);
    nights.settings.reports.public_dir = apart.path() / "public";
    auto published = [&] { return w.value("SELECT value FROM meta WHERE key = 'published'"); };
    w.exec("INSERT INTO holds(id, of, at, reason) VALUES (900, 'clock', 1, 'it jumped')");
    w.pass(std::chrono::hours(2));
    CHECK_FALSE(fs::exists(apart / "public"));
    w.exec("UPDATE holds SET released_at = 2");
    w.pass(std::chrono::hours(1));
    CHECK(published() == "2026-10-31 2026-11-20");
    for (const char* name : {"satisfaction.csv", "satisfaction.json", "satisfaction.html"}) CHECK(fs::exists(apart.path() / "public" / name));
    fs::remove(apart.path() / "public" / "satisfaction.csv");
    w.pass(std::chrono::hours(6 * 24));
    CHECK(published() == "2026-10-31 2026-11-20");
    w.pass(std::chrono::hours(24));
    CHECK(published() == "2026-10-31 2026-11-27");
    CHECK(fs::exists(apart.path() / "public" / "satisfaction.csv"));
    w.pass(std::chrono::hours(11 * 24));  // no call of November can be answered any more
    CHECK(published().starts_with("2026-11-30 2026-12-0"));
}

TEST_CASE("where the summary cannot be written the night goes on, and it is tried again") {
    World w("2026-11-20T09:00:00+08:00");
    w.call("a", "13812345001");
    TempFolder apart;
    Nights nights(w);
    w.write("taken", "");
    fs::copy_file(w.folder / "taken", apart / "taken");
    nights.settings.reports.public_dir = apart / "taken";
    w.pass(std::chrono::hours(24));
    CHECK(w.value("SELECT count(*) FROM meta WHERE key = 'published'") == "0");
    CHECK(nights.files() == "2026-11-20 v1");
    fs::remove(apart / "taken");
    w.pass(std::chrono::minutes(16));
    CHECK(w.value("SELECT count(*) FROM meta WHERE key = 'published'") == "1");
}

TEST_CASE("a night that begins later than it did exports no day again") {
    World w("2026-11-20T09:00:00+08:00");
    w.call("a", "13812345001");
    Nights nights(w);
    w.pass(std::chrono::hours(48));
    REQUIRE(nights.exports() == "2026-11-20 v1, 2026-11-21 v1");
    w.call("b", "13812345002");  // figures of a day that is written change
    nights.settings.reports.nightly_at = std::chrono::hours(23);
    w.pass(std::chrono::hours(1));
    CHECK(nights.exports() == "2026-11-20 v1, 2026-11-21 v1");
}
