// A store with one case and its survey, brought into any state on the arrows that lead there; and what it holds, as text.
#pragma once
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <string>
#include <vector>

#include "daemon/core/random.hpp"
#include "daemon/store/cases.hpp"
#include "daemon/store/outbox.hpp"
#include "daemon/store/phones.hpp"
#include "daemon/store/store.hpp"
#include "tests/support/dump.hpp"
#include "tests/support/fail_after.hpp"
#include "tests/support/run.hpp"

namespace pingjing::test {

inline const auto noon = *parse_rfc3339("2026-11-21T12:00:00+08:00");
inline const std::vector<std::string> all_states = {"due", "held", "sending", "accepted", "in_doubt", "not_sent", "delivered", "failed", "expired", "no_report", "unknown", "cancelled"};

class Drawer {
public:
    Drawer() {
        store->run_now([&](store::Connection& db) {
            key = store::keep_phone(db, seal, *Phone::mobile("13812345678"), noon);
            plan_case(db, 1);
            auto row = due(db);
            attempt = {row.id, 1, row.ref, key, "main", row.case_id, true};
        });
    }
    void plan_case(store::Connection& db, std::int64_t id) {
        store::Statement add(db, "INSERT INTO cases(id, record, content_key, state, unit, category, source, linked_to, language, phone_id, call_taker, reported_at, "
                                 "closed_at, received_at, changed_at, kind, safety, flags) VALUES (?1, 'R' || ?1, x'00', 'closed', '320302120000', '01', '', '', '', ?2, '', ?3, "
                                 "?3, ?3, ?3, 'survey', 0, '')");
        add.bind(1, id).bind(2, key).bind(3, noon).run();
        REQUIRE(store::plan_survey(db, random, id, key, noon, noon, noon + 72h, noon));
    }
    store::DueRow due(store::Connection& db) {
        auto rows = store::find_due(db, -1, 2, noon + 1h, 10);
        REQUIRE(!rows.empty());
        return rows.front();
    }
    store::Attempt claim(store::Connection& db) {
        store::ClaimFacts facts;
        facts.channel = "main", facts.text_name = "survey", facts.sealed_text = "x", facts.slot = 0, facts.answer_until = noon + 72h;
        auto row = due(db);
        return store::claim(db, row, facts, noon);
    }
    void bring_to(const std::string& state) {
        store->run_now([&](store::Connection& db) {
            if (state == "due") return;
            if (state == "held") return store::hold_due(db, due(db), "test", noon);
            if (state == "cancelled") return store::cancel_due(db, due(db), Code::stale, noon);
            attempt = claim(db);
            auto via = [&](const char* to) { db.exec(fmt::format("UPDATE messages SET state = '{}' WHERE id = 1", to).c_str()); };
            if (state == "sending") return;
            if (state == "not_sent" || state == "unknown") via("in_doubt");
            if (state == "expired" || state == "no_report" || state == "delivered") via("accepted");
            via(state.c_str());
        });
    }
    std::string state() { return value("SELECT state FROM messages WHERE id = 1"); }
    std::string value(const std::string& sql) {
        std::string out;
        store->run_now([&](store::Connection& db) {
            store::Statement read(db, sql);
            if (read.step()) out = read.is_null(0) ? "null" : read.text(0);
        });
        return out;
    }
    // Every row of every table.
    std::string everything() {
        std::string out;
        store->run_now([&](store::Connection& db) { out = dump(db); });
        return out;
    }
    // Does it while the database fails at its n-th step, for every n: either it is done, or nothing was.
    void all_or_nothing(const std::function<void(store::Connection&)>& work) {
        auto before = everything();
        int failed = 0;
        for (int steps = 1; steps < 5000; ++steps) {
            auto job = [&](store::Connection& db) {
                test::FailAfter fail(db, steps);
                work(db);
            };
            bool done = true;
            auto task = [](store::Store& s, std::function<void(store::Connection&)> f) -> asio::awaitable<void> { co_await s.run(std::move(f)); };
            std::function<void(store::Connection&)> f = job;
            try {
                run(io, task(*store, f));
            } catch (const store::SqlError&) {
                done = false;
            }
            if (done) {
                CHECK(failed > 0);
                store->run_now([](store::Connection& db) { CHECK(store::recompute(db).has_value()); });
                return;
            }
            ++failed;
            REQUIRE(everything() == before);
        }
        FAIL("it never got through");
    }

    asio::io_context io;
    SeededRandom random{5};
    store::Seal seal = store::Seal::from_seed(1);
    std::unique_ptr<store::Store> store = std::move(*store::Store::open("", store::Store::Runner::inline_io));
    std::int64_t key = 0;
    store::Attempt attempt;
};

}  // namespace pingjing::test
