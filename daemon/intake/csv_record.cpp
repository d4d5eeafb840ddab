#include "daemon/intake/csv_record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "daemon/intake/charset.hpp"
#include "daemon/intake/csv.hpp"
#include "daemon/intake/fields.hpp"
#include "daemon/intake/wall_time.hpp"
#include "daemon/text/strict_json.hpp"

namespace pingjing::intake {
namespace {

namespace json = boost::json;

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

class CsvRow final : public Fields {
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
        auto local = read_wall_time(value, table_.mapping.times);
        if (!local) return wrong(spelling(field), "a time such as " + example_of(table_.mapping.times.front()));
        auto moment = to_instant(*local, table_.zone);
        if (!moment) return wrong(spelling(field), moment.error());
        return std::optional(*moment);
    }
    Read<std::string> birth() const override {
        auto value = *text("caller_birth");
        if (value.empty()) return value;
        auto day = read_wall_time(value, table_.mapping.dates);
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
    std::string states() const override {
        std::string out;
        for (const auto& [word, state] : table_.mapping.states) out += (out.empty() ? "" : ", ") + word;
        return out;
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

}  // namespace

Result<void> read_csv(const Document& document, const Mappings& mappings, const RecordRules& rules,
                      const std::function<void(ParsedRow)>& take) {
    auto charset =
        document.charset.empty() || document.charset == "auto" ? detect_charset(document.bytes) : document.charset;
    if (charset != "utf-8" && charset != "gb18030")
        return fail(Error::Kind::invalid_input, "charset: expected utf-8, gb18030 or auto");
    // Decoded at once where all of it is sound; else cell by cell, so that one broken cell costs one row.
    auto utf8_instead = charset == "gb18030" ? std::optional<Utf8Instead>(document.bytes) : std::nullopt;
    bool sound = charset == "gb18030" && !utf8_instead->anywhere();
    auto decoded = sound ? to_utf8(document.bytes, charset) : std::nullopt;
    if (decoded) charset = "utf-8";
    auto is_utf8_instead = [&](std::string_view text) { return !decoded && utf8_instead && utf8_instead->in(text); };
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
    RowEnd row;
    auto head_bytes = next_row(row);
    std::vector<std::string> head;
    if (is_utf8_instead(head_bytes)) return fail(Error::Kind::invalid_input, fmt::format("no usable head row: {}", utf8_not_gb18030));
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
    line += count_lines(head_bytes);

    for (auto text = next_row(row); !text.empty(); text = next_row(row)) {
        auto here = line;
        line += count_lines(text);
        auto cells = split_row(text);
        if (cells.size() == 1 && trim(cells[0]).empty() && head.size() > 1) continue;
        ParsedRow parsed{here, {}, wrong("columns", fmt::format("{} columns, as in the head row", head.size()))};
        RowError undecoded;
        bool utf8_row = is_utf8_instead(text);
        for (std::size_t i = 0; i < cells.size(); ++i) {
            auto value = utf8_row && !is_ascii(cells[i]) ? std::nullopt : to_utf8(cells[i], charset);
            if (!value && undecoded.field.empty())
                undecoded = RowError{i < head.size() ? head[i] : "columns", utf8_row ? utf8_not_gb18030 : "text in " + charset};
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

}  // namespace pingjing::intake
