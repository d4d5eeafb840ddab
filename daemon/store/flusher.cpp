#include "daemon/store/flusher.hpp"

#include <boost/asio/post.hpp>
#include <pthread.h>

#include <algorithm>

#include "daemon/log/log.hpp"

namespace pingjing::store {
namespace {

std::string why(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& e) {
        return e.what();
    }
}

void blame(Group& jobs, const std::exception_ptr& error) {
    for (auto& job : jobs)
        if (!job->error) job->error = error;
}

}  // namespace

void Job::answer() {
    auto to = std::move(executor);
    asio::post(to, [done = std::move(*done)]() mutable { std::move(done)(); });
}

void Flusher::start_thread() {
    thread_ = std::thread([this] { run(); });
    pthread_setname_np(thread_.native_handle(), "flusher");
}

void Flusher::take(Committed group) {
    if (!thread_.joinable()) {
        std::vector<Committed> one;
        one.push_back(std::move(group));
        return flush(one);
    }
    std::unique_lock guard(mutex_);
    if (!group.wrote && waiting_.empty() && !busy_) {
        guard.unlock();
        for (auto& job : group.jobs) job->answer();
        return;
    }
    room_.wait(guard, [&] { return waiting_.size() < groups_ahead; });
    waiting_.push_back(std::move(group));
    guard.unlock();
    arrived_.notify_one();
}

void Flusher::finish() {
    {
        std::lock_guard guard(mutex_);
        stopping_ = true;
    }
    arrived_.notify_one();
    if (thread_.joinable()) thread_.join();
}

bool Flusher::failed() const {
    std::lock_guard guard(mutex_);
    return failure_ != nullptr;
}

std::exception_ptr Flusher::failure() const {
    std::lock_guard guard(mutex_);
    return failure_;
}

void Flusher::run() {
    std::unique_lock guard(mutex_);
    for (;;) {
        arrived_.wait(guard, [&] { return stopping_ || !waiting_.empty(); });
        if (waiting_.empty()) return;
        std::vector<Committed> groups = std::exchange(waiting_, {});
        busy_ = true;
        guard.unlock();
        room_.notify_one();
        flush(groups);
        guard.lock();
        busy_ = false;
    }
}

void Flusher::sync(const std::vector<Committed>& groups) {
    if (auto before = failure()) std::rethrow_exception(before);
    if (std::ranges::any_of(groups, &Committed::wrote)) disk_.sync_wal();
}

void Flusher::flush(std::vector<Committed>& groups) {
    try {
        sync(groups);
    } catch (...) {
        if (!failed()) {
            log::error("store.disk_failed", {{"why", why(std::current_exception())}});
            std::lock_guard guard(mutex_);
            failure_ = std::current_exception();
        }
        for (auto& group : groups) blame(group.jobs, std::current_exception());
    }
    for (auto& group : groups) {
        if (!group.lines.empty() && disk_.journal && !failed()) {
            try {
                disk_.journal->append(group.lines);
            } catch (const std::exception& error) {
                // The claims stand, but nobody may send: whoever claimed learns it and settles the rows as not sent.
                log::error("journal.failed", {{"why", error.what()}});
                for (auto& job : group.jobs)
                    if (job->sends) job->error = std::current_exception();
            }
        }
        if (group.mark_epoch && !failed()) disk_.mark_epoch(group.facts);
        for (auto& job : group.jobs) job->answer();
    }
}

}  // namespace pingjing::store
