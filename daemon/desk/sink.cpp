#include "daemon/desk/sink.hpp"

#include <utility>

#include "daemon/log/log.hpp"
#include "daemon/push/push.hpp"

namespace pingjing::desk {
namespace {

class Webhook final : public Sink {
public:
    Webhook(const config::Desk& settings, http::Client& http, const Clock& clock)
        : to_{settings.url, settings.token, settings.signing_secret, settings.timeout}, http_(http), clock_(clock) {}

    asio::awaitable<Result<void>> deliver(Alarm alarm) override {
        auto json = alarm_json(alarm);
        auto delivery = push::post(http_, to_, alarm.id, std::move(json), clock_.now());
        co_return co_await std::move(delivery);
    }

private:
    push::Address to_;
    http::Client& http_;
    const Clock& clock_;
};

class Program final : public Sink {
public:
    explicit Program(config::Desk settings) : settings_(std::move(settings)) {}

    asio::awaitable<Result<void>> deliver(Alarm alarm) override {
        auto json = alarm_json(alarm);
        auto delivery = push::run_program(settings_.command, std::move(json), settings_.timeout);
        co_return co_await std::move(delivery);
    }

private:
    config::Desk settings_;
};

class LogOnly final : public Sink {
public:
    asio::awaitable<Result<void>> deliver(Alarm alarm) override {
        log::error("desk.alarm", {{"alarm", alarm.id}, {"case", alarm.record.value_or("")}, {"unit", alarm.unit.value_or("")}});
        co_return Result<void>();
    }
};

}  // namespace

std::unique_ptr<Sink> make_sink(const config::Desk& settings, http::Client& http, const Clock& clock) {
    if (settings.kind == config::Desk::Kind::webhook) return std::make_unique<Webhook>(settings, http, clock);
    if (settings.kind == config::Desk::Kind::exec) return std::make_unique<Program>(settings);
    return std::make_unique<LogOnly>();
}

}  // namespace pingjing::desk
