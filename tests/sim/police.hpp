// The 110 system: sends each batch until it was answered, forgets what it has sent, and now and then sends three days again.
#pragma once
#include "tests/sim/life.hpp"

namespace pingjing::sim {

asio::awaitable<void> feed(City& city, Life& life);
asio::awaitable<void> push_three_days_again(City& city);  // once a story

}  // namespace pingjing::sim
