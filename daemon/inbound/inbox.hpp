// Where everything carriers say arrives, by callback or over a link: kept in one commit, then answered, then worked on.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/async/signal.hpp"
#include "daemon/store/inbox.hpp"
#include "daemon/store/seal.hpp"
#include "daemon/store/store.hpp"
#include "providers/provider.hpp"

namespace pingjing::inbound {

// What other stages want to know; hints, nothing is lost without them.
struct Hints {
    std::function<void(const std::string& channel)> alive{};                          // it spoke
    std::function<void()> texts{};                                                     // there are texts to read
    std::function<std::unique_ptr<store::ReadTexts>(const std::vector<store::NewText>&)> read{};  // of a delivery, before it is kept
    // Nobody reads it in its turn: the store is broken, or it is a piece and the others are not there yet. Is it an emergency?
    std::function<void(const std::string& channel, const provider::InboundText&)> unkept{};
    std::function<asio::awaitable<void>(std::string channel, std::string ref, provider::Outcome)> late{};  // a response after we had given up
};

class Inbox final : public provider::Sink {
public:
    Inbox(asio::any_io_executor executor, store::Store& store, const store::Seal& seal, const Clock& clock, Hints hints,
          Steady look_every = std::chrono::seconds(60))
        : store_(store), seal_(seal), clock_(clock), hints_(std::move(hints)), look_every_(look_every), receipts_(executor) {}

    // Returns when it is durable; throws when it is not.
    asio::awaitable<void> take(std::string channel, std::vector<provider::Inbound> inbound) override;
    asio::awaitable<void> late(std::string channel, std::string ref, provider::Outcome outcome) override;
    asio::awaitable<void> take_body(std::string channel, std::string body, std::vector<provider::Inbound> inbound);
    asio::awaitable<void> quarantine(std::string channel, std::string body, std::string why);

    // The store could not keep these: whoever is in danger must be heard all the same.
    void hear_unkept(const std::string& channel, const std::vector<provider::Inbound>& inbound) const;

    // The receipts step, until it is cancelled.
    asio::awaitable<void> settle_receipts();
    void wake() { receipts_.notify(); }

private:
    std::unique_ptr<store::ReadTexts> read_before(const std::vector<store::NewText>& texts) const;
    asio::awaitable<void> keep(std::string channel, std::optional<std::string> body, std::vector<provider::Inbound> inbound);

    store::Store& store_;
    const store::Seal& seal_;
    const Clock& clock_;
    Hints hints_;
    Steady look_every_;
    Signal receipts_;
};

}  // namespace pingjing::inbound
