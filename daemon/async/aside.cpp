#include "daemon/async/aside.hpp"

#include <pthread.h>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace pingjing {

// Between two threads; whichever comes first, the end of the work or the word to stop, takes the handler and answers.
struct Aside::Job {
    std::function<void()> work;
    std::mutex mutex{};
    std::exception_ptr error{};
    bool finished = false;
    std::optional<asio::any_completion_handler<void()>> done{};
    asio::any_io_executor executor{};
};

struct Aside::Queue {
    explicit Queue(std::string n) : name(std::move(n)) {}
    std::string name;
    std::mutex mutex{};
    std::mutex answering{};  // held as long as the thread touches a caller's executor
    std::condition_variable arrived{};
    std::deque<std::shared_ptr<Job>> waiting{};
    bool begun = false, over = false;

    std::shared_ptr<Job> next() {
        std::unique_lock lock(mutex);
        arrived.wait(lock, [this] { return over || !waiting.empty(); });
        if (over) return nullptr;
        auto job = std::move(waiting.front());
        waiting.pop_front();
        return job;
    }
};

Aside::Aside(std::string thread_name) : queue_(std::make_shared<Queue>(std::move(thread_name))) {}

Aside::~Aside() {
    std::lock_guard nobody_answers(queue_->answering);
    std::lock_guard lock(queue_->mutex);
    queue_->over = true;
    queue_->arrived.notify_all();
}

void Aside::answer(Queue& queue, Job& job) {
    std::lock_guard held(queue.answering);
    std::optional<asio::any_completion_handler<void()>> done;
    asio::any_io_executor executor;
    {
        std::lock_guard lock(job.mutex);
        if (!job.done) return;
        done = std::exchange(job.done, std::nullopt);
        executor = std::move(job.executor);
    }
    asio::post(executor, [done = std::move(*done)]() mutable { std::move(done)(); });
}

asio::awaitable<void> Aside::run(std::function<void()> work) {
    auto executor = co_await asio::this_coro::executor;
    auto job = std::make_shared<Job>();
    job->work = std::move(work);
    job->executor = asio::prefer(executor, asio::execution::outstanding_work.tracked);
    auto initiate = [queue = queue_, job](auto handler) {
        auto slot = asio::get_associated_cancellation_slot(handler);
        if (slot.is_connected()) slot.assign([queue, job](asio::cancellation_type) { answer(*queue, *job); });
        job->done.emplace(asio::bind_cancellation_slot(asio::cancellation_slot(), std::move(handler)));
        std::lock_guard lock(queue->mutex);
        queue->waiting.push_back(job);
        queue->arrived.notify_all();
        if (std::exchange(queue->begun, true)) return;
        // Nobody could wait for it: see above. It owns what it needs, and ends when it can.
        std::thread([queue] {
            pthread_setname_np(pthread_self(), queue->name.substr(0, 15).c_str());
            while (auto next = queue->next()) {
                std::exception_ptr error;
                try {
                    next->work();
                } catch (...) {
                    error = std::current_exception();
                }
                {
                    std::lock_guard held(next->mutex);
                    next->error = std::move(error), next->finished = true;
                }
                answer(*queue, *next);
            }
        }).detach();
    };
    co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(initiate, asio::use_awaitable);
    std::exception_ptr error;
    bool finished = false;
    {
        std::lock_guard lock(job->mutex);
        finished = job->finished, error = std::move(job->error);  // it ends here, not on the thread
    }
    if (!finished) throw boost::system::system_error(asio::error::operation_aborted);
    if (error) std::rethrow_exception(error);
}

}  // namespace pingjing
