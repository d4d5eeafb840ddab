#include "daemon/reports/render.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/string_view.hpp>
#include <cmath>
#include <fmt/format.h>
#include <utility>
#include <utf8proc.h>

namespace pingjing::reports {
namespace {

template <class... F> struct Overloaded : F... { using F::operator()...; };
template <class... F> Overloaded(F...) -> Overloaded<F...>;

// Calls visit(code point, its bytes); what is not UTF-8 arrives as U+FFFD.
template <class Visit> void each_code_point(std::string_view utf8, Visit visit) {
    while (!utf8.empty()) {
        utf8proc_int32_t point = -1;
        auto bytes = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(utf8.data()), static_cast<utf8proc_ssize_t>(utf8.size()), &point);
        if (bytes <= 0) {
            visit(0xFFFD, std::string_view("\xEF\xBF\xBD"));
            utf8.remove_prefix(1);
            continue;
        }
        visit(point, utf8.substr(0, static_cast<std::size_t>(bytes)));
        utf8.remove_prefix(static_cast<std::size_t>(bytes));
    }
}

std::string valid_utf8(std::string_view text) {
    std::string out;
    each_code_point(text, [&](utf8proc_int32_t, std::string_view bytes) { out += bytes; });
    return out;
}

// Six decimals: more than any reader needs, and fewer than the last bits in which two orders of adding differ.
std::string plain_number(double value) {
    if (!std::isfinite(value)) return "";
    auto text = fmt::format("{:.6f}", value);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    return text == "-0" ? "0" : text;
}

// Spreadsheets take a cell that starts so for a formula, even inside quotes; a quote mark in front makes it text.
// The full width signs count too where the spreadsheet is a Chinese or Japanese one.
bool looks_like_formula(std::string_view text) {
    for (std::string_view sign : {"=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"})
        if (text.starts_with(sign)) return true;
    return false;
}

std::string csv_field(std::string text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string quoted = "\"";
    for (char c : text) quoted.append(c == '"' ? 2 : 1, c);
    return quoted + '"';
}

std::string in_csv(const Cell& cell) {
    return std::visit(Overloaded{
        [](std::monostate) { return std::string(); },
        [](const std::string& text) { return csv_field((looks_like_formula(text) ? "'" : "") + valid_utf8(text)); },
        [](const Word& word) { return csv_field(word.code); },
        [](std::int64_t count) { return std::to_string(count); },
        [](double value) { return plain_number(value); },
        [](bool yes) { return std::string(yes ? "true" : "false"); },
    }, cell);
}

std::string quoted(std::string_view text) {
    return boost::json::serialize(boost::json::string_view(valid_utf8(text)));
}

// By hand rather than by Boost.JSON, which writes 0.8893 as 8.893E-1.
std::string in_json(const Cell& cell) {
    return std::visit(Overloaded{
        [](std::monostate) { return std::string("null"); },
        [](const std::string& text) { return quoted(text); },
        [](const Word& word) { return quoted(word.code); },
        [](std::int64_t count) { return std::to_string(count); },
        [](double value) { return std::isfinite(value) ? plain_number(value) : "null"; },
        [](bool yes) { return std::string(yes ? "true" : "false"); },
    }, cell);
}

std::string json_object(const Table& table, const std::vector<Cell>& row) {
    std::string out = "{";
    for (std::size_t i = 0; i < table.columns.size(); ++i)
        out += fmt::format("{}{}:{}", i ? "," : "", quoted(table.columns[i].name), in_json(row.at(i)));
    return out + '}';
}

std::string padded(const std::string& text, int width, bool right) {
    std::string space(static_cast<std::size_t>(std::max(0, width - display_width(text))), ' ');
    return right ? space + text : text + space;
}

std::string without_trailing_space(std::string line) {
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
}

std::string heading(const Table& table) {
    auto what = about(table);
    return printable(table.heading.empty() ? table.report : table.heading + "  " + table.report) + "\n" + what + (what.empty() ? "" : "\n") + "\n";
}

std::string record_lines(const Table& table) {
    int title = 0, english = 0, value = 0;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        title = std::max(title, display_width(table.columns[i].title));
        english = std::max(english, display_width(table.columns[i].english));
        for (const auto& row : table.rows) value = std::max(value, display_width(shown(row.at(i), table.columns[i].kind)));
    }
    std::string out;
    for (const auto& row : table.rows)
        for (std::size_t i = 0; i < table.columns.size(); ++i) {
            const auto& column = table.columns[i];
            out += without_trailing_space(fmt::format("{}  {}  {}", padded(column.title, title, false), padded(column.english, english, false),
                                                      padded(shown(row.at(i), column.kind), value, true))) + "\n";
        }
    return out;
}

std::string row_lines(const Table& table) {
    std::vector<std::vector<std::string>> lines(2 + table.rows.size());
    std::vector<int> widths;
    std::vector<bool> right;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        const auto& column = table.columns[i];
        if (!column.on_terminal) continue;
        lines[0].push_back(column.title);
        lines[1].push_back(column.english);
        for (std::size_t r = 0; r < table.rows.size(); ++r) lines[r + 2].push_back(shown(table.rows[r].at(i), column.kind));
        int width = 0;
        for (const auto& line : lines) width = std::max(width, display_width(line.back()));
        widths.push_back(width);
        right.push_back(column.kind != Kind::text);
    }

    std::string out;
    for (std::size_t r = 0; r < lines.size(); ++r) {
        std::string line;
        for (std::size_t i = 0; i < widths.size(); ++i) line += (i ? "  " : "") + padded(lines[r][i], widths[i], right[i]);
        out += without_trailing_space(std::move(line)) + "\n";
        if (r != 1) continue;
        for (std::size_t i = 0; i < widths.size(); ++i) out += (i ? "  " : "") + std::string(static_cast<std::size_t>(widths[i]), '-');
        out += "\n";
    }
    if (table.rows.empty()) out += "(没有数据 no rows)\n";
    return out;
}

}  // namespace

std::string printable(std::string_view text) {
    std::string out;
    each_code_point(text, [&](utf8proc_int32_t point, std::string_view bytes) {
        switch (utf8proc_category(point)) {
            case UTF8PROC_CATEGORY_CC: case UTF8PROC_CATEGORY_CF: case UTF8PROC_CATEGORY_ZL: case UTF8PROC_CATEGORY_ZP: out += ' '; break;
            default: out += bytes;
        }
    });
    return out;
}

int display_width(std::string_view utf8) {
    int width = 0;
    each_code_point(utf8, [&](utf8proc_int32_t point, std::string_view) { width += std::max(0, utf8proc_charwidth(point)); });
    return width;
}

std::string shown(const Cell& cell, Kind kind) {
    return std::visit(Overloaded{
        [](std::monostate) { return std::string("-"); },
        [](const std::string& text) { return printable(text); },
        [](const Word& word) { return printable(word.shown); },
        [](std::int64_t count) { return std::to_string(count); },
        [kind](double value) { return !std::isfinite(value) ? "-" : kind == Kind::ratio ? fmt::format("{:.1f}%", value * 100) : plain_number(value); },
        [](bool yes) { return std::string(yes ? "是 yes" : "否 no"); },
    }, cell);
}

std::string about(const Table& table) {
    std::vector<std::string> words;
    if (!table.from.empty()) words.push_back(fmt::format("{} 至 {}", table.from, table.to));
    constexpr std::pair<std::string_view, const char*> bases[] = {
        {"closed", "按结案日 by day of closing"}, {"answered", "按答复日 by day of answer"}, {"sent", "按发出日 by day of sending"}, {"raised", "按报警日 by day of the alarm"}};
    for (const auto& [basis, said] : bases)
        if (table.basis == basis) words.push_back(said);
    if (!table.as_of.empty()) words.push_back(fmt::format("截至 as of {}", table.as_of));
    return fmt::format("{}", fmt::join(words, "  "));
}

std::string render_terminal(const Table& table) {
    auto out = heading(table) + (table.shape == Table::Shape::record ? record_lines(table) : row_lines(table));
    if (!table.footnotes.empty()) out += "\n";
    for (const auto& note : table.footnotes) out += note + "\n";
    return out;
}

std::string render_csv(const Table& table) {
    std::string out = "\xEF\xBB\xBF";  // without it Excel reads Hanzi as the local code page
    for (std::size_t i = 0; i < table.columns.size(); ++i) out += (i ? "," : "") + csv_field(table.columns[i].name);
    out += "\r\n";
    for (const auto& row : table.rows) {
        for (std::size_t i = 0; i < table.columns.size(); ++i) out += (i ? "," : "") + in_csv(row.at(i));
        out += "\r\n";
    }
    return out;
}

std::string render_json(const Table& table) {
    if (table.shape == Table::Shape::record) return json_object(table, table.rows.at(0)) + "\n";
    auto out = fmt::format(R"({{"report":{},"from":{},"to":{},"basis":{},"as_of":{},"rows":[)", quoted(table.report), quoted(table.from), quoted(table.to),
                           quoted(table.basis), quoted(table.as_of));
    for (std::size_t r = 0; r < table.rows.size(); ++r) out += (r ? ",\n" : "\n") + json_object(table, table.rows[r]);
    return out + (table.rows.empty() ? "]}\n" : "\n]}\n");
}

}  // namespace pingjing::reports
