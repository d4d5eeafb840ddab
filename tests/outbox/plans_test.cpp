#include "tests/flow/world.hpp"
#include "tests/support/prepared.hpp"

using namespace pingjing;
using namespace std::chrono_literals;

// What the daemon really prepared while it lived through all of it; nothing it does every day may read a table from end to end.
TEST_CASE("no hot statement reads a whole table") {
    test::World w("2026-11-21T09:00:00+08:00");
    const std::string zhang = "13812345678", li = "13912345678";
    w.call("A1", zhang, "0101", R"(,"version":1)");
    w.call("A2", li);
    w.call("A1", zhang, "0101", R"(,"version":2)", "reopened");
    w.call("A1", zhang, "0101", R"(,"version":3)");
    w.call("A3", zhang);
    w.pass(3h);
    for (const auto& s : std::vector<test::Sent>(w.sent)) w.receipt("", provider::ReceiptState::failed, w.value("SELECT vendor_id FROM receipt_keys WHERE id = 1"), s.phone);
    w.receipt("", provider::ReceiptState::delivered, "nobody's", zhang);
    for (const char* text : {"1", "3", "1或3", "T", "救命", "0", "START"}) w.reply(zhang, text);
    w.call("B1", li, "0201");
    provider::InboundText twice;
    twice.from = Phone::sender(li), twice.text = Text("T");
    w.hear(twice);
    w.hear(twice);
    w.pass(100h);

    // Small by nature, whatever the city's size: what is active, what waits now, one row. The last row of the ledger is read from
    // its end; children are looked through only where a foreign key waits to be made good, which never happens here.
    const std::vector<std::string> small = {"SCAN holds", "CONSTANT ROW", "SCAN meta", "SCAN ledger_head", "USING INDEX messages_due", "USING INDEX messages_sending",
                                            "USING INDEX messages_open", "USING INDEX receipts_new", "USING INDEX inbound_new", "USING COVERING INDEX receipts_new", "SCAN ledger", "SCAN followups", "SCAN sqlite_master"};
    int seen = 0;
    w.store->run_now([&](store::Connection& db) {
        for (const auto& sql : test::prepared_statements(db)) {
            if (sql.find("SAVEPOINT") != std::string::npos || sql.find("RELEASE") != std::string::npos || sql.starts_with("PRAGMA") || sql.starts_with("SELECT DISTINCT channel") /* once, at start */ || sql.starts_with("SELECT coalesce(max(id)")) continue;
            ++seen;
            store::Statement plan(db, "EXPLAIN QUERY PLAN " + sql);
            while (plan.step()) {
                auto step = plan.text(3);
                if (!step.starts_with("SCAN")) continue;
                bool fine = std::any_of(small.begin(), small.end(), [&](const std::string& s) { return step.find(s) != std::string::npos; });
                CHECK_MESSAGE(fine, step << " in " << sql);
            }
        }
    });
    CHECK(seen > 60);
}
