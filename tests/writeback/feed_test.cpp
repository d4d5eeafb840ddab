#include "daemon/writeback/feed.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <system_error>

#include "daemon/async/timer.hpp"
#include "daemon/writeback/folder.hpp"
#include "tests/support/run.hpp"
#include "tests/support/temp_folder.hpp"
#include "tests/writeback/ledger_site.hpp"

using namespace pingjing;
using namespace pingjing::test;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> lines_in(const fs::path& folder) {
    std::set<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder))
        if (entry.path().extension() == ".jsonl") files.insert(entry.path());
    std::vector<std::string> out;
    for (const auto& file : files) {
        std::ifstream in(file);
        for (std::string line; std::getline(in, line);) out.push_back(line);
    }
    return out;
}

struct Post {
    TempFolder folder{};
    LedgerSite site{};
    asio::io_context io{};
    VirtualClock clock{noon};
    config::Writeback settings{};
    static asio::awaitable<void> here(std::function<void()> work) {
        work();
        co_return;
    }
    writeback::Feed feed{{*site.store, here, site.seal, clock, nullptr, [this] { return settings; }, 5}};

    Post() {
        settings.to = config::Writeback::To::folder, settings.by_case = true, settings.folder = folder.path();
        look();
    }
    Steady look() { return test::run(io, feed.look()); }
};

}  // namespace

TEST_CASE("changes stand in the folder as whole files, each line once") {
    Post post;
    auto a = post.site.call();
    post.site.rate(a, Grade::dissatisfied);
    CHECK(post.look() == std::chrono::minutes(1));
    CHECK(lines_in(post.folder.path()).size() == 1);
    CHECK(fs::exists(post.folder.path() / "pingjing-000000000001-000000000001.jsonl"));
    post.look();
    CHECK(lines_in(post.folder.path()).size() == 1);
    post.site.rate(a, Grade::satisfied, "replaces");
    post.look();
    CHECK(lines_in(post.folder.path()).size() == 2);
    for (const auto& entry : fs::directory_iterator(post.folder.path())) CHECK_FALSE(entry.path().filename().string().starts_with("."));
}

TEST_CASE("a file that was written and not recorded is written again, the same to the byte") {
    Post post;
    post.site.rate(post.site.call(), Grade::dissatisfied);
    auto lines = post.site.take(1000);
    writeback::write_file(post.folder.path(), lines);  // and then it was killed
    post.site.rate(post.site.call(), Grade::satisfied);
    auto before = lines_in(post.folder.path());
    post.look();
    CHECK(lines_in(post.folder.path()) == before);
    post.look();
    CHECK(lines_in(post.folder.path()).size() == 2);
}

TEST_CASE("what is no file of ours in the place of the hidden one is not waited for") {
    Post post;
    auto hidden = post.folder.path() / ".pingjing-000000000001-000000000001.jsonl.unfinished";
    REQUIRE(::mkfifo(hidden.c_str(), 0600) == 0);
    post.site.rate(post.site.call(), Grade::dissatisfied);
    post.look();
    CHECK(lines_in(post.folder.path()).size() == 1);
    CHECK_FALSE(fs::exists(hidden));
}

TEST_CASE("the months in which it was off are looked through with pauses for others") {
    Post post;
    post.settings.to = config::Writeback::To::nobody;
    post.site.in([](store::Connection& db) {
        for (int i = 0; i < 2600; ++i) store::append(db, noon, "batch", std::nullopt, "{}");
    });
    post.settings.to = config::Writeback::To::folder;
    use_virtual_time(post.io, post.clock);
    auto began = post.clock.steady();
    bool done = false;
    asio::co_spawn(post.io, post.feed.look(), [&](std::exception_ptr, Steady) { done = true; });
    post.io.restart();
    REQUIRE(run_virtual(post.io, [&] { return done; }));
    CHECK(post.clock.steady() - began >= std::chrono::milliseconds(100));  // six stretches of the ledger
}

TEST_CASE("a folder that is not there loses nothing") {
    Post post;
    post.settings.folder = post.folder.path() / "missing";
    post.site.rate(post.site.call(), Grade::dissatisfied);
    CHECK(post.look() == std::chrono::seconds(1));
    CHECK(post.look() == std::chrono::seconds(2));
    CHECK(post.site.number("SELECT count(*) FROM writeback WHERE left_at IS NULL") == 1);
    fs::create_directory(post.settings.folder);
    CHECK(post.look() == std::chrono::minutes(1));
    CHECK(lines_in(post.settings.folder).size() == 1);
}

TEST_CASE("what was handed over and cannot be recorded is handed over again, later and later") {
    Post post;
    post.site.rate(post.site.call(), Grade::dissatisfied);
    auto exec = [&](const char* sql) { post.site.store->run_now([&](store::Connection& db) { db.exec(sql); }); };
    exec("CREATE TRIGGER poison BEFORE UPDATE OF left_at ON writeback BEGIN SELECT RAISE(ABORT, 'poison'); END");
    CHECK(post.look() == std::chrono::seconds(1));
    CHECK(post.look() == std::chrono::seconds(2));
    exec("DROP TRIGGER poison");
    CHECK(post.look() == std::chrono::minutes(1));
    CHECK(lines_in(post.folder.path()).size() == 1);
    CHECK(post.site.number("SELECT count(*) FROM writeback WHERE left_at IS NULL") == 0);
}

TEST_CASE("turned off nothing is made, and turned on again it goes on where it stood") {
    Post post;
    post.settings.to = config::Writeback::To::nobody;
    post.site.rate(post.site.call(), Grade::dissatisfied);
    CHECK(post.look() == std::chrono::seconds(5));
    CHECK(post.site.number("SELECT count(*) FROM writeback") == 0);
    post.settings.to = config::Writeback::To::folder;
    post.look();
    CHECK(lines_in(post.folder.path()).size() == 1);
}
