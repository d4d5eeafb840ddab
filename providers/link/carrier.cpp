#include "providers/link/carrier.hpp"

namespace pingjing::link {
namespace {

using namespace provider;

class Carrier final : public Provider {
public:
    Carrier(World& world, Speech speech)
        : clock_(world.clock), references_(world.random), abilities_(speech.abilities), description_(std::move(speech.description)), frames_(std::move(speech.frames)),
          links_(std::move(speech.channel), std::move(speech.tls), world, std::move(speech.dialect)) {}

    const Abilities& abilities() const override { return abilities_; }
    asio::awaitable<Outcome> submit(Submission submission) override {
        auto frames = frames_(submission, references_, clock_.now());
        if (!frames) co_return Permanent{Permanent::content, frames.error().detail};
        co_return co_await links_.submit(std::move(submission.ref), std::move(*frames));
    }
    asio::awaitable<void> serve(Sink& sink) override { co_await links_.serve(sink); }
    std::optional<int> room() const override { return links_.room(); }
    std::string describe() const override { return description_; }

private:
    const Clock& clock_;
    References references_;
    Abilities abilities_;
    std::string description_;
    decltype(Speech::frames) frames_;
    Channel links_;
};

}  // namespace

Abilities abilities_of(const LinkSettings& settings, bool receipts) {
    Abilities abilities;
    abilities.extension = settings.extension_digits > 0;
    abilities.receipts = receipts;
    abilities.late_responses = true;
    return abilities;
}

std::unique_ptr<Provider> make_carrier(World& world, Speech speech) { return std::make_unique<Carrier>(world, std::move(speech)); }

}  // namespace pingjing::link
