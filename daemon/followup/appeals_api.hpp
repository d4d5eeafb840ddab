// 民警申诉 over HTTP. An officer or a unit: POST /v1/appeals {"case_id","ground","note"} and GET /v1/appeals?state=open|all, where their own
// stand as open, upheld, not upheld or withdrawn and nothing else: an appeal about a call that nobody rated looks like any other. POST
// /v1/appeals/{id}/withdraw {"note"} takes one's own back until it is decided. 督察: the same list
// and GET /v1/appeals/{id} with what was rated and said, POST /v1/appeals/{id}/{propose|confirm|return} {"outcome","note"}.
#pragma once
#include "daemon/followup/work.hpp"

namespace pingjing::followup {

// All of them outlive the routes.
void add_appeal_routes(http::Router& router, const http::Guard& guard, Parts parts);

}  // namespace pingjing::followup
