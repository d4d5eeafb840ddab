#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>
#include <fstream>
#include <sstream>

#include "daemon/intake/csv.hpp"
#include "daemon/intake/intake.hpp"
#include "daemon/store/phones.hpp"
#include "tests/support/fail_after.hpp"
#include "tests/support/run.hpp"
#include "tests/support/source.hpp"
#include "tests/support/temp_folder.hpp"

using namespace pingjing;
using namespace pingjing::intake;
using store::Connection;
using store::Statement;
using store::Store;

namespace {

std::string read_file(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    REQUIRE(in);
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
}
std::string day1(const char* name) { return read_file(test::source_root / "tests/data/day1" / name); }

const auto night = *parse_rfc3339("2026-11-21T00:30:00+08:00");

// A site with the lists of day1 on a real SQLite file.
struct Site {
    asio::io_context io{};  // outlives the store's thread
    test::TempFolder folder{};
    store::Seal seal = store::Seal::from_seed(1);
    SeededRandom random{1};
    std::unique_ptr<Store> store = std::move(*Store::open(folder.path().string(), Store::Runner::own_thread));
    Intake intake{*store, seal, random};
    eligibility::SiteRules rules{};
    RecordRules records{};

    Site() {
        rules.categories = *eligibility::CategoryMap::read_csv(day1("categories.csv"));
        rules.since = *parse_rfc3339("2026-11-01T00:00:00+08:00");
        rules.sha256 = "test";
        records.flags = *read_flags(day1("flags.csv"));
        records.now = night;
        std::istringstream staff(day1("staff_phones.txt")), opted_out(day1("opted_out.txt"));
        for (std::string line; std::getline(staff, line);)
            if (auto phone = Phone::mobile(line)) rules.staff_keys.insert(seal.phone_key(*phone));
        store->run_now([&](Connection& db) {
            for (std::string line; std::getline(opted_out, line);)
                if (auto phone = Phone::mobile(line)) store::record_opt_out(db, store::keep_phone(db, seal, *phone, night), true, "list", "test", night);
        });
    }

    std::vector<RowAnswer> take(std::string_view bytes, std::string content_type) {
        Document document{.bytes = bytes, .content_type = std::move(content_type), .charset = "auto"};
        auto taken = test::run<Result<std::vector<RowAnswer>>>(io, intake.take(document, records, rules, "test"));
        REQUIRE(taken);
        return *taken;
    }
    std::string call(std::string id, std::string phone, std::string category, std::string more = "") {
        return R"({"id":")" + id + R"(","state":"closed","calling_line":")" + phone + R"(","category":")" + category +
               R"(","unit":"320302120000","reported_at":"2026-11-20T20:00:00+08:00","closed_at":"2026-11-20T22:00:00+08:00")" + more + "}";
    }
    std::string answer(const std::string& json) {
        auto taken = take(json, "application/json").at(0);
        return taken.outcome + (taken.reason.empty() ? "" : " " + taken.reason);
    }
    std::int64_t number(const std::string& sql) {
        std::int64_t value = 0;
        store->run_now([&](Connection& db) {
            Statement read(db, sql);
            read.step();
            value = read.integer(0);
        });
        return value;
    }
};

}  // namespace

TEST_CASE("a day of a 110 system, through the store: every line of the export is answered as expected, and again as unchanged") {
    Site site;
    auto bytes = day1("calls.csv");
    auto got = site.take(bytes, "text/csv");
    auto expected = day1("expected.csv");
    std::istringstream lines(expected);
    std::string line;
    std::getline(lines, line);
    std::size_t i = 0;
    while (std::getline(lines, line)) {
        auto cells = split_row(line);
        REQUIRE(i < got.size());
        CAPTURE(line);
        CHECK(got[i].line == std::stoll(cells[0]));
        CHECK(got[i].id == cells[1]);
        CHECK(got[i].outcome == cells[2]);
        CHECK(got[i].reason == cells[3]);
        ++i;
    }
    CHECK(i == got.size());
    CHECK(site.number("SELECT count(*) FROM messages WHERE purpose = 'survey'") == 860);
    CHECK(site.number("SELECT count(*) FROM cases") == site.number("SELECT sum(accepted + excluded) FROM intake_batches"));

    // Whoever did not hear our answer sends everything again: nothing is asked twice, and the books say so.
    auto surveys = site.number("SELECT count(*) FROM messages");
    for (const auto& answer : site.take(bytes, "text/csv")) {
        CAPTURE(answer.line);
        CHECK((answer.outcome == "unchanged" || answer.outcome == "rejected" || answer.outcome == "updated"));
    }
    CHECK(site.number("SELECT count(*) FROM messages") == surveys);
    CHECK(site.number("SELECT sum(received) FROM intake_batches") == 2 * static_cast<std::int64_t>(got.size()));
    site.store->run_now([](Connection& db) { CHECK(store::recompute(db)); });
}

TEST_CASE("no number of the day can be read in any file of the state folder") {
    Site site;
    auto bytes = day1("calls.csv");
    site.take(bytes, "text/csv");
    std::string everything;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(site.folder.path()))
        if (entry.is_regular_file()) everything += read_file(entry.path());
    REQUIRE(everything.size() > 100'000);
    CHECK(everything.find("32030020261120031028000000") != std::string::npos);  // what may be read is found by the same search

    // Every 1[3-9] and nine digits that stands alone in the export; record numbers are longer runs of digits.
    auto digit = [](char c) { return c >= '0' && c <= '9'; };
    std::size_t numbers = 0;
    for (std::size_t at = 0; at < bytes.size();) {
        auto end = at;
        while (end < bytes.size() && digit(bytes[end])) ++end;
        if (end - at == 11 && bytes[at] == '1' && bytes[at + 1] >= '3') {
            ++numbers;
            auto number = std::string_view(bytes).substr(at, 11);
            CHECK_MESSAGE(everything.find(number) == std::string::npos, "a number stands in clear");
        }
        at = end + 1;
    }
    CHECK(numbers > 1'000);
}

TEST_CASE("safety follows the phone, in both directions and over the contact number") {
    Site site;
    CHECK(site.answer(site.call("a", "13900000001", "010100")) == "accepted");
    CHECK(site.answer(site.call("b", "13900000001", "060500")) == "excluded dv");  // later, the quarrel at home
    CHECK(site.number("SELECT count(*) FROM messages WHERE state = 'cancelled' AND code = 'phone_hold'") == 1);
    CHECK(site.number("SELECT count(*) FROM decisions WHERE stage = 'waiting' AND code = 'phone_hold' AND rule <> '' AND rules_sha256 = (SELECT max(rules_sha256) FROM decisions)") == 1);
    CHECK(site.answer(site.call("c", "13900000001", "010100")) == "excluded phone_hold");
    // Called in by a neighbour; the victim's own number is the contact.
    CHECK(site.answer(site.call("d", "13900000002", "010100")) == "accepted");
    CHECK(site.answer(site.call("e", "13900000003", "060500", R"(,"contact_phone":"13900000002")")) == "excluded dv");
    CHECK(site.number("SELECT count(*) FROM messages WHERE state = 'due'") == 0);
    CHECK(site.answer(site.call("f", "13900000002", "010100")) == "excluded phone_hold");
    // A call that is not even closed holds as well.
    CHECK(site.answer(site.call("g", "13900000004", "010100")) == "accepted");
    CHECK(site.answer(R"({"id":"h","state":"open","calling_line":"13900000004","category":"060500","unit":"320302120000","reported_at":"2026-11-20T20:00:00+08:00"})") == "excluded not_closed");
    CHECK(site.number("SELECT count(*) FROM messages WHERE state = 'due'") == 0);
    // And a record that once had a safety code keeps holding its number when it is coded as harmless.
    CHECK(site.answer(site.call("b", "13900000001", "010100")) == "updated");
    CHECK(site.answer(site.call("i", "13900000001", "010100")) == "excluded phone_hold");
}

TEST_CASE("calls without a mobile number are nobody's: what is said of one holds no other") {
    Site site;
    CHECK(site.answer(site.call("a", "02583300001", "060500")) == "excluded no_mobile");  // a quarrel at home, over a landline
    CHECK(site.answer(site.call("b", "02583300002", "010100")) == "excluded no_mobile");
    CHECK(site.number("SELECT count(*) FROM cases WHERE phone_id IS NULL AND contact_id IS NULL") == 2);
    CHECK(site.number("SELECT count(*) FROM phones WHERE id = 0") == 0);
    CHECK(site.answer(site.call("c", "13900000001", "010100")) == "accepted");
    // Its contact is held all the same.
    CHECK(site.answer(site.call("d", "02583300003", "060500", R"(,"contact_phone":"13900000001")")) == "excluded no_mobile");
    CHECK(site.number("SELECT count(*) FROM messages WHERE state = 'cancelled' AND code = 'phone_hold'") == 1);
    CHECK(site.answer(site.call("e", "13900000001", "010100")) == "excluded phone_hold");
    CHECK(site.answer(site.call("f", "13900000002", "010100")) == "accepted");
    // Corrected to a landline it is called off, and to a mobile number taken up again.
    CHECK(site.answer(site.call("f", "02583300002", "010100")) == "updated no_mobile");
    CHECK(site.number("SELECT count(*) FROM messages WHERE state = 'due'") == 0);
    CHECK(site.answer(site.call("f", "13900000003", "010100")) == "updated");
    CHECK(site.number("SELECT count(*) FROM messages m JOIN cases c ON c.id = m.case_id AND c.phone_id = m.phone_id WHERE m.state = 'due'") == 1);
}

TEST_CASE("re-coding before the survey was sent calls it off, and a later version takes it up again in the same row") {
    Site site;
    CHECK(site.answer(site.call("a", "13900000001", "010100")) == "accepted");
    CHECK(site.answer(site.call("a", "13900000001", "040200")) == "updated medical");
    CHECK(site.number("SELECT count(*) FROM messages WHERE state = 'cancelled' AND code = 'medical'") == 1);
    CHECK(site.answer(site.call("a", "13900000001", "010200")) == "updated");
    CHECK(site.number("SELECT count(*) FROM messages") == 1);
    CHECK(site.number("SELECT count(*) FROM messages WHERE state = 'due'") == 1);
    CHECK(site.number("SELECT count(*) FROM case_versions") == 3);
}

TEST_CASE("a case that was sent is never planned again, whatever its versions say") {
    Site site;
    CHECK(site.answer(site.call("a", "13900000001", "010100")) == "accepted");
    site.store->run_now([](Connection& db) { db.exec("UPDATE messages SET state = 'sending', attempt = 1, text = x'00'"); });
    CHECK(site.answer(site.call("a", "13900000001", "060500")) == "updated dv");
    CHECK(site.answer(site.call("a", "13900000001", "010100")) == "updated");
    CHECK(site.number("SELECT count(*) FROM messages") == 1);
    CHECK(site.number("SELECT count(*) FROM messages WHERE state = 'sending'") == 1);
}

TEST_CASE("versions: lower is old news, equal must be equal, higher is new") {
    Site site;
    auto version = [&](int n, const char* category) { return site.call("a", "13900000001", category, ",\"version\":" + std::to_string(n)); };
    CHECK(site.answer(version(2, "010100")) == "accepted");
    CHECK(site.answer(version(2, "010100")) == "unchanged");
    CHECK(site.answer(version(1, "060500")) == "unchanged");
    CHECK(site.answer(version(2, "010200")) == "rejected version");
    CHECK(site.answer(version(3, "010200")) == "updated");
    // What it says anew under a higher number is no news, and makes the ones between old.
    CHECK(site.answer(version(6, "010200")) == "unchanged");
    CHECK(site.answer(version(5, "060500")) == "unchanged");
    CHECK(site.answer(version(6, "060500")) == "rejected version");
    CHECK(site.number("SELECT version FROM cases") == 6);
    // The first number of a record that had none.
    auto without = [&](const char* category) { return site.call("n", "13900000002", category); };
    CHECK(site.answer(without("060500")) == "excluded dv");
    CHECK(site.answer(site.call("n", "13900000002", "060500", ",\"version\":4")) == "unchanged");
    CHECK(site.answer(site.call("n", "13900000002", "010100", ",\"version\":3")) == "unchanged");
    CHECK(site.answer(site.call("n", "13900000002", "010100", ",\"version\":4")) == "rejected version");
}

TEST_CASE("taking a call is all or nothing, wherever it fails") {
    Site site;
    std::vector<ParsedRow> rows;
    auto json = site.call("a", "13900000001", "010100");
    Document document{.bytes = json, .content_type = "application/json"};
    REQUIRE(read_document(document, site.records, [&](ParsedRow row) { rows.push_back(std::move(row)); }));
    auto seal = store::Seal::from_seed(1);
    for (int steps = 1;; ++steps) {
        CAPTURE(steps);
        auto memory = std::move(*Store::open("", Store::Runner::inline_io));
        SeededRandom random(1);
        bool finished = true;
        try {
            memory->run_now([&](Connection& db) {
                test::FailAfter fault(db, steps);
                auto outcome = take_row(db, seal, random, site.rules, rows[0], night).outcome;  // not inside CHECK, which would catch
                CHECK(outcome == "accepted");
            });
        } catch (const store::SqlError&) {
            finished = false;
        }
        memory->run_now([&](Connection& db) {
            for (const char* table : {"cases", "case_versions", "decisions", "messages", "phones"}) {
                Statement count(db, std::string("SELECT count(*) FROM ") + table);
                count.step();
                CHECK(count.integer(0) == (finished ? 1 : 0));
            }
            CHECK(store::recompute(db));
        });
        if (finished) break;
        REQUIRE(steps < 20'000);
    }
}
