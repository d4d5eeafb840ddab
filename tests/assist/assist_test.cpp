#include "daemon/assist/assist.hpp"

#include <doctest/doctest.h>
#include <signal.h>

#include <boost/asio/io_context.hpp>
#include <fstream>
#include <thread>

#include "daemon/store/inbox.hpp"
#include "daemon/store/phones.hpp"
#include "tests/support/run.hpp"
#include "tests/support/temp_folder.hpp"

using namespace pingjing;
using store::Connection;
using store::Statement;

namespace {

const auto midday = *parse_rfc3339("2026-11-21T12:00:00+08:00");

// A store with one ambiguous text of case 1, and a program that is asked about it.
struct Site {
    asio::io_context io{};
    VirtualClock clock{midday};
    store::Seal seal = store::Seal::from_seed(1);
    std::unique_ptr<store::Store> store = std::move(*store::Store::open("", store::Store::Runner::inline_io));
    test::TempFolder folder{};

    Site() {
        store->run_now([&](Connection& db) {
            Statement add(db, "INSERT INTO cases(id, record, content_key, state, unit, category, source, linked_to, language, call_taker, reported_at, "
                              "received_at, changed_at, kind, safety, flags, officer, phone_id) "
                              "VALUES (1, 'R1', x'00', 'closed', '320302120000', '', '', '', '', '', 0, 0, 0, 'survey', 0, '', '012345', ?1)");
            add.bind(1, store::keep_phone(db, seal, *Phone::mobile("13900000001"), midday)).run();
        });
        keep(1, "好坏参半", "ambiguous", "words");
    }
    void keep(std::int64_t id, const std::string& text, const std::string& what, const std::string& method) {
        store->run_now([&](Connection& db) {
            Statement in(db, "INSERT INTO inbound(id, channel, key, phone_id, to_number, extension, text, received_at, step, class, case_id, label, method) "
                             "VALUES (?1, 'c', ?2, 1, '', '', ?3, ?4, 'done', ?5, 1, 'ambiguous', ?6)");
            in.bind(1, id).bind(2, "k" + std::to_string(id)).bind_blob(3, seal.seal(text, store::inbound_text_context(id))).bind(4, clock.now()).bind(5, what).bind(6, method).run();
        });
    }
    std::string value(const std::string& sql) {
        std::string out;
        store->run_now([&](Connection& db) {
            Statement read(db, sql);
            if (read.step()) out = read.is_null(0) ? "null" : read.text(0);
        });
        return out;
    }
    std::string program(const std::string& body) {
        auto path = folder / "opinion";
        std::ofstream(path) << "#!/bin/sh\n" << body << "\n";
        std::filesystem::permissions(path, std::filesystem::perms::owner_all);
        return path.string();
    }
    int step(const std::string& body, Millis timeout = std::chrono::milliseconds(600)) {
        assist::Assist assist(*store, seal, clock, assist::Rules{{program(body)}, timeout, Scale::three_110});
        return test::run(io, assist.step());
    }
    std::string books() {  // whatever could be moved
        return value("SELECT group_concat(id || class || label || coalesce(rating, '-')) FROM inbound") + value("SELECT count(*) FROM ratings") +
               value("SELECT count(*) FROM messages") + value("SELECT count(*) FROM followups");
    }
};

}  // namespace

TEST_CASE("a suggestion stands in the review queue, and is no rating") {
    Site site;
    auto before = site.books();
    CHECK(site.step("cat > " + (site.folder / "asked").string() + "\necho '{\"suggestion\": \"dissatisfied\"}'") == 1);
    std::string asked;
    std::getline(std::ifstream(site.folder / "asked") >> std::ws, asked);
    CHECK(asked == R"({"text":"好坏参半","scale":"110-3"})");
    CHECK(site.value("SELECT said FROM suggestions WHERE inbound_id = 1") == "dissatisfied");
    CHECK(site.value("SELECT kind || case_id FROM reviews WHERE inbound_id = 1 AND closed_at IS NULL") == "ambiguous1");
    CHECK(site.books() == before);
    SUBCASE("asked once, whoever asks again") {
        CHECK(site.step("echo '{\"suggestion\": \"satisfied\"}'") == 0);
        CHECK(site.value("SELECT said FROM suggestions") == "dissatisfied");
        CHECK(site.value("SELECT count(*) FROM reviews") == "1");
    }
    SUBCASE("what was said once stays") {
        CHECK_THROWS(site.store->run_now([](Connection& db) { Statement(db, "UPDATE suggestions SET said = 'satisfied'").run(); }));
        CHECK_THROWS(site.store->run_now([](Connection& db) { Statement(db, "DELETE FROM suggestions").run(); }));
    }
}

TEST_CASE("what is asked about: words that stay open, young, not erased, no code and no rating") {
    Site site;
    site.keep(2, "1或3", "ambiguous", "code");
    site.keep(3, "满意", "rated", "words");
    site.keep(4, "难说", "ambiguous", "words");
    site.store->run_now([](Connection& db) { Statement(db, "UPDATE inbound SET text = x'' WHERE id = 4").run(); });
    site.keep(5, "说不清", "ambiguous", "none");
    CHECK(site.step("echo '{\"suggestion\": \"none\"}'") == 2);
    CHECK(site.value("SELECT group_concat(inbound_id) FROM suggestions") == "1,5");

    Site old;
    old.clock.jump(std::chrono::hours(2));
    CHECK(old.step("echo '{\"suggestion\": \"none\"}'") == 0);
}

TEST_CASE("a program that fails changes nothing") {
    for (std::string body : {
             "echo '{\"suggestion\": \"superb\"}'",                                  // lies
             "echo '{\"suggestion\": 1}'",                                           // a rating is not its to give
             "echo '{\"suggestion\": \"satisfied\", }'", "echo satisfied", "true",    // no answer
             "echo '{\"suggestion\": \"satisfied\"}'; exit 3",                       // says itself that it failed
             "echo '{\"suggestion\": \"satisfied\"}'; kill -9 $$",                   // crashes
             "echo '{\"suggestion\": \"satisfied\"}'; exec sleep 600",               // hangs
             "exec yes",                                                             // floods
             "echo '{\"suggestion\": \"satisfied\"'; head -c 5000 /dev/zero; echo '}'",
             "exec yes >&2",
         }) {
        CAPTURE(body);
        Site site;
        auto before = site.books();
        CHECK(site.step(body) == 0);  // run() gives it ten seconds
        CHECK(site.value("SELECT count(*) FROM suggestions") == "0");
        CHECK(site.value("SELECT count(*) FROM reviews") == "0");
        CHECK(site.books() == before);
    }
    Site site;
    assist::Assist missing(*site.store, site.seal, site.clock, assist::Rules{{"/nonexistent/opinion"}, std::chrono::seconds(1), Scale::three_110});
    CHECK(test::run(site.io, missing.step()) == 0);
}

TEST_CASE("with the program ends what it has started, whether it ended in time or not") {
    for (std::string last : {"echo '{\"suggestion\": \"none\"}'", "sleep 600"}) {
        CAPTURE(last);
        Site site;
        auto pid_file = (site.folder / "pid").string();
        site.step("sleep 600 & echo $! > " + pid_file + "\n" + last);
        pid_t left = 0;
        std::ifstream(pid_file) >> left;
        REQUIRE(left > 1);
        bool gone = false;
        for (int i = 0; i < 100 && !gone; ++i) {
            // An orphan that nobody has collected yet is as good as gone.
            std::string state, word;
            std::ifstream status("/proc/" + std::to_string(left) + "/stat");
            status >> word >> word >> state;
            gone = ::kill(left, 0) != 0 || state == "Z";
            if (!gone) std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
        CHECK(gone);
    }
}

TEST_CASE("a suggestion that comes when the caller has said what he means asks nobody any more") {
    Site site;
    site.store->run_now([](Connection& db) {
        Statement(db, "INSERT INTO inbound(id, channel, key, phone_id, to_number, extension, text, received_at, step, class, case_id, label, method) "
                      "VALUES (2, 'c', 'k2', 1, '', '', x'', (SELECT received_at FROM inbound), 'done', 'rated', 1, 'satisfied', 'code')").run();
        Statement(db, "INSERT INTO ratings(id, case_id, inbound_id, at, grade, value, method, effect, officer, unit) VALUES (1, 1, 2, 0, 'satisfied', 1, 'code', 'first', '012345', '')").run();
    });
    CHECK(site.step("echo '{\"suggestion\": \"dissatisfied\"}'") == 1);
    CHECK(site.value("SELECT count(*) FROM reviews") == "0");
}
