#include "daemon/store/backup.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "daemon/store/epoch.hpp"
#include "daemon/store/keys.hpp"
#include "daemon/store/lineage.hpp"
#include "daemon/store/outbox.hpp"
#include "daemon/store/schema.hpp"
#include "daemon/store/sent_journal.hpp"
#include "daemon/store/store.hpp"

namespace pingjing::store {
namespace {

namespace fs = std::filesystem;

constexpr const char* nowhere = "unknown";  // the channel of an attempt of which only the journal tells

void sync_file(const fs::path& file) {
    int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0 || ::fsync(fd) != 0) {
        int why = errno;
        if (fd >= 0) ::close(fd);
        throw std::system_error(why, std::generic_category(), "fsync " + file.string());
    }
    ::close(fd);
}

// What stands in a file that says it is a store of ours; an error says what is wrong with it.
Result<Copy> look_at(const fs::path& file) {
    Connection db(file.string(), Connection::Access::read_only);
    if (auto schema = schema_version(db); schema == 0 || schema > newest_schema())
        return fail(Error::Kind::conflict, fmt::format("{} has schema {}, this program knows 1 to {}", file.string(), schema, newest_schema()));
    Statement check(db, "PRAGMA quick_check(1)");
    if (!check.step() || check.text(0) != "ok") return fail(Error::Kind::internal, fmt::format("{} is damaged: {}", file.string(), check.text(0)));
    auto head = recompute(db);
    if (!head) return fail(head.error().kind, fmt::format("{}: {}", file.string(), head.error().detail));
    return Copy{head->size(), to_hex(head->root()), fs::file_size(file)};
}

// What lies beside a store, as it was before the copy began: a daemon that goes on writing is only ever further than that.
struct Beside {
    std::optional<Epoch> epoch{};
    SentJournal journal;
};
Result<Beside> look_beside(const fs::path& state_dir) {
    auto& disk = machine_disk();
    Beside out{read_epoch(disk, state_dir), SentJournal::look(state_dir / "journal", disk)};
    if (auto whole = check_files(disk, state_dir, out.epoch, out.journal); !whole) return tl::unexpected(whole.error());
    if (!fs::exists(state_dir / "pingjing.db")) return fail(Error::Kind::not_found, fmt::format("there is no {}; `pingjing init` makes it", (state_dir / "pingjing.db").string()));
    return out;
}

// The copy shows what the store was, for as long as anybody likes to look.
Result<void> is_the_newest(const fs::path& copy, const fs::path& state_dir, const Seal& seal, const Beside& beside) {
    Connection db(copy.string(), Connection::Access::read_only);
    read_head(db);
    if (auto agree = check_keys(db, seal); !agree) return agree;
    return check_lineage(db, state_dir, beside.epoch, beside.journal);
}

Result<void> keys_agree(const fs::path& file, const Seal& seal) {
    Connection db(file.string(), Connection::Access::read_only);
    auto agree = check_keys(db, seal);
    return agree ? agree : fail(agree.error().kind, fmt::format("{}: {}", file.string(), agree.error().detail));
}

struct Waiting {
    Attempt attempt{};
    std::string state{};
};

std::optional<Waiting> find_message(Connection& db, const std::string& ref) {
    Statement find(db, "SELECT id, attempt, phone_id, case_id, purpose, state, coalesce(channel, ?2) FROM messages WHERE ref = ?1");
    if (!find.bind(1, ref).bind(2, nowhere).step()) return std::nullopt;
    Attempt a{find.integer(0), static_cast<int>(find.integer(1)) + 1, ref, find.integer(2), find.text(6), find.maybe_integer(3), find.text(4) == "survey"};
    return Waiting{std::move(a), find.text(5)};
}

// The arrows of a claim whose end nobody knows. Its words and its slot are gone with the store that made it.
void put_in_doubt(Connection& db, const Waiting& waiting, Millis answer_window, Instant now) {
    auto a = waiting.attempt;
    a.claimed_at = now;
    if (waiting.state == "held") {
        Statement out(db, "UPDATE messages SET state = 'due' WHERE id = ?1");
        out.bind(1, a.message).run();
    }
    Statement move(db, R"sql(
        UPDATE messages SET state = 'sending', attempt = ?2, channel = ?3, text = coalesce(text, x''), open = CASE WHEN purpose = 'survey' THEN 1 ELSE 0 END,
               claimed_at = ?4, answer_until = CASE WHEN purpose = 'survey' THEN ?5 END, slot = NULL, code = NULL
         WHERE id = ?1 AND state = 'due')sql");
    move.bind(1, a.message).bind(2, a.number).bind(3, a.channel).bind(4, now).bind(5, now + answer_window).run();
    append(db, now, "sending", a.case_id, fmt::format(R"({{"ref":"{}","attempt":{},"channel":"{}"}})", a.ref, a.number, a.channel));
    record_in_doubt(db, a, "ambiguous", "in the sent journal, but claimed after this backup was made", now);
}

int hold_what_waits(Connection& db, Instant now) {
    Statement hold(db, "UPDATE messages SET state = 'held', code = 'restored' WHERE state = 'due'");
    hold.run();
    auto held = db.changes();
    Statement from(db, "INSERT INTO meta(key, value) VALUES ('no_send_before', ?1) ON CONFLICT (key) DO UPDATE SET value = excluded.value");
    from.bind(1, std::to_string(to_millis(now))).run();
    return held;
}

}  // namespace

Result<Restored> prepare_restored(const fs::path& state_dir, const fs::path& folder, Millis answer_window, Instant now, Disk& disk) {
    auto journal = SentJournal::open(state_dir / "journal", true, disk);
    if (!journal) return tl::unexpected(journal.error());
    auto store = Store::open(folder.string(), Store::Runner::inline_io, Store::Durability::full, disk, Store::Place::being_prepared);
    if (!store) return tl::unexpected(store.error());
    Restored out;
    std::optional<Error> damaged;
    (*store)->run_now([&](Connection& db) {
        auto mark = journal_mark(db);
        out.journal_whole = journal->is_whole_after(mark);
        auto lines = journal->after(mark);
        if (!lines) {
            damaged = lines.error();
            return;
        }
        for (const auto& line : *lines) {
            auto waiting = find_message(db, line.ref);
            if (!waiting) {
                Statement keep(db, "INSERT INTO sent_unknown(ref, phone_key) VALUES (?1, ?2) ON CONFLICT (ref) DO NOTHING");
                keep.bind(1, line.ref).bind_blob(2, line.phone_key).run();
                ++out.unknown;
            } else if (waiting->state == "due" || waiting->state == "held") {
                put_in_doubt(db, *waiting, answer_window, now);
                ++out.maybe_sent;
            }
        }
        out.held = hold_what_waits(db, now);
        Statement doubtful(db, R"sql(
            SELECT count(*) FROM messages WHERE state = 'held' AND code = 'restored' AND EXISTS (SELECT 1 FROM sent_unknown u JOIN phones p ON p.key = u.phone_key WHERE p.id = messages.phone_id))sql");
        doubtful.step();
        out.doubtful = static_cast<int>(doubtful.integer(0));
        for (const char* key : {"journal_sequence", "journal_restored_until"}) {
            Statement sequence(db, "INSERT INTO meta(key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value");
            sequence.bind(1, key).bind(2, std::to_string(std::max(mark, journal->last_sequence()))).run();
        }
        append(db, now, "restored", std::nullopt, fmt::format(R"({{"in_doubt":{},"held":{},"unknown":{}}})", out.maybe_sent, out.held, out.unknown));
    });
    if (damaged) return tl::unexpected(*damaged);
    return out;
}

namespace {

// Its WAL first: SQLite would lay it over any database of that name. From here until the new one stands there is none, and a daemon
// that starts beside the journal says so.
fs::path set_aside(const fs::path& state_dir, Instant now) {
    if (!fs::exists(state_dir / "pingjing.db")) return {};
    auto name = "replaced-" + format_utc(now);
    std::erase(name, ':');
    auto aside = state_dir / name;
    fs::create_directories(aside);
    for (const char* file : {"pingjing.db-wal", "pingjing.db-shm", "pingjing.db"})
        if (fs::exists(state_dir / file)) fs::rename(state_dir / file, aside / file);
    return aside;
}

// A store that was copied as files has its newest facts in the write-ahead log beside it.
void copy_database(const fs::path& from, const fs::path& to) {
    if (fs::exists(from.string() + "-wal")) {
        Connection db(from.string(), Connection::Access::read_only);
        Statement copy(db, "VACUUM INTO ?1");
        copy.bind(1, to.string()).run();
    } else {
        fs::copy_file(from, to);
    }
    fs::permissions(to, fs::perms::owner_read | fs::perms::owner_write);
}

Result<Restored> replace_store(const fs::path& state_dir, const Seal& seal, const fs::path& from, Millis answer_window, Instant now) {
    auto& disk = machine_disk();
    fs::create_directories(state_dir);
    auto lock = disk.lock(state_dir / "lock");
    if (!lock) return fail(Error::Kind::conflict, fmt::format("{} is held: stop the daemon first", (state_dir / "lock").string()));
    if (!fs::exists(from)) return fail(Error::Kind::not_found, fmt::format("there is no {}", from.string()));
    auto copy = look_at(from);
    if (!copy) return tl::unexpected(copy.error());
    if (auto agree = keys_agree(from, seal); !agree) return tl::unexpected(agree.error());

    auto folder = state_dir / "restoring";
    fs::remove_all(folder);
    fs::create_directories(folder);
    copy_database(from, folder / "pingjing.db");
    auto prepared = prepare_restored(state_dir, folder, answer_window, now, disk);
    if (!prepared) return prepared;
    prepared->facts = copy->facts;
    prepared->facts_before = read_epoch(disk, state_dir).value_or(Epoch{}).facts;
    sync_file(folder / "pingjing.db");

    prepared->aside = set_aside(state_dir, now);
    fs::rename(folder / "pingjing.db", state_dir / "pingjing.db");
    disk.sync_folder(state_dir);
    lower_epoch(disk, state_dir, copy->facts);
    fs::remove_all(folder);
    return prepared;
}

}  // namespace

Result<Copy> write_backup(const fs::path& state_dir, const Seal& seal, const fs::path& to) {
    auto unfinished = to.string() + ".unfinished";
    auto give_up = [&unfinished](Error error) -> Result<Copy> {
        std::error_code ignored;
        fs::remove(unfinished, ignored);  // half a copy on a disk that may be full
        return tl::unexpected(std::move(error));
    };
    try {
        if (fs::exists(to)) return fail(Error::Kind::conflict, fmt::format("{} is there already: expected a new file", to.string()));
        auto folder = to.has_parent_path() ? to.parent_path() : fs::path(".");
        fs::remove(unfinished);
        auto beside = look_beside(state_dir);
        if (!beside) return tl::unexpected(beside.error());
        {
            // Nobody else may read it while it grows.
            int fd = ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
            if (fd < 0) return fail(Error::Kind::unavailable, fmt::format("cannot write {}: {}", unfinished, std::strerror(errno)));
            ::close(fd);
            Connection db((state_dir / "pingjing.db").string(), Connection::Access::read_only);
            Statement copy(db, "VACUUM INTO ?1");
            copy.bind(1, unfinished).run();
        }
        auto seen = look_at(unfinished);
        if (!seen) return give_up(seen.error());
        if (auto good = is_the_newest(unfinished, state_dir, seal, *beside); !good) return give_up({good.error().kind, fmt::format("no backup was written: {}", good.error().detail)});
        sync_file(unfinished);
        fs::rename(unfinished, to);
        sync_file(folder);
        return seen;
    } catch (const SqlError& error) {
        return give_up({Error::Kind::unavailable, fmt::format("cannot write {}: {}", to.string(), error.reason())});
    } catch (const std::exception& error) {
        return give_up({Error::Kind::unavailable, error.what()});
    }
}

Result<Restored> restore(const fs::path& state_dir, const Seal& seal, const fs::path& from, Millis answer_window, Instant now) {
    try {
        return replace_store(state_dir, seal, from, answer_window, now);
    } catch (const std::exception& error) {
        return fail(Error::Kind::unavailable, error.what());
    }
}

}  // namespace pingjing::store
