// GET /v1/desk, GET /v1/desk/{alarm_id}: emergencies with their words. POST /v1/desk/{alarm_id}/ack {"words"?}: a person has it; the first one
// stands. The number is shown where a sink has carried it to the desk already; else POST /v1/desk/{alarm_id}/reveal {"reason"} shows it, to a person by
// name; of an alarm for many cries "text" too, with the number of each. Every look is recorded with who looked; why the number was needed is
// sealed.
#pragma once
#include "daemon/http/router.hpp"
#include "daemon/store/seal.hpp"
#include "daemon/store/store.hpp"

namespace pingjing::desk {

// Which sinks take the number with them: a log does not.
struct Carries { bool main = true, escalation = true; };
// All of them outlive the router.
struct DeskParts {
    store::Store& store;
    const store::Seal& seal;
    const Clock& clock;
    Carries carries{};
};
void add_desk_routes(http::Router& router, const http::Guard& guard, DeskParts parts);

}  // namespace pingjing::desk
