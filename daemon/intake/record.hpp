// One record of a 110 system, from whatever bytes it came in, to a ClosedCall or to the field at fault (design.md A3).
// Pure. A bad row never fails its neighbours, and an error never repeats the value: it may be a phone number.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/core/case.hpp"
#include "daemon/core/result.hpp"
#include "daemon/core/survey.hpp"
#include "daemon/intake/mapping.hpp"

namespace pingjing::intake {

struct RowError {
    std::string field;   // as the input spells it: jjdbh, closed_at, columns (a row of the wrong width), json
    std::string detail;  // what was expected
};

struct ParsedRow {
    std::int64_t line = 0;  // physical line where the row starts; for a JSON array the index + 1
    std::string id{};       // as far as it could be read, also for a rejected row
    tl::expected<ClosedCall, RowError> call;
};

struct Document {
    std::string_view bytes{};
    std::string content_type{};   // application/json, application/x-ndjson, text/csv
    std::string charset{};        // "", utf-8, gb18030, auto; "" is auto for CSV and UTF-8 for JSON
    std::string mapping{};        // a name, or empty: by the head row
    std::int64_t first_line = 1;  // of the head row as if it stood right before the first row of this piece; 1 for a
                                  // whole file. NDJSON: of the first line
};

using Flags = std::map<std::string, Code>;
// flags.csv: flag,rule. The error names the line.
Result<Flags> read_flags(std::string_view csv);

struct RecordRules {
    Flags flags{};
    std::string zone = "Asia/Shanghai";          // for CSV times where the mapping names none
    std::shared_ptr<const Mappings> mappings{};  // null: the built-in ones
    std::string source{};                        // of records that name none: whose door this is
    Instant now{};
    Millis future_tolerance =
        std::chrono::hours(1);  // clocks differ; a time beyond it is a mistake, mostly of the zone
};

// Calls `take` once for every row, in order. An error only where nothing could be read at all: broken JSON, a CSV
// without a usable head row, an unknown mapping, charset or zone; then `take` was never called.
Result<void> read_document(const Document& document, const RecordRules& rules,
                           const std::function<void(ParsedRow)>& take);

}  // namespace pingjing::intake
