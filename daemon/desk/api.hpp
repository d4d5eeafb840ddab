// GET /v1/desk: emergencies with number and text, because a desk must call back; every look is recorded with who looked.
// POST /v1/desk/{alarm_id}/ack: a person has it; the first one stands.
#pragma once
#include <functional>

#include "daemon/http/router.hpp"
#include "daemon/store/seal.hpp"
#include "daemon/store/store.hpp"

namespace pingjing::desk {

// All of them outlive the router.
void add_desk_routes(http::Router& router, const http::Guard& guard, store::Store& store, const store::Seal& seal, const Clock& clock);

}  // namespace pingjing::desk
