#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "daemon/core/system_clock.hpp"
#include "tests/bench/load.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/scenarios.hpp"
#include "tests/bench/site.hpp"

namespace pingjing::bench {
namespace {

struct Spread { double median_ms = 0, p99_ms = 0; };
Spread spread_of(std::vector<double> took) {
    std::sort(took.begin(), took.end());
    return {took[took.size() / 2], took[took.size() * 99 / 100]};
}
double ms_between(Steady from, Steady to) { return std::chrono::duration<double, std::milli>(to - from).count(); }

// One row, one commit, one fsync, nothing else: what this disk takes at least.
asio::awaitable<Spread> commit_bare(const std::filesystem::path& file, int count, const Clock& clock) {
    store::Connection db(file.string());
    db.exec("CREATE TABLE bare(id INTEGER PRIMARY KEY, text TEXT)");
    std::vector<double> took;
    for (int n = 0; n < count; ++n) {
        co_await sleep_for(std::chrono::milliseconds(1));
        auto from = clock.steady();
        store::Statement(db, "INSERT INTO bare(text) VALUES ('1')").run();
        took.push_back(ms_between(from, clock.steady()));
    }
    co_return spread_of(std::move(took));
}

// Its work is answered like any other: when everything that was committed before it is on the disk.
asio::awaitable<Spread> await_ratings(Daemon& daemon, int count) {
    std::vector<double> took;
    std::int64_t last = 0;
    std::vector<Steady> sent;
    auto look = [&](store::Connection& db) {
        sent.clear();
        store::Statement find(db, "SELECT r.id, i.key FROM ratings r JOIN inbound i ON i.id = r.inbound_id WHERE r.id > ?1 ORDER BY r.id");
        find.bind(1, last);
        for (; find.step(); last = find.integer(0)) {
            auto key = find.text(1);  // v:mo-NUMBER-MOMENT
            sent.push_back(from_letters(key.substr(key.rfind('-') + 1)));
        }
    };
    auto since = daemon.clock().steady();
    while (took.size() < static_cast<std::size_t>(count)) {
        co_await daemon.store().run(std::ref(look));
        auto now = daemon.clock().steady();
        for (auto at : sent) took.push_back(ms_between(at, now));
        if (!sent.empty()) since = now;
        if (now - since > std::chrono::seconds(20)) throw std::runtime_error(fmt::format("stands still at {} of {} ratings", took.size(), count));
        co_await sleep_for(std::chrono::milliseconds(1));
    }
    co_return spread_of(std::move(took));
}

}  // namespace

void rate_at_a_pace(const std::filesystem::path& folder, int count, int per_second) {
    plant_open_surveys(folder, count);
    auto make = [=](std::string) {
        Push push{.target = hook, .content_type = "application/json", .connections = 16, .per_second = per_second};
        for (int i = 0; i < count; ++i)
            push.bodies.push_back(fmt::format(R"([{{"id":"mo-{}-{}","mobile":"{}","to":"10690011000","text":"1"}}])", i, Push::sent, number_of(i)));
        return push;
    };
    Load load(make);
    Daemon daemon(folder, Carrier::pushing);
    auto visit = [&]() -> asio::awaitable<void> {
        auto bare = co_await commit_bare(folder / "bare.db", std::min(count, 3000), daemon.clock());
        Answered answered;
        std::exception_ptr failed;
        auto on_end = [&](std::exception_ptr error, Answered a) { answered = a, failed = error; };
        asio::co_spawn(co_await asio::this_coro::executor, load.run(daemon.app().address(), ""), on_end);
        auto rated = co_await await_ratings(daemon, count);
        if (failed) std::rethrow_exception(failed);
        fmt::print("{:<34} {:>7} replies, {} a second: from leaving to a durable rating {:.1f} ms, 99 of 100 under {:.1f} ms; a bare commit {:.1f} and {:.1f} ms: {:.1f} times\n",
                   "pace", count, per_second, rated.median_ms, rated.p99_ms, bare.median_ms, bare.p99_ms, rated.p99_ms / bare.p99_ms);
        std::fflush(stdout);
        while (answered.good + answered.refused == 0) co_await sleep_for(std::chrono::milliseconds(5));
        if (answered.refused > 0) throw std::runtime_error("replies were refused");
    };
    daemon.run(visit());
}

}  // namespace pingjing::bench
