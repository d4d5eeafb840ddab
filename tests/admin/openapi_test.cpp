#include "daemon/admin/openapi.hpp"

#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <stdexcept>

namespace pingjing::admin {
namespace {

namespace json = boost::json;

std::vector<const http::Operation*> all_of_them() {
    std::vector<const http::Operation*> out;
    for (const auto& one : http::operations()) out.push_back(&one);
    return out;
}

TEST_CASE("every name in the table of operations is described beside it") {
    auto document = json::parse(openapi_document(all_of_them()));
    CHECK(document.at("openapi").as_string() == "3.1.0");
    std::size_t described = 0;
    for (const auto& path : document.at("paths").as_object()) described += path.value().as_object().size();
    CHECK(described == http::operations().size());
}

TEST_CASE("an operation says who may, what it takes and what it refuses") {
    std::vector<const http::Operation*> three;
    for (const char* path : {"/v1/desk/{alarm_id}", "/healthz", "/v1/reports/units"}) three.push_back(&http::operation("GET", path));
    auto document = json::parse(openapi_document(three));
    const auto& show = document.at("paths").at("/v1/desk/{alarm_id}").at("get");
    CHECK(json::serialize(show.at("security")) ==
          R"([{"token":["desk"]},{"token":["inspect"]},{"session":["desk"]},{"session":["inspect"]}])");
    CHECK(show.at("parameters").at(0).at("name").as_string() == "alarm_id");
    for (const char* status : {"200", "401", "403", "404", "503", "default"}) CHECK(show.at("responses").as_object().contains(status));
    CHECK(document.at("paths").at("/healthz").at("get").at("security").at(0).as_object().empty());
    const auto& units = document.at("paths").at("/v1/reports/units").at("get");
    CHECK(json::serialize(units.at("x-scopes-when-raw")) == R"(["inspect"])");
}

TEST_CASE("a name that nothing describes is our own mistake") {
    http::Operation wrong{"GET", "/x", http::Door::open, "", "x", "x", "", "", "Nowhere", ""};
    CHECK_THROWS_AS(openapi_document({&wrong}), std::logic_error);
}

}  // namespace
}  // namespace pingjing::admin
