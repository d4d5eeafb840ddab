// A site in a folder of its own, and the daemon on it as `pingjing serve` builds it: own store thread, everything durable, real clock.
#pragma once
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <memory>
#include <string>

#include "daemon/app.hpp"
#include "daemon/core/random.hpp"
#include "daemon/store/seal.hpp"
#include "daemon/store/sqlite.hpp"
#include "daemon/store/store.hpp"

namespace pingjing::bench {

// Messages that are not yet delivered, by what the smallest indexes say.
constexpr const char* under_way = "SELECT (SELECT count(*) FROM messages WHERE state = 'due') + (SELECT count(*) FROM messages WHERE state = 'sending') + "
                                  "(SELECT count(*) FROM messages WHERE state = 'accepted')";

// Carriers are one channel "main": a simulated one whose citizens all answer "1", one at the other end of a link, one whose citizens say nothing, or a vendor
// that pushes JSON and is never sent anything.
enum class Carrier { answered, answered_and_thanked, linked, silent, pushing };
inline constexpr const char* hook = "/v1/hooks/main/0123456789abcdef0123456789abcdef/mo";

// The n-th call, its own number, closed at that time, as a line of NDJSON. Every one is asked.
std::string closed_call(std::int64_t n, Instant closed);
std::string number_of(std::int64_t n);
std::string closed_calls(std::int64_t first, int count, Instant closed);

struct Elsewhere {
    int port = 0;    // at which the other end of a link listens
    Millis later{};  // than now is the time of the daemon, whom no gap since the last fact keeps from sending
};

class Daemon {
public:
    Daemon(const std::filesystem::path& folder, Carrier carrier, store::Store::Durability durability = store::Store::Durability::full, Elsewhere elsewhere = {});
    ~Daemon();

    // Opens the doors, runs `visit` to its end, stops as on SIGTERM.
    void run(asio::awaitable<void> visit);
    App& app() { return *app_; }
    store::Store& store() { return *store_; }
    const Clock& clock() const { return *clock_; }
    Random& random() { return random_; }
    const store::Seal& seal() const { return seal_; }
    std::string intake_token();
    std::int64_t count(const char* sql);  // on a connection of its own that only reads
    asio::awaitable<void> until(const char* sql, std::int64_t wanted);

private:
    asio::io_context io_{1};
    std::unique_ptr<Clock> clock_;
    SystemRandom random_;
    store::Seal seal_;
    store::Store* store_ = nullptr;  // the app's
    std::unique_ptr<App> app_;
    std::unique_ptr<store::Connection> reader_;
};

// A store with that many surveys that were delivered and not answered yet; sending is stopped in it.
void plant_open_surveys(const std::filesystem::path& folder, int count);
// A store with that many surveys that were answered.
void plant_rated_surveys(const std::filesystem::path& folder, int count);

}  // namespace pingjing::bench
