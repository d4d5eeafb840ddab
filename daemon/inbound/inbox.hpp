// Where everything carriers say arrives, by callback or over a link: kept in one commit, then answered, then worked on.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/async/signal.hpp"
#include "daemon/core/random.hpp"
#include "daemon/inbound/cries.hpp"
#include "daemon/store/inbox.hpp"
#include "daemon/store/seal.hpp"
#include "daemon/store/store.hpp"
#include "providers/provider.hpp"

namespace pingjing::inbound {

provider::Callback as_callback(const store::HookCall& call);
// What a provider reads in it: at most a thousand items, and whatever its mapping stumbles over is one that it cannot read.
Result<provider::CallbackRead> read_callback(const provider::Provider& provider, const provider::Callback& callback);

// Cries for help in callbacks that nobody can read. `read` null: they are not looked for.
struct Lookout {
    ReadDanger read{};
    std::function<std::shared_ptr<const OwnWords>()> own{};  // the texts that may come back
    Random* random = nullptr;                                // for an alarm's id; with `read` it is there
    std::function<void()> alarms{};                          // a row of `alarms` was committed
    std::function<void(const store::Cry&)> unkept{};         // the store is broken: nobody else will hear it
};

// What other stages want to know; hints, nothing is lost without them.
struct Hints {
    std::function<void(const std::string& channel)> alive{};                          // it spoke
    std::function<void()> texts{};                                                     // there are texts to read
    std::function<std::unique_ptr<store::ReadTexts>()> read{};                         // for the texts of a delivery, before it is kept
    // Nobody reads it in its turn: the store is broken, or it is a piece and the others are not there yet. Is it an emergency?
    std::function<void(const std::string& channel, const provider::InboundText&)> unkept{};
    std::function<asio::awaitable<void>(std::string channel, std::string ref, provider::Outcome)> late{};  // a response after we had given up
    Lookout lookout{};
};

// What came of reading again what was in quarantine: how many callbacks left it, because all of them was read or the mapping says that such are
// of no concern, and of how many more another part was read.
struct Reread { int callbacks = 0, read = 0, ignored = 0, in_part = 0, receipts = 0, texts = 0, repeated = 0; bool more = false; };
using ReadAgain = std::function<Result<provider::CallbackRead>(const std::string& channel, const provider::Callback&)>;

class Inbox final : public provider::Sink {
public:
    Inbox(asio::any_io_executor executor, store::Store& store, const store::Seal& seal, const Clock& clock, Hints hints,
          Steady look_every = std::chrono::seconds(60))
        : store_(store), seal_(seal), clock_(clock), hints_(std::move(hints)), look_every_(look_every), receipts_(executor) {}

    // Returns when it is durable; throws when it is not.
    asio::awaitable<void> take(std::string channel, std::vector<provider::Inbound> inbound) override;
    asio::awaitable<void> late(std::string channel, std::string ref, provider::Outcome outcome) override;
    asio::awaitable<void> take_callback(std::string channel, provider::Callback callback, const provider::Provider& reads) override;
    // Of whichever way it came. False: nobody can read it, and it is kept for a person. Where the store is broken, whoever is in danger in it
    // is heard before it throws.
    asio::awaitable<bool> take_call(std::string channel, store::HookCall call, const provider::Provider& reads);
    // What could not be read of it is kept for a person in the same commit.
    asio::awaitable<void> take_body(std::string channel, store::HookCall call, provider::CallbackRead read);
    // Kept for a person; a cry for help in it is an alarm of the same commit.
    asio::awaitable<void> quarantine(std::string channel, store::HookCall call, std::string why);
    // What is in quarantine of this channel, or of all, as if it had come now: up to a thousand that can be read, the oldest first. What was
    // read whole leaves it; what nobody can read keeps nothing behind it from being read.
    asio::awaitable<Reread> reread(std::optional<std::string> channel, ReadAgain read);

    // The store could not keep these: whoever is in danger must be heard all the same.
    void hear_unkept(const std::string& channel, const std::vector<provider::Inbound>& inbound) const;
    void hear_unkept(const std::string& channel, const store::HookCall& call, const provider::CallbackRead& read) const;
    void hear_unkept(const std::string& channel, const store::HookCall& unread) const;

    // The receipts step, until it is cancelled.
    asio::awaitable<void> settle_receipts();
    void wake() { receipts_.notify(); }

private:
    asio::awaitable<std::unique_ptr<store::ReadTexts>> read_before(const std::vector<store::NewText>& texts) const;
    // What nobody could read of a callback, and who cries in it.
    struct Rest { std::string why{}; std::vector<store::Cry> cries{}; };
    // What is kept with its texts and receipts: nothing, a callback that came, or one that was kept before they could be read.
    struct Came {
        std::optional<store::HookCall> call{};
        std::optional<Rest> rest{};                      // of that call
        bool refused = false;                            // it is not what this carrier says
        std::optional<std::int64_t> kept{};
        store::QuarantinedCall before{};  // that one, with the places of the texts that were taken of it
        bool in_part = false;             // some of it is still unread
    };
    // overtaken: somebody else has read of that callback since it was found, and nothing was kept.
    struct Count { int receipts = 0, texts = 0, repeated = 0, waiting = 0; bool overtaken = false; };
    asio::awaitable<Count> keep(std::string channel, std::shared_ptr<const Came> came, provider::CallbackRead read);
    // nullopt: the store refuses it, which is said; it stays in quarantine, and those behind it are read.
    asio::awaitable<std::optional<Count>> keep_again(std::string channel, std::shared_ptr<const Came> came, provider::CallbackRead read);
    // Inside a transaction. False: it is a repetition of one that waits.
    bool keep_rest(store::Connection& db, const std::string& channel, const Came& came, const store::TakenInPart* in_part, Instant now) const;
    void tell_of_rest(const std::string& channel, const Rest& rest) const;
    // nullopt: all of it was read, or is of no concern.
    std::optional<Rest> rest_of(const std::string& channel, const store::HookCall& call, const provider::CallbackRead& read) const;

    store::Store& store_;
    const store::Seal& seal_;
    const Clock& clock_;
    Hints hints_;
    Steady look_every_;
    Signal receipts_;
};

}  // namespace pingjing::inbound
