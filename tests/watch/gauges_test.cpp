#include "daemon/watch/gauges.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <optional>
#include <string>

#include "daemon/log/metrics.hpp"
#include "daemon/store/schema.hpp"

using namespace pingjing;
using namespace std::chrono_literals;

namespace {

const Instant noon = *parse_rfc3339("2026-11-21T12:00:00+08:00");

struct Store {
    Store() {
        REQUIRE(store::migrate(db));
        db.exec("INSERT INTO phones VALUES (1, zeroblob(16), x'00', 0)");
    }
    void message(const char* state, Instant due, std::optional<Instant> claimed = std::nullopt) {
        auto id = db.next_id("messages");
        store::Statement add(db, "INSERT INTO messages(id, ref, purpose, template, priority, state, phone_id, text, attempt, made_at, due_at, stale_at, claimed_at) "
                                 "VALUES (?1, ?1, 'thanks', 'thanks', 1, ?2, 1, x'00', 1, 0, ?3, ?3, ?4)");
        add.bind(1, id).bind(2, state).bind(3, due).bind(4, claimed).run();
    }
    void text(const char* step) {
        auto id = db.next_id("inbound");
        db.exec(fmt::format("INSERT INTO inbound(id, channel, key, to_number, extension, received_at, step, class) VALUES ({0}, 'main', '{0}', '', '', 0, '{1}', {2})", id, step, std::string(step) == "new" ? "NULL" : "'none'").c_str());
    }
    store::Connection db{":memory:"};
};

}  // namespace

TEST_CASE("what is under way and waits is counted, with the age of the oldest") {
    Store s;
    auto nothing = watch::read_gauges(s.db, noon);
    CHECK(nothing.due + nothing.later + nothing.held + nothing.sending + nothing.in_doubt + nothing.texts + nothing.emergencies + nothing.followups + nothing.letters + nothing.reviews == 0);
    CHECK(nothing.oldest_due == 0ms);
    CHECK(nothing.oldest_in_doubt == 0ms);

    s.message("due", noon - 7min), s.message("due", noon), s.message("due", noon + 1ms);
    s.message("held", noon), s.message("held", noon - 3h), s.message("held", noon);
    s.message("sending", noon, noon);
    for (auto ago : {2h, 5h, 1h, 3h}) s.message("in_doubt", noon - ago, noon - ago);
    s.text("new"), s.text("done"), s.text("done"), s.text("new"), s.text("new");
    s.db.exec("INSERT INTO alarms(id, inbound_id, at, do_not_contact) VALUES ('a', 2, 0, 0), ('b', 3, 0, 0)");
    s.db.exec("INSERT INTO letters(id, inbound_id, at) VALUES (1, 2, 0), (2, 3, 0)");
    s.db.exec("UPDATE letters SET closed_at = 5, closed_by = 'x' WHERE id = 2");
    auto gauges = watch::read_gauges(s.db, noon);
    CHECK(gauges.texts == 3);
    CHECK(gauges.emergencies == 2);
    CHECK(gauges.letters == 1);
    CHECK(gauges.due == 2);
    CHECK(gauges.later == 1);
    CHECK(gauges.held == 3);
    CHECK(gauges.sending == 1);
    CHECK(gauges.in_doubt == 4);
    CHECK(gauges.oldest_due == 7min);
    CHECK(gauges.oldest_in_doubt == 5h);
    // What is due later has not waited yet, and never less than nothing.
    CHECK(watch::read_gauges(s.db, noon - 1h).oldest_due == 0ms);

    metrics::clear();
    watch::say(gauges);
    watch::say_disk("/tmp/pingjing.db");
    auto said = metrics::render();
    CHECK(said.find("pingjing_messages{state=\"in_doubt\"} 4\n") != std::string::npos);
    CHECK(said.find("pingjing_oldest_due_seconds 420\n") != std::string::npos);
    CHECK(said.find("pingjing_oldest_in_doubt_seconds 18000\n") != std::string::npos);
    CHECK(said.find("pingjing_disk_free_bytes ") != std::string::npos);
    metrics::clear();
}
