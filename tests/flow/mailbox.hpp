// A world with the doors that people work at: letters, reviews, the desk, follow-ups.
#pragma once
#include <boost/json.hpp>

#include "daemon/admin/verify.hpp"
#include "daemon/desk/api.hpp"
#include "daemon/followup/appeals_api.hpp"
#include "daemon/followup/letters_api.hpp"
#include "daemon/followup/review_api.hpp"
#include "daemon/followup/work.hpp"
#include "daemon/notices/api.hpp"
#include "daemon/site_rules.hpp"
#include "tests/flow/world.hpp"

namespace pingjing::test {

// Whatever the test did, the books hold at its end and the ledger knows every row.
struct Mailbox : World {
    explicit Mailbox(const std::string& start, Site site = {}) : World(start, std::move(site)) {
        http::Guard open = [](std::string, http::Handler handler) { return handler; };
        auto wake = [this] { gateway().dispatcher().wake(); };
        followup::add_letter_routes(router, open, {*store, seal, clock, random, [this] { return letter_rules(settings()); }, wake, {}});
        followup::add_review_routes(router, open, {*store, seal, clock, [this] { return review_rules(settings()); }, [this] { gateway().answers().wake(); }});
        notices::add_notice_routes(router, open, {*store, seal, clock, random, [this] { return notice_rules(settings()); }, wake});
        desk::add_desk_routes(router, open, {*store, seal, clock, {}});
        followup::Parts parts{*store, seal, clock, random, [this] { return std::make_shared<const followup::Rules>(followup_rules(settings())); }, wake};
        followup::add_work_routes(router, open, parts);
        followup::add_appeal_routes(router, open, parts);
    }
    ~Mailbox() { holds(); }
    void holds() {
        CHECK(books_balance());
        store->run_now([](store::Connection& db) {
            for (const auto& failure : admin::verify(db).failures) FAIL_CHECK(failure.check << ": " << failure.detail);
        });
    }
    http::Response ask(const std::string& method, const std::string& target, const std::string& body = "", const std::string& name = "王督察",
                       const std::string& token = "9", const std::string& badge = "", const std::string& unit = "", const std::vector<std::string>& scopes = {"inspect", "desk"}) {
        http::Request request;
        request.method = method, request.target = target, request.path = target.substr(0, target.find('?')), request.body = body;
        auto question = target.find('?');
        request.parameters = http::parse_query(question == std::string::npos ? "" : target.substr(question + 1));
        request.asker = {token + "/" + name, name, unit, badge, scopes};
        request.headers = {{"x-pingjing-who", token + "/" + name}};
        std::optional<http::Response> response;
        run_for([&]() -> asio::awaitable<void> { response = co_await router.handle(request); });
        return *response;
    }
    boost::json::value json_of(const std::string& target) { return boost::json::parse(ask("GET", target).body); }
    boost::json::array letters(const std::string& state = "open") { return json_of("/v1/letters?state=" + state).at("letters").as_array(); }
    http::Response answer(const std::string& id, const std::string& words) {
        auto response = ask("POST", "/v1/letters/" + id + "/answer", boost::json::serialize(boost::json::object{{"words", words}}));
        pass(std::chrono::seconds(3));
        return response;
    }

    http::Router router{};
};

}  // namespace pingjing::test
