// 网上信箱 over HTTP: GET /v1/letters?state=open|all, GET /v1/letters/{id}, and what a person does about one: POST /v1/letters/{id}/answer {"words"},
// /close {"words"?}, /alarm (somebody is in danger after all: to the desk), /reveal {"reason"} (the number). By name; every look is recorded.
#pragma once
#include <functional>

#include "daemon/core/random.hpp"
#include "daemon/http/router.hpp"
#include "daemon/store/letters.hpp"
#include "daemon/store/seal.hpp"
#include "daemon/store/store.hpp"

namespace pingjing::followup {

// All of them outlive the router.
struct LetterParts {
    store::Store& store;
    const store::Seal& seal;
    const Clock& clock;
    Random& random;
    std::function<store::LetterRules()> rules;  // those in force
    std::function<void()> planned{};            // a text is due
    std::function<void()> alarms{};             // a row of `alarms` was committed
};
void add_letter_routes(http::Router& router, const http::Guard& guard, LetterParts parts);

// What is wrong with an answer's words, or nothing: they go out by SMS under our sign.
std::string wrong_words(std::string_view words);

}  // namespace pingjing::followup
