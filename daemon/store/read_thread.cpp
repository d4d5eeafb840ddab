#include "daemon/store/read_thread.hpp"

#include <pthread.h>

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include "daemon/store/store.hpp"

namespace pingjing::store {

struct ReadThread::Impl {
    explicit Impl(std::string p) : path(std::move(p)) {}
    std::string path;
    std::unique_ptr<Connection> db;  // touched by the thread only
    asio::thread_pool thread{1};
};

ReadThread::ReadThread(std::string path) : impl_(std::make_unique<Impl>(std::move(path))) {}
ReadThread::~ReadThread() { impl_->thread.join(); }

asio::awaitable<void> ReadThread::run(std::function<void(Connection&)> work) {
    auto executor = co_await asio::this_coro::executor;
    auto job = std::make_shared<Job>();
    job->work = std::move(work);
    job->executor = asio::prefer(executor, asio::execution::outstanding_work.tracked);
    // No cancellation: `work` writes into what its caller owns, so the caller stays until it has ended.
    auto initiate = [this, job](auto handler) {
        job->done.emplace(asio::bind_cancellation_slot(asio::cancellation_slot(), std::move(handler)));
        enqueue(job);
    };
    co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(initiate, asio::use_awaitable);
    if (job->error) std::rethrow_exception(job->error);
}

void ReadThread::enqueue(std::shared_ptr<Job> job) {
    asio::post(impl_->thread, [this, job] {
        pthread_setname_np(pthread_self(), "reader");
        auto& db = impl_->db;
        try {
            if (!db) db = std::make_unique<Connection>(impl_->path, Connection::Access::read_only);
            job->work(*db);
        } catch (...) {
            job->error = std::current_exception();
            db.reset();  // the next one begins anew
        }
        auto executor = std::move(job->executor);
        asio::post(executor, [done = std::move(*job->done)]() mutable { std::move(done)(); });
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
