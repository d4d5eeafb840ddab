// /healthz: the process answers. /readyz: it can take work, or what holds it back. /metrics: for Prometheus.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "daemon/admin/access.hpp"

namespace pingjing::admin {

struct Health {
    std::function<std::vector<std::string>()> not_ready{};  // reasons; empty: ready
    std::function<std::vector<std::string>()> notes{};      // what one should know though it holds nothing back: "test clock"
};
void add_health_routes(http::Router& router, Access& access, Health health);

}  // namespace pingjing::admin
