#include "daemon/intake/record.hpp"

#include <date/tz.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "daemon/intake/charset.hpp"
#include "daemon/intake/csv.hpp"
#include "daemon/text/strict_json.hpp"

namespace pingjing::intake {
namespace {

namespace json = boost::json;
template <class T>
using Read = tl::expected<T, RowError>;

tl::unexpected<RowError> wrong(std::string field, std::string expected) {
    return tl::unexpected(RowError{std::move(field), std::move(expected)});
}

// --- Times ---

struct LocalTime {
    int year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0, millis = 0;
    bool ok() const {
        using namespace std::chrono;
        return hour < 24 && minute < 60 && second < 60 &&
               year_month_day(std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                              std::chrono::day(static_cast<unsigned>(day)))
                   .ok();
    }
};

std::optional<LocalTime> read_time(std::string_view text, std::string_view format) {
    LocalTime out;
    std::size_t at = 0;
    auto number = [&](std::size_t most, int& into) {
        std::size_t from = at;
        into = 0;
        while (at < text.size() && at - from < most && text[at] >= '0' && text[at] <= '9')
            into = into * 10 + (text[at++] - '0');
        return at > from;
    };
    for (std::size_t i = 0; i < format.size(); ++i) {
        if (format[i] != '%' || i + 1 == format.size()) {
            if (at >= text.size() || text[at++] != format[i]) return std::nullopt;
            continue;
        }
        char what = format[++i];
        if (what == 'f') {  // ".0", ".123", or nothing
            if (at < text.size() && text[at] == '.') {
                auto from = ++at;
                for (int scale = 100; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10)
                    out.millis += (text[at] - '0') * scale;
                if (at == from) return std::nullopt;
            }
            continue;
        }
        auto start = at;
        bool read = what == 'Y'   ? number(4, out.year) && at - start == 4
                    : what == 'm' ? number(2, out.month)
                    : what == 'd' ? number(2, out.day)
                    : what == 'H' ? number(2, out.hour)
                    : what == 'M' ? number(2, out.minute)
                    : what == 'S' ? number(2, out.second)
                                  : false;
        if (!read) return std::nullopt;
    }
    if (at != text.size() || !out.ok()) return std::nullopt;
    return out;
}

std::optional<LocalTime> read_time(std::string_view text, const std::vector<std::string>& formats) {
    for (auto& format : formats)
        if (auto time = read_time(text, format)) return time;
    return std::nullopt;
}

// The one moment this local time names. The hour that comes twice, or never, is refused: a guess would be an hour off.
tl::expected<Instant, std::string> to_instant(const LocalTime& t, const date::time_zone& zone) {
    auto local = date::local_days(date::year(t.year) / t.month / t.day) + std::chrono::hours(t.hour) +
                 std::chrono::minutes(t.minute) + std::chrono::seconds(t.second) + Millis(t.millis);
    auto info = zone.get_info(std::chrono::floor<std::chrono::seconds>(local));
    if (info.result == date::local_info::ambiguous)
        return tl::unexpected<std::string>("a local time that comes once; this hour comes twice");
    if (info.result == date::local_info::nonexistent)
        return tl::unexpected<std::string>("a local time that exists; the clocks skip this one");
    return Instant(local.time_since_epoch() - info.first.offset);
}

// --- What a record may hold, however it is written ---

constexpr std::size_t max_id = 64, max_code = 64, max_text = 4000, max_list = 64;

std::string_view trim(std::string_view s) {
    auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
    while (!s.empty() && blank(s.front())) s.remove_prefix(1);
    while (!s.empty() && blank(s.back())) s.remove_suffix(1);
    while (s.starts_with("\u3000")) s.remove_prefix(3);
    while (s.ends_with("\u3000")) s.remove_suffix(3);
    return s;
}

// Where fields come from. A field that is absent reads as empty.
class Source {
public:
    virtual ~Source() = default;
    virtual std::string spelling(std::string_view field) const = 0;
    virtual Read<std::string> text(std::string_view field) const = 0;
    virtual Read<std::optional<Instant>> time(std::string_view field) const = 0;
    virtual Read<std::string> birth() const = 0;
    virtual Read<std::optional<std::int64_t>> version() const = 0;
    virtual Read<std::string> unit() const = 0;
    virtual std::optional<CaseState> state(const std::string& word) const = 0;
    virtual Read<std::vector<Officer>> officers() const = 0;
    virtual Read<std::vector<std::string>> flags(const Flags& flags) const = 0;
    virtual std::string content() const = 0;
};

Read<std::string> plain(const Source& source, std::string_view field, std::size_t most, bool required = false) {
    auto value = source.text(field);
    if (!value) return value;
    if (value->empty() && required) return wrong(source.spelling(field), "a text that is not empty");
    if (value->size() > most) return wrong(source.spelling(field), fmt::format("at most {} bytes", most));
    if (value->find('\0') != std::string::npos) return wrong(source.spelling(field), "a text without NUL characters");
    return value;
}

Read<std::string> code_like(const Source& source, std::string_view field, std::size_t most, bool required = false) {
    auto value = plain(source, field, most, required);
    if (value && std::any_of(value->begin(), value->end(),
                             [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }))
        return wrong(source.spelling(field), "a text without control characters");
    if (value) *value = hide_mobiles(*value);  // it will stand in the open, and columns may have shifted
    return value;
}

bool is_day(std::string_view day) {
    auto read = read_time(day, std::string_view("%Y-%m-%d"));
    return read && day.size() == 10;
}

void add_flag(std::vector<std::string>& out, Code code) {
    std::string name(code_name(code));
    if (std::find(out.begin(), out.end(), name) == out.end()) out.push_back(name);
}

// An exclusion code or a word of flags.csv; whatever else stands there was meant as a warning, so nobody is texted.
Code read_flag(const std::string& flag, const Flags& flags) {
    if (auto word = flags.find(flag); word != flags.end()) return word->second;
    auto code = parse_code(flag);
    return code && *code != Code::cancelled ? *code : Code::unsafe_flag;
}

// The order of the checks is the order in which a row with several faults names them: id, state, unit, category, the
// closing time before the others (a closing before the report is the closing's fault).
Read<ClosedCall> read_call(const Source& source, const RecordRules& rules) {
    ClosedCall call;
    RowError error;
    auto take = [&](auto&& read, auto& into) {
        if (!read)
            error = read.error();
        else
            into = std::move(*read);
        return read.has_value();
    };
    auto in_range = [&](std::string_view field, const std::optional<Instant>& t) {
        using namespace std::chrono;
        if (!t || (*t >= Instant(sys_days(year(2000) / 1 / 1)) &&
                   (rules.now == Instant{} || *t <= rules.now + rules.future_tolerance)))
            return true;
        error = RowError{source.spelling(field), "a time between the year 2000 and now"};
        return false;
    };

    std::string state, calling, contact;
    if (!take(code_like(source, "id", max_id, true), call.id) || !take(source.version(), call.version) ||
        !take(code_like(source, "state", max_code, true), state))
        return tl::unexpected(error);
    if (auto raw = plain(source, "id", max_id); raw && hide_mobiles(*raw) != *raw) return wrong(source.spelling("id"), "a record's number, and no phone number");
    auto known_state = source.state(state);
    if (!known_state) return wrong(source.spelling("state"), "a known state of a record");
    call.state = *known_state;

    std::optional<Instant> reported;
    if (!take(source.unit(), call.unit) || !take(code_like(source, "category", max_code, true), call.category) ||
        !take(source.time("reported_at"), reported))
        return tl::unexpected(error);
    if (!reported) return wrong(source.spelling("reported_at"), "a time");
    if (!in_range("reported_at", reported)) return tl::unexpected(error);
    call.reported_at = *reported;

    if (!take(source.time("closed_at"), call.closed_at)) return tl::unexpected(error);
    if (call.state == CaseState::closed && !call.closed_at)
        return wrong(source.spelling("closed_at"), "a time, for the record is closed");
    if (!in_range("closed_at", call.closed_at)) return tl::unexpected(error);
    if (call.closed_at && *call.closed_at < call.reported_at)
        return wrong(source.spelling("closed_at"), "a time not before the report");
    if (!take(source.time("arrived_at"), call.arrived_at) || !in_range("arrived_at", call.arrived_at))
        return tl::unexpected(error);

    if (!take(plain(source, "calling_line", 128), calling) || !take(plain(source, "contact_phone", 128), contact) ||
        !take(code_like(source, "linked_to", max_id), call.linked_to) ||
        !take(code_like(source, "source", max_code), call.source) ||
        !take(code_like(source, "call_taker", max_code), call.call_taker) ||
        !take(code_like(source, "language", max_code), call.language) ||
        !take(plain(source, "result", max_text), call.result) || !take(source.officers(), call.officers) ||
        !take(source.flags(rules.flags), call.flags) || !take(source.birth(), call.caller_birth))
        return tl::unexpected(error);
    if (call.source.empty()) call.source = rules.source;
    if (call.linked_to == call.id) call.linked_to.clear();  // some systems link every record, the first one to itself
    call.calling = Phone::mobile(calling);
    call.contact = Phone::mobile(contact);
    std::stable_sort(call.officers.begin(), call.officers.end(),
                     [](const Officer& a, const Officer& b) { return a.role == "lead" && b.role != "lead"; });
    call.content = Text(source.content());
    return call;
}

// --- CSV ---

std::vector<std::string> split_list(std::string_view text, const std::string& separators) {
    std::vector<std::string> out(1);
    for (char c : text) {
        if (separators.find(c) != std::string::npos)
            out.emplace_back();
        else
            out.back() += c;
    }
    for (auto& item : out) item = trim(item);
    std::erase(out, "");
    return out;
}

class CsvRow final : public Source {
public:
    struct Table {
        const Mapping& mapping;
        const date::time_zone& zone;
        std::vector<std::string> head, fields;
    };
    CsvRow(const Table& table, std::vector<std::string> cells) : table_(table), cells_(std::move(cells)) {}

    std::string spelling(std::string_view field) const override {
        auto at = std::find(table_.fields.begin(), table_.fields.end(), field);
        return at == table_.fields.end() ? std::string(field)
                                         : table_.head[static_cast<std::size_t>(at - table_.fields.begin())];
    }
    Read<std::string> text(std::string_view field) const override {
        for (std::size_t i = 0; i < cells_.size(); ++i)
            if (table_.fields[i] == field && !trim(cells_[i]).empty()) return std::string(trim(cells_[i]));
        return std::string();
    }
    Read<std::optional<Instant>> time(std::string_view field) const override {
        auto value = *text(field);
        if (value.empty()) return std::nullopt;
        if (auto moment = parse_rfc3339(value)) return moment;  // it says its offset itself
        auto local = read_time(value, table_.mapping.times);
        if (!local) return wrong(spelling(field), fmt::format("a time such as {}", table_.mapping.times.front()));
        auto moment = to_instant(*local, table_.zone);
        if (!moment) return wrong(spelling(field), moment.error());
        return std::optional(*moment);
    }
    Read<std::string> birth() const override {
        auto value = *text("caller_birth");
        if (value.empty()) return value;
        auto day = read_time(value, table_.mapping.dates);
        if (!day) return wrong(spelling("caller_birth"), "a date");
        return fmt::format("{:04}-{:02}-{:02}", day->year, day->month, day->day);
    }
    Read<std::optional<std::int64_t>> version() const override {
        auto value = *text("version");
        if (value.empty()) return std::nullopt;
        std::int64_t number = -1;
        auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), number);
        if (problem != std::errc() || end != value.data() + value.size() || number < 0)
            return wrong(spelling("version"), "a whole number from 0");
        return std::optional(number);
    }
    Read<std::string> unit() const override {
        // The one that attended, else the one responsible: who is rated is who came.
        for (std::string_view field : {"unit_attending", "unit", "unit_responsible"})
            if (auto value = code_like(*this, field, max_code); !value || !value->empty()) return value;
        for (std::string_view field : {"unit", "unit_responsible", "unit_attending"})
            if (std::find(table_.fields.begin(), table_.fields.end(), field) != table_.fields.end())
                return wrong(spelling(field), "a text that is not empty");
        return wrong("unit", "a text that is not empty");
    }
    std::optional<CaseState> state(const std::string& word) const override {
        auto it = table_.mapping.states.find(word);
        return it == table_.mapping.states.end() ? std::nullopt : std::optional(it->second);
    }
    Read<std::vector<Officer>> officers() const override {
        std::vector<Officer> out;
        for (auto [field, role] : {std::pair{"lead_officer", "lead"},
                                   {"officers", ""},
                                   {"co_officers", "co"},
                                   {"auxiliary_officers", "auxiliary"}}) {
            auto cell = plain(*this, field, max_text);
            if (!cell) return tl::unexpected(cell.error());
            for (auto& item : split_list(*cell, table_.mapping.separator)) {
                // "012345:lead"; without a role the first is the lead.
                auto colon = item.find(':');
                std::string named = colon == std::string::npos ? (*role         ? role
                                                                  : out.empty() ? "lead"
                                                                                : "co")
                                                               : std::string(trim(item.substr(colon + 1)));
                auto badge = hide_mobiles(trim(item.substr(0, colon)));
                if (badge.empty() || badge.size() > max_code ||
                    (named != "lead" && named != "co" && named != "auxiliary"))
                    return wrong(spelling(field), fmt::format("badges separated by {}, a role of lead, co or auxiliary",
                                                              table_.mapping.separator));
                out.emplace_back(badge, named);
            }
            if (out.size() > max_list) return wrong(spelling(field), fmt::format("at most {} officers", max_list));
        }
        return out;
    }
    Read<std::vector<std::string>> flags(const Flags& words) const override {
        std::vector<std::string> out;
        auto list = plain(*this, "flags", max_text);
        auto remark = plain(*this, "flag_text", max_text);
        if (!list) return tl::unexpected(list.error());
        if (!remark) return tl::unexpected(remark.error());
        for (auto& flag : split_list(*list, table_.mapping.separator + ",|")) add_flag(out, read_flag(flag, words));
        // A remark is free text: only the words count, wherever they stand.
        for (auto& [word, code] : words)
            if (!word.empty() && remark->find(word) != std::string::npos) add_flag(out, code);
        return out;
    }
    std::string content() const override {
        json::object all;
        for (std::size_t i = 0; i < cells_.size();
             ++i)  // empty cells are left out: a new empty column changes no record
            if (!trim(cells_[i]).empty() && table_.fields[i] != "version") all[table_.head[i]] = cells_[i];
        return canonical(all);
    }

private:
    const Table& table_;
    std::vector<std::string> cells_;
};

const date::time_zone* find_zone(const std::string& name) {
    try {
        return date::locate_zone(name);
    } catch (const std::runtime_error&) {
        return nullptr;
    }
}

Result<void> read_csv(const Document& document, const Mappings& mappings, const RecordRules& rules,
                      const std::function<void(ParsedRow)>& take) {
    auto charset =
        document.charset.empty() || document.charset == "auto" ? detect_charset(document.bytes) : document.charset;
    if (charset != "utf-8" && charset != "gb18030")
        return fail(Error::Kind::invalid_input, "charset: expected utf-8, gb18030 or auto");
    // Decoded at once where all of it is sound; else cell by cell, so that one broken cell costs one row.
    auto decoded = charset == "utf-8" ? std::nullopt : to_utf8(document.bytes, charset);
    if (decoded) charset = "utf-8";
    auto bytes = without_bom(decoded ? std::string_view(*decoded) : document.bytes);
    auto line = document.first_line;
    std::size_t at = 0;
    auto next_row = [&](RowEnd& row) {
        if (at >= bytes.size()) return std::string_view();
        row = *find_row_end(bytes, at, true);
        auto text = bytes.substr(at, row.end - at);
        at = row.end;
        return text;
    };
    auto lines_in = [](std::string_view text) { return std::count(text.begin(), text.end(), '\n'); };

    RowEnd row;
    auto head_bytes = next_row(row);
    std::vector<std::string> head;
    for (auto& cell : split_row(head_bytes)) {
        auto name = to_utf8(cell, charset);
        if (!name) return fail(Error::Kind::invalid_input, fmt::format("no usable head row: it is not {}", charset));
        if (name->find('\0') != std::string::npos) return fail(Error::Kind::invalid_input, "no usable head row: a NUL in it");
        head.emplace_back(trim(*name));
    }
    auto mapping = mappings.for_head(head, document.mapping);
    if (!mapping) return tl::unexpected(mapping.error());
    auto zone_name = (*mapping)->zone.empty() ? rules.zone : (*mapping)->zone;
    auto* zone = find_zone(zone_name);
    if (!zone) return fail(Error::Kind::invalid_input, fmt::format("the time zone '{}' is not known here", zone_name));
    CsvRow::Table table{**mapping, *zone, head, (*mapping)->fields_of(head)};
    auto id_at =
        static_cast<std::size_t>(std::find(table.fields.begin(), table.fields.end(), "id") - table.fields.begin());
    line += lines_in(head_bytes);

    for (auto text = next_row(row); !text.empty(); text = next_row(row)) {
        auto here = line;
        line += lines_in(text);
        auto cells = split_row(text);
        if (cells.size() == 1 && trim(cells[0]).empty() && head.size() > 1) continue;
        ParsedRow parsed{here, {}, wrong("columns", fmt::format("{} columns, as in the head row", head.size()))};
        RowError undecoded;
        for (std::size_t i = 0; i < cells.size(); ++i) {
            auto value = to_utf8(cells[i], charset);
            if (!value && undecoded.field.empty())
                undecoded = RowError{i < head.size() ? head[i] : "columns", "text in " + charset};
            if (value && value->find('\0') != std::string::npos && undecoded.field.empty())
                undecoded = RowError{i < head.size() ? head[i] : "columns", "a text without NUL characters"};
            cells[i] = value.value_or("");
        }
        if (id_at < cells.size() && cells[id_at].size() <= max_id) parsed.id = trim(cells[id_at]);
        if (row.broken_quote)
            parsed.call = wrong("columns", "a quote that is closed");
        else if (cells.size() != head.size()) {
        } else if (!undecoded.field.empty())
            parsed.call = tl::unexpected(undecoded);
        else
            parsed.call = read_call(CsvRow(table, std::move(cells)), rules);
        take(std::move(parsed));
    }
    return {};
}

// --- JSON ---

class JsonRecord final : public Source {
public:
    explicit JsonRecord(const json::object& object) : object_(object) {}

    std::string spelling(std::string_view field) const override { return std::string(field); }
    Read<std::string> text(std::string_view field) const override {
        auto* value = find(field);
        if (!value) return std::string();
        if (!value->is_string()) return wrong(std::string(field), "a text");
        auto& s = value->get_string();
        return std::string(trim(std::string_view(s.data(), s.size())));
    }
    Read<std::optional<Instant>> time(std::string_view field) const override {
        auto value = text(field);
        if (!value) return tl::unexpected(value.error());
        if (value->empty()) return std::nullopt;
        auto moment = parse_rfc3339(*value);
        if (!moment) return wrong(std::string(field), "a time with its offset, as 2026-11-21T09:12:00+08:00");
        return moment;
    }
    Read<std::string> birth() const override {
        auto value = text("caller_birth");
        if (value && !value->empty() && !is_day(*value)) return wrong("caller_birth", "a date, as 1990-05-01");
        return value;
    }
    Read<std::optional<std::int64_t>> version() const override {
        auto* value = find("version");
        if (!value) return std::nullopt;
        if (!value->is_int64() || value->get_int64() < 0) return wrong("version", "a whole number from 0");
        return std::optional(value->get_int64());
    }
    Read<std::string> unit() const override { return code_like(*this, "unit", max_code, true); }
    std::optional<CaseState> state(const std::string& word) const override { return parse_case_state(word); }
    Read<std::vector<Officer>> officers() const override {
        std::vector<Officer> out;
        auto* value = find("officers");
        if (!value) return out;
        auto expected =
            wrong("officers", fmt::format("at most {} of {{\"badge\", \"role\": lead|co|auxiliary}}", max_list));
        if (!value->is_array() || value->get_array().size() > max_list) return expected;
        for (auto& item : value->get_array()) {
            if (!item.is_object()) return expected;
            JsonRecord officer(item.get_object());
            auto badge = code_like(officer, "badge", max_code, true), role = code_like(officer, "role", max_code);
            if (!badge || !role) return expected;
            if (role->empty()) *role = out.empty() ? "lead" : "co";
            if (*role != "lead" && *role != "co" && *role != "auxiliary") return expected;
            out.emplace_back(*badge, *role);
        }
        return out;
    }
    Read<std::vector<std::string>> flags(const Flags& words) const override {
        std::vector<std::string> out;
        auto* value = find("flags");
        if (!value) return out;
        auto expected = wrong("flags", fmt::format("at most {} texts", max_list));
        if (!value->is_array() || value->get_array().size() > max_list) return expected;
        for (auto& item : value->get_array()) {
            if (!item.is_string() || item.get_string().size() > max_text) return expected;
            auto& s = item.get_string();
            add_flag(out, read_flag(std::string(trim(std::string_view(s.data(), s.size()))), words));
        }
        return out;
    }
    std::string content() const override {
        json::object all;
        for (auto& pair : object_)  // null is the same as absent; the version is compared on its own
            if (!pair.value().is_null() && pair.key() != "version") all.insert(pair);
        return canonical(all);
    }

private:
    const json::value* find(std::string_view field) const {
        auto* value = object_.if_contains(json::string_view(field.data(), field.size()));
        return value && value->is_null() ? nullptr : value;
    }
    const json::object& object_;
};

ParsedRow read_json_record(const json::value& value, std::int64_t line, const JsonProblem* problem,
                           const RecordRules& rules) {
    ParsedRow row{line, {}, wrong("record", "a JSON object")};
    if (!value.is_object()) return row;
    JsonRecord record(value.get_object());
    if (auto id = record.text("id"); id && id->size() <= max_id && id->find('\0') == std::string::npos) row.id = *id;
    if (problem)
        row.call = wrong(problem->field, problem->detail);
    else
        row.call = read_call(record, rules);
    return row;
}

Result<void> read_json(const Document& document, const RecordRules& rules, const std::function<void(ParsedRow)>& take) {
    auto parsed = parse_strict(without_bom(document.bytes));
    if (!parsed) return tl::unexpected(parsed.error());
    auto problem_of = [&](std::size_t index) {
        auto it = parsed->problems.find(index);
        return it == parsed->problems.end() ? nullptr : &it->second;
    };
    if (auto* list = parsed->value.if_array()) {
        for (std::size_t i = 0; i < list->size(); ++i)
            take(
                read_json_record((*list)[i], static_cast<std::int64_t>(i) + document.first_line, problem_of(i), rules));
    } else if (parsed->value.is_object()) {
        take(read_json_record(parsed->value, document.first_line, problem_of(0), rules));
    } else {
        return fail(Error::Kind::invalid_input, "expected a JSON object or an array of them");
    }
    return {};
}

// A line that is no JSON is a bad row. Only where no line is, the whole was something else.
Result<void> read_lines(const Document& document, const RecordRules& rules,
                        const std::function<void(ParsedRow)>& take) {
    auto bytes = without_bom(document.bytes);
    std::vector<ParsedRow> broken;
    bool any = document.first_line > 1;
    auto line = document.first_line;
    for (std::size_t at = 0; at < bytes.size(); ++line) {
        auto end = std::min(bytes.find('\n', at), bytes.size());
        auto text = trim(bytes.substr(at, end - at));
        at = end + 1;
        if (text.empty()) continue;
        auto parsed = parse_strict(text);
        if (!parsed) {
            ParsedRow row{line, {}, wrong("json", parsed.error().detail)};
            if (any)
                take(std::move(row));
            else
                broken.push_back(std::move(row));
            continue;
        }
        for (auto& row : broken) take(std::move(row));
        broken.clear();
        any = true;
        take(read_json_record(parsed->value, line,
                              parsed->problems.empty() ? nullptr : &parsed->problems.begin()->second, rules));
    }
    if (!broken.empty()) return fail(Error::Kind::invalid_input, broken.front().call.error().detail);
    return {};
}

}  // namespace

Result<Flags> read_flags(std::string_view csv) {
    Flags out;
    std::int64_t line = 0;
    for (std::size_t at = 0; at < csv.size();) {
        ++line;
        auto end = find_row_end(csv, at, true)->end;
        auto cells = split_row(csv.substr(at, end - at));
        if (at == 0) cells[0] = without_bom(cells[0]);
        at = end;
        if ((line == 1 && cells[0] == "flag") || (cells.size() == 1 && trim(cells[0]).empty())) continue;
        auto code = cells.size() >= 2 ? parse_code(trim(cells[1])) : std::nullopt;
        if (!code || *code == Code::cancelled || trim(cells[0]).empty())
            return fail(Error::Kind::invalid_input,
                        fmt::format("line {}: expected flag,rule with an exclusion code as rule", line));
        out[std::string(trim(cells[0]))] = *code;
    }
    return out;
}

Result<void> read_document(const Document& document, const RecordRules& rules,
                           const std::function<void(ParsedRow)>& take) {
    static const Mappings built_in = Mappings::built_in();
    if (document.content_type == "text/csv")
        return read_csv(document, rules.mappings ? *rules.mappings : built_in, rules, take);
    if (!document.charset.empty() && document.charset != "utf-8" && document.charset != "auto")
        return fail(Error::Kind::invalid_input, "charset: JSON is UTF-8");
    if (document.content_type == "application/json") return read_json(document, rules, take);
    if (document.content_type == "application/x-ndjson") return read_lines(document, rules, take);
    return fail(Error::Kind::invalid_input,
                "content type: expected application/json, application/x-ndjson or text/csv");
}

}  // namespace pingjing::intake
