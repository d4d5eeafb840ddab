#include "daemon/intake/record.hpp"

#include <fmt/format.h>

#include "daemon/intake/charset.hpp"
#include "daemon/intake/csv.hpp"
#include "daemon/intake/csv_record.hpp"
#include "daemon/intake/fields.hpp"
#include "daemon/intake/json_record.hpp"

namespace pingjing::intake {

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
    if (document.content_type == "application/json") return read_json(document, rules, take);
    if (document.content_type == "application/x-ndjson") return read_json_lines(document, rules, take);
    return fail(Error::Kind::invalid_input,
                "content type: expected application/json, application/x-ndjson or text/csv");
}

}  // namespace pingjing::intake
