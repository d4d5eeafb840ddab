#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>

#include "daemon/admin/tokens.hpp"
#include "daemon/admin/verify.hpp"
#include "daemon/store/cases.hpp"
#include "daemon/store/epoch.hpp"
#include "daemon/store/phones.hpp"
#include "daemon/store/schema.hpp"
#include "daemon/store/store.hpp"
#include "tests/support/old_store.hpp"
#include "tests/support/temp_folder.hpp"
#include "tests/support/watched_disk.hpp"

using namespace pingjing;
using namespace pingjing::store;

namespace {

namespace fs = std::filesystem;
const auto noon = *parse_rfc3339("2026-11-21T12:00:00+08:00");

// A state_dir of an earlier schema, with a few facts in it, and the rows that it had.
struct OldSite {
    explicit OldSite(int version) {
        auto seal = Seal::from_seed(1);
        SeededRandom random(1);
        {
            auto store = std::move(*Store::open((folder / "new").string(), Store::Runner::inline_io));
            store->run_now([&](Connection& db) {
                for (int i = 0; i < 50; ++i) record_opt_out(db, keep_phone(db, seal, *Phone::mobile(fmt::format("138000000{:02}", i)), noon), true, "list", "test", noon);
                record_rejection(db, record_batch(db, "test", {.rejected = 1}, noon), 1, "id", "one");
                REQUIRE(admin::create_token(db, random, {"admin"}, {}, noon));
            });
        }
        fs::create_directory(folder / "old");
        fs::copy(folder / "new" / "journal", folder / "old" / "journal", fs::copy_options::recursive);
        EpochFile(machine_disk(), folder / "old", false).write({}, false);  // how large the file was is of the new one
        test::write_old_store((folder / "new" / "pingjing.db").string(), (folder / "old" / "pingjing.db").string(), version);
        Connection db((folder / "old" / "pingjing.db").string(), Connection::Access::read_only);
        rows = test::dump(db);
    }
    void copy_to(const fs::path& to) const { fs::copy(folder / "old", to, fs::copy_options::recursive); }

    test::TempFolder folder;
    std::string rows;
};

// Every line of the one is in the other; the new version may have more tables.
bool holds_all(const std::string& has, const std::string& wanted) {
    std::istringstream lines(wanted);
    for (std::string line; std::getline(lines, line);)
        if (has.find(line + "\n") == has.npos) return false;
    return true;
}

// For each thing that the store has, what makes another of the same name.
std::vector<std::string> namesakes(Connection& db) {
    Statement all(db, "SELECT CASE type WHEN 'trigger' THEN 'CREATE TRIGGER ' || name || ' BEFORE DELETE ON meta BEGIN SELECT 1; END' ELSE 'CREATE TABLE ' || name || '(x)' END "
                      "FROM sqlite_master WHERE name NOT LIKE 'sqlite%' ORDER BY type DESC, name");
    std::vector<std::string> out;
    while (all.step()) out.push_back(all.text(0));
    return out;
}

std::int64_t left = 0;
void count_down() {
    if (--left == 0) ::_exit(9);
}
// Every statement on a file; those in memory are the example that the tables are compared with.
int count_statements(sqlite3* db, const char**, const sqlite3_api_routines*) {
    auto each = [](unsigned, void* connection, void*, void*) {
        const char* file = sqlite3_db_filename(static_cast<sqlite3*>(connection), "main");
        if (file && *file) count_down();
        return 0;
    };
    sqlite3_trace_v2(db, SQLITE_TRACE_STMT, each, db);
    return SQLITE_OK;
}

enum class Killed { at_write, at_statement };

// A process of its own opens the store and dies at the n-th of them. False: it got through.
bool dies(const fs::path& state, Killed how, int n) {
    auto child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        test::WatchedDisk disk(state);
        left = n;
        if (how == Killed::at_write) disk.on_step = count_down;
        else sqlite3_auto_extension(reinterpret_cast<void (*)()>(&count_statements));
        auto store = Store::open(state.string(), Store::Runner::inline_io);
        ::_exit(store ? 0 : 3);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    REQUIRE(WIFEXITED(status));
    REQUIRE((WEXITSTATUS(status) == 9 || WEXITSTATUS(status) == 0));
    return WEXITSTATUS(status) == 9;
}

// Some schema on the way, whole; then a start, and all is done.
void look(const fs::path& state, const OldSite& site) {
    {
        Connection db((state / "pingjing.db").string(), Connection::Access::read_only);
        CHECK(check_schema(db));
        CHECK(schema_version(db) >= 1);
        if (schema_version(db) == newest_schema()) CHECK(schema_differences(db).empty());
        CHECK(holds_all(test::dump(db), site.rows));
    }
    auto store = Store::open(state.string(), Store::Runner::inline_io);
    REQUIRE_MESSAGE(store, (store ? "" : store.error().detail));
    (*store)->run_now([&](Connection& db) {
        CHECK(schema_version(db) == newest_schema());
        CHECK(holds_all(test::dump(db), site.rows));
        auto wrong = admin::verify(db).failures;
        CHECK_MESSAGE(wrong.empty(), (wrong.empty() ? "" : wrong.front().check + ": " + wrong.front().detail));
        append(db, noon, "test", std::nullopt, "{}");
    });
}

}  // namespace

TEST_CASE("an upgrade that is killed at any statement or any write leaves one schema or the next, with everything in it") {
    OldSite site(1);  // from there through every step
    for (auto how : {Killed::at_write, Killed::at_statement}) {
        int killed = 0;
        std::set<int> versions;
        for (bool died = true; died;) {
            CAPTURE(killed);
            test::TempFolder folder;
            site.copy_to(folder / "state");
            died = dies(folder / "state", how, killed + 1);
            killed += died;
            {
                Connection db((folder / "state" / "pingjing.db").string(), Connection::Access::read_only);
                versions.insert(schema_version(db));
            }
            look(folder / "state", site);
        }
        CHECK(killed > 15);
        CHECK(versions.size() == static_cast<std::size_t>(newest_schema()));  // some had done nothing, some all, and some were between two steps
    }
}

TEST_CASE("an upgrade that fails says from which schema to which, and leaves the file as it was") {
    OldSite site(newest_schema() - 1);
    Connection db((site.folder / "old" / "pingjing.db").string());
    Connection example(":memory:"), before(":memory:");
    REQUIRE(migrate(example));
    REQUIRE(migrate(before, newest_schema() - 1));
    auto made = namesakes(example), had = namesakes(before);
    std::erase_if(made, [&](const std::string& name) { return std::find(had.begin(), had.end(), name) != had.end(); });
    REQUIRE_FALSE(made.empty());
    db.exec(made.back().c_str());  // in the way of what the step makes
    site.rows = test::dump(db);
    try {
        (void)migrate(db);
        FAIL("it did not fail");
    } catch (const SqlError& error) {
        auto said = fmt::format("the store has schema {} and cannot be brought to {}: ", newest_schema() - 1, newest_schema());
        CHECK(std::string(error.what()).starts_with(said));
        CHECK(std::string(error.what()).find("as it was") != std::string::npos);
        CHECK(std::string(error.what()).find("CREATE") == std::string::npos);
    }
    CHECK(schema_version(db) == newest_schema() - 1);
    CHECK(holds_all(test::dump(db), site.rows));
    CHECK_FALSE(db.in_transaction());
}
