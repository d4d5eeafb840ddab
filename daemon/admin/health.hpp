// /healthz: the process answers. /readyz: it can take work, or what holds it back. /metrics: for Prometheus.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "daemon/admin/access.hpp"

namespace pingjing::admin {

struct Readiness {
    std::vector<std::string> reasons{};  // why it cannot take work; empty: ready
    std::vector<std::string> notes{};    // what one should know though work is taken: "test clock", what is on hold
};
void add_health_routes(http::Router& router, Access& access, std::function<asio::awaitable<Readiness>()> readiness);

}  // namespace pingjing::admin
