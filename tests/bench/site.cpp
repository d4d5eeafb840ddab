#include "tests/bench/site.hpp"

#include <fmt/format.h>

#include <fstream>
#include <stdexcept>

#include "daemon/admin/tokens.hpp"
#include "daemon/commands/site.hpp"
#include "daemon/core/system_clock.hpp"
#include "daemon/intake/intake.hpp"
#include "daemon/log/log.hpp"
#include "daemon/store/outbox.hpp"
#include "tests/bench/load.hpp"

namespace pingjing::bench {
namespace {

constexpr const char* configuration = R"toml([service]
sign = "示范公安"
state_dir = "state"
key_dir = "keys"
[http]
listen = "127.0.0.1:0"
public_url = "http://127.0.0.1"
[categories]
map = "categories.csv"
[survey]
since = "2020-01-01"
hours = "00:00-24:00"
daily_ceiling = 100000000
thanks = {}
[desk]
kind = "log"
unattended = true
[[channel]]
name = "main"
source = "106900110"
extension_digits = 2
window = 1000
tps = 5000
)toml";

constexpr const char* answered = R"toml(provider = "simulated"
response_least = "0s"
response_most = "0s"
receipt_least = "200ms"
receipt_most = "500ms"
reply_least = "100ms"
reply_most = "500ms"
receipt_share = 1.0
delivered_share = 1.0
repeated_share = 0.0
[channel.replies]
satisfied = {}
basically = 0
dissatisfied = 0
words = 0
ambiguous = 0
none = 0
opt_out = 0
emergency = 0
)toml";

constexpr const char* pushing = R"toml(provider = "http"
url = "http://127.0.0.1:9/send"
hook_secret = "0123456789abcdef0123456789abcdef"
[channel.reply]
path = "mo"
from = "/mobile"
to = "/to"
text = "/text"
at = "/at"
at_format = "unix"
key = ["/id"]
[channel.answer]
content_type = "text/plain"
body = "OK"
)toml";

constexpr const char* linked = R"toml(provider = "smpp"
host = "127.0.0.1"
system_id = "pingjing"
password = "secret"
port = )toml";

std::string text_of(Carrier carrier, int port) {
    std::string out = fmt::format(configuration, carrier == Carrier::answered_and_thanked);
    if (carrier == Carrier::pushing) return out + pushing;
    if (carrier == Carrier::linked) return fmt::format("{}{}{}\n", out, linked, port);
    bool silent = carrier == Carrier::silent;
    return out + fmt::format(answered, silent ? 0 : 1) + (silent ? "silence = 1\n" : "silence = 0\n");
}

config::Settings settings_of(const std::filesystem::path& folder, Carrier carrier, int port) {
    std::filesystem::create_directories(folder / "state");
    std::ofstream(folder / "pingjing.toml") << text_of(carrier, port);
    std::ofstream(folder / "categories.csv") << "code,name,rule\n01,盗窃,survey\n";
    auto settings = commands::load_settings((folder / "pingjing.toml").string());
    if (!settings) throw std::runtime_error("the configuration of the benchmark is wrong");
    settings->channels[0].tps = 20'000;  // no carrier allows it; here the limit is to be ours
    return std::move(*settings);
}

store::Seal keys_of(const std::filesystem::path& folder) {
    if (auto made = store::Seal::create_keys(folder / "keys"); !made && made.error().kind != Error::Kind::conflict) throw std::runtime_error(made.error().detail);
    auto seal = store::Seal::load(folder / "keys");
    if (!seal) throw std::runtime_error(seal.error().detail);
    return std::move(*seal);
}

std::unique_ptr<Clock> clock_of(const std::filesystem::path& folder, Millis later) {
    if (later.count() == 0) return system_clock();
    std::filesystem::create_directories(folder / "state");
    std::filesystem::remove(folder / "state" / "test_clock");
    auto clock = test_clock(format_utc(system_clock()->now() + later), folder / "state");
    if (!clock) throw std::runtime_error(clock.error().detail);
    return std::move(*clock);
}

}  // namespace

std::string number_of(std::int64_t n) { return fmt::format("13{:09}", 100'000'000 + n); }

std::string closed_call(std::int64_t n, Instant closed) {
    return fmt::format(R"({{"id":"3201{:014}","version":1,"state":"closed","calling_line":"{}","category":"010203","source":"110","unit":"320102430000",)"
                       R"("officers":[{{"badge":"{:06}","role":"lead"}}],"call_taker":"080011","reported_at":"{}","closed_at":"{}"}})",
                       n, number_of(n), 12'000 + n % 500, format_utc(closed - std::chrono::minutes(40)), format_utc(closed)) + "\n";
}

std::string closed_calls(std::int64_t first, int count, Instant closed) {
    std::string out;
    for (int i = 0; i < count; ++i) out += closed_call(first + i, closed);
    return out;
}

Daemon::Daemon(const std::filesystem::path& folder, Carrier carrier, store::Store::Durability durability, Elsewhere elsewhere)
    : clock_(clock_of(folder, elsewhere.later)), seal_(keys_of(folder)) {
    log::configure(log::Level::error, [](std::string_view line) { fmt::print(stderr, "{}\n", line); }, clock_.get());
    auto settings = settings_of(folder, carrier, elsewhere.port);
    auto store = store::Store::open(settings.service.state_dir.string(), store::Store::Runner::own_thread, durability);
    if (!store) throw std::runtime_error(store.error().detail);
    store_ = store->get();
    auto app = App::build(io_, std::move(settings), *clock_, random_, seal_, std::move(*store));
    if (!app) throw std::runtime_error(app.error().detail);
    app_ = std::move(*app);
    if (elsewhere.later.count() > 0) store_->run_now([&](store::Connection& db) { store::release_holds(db, "clock", std::nullopt, "the bench", clock_->now()); });
    reader_ = std::make_unique<store::Connection>(store_->path(), store::Connection::Access::read_only);
}

Daemon::~Daemon() = default;

void Daemon::run(asio::awaitable<void> visit) {
    if (auto opened = app_->open(); !opened) throw std::runtime_error(opened.error().detail);
    app_->start();
    std::exception_ptr failed;
    auto whole = [this, &visit, &failed]() -> asio::awaitable<void> {
        try {
            co_await std::move(visit);
        } catch (...) {
            failed = std::current_exception();
        }
        co_await app_->stop();
    };
    auto on_done = [this](std::exception_ptr error) {
        io_.stop();
        if (error) std::rethrow_exception(error);
    };
    asio::co_spawn(io_, whole, on_done);
    io_.run();
    if (failed) std::rethrow_exception(failed);
}

std::string Daemon::intake_token() {
    std::string token;
    store_->run_now([&](store::Connection& db) { token = admin::create_token(db, random_, {"intake"}, {}, clock_->now())->token; });
    return token;
}

std::int64_t Daemon::count(const char* sql) {
    store::Statement read(*reader_, sql);
    return read.step() ? read.integer(0) : 0;
}

asio::awaitable<void> Daemon::until(const char* sql, std::int64_t wanted) {
    auto before = count(sql);
    auto last_change = clock_->steady();
    while (before != wanted) {
        co_await sleep_for(std::chrono::milliseconds(50));
        auto now = count(sql);
        if (now != before) before = now, last_change = clock_->steady();
        if (clock_->steady() - last_change > std::chrono::seconds(20)) throw std::runtime_error(fmt::format("stands still at {} of {}: {}", now, wanted, sql));
    }
}

namespace {

void plant(const std::filesystem::path& folder, int count, Carrier carrier, const char* done, const std::function<void(Daemon&)>& then) {
    auto work = [&] {
        Daemon daemon(folder, carrier, store::Store::Durability::none);
        intake::Intake intake(daemon.store(), daemon.seal(), daemon.random());
        auto feed = [&]() -> asio::awaitable<void> {
            auto closed = daemon.clock().now() - std::chrono::hours(3);
            for (int first = 0; first < count; first += 500) {
                auto bytes = closed_calls(first, std::min(500, count - first), closed);
                intake::Document document{.bytes = bytes, .content_type = "application/x-ndjson"};
                auto& gateway = daemon.app().gateway();
                auto rules = record_rules(gateway.settings(), daemon.clock().now());
                auto taken = co_await intake.take(document, std::move(rules), *gateway.rules(), "bench");
                if (!taken) throw std::runtime_error(taken.error().detail);
                gateway.dispatcher().wake();
            }
            if (done) co_await daemon.until(done, count);
            co_await daemon.until(under_way, 0);
        };
        daemon.run(feed());
        then(daemon);
    };
    in_a_process(work);
}

}  // namespace

void plant_open_surveys(const std::filesystem::path& folder, int count) {
    plant(folder, count, Carrier::silent, nullptr, [](Daemon& daemon) {
        daemon.store().run_now([&](store::Connection& db) { store::place_hold(db, "stop", std::nullopt, "the vendor is not there", daemon.clock().now()); });
    });
}

void plant_rated_surveys(const std::filesystem::path& folder, int count) {
    plant(folder, count, Carrier::answered, "SELECT coalesce(max(id), 0) FROM ratings", [](Daemon&) {});
}

}  // namespace pingjing::bench
