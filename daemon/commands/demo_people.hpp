// The people of the demonstration who do what no program does: take emergencies, decide replies, call those who were not satisfied and see
// to it that something is put right, read letters. And those who write such letters though nobody asked them. By the same rules as everybody; what the last hours brought is left for whoever looks.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <string>

#include "daemon/core/clock.hpp"
#include "daemon/core/random.hpp"
#include "daemon/followup/steps.hpp"
#include "daemon/store/letters.hpp"
#include "daemon/store/reviews.hpp"
#include "daemon/store/seal.hpp"
#include "daemon/store/store.hpp"
#include "providers/provider.hpp"

namespace pingjing::commands {

struct DemoPeopleParts {
    store::Store& store;
    const store::Seal& seal;
    const Clock& clock;
    followup::Rules followups{};
    store::ReviewRules reviews{};
    store::LetterRules letters{};
    Instant until{};  // later nobody works
};

class DemoPeople {
public:
    // Their tokens are made here, so that they are somebody. What `parts` refers to outlives them.
    DemoPeople(DemoPeopleParts parts, Random& random);
    boost::asio::awaitable<void> work();  // looks every few minutes, for ever
    // Texts of strangers, a few a day, as that channel would bring them, for ever. `inbox` outlives it.
    boost::asio::awaitable<void> write(provider::Sink& inbox, std::string channel);

private:
    struct Round;  // one look at what waits

    DemoPeopleParts parts_;
    SeededRandom random_;  // of their own: the city's day is the same with and without them
    SeededRandom writers_;
    std::string at_desk_, first_, second_;
};

}  // namespace pingjing::commands
