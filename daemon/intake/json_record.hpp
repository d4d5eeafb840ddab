// Records as JSON: an object, an array of them, or one a line.
#pragma once
#include "daemon/intake/record.hpp"

namespace pingjing::intake {

// As read_document, of `application/json`.
Result<void> read_json(const Document& document, const RecordRules& rules, const std::function<void(ParsedRow)>& take);
// Of `application/x-ndjson`. A line that is no JSON is a bad row. Only where no line is, the whole was something else.
Result<void> read_json_lines(const Document& document, const RecordRules& rules, const std::function<void(ParsedRow)>& take);

}  // namespace pingjing::intake
