#include "providers/link/carrier.hpp"

#include <boost/asio/this_coro.hpp>

namespace pingjing::link {
namespace {

using namespace provider;

class Carrier final : public Provider {
public:
    Carrier(World& world, Speech speech)
        : clock_(world.clock), references_(world.random), abilities_(speech.abilities), description_(std::move(speech.description)), frames_(std::move(speech.frames)),
          links_(std::move(speech.channel), std::move(speech.tls), world, std::move(speech.dialect)) {
        if (speech.listen) door_ = std::make_unique<Listener>(std::move(*speech.listen), world, std::move(speech.guest));
    }

    const Abilities& abilities() const override { return abilities_; }
    asio::awaitable<Outcome> submit(Submission submission) override {
        auto frames = frames_(submission, references_, clock_.now());
        if (!frames) co_return Permanent{Permanent::content, frames.error().detail};
        co_return co_await links_.submit(std::move(submission.ref), std::move(*frames));
    }
    asio::awaitable<void> serve(Sink& sink) override {
        if (!door_) co_return co_await links_.serve(sink);
        co_await serve_both(sink);
    }
    std::optional<int> room() const override { return links_.room(); }
    void try_now() override { links_.try_now(); }
    std::string way_back_closed() const override { return door_ ? door_->why_closed() : links_.way_back_closed(); }
    provider::Links links() const override { return links_.links(); }
    std::string describe() const override { return description_; }

private:
    // Both are told to stop at once, and both come to their end; when one of them fails the other stops as well.
    asio::awaitable<void> serve_both(Sink& sink) {
        auto executor = co_await asio::this_coro::executor;
        std::exception_ptr failed;
        Signal stop(executor);
        TaskGroup tasks(executor, [&](const std::string&, std::exception_ptr error) {
            failed = error;
            stop.notify();
        });
        tasks.spawn("links", links_.serve(sink));
        tasks.spawn("door", door_->serve(sink));
        try {
            while (!failed) co_await stop.wait(std::chrono::hours(1));
        } catch (const boost::system::system_error&) {
        }
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
        tasks.stop();
        co_await tasks.join();
        if (failed) std::rethrow_exception(failed);
    }

    const Clock& clock_;
    References references_;
    Abilities abilities_;
    std::string description_;
    decltype(Speech::frames) frames_;
    Channel links_;
    std::unique_ptr<Listener> door_{};
};

}  // namespace

Abilities abilities_of(const LinkSettings& settings, bool receipts, std::function<int(const std::string&)> parts_of) {
    Abilities abilities;
    abilities.extension = settings.extension_digits > 0;
    abilities.receipts = receipts;
    abilities.late_responses = true;
    abilities.parts_of = std::move(parts_of);
    return abilities;
}

std::unique_ptr<Provider> make_carrier(World& world, Speech speech) { return std::make_unique<Carrier>(world, std::move(speech)); }

}  // namespace pingjing::link
