// Owner of coroutines: nothing it started outlives it.
#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <cassert>
#include <exception>
#include <functional>
#include <list>
#include <string>
#include <utility>

#include "daemon/async/signal.hpp"

namespace pingjing {

// stop() asks every task to end, join() returns once the last frame is gone. Lives on one executor; not thread-safe.
class TaskGroup {
public:
    // What a task threw, unless we were stopping it. An uncaught exception never passes in silence.
    using OnFailure = std::function<void(const std::string& task, std::exception_ptr)>;

    TaskGroup(asio::any_io_executor executor, OnFailure on_failure)
        : executor_(executor), idle_(executor), on_failure_(std::move(on_failure)) {}
    ~TaskGroup() { assert(running_.empty() && "join() the group before destroying it"); }
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;

    void spawn(std::string name, asio::awaitable<void> task) {
        auto self = running_.emplace(running_.end());
        auto on_done = [this, self, name = std::move(name)](std::exception_ptr error) {
            running_.erase(self);
            if (error && !stopping_) on_failure_(name, error);
            if (running_.empty()) idle_.notify();
        };
        asio::co_spawn(executor_, std::move(task), asio::bind_cancellation_slot(self->slot(), std::move(on_done)));
        if (stopping_) self->emit(asio::cancellation_type::terminal);
    }

    void stop() {
        stopping_ = true;
        // A task may finish, and leave the list, from inside emit().
        for (auto it = running_.begin(); it != running_.end();) (it++)->emit(asio::cancellation_type::terminal);
    }

    asio::awaitable<void> join() {
        while (!running_.empty()) co_await idle_.wait(std::chrono::hours(1));
    }

    std::size_t size() const { return running_.size(); }

private:
    asio::any_io_executor executor_;
    Signal idle_;
    OnFailure on_failure_;
    std::list<asio::cancellation_signal> running_;
    bool stopping_ = false;
};

}  // namespace pingjing
