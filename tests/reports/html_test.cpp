#include <doctest/doctest.h>

#include <limits>
#include <optional>

#include "daemon/core/tree.hpp"
#include "daemon/reports/picture.hpp"
#include "daemon/reports/html.hpp"
#include "daemon/reports/xlsx.hpp"

using namespace pingjing::reports;

namespace {

Table units(std::string as_of = "2026-12-01T00:30:00+08:00") {
    Table table;
    table.report = "units";
    table.heading = "单位满意率";
    table.from = "2026-11-01", table.to = "2026-11-30", table.basis = "closed", table.as_of = std::move(as_of);
    table.columns = {{"unit", "单位代码", "unit"}, {"name", "名称", "name"}, {"n", "评价数", "n", Kind::count}, {"rate", "满意率", "rate", Kind::ratio},
                     {"wilson_low", "下限", "low", Kind::ratio, false}, {"wilson_high", "上限", "high", Kind::ratio, false}};
    table.rows = {{std::string("320102430000"), std::string("<script>alert(1)</script> & 'x' \"y\"\x1b[2J"), std::int64_t{7781}, 0.88928, 0.88, 0.9},
                  {std::string("320102440000"), std::string("=1+1"), std::int64_t{4}, {}, {}, {}},
                  {std::string("320102450000"), std::string("x"), std::int64_t{4}, std::numeric_limits<double>::quiet_NaN(), 0.1, 0.2}};
    table.footnotes = {"不作排名 & <no> ranking"};
    return table;
}

std::size_t count(const std::string& text, std::string_view what) {
    std::size_t n = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
    return n;
}

}  // namespace

TEST_CASE("a page shows names as text, whatever they hold, and fetches and runs nothing") {
    auto page = render_html({units()});
    CHECK(page.find("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &#39;x&#39; &quot;y&quot; [2J") != std::string::npos);
    CHECK(page.find("不作排名 &amp; &lt;no&gt; ranking") != std::string::npos);
    for (const char* active : {"<script", "http:", "https:", "src=", "href=", "url(", "@import", "style=", " on"})
        CHECK_MESSAGE(page.find(active) == std::string::npos, active);
}

TEST_CASE("a page shows a rate with its interval drawn, and no picture where it shows no rate") {
    auto page = render_html({units()});
    CHECK(count(page, "<svg") == 1);
    CHECK(page.find("aria-label=\"88.9% (88.0%–90.0%)\"") != std::string::npos);
    CHECK(page.find("<td>88.9%</td>") != std::string::npos);
    CHECK(count(page, "<td>-</td>") == 2);
    CHECK(page.find("下限") == std::string::npos);  // drawn, and in the other formats
}

TEST_CASE("an interval is drawn to scale") {
    auto picture = interval_picture(0.25, 0.5, 0.75);
    CHECK(picture.find(R"(<rect class="range" x="25.00" y="4" width="50.00")") != std::string::npos);
    CHECK(picture.find(R"(<path class="point" d="M50.00 1v10")") != std::string::npos);
}

TEST_CASE("the books are a page of lines") {
    Table books;
    books.report = "balance", books.heading = "收支平衡表", books.shape = Table::Shape::record;
    books.columns = {{"cases", "警情", "cases", Kind::count}, {"holds", "平衡", "holds"}};
    books.rows = {{std::int64_t{7}, true}};
    auto page = render_html({books});
    CHECK(page.find("<th scope=\"row\" class=\"t\">警情</th><td class=\"t\">cases</td><td>7</td>") != std::string::npos);
    CHECK(page.find("<td>是 yes</td>") != std::string::npos);
    CHECK(render_html({books, units()}).find("<script") == std::string::npos);
}

TEST_CASE("page and workbook are made of the tables alone: the same tables, the same bytes") {
    CHECK(render_html({units()}) == render_html({units()}));
    auto book = render_xlsx({units()});
    CHECK(book.starts_with("PK"));
    CHECK(book == render_xlsx({units()}));
    CHECK(book != render_xlsx({units("2026-12-02T00:30:00+08:00")}));
}
