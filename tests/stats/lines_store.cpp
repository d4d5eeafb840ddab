#include "tests/stats/lines_store.hpp"

#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <stdexcept>

#include "daemon/core/clock.hpp"
#include "daemon/reports/queries.hpp"
#include "tests/support/planter.hpp"

namespace pingjing::test {
namespace json = boost::json;

namespace {

std::string word(const json::object& call, const char* key) { return std::string(call.at(key).as_string()); }

void plant(Planter& plant, const json::object& call) {
    Call c;
    c.officer = word(call, "officer"), c.unit = word(call, "unit"), c.category = word(call, "category");
    c.reported = fmt::format("2026-11-20T{:02}:30:00+08:00", call.at("hour").as_int64());
    c.closed = "2026-11-20T23:59:00+08:00";
    auto id = plant.call(c);
    plant.survey(id, {.state = call.at("delivered").as_bool() ? "delivered" : "failed"});
    if (!call.at("grade").is_null()) plant.answer(id, {.grade = word(call, "grade"), .officer = c.officer, .unit = c.unit});
}

}  // namespace

json::value report_of(const json::object& question) {
    store::Connection db(":memory:");
    if (!store::migrate(db)) throw std::runtime_error("no schema");
    Planter planter(db);
    db.exec("BEGIN");
    for (const auto& call : question.at("calls").as_array()) plant(planter, call.as_object());
    db.exec("COMMIT");
    reports::Rules rules;
    if (question.at("estimate").as_bool()) rules.prior.reset();
    auto as_of = *parse_rfc3339("2026-11-27T10:00:00+08:00");
    auto table = reports::make_report(db, {}, rules, {.report = std::string(question.at("report").as_string()), .from = "2026-11-20", .to = "2026-11-20"}, "Asia/Shanghai", as_of);
    if (!table) throw std::runtime_error(table.error().detail);
    return json::parse(reports::render_json(*table));
}

}  // namespace pingjing::test
