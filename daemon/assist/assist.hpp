// A second opinion by an outside program on texts without a code that reading left open. Advice for the person who decides: no score,
// no answer and no limit ever comes of it, and where the program fails everything is as without it.
#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/async/timer.hpp"
#include "daemon/core/clock.hpp"
#include "daemon/core/rating.hpp"
#include "daemon/store/seal.hpp"
#include "daemon/store/store.hpp"
#include "daemon/store/suggestions.hpp"

namespace pingjing::assist {

struct Rules {
    std::vector<std::string> command{};
    Millis timeout{5'000};
    Scale scale = Scale::three_110;
};

std::string question(std::string_view text, Scale scale);
// satisfied, basically_satisfied, dissatisfied or none; nullopt: it says nothing that we asked for.
std::optional<std::string> read_suggestion(std::string_view answer);

class Assist {
public:
    Assist(store::Store& store, const store::Seal& seal, const Clock& clock, Rules rules, Steady look_every = std::chrono::seconds(1))
        : store_(store), seal_(seal), clock_(clock), rules_(std::move(rules)), look_every_(look_every) {}

    asio::awaitable<void> run();  // until it is cancelled
    asio::awaitable<int> step();  // asks about what there is; how many suggestions were kept

private:
    asio::awaitable<std::optional<std::string>> ask(std::int64_t inbound_id, std::string text);
    store::Store& store_;
    const store::Seal& seal_;
    const Clock& clock_;
    Rules rules_;
    Steady look_every_;
    std::optional<std::int64_t> asked_up_to_{};  // each text is asked about once; nothing of it need outlive us
};

}  // namespace pingjing::assist
