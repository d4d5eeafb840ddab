// `pingjing serve`: the daemon as systemd knows it.
#include <fmt/format.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <sstream>

#include "daemon/app.hpp"
#include "daemon/commands/commands.hpp"
#include "daemon/commands/site.hpp"
#include "daemon/log/log.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::commands {
namespace {

// The socket unit's descriptor named "http", or the only one there is; -1: systemd gave us none.
int inherited_socket() {
    char** names = nullptr;
    int count = sd_listen_fds_with_names(0, &names);
    int found = -1;
    for (int i = 0; i < count; ++i)
        if (count == 1 || std::string_view(names[i]) == "http") found = SD_LISTEN_FDS_START + i;
    if (names) {
        for (int i = 0; i < count; ++i) free(names[i]);
        free(names);
    }
    return found;
}

// A live process whose store hangs is worse than a dead one: only a store that answers feeds the watchdog. A store that
// refuses (a full disk) answers too. One that lost an fsync will never keep anything again: systemd shall begin anew, after the
// time in which alarms that stand in memory only may still reach the desk.
asio::awaitable<void> feed_watchdog(App& app, std::uint64_t limit_us) {
    for (;;) {
        try {
            co_await app.touch_store();
        } catch (const std::exception&) {
        }
        if (app.store_failed()) break;
        sd_notify(0, "WATCHDOG=1");
        co_await sleep_for(std::chrono::microseconds(limit_us / 3));
    }
    log::error("serve.store_failed", {{"why", "the disk lost what was written; only a new start can tell what is there"}});
}

asio::awaitable<void> reload(App& app, const Clock& clock, std::string file) {
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld", static_cast<long long>(std::chrono::floor<std::chrono::microseconds>(clock.steady()).count()));
    auto settings = read_settings(file);
    if (!settings) {
        std::istringstream problems(settings.error().detail);
        for (std::string problem; std::getline(problems, problem);) log::error("configuration.problem", {{"what", problem}});
        log::error("reload.refused", {{"why", "the configuration has problems; the old one stays in force"}});
    } else {
        auto changed = co_await app.reload(std::move(*settings));
        if (!changed) {
            log::error("reload.refused", {{"why", changed.error().detail}});
        } else {
            log::info("reload.done", {{"rules", app.gateway().settings().rules_sha256}});
            for (const auto& key : *changed) log::warn("reload.needs_restart", {{"key", key}});
        }
    }
    sd_notify(0, "READY=1");
}

asio::awaitable<void> live(App& app, const Clock& clock, asio::io_context& io, asio::signal_set& signals, std::string file) {
    TaskGroup house(io.get_executor(), [](const std::string& task, std::exception_ptr) { log::error("serve.task_failed", {{"task", task}}); });
    std::uint64_t limit_us = 0;
    if (sd_watchdog_enabled(0, &limit_us) > 0) house.spawn("watchdog", feed_watchdog(app, limit_us));
    sd_notify(0, "READY=1");
    for (;;) {
        int which = co_await signals.async_wait(asio::use_awaitable);
        if (which != SIGHUP) break;
        try {
            co_await reload(app, clock, file);
        } catch (const std::exception& error) {  // whatever is wrong with the files: the old configuration goes on
            log::error("reload.refused", {{"why", error.what()}});
            sd_notify(0, "READY=1");
        }
    }
    log::info("serve.stopping");
    sd_notify(0, "STOPPING=1");
    house.stop();
    co_await house.join();
    co_await app.stop();
}

}  // namespace

int serve(const std::string& config) {
    auto settings = load_settings(config);
    if (!settings) return 2;
    for (const auto& warning : settings->warnings) fmt::print(stderr, "warning: {}\n", warning);
    if (!has_store(*settings)) return 1;
    auto clock = make_clock(*settings);
    if (!clock) return 2;
    auto line = [](std::string_view text) {
        std::fwrite(text.data(), 1, text.size(), stderr);  // a whole line
    };
    log::configure(log::Level::info, line, clock.get());
    auto seal = store::Seal::load(settings->service.key_dir);
    if (!seal) {
        fmt::print(stderr, "{}\n", seal.error().detail);
        return 1;
    }
    std::signal(SIGPIPE, SIG_IGN);  // a reader of our log that leaves must not end us
    std::signal(SIGHUP, SIG_IGN);   // nor a reload that is asked for while we begin; from READY on it is heard
    asio::io_context io(1);
    SystemRandom random;
    auto store = store::Store::open(settings->service.state_dir.string(), store::Store::Runner::own_thread);
    if (!store) {
        fmt::print(stderr, "{}\n", store.error().detail);
        return 1;
    }
    if (!is_of_these_keys(**store, *seal, clock->now())) return 1;
    auto state_dir = settings->service.state_dir.string();
    Result<std::unique_ptr<App>> app;
    try {
        app = App::build(io, std::move(*settings), *clock, random, *seal, std::move(*store));
    } catch (const store::SqlError& error) {
        fmt::print(stderr, "the store in {} cannot be written: {}. {}Nothing that was acknowledged is lost; start again\n", state_dir, error.reason(),
                   error.is_full() ? "Make room on its disk. " : "");
        return 1;
    }
    if (!app) {
        fmt::print(stderr, "{}\n", app.error().detail);
        return 2;
    }
    if (auto opened = (*app)->open(inherited_socket()); !opened) {
        fmt::print(stderr, "{}\n", opened.error().detail);
        return 1;
    }
    (*app)->start();
    log::info("serve.ready", {{"listen", (*app)->address()}, {"in_doubt_after_start", (*app)->gateway().recovered()}});
    asio::signal_set signals(io, SIGTERM, SIGINT, SIGHUP);  // ours until the store is closed: a second one must not cut that short
    std::exception_ptr failed;
    auto on_done = [&](std::exception_ptr error) {
        failed = error;
        io.stop();
    };
    asio::co_spawn(io, live(**app, *clock, io, signals, config), on_done);
    io.run();
    app->reset();
    if (failed) std::rethrow_exception(failed);
    log::info("serve.stopped");
    return 0;
}

}  // namespace pingjing::commands
