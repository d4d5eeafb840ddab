#include <doctest/doctest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <future>
#include <latch>
#include <stdexcept>
#include <string>

#include "daemon/store/flusher.hpp"

using namespace pingjing;
using namespace pingjing::store;

namespace {

// Callers by name, and how each was answered.
struct Callers {
    struct Caller final : Job {
        void work(Connection&) override {}
    };
    asio::io_context io;
    std::vector<std::string> answers;

    Committed group(const std::vector<std::string>& names, bool wrote = true) {
        Committed group;
        group.wrote = wrote;
        for (const auto& name : names) {
            auto job = std::make_shared<Caller>();
            job->executor = io.get_executor();
            job->done.emplace([this, name, job = job.get()] { answers.push_back(name + (job->error ? " failed" : "")); });
            waiting.push_back(job);
            group.jobs.push_back(std::move(job));
        }
        return group;
    }
    Committed claim(const std::string& name, std::int64_t sequence) {
        auto group = this->group({name});
        group.jobs.front()->sends = true;
        group.lines.emplace_back(sequence, "ref", std::string(16, 'k'));
        return group;
    }
    std::vector<std::string> heard() {
        io.restart();
        io.poll();
        return answers;
    }

private:
    std::vector<std::shared_ptr<Job>> waiting;  // as their coroutines would hold them
};

using Names = std::vector<std::string>;

// An fsync that lasts until it is let go, again and again.
struct SlowSync {
    std::atomic<int> begun = 0, allowed = 0;
    void operator()() {
        auto mine = ++begun;
        while (allowed < mine) allowed.wait(allowed.load());
    }
    void wait_for(int n) const {
        while (begun < n) std::this_thread::yield();
    }
    void let_go(int n) {
        allowed = n;
        allowed.notify_all();
    }
};

}  // namespace

TEST_CASE("nobody is answered before the fsync has ended, and what comes meanwhile shares the next one") {
    Callers callers;
    SlowSync disk;
    Flusher flusher({[&] { disk(); }, {}, [](const Epoch&, bool) {}});
    flusher.start_thread();
    flusher.take(callers.group({"a", "b"}));
    disk.wait_for(1);
    flusher.take(callers.group({"c"}));
    flusher.take(callers.group({"read"}, false));  // it may have read what c wrote
    CHECK(callers.heard().empty());
    disk.let_go(1);
    disk.wait_for(2);
    CHECK(callers.heard() == Names{"a", "b"});
    disk.let_go(2);
    flusher.finish();
    CHECK(callers.heard() == Names{"a", "b", "c", "read"});
    CHECK(disk.begun == 2);
}

TEST_CASE("who only reads needs no fsync, and waits only for those before him") {
    Callers callers;
    int synced = 0;
    Flusher flusher({[&] { ++synced; }, {}, [](const Epoch&, bool) {}});
    flusher.start_thread();
    flusher.take(callers.group({"read"}, false));
    CHECK(callers.heard() == Names{"read"});
    flusher.finish();
    CHECK(synced == 0);
}

TEST_CASE("a slow disk stops the store after two groups, and stopping gets everything out") {
    Callers callers;
    SlowSync disk;
    Flusher flusher({[&] { disk(); }, {}, [](const Epoch&, bool) {}});
    flusher.start_thread();
    flusher.take(callers.group({"a"}));
    disk.wait_for(1);
    flusher.take(callers.group({"b"}));
    flusher.take(callers.group({"c"}));
    auto fourth = std::async(std::launch::async, [&] { flusher.take(callers.group({"d"})); });
    CHECK(fourth.wait_for(std::chrono::milliseconds(50)) == std::future_status::timeout);
    disk.let_go(100);
    fourth.get();
    flusher.finish();
    CHECK(callers.heard() == Names{"a", "b", "c", "d"});
}

TEST_CASE("after a failed fsync nobody is told that something was kept, whether he waited, came later or only read") {
    for (bool thread : {true, false}) {
        CAPTURE(thread);
        Callers callers;
        std::latch arrived(thread ? 2 : 1);
        bool first = true;
        std::vector<std::uint64_t> marked;
        int lines = 0;
        auto sync = [&] {
            arrived.arrive_and_wait();
            if (std::exchange(first, false)) throw std::runtime_error("I/O error");
        };
        Flusher flusher({sync, [&](const std::vector<SentLine>&) { ++lines; }, [&](const Epoch& epoch, bool) { marked.push_back(epoch.facts); }});
        if (thread) flusher.start_thread();
        auto claim = callers.claim("claim", 1);
        claim.epoch.facts = 7;
        flusher.take(std::move(claim));
        if (thread) {
            flusher.take(callers.group({"write"}));
            flusher.take(callers.group({"read"}, false));
            arrived.arrive_and_wait();
        }
        while (!flusher.failed()) std::this_thread::yield();
        // Committed before the failure was known. The disk is said to be well again, and it may be too late for what they read.
        while (thread && callers.heard().size() < 3) std::this_thread::yield();
        flusher.take(callers.group({"late read"}, false));
        flusher.take(callers.group({"late write"}));
        flusher.finish();
        CHECK(callers.heard() == (thread ? Names{"claim failed", "write failed", "read failed", "late read failed", "late write failed"}
                                         : Names{"claim failed", "late read failed", "late write failed"}));
        CHECK(lines == 0);
        CHECK(marked.empty());
    }
}

TEST_CASE("a journal that fails is told to those who claimed, and to nobody else") {
    Callers callers;
    bool broken = true;
    std::vector<std::int64_t> written;
    auto append = [&](const std::vector<SentLine>& lines) {
        if (broken) throw std::runtime_error("no space left");
        written.push_back(lines.back().sequence);
    };
    Flusher flusher({[] {}, append, [](const Epoch&, bool) {}});
    auto mixed = callers.claim("claim", 1);
    for (auto& job : callers.group({"call"}).jobs) mixed.jobs.push_back(job);
    flusher.take(std::move(mixed));
    flusher.take(callers.group({"other"}));
    broken = false;
    flusher.take(callers.claim("next claim", 2));
    CHECK(callers.heard() == Names{"claim failed", "call", "other", "next claim"});
    CHECK(written == std::vector<std::int64_t>{2});
    CHECK_FALSE(flusher.failed());
}

TEST_CASE("the line of a claim and the mark of the epoch come after the fsync and before the answer") {
    Callers callers;
    std::vector<std::string> order;
    Flusher flusher({[&] { order.push_back("sync"); },
                     [&](const std::vector<SentLine>&) { order.push_back("journal " + std::to_string(callers.heard().size())); },
                     [&](const Epoch& epoch, bool) { order.push_back("epoch " + std::to_string(epoch.facts)); }});
    auto group = callers.claim("claim", 1);
    group.epoch.facts = 12;
    flusher.take(std::move(group));
    CHECK(order == Names{"sync", "epoch 12", "journal 0"});
    CHECK(callers.heard() == Names{"claim"});
}

TEST_CASE("a failure that somebody else reports while a claim is being noted does not let it go without its line") {
    Callers callers;
    Flusher* self = nullptr;
    int lines = 0;
    auto sync = [] {};
    auto append = [&](const std::vector<SentLine>&) { ++lines; };
    auto mark = [&](const Epoch&, bool) { self->fail(std::make_exception_ptr(std::runtime_error("the checkpoint's fsync"))); };
    Flusher flusher({sync, append, mark});
    self = &flusher;
    flusher.start_thread();
    auto first = callers.claim("a", 1);
    flusher.take(std::move(first));
    flusher.take(callers.claim("b", 2));
    flusher.finish();
    auto heard = callers.heard();
    REQUIRE(heard.size() == 2);
    CHECK(lines == (heard[1] == "b" ? 2 : 1));  // whoever may send has a line
    CHECK(heard[0] == "a");
}
