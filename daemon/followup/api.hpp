// GET /v1/followups?state=open|all: who is owed an answer, the most pressing first; of those that had it the newest.
// To a unit its work orders, without a word of who complained. Each look is recorded.
#pragma once
#include "daemon/http/router.hpp"
#include "daemon/store/read_thread.hpp"
#include "daemon/store/seal.hpp"
#include "daemon/store/store.hpp"

namespace pingjing::followup {

// All of them outlive the router. `read`: where to look; none: the store itself.
void add_followup_routes(http::Router& router, const http::Guard& guard, store::Store& store, const store::Seal& seal, const Clock& clock, store::Reader read = {});

}  // namespace pingjing::followup
