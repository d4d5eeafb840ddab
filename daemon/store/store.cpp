#include "daemon/store/store.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <system_error>
#include <thread>

#include "daemon/log/log.hpp"
#include "daemon/store/epoch.hpp"
#include "daemon/store/flusher.hpp"
#include "daemon/store/lineage.hpp"
#include "daemon/store/schema.hpp"

namespace pingjing::store {
namespace {

constexpr std::size_t largest_group = 512;
// A group ends with the job that fills it: whoever waits for its first jobs goes on while the store works on the rest. Rows that
// changed, in all tables; some ten milliseconds of work.
constexpr int full_group = 1500;

// SQLite recovers from what it can read of the WAL. After a failed fsync the kernel shows what it has given up writing, and if we
// died before the next commit wrote it once more, everything after it would hang in the air. Written anew, it is on the disk.
void make_wal_durable(Disk& disk, const std::filesystem::path& dir) {
    constexpr std::size_t at_a_time = 1 << 20;
    auto wal = dir / "pingjing.db-wal";
    std::unique_ptr<Disk::File> file;
    for (std::int64_t at = 0;;) {
        auto bytes = disk.read(wal, at, at_a_time).value_or("");
        if (bytes.empty()) break;
        if (!file) file = disk.open(wal);
        file->write(bytes, at);
        at += static_cast<std::int64_t>(bytes.size());
    }
    if (file) file->sync();
}

// Without room it is left for the next start.
void write_missing_lines(Connection& db, SentJournal& journal) {
    constexpr std::size_t at_once = 500;
    auto lines = missing_lines(db, journal.last_sequence());
    try {
        for (std::size_t first = 0; first < lines.size(); first += at_once)
            journal.append({lines.begin() + static_cast<std::ptrdiff_t>(first), lines.begin() + static_cast<std::ptrdiff_t>(std::min(first + at_once, lines.size()))});
        if (!lines.empty()) log::warn("journal.written_anew", {{"file", journal.last_file().string()}, {"lines", lines.size()}});
    } catch (const std::system_error& error) {
        log::error("journal.failed", {{"why", error.what()}});
    }
}

}  // namespace

struct Store::Impl {
    Impl(Disk& d, const std::string& file) : disk(d), path(file), db(file, Connection::Access::read_write, d.vfs()) {}

    Disk& disk;
    std::string path;
    std::filesystem::path dir;  // empty: in memory
    bool durable = true;
    std::shared_ptr<void> lock;  // keeps a second daemon out of a state_dir
    Connection db;
    std::optional<SentJournal> journal;   // none in memory; the flusher's
    std::optional<EpochFile> epoch_file;  // likewise
    std::optional<Flusher> flusher;
    std::uint64_t database_bytes = 0;  // after the last checkpoint that was complete
    std::int64_t sequence = 0;      // of the last line that the store knows of
    std::vector<SentLine> to_send;  // of the group that is being committed

    Runner runner = Runner::own_thread;
    std::mutex mutex;
    std::condition_variable arrived;
    std::deque<std::shared_ptr<Job>> waiting;
    bool stopping = false, drain_posted = false;
    std::optional<Timer> disk_is_free;  // inline_io on a disk that takes time
    std::thread thread;

    void mark(const Epoch& reached, bool checkpointed) {
        try {
            if (epoch_file) epoch_file->write(reached, checkpointed);
        } catch (const std::system_error& error) {
            throw SqlError(SqlError::unsynced, fmt::format("the disk did not keep what was written: {}", error.what()));
        }
    }

    // A COMMIT that reports failure may have happened all the same: then what comes next begins where the file ends.
    bool head_in_question = false;
    void commit(TreeHead head) {
        head_in_question = true;
        Statement(db, "COMMIT").run();
        commit_head(db, std::move(head));
        head_in_question = false;
    }
    void begin() {
        if (db.in_transaction()) db.exec("ROLLBACK");  // the one before this failed too: there was no memory for it
        if (head_in_question) {
            read_head(db);
            sequence = journal_mark(db);
            head_in_question = false;
        }
        Statement(db, "BEGIN IMMEDIATE").run();
    }

    // Throws where an fsync failed. Without room the pages stay in the WAL, where they are as safe.
    void checkpoint() {
        try {
            if (db.checkpoint() && !dir.empty()) database_bytes = disk.size(path).value_or(0);
        } catch (const SqlError& error) {
            if (error.is_unsynced()) throw;
            log::warn("store.checkpoint_failed", {{"why", error.what()}});
        }
    }
    Epoch epoch() const {
        const auto& leaf = db.ledger().last_leaf();
        return {db.ledger().head().size(), leaf ? std::string(leaf->begin(), leaf->end()) : std::string(), database_bytes};
    }
};

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Store>> Store::open(const std::string& folder, Runner runner, Durability durability, Disk& disk, Place place) {
    std::filesystem::path dir(folder);
    bool durable = durability == Durability::full && !folder.empty(), looks = place == Place::its_own && !folder.empty();
    std::shared_ptr<void> lock;
    std::optional<SentJournal> journal;
    std::optional<Epoch> epoch;
    std::unique_ptr<Impl> impl;
    try {
        if (!folder.empty()) {
            disk.make_folder(dir);
            lock = disk.lock(dir / "lock");
            if (!lock) return fail(Error::Kind::conflict, fmt::format("{} is held: another pingjing runs on this state_dir", (dir / "lock").string()));
            auto opened = SentJournal::open(dir / "journal", durable, disk);
            if (!opened) return tl::unexpected(opened.error());
            journal.emplace(std::move(*opened));
            epoch = read_epoch(disk, dir);
        }
        if (looks)
            if (auto whole = check_files(disk, dir, epoch, *journal); !whole) return tl::unexpected(whole.error());
        if (durable) make_wal_durable(disk, dir);
        impl = std::make_unique<Impl>(disk, folder.empty() ? ":memory:" : (dir / "pingjing.db").string());
        impl->dir = dir;
        impl->lock = std::move(lock);
        impl->db.leave_wal_when_closed();
        if (auto known = check_schema(impl->db); !known) return tl::unexpected(known.error());
        if (schema_version(impl->db) > 0) read_head(impl->db);
        if (looks)
            if (auto same = check_lineage(impl->db, dir, epoch, *journal); !same) return tl::unexpected(same.error());
        impl->db.leave_wal_when_closed(false);
        if (schema_version(impl->db) < newest_schema())
            if (auto migrated = migrate(impl->db); !migrated) return tl::unexpected(migrated.error());
        impl->sequence = journal_mark(impl->db);
        if (looks) write_missing_lines(impl->db, *journal);
        if (!folder.empty()) impl->epoch_file.emplace(disk, dir, durable);
        // What a process before us wrote is answered for like our own, and it may not have lived to sync it, or have seen the disk
        // fail: then it stands in memory only, where no fsync looks again. Copied into the database it is written once more.
        impl->checkpoint();
        impl->db.sync_wal();
        impl->db.exec(durability == Durability::full ? "PRAGMA synchronous=NORMAL" : "PRAGMA synchronous=OFF");
        impl->mark(impl->epoch(), true);
    } catch (const SqlError& error) {
        return fail(Error::Kind::unavailable, error.what());
    } catch (const std::system_error& error) {
        return fail(Error::Kind::unavailable, fmt::format("{}; pingjing needs to write in its state_dir {}", error.what(), folder));
    }
    impl->durable = durable;
    impl->journal = std::move(journal);
    Flusher::Disk below;
    below.sync_wal = [self = impl.get()] { if (self->durable) self->db.sync_wal(); };
    if (impl->journal) below.append_sent = [self = impl.get()](const std::vector<SentLine>& lines) { self->journal->append(lines); };
    below.mark_epoch = [self = impl.get()](const Epoch& reached, bool checkpointed) { self->mark(reached, checkpointed); };
    impl->runner = runner;
    impl->flusher.emplace(std::move(below));
    auto store = std::unique_ptr<Store>(new Store(std::move(impl)));
    if (runner == Runner::own_thread) {
        auto loop = [self = store.get()] {
            auto& i = *self->impl_;
            for (;;) {
                Group group;
                {
                    std::unique_lock guard(i.mutex);
                    i.arrived.wait(guard, [&] { return i.stopping || !i.waiting.empty(); });
                    if (i.waiting.empty()) return;
                    while (!i.waiting.empty() && group.size() < largest_group) {
                        group.push_back(std::move(i.waiting.front()));
                        i.waiting.pop_front();
                    }
                }
                auto rest = self->settle(std::move(group));
                std::lock_guard guard(i.mutex);
                i.waiting.insert(i.waiting.begin(), std::make_move_iterator(rest.begin()), std::make_move_iterator(rest.end()));
            }
        };
        store->impl_->flusher->start_thread();
        store->impl_->thread = std::thread(loop);
        pthread_setname_np(store->impl_->thread.native_handle(), "store");
    }
    return store;
}

Store::~Store() {
    {
        std::lock_guard guard(impl_->mutex);
        impl_->stopping = true;
    }
    impl_->arrived.notify_one();
    if (impl_->thread.joinable()) impl_->thread.join();
    impl_->flusher->finish();
    if (impl_->flusher->failed()) impl_->db.leave_wal_when_closed();
    else try {
        impl_->mark(impl_->epoch(), true);
    } catch (const SqlError&) {
        // The next start finds what is there.
    }
}

std::string Store::path() const { return impl_->path; }

void Store::enqueue(std::shared_ptr<Job> job) {
    auto& i = *impl_;
    if (i.runner == Runner::own_thread) {
        {
            std::lock_guard guard(i.mutex);
            i.waiting.push_back(std::move(job));
        }
        i.arrived.notify_one();
        return;
    }
    auto executor = job->executor;
    i.waiting.push_back(std::move(job));
    if (std::exchange(i.drain_posted, true)) return;
    auto drain = [this] {
        impl_->drain_posted = false;
        Group group(std::make_move_iterator(impl_->waiting.begin()), std::make_move_iterator(impl_->waiting.end()));
        impl_->waiting.clear();
        while (!group.empty()) group = settle(std::move(group));
    };
    // Behind everything that is ready to run now, so that its jobs come along.
    auto busy = i.disk.busy_for();
    if (busy <= Steady::zero()) return asio::post(executor, drain);
    i.disk_is_free.emplace(executor);
    i.disk_is_free->expires_after(busy);
    i.disk_is_free->async_wait([drain](boost::system::error_code gone) {
        if (!gone) drain();
    });
}

// Every job bare: hardly ever is there anything to undo, and inside a savepoint SQLite walks the pages it would need for that at
// the end of every single statement. What a job throws means that nothing of this transaction stands.
Group Store::work_together(Group& group) {
    auto& i = *impl_;
    auto changes = i.db.total_changes();
    for (std::size_t n = 0; n < group.size(); ++n) {
        auto sends = i.to_send.size();
        group[n]->work(i.db);
        group[n]->sends = i.to_send.size() > sends;
        if (i.db.total_changes() - changes < full_group) continue;
        auto rest = group.begin() + static_cast<std::ptrdiff_t>(n) + 1;
        Group left(std::make_move_iterator(rest), std::make_move_iterator(group.end()));
        group.erase(rest, group.end());
        return left;
    }
    return {};
}

// Each in a savepoint of its own, so that one that throws takes back only its own rows.
void Store::work_apart(Group& group) {
    auto& i = *impl_;
    auto& db = i.db;
    for (auto& job : group) {
        auto mark = db.ledger().mark();
        auto sends = i.to_send.size();
        auto sequence = i.sequence;
        write_lines(db);
        Statement(db, "SAVEPOINT job").run();
        try {
            job->work(db);
            job->sends = i.to_send.size() > sends;
        } catch (...) {
            job->error = std::current_exception();
            if (!db.in_transaction()) throw;  // disk full, I/O: SQLite has taken back the whole group
            db.take_back_to("job");
            db.ledger().forget_since(mark);
            i.to_send.erase(i.to_send.begin() + static_cast<std::ptrdiff_t>(sends), i.to_send.end());
            i.sequence = sequence;
        }
        Statement(db, "RELEASE job").run();
    }
}

// One transaction of all jobs, or of the first of them: the others are `rest` then. False: it does not stand, and each of its jobs
// knows why.
bool Store::commit(Group& group, Group& rest) {
    auto& i = *impl_;
    auto& db = i.db;
    auto sequence_before = i.sequence;
    i.to_send.clear();
    auto take_back = [&] {
        db.ledger().forget();
        i.sequence = sequence_before;
        i.to_send.clear();
        if (db.in_transaction()) db.exec("ROLLBACK");
    };
    try {
        if (auto failure = i.flusher->failure()) std::rethrow_exception(failure);
        i.begin();
        sequence_before = i.sequence;
        bool together = true;
        try {
            rest = work_together(group);
        } catch (...) {
            if (group.size() == 1) throw;
            together = false;
        }
        if (!together) {
            take_back();
            i.begin();
            work_apart(group);
        }
        if (i.sequence != sequence_before) {
            Statement mark(db, "INSERT INTO meta(key, value) VALUES ('journal_sequence', ?1) ON CONFLICT (key) DO UPDATE SET value = excluded.value");
            mark.bind(1, std::to_string(i.sequence)).run();
        }
        auto head = write_head(db);
        i.commit(std::move(head));
        return true;
    } catch (...) {
        for (auto& job : group)
            if (!job->error) job->error = std::current_exception();
        note_unsynced(std::current_exception());
        try {
            take_back();
        } catch (const SqlError& error) {
            log::error("store.rollback_failed", {{"why", error.what()}});
        }
        return false;
    }
}

Group Store::settle(Group group) {
    auto& i = *impl_;
    Group rest;
    auto commits = i.db.commits();
    // What does not stand waits for its answer like all others: its refusal may rest on what an earlier group wrote.
    bool stands = commit(group, rest);
    Committed done;
    done.jobs = std::move(group);
    done.lines = std::exchange(i.to_send, {});
    done.wrote = i.db.commits() != commits;
    if (stands && i.db.pages_since_checkpoint() >= i.disk.pages_between_checkpoints) {
        try {
            i.checkpoint();
        } catch (const SqlError&) {
            note_unsynced(std::current_exception());
        }
        done.checkpointed = true;
    }
    done.epoch = i.epoch();
    i.flusher->take(std::move(done));
    return rest;
}

// SQLite syncs as well: where the WAL begins anew, and at a checkpoint.
void Store::note_unsynced(std::exception_ptr failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const SqlError& error) {
        if (error.is_unsynced()) impl_->flusher->fail(failure);
    } catch (...) {
    }
}

bool Store::failed() const { return impl_->flusher->failed(); }

void Store::will_send(Connection&, const std::string& ref, const std::string& phone_key) {
    impl_->to_send.emplace_back(++impl_->sequence, ref, phone_key);
}

void Store::run_now(const std::function<void(Connection&)>& work) {
    auto& db = impl_->db;
    if (auto failure = impl_->flusher->failure()) std::rethrow_exception(failure);
    auto commits = db.commits();
    impl_->begin();
    try {
        work(db);
        impl_->commit(write_head(db));
        if (db.commits() == commits) return;  // nothing was written
        if (impl_->durable) db.sync_wal();
        impl_->mark(impl_->epoch(), false);
    } catch (...) {
        note_unsynced(std::current_exception());
        db.ledger().forget();
        if (db.in_transaction()) db.exec("ROLLBACK");
        throw;
    }
}

}  // namespace pingjing::store
