#include <doctest/doctest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <sstream>

#include "daemon/reports/render.hpp"
#include "daemon/reports/score.hpp"

using namespace pingjing::reports;

namespace {

Table sample() {
    Table table;
    table.report = "officers";
    table.heading = "民警满意率";
    table.from = "2026-11-01";
    table.to = "2026-11-30";
    table.basis = "closed";
    table.as_of = "2026-12-01T00:30:00+08:00";
    table.columns = {{"officer", "警号", "badge"}, {"name", "姓名", "name"}, {"n", "评价数", "n", Kind::count}, {"rate", "满意率", "rate", Kind::ratio}, {"note", "备注", "note"}};
    table.rows = {
        {std::string("012345"), std::string("王小明"), std::int64_t{7781}, 0.88928, Word{"", ""}},
        {std::string("F00231"), std::string("=1+1, \"x\""), std::int64_t{4}, {}, Word{"n<5", "不足5件"}},
        {{}, {}, std::int64_t{12}, 1.0, Word{"small_sample", "样本不足"}},
    };
    return table;
}

}  // namespace

TEST_CASE("the head says of which day the rows are") {
    auto table = sample();
    for (const auto& [basis, words] : {std::pair{"answered", "按答复日 by day of answer"}, std::pair{"sent", "按发出日 by day of sending"}, std::pair{"raised", "按报警日 by day of the alarm"}}) {
        table.basis = basis;
        CHECK(render_terminal(table).find(words) != std::string::npos);
    }
}

TEST_CASE("a terminal table lines up under Hanzi and reads in per cent") {
    CHECK(render_terminal(sample()) ==
          "民警满意率  officers\n"
          "2026-11-01 至 2026-11-30  按结案日 by day of closing  截至 as of 2026-12-01T00:30:00+08:00\n"
          "\n"
          "警号    姓名       评价数  满意率  备注\n"
          "badge   name            n    rate  note\n"
          "------  ---------  ------  ------  --------\n"
          "012345  王小明       7781   88.9%\n"
          "F00231  =1+1, \"x\"       4       -  不足5件\n"
          "-       -              12  100.0%  样本不足\n");
    CHECK(display_width("王小明") == 6);
    CHECK(display_width("e\xCC\x81") == 1);
    CHECK(display_width("\xff") == 1);
}

TEST_CASE("CSV opens in a spreadsheet, and nothing in it runs there") {
    CHECK(render_csv(sample()) ==
          "\xEF\xBB\xBFofficer,name,n,rate,note\r\n"
          "012345,王小明,7781,0.88928,\r\n"
          "F00231,\"'=1+1, \"\"x\"\"\",4,,n<5\r\n"
          ",,12,1,small_sample\r\n");
    for (const char* name : {"=A1", "+1", "-1", "@SUM(A1)", "\t=1", "＝A1", "＠x"}) {
        auto table = sample();
        table.rows = {{std::string(name), {}, {}, {}, {}}};
        CAPTURE(name);
        CHECK(render_csv(table).find(std::string("'") + name) != std::string::npos);
    }
    auto table = sample();
    table.rows = {{std::string("a\r\nb"), std::string("王=1"), std::int64_t{-3}, -0.0, {}}};  // our own numbers are no formula
    CHECK(render_csv(table).ends_with("\r\n\"a\r\nb\",王=1,-3,0,\r\n"));
}

TEST_CASE("JSON names its period, and suppressed is null") {
    CHECK(render_json(sample()) ==
          "{\"report\":\"officers\",\"from\":\"2026-11-01\",\"to\":\"2026-11-30\",\"basis\":\"closed\",\"as_of\":\"2026-12-01T00:30:00+08:00\",\"rows\":[\n"
          "{\"officer\":\"012345\",\"name\":\"王小明\",\"n\":7781,\"rate\":0.88928,\"note\":\"\"},\n"
          "{\"officer\":\"F00231\",\"name\":\"=1+1, \\\"x\\\"\",\"n\":4,\"rate\":null,\"note\":\"n<5\"},\n"
          "{\"officer\":null,\"name\":null,\"n\":12,\"rate\":1,\"note\":\"small_sample\"}\n"
          "]}\n");
}

TEST_CASE("names from other people's files break nothing") {
    auto table = sample();
    table.rows = {{std::string("\x1b[31m"), std::string("a\xff\u202e\"\\\n"), {}, {}, {}}};
    auto shown = render_terminal(table);
    CHECK(shown.find('\x1b') == std::string::npos);
    CHECK(shown.find("\u202e") == std::string::npos);
    auto parsed = boost::json::parse(render_json(table));
    CHECK(parsed.at("rows").at(0).at("name").as_string() == "a\xEF\xBF\xBD\u202e\"\\\n");
}

TEST_CASE("the books are one flat object") {
    auto books = balance_table();
    std::vector<Cell> row(books.columns.size() - 1, std::int64_t{3});
    row.emplace_back(true);
    books.rows = {row};
    auto parsed = boost::json::parse(render_json(books));
    CHECK(parsed.at("rows_received").as_int64() == 3);
    CHECK(parsed.at("holds").as_bool());
    CHECK(render_terminal(books).find("收到记录  rows_received       3\n") != std::string::npos);
}

TEST_CASE("a score row reaches all three forms, the same twice over") {
    Subject officer;
    officer.code = "012345";
    officer.parent = "320102430000";
    officer.tally.rate(pingjing::Grade::satisfied, {}, 28);
    officer.tally.rate(pingjing::Grade::dissatisfied, {}, 2);
    officer.tally.expected_sum = 30 * 0.889;
    auto table = score_table("officers", score({officer}, officer.tally, {}));
    auto row = boost::json::parse(render_json(table)).at("rows").at(0);
    CHECK(row.at("level").as_string() == "officer");
    CHECK(row.at("rate").as_double() == doctest::Approx(0.933333));
    CHECK(row.at("wilson_low").as_double() == doctest::Approx(0.786764).epsilon(0.0001));
    CHECK(row.at("funnel").is_null());
    CHECK(row.at("response_rate").is_null());
    CHECK(render_terminal(table).find("93.3%") != std::string::npos);
    for (auto* render : {render_terminal, render_csv, render_json}) CHECK(render(table) == render(table));
}
