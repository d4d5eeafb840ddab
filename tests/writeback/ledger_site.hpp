// A store in memory, where answers come and people are called back, each with its line in the ledger.
#pragma once
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <memory>
#include <string>
#include <vector>

#include "daemon/store/followups.hpp"
#include "daemon/store/phones.hpp"
#include "daemon/store/ratings.hpp"
#include "daemon/store/store.hpp"
#include "daemon/writeback/lines.hpp"
#include "tests/support/planter.hpp"

namespace pingjing::test {

const auto noon = *parse_rfc3339("2026-11-21T12:00:00+08:00");

class LedgerSite {
public:
    explicit LedgerSite(const std::string& folder = "") : store(std::move(*store::Store::open(folder, store::Store::Runner::inline_io))) {
        in([&](store::Connection& db) { phone_ = store::keep_phone(db, seal, *Phone::mobile("13812345678"), noon); });
        plan();  // it begins
    }
    void in(const std::function<void(store::Connection&)>& work) { store->run_now(work); }
    std::int64_t call(const std::string& unit = "320102430000") {
        std::int64_t id = 0;
        in([&](store::Connection& db) {
            Planter plant(db);
            id = plant.call({.unit = unit});
            auto survey = plant.survey(id);
            db.exec(fmt::format("UPDATE cases SET phone_id = {} WHERE id = {}", phone_, id).c_str());
            db.exec(fmt::format("UPDATE messages SET phone_id = {}, claimed_at = 1 WHERE id = {}", phone_, survey).c_str());
            store::append(db, noon, "case", id, "{}");
        });
        return id;
    }
    void rate(std::int64_t case_id, Grade grade, const std::string& effect = "first", const std::string& method = "code") {
        in([&](store::Connection& db) {
            auto text = Planter(db).text(case_id, "rated");
            store::record_rating(db, {case_id, text, noon, grade, static_cast<int>(grade) + 1, method, effect}, noon);
        });
    }
    void step(std::int64_t case_id, const std::string& what, FollowupState to, const std::string& note = "") {
        in([&](store::Connection& db) {
            store::open_followup(db, case_id, std::nullopt, false, false, noon, noon + std::chrono::hours(24));
            store::Statement find(db, "SELECT id FROM followups WHERE case_id = ?1");
            find.bind(1, case_id).step();
            auto f = *store::find_followup(db, find.integer(0));
            store::FollowupMove move;
            move.step = what, move.who = "3/x", move.to = to, move.due_at = f.due_at, move.note = note;
            REQUIRE(store::move_followup(db, seal, f, move, noon + std::chrono::hours(1)));
        });
    }
    void plan() {
        for (bool more = true; more;) in([&](store::Connection& db) { more = writeback::plan_lines(db, seal, rules, noon); });
    }
    std::vector<writeback::Line> take(std::int64_t most = 1000) {
        std::vector<writeback::Line> lines;
        plan();
        in([&](store::Connection& db) { lines = writeback::take_batch(db, seal, most); });
        return lines;
    }
    std::vector<writeback::Line> give() {
        auto lines = take();
        in([&](store::Connection& db) { writeback::record_left(db, lines, noon); });
        return lines;
    }
    std::int64_t number(const std::string& sql) {
        std::int64_t out = 0;
        in([&](store::Connection& db) {
            store::Statement read(db, sql);
            if (read.step()) out = read.integer(0);
        });
        return out;
    }

    store::Seal seal = store::Seal::from_seed(1);
    std::unique_ptr<store::Store> store;
    writeback::LineRules rules{true, false, 5};

private:
    std::int64_t phone_ = 0;
};

inline boost::json::object object_of(const writeback::Line& line) { return boost::json::parse(line.json).as_object(); }

}  // namespace pingjing::test
