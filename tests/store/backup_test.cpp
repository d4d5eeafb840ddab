#include "daemon/store/backup.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <fstream>

#include "daemon/store/cases.hpp"
#include "daemon/store/outbox.hpp"
#include "daemon/store/overrides.hpp"
#include "daemon/store/phones.hpp"
#include "daemon/store/sent_journal.hpp"
#include "daemon/store/store.hpp"
#include "tests/support/run.hpp"
#include "tests/support/temp_folder.hpp"

using namespace pingjing;
using namespace pingjing::store;
using namespace std::chrono_literals;

namespace {

const auto noon = *parse_rfc3339("2026-11-21T12:00:00+08:00");
constexpr Millis window = 72h;

// A site whose calls are planned and claimed by hand.
class Office {
public:
    Office() { reopen(); }
    void reopen() {
        store_.reset();
        auto opened = Store::open(state().string(), Store::Runner::inline_io);
        REQUIRE_MESSAGE(opened, (opened ? "" : opened.error().detail));
        store_ = std::move(*opened);
    }
    void close() { store_.reset(); }
    std::filesystem::path state() const { return folder_ / "state"; }
    std::filesystem::path file(const char* name) const { return folder_ / name; }

    // A call closed at `closed`, and its survey. By default the call of a phone of its own, reported when it was closed.
    void call(std::int64_t id, Instant closed = noon, Instant now = noon, std::int64_t number = 0, std::optional<Instant> reported = std::nullopt) {
        store_->run_now([&](Connection& db) {
            auto phone = keep_phone(db, seal_, *Phone::mobile(fmt::format("138000000{:02}", number == 0 ? id : number)), now);
            Statement add(db, "INSERT INTO cases(id, record, content_key, state, unit, category, source, linked_to, language, phone_id, call_taker, reported_at, "
                              "closed_at, received_at, changed_at, kind, safety, flags) VALUES (?1, 'R' || ?1, x'00', 'closed', '', '', '', '', '', ?2, '', ?4, ?3, ?3, ?3, 'survey', 0, '')");
            add.bind(1, id).bind(2, phone).bind(3, closed).bind(4, reported.value_or(closed)).run();
            REQUIRE(plan_survey(db, random_, id, phone, closed, closed, closed + 72h, now));
        });
    }
    // Claimed, and the journal's line written; what the carrier says stays open.
    void claim(std::int64_t case_id) {
        auto work = [&](Connection& db) {
            for (auto& row : find_due(db, -1, 2, noon + 1h, 100)) {
                if (row.case_id != case_id) continue;
                ClaimFacts facts;
                facts.channel = "main", facts.text_name = "survey", facts.sealed_text = "x", facts.slot = 0, facts.answer_until = noon + window;
                store::claim(db, row, facts, noon);
                store_->will_send(db, row.ref, row.phone_key);
            }
        };
        test::run(io_, store_->run(std::ref(work)));
        REQUIRE(state_of(case_id) == "sending");
    }
    std::string state_of(std::int64_t case_id) { return value(fmt::format("SELECT state FROM messages WHERE case_id = {}", case_id)); }
    std::string value(const std::string& sql) {
        std::string out;
        store_->run_now([&](Connection& db) {
            Statement read(db, sql);
            if (read.step()) out = read.is_null(0) ? "null" : read.text(0);
        });
        return out;
    }
    Result<Released> release(const std::vector<std::string>& records, bool all = false, bool accept = false) {
        Result<Released> done = Released();
        store_->run_now([&](Connection& db) { done = release_restored(db, seal_, records, all, accept, {"control/zhang", "looked at"}, noon + 3h); });
        return done;
    }
    Result<Copy> try_back_up(const char* name, std::optional<Seal> seal = std::nullopt) { return write_backup(state(), seal.value_or(seal_), file(name)); }
    Copy back_up(const char* name) {
        auto copy = write_backup(state(), seal_, file(name));
        REQUIRE_MESSAGE(copy, (copy ? "" : copy.error().detail));
        return *copy;
    }
    Restored restore(const char* name) {
        close();
        auto done = store::restore(state(), seal_, file(name), window, noon + 2h);
        REQUIRE_MESSAGE(done, (done ? "" : done.error().detail));
        reopen();
        return *done;
    }
    // Why a start is refused.
    std::string refused() {
        close();
        auto opened = Store::open(state().string(), Store::Runner::inline_io);
        return opened ? "" : opened.error().detail;
    }

private:
    asio::io_context io_;
    test::TempFolder folder_;
    Seal seal_ = Seal::from_seed(1);
    SeededRandom random_{7};
    std::unique_ptr<Store> store_;
};

}  // namespace

TEST_CASE("a restored store texts nobody again: claimed since is in doubt, what waits is held, what comes again is held") {
    Office office;
    office.call(1);
    office.call(2);
    office.call(3);
    office.claim(1);
    auto copy = office.back_up("copy");
    CHECK(copy.facts == 4);  // three planned, one sending
    office.claim(2);
    office.call(4);
    office.claim(4);

    auto done = office.restore("copy");
    CHECK(done.maybe_sent == 1);
    CHECK(done.held == 1);
    CHECK(done.unknown == 1);
    CHECK(done.doubtful == 0);
    CHECK(done.facts == copy.facts);
    CHECK(done.facts_before > copy.facts);
    CHECK(std::filesystem::exists(done.aside / "pingjing.db"));
    CHECK(office.state_of(1) == "sending");  // as the copy had it: in doubt when the daemon starts
    CHECK(office.state_of(2) == "in_doubt");
    CHECK(office.value("SELECT outcome FROM attempts WHERE message_id = 2") == "ambiguous");
    CHECK(office.value("SELECT open FROM messages WHERE case_id = 2") == "1");  // its citizen may still answer
    CHECK(office.state_of(3) == "held");
    CHECK(office.value("SELECT code FROM messages WHERE case_id = 3") == "restored");

    office.call(4, noon, noon + 2h);  // the 110 system pushes its days again
    CHECK(office.state_of(4) == "held");
    office.call(5, noon + 2h, noon + 3h);
    CHECK(office.state_of(5) == "due");

    CHECK_FALSE(office.release({"R3", "R2"}));
    CHECK(office.state_of(3) == "held");  // all or none
    CHECK(office.release({"R3"})->released == 1);
    CHECK(office.state_of(3) == "due");
    // The journal knows that a text left to the number of the fourth, and the store not what it was: it may have been asked.
    CHECK(office.release({"R4"}).error().detail.find("--accept-possible-double") != std::string::npos);
    auto all = office.release({}, true);
    CHECK(all->released == 0);
    CHECK(all->left == std::vector<std::string>{"R4"});
    CHECK(office.state_of(4) == "held");
    CHECK(office.release({"R4"}, false, true)->released == 1);
    CHECK(office.state_of(4) == "due");
    CHECK(office.value("SELECT count(*) FROM ledger WHERE kind = 'released_in_doubt'") == "1");
    CHECK(office.state_of(2) == "in_doubt");
    CHECK(office.refused() == "");
}

TEST_CASE("a call that was asked before the restore and is closed again after it is held, while a new call of that number is asked") {
    Office office;
    office.back_up("copy");
    office.call(1);
    office.claim(1);
    office.restore("copy");
    office.call(2, noon + 3h, noon + 3h, 1, noon);       // pushed again, opened and closed again meanwhile
    office.call(3, noon + 3h, noon + 3h, 1, noon + 2h);  // he has called again
    office.call(4, noon + 3h, noon + 3h, 4, noon);       // to whom nothing had left
    CHECK(office.state_of(2) == "held");
    CHECK(office.state_of(3) == "due");
    CHECK(office.state_of(4) == "due");
}

TEST_CASE("a store of other keys is not restored, and the one that is there stays") {
    Office office;
    office.call(1);
    office.back_up("copy");
    office.close();
    auto other = store::restore(office.state(), Seal::from_seed(2), office.file("copy"), window, noon);
    REQUIRE_FALSE(other);
    CHECK(other.error().detail.find("written under another key") != std::string::npos);
    office.reopen();
    CHECK(office.state_of(1) == "due");
}

TEST_CASE("an older store put there by hand is refused, and restore takes it") {
    Office office;
    office.call(1);
    office.close();
    std::filesystem::copy_file(office.state() / "pingjing.db", office.file("by hand"));
    office.reopen();
    office.claim(1);
    office.close();
    std::filesystem::remove(office.state() / "pingjing.db-wal");
    std::filesystem::copy_file(office.file("by hand"), office.state() / "pingjing.db", std::filesystem::copy_options::overwrite_existing);
    CHECK(office.refused().find("pingjing restore") != std::string::npos);
    CHECK(office.restore("by hand").maybe_sent == 1);
    CHECK(office.state_of(1) == "in_doubt");
}

TEST_CASE("a restore that was interrupted leaves a state_dir that refuses to start, and is run again") {
    Office office;
    office.call(1);
    office.back_up("copy");
    office.claim(1);
    office.close();
    std::filesystem::create_directories(office.state() / "restoring");
    std::ofstream(office.state() / "restoring" / "pingjing.db") << "half";
    std::filesystem::rename(office.state() / "pingjing.db", office.file("aside"));
    std::filesystem::remove(office.state() / "pingjing.db-wal");
    CHECK(office.refused().find("pingjing restore") != std::string::npos);
    CHECK(office.restore("copy").maybe_sent == 1);
    CHECK(office.state_of(1) == "in_doubt");
    CHECK_FALSE(std::filesystem::exists(office.state() / "restoring"));
}

TEST_CASE("restore refuses what is no whole store of ours, and a running daemon, and changes nothing") {
    Office office;
    office.call(1);
    office.back_up("copy");
    CHECK(office.try_back_up("copy").error().kind == Error::Kind::conflict);
    CHECK(store::restore(office.state(), Seal::from_seed(1), office.file("copy"), window, noon).error().kind == Error::Kind::conflict);  // it runs
    office.close();
    CHECK(store::restore(office.state(), Seal::from_seed(1), office.file("nothing"), window, noon).error().kind == Error::Kind::not_found);

    std::ofstream(office.file("text")) << "no database at all";
    CHECK_FALSE(store::restore(office.state(), Seal::from_seed(1), office.file("text"), window, noon));
    std::filesystem::copy_file(office.file("copy"), office.file("edited"));
    Connection(office.file("edited").string()).exec("DROP TRIGGER ledger_stays; UPDATE ledger SET kind = 'planed' WHERE seq = 1");
    CHECK(store::restore(office.state(), Seal::from_seed(1), office.file("edited"), window, noon).error().detail.find("ledger") != std::string::npos);
    std::filesystem::copy_file(office.file("copy"), office.file("newer"));
    Connection(office.file("newer").string()).exec("PRAGMA user_version = 99");
    CHECK(store::restore(office.state(), Seal::from_seed(1), office.file("newer"), window, noon).error().detail.find("schema") != std::string::npos);

    office.reopen();
    CHECK(office.state_of(1) == "due");
}

TEST_CASE("a backup under a writer is one moment of the books") {
    Office office;
    for (std::int64_t id = 1; id <= 20; ++id) {
        office.call(id);
        auto name = fmt::format("copy {}", id);
        auto copy = office.back_up(name.c_str());
        CHECK(copy.facts == static_cast<std::uint64_t>(id));
        Connection db(office.file(name.c_str()).string(), Connection::Access::read_only);
        Statement cases(db, "SELECT count(*) FROM messages");
        cases.step();
        CHECK(cases.integer(0) == id);
    }
}

TEST_CASE("a store that no daemon would start on is not backed up: set back, of other keys, or gone") {
    Office office;
    office.call(1);
    office.call(2);
    office.claim(1);
    office.close();
    std::filesystem::copy(office.state(), office.file("older"), std::filesystem::copy_options::recursive);
    office.reopen();
    office.claim(2);
    office.back_up("good");
    CHECK((std::filesystem::status(office.file("good")).permissions() & std::filesystem::perms::all) == (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));

    // Under the keys of somebody else nobody would be found again.
    auto other = office.try_back_up("bad", Seal::from_seed(2));
    REQUIRE_FALSE(other);
    CHECK(other.error().detail.find("another key") != std::string::npos);

    // The database of before, beside the journal and the epoch of now.
    office.close();
    for (const char* file : {"pingjing.db", "pingjing.db-wal", "pingjing.db-shm"}) std::filesystem::remove(office.state() / file);
    std::filesystem::copy_file(office.file("older") / "pingjing.db", office.state() / "pingjing.db");
    auto older = office.try_back_up("bad");
    REQUIRE_FALSE(older);
    CHECK(older.error().kind == Error::Kind::conflict);
    CHECK(older.error().detail.find("it is an older") != std::string::npos);
    CHECK(older.error().detail.find("no backup was written") != std::string::npos);

    // Nothing of the epoch: nobody can tell.
    std::filesystem::rename(office.state() / "journal" / "epoch", office.file("epoch"));
    CHECK(office.try_back_up("bad").error().detail.find("epoch is gone") != std::string::npos);
    std::filesystem::rename(office.file("epoch"), office.state() / "journal" / "epoch");

    std::filesystem::remove(office.state() / "pingjing.db");
    CHECK(office.try_back_up("bad").error().detail.find("is gone") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(office.file("bad")));
    CHECK_FALSE(std::filesystem::exists(office.file("bad.unfinished")));
}

TEST_CASE("a look at the sent journal says what opening it says, and touches nothing") {
    Office office;
    for (std::int64_t id = 1; id <= 3; ++id) office.call(id);
    office.claim(1);
    office.claim(2);
    auto folder = office.state() / "journal";
    auto seen = SentJournal::look(folder);
    CHECK(seen.last_sequence() == 2);
    CHECK(seen.last_ref() == office.value("SELECT ref FROM messages WHERE case_id = 2"));
    // In the middle of a line that a daemon is writing.
    std::ofstream(seen.last_file(), std::ios::app) << "3 half";
    auto bytes = std::filesystem::file_size(seen.last_file());
    CHECK(SentJournal::look(folder).last_sequence() == 2);
    CHECK(std::filesystem::file_size(seen.last_file()) == bytes);
    CHECK(SentJournal::look(office.file("nowhere")).last_sequence() == 0);
}
