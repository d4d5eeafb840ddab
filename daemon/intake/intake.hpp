// Takes documents of closed calls: every row is decided, committed and only then answered. Idempotent on record and version,
// so that whoever did not hear our answer sends the same rows again and nothing happens twice.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/random.hpp"
#include "daemon/eligibility/eligibility.hpp"
#include "daemon/intake/record.hpp"
#include "daemon/store/store.hpp"

namespace pingjing::intake {

struct RowAnswer {
    RowAnswer(std::int64_t l, std::string i) : line(l), id(std::move(i)) {}
    std::int64_t line;
    std::string id;
    std::string outcome;  // accepted excluded updated unchanged rejected
    std::string reason;   // the code, or the field at fault as the input spells it
    std::string detail;   // what was expected
};

// One row inside a transaction. Pure of time and chance: both come in.
RowAnswer take_row(store::Connection& db, const store::Seal& seal, Random& random, const eligibility::SiteRules& site, const ParsedRow& row,
                   Instant now);

// With their line in the books.
inline constexpr std::size_t rows_per_commit = 500;  // of a file: lest the store belong to one sender
inline constexpr std::size_t rows_a_dry_run = 100'000;
std::vector<RowAnswer> take_batch(store::Connection& db, const store::Seal& seal, Random& random, const eligibility::SiteRules& site,
                                  std::span<const ParsedRow> rows, std::string_view source, Instant now);

class Intake {
public:
    Intake(store::Store& store, const store::Seal& seal, Random& random) : store_(store), seal_(seal), random_(random) {}

    enum class Commit { whole, in_blocks };
    // An error: nothing could be read, nothing was stored. A failing store throws: nothing was stored, or of a document `in_blocks` what was
    // committed before stands; sending everything again is safe.
    asio::awaitable<Result<std::vector<RowAnswer>>> take(Document document, RecordRules rules, const eligibility::SiteRules& site,
                                                         std::string source, Commit commit = Commit::in_blocks);
    // Every row decided as take() would, each on top of those before it, of all these documents one after the other, and nothing kept. What
    // cannot be read ends its own document. invalid_input: more than rows_a_dry_run.
    asio::awaitable<Result<std::vector<Result<std::vector<RowAnswer>>>>> try_out(std::vector<Document> documents, RecordRules rules, const eligibility::SiteRules& site);

private:
    store::Store& store_;
    const store::Seal& seal_;
    Random& random_;
};

}  // namespace pingjing::intake
