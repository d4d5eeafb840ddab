#include "daemon/console/exports.hpp"

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>
#include <fstream>

#include "daemon/console/site_api.hpp"
#include "daemon/store/store.hpp"
#include "tests/support/run.hpp"
#include "tests/support/temp_folder.hpp"

using namespace pingjing;

namespace {

struct Shelf {
    test::TempFolder temp{};
    boost::asio::io_context io{};
    std::unique_ptr<store::Store> store = std::move(*store::Store::open("", store::Store::Runner::inline_io));
    http::Router router{};
    std::vector<std::string> guarded_by{};

    Shelf() {
        put("2026-11-20/v1/units.csv", "unit,n\n");
        put("2026-11-20/v2/units.csv", "unit,n,rate\n");
        put("2026-11-20/v2/manifest.json", "{}");
        put("2026-11-21/v1/report.html", "<script>");
        put("2026-11-21/v1/.hidden.csv", "x");
        put("2026-11-21/latest", "v1");
        put("secret.csv", "x");
        std::filesystem::create_symlink(folder() / "secret.csv", folder() / "2026-11-21/v1/linked.csv");
        http::Guard guard = [this](std::string scopes, http::Handler handler) {
            guarded_by.push_back(scopes);
            return handler;
        };
        console::add_export_routes(router, guard, {store::read_on(*store), [this] { return folder(); }});
        console::add_settings_route(router, guard, [] { return console::SettingsShown{"[service]\nsign = \"XX公安\"\n", "abc", {"pingjing.toml:3: \"odd\""}, {{"survey", 66, 1, "【XX公安】…"}}, {{"main", "SMPP 3.4", {"50 parts a second"}}}}; });
    }
    std::filesystem::path folder() const { return temp.path() / "exports"; }
    void put(const std::string& name, const std::string& text) {
        std::filesystem::create_directories((folder() / name).parent_path());
        std::ofstream(folder() / name) << text;
    }
    http::Response get(std::string path, std::vector<std::string> scopes = {"report"}) {
        http::Request request;
        request.asker.scopes = std::move(scopes);
        request.method = "GET";
        request.target = path;
        request.path = std::move(path);
        return test::run(io, router.handle(std::move(request)));
    }
};

}  // namespace

TEST_CASE("the nightly files are listed, the newest day first, and handed out as files") {
    Shelf shelf;
    CHECK(shelf.get("/console/exports").body ==
          R"({"exports":[{"day":"2026-11-21","version":"v1","files":["linked.csv","report.html"]},{"day":"2026-11-20","version":"v1","files":["units.csv"]},)"
          R"({"day":"2026-11-20","version":"v2","files":["manifest.json","units.csv"]}]})");
    auto file = shelf.get("/console/exports/2026-11-20/v2/units.csv");
    CHECK(file.status == 200);
    CHECK(file.body == "unit,n,rate\n");
    CHECK(file.content_type.starts_with("text/csv"));
    // A page that somebody put there does not run as one of ours.
    CHECK(shelf.get("/console/exports/2026-11-21/v1/report.html").content_type == "application/octet-stream");
    CHECK(shelf.guarded_by == std::vector<std::string>{"report", "report", "admin"});
}

TEST_CASE("what is for inspection alone is neither listed nor handed out to others") {
    Shelf shelf;
    for (const char* name : {"signals.csv", "funnel.html", "funnel-window.xlsx", "officers-window.csv"}) shelf.put(std::string("2026-11-22/v1/") + name, "x");
    auto listed = [&](std::vector<std::string> scopes) {
        auto body = shelf.get("/console/exports", std::move(scopes)).body;
        return body.substr(0, body.find("2026-11-21"));
    };
    CHECK(listed({"report"}) == R"({"exports":[{"day":"2026-11-22","version":"v1","files":["officers-window.csv"]},{"day":")");
    CHECK(listed({"report", "inspect"}).find(R"(["funnel-window.xlsx","funnel.html","officers-window.csv","signals.csv"])") != std::string::npos);
    for (const char* name : {"signals.csv", "funnel.html", "funnel-window.xlsx"}) {
        auto path = std::string("/console/exports/2026-11-22/v1/") + name;
        CHECK(shelf.get(path).status == 403);
        CHECK(shelf.get(path, {"report", "inspect"}).status == 200);
    }
    CHECK(shelf.get("/console/exports/2026-11-22/v1/officers-window.csv").status == 200);
}

TEST_CASE("nothing else of the disk is handed out") {
    Shelf shelf;
    for (const char* path : {"/console/exports/2026-11-21/v1/linked.csv", "/console/exports/2026-11-21/v1/.hidden.csv", "/console/exports/2026-11-21/v1/%2e%2e%2f%2e%2e%2fsecret.csv",
                             "/console/exports/2026-11-21/%2e%2e/secret.csv", "/console/exports/../secret.csv", "/console/exports/2026-11-21/v1/nothing.csv", "/console/exports/2026-11-21/v1/latest"})
        CHECK(shelf.get(path).status == 404);
}

TEST_CASE("what is in force is shown as it was read, with what check says of it") {
    Shelf shelf;
    CHECK(shelf.get("/console/settings").body == R"({"text":"[service]\nsign = \"XX公安\"\n","sha256":"abc","warnings":["pingjing.toml:3: \"odd\""],)"
          R"("texts":[{"name":"survey","units":66,"parts":1,"whole":"【XX公安】…"}],"channels":[{"name":"main","what":"SMPP 3.4","lines":["50 parts a second"]}]})");
}
