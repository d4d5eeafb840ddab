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

void answer(std::shared_ptr<Job> job) {
    auto to = std::move(job->executor);
    auto resume = [done = std::move(*job->done)]() mutable { std::move(done)(); };
    job.reset();
    asio::post(to, std::move(resume));
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
        // It may have read what the failed fsync was to save.
        auto failure = failure_;
        guard.unlock();
        if (failure) blame(group.jobs, failure);
        for (auto& job : group.jobs) answer(std::move(job));
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

void Flusher::fail(std::exception_ptr error) {
    {
        std::lock_guard guard(mutex_);
        if (failure_) return;
        failure_ = error;
    }
    log::error("store.disk_failed", {{"why", why(error)}});
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
    if (!std::ranges::any_of(groups, &Committed::wrote)) return;
    disk_.sync_wal();
    disk_.mark_epoch(groups.back().epoch, std::ranges::any_of(groups, &Committed::checkpointed));
}

// The claims stand either way. Without their lines nobody may send: whoever claimed learns it and settles the rows as not sent.
void Flusher::note_claims(Committed& group) {
    if (group.lines.empty() || !disk_.append_sent) return;
    try {
        disk_.append_sent(group.lines);
    } catch (const std::exception& error) {
        log::error("journal.failed", {{"why", error.what()}});
        for (auto& job : group.jobs)
            if (job->sends && !job->error) job->error = std::current_exception();
    }
}

void Flusher::flush(std::vector<Committed>& groups) {
    // Asked once: a failure that somebody else reports meanwhile belongs to what comes after these.
    bool kept = true;
    try {
        sync(groups);
    } catch (...) {
        kept = false;
        fail(std::current_exception());
        for (auto& group : groups) blame(group.jobs, std::current_exception());
    }
    for (auto& group : groups) {
        if (kept) note_claims(group);
        for (auto& job : group.jobs) answer(std::move(job));
    }
}

}  // namespace pingjing::store
