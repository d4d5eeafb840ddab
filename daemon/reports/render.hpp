// One table, three readers: a police leader at a terminal, a spreadsheet, a program. Officers, units, force,
// balance and exclusions all come through here, so that a number never looks different in two places.
// The bytes depend on the table alone (no locale, no clock, no terminal): a rerun of a night is identical.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "daemon/reports/chart.hpp"

namespace pingjing::reports {

enum class Kind { text, count, ratio };  // a ratio runs from 0 to 1; the terminal shows per cent

struct Column {
    std::string name{};     // the key in JSON and the head in CSV
    std::string title{};    // for the leader: Chinese above …
    std::string english{};  // … and a short English word below
    Kind kind = Kind::text;
    bool on_terminal = true;  // 29 columns fit a spreadsheet, not a screen
};

// A fixed word of the contract (`small_sample`), with what a person reads in its place (样本不足).
struct Word {
    std::string code{};
    std::string shown{};
};

using Cell = std::variant<std::monostate, std::string, Word, std::int64_t, double, bool>;  // monostate: suppressed, or not known

struct Table {
    enum class Shape { rows, record };  // record: one row, an object of its own in JSON (the books, A6)

    std::string report{};    // "officers"
    std::string heading{};   // 民警满意率
    std::string from{}, to{};   // local days, inclusive
    std::string basis{};     // closed | answered
    std::string as_of{};     // RFC 3339
    std::vector<Column> columns{};
    std::vector<std::vector<Cell>> rows{};
    std::vector<std::string> footnotes{};  // terminal and page
    std::vector<Chart> charts{};           // page only
    Shape shape = Shape::rows;
};

std::string render_terminal(const Table& table);
std::string render_csv(const Table& table);
std::string render_json(const Table& table);

// A cell as a person reads it: per cent, "-" for what is not shown, a word for a code.
std::string shown(const Cell& cell, Kind kind);
// Of which days, counted how, and when: the line below a heading.
std::string about(const Table& table);

// Names come from other people's files: an escape sequence in one must not repaint the leader's screen,
// nor an invisible override turn a row around.
std::string printable(std::string_view text);

// How many columns of a terminal a text takes: a Hanzi two, a combining mark none.
int display_width(std::string_view utf8);

}  // namespace pingjing::reports
