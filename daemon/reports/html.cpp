#include "daemon/reports/html.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <cmath>
#include <optional>

#include "daemon/reports/picture.hpp"

namespace pingjing::reports {
namespace {

constexpr std::string_view style = R"css(
:root{color-scheme:light dark;--ink:#1c2733;--soft:#5b6875;--line:#d5dce3;--band:#f3f6f9;--mark:#1f5fa8;--range:#a9c6e8}
@media screen and (prefers-color-scheme:dark){:root{--ink:#e6ebf0;--soft:#9aa7b4;--line:#36424e;--band:#1d262f;--mark:#8cc0ff;--range:#2f5f96}}
*{box-sizing:border-box}
body{margin:0 auto;padding:24px;max-width:1180px;color:var(--ink);background:Canvas;font:14px/1.5 "Noto Sans CJK SC","Source Han Sans SC","Microsoft YaHei","PingFang SC",sans-serif}
h1{font-size:20px;margin:0}h1 small{font-weight:normal;color:var(--soft);font-size:14px}
section{margin:0 0 40px}.about,.notes{color:var(--soft);margin:4px 0 12px;font-size:12px}.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:4px 8px;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
th{vertical-align:bottom;background:var(--band);font-size:12px}th small{display:block;font-weight:normal;color:var(--soft)}
.t{text-align:left}tbody th{background:none;font-size:14px;font-weight:normal}
svg.interval{width:110px;height:13px;display:block}.grid{stroke:var(--line);fill:none}.range{fill:var(--range)}.point{stroke:var(--mark);stroke-width:2}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(440px,1fr));gap:16px 32px;margin:0 0 16px}
figure{margin:0;max-width:640px}figcaption{margin:0 0 4px}figure p{margin:0;font-size:11px;color:var(--soft)}figure svg{width:100%;height:auto;display:block}
svg text{fill:var(--ink);font-size:11px}svg .small,svg .name{font-size:10px}svg .small{fill:var(--soft)}
.axis,.centre,.warn,.alarm,.line,.bar{fill:none;stroke:var(--ink)}.warn{stroke-dasharray:6 3}.alarm{stroke-dasharray:1.5 3;stroke-width:1.5}.centre{stroke:var(--soft);stroke-width:1.5}
.line{stroke:var(--mark)}.bar{stroke:var(--soft)}.ring{fill:var(--range);fill-opacity:.45;stroke:var(--mark)}.mark{fill:var(--mark);stroke:Canvas;stroke-width:.8}
@page{size:A4 landscape;margin:12mm}
@media print{body{padding:0;max-width:none;font-size:9pt}th,td{padding:2px 5px}tbody th{font-size:9pt}section{break-after:page}section:last-child{break-after:auto}thead{display:table-header-group}tr,figure{break-inside:avoid}.charts{grid-template-columns:1fr 1fr;gap:8px 32px}figure p{font-size:7.5pt;line-height:1.3}.wide{overflow:visible}}
)css";

std::optional<std::size_t> column_named(const Table& table, std::string_view name) {
    for (std::size_t i = 0; i < table.columns.size(); ++i)
        if (table.columns[i].name == name) return i;
    return std::nullopt;
}

// Rates stand beside a picture of their interval: a bare percentage invites a ranking.
struct Interval {
    std::size_t rate, low, high;
};

std::optional<Interval> interval_of(const Table& table) {
    auto rate = column_named(table, "rate"), low = column_named(table, "wilson_low"), high = column_named(table, "wilson_high");
    if (!rate || !low || !high) return std::nullopt;
    return Interval{*rate, *low, *high};
}

std::string picture(const std::vector<Cell>& row, const Interval& interval) {
    auto *rate = std::get_if<double>(&row.at(interval.rate)), *low = std::get_if<double>(&row.at(interval.low)), *high = std::get_if<double>(&row.at(interval.high));
    return rate && low && high && std::isfinite(*rate) && std::isfinite(*low) && std::isfinite(*high) ? interval_picture(*low, *rate, *high) : "";
}

std::string row_table(const Table& table) {
    auto interval = interval_of(table);
    std::string out = "<div class=\"wide\" tabindex=\"0\"><table><thead><tr>";
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        const auto& column = table.columns[i];
        if (!column.on_terminal) continue;
        out += fmt::format("<th scope=\"col\"{}>{}<small>{}</small></th>", column.kind == Kind::text ? " class=\"t\"" : "", escaped(column.title), escaped(column.english));
        if (interval && i == interval->rate) out += "<th scope=\"col\" class=\"t\">区间<small>95% interval</small></th>";
    }
    out += "</tr></thead><tbody>\n";
    for (const auto& row : table.rows) {
        out += "<tr>";
        bool first = true;
        for (std::size_t i = 0; i < table.columns.size(); ++i) {
            const auto& column = table.columns[i];
            if (!column.on_terminal) continue;
            const char* element = first ? "th scope=\"row\"" : "td";
            out += fmt::format("<{}{}>{}</{}>", element, column.kind == Kind::text ? " class=\"t\"" : "", escaped(shown(row.at(i), column.kind)), first ? "th" : "td");
            if (interval && i == interval->rate) out += "<td>" + picture(row, *interval) + "</td>";
            first = false;
        }
        out += "</tr>\n";
    }
    return out + (table.rows.empty() ? "<tr><td class=\"t\">没有数据 no rows</td></tr>" : "") + "</tbody></table></div>\n";
}

std::string record_table(const Table& table) {
    std::string out = "<table><tbody>\n";
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        const auto& column = table.columns[i];
        out += fmt::format("<tr><th scope=\"row\" class=\"t\">{}</th><td class=\"t\">{}</td><td>{}</td></tr>\n", escaped(column.title), escaped(column.english),
                           escaped(shown(table.rows.at(0).at(i), column.kind)));
    }
    return out + "</tbody></table>\n";
}

std::string section(const Table& table) {
    auto out = fmt::format("<section><h1>{} <small>{}</small></h1>\n<p class=\"about\">{}</p>\n", escaped(table.heading.empty() ? table.report : table.heading), escaped(table.report),
                           escaped(about(table)));
    if (!table.charts.empty()) {
        out += "<div class=\"charts\">\n";
        for (const auto& chart : table.charts) out += render_chart(chart);
        out += "</div>\n";
    }
    out += table.shape == Table::Shape::record ? record_table(table) : row_table(table);
    if (!table.footnotes.empty()) out += "<p class=\"notes\">";
    for (std::size_t i = 0; i < table.footnotes.size(); ++i) out += (i ? "<br>" : "") + escaped(table.footnotes[i]);
    return out + (table.footnotes.empty() ? "" : "</p>\n") + "</section>\n";
}

}  // namespace

std::string escaped(std::string_view text) {
    std::string out;
    for (char c : printable(text)) switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            case '\'': out += "&#39;"; break;
            default: out += c;
        }
    return out;
}

std::string render_html(const std::vector<Table>& tables) {
    auto title = tables.empty() ? std::string("pingjing") : escaped(tables.front().heading.empty() ? tables.front().report : tables.front().heading);
    auto out = fmt::format("<!doctype html>\n<html lang=\"zh-CN\">\n<head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
                           "<title>{}</title><style>{}</style></head>\n<body>\n<main>\n", title, style);
    for (const auto& table : tables) out += section(table);
    return out + "</main>\n</body>\n</html>\n";
}

std::string html_policy() {
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, reinterpret_cast<const unsigned char*>(style.data()), style.size());
    char text[sodium_base64_ENCODED_LEN(sizeof hash, sodium_base64_VARIANT_ORIGINAL)];
    sodium_bin2base64(text, sizeof text, hash, sizeof hash, sodium_base64_VARIANT_ORIGINAL);
    return fmt::format("default-src 'none'; style-src 'sha256-{}'; frame-ancestors 'none'; base-uri 'none'", text);
}

}  // namespace pingjing::reports
