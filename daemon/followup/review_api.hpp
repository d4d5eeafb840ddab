// GET /v1/review?kind=, GET /v1/review/{id}: replies and changes that a person has to decide; these show the text, so each look is recorded
// with who looked. POST /v1/review/{id} {"decision","grade"?,"case_id"?,"note"?}: what he decides.
#pragma once
#include <functional>

#include "daemon/http/router.hpp"
#include "daemon/store/reviews.hpp"
#include "daemon/store/seal.hpp"
#include "daemon/store/store.hpp"

namespace pingjing::followup {

// All of them outlive the router.
struct ReviewParts {
    store::Store& store;
    const store::Seal& seal;
    const Clock& clock;
    std::function<store::ReviewRules()> rules;  // those in force
    std::function<void()> texts{};              // a text is to be read again
};
void add_review_routes(http::Router& router, const http::Guard& guard, ReviewParts parts);

}  // namespace pingjing::followup
