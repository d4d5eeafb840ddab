#include "daemon/intake/intake.hpp"

#include <fmt/format.h>

#include "daemon/store/cases.hpp"

namespace pingjing::intake {
namespace {

void count(store::BatchCounts& counts, const std::string& outcome) {
    ++(outcome == "accepted"    ? counts.accepted
       : outcome == "updated"   ? counts.updated
       : outcome == "unchanged" ? counts.unchanged
       : outcome == "rejected"  ? counts.rejected
                                : counts.excluded);
}

// What a record that we have already says anew (design.md A3). nullopt: it is news.
std::optional<RowAnswer> without_news(const store::KnownCase& known, const ClosedCall& call, bool equal_content, RowAnswer answer) {
    answer.outcome = "unchanged";
    if (!call.version || !known.version) return equal_content ? std::optional(answer) : std::nullopt;
    if (*call.version < *known.version) return answer;
    if (equal_content) return answer;
    if (*call.version > *known.version) return std::nullopt;
    answer.outcome = "rejected";
    answer.reason = "version";
    answer.detail = "a higher version, for the content differs from that of the same version";
    return answer;
}

Result<std::vector<ParsedRow>> rows_of(const Document& document, const RecordRules& rules, const store::Seal& seal) {
    std::vector<ParsedRow> rows;
    auto keep = [&](ParsedRow row) {
        if (row.call) store::make_keys(seal, *row.call);
        rows.push_back(std::move(row));
    };
    auto read = read_document(document, rules, keep);
    if (!read) return tl::unexpected(read.error());
    return rows;
}

struct TakenBack {};  // thrown, so that the store undoes what was tried

}  // namespace

RowAnswer take_row(store::Connection& db, const store::Seal& seal, Random& random, const eligibility::SiteRules& site, const ParsedRow& row,
                   Instant now) {
    RowAnswer answer(row.line, hide_mobiles(row.id));  // where columns have shifted it may be anything
    if (!row.call) {
        answer.outcome = "rejected";
        answer.reason = hide_mobiles(row.call.error().field);
        answer.detail = hide_mobiles(row.call.error().detail);
        return answer;
    }
    const auto& call = *row.call;
    auto known = store::find_case(db, call.id);
    if (known) {
        bool equal_content = known->content_key == (call.keys.content.empty() ? seal.keyed_hash(call.content.reveal()) : call.keys.content);
        if (auto nothing_new = without_news(*known, call, equal_content, answer)) {
            if (equal_content && call.version && known->version.value_or(*call.version - 1) < *call.version) store::raise_version(db, known->id, *call.version, now);
            return *nothing_new;
        }
    }
    // Numbers of two systems meet: one service's record must not become the case of another's.
    if (known && site.services.of(known->source, true) != site.services.of(call.source, true)) {
        answer.outcome = "rejected", answer.reason = "source", answer.detail = "the service of the record that has this number";
        return answer;
    }
    auto planned = eligibility::decide_case(db, seal, site, call, known ? known->id : 0, now);
    if (known && !planned.verdict.code && store::is_called_off(db, known->id)) planned.verdict.code = Code::cancelled, planned.verdict.rule = "a person called it off";
    answer.outcome = known ? "updated" : planned.verdict.code ? "excluded" : "accepted";
    if (planned.verdict.code) answer.reason = code_name(*planned.verdict.code);
    auto recorded = store::record_case(db, seal, known, call, planned.verdict, answer.outcome, now);
    eligibility::apply(db, seal, random, site, call, recorded, planned, now);
    return answer;
}

std::vector<RowAnswer> take_batch(store::Connection& db, const store::Seal& seal, Random& random, const eligibility::SiteRules& site,
                                  std::span<const ParsedRow> rows, std::string_view source, Instant now) {
    std::vector<RowAnswer> taken;
    store::BatchCounts counts;
    for (const auto& row : rows) {
        taken.push_back(take_row(db, seal, random, site, row, now));
        count(counts, taken.back().outcome);
    }
    auto id = store::record_batch(db, source, counts, now);
    for (const auto& answer : taken)
        if (answer.outcome == "rejected") store::record_rejection(db, id, answer.line, answer.reason, answer.detail);
    return taken;
}

asio::awaitable<Result<std::vector<RowAnswer>>> Intake::take(Document document, RecordRules rules, const eligibility::SiteRules& site,
                                                             std::string source, Commit commit) {
    auto rows = rows_of(document, rules, seal_);
    if (!rows) co_return tl::unexpected(rows.error());

    std::vector<RowAnswer> answers;
    answers.reserve(rows->size());
    const auto at_once = commit == Commit::whole ? std::max<std::size_t>(rows->size(), 1) : rows_per_commit;
    for (std::size_t first = 0; first < rows->size(); first += at_once) {
        auto batch_rows = std::span<const ParsedRow>(*rows).subspan(first, std::min(at_once, rows->size() - first));
        auto batch = [&](store::Connection& db) { return take_batch(db, seal_, random_, site, batch_rows, source, rules.now); };
        auto taken = co_await store_.run(std::ref(batch));
        answers.insert(answers.end(), std::make_move_iterator(taken.begin()), std::make_move_iterator(taken.end()));
    }
    co_return answers;
}

asio::awaitable<Result<std::vector<Result<std::vector<RowAnswer>>>>> Intake::try_out(std::vector<Document> documents, RecordRules rules, const eligibility::SiteRules& site) {
    // Read before the store is asked for, and not too many: it is one transaction, and as long as it lasts nobody else is heard.
    std::vector<Result<std::vector<ParsedRow>>> parsed;
    std::size_t rows = 0;
    for (const auto& document : documents) {
        parsed.push_back(rows_of(document, rules, seal_));
        if (parsed.back()) rows += parsed.back()->size();
        if (rows > rows_a_dry_run) co_return fail(Error::Kind::invalid_input, fmt::format("a dry run takes at most {} rows at once; split the files", rows_a_dry_run));
    }
    std::vector<Result<std::vector<RowAnswer>>> answers;
    auto attempt = [&](store::Connection& db) {
        answers.clear();
        for (const auto& one : parsed) {
            if (one) answers.emplace_back(take_batch(db, seal_, random_, site, *one, "dry run", rules.now));
            else answers.emplace_back(tl::unexpected(one.error()));
        }
        throw TakenBack();
    };
    try {
        co_await store_.run(std::ref(attempt));
    } catch (const TakenBack&) {
    }
    co_return answers;
}

}  // namespace pingjing::intake
