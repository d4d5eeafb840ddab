// The one door to the database. Work comes in as functions of a connection and is committed in groups: whatever waits when
// the thread is free goes into one transaction. The flusher brings it to the disk while the next group is worked on, and then
// everybody is answered. Nobody waits for company.
#pragma once
#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "daemon/async/timer.hpp"
#include "daemon/store/disk.hpp"
#include "daemon/store/job.hpp"
#include "daemon/store/sent_journal.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::store {

class Store {
public:
    enum class Runner {
        own_thread,  // in service
        inline_io    // on the io_context itself: tests and virtual time, where one thread keeps everything in order
    };
    enum class Durability {
        full,  // what was acknowledged survives power loss
        none   // demonstrations: a thousand simulated days need no disk that really wrote
    };
    enum class Place {
        its_own,        // what lies beside the database must agree with it
        being_prepared  // a copy that is to become a state_dir's store: nothing of its own lies beside it yet
    };
    // Takes the lock, opens, migrates. Errors: a second daemon, a newer schema, a store that is not the one that was there last
    // (lineage.hpp). `folder` is the state_dir; empty: in memory, without journal or lock. `disk` outlives the store.
    static Result<std::unique_ptr<Store>> open(const std::string& folder, Runner runner, Durability durability = Durability::full, Disk& disk = machine_disk(),
                                               Place place = Place::its_own);
    // After the last run() has been answered, and before the io_context of its callers: our thread may still be on its way
    // out of the answer when the caller has already gone on.
    ~Store();

    // Runs work(connection) inside the current group's transaction and resumes the caller when the group is on disk. What work
    // throws is rethrown here and undoes only its own rows: then the group is taken back and all of its works run again, each
    // apart, so a work may run twice and says anew whatever it says outside the database. When the COMMIT fails everybody in the
    // group gets its SqlError: it may have happened or not, so callers repeat only what is idempotent.
    template <class Work>
    auto run(Work work) -> asio::awaitable<std::invoke_result_t<Work&, Connection&>> {
        using R = std::invoke_result_t<Work&, Connection&>;
        auto executor = co_await asio::this_coro::executor;
        auto job = std::make_shared<TypedJob<Work>>(std::move(work));
        job->executor = asio::prefer(executor, asio::execution::outstanding_work.tracked);
        // No cancellation here: a commit under way cannot be called back, and its caller must learn how it ended.
        auto initiate = [this, job](auto handler) {
            job->done.emplace(asio::bind_cancellation_slot(asio::cancellation_slot(), std::move(handler)));
            enqueue(job);
        };
        co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(initiate, asio::use_awaitable);
        if (job->error) std::rethrow_exception(job->error);
        if constexpr (!std::is_void_v<R>) co_return std::move(*job->result);
    }

    // The disk failed to keep what was committed: every run() fails from now on, and only a new start may be believed.
    bool failed() const;

    // Called by claims inside run(): the line is written and fsynced after the COMMIT and before the caller resumes. The
    // sequence number is stored in the same transaction, so a store that is behind its journal gives itself away.
    void will_send(Connection& db, const std::string& ref, const std::string& phone_key);

    // Before any loop runs, and in commands without a daemon: the same connection, without a coroutine.
    void run_now(const std::function<void(Connection&)>& work);

    std::string path() const;  // for read-only connections; ":memory:" in memory

private:
    template <class Work>
    struct TypedJob final : Job {
        using R = std::invoke_result_t<Work&, Connection&>;
        explicit TypedJob(Work w) : run(std::move(w)) {}
        void work(Connection& db) override {
            if constexpr (std::is_void_v<R>) run(db);
            else result.emplace(run(db));
        }
        Work run;
        std::conditional_t<std::is_void_v<R>, bool, std::optional<R>> result{};
    };

    struct Impl;
    explicit Store(std::unique_ptr<Impl> impl);
    void enqueue(std::shared_ptr<Job> job);
    Group work_together(Group& group);  // returns what is left for the next group
    void work_apart(Group& group);
    bool commit(Group& group, Group& rest);
    Group settle(Group group);  // the same
    void note_unsynced(std::exception_ptr failure);
    std::unique_ptr<Impl> impl_;
};

}  // namespace pingjing::store
