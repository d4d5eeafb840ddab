#include "daemon/admin/ledger_api.hpp"

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>

#include "daemon/store/sqlite.hpp"
#include "tests/support/run.hpp"
#include "tests/support/temp_folder.hpp"

using namespace pingjing;

TEST_CASE("a verification over its route ends when the daemon is told to stop, though it is in the middle of a step that has no end") {
    test::TempFolder folder;
    asio::io_context io;
    auto seal = store::Seal::from_seed(1);
    VirtualClock clock(*parse_rfc3339("2026-11-21T09:00:00+08:00"));
    auto store = std::move(*store::Store::open(folder.path().string(), store::Store::Runner::inline_io));
    {
        store::Connection db(store->path());
        db.exec("PRAGMA foreign_keys=OFF; DROP TABLE canaries; "
                "CREATE VIEW canaries AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT -x AS message_id, 'none' AS channel, 0 AS answered_by FROM n");
    }
    store::ReadThread reader(store->path());
    http::Router router;
    int asked = 0;
    admin::LedgerParts parts{store::read_on(reader), *store, seal, clock, {}, [&] { return ++asked > 20; }};  // by then the ledger is done
    admin::add_ledger_routes(router, parts);
    http::Request request;
    request.method = "POST", request.path = request.target = "/control/verify", request.trusted = true;
    auto response = test::run(io, router.handle(std::move(request)), std::chrono::seconds(60));
    CHECK(response.status == 503);
    CHECK(response.body.find("told to stop") != std::string::npos);
}
