#include "daemon/reports/xlsx.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xlsxwriter.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <stdexcept>
#include <system_error>

#include "daemon/core/clock.hpp"

namespace pingjing::reports {
namespace {

// libxlsxwriter 1.1.4 writes to a path only: this one is memory, and nobody else's.
class MemoryFile {
public:
    MemoryFile() : fd_(::memfd_create("xlsx", MFD_CLOEXEC)) {
        if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "memfd_create");
    }
    ~MemoryFile() { ::close(fd_); }
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;
    std::string path() const { return fmt::format("/proc/self/fd/{}", fd_); }
    std::string bytes() const {
        std::string out;
        std::array<char, 65536> piece;
        for (off_t at = 0;; at = static_cast<off_t>(out.size())) {
            auto got = ::pread(fd_, piece.data(), piece.size(), at);
            if (got < 0) throw std::system_error(errno, std::generic_category(), "read of the workbook");
            if (got == 0) return out;
            out.append(piece.data(), static_cast<std::size_t>(got));
        }
    }

private:
    int fd_;
};

struct Formats {
    lxw_format *title, *about, *head, *text, *count, *ratio, *number, *note;
};

lxw_format* a_format(lxw_workbook* book, double size, bool bold = false, const char* number = nullptr) {
    auto* format = workbook_add_format(book);
    format_set_font_name(format, "Microsoft YaHei");  // where it is missing every spreadsheet takes another one that has Hanzi
    format_set_font_size(format, size);
    if (bold) format_set_bold(format);
    if (number) format_set_num_format(format, number);
    return format;
}

Formats formats_of(lxw_workbook* book) {
    Formats f{a_format(book, 14, true), a_format(book, 9), a_format(book, 10, true), a_format(book, 10), a_format(book, 10, false, "#,##0"),
              a_format(book, 10, false, "0.0%"), a_format(book, 10, false, "0.######"), a_format(book, 9)};
    format_set_font_color(f.about, 0x595959);
    format_set_font_color(f.note, 0x595959);
    format_set_bg_color(f.head, 0xDDE6F0);
    format_set_bottom(f.head, LXW_BORDER_THIN);
    format_set_text_wrap(f.head);
    format_set_align(f.head, LXW_ALIGN_CENTER);
    format_set_align(f.head, LXW_ALIGN_VERTICAL_CENTER);
    return f;
}

constexpr std::size_t longest_text = 32767;  // characters in a cell; bytes are never fewer

std::string cell_text(std::string_view text) {
    auto out = printable(text);
    if (out.size() <= longest_text) return out;
    auto end = longest_text;
    while ((static_cast<unsigned char>(out[end]) & 0xC0) == 0x80) --end;
    return out.substr(0, end);
}

struct Writer {
    lxw_worksheet* sheet;
    const Formats& formats;
    lxw_row_t row;
    lxw_col_t column;
    Kind kind;

    void operator()(std::monostate) const {}  // not shown: empty, so that no formula counts it as nought
    void operator()(const std::string& text) const { worksheet_write_string(sheet, row, column, cell_text(text).c_str(), formats.text); }
    void operator()(const Word& word) const { worksheet_write_string(sheet, row, column, cell_text(word.shown).c_str(), formats.text); }
    void operator()(std::int64_t count) const { worksheet_write_number(sheet, row, column, static_cast<double>(count), formats.count); }
    void operator()(double value) const {
        if (std::isfinite(value)) worksheet_write_number(sheet, row, column, value, kind == Kind::ratio ? formats.ratio : formats.number);
    }
    void operator()(bool yes) const { worksheet_write_string(sheet, row, column, yes ? "是 yes" : "否 no", formats.text); }
};

std::string head_of(const Column& column) { return column.title.empty() ? column.name : fmt::format("{}\n{}", column.title, column.english); }

// As wide as what stands in it, of which the spreadsheet cannot know before it has the font.
double width_of(const Table& table, std::size_t column) {
    const auto& c = table.columns[column];
    int widest = std::max(display_width(c.title), display_width(c.english));
    for (const auto& row : table.rows) widest = std::max(widest, display_width(shown(row.at(column), c.kind)));
    return std::clamp(widest * 1.15 + 2, 7.0, 60.0);
}

// A bar in the cell says at a glance what the share says; from 0 to 1 in every column, or two columns could not be compared.
void add_bars(lxw_worksheet* sheet, lxw_row_t from, lxw_row_t to, lxw_col_t column, bool good) {
    lxw_conditional_format bar{};
    bar.type = LXW_CONDITIONAL_DATA_BAR;
    bar.bar_only = LXW_FALSE;
    bar.bar_solid = LXW_TRUE;
    bar.bar_color = good ? 0x9DC3A5 : 0xE0A9A0;
    bar.min_rule_type = bar.max_rule_type = LXW_CONDITIONAL_RULE_TYPE_NUMBER;
    bar.min_value = 0, bar.max_value = 1;
    worksheet_conditional_format_range(sheet, from, column, to, column, &bar);
}

lxw_row_t write_rows(lxw_worksheet* sheet, const Formats& formats, const Table& table, lxw_row_t at) {
    auto last = static_cast<lxw_col_t>(table.columns.size() - 1);
    worksheet_set_row(sheet, at, 32, nullptr);
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        auto column = static_cast<lxw_col_t>(i);
        worksheet_write_string(sheet, at, column, head_of(table.columns[i]).c_str(), formats.head);
        worksheet_set_column(sheet, column, column, width_of(table, i), nullptr);
    }
    auto first = at + 1;
    for (std::size_t r = 0; r < table.rows.size(); ++r)
        for (std::size_t i = 0; i < table.columns.size(); ++i)
            std::visit(Writer{sheet, formats, static_cast<lxw_row_t>(first + r), static_cast<lxw_col_t>(i), table.columns[i].kind}, table.rows[r].at(i));
    auto end = first + static_cast<lxw_row_t>(table.rows.size());
    if (!table.rows.empty()) {
        worksheet_autofilter(sheet, at, 0, end - 1, last);
        for (std::size_t i = 0; i < table.columns.size(); ++i)
            if (table.columns[i].kind == Kind::ratio) add_bars(sheet, first, end - 1, static_cast<lxw_col_t>(i), table.columns[i].name.find("dissatisfied") == std::string::npos);
    }
    // The code and the name stay while one looks to the right.
    bool named = table.columns.size() > 2 && table.columns[0].kind == Kind::text && table.columns[1].kind == Kind::text;
    worksheet_freeze_panes(sheet, first, named ? 2 : 1);
    worksheet_repeat_rows(sheet, at, at);
    return end;
}

lxw_row_t write_record(lxw_worksheet* sheet, const Formats& formats, const Table& table, lxw_row_t at) {
    double titles = 0;
    for (std::size_t i = 0; i < table.columns.size(); ++i, ++at) {
        const auto& column = table.columns[i];
        worksheet_write_string(sheet, at, 0, column.title.c_str(), formats.text);
        worksheet_write_string(sheet, at, 1, column.english.c_str(), formats.text);
        std::visit(Writer{sheet, formats, at, 2, column.kind}, table.rows.at(0).at(i));
        titles = std::max({titles, display_width(column.title) * 1.15, display_width(column.english) * 1.15});
    }
    worksheet_set_column(sheet, 0, 1, titles + 2, nullptr);
    worksheet_set_column(sheet, 2, 2, 12, nullptr);
    return at;
}

// At most 31 characters, none of []:*?/\ and no name twice, big or small letters being one.
std::string sheet_name(const Table& table, std::set<std::string>& taken) {
    std::string name;
    int characters = 0;
    for (char c : printable(table.heading.empty() ? table.report : table.heading)) {
        if ((static_cast<unsigned char>(c) & 0xC0) != 0x80 && ++characters > 28) break;
        name += std::string_view("[]:*?/\\'").find(c) == std::string_view::npos ? c : ' ';
    }
    auto one = name;
    for (int n = 2; !taken.insert(one).second; ++n) one = fmt::format("{} {}", name, n);
    return one;
}

void write_sheet(lxw_workbook* book, const Formats& formats, const Table& table, std::set<std::string>& taken) {
    auto* sheet = workbook_add_worksheet(book, sheet_name(table, taken).c_str());
    if (!sheet) throw std::runtime_error("the workbook takes no sheet for " + table.report);
    worksheet_write_string(sheet, 0, 0, fmt::format("{}  {}", printable(table.heading), table.report).c_str(), formats.title);
    worksheet_write_string(sheet, 1, 0, printable(about(table)).c_str(), formats.about);
    constexpr lxw_row_t below_title = 3;
    auto end = table.shape == Table::Shape::record ? write_record(sheet, formats, table, below_title) : write_rows(sheet, formats, table, below_title);
    for (const auto& note : table.footnotes) worksheet_write_string(sheet, ++end, 0, cell_text(note).c_str(), formats.note);
    worksheet_set_landscape(sheet);
    worksheet_set_paper(sheet, 9);  // A4
    worksheet_fit_to_pages(sheet, 1, 0);
    worksheet_set_footer(sheet, "&L&A&R&P / &N");
}

}  // namespace

std::string render_xlsx(const std::vector<Table>& tables) {
    MemoryFile file;
    lxw_workbook_options options{};
    auto* book = workbook_new_opt(file.path().c_str(), &options);
    if (!book) throw std::runtime_error("the workbook cannot be begun");
    lxw_doc_properties properties{};
    std::string title = tables.empty() ? std::string() : printable(tables.front().heading);
    properties.title = title.data();
    auto as_of = tables.empty() ? std::nullopt : parse_rfc3339(tables.front().as_of);
    properties.created = as_of ? std::chrono::system_clock::to_time_t(*as_of) : 1;  // 0 would be: now
    workbook_set_properties(book, &properties);
    try {
        auto formats = formats_of(book);
        std::set<std::string> taken;
        for (const auto& table : tables) write_sheet(book, formats, table, taken);
    } catch (...) {
        lxw_workbook_free(book);
        throw;
    }
    if (auto problem = workbook_close(book); problem != LXW_NO_ERROR) throw std::runtime_error(fmt::format("the workbook cannot be written: {}", lxw_strerror(problem)));
    return file.bytes();
}

}  // namespace pingjing::reports
