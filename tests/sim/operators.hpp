// Who keeps the service: looks every few hours, lets go on what was stopped, sends again at his own risk, stops everything for an hour,
// calls off what waits, has a number forgotten; and gives it a new configuration.
#pragma once
#include "tests/sim/life.hpp"

namespace pingjing::sim {

asio::awaitable<void> operate(City& city, Life& life);
asio::awaitable<void> reload(City& city, Life& life);

}  // namespace pingjing::sim
