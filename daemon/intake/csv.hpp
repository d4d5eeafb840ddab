// RFC 4180 on bytes: GB18030 never uses the bytes of a quote, a comma or a line end inside a character, so rows are
// cut before they are decoded.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pingjing::intake {

// A quote that is not closed within this many bytes was a mistake: its row ends with its line, and the rest survives.
inline constexpr std::size_t max_row_bytes = 256 * 1024;
inline constexpr std::size_t max_document_bytes = 1024 * 1024;

struct RowEnd {
    std::size_t end = 0;  // past the line end
    bool broken_quote = false;
};
// Lines end with LF, CRLF or, as old programs write them, with CR alone; those within quotes count too.
std::int64_t count_lines(std::string_view bytes);
// Where the row starting at `from` ends; nullopt: more bytes are needed to tell. `last`: there are no more.
std::optional<RowEnd> find_row_end(std::string_view bytes, std::size_t from, bool last);
// `row` without or with its line end.
std::vector<std::string> split_row(std::string_view row);

// A piece of a longer input: complete rows, the head row first where there is one.
struct Piece {
    std::string bytes{};
    std::int64_t first_line = 1;  // as Document::first_line
};

// Cuts a stream into documents of about max_document_bytes, in constant memory: feed() until a piece comes, finish()
// for the rest.
class Splitter {
public:
    std::vector<Piece> feed(std::string_view bytes);
    std::vector<Piece> finish();

protected:
    explicit Splitter(bool csv) : csv_(csv) {}

private:
    std::vector<Piece> cut(bool last);

    bool csv_;
    bool have_head_ = false, handed_on_ = false;
    bool in_long_line_ = false;  // its beginning was handed on: one row, one answer
    std::string head_, pending_;
    std::size_t complete_ = 0;  // of pending_: whole rows
    std::int64_t next_line_ = 1, piece_line_ = 1;
};
class CsvSplitter : public Splitter {
public:
    CsvSplitter() : Splitter(true) {}
};
class LineSplitter : public Splitter {
public:
    LineSplitter() : Splitter(false) {}
};

}  // namespace pingjing::intake
