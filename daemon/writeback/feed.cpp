#include "daemon/writeback/feed.hpp"

#include <algorithm>
#include <iterator>
#include <memory>
#include <system_error>

#include "daemon/async/timer.hpp"
#include "daemon/log/log.hpp"
#include "daemon/log/metrics.hpp"
#include "daemon/push/push.hpp"
#include "daemon/writeback/folder.hpp"
#include "daemon/writeback/lines.hpp"

namespace pingjing::writeback {
namespace {

constexpr std::int64_t most_in_a_file = 1000, most_posts = 50;
// After months in which it was off there is much to look through, and the store has others to serve.
constexpr Steady between_looks = std::chrono::milliseconds(20);

Steady retry_after(int failures) {
    constexpr std::chrono::seconds pauses[] = {std::chrono::seconds(1), std::chrono::seconds(2), std::chrono::seconds(5), std::chrono::seconds(10), std::chrono::seconds(30), std::chrono::seconds(60)};
    return pauses[std::min(static_cast<std::size_t>(failures - 1), std::size(pauses) - 1)];
}

}  // namespace

asio::awaitable<void> Feed::run() {
    for (;;) {
        auto pause = co_await look();
        co_await sleep_for(pause);
    }
}

asio::awaitable<Steady> Feed::look() {
    auto to = world_.settings();
    if (to.to == config::Writeback::To::nobody) co_return std::chrono::seconds(5);
    LineRules rules{to.by_case, to.words, world_.least, world_.services()};
    bool more = true;
    std::int64_t waiting = 0;
    auto plan = [&, now = world_.clock.now()](store::Connection& db) {
        more = plan_lines(db, world_.seal, rules, now);
        waiting = count_waiting(db);
    };
    while (more) {
        co_await world_.store.run(std::ref(plan));
        if (more) co_await sleep_for(between_looks);
    }
    metrics::gauge("writeback_waiting", {}, static_cast<double>(waiting));
    bool left = false;
    if (waiting > 0) left = co_await hand_over(to);
    else failures_ = 0;
    if (failures_ > 0) co_return retry_after(failures_);
    bool files = to.to == config::Writeback::To::folder;
    if (left && !files) co_return Steady(0);
    auto pause = files ? std::chrono::duration_cast<Steady>(std::chrono::duration<double, std::milli>(to.every) / world_.clock.speed()) : Steady(std::chrono::seconds(1));
    co_return std::max<Steady>(pause, std::chrono::milliseconds(200));
}

asio::awaitable<bool> Feed::hand_over(const config::Writeback& to) {
    bool files = to.to == config::Writeback::To::folder;
    std::vector<Line> lines;
    auto take = [&](store::Connection& db) { lines = take_batch(db, world_.seal, files ? most_in_a_file : most_posts); };
    co_await world_.store.run(std::ref(take));
    if (lines.empty()) co_return false;
    std::string why;
    std::vector<Line> gone;
    if (files) {
        struct Handover { std::filesystem::path folder{}; std::vector<Line> lines{}; std::string why{}; };
        auto file = std::make_shared<Handover>();
        file->folder = to.folder, file->lines = lines;
        std::function<void()> write = [file] {
            try {
                write_file(file->folder, file->lines);
            } catch (const std::system_error& error) {
                file->why = error.what();
            }
        };
        co_await world_.aside(write);
        why = file->why;
        if (why.empty()) gone = lines;
    } else {
        push::Address address{to.url, to.token, to.signing_secret, to.timeout};
        for (const auto& line : lines) {
            std::function<asio::awaitable<Result<void>>()> attempt = [&] { return push::post(*world_.http, address, line.key, line.json, world_.clock.now()); };
            auto taken = co_await push::try_once(std::move(attempt));
            if (!taken) why = taken.error().detail;
            if (!taken) break;  // the next one would overtake it
            gone.push_back(line);
        }
    }
    auto record = [&, now = world_.clock.now()](store::Connection& db) { record_left(db, gone, now); };
    std::string unrecorded;
    try {
        if (!gone.empty()) co_await world_.store.run(std::ref(record));
    } catch (const store::SqlError& error) {
        unrecorded = error.what();
    }
    // What cannot be written down is handed over again, and on a full disk not every few seconds.
    if (!unrecorded.empty()) {
        ++failures_;
        log::error("writeback.not_recorded", {{"failures", failures_}, {"first", lines.front().seq}, {"why", unrecorded}});
        co_return false;
    }
    if (!gone.empty()) metrics::count("writeback_left_total", {}, static_cast<double>(gone.size()));
    failures_ = why.empty() ? 0 : gone.empty() ? failures_ + 1 : 1;  // in a row: who took one will take the next
    if (!why.empty()) log::error("writeback.refused", {{"failures", failures_}, {"first", lines.front().seq}, {"why", why}});
    co_return !gone.empty();
}

}  // namespace pingjing::writeback
