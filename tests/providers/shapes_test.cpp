// What other people's SMS bridges send: each file in tests/data/shapes is a channel of provider = "http" and the request that it has to make.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <vector>

#include "daemon/core/signed_note.hpp"
#include "providers/http/document.hpp"
#include "providers/http/request.hpp"
#include "tests/providers/http_channel.hpp"
#include "tests/support/source.hpp"

using namespace pingjing;
namespace gh = pingjing::generic_http;

namespace {

struct Shape {
    std::string configuration{}, method{}, url{}, body{};
    std::vector<std::string> headers{};
};

// TOML, "---", METHOD URL, headers, an empty line, the body.
Shape read_shape(const std::filesystem::path& path) {
    std::ifstream rest(path);
    Shape shape;
    for (std::string line; std::getline(rest, line) && line != "---";) shape.configuration += line + "\n";
    rest >> shape.method >> shape.url >> std::ws;
    for (std::string line; std::getline(rest, line) && !line.empty();)
        shape.headers.push_back(line);
    std::getline(rest, shape.body);
    return shape;
}

using Parameters = std::multimap<std::string, std::string>;
Parameters parameters(const std::string& text) {
    Parameters out;
    for (auto& one : gh::decode_parameters(text)) out.insert(std::move(one));
    return out;
}
std::string behind(const std::string& url) { return url.find('?') == url.npos ? "" : url.substr(url.find('?') + 1); }

}  // namespace

TEST_CASE("24 of the 25 request shapes of other people's bridges need no C++") {
    const auto now = from_millis(1'795'343'924'000);
    const provider::Submission submission("rs0001", *Phone::mobile("13800138000"), Text("请评价 1-5 & ok"), "", std::chrono::hours(2));
    int shapes = 0;
    for (const auto& file : std::filesystem::directory_iterator(test::source_root / "tests/data/shapes")) {
        if (file.path().extension() != ".txt") continue;
        CAPTURE(file.path().stem().string());
        ++shapes;
        auto shape = read_shape(file.path());
        auto request = gh::build_request(test::plain_channel().site(shape.configuration), submission, now);
        REQUIRE(request);
        CHECK(request->method == shape.method);
        CHECK(request->url.substr(0, request->url.find('?')) == shape.url.substr(0, shape.url.find('?')));
        CHECK(parameters(behind(request->url)) == parameters(behind(shape.url)));
        if (!request->user_password.empty()) request->headers.push_back("Authorization: Basic " + to_base64(request->user_password));
        std::ranges::sort(shape.headers);
        std::ranges::sort(request->headers);
        CHECK(request->headers == shape.headers);
        if (shape.body.starts_with('{')) CHECK(**gh::read_json(request->body) == **gh::read_json(shape.body));
        else CHECK(parameters(request->body) == parameters(shape.body));
    }
    CHECK(shapes == 24);  // the one that is missing signs the request that it makes, by the vendor's own clock
}

TEST_CASE("a token that is the name of a user is not shown either") {
    auto settings = test::plain_channel().site(read_shape(test::source_root / "tests/data/shapes/gatewayapi.txt").configuration);
    std::string all;
    for (const auto& line : gh::sample_request(settings, from_millis(1'795'343'924'000))) all += line + "\n";
    CHECK(all.find("Authorization: Basic of") != all.npos);
    CHECK(all.find("TOKEN") == all.npos);
}
