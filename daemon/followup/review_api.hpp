// GET /v1/review: replies and changes that a person has to decide; these show the text, so each look is recorded with who looked.
#pragma once
#include "daemon/http/router.hpp"
#include "daemon/store/seal.hpp"
#include "daemon/store/store.hpp"

namespace pingjing::followup {

// All of them outlive the router.
void add_review_routes(http::Router& router, const http::Guard& guard, store::Store& store, const store::Seal& seal, const Clock& clock);

}  // namespace pingjing::followup
