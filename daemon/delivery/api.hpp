// GET /control/deliveries: receipts and what waits, the newest first. For trusted requests.
#pragma once
#include "daemon/http/router.hpp"
#include "daemon/store/read_thread.hpp"

namespace pingjing::delivery {

void add_delivery_route(http::Router& router, store::Reader read);

}  // namespace pingjing::delivery
