// What an outside program thinks of texts that reading left open: advice for whoever decides, in a table that nothing counts.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/clock.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::store {

struct UnclearText {
    std::int64_t inbound_id = 0;
    std::string sealed_text{};
};
// Ambiguous by its words, no code in it, and still to be read; those behind `after`, in their order.
std::vector<UnclearText> find_unclear_texts(Connection& db, std::int64_t after, int limit);
// The last inbound that was read with all before it.
std::int64_t read_up_to(Connection& db);
// The inbound before the first one that came since then.
std::int64_t before_texts_since(Connection& db, Instant since);
// With a row for a person, unless there was one about this text, or the caller has said meanwhile what he means. False: the text is not
// open any more, or one was kept before.
bool keep_suggestion(Connection& db, std::int64_t inbound_id, std::string_view said, Instant now);

}  // namespace pingjing::store
