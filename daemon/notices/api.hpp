// 平安短信 over HTTP, scope `admin`, by name: POST /v1/notices {"name","text","reason","phones":[{"phone","consented_on"}]}, GET /v1/notices,
// GET /v1/notices/{name}?after= (its numbers, masked, a page at a time), POST /v1/notices/{name}/stop {"reason"}.
#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "daemon/core/random.hpp"
#include "daemon/http/router.hpp"
#include "daemon/store/notices.hpp"
#include "daemon/store/seal.hpp"
#include "daemon/store/store.hpp"

namespace pingjing::notices {

struct NoticeRules {
    std::set<std::string> texts{};   // the names of those that may be sent
    std::size_t most = 5000;         // numbers in one request
    std::string zone = "Asia/Shanghai";
    store::NoticeRules store{};
};

// All of them outlive the router.
struct NoticeParts {
    store::Store& store;
    const store::Seal& seal;
    const Clock& clock;
    Random& random;
    std::function<NoticeRules()> rules;  // those in force
    std::function<void()> planned{};     // texts are due
};
void add_notice_routes(http::Router& router, const http::Guard& guard, NoticeParts parts);

}  // namespace pingjing::notices
