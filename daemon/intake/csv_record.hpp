// Records as rows of a table: cut before they are decoded, so that one broken cell costs one row.
#pragma once
#include "daemon/intake/record.hpp"

namespace pingjing::intake {

// As read_document, of `text/csv`.
Result<void> read_csv(const Document& document, const Mappings& mappings, const RecordRules& rules,
                      const std::function<void(ParsedRow)>& take);

}  // namespace pingjing::intake
