// What looks like gaming, done through the doors of the real gateway, is there to be seen.
#include <boost/json.hpp>

#include <set>

#include "daemon/app.hpp"
#include "daemon/reports/signals.hpp"
#include "daemon/store/overrides.hpp"
#include "tests/flow/world.hpp"

using namespace pingjing;
using test::World;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

const std::string morning = "2026-11-21T09:00:00+08:00";

// "signal record: detail" of each case behind a signal.
std::set<std::string> seen(World& w, reports::Rules rules) {
    std::set<std::string> out;
    w.store->run_now([&](store::Connection& db) {
        reports::Request request{.report = "signals", .cases = true};
        auto table = reports::make_report(db, {}, rules, request, "Asia/Shanghai", w.clock.now(), &w.seal);
        REQUIRE(table);
        auto said = json::parse(reports::render_json(*table));
        for (const auto& row : said.at("rows").as_array())
            out.insert(fmt::format("{} {}: {}", std::string(row.at("signal").as_string()), std::string(row.at("case_id").as_string()), std::string(row.at("detail").as_string())));
    });
    return out;
}

}  // namespace

TEST_CASE("a number edited after closing, a case re-coded, a caller who changes his 3, a survey called off: each is seen") {
    World w(morning);
    w.closed_at(*parse_rfc3339(morning));
    w.call("edited", "13800000001", "0101", R"(,"contact_phone":"13800000001")");
    w.call("recoded", "13800000002");
    w.call("pressed", "13800000003");
    w.call("called_off", "13800000004");
    w.call("open", "13800000005", "0101", "", "on_scene");
    w.call("plain", "13800000006");
    w.pass(10min);
    CHECK(w.call("edited", "13800000001", "0101", R"(,"contact_phone":"13800000009")") == "updated");
    CHECK(w.call("recoded", "13800000002", "02") == "updated dv");
    CHECK(w.call("open", "13800000007", "02") == "updated dv");       // while it was being worked on
    CHECK(w.call("plain", "13800000006", "0102") == "updated");       // another category, and asked all the same
    w.store->run_now([&](store::Connection& db) { REQUIRE(store::cancel_case(db, w.seal, "called_off", {"control/zhang", "because"}, w.clock.now())); });
    w.pass(2h);
    REQUIRE(w.texted(test::survey_words) == 3);
    auto slot = [&](const std::string& phone) {
        for (const auto& s : w.sent)
            if (s.phone == phone) return s.extension;
        return std::string();
    };
    w.reply("13800000003", "3", slot("13800000003"));
    w.pass(2min);
    w.reply("13800000003", "1", slot("13800000003"));
    w.reply("13800000006", "1", slot("13800000006"));
    w.pass(24h);
    auto found = seen(w, {});
    std::set<std::string> pressed;
    for (const auto& one : found)
        if (one.starts_with("three_then_better pressed: 3 then 1, review, after ")) pressed.insert(one);
    CHECK(pressed.size() == 1);
    for (const auto& one : pressed) found.erase(one);
    // Six records of one officer, and as many numbers: nothing else is to be seen.
    CHECK(found == std::set<std::string>{"number_edited edited: edited: contact_phone", "recoded recoded: now dv", "closed_by_hand called_off: survey called off"});
}

TEST_CASE("who was put on the internal list after he had rated is seen") {
    World w(morning);
    w.call("his", "13800000001");
    w.call("hers", "13800000002");
    w.pass(3h);
    w.reply("13800000001", "1", w.sent.at(0).extension);
    CHECK(seen(w, {}).empty());
    w.write("staff.txt", "13800000001\n");
    w.write("pingjing.toml", World::configuration({}) + "[lists]\nstaff_phones = \"staff.txt\"\n");
    auto rules = report_site(w.load(), &w.seal).rules;
    CHECK(seen(w, rules) == std::set<std::string>{"staff_number his: calling, rated satisfied"});
    CHECK(seen(w, report_site(w.load()).rules).empty());  // without the seal nobody knows a number again
}
