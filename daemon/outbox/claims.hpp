// Which messages go now: one transaction that looks at what is due, decides each again, and claims what there is room for.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "daemon/outbox/policy.hpp"
#include "daemon/store/outbox.hpp"
#include "daemon/store/seal.hpp"
#include "providers/provider.hpp"

namespace pingjing::outbox {

// A claimed message, ready for its carrier.
struct Sending {
    Sending(store::Attempt a, provider::Submission s, std::size_t c, int p) : attempt(std::move(a)), submission(std::move(s)), channel(c), parts(p) {}
    store::Attempt attempt;
    provider::Submission submission;
    std::size_t channel;  // index in Policy::channels
    int parts;
};

struct Round {
    bool more_stale = false;  // than one sweep calls off
    std::vector<Sending> claimed{};
    std::optional<Instant> next_due{};   // when the next message is due, if none is due now
    std::vector<std::string> ceilings{}; // channels that reached their daily ceiling in this round
    int unroutable = 0;                  // rows held because no route matches their number
    std::vector<std::string> refused{};  // why the store would not have a row, which is held now
};

// The words of a text on one day, filled and counted once for each channel: nearly all that goes says the same. The store's thread alone uses it.
struct Wording {
    std::string text{}, carrier_adds{};
    int parts = 0;                              // none: it cannot be sent
    std::string name{};                         // "survey", "en/survey"; empty: a person's own words
    std::map<std::string, std::string> values{};  // what stands in its placeholders
};
using Wordings = std::map<std::tuple<std::string, std::string, std::size_t>, Wording>;  // by text, local day and channel

struct ClaimInput {
    PolicyPtr policy{};
    std::shared_ptr<Wordings> wordings = std::make_shared<Wordings>();  // of that policy's texts
    std::vector<ChannelView> views{};    // a snapshot; room shrinks as messages are claimed
    Instant now{};
    bool forget_routes = false;          // they may have changed
    bool careful = false;                // the store refused something of the last round: each row alone now
    bool surveys_held = false;           // before the hold that says so could be written down
    bool sweep_stale = false;            // call off what is too old, also where nothing may be sent that would find it
    bool may_go_stale = true;            // false in the first minutes after a start: a clock may still be wrong
    std::function<void(store::Connection&, const std::string& ref, const std::string& phone_key)> announce{};  // the sent journal
};

// Runs inside a transaction. What it changed is what it says; nothing has been sent when it returns.
Round claim_round(store::Connection& db, const store::Seal& seal, ClaimInput input);

}  // namespace pingjing::outbox
