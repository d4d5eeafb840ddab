#include "daemon/reports/chart.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "daemon/reports/html.hpp"
#include "daemon/reports/queries.hpp"
#include "daemon/store/seal.hpp"
#include "daemon/store/sqlite.hpp"
#include "tests/support/planter.hpp"

using namespace pingjing;
using namespace pingjing::reports;
using Mark = ChartWeek::Mark;

namespace {

std::size_t count(const std::string& text, std::string_view what) {
    std::size_t n = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
    return n;
}
bool has(const std::string& text, std::string_view what) { return text.find(what) != std::string::npos; }

// σ 0.3: at n = 100 the limits are 0.9 ± 0.0588 and ± 0.0927.
FunnelChart funnel() {
    FunnelChart chart;
    chart.title = "派出所满意率漏斗图", chart.english = "funnel plot, stations";
    chart.centre = 0.9, chart.deviation = 0.3;
    chart.points = {{"320102430001", "城东<所>", 100, 0.9}, {"320102430002", "城西所", 100, 0.83}, {"320102430003", "", 100, 0.97}, {"320102430004", "城南所", 100, 0.79}};
    return chart;
}

ChartWeek week(int number, std::optional<double> at, Mark mark = Mark::none) {
    ChartWeek out{fmt::format("2026-W{:02}", number), 40, {}};
    if (at) out.value = ChartWeek::Value{*at, *at - 0.05, *at + 0.05, mark};
    return out;
}

// Points and lines without the legend, which comes last.
std::string drawing(const std::string& figure) { return figure.substr(0, figure.find("全局均值 force mean")); }

}  // namespace

TEST_CASE("a funnel plot marks who is outside by shape, says so in words, and has title, axes with units and a legend") {
    auto figure = render_chart(funnel());
    CHECK(count(drawing(figure), "<circle class=\"ring\"") == 1);  // within
    CHECK(has(figure, "<title>城西所 320102430002: 83.0%, n=100</title><path class=\"mark\" d=\"M"));
    CHECK(has(figure, "l4.6 -8h-9.2z"));                           // below 95 %: a triangle that points down
    CHECK(has(figure, "l4.6 8h-9.2z"));                            // above: up
    CHECK(has(figure, "l6 6.5l-6 6.5l-6 -6.5z"));                  // outside 99.8 %: a diamond, with its name
    CHECK(has(figure, "class=\"name\">城南所 320102430004</text>"));
    CHECK(has(figure, "95% 界内 1 个,界外 2 个,99.8% 界外 1 个(城南所 320102430004)"));
    CHECK(has(figure, "role=\"img\" aria-label=\"派出所满意率漏斗图 funnel plot, stations。均值 90.0%。"));
    for (const char* word : {"<b>派出所满意率漏斗图</b>", "评价数(件) ratings, n", "满意率 rate, %", "95% 界限 limits", "99.8% 界限 limits", "界内 within", "不作排名", "Not a ranking"}) CHECK_MESSAGE(has(figure, word), word);
    CHECK(has(figure, "城东&lt;所&gt;"));
    CHECK_FALSE(has(figure, "城东<所>"));
    CHECK_FALSE(has(figure, "style="));  // the page's policy would not let it be
    CHECK(figure == render_chart(funnel()));
}

TEST_CASE("a point at a limit is within, as it is in the table") {
    auto chart = funnel();
    chart.deviation = 0.5;  // 0.9 − 1.96·0.05 = 0.802
    chart.points = {{"1", "", 100, 0.9 - 1.96 * 0.05}};
    CHECK(has(render_chart(chart), "95% 界内 1 个,界外 0 个"));
}

TEST_CASE("a funnel plot of nobody is words") {
    auto chart = funnel();
    chart.points.clear();
    auto figure = render_chart(chart);
    CHECK_FALSE(has(figure, "<svg"));
    CHECK(has(figure, "可比者太少,不作图"));
}

TEST_CASE("a control chart marks what is beyond and where a run ends, and breaks its line where a week is not shown") {
    ControlChart chart{"城东所", "p-chart", 0.1, {week(36, 0.1), week(37, std::nullopt), week(38, 0.3, Mark::beyond), week(39, 0.12, Mark::run)}};
    auto figure = render_chart(chart);
    CHECK(has(figure, "超限 beyond: 2026-W38。连续同侧 run: 2026-W39"));
    CHECK(has(figure, "4 周中画出 3 周"));
    auto line = figure.substr(figure.find("<path class=\"line\" d=\"") + 22);
    line = line.substr(0, line.find('"'));
    CHECK(count(line, "M") == 2);
    CHECK(has(figure, "3-sigma limits"));
    CHECK(has(figure, "不满占比 dissatisfied, %"));
    for (auto& one : chart.weeks) one.value.reset();
    CHECK_FALSE(has(render_chart(chart), "<svg"));
}

TEST_CASE("a weekly rate is drawn with its intervals, and says where its axis begins") {
    RateChart chart{"城东所", "rate by week", {week(36, 0.85), week(37, std::nullopt), week(38, 0.9)}};
    auto figure = render_chart(chart);
    CHECK(has(figure, "W36 85.0%, W38 90.0%"));
    CHECK(has(figure, "纵轴不从 0 开始"));
    CHECK(count(figure, "n=40") == 2);
    CHECK(has(figure, "95% 区间 interval"));
}

TEST_CASE("the page of the funnel draws nobody below the smallest n, nor the one who reads it") {
    store::Connection db(":memory:");
    REQUIRE(store::migrate(db));
    test::Planter plant(db);
    auto rate = [&](int count, const std::string& grade, int unit) {
        for (int i = 0; i < count; ++i)
            plant.rated({.unit = fmt::format("3201024300{:02}", unit), .officer = fmt::format("0100{:02}", unit), .reported = "2026-11-10T09:00:00+08:00", .closed = "2026-11-10T23:00:00+08:00"}, grade);
    };
    for (int unit = 1; unit <= 12; ++unit) rate(unit == 1 ? 29 : 40, "satisfied", unit);
    for (int unit = 2; unit <= 12; ++unit) rate(2, "dissatisfied", unit);
    auto page = [&](const std::string& badge) {
        auto made = make_report(db, {}, {}, {.report = "funnel", .from = "2026-11-01", .to = "2026-11-30", .badge = badge}, "Asia/Shanghai", *parse_rfc3339("2026-12-05T10:00:00+08:00"));
        REQUIRE(made);
        return render_html({*made});
    };
    auto all = page("");
    CHECK(count(all, "<svg viewBox") == 2);             // officers and stations
    CHECK(count(all, "<title>010002: 95.2%, n=42") == 1);
    CHECK(count(all, "<title>010001") == 0);            // 29 ratings
    CHECK(count(all, "<title>") == 23);                 // the page's own, and 11 of each
    CHECK(count(page("010005"), "<title>010005") == 0);
    CHECK(count(page("010005"), "<title>010006") == 1);
}
