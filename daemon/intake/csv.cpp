#include "daemon/intake/csv.hpp"

#include <algorithm>

namespace pingjing::intake {
namespace {

// A quote opens a cell only as its first character; elsewhere it is a character like any other.
enum class Place { cell_start, bare, quoted, quote_in_quoted };

Place step(Place place, char c) {
    if (place == Place::quoted) return c == '"' ? Place::quote_in_quoted : Place::quoted;
    if (c == ',') return Place::cell_start;
    if (c == '"' && (place == Place::cell_start || place == Place::quote_in_quoted)) return Place::quoted;
    return Place::bare;
}

std::string_view without_line_end(std::string_view row) {
    if (row.ends_with('\n')) row.remove_suffix(1);
    if (row.ends_with('\r')) row.remove_suffix(1);
    return row;
}

// A CR and its LF are one.
bool is_line_end(std::string_view bytes, std::size_t at) { return bytes[at] == '\n' || (bytes[at] == '\r' && (at + 1 == bytes.size() || bytes[at + 1] != '\n')); }

std::size_t find_line_end(std::string_view bytes, std::size_t from) {
    auto at = bytes.find_first_of("\r\n", from);
    while (at != std::string_view::npos && !is_line_end(bytes, at)) at = bytes.find_first_of("\r\n", at + 1);
    return at;
}

}  // namespace

std::int64_t count_lines(std::string_view bytes) {
    std::int64_t lines = 0;
    for (auto at = find_line_end(bytes, 0); at != std::string_view::npos; at = find_line_end(bytes, at + 1)) ++lines;
    return lines;
}

std::optional<RowEnd> find_row_end(std::string_view bytes, std::size_t from, bool last) {
    auto place = Place::cell_start;
    auto limit = std::min(bytes.size(), from + max_row_bytes);
    for (auto at = from; at < limit; ++at) {
        if (place != Place::quoted && is_line_end(bytes, at)) {
            if (bytes[at] == '\r' && at + 1 == bytes.size() && !last) return std::nullopt;  // its LF may still come
            return RowEnd{at + 1, false};
        }
        place = step(place, bytes[at]);
    }
    bool too_long = limit < bytes.size();
    if (!too_long && !last) return std::nullopt;
    if (!too_long && place != Place::quoted) return RowEnd{bytes.size(), false};
    auto line_end = find_line_end(bytes, from);
    if (line_end == std::string_view::npos) {
        if (!last && bytes.size() - from < max_document_bytes) return std::nullopt;
        return RowEnd{bytes.size(), true};
    }
    return RowEnd{line_end + 1, true};
}

std::vector<std::string> split_row(std::string_view row) {
    row = without_line_end(row);
    std::vector<std::string> cells(1);
    auto place = Place::cell_start;
    for (char c : row) {
        auto next = step(place, c);
        bool opens = c == '"' && place == Place::cell_start;  // the second quote of a pair is the one that is kept
        if (next == Place::cell_start)
            cells.emplace_back();
        else if (next != Place::quote_in_quoted && !opens)
            cells.back() += c;
        place = next;
    }
    return cells;
}

std::vector<Piece> Splitter::cut(bool last) {
    std::vector<Piece> pieces;
    std::size_t piece_start = 0;
    auto& piece_line = piece_line_;
    auto hand_on = [&](std::size_t end) {
        if (end == piece_start) return;
        auto head_lines = count_lines(head_);
        pieces.push_back(Piece{head_ + pending_.substr(piece_start, end - piece_start), piece_line - head_lines});
        piece_start = end;
        piece_line = next_line_;
    };
    while (complete_ < pending_.size()) {
        if (in_long_line_) {
            auto end = pending_.find('\n', complete_);
            in_long_line_ = end == std::string::npos;
            if (!in_long_line_) ++next_line_;
            pending_.erase(complete_, in_long_line_ ? std::string::npos : end + 1 - complete_);
            continue;
        }
        std::optional<RowEnd> row;
        if (csv_) {
            row = find_row_end(pending_, complete_, last);
        } else if (auto end = pending_.find('\n', complete_); end != std::string::npos) {
            row = RowEnd{end + 1, false};
        } else if (last || pending_.size() - complete_ > max_document_bytes) {
            row = RowEnd{pending_.size(), false};  // of a line without end the beginning is handed on, to be refused
        }
        if (!row) break;
        if (csv_ && !have_head_) {
            head_ = pending_.substr(complete_, row->end - complete_);
            if (!head_.ends_with('\n') && !head_.ends_with('\r')) head_ += '\n';
            next_line_ += count_lines(head_);
            have_head_ = true;
            piece_start = complete_ = row->end;
            piece_line = next_line_;
            continue;
        }
        if (row->end - piece_start + head_.size() > max_document_bytes) hand_on(complete_);
        auto bytes = std::string_view(pending_).substr(complete_, row->end - complete_);
        next_line_ += csv_ ? count_lines(bytes) : std::count(bytes.begin(), bytes.end(), '\n');
        complete_ = row->end;
        in_long_line_ = !last && !bytes.ends_with('\n') && !(csv_ && bytes.ends_with('\r'));
    }
    if (last) {
        hand_on(complete_);
        // A head row alone is still a document: whoever reads it says what is wrong with the head, or finds no rows.
        if (pieces.empty() && csv_ && have_head_ && !handed_on_) pieces.push_back(Piece{head_, 1});
    }
    handed_on_ = handed_on_ || !pieces.empty();
    pending_.erase(0, piece_start);
    complete_ -= piece_start;
    return pieces;
}

std::vector<Piece> Splitter::feed(std::string_view bytes) {
    pending_ += bytes;
    return cut(false);
}

std::vector<Piece> Splitter::finish() { return cut(true); }

}  // namespace pingjing::intake
