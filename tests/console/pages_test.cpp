#include "daemon/console/pages.hpp"

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>
#include <regex>
#include <set>

#include "daemon/store/reviews.hpp"
#include "tests/support/run.hpp"

using namespace pingjing;

namespace {

struct Pages {
    boost::asio::io_context io{};
    http::Router router{};
    Pages() { console::add_page_routes(router); }
    http::Response get(std::string path, std::string tag = "") {
        http::Request request;
        request.method = "GET";
        request.target = path;
        request.path = std::move(path);
        if (!tag.empty()) request.headers.emplace_back("If-None-Match", std::move(tag));
        return test::run(io, router.handle(std::move(request)));
    }
};

std::string header_of(const http::Response& response, const std::string& name) {
    for (const auto& [key, value] : response.headers)
        if (key == name) return value;
    return "";
}

// What a browser reads for this file: what stands in it as ours, but for views that are read when somebody goes there.
void follow(Pages& pages, const std::string& path, std::set<std::string>& read) {
    if (!read.insert(path).second) return;
    auto file = pages.get(path);
    CAPTURE(path);
    REQUIRE(file.status == 200);
    static const std::regex ours(R"re((?:from |src=|href=)"(/console/[a-z.]+)")re");
    for (std::sregex_iterator at(file.body.begin(), file.body.end(), ours), end; at != end; ++at) follow(pages, (*at)[1], read);
}

}  // namespace

TEST_CASE("every file of the page comes with a policy that lets no foreign script, style or frame in") {
    Pages pages;
    for (const char* path : {"/", "/console/main.js", "/console/console.css", "/console/mark.svg"}) {
        CAPTURE(path);
        auto file = pages.get(path);
        CHECK(file.status == 200);
        auto policy = header_of(file, "Content-Security-Policy");
        for (const char* part : {"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "require-trusted-types-for 'script'"})
            CHECK(policy.find(part) != std::string::npos);
        CHECK(policy.find("unsafe") == std::string::npos);
        CHECK(header_of(file, "X-Content-Type-Options") == "nosniff");
        CHECK(header_of(file, "Referrer-Policy") == "no-referrer");
    }
    CHECK(pages.get("/console/main.js").content_type.starts_with("text/javascript"));
    CHECK(pages.get("/console/index.html").status == 200);
    auto shell = pages.get("/").body;
    CHECK(shell.find("<style") == std::string::npos);
    CHECK(shell.find("style=") == std::string::npos);
    CHECK(shell.find("onclick=") == std::string::npos);
}

TEST_CASE("a file that the browser has already is not sent again") {
    Pages pages;
    auto file = pages.get("/console/main.js");
    auto tag = header_of(file, "ETag");
    REQUIRE(tag.size() == 34);
    auto again = pages.get("/console/main.js", "W/\"x\", " + tag);
    CHECK(again.status == 304);
    CHECK(again.body.empty());
    CHECK(header_of(again, "ETag") == tag);
    CHECK(pages.get("/console/main.js", "\"other\"").status == 200);
    CHECK(header_of(pages.get("/console/dom.js"), "ETag") != tag);
}

TEST_CASE("nothing but the page is served from its folder") {
    Pages pages;
    for (const char* path : {"/console/README.md", "/console/", "/console/nothing.js", "/console/../zh-CN/survey.txt", "/console/%2e%2e/zh-CN/survey.txt", "/console/survey.txt"})
        CHECK(pages.get(path).status == 404);
}

TEST_CASE("the first view is there in less than 100 KB, and each file that another one names exists") {
    Pages pages;
    std::set<std::string> first;
    follow(pages, "/", first);
    follow(pages, "/console/today.js", first);
    std::size_t bytes = 0;
    for (const auto& path : first) bytes += pages.get(path).body.size();
    CHECK(first.size() >= 8);
    CHECK(bytes < 100'000);

    auto main = pages.get("/console/main.js").body;
    std::set<std::string> views;
    static const std::regex file(R"re(file: "([a-z]+)")re");
    for (std::sregex_iterator at(main.begin(), main.end(), file), end; at != end; ++at) views.insert((*at)[1]);
    CHECK(views.size() >= 8);
    for (const auto& view : views) follow(pages, "/console/" + view + ".js", first);
}

TEST_CASE("no file of the page makes markup out of text") {
    Pages pages;
    std::set<std::string> all;
    follow(pages, "/", all);
    for (const char* view : {"today", "alarms", "followups", "review", "appeals", "letters", "figures", "case", "reports", "service"}) follow(pages, std::string("/console/") + view + ".js", all);
    for (const auto& path : all) {
        CAPTURE(path);
        auto text = pages.get(path).body;
        for (const char* sink : {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "http://cdn", "https://"}) CHECK(text.find(sink) == std::string::npos);
    }
}

TEST_CASE("whatever kind of reply waits for a person, the page has words for it and keys to decide it by") {
    Pages pages;
    auto words = pages.get("/console/words.js").body, review = pages.get("/console/review.js").body;
    REQUIRE(store::review_kinds().size() >= 7);
    for (const auto& kind : store::review_kinds()) {
        CAPTURE(kind);
        CHECK(words.find("    " + kind + ": [\"") != std::string::npos);
        CHECK(review.find("  " + kind + ": [") != std::string::npos);
    }
}
