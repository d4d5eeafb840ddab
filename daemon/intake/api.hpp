// POST /v1/calls: the 110 system's way in. Every row is answered after it is on disk, a bad row never fails its neighbours.
#pragma once
#include <functional>
#include <memory>

#include "daemon/http/router.hpp"
#include "daemon/intake/intake.hpp"

namespace pingjing::intake {

// The configuration as intake wants it. A reload makes a new one; requests that run keep the one they began with.
struct IntakeRules {
    RecordRules records{};  // its `now` is set for each document
    eligibility::SiteRules site{};
};
using RulesNow = std::function<std::shared_ptr<const IntakeRules>()>;

// `arrived` is told after rows were committed: there may be something to send. All of them outlive the router. The control
// socket may also say X-First-Line (a piece of a longer file), and POST /control/dry-run: documents decided, answered, and taken back.
void add_calls_route(http::Router& router, const http::Guard& guard, Intake& intake, RulesNow rules, const Clock& clock,
                     std::function<void()> arrived = {});

}  // namespace pingjing::intake
