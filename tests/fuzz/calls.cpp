// Records of a 110 system in every form they come in: what is taken is complete and in range, what is refused never shows a number.
#include <fmt/format.h>

#include <optional>
#include <vector>

#include "daemon/intake/charset.hpp"
#include "daemon/intake/csv.hpp"
#include "daemon/intake/record.hpp"
#include "daemon/text/strict_json.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace pingjing::fuzz {
namespace {

using namespace intake;

const Instant now = *parse_rfc3339("2026-11-21T12:00:00+08:00");

const RecordRules& rules() {
    static const RecordRules all = [] {
        RecordRules out;
        out.flags = {{"家暴", Code::dv}, {"x", Code::minor}};
        out.now = now;
        return out;
    }();
    return all;
}

// As the door does it before anybody sees it.
void shows_no_number(const std::string& text, const char* what) {
    auto hidden = hide_mobiles(text);
    must(hide_mobiles(hidden) == hidden, "what is hidden stays hidden", text);
    must(hidden == text, what, text);
}

std::string print(const ClosedCall& call) {
    auto time = [](const std::optional<Instant>& t) { return t ? format_utc(*t) : std::string("-"); };
    auto out = fmt::format("{} {} {} {} {} {} {} {} {} {} {} {} {} {} {}", call.id, case_state_name(call.state), call.calling ? call.calling->reveal() : "-",
                           call.contact ? call.contact->reveal() : "-", call.category, fmt::join(call.flags, ","), call.result, call.linked_to, call.source, call.unit,
                           call.call_taker, call.caller_birth, call.language, time(call.reported_at), time(call.arrived_at) + time(call.closed_at));
    for (const auto& officer : call.officers) out += " " + officer.badge + ":" + officer.role;
    return out + "\n" + call.content.reveal();
}

std::string print(const ParsedRow& row) {
    if (row.call) return fmt::format("{} {} taken {}", row.line, row.id, print(*row.call));
    return fmt::format("{} {} refused {} {}", row.line, row.id, row.call.error().field, row.call.error().detail);
}

void in_range(const ClosedCall& call) {
    must(!call.id.empty() && call.id.size() <= 64 && !call.unit.empty() && !call.category.empty(), "what is required is there");
    must(call.state != CaseState::closed || call.closed_at, "a closed call has a time of closing");
    must(!call.closed_at || *call.closed_at >= call.reported_at, "and not before its report");
    for (auto t : {std::optional(call.reported_at), call.arrived_at, call.closed_at})
        if (t) must(*t >= *parse_rfc3339("2000-01-01T00:00:00Z") && *t <= now + std::chrono::hours(1), "times are between 2000 and now", format_utc(*t));
    for (auto number : {call.calling, call.contact})
        if (number) must(number->is_mobile() && number->reveal().size() == 11, "only a mobile number is kept as one");
    for (const auto& flag : call.flags) must(parse_code(flag).has_value() && flag != "cancelled", "a flag is an exclusion code", flag);
    for (const auto& officer : call.officers) must(!officer.badge.empty() && (officer.role == "lead" || officer.role == "co" || officer.role == "auxiliary"), "an officer has a badge and a role");
    // These stand in the open.
    for (const auto* open : {&call.id, &call.unit, &call.category, &call.source, &call.call_taker, &call.language, &call.linked_to}) {
        shows_no_number(*open, "no number stands in the open");
        must(is_utf8(*open) && open->find_first_of(std::string_view("\0\n\r", 3)) == open->npos, "one line of UTF-8", *open);
    }
}

// Equal content must give equal bytes, or the same record pushed again would be `updated`.
void content_is_canonical(const ClosedCall& call) {
    auto read = parse_strict(call.content.reveal());
    must(read && read->problems.empty(), "the content is JSON", call.content.reveal());
    must(canonical(read->value) == call.content.reveal(), "the content printed again is the same", call.content.reveal());
}

std::vector<ParsedRow> read_all(const Document& document, bool& readable) {
    std::vector<ParsedRow> rows;
    auto take = [&](ParsedRow row) { rows.push_back(std::move(row)); };
    auto read = read_document(document, rules(), take);
    readable = read.has_value();
    if (!readable) {
        must(rows.empty(), "who cannot read a document takes no row of it");
        shows_no_number(read.error().detail, "an error shows no number");
        must(!read.error().detail.empty(), "an error says what is wrong");
    }
    std::int64_t last = 0;
    for (const auto& row : rows) {
        must(row.line > last, "rows come in order, each on a line of its own");
        last = row.line;
        if (row.call) {
            in_range(*row.call);
            content_is_canonical(*row.call);
            must(row.id == row.call->id, "a row that is taken has its id");
        } else {
            must(!row.call.error().field.empty() && !row.call.error().detail.empty(), "a refusal names the field and what was expected");
            shows_no_number(row.call.error().detail, "a refusal shows no number");
        }
    }
    return rows;
}

// What was understood, printed as JSON, is understood the same.
void print_and_read(const ClosedCall& call) {
    bool readable = false;
    auto rows = read_all(Document{.bytes = call.content.reveal(), .content_type = "application/json"}, readable);
    must(readable && rows.size() == 1 && rows[0].call, "the content is a record");
    must(print(*rows[0].call) == print(call), "printed and read again it is the same call", print(*rows[0].call) + "\n" + print(call));
}

// A bad row never fails its neighbours: each line alone says what it said among the others.
void each_line_alone(std::string_view bytes, const std::vector<ParsedRow>& together) {
    std::size_t seen = 0;
    std::int64_t line = 1;
    for (std::size_t at = 0; at < bytes.size() && seen < together.size(); ++line) {
        auto end = std::min(bytes.find('\n', at), bytes.size());
        auto text = bytes.substr(at, end - at);
        at = end + 1;
        if (together[seen].line != line) continue;
        // Alone, the byte order mark of a later line would be that of the file; GB18030 has one of its own.
        if (line > 1 && without_bom(text) != text) {
            ++seen;
            continue;
        }
        bool readable = false;
        auto alone = read_all(Document{.bytes = text, .content_type = "application/x-ndjson"}, readable);
        if (readable && !alone.empty()) {
            alone[0].line = line;
            must(print(alone[0]) == print(together[seen]), "a row alone is what it is among others", print(alone[0]) + "\n" + print(together[seen]));
        } else {
            must(!together[seen].call, "what is no record alone is none among others");
        }
        ++seen;
    }
}

std::string quoted_row(const std::vector<std::string>& cells) {
    std::string out;
    for (const auto& cell : cells) {
        if (&cell != cells.data()) out += ',';
        out += '"';
        for (char c : cell) out += c == '"' ? "\"\"" : std::string(1, c);
        out += '"';
    }
    return out + "\r\n";
}

void rows_can_be_written_again(std::string_view bytes) {
    for (std::size_t at = 0, n = 0; at < bytes.size() && n < 20; ++n) {
        auto row = find_row_end(bytes, at, true);
        must(row && row->end > at && row->end <= bytes.size(), "a row ends behind its begin");
        auto cells = split_row(bytes.substr(at, row->end - at));
        at = row->end;
        if (row->broken_quote) continue;
        auto written = quoted_row(cells);
        must(find_row_end(written, 0, true)->end == written.size() && split_row(written) == cells, "cells written again are the same cells");
    }
}

// A stream cut anywhere is the same stream.
void in_pieces(std::string_view bytes, const std::string& charset, std::size_t piece, const std::vector<ParsedRow>& whole) {
    CsvSplitter splitter;
    std::vector<Piece> pieces;
    auto keep = [&](std::vector<Piece> more) { pieces.insert(pieces.end(), more.begin(), more.end()); };
    for (std::size_t at = 0; at < bytes.size(); at += piece) keep(splitter.feed(bytes.substr(at, piece)));
    keep(splitter.finish());
    std::size_t seen = 0;
    for (const auto& one : pieces) {
        bool readable = false;
        for (const auto& row : read_all(Document{.bytes = one.bytes, .content_type = "text/csv", .charset = charset, .first_line = one.first_line}, readable)) {
            must(seen < whole.size() && print(row) == print(whole[seen]), "cut into pieces it is the same", print(row) + "\n" + (seen < whole.size() ? print(whole[seen]) : "nothing"));
            ++seen;
        }
    }
    must(seen == whole.size(), "and nothing is missing");
}

}  // namespace

void calls_json(std::string_view input) {
    Input in(input);
    auto form = in.choice(4);
    bool lines = form % 2 == 1, gb18030 = form > 1, readable = false;
    auto type = lines ? "application/x-ndjson" : "application/json";
    auto rows = read_all(Document{.bytes = in.rest(), .content_type = type, .charset = gb18030 ? "gb18030" : ""}, readable);
    for (const auto& row : rows)
        if (row.call) print_and_read(*row.call);
    if (lines && !gb18030) each_line_alone(without_bom(in.rest()), rows);
}

void calls_csv(std::string_view input) {
    Input in(input);
    static const std::string charsets[] = {"utf-8", "gb18030", "auto", ""};
    static const std::string heads[] = {"", "id,state,calling_line,contact_phone,category,flags,flag_text,officers,unit,reported_at,closed_at,version\n",
                                        "jjdbh,gljjdbh,jjdzt,bjdh,bjlbdm,gxdwdm,cjdwdm,cjybh,bjsj,cljglx,bz,scfksj,ddxcsj\r\n"};
    auto charset = charsets[in.choice(4)];
    auto bytes = heads[in.choice(3)] + std::string(in.rest());
    bool readable = false;
    auto rows = read_all(Document{.bytes = bytes, .content_type = "text/csv", .charset = charset}, readable);
    rows_can_be_written_again(bytes);
    if (readable && charset != "auto" && !charset.empty()) in_pieces(bytes, charset, 1 + in.rest().size() % 37, rows);
    if (auto text = to_utf8(bytes, "gb18030")) must(is_utf8(*text), "what is decoded is UTF-8");
    auto found = detect_charset(bytes);
    must(found == "utf-8" || found == "gb18030", "a charset is found", found);
    if (is_utf8(bytes)) must(found == "utf-8", "what is UTF-8 is found to be");
}

}  // namespace pingjing::fuzz
