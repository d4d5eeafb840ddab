#include "daemon/store/read_thread.hpp"

#include <pthread.h>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/system/system_error.hpp>
#include <mutex>

#include "daemon/store/interrupt.hpp"
#include "daemon/store/store.hpp"

namespace pingjing::store {

// Who is being read for, and on what: whoever cancels may come at any time.
struct ReadThread::Shared {
    std::mutex mutex{};
    const Job* reading = nullptr;
    Interrupt* interrupt = nullptr;  // as long as somebody is being read for
};

struct ReadThread::Impl {
    explicit Impl(std::string p) : path(std::move(p)) {}
    std::string path;
    std::unique_ptr<Connection> db;  // touched by the thread only
    std::shared_ptr<Shared> shared = std::make_shared<Shared>();
    asio::thread_pool thread{1};

    // False: it was cancelled before, or meanwhile, and what was read is not whole.
    bool read_for(Job& job) {
        if (!db) db = std::make_unique<Connection>(path, Connection::Access::read_only);
        Interrupt interrupt(*db);
        if (!lend(job, &interrupt)) return false;
        try {
            job.work(*db);
        } catch (...) {
            if (lend(job, nullptr)) throw;
            return false;
        }
        return lend(job, nullptr);
    }

    // Null: taken back. False: nobody waits for this job any more.
    bool lend(const Job& job, Interrupt* interrupt) {
        std::lock_guard lock(shared->mutex);
        if (interrupt && job.cancelled) return false;
        shared->reading = interrupt ? &job : nullptr, shared->interrupt = interrupt;
        return !job.cancelled;
    }
};

ReadThread::ReadThread(std::string path) : impl_(std::make_unique<Impl>(std::move(path))) {}
ReadThread::~ReadThread() { impl_->thread.join(); }

asio::awaitable<void> ReadThread::run(std::function<void(Connection&)> work) {
    auto executor = co_await asio::this_coro::executor;
    auto job = std::make_shared<Job>();
    job->work = std::move(work);
    job->executor = asio::prefer(executor, asio::execution::outstanding_work.tracked);
    auto initiate = [this, job](auto handler) {
        // `work` writes into what its caller owns: he is told at once, and stays until it has ended.
        job->slot = asio::get_associated_cancellation_slot(handler);
        if (job->slot.is_connected())
            job->slot.assign([shared = impl_->shared, job = std::weak_ptr<Job>(job)](asio::cancellation_type) {
                auto cancelled = job.lock();
                if (!cancelled) return;
                std::lock_guard lock(shared->mutex);
                cancelled->cancelled = true;
                if (shared->reading == cancelled.get()) shared->interrupt->now();
            });
        job->done.emplace(asio::bind_cancellation_slot(asio::cancellation_slot(), std::move(handler)));
        enqueue(job);
    };
    co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(initiate, asio::use_awaitable);
    if (job->error) std::rethrow_exception(job->error);
}

void ReadThread::enqueue(std::shared_ptr<Job> job) {
    asio::post(impl_->thread, [this, job = std::move(job)]() mutable {
        pthread_setname_np(pthread_self(), "reader");
        auto& db = impl_->db;
        try {
            if (!impl_->read_for(*job)) throw boost::system::system_error(asio::error::operation_aborted);
        } catch (...) {
            job->error = std::current_exception();
            db.reset();  // the next one begins anew
        }
        // From then on the job is the caller's alone, as with the store's: whatever it holds ends on his thread.
        auto executor = std::move(job->executor);
        auto& mine = *job;
        auto resume = [job = std::move(job), done = std::move(*mine.done)]() mutable {
            if (job->slot.is_connected()) job->slot.clear();
            std::move(done)();
        };
        asio::post(executor, std::move(resume));
    });
}

Reader read_on(ReadThread& thread) {
    return [&thread](std::function<void(Connection&)> work) { return thread.run(std::move(work)); };
}

Reader read_on(Store& store) {
    // In the middle of a group there are lines whose head is not stored yet; whoever reads sees a moment that holds together.
    return [&store](std::function<void(Connection&)> work) {
        return store.run([work = std::move(work)](Connection& db) {
            write_head(db);
            work(db);
        });
    };
}

}  // namespace pingjing::store
