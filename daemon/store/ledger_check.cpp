#include "daemon/store/ledger_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "daemon/store/ledger.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::store {
namespace {
constexpr int most_of_each = 5;
constexpr std::int64_t most_lines_a_page = 200;  // a page has 4 KiB, the shortest line some 30 bytes
}

void LedgerCheck::found(const char* check, std::string detail) {
    if (++counts_[check] <= most_of_each) findings_.push_back({check, std::move(detail)});
}

void LedgerCheck::expect(std::uint64_t size, const Hash& root, std::string who) { expected_.emplace(size, std::pair(root, std::move(who))); }

bool LedgerCheck::step(Connection& db) {
    Snapshot moment(db);
    try {
        return go_on(db);
    } catch (const SqlError& error) {
        if (!error.is_damage()) throw;
        found("file", fmt::format("the ledger cannot be read after row {}, and no row can be compared with it: {}", read_, error.reason()));
    }
    stage_ = Stage::done;
    return false;
}

bool LedgerCheck::read_rows_or_leave_table(Connection& db) {
    try {
        return read_rows(db);
    } catch (const SqlError& error) {
        if (!error.is_damage()) throw;
        const auto& table = fact_tables()[table_];
        if (unreadable_.insert(table.number).second) found("file", fmt::format("{} cannot be compared with the ledger after row {}: {}", table.name, after_a_, error.reason()));
    }
    ++table_, from_start_ = true;
    return true;
}

bool LedgerCheck::go_on(Connection& db) {
    switch (stage_) {
        case Stage::pass:
            begin_pass(db);
            stage_ = Stage::lines;
            return true;
        case Stage::lines:
            if (read_lines(db, sizes_.lines_a_step)) return true;
            if (pass_ == 0) compare_head(db);
            stage_ = Stage::rows;
            return true;
        case Stage::rows:
            // What was written since the last step: now what we know is what the tables hold at this moment.
            while (read_lines(db, std::numeric_limits<std::int64_t>::max())) {}
            // Small tables share a step.
            for (rows_read_ = 0; read_rows_or_leave_table(db);)
                if (2 * rows_read_ >= sizes_.rows_a_step) return true;
            find_missing(db);
            stage_ = ++pass_ < passes_ ? Stage::pass : Stage::done;
            return stage_ != Stage::done;
        case Stage::done: break;
    }
    return false;
}

void LedgerCheck::begin_pass(Connection& db) {
    if (pass_ == 0) {
        // By its last number, but no more than the file has room for: of a line that bears the highest number there is the passes would
        // have no end.
        Statement size(db, "SELECT min((SELECT coalesce(max(seq), 0) FROM ledger), (SELECT page_count FROM pragma_page_count) * ?1)");
        size.bind(1, most_lines_a_page).step();
        rows_expected_ = static_cast<std::size_t>(std::max<std::int64_t>(size.integer(0), 0)) * 6 / 5;
        passes_ = 1 + rows_expected_ / sizes_.rows_a_pass;
    }
    memory_ = std::make_unique<Memory>();
    memory_->known.reserve(rows_expected_ / passes_);
    whole_at_.clear();
    read_ = 0, table_ = 0, from_start_ = true;
}

bool LedgerCheck::read_lines(Connection& db, std::int64_t most) {
    Statement lines(db, "SELECT seq, at, kind, case_id, data, rows, mark FROM ledger WHERE seq > ?1 ORDER BY seq LIMIT ?2");
    lines.bind(1, read_).bind(2, most);
    std::int64_t n = 0;
    std::string entry;
    auto& all = memory_->known;
    for (; lines.step(); ++n) {
        auto seq = lines.integer(0);
        auto kind = lines.view(2), rows = lines.view(5);
        if (pass_ == 0) {
            if (seq != read_ + 1) found("ledger", fmt::format("ledger row {} is missing", read_ + 1));
            write_entry(entry, seq, lines.instant(1), kind, lines.maybe_integer(3), lines.view(4), rows);
            auto leaf = leaf_hash(entry);
            if (mark_of(leaf) != lines.integer(6)) found("ledger", fmt::format("ledger row {} was changed", seq));
            head_.append(leaf);
            if (!expected_.empty()) compare_checkpoints();
        }
        read_ = seq;
        RowFacts facts(rows);
        while (auto row = facts.next()) {
            if (!mine(row->key)) continue;
            // Moved before it was made: then nobody made it, and the row of the table will be found.
            auto [at, is_new] = row->kind == RowFact::Kind::moved ? std::pair(all.find(row->key), false) : all.try_emplace(row->key);
            if (at == all.end()) continue;
            auto& known = at->second;
            known.stands = row->kind != RowFact::Kind::gone;
            if (row->kind == RowFact::Kind::moved) row->apply(known.state);
            else known.state = std::move(row->state);
            known.seq = seq, known.erased = kind == "erased", known.seen = false;
        }
        if (facts.broken() && pass_ == 0) found("ledger", fmt::format("ledger row {} cannot be read", seq));
    }
    return n > 0 && n == most;
}

void LedgerCheck::compare_checkpoints() {
    for (auto [at, end] = expected_.equal_range(head_.size()); at != end; ++at) {
        const auto& [root, who] = at->second;
        if (head_.root() == root) {
            right_until_ = head_.size();
        } else if (!std::exchange(tree_is_wrong_, true)) {
            found("ledger", fmt::format("one of the ledger rows {} to {} was changed: the root at {} is not that of {}", right_until_ + 1, head_.size(), head_.size(), who));
        }
    }
}

// The head is compared with the lines that it was written with, so a daemon that has written more since is waited for.
void LedgerCheck::compare_head(Connection& db) {
    while (read_lines(db, std::numeric_limits<std::int64_t>::max())) {}
    // Whoever asks for lines of a kind or a case finds such a one, too.
    Statement before(db, "SELECT seq FROM ledger WHERE seq < 1 ORDER BY seq");
    while (before.step()) found("ledger", fmt::format("ledger row {} stands before the first", before.integer(0)));
    Statement stored(db, "SELECT head FROM ledger_head WHERE id = 1");
    TreeHead kept;
    try {
        if (stored.step()) kept = TreeHead::load(stored.text(0));
    } catch (const std::invalid_argument&) {
        found("ledger", "the stored head cannot be read");
    }
    if (kept.size() != head_.size()) found("ledger", fmt::format("the ledger has {} rows, its head says {}", head_.size(), kept.size()));
    else if (!(kept == head_) && findings_.empty())
        found("ledger", fmt::format("one of the ledger rows {} to {} was changed: the root is not the stored one", right_until_ + 1, head_.size()));
    for (auto at = expected_.upper_bound(head_.size()); at != expected_.end(); ++at)
        found("ledger", fmt::format("rows after {} are cut off: {} is of {} rows", head_.size(), at->second.second, at->first));
}

bool LedgerCheck::read_rows(Connection& db) {
    auto all = fact_tables();
    if (table_ == all.size()) return false;
    const auto& table = all[table_];
    bool whole = table.key.find('t') != std::string_view::npos;  // few rows
    if (from_start_) after_a_ = after_b_ = 0;
    auto columns = table.key_columns();
    auto sql = whole          ? fmt::format("SELECT * FROM {}", table.name)
               : from_start_  ? fmt::format("SELECT * FROM {} ORDER BY {} LIMIT {}", table.name, columns, sizes_.rows_a_step)
               : table.key == "i" ? fmt::format("SELECT * FROM {0} WHERE {1} > ?1 ORDER BY {1} LIMIT {2}", table.name, columns, sizes_.rows_a_step)
                              : fmt::format("SELECT * FROM {0} WHERE ({1}) > (?1, ?2) ORDER BY {1} LIMIT {2}", table.name, columns, sizes_.rows_a_step);
    Statement rows(db, sql);
    if (!whole && !from_start_) {
        rows.bind(1, after_a_);
        if (table.key == "ii") rows.bind(2, after_b_);
    }
    if (whole) whole_at_[table.number] = read_;
    std::int64_t n = 0;
    for (; rows.step(); ++n) {
        auto row = read_row(table, rows.handle());
        after_a_ = row.key.a, after_b_ = row.key.b;
        if (mine(row.key)) compare(row, table, db);
    }
    rows_read_ += n;
    from_start_ = false;
    if (whole || n < sizes_.rows_a_step) ++table_, from_start_ = true;
    return true;
}

void LedgerCheck::compare(const RowFact& row, const FactTable& table, Connection& db) {
    auto& all = memory_->known;
    auto known = all.find(row.key);
    auto name = [&] { return table.key.find('t') != std::string_view::npos ? name_of(db, row.key, known == all.end() ? 0 : known->second.seq)
                           : table.key == "i" ? fmt::format("{} row {}", table.name, row.key.a) : fmt::format("{} row {} {}", table.name, row.key.a, row.key.b); };
    if (known == all.end()) return found("rows", fmt::format("{} was written by no ledger row", name()));
    known->second.seen = true;
    if (!known->second.stands) return found("rows", fmt::format("{} was deleted by ledger row {} and is here", name(), known->second.seq));
    if (known->second.state != row.state) return found("rows", fmt::format("{} is not as ledger row {} left it", name(), known->second.seq));
    ++rows_;
    if (known->second.erased) ++erased_;
}

void LedgerCheck::find_missing(Connection& db) {
    std::vector<std::pair<std::int64_t, RowKey>> missing;  // by the line that wrote them
    for (const auto& [key, known] : memory_->known) {
        if (!known.stands && known.erased) ++erased_;
        if (!known.stands || known.seen || unreadable_.contains(key.table)) continue;
        if (auto whole = whole_at_.find(key.table); whole != whole_at_.end() ? known.seq > whole->second : stands_after_all(db, key)) continue;
        missing.emplace_back(known.seq, key);
    }
    std::sort(missing.begin(), missing.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    for (std::size_t i = 0; i < std::min<std::size_t>(missing.size(), most_of_each); ++i)
        found("rows", fmt::format("{} is missing; ledger row {} wrote it", name_of(db, missing[i].second, missing[i].first), missing[i].first));
}

// Written behind the place that the reading had reached, while a daemon runs: then it is there now.
bool LedgerCheck::stands_after_all(Connection& db, const RowKey& key) const {
    const auto& table = *fact_table(key.table);
    Statement find(db, table.key == "i" ? fmt::format("SELECT * FROM {} WHERE {} = ?1", table.name, table.key_columns())
                                        : fmt::format("SELECT * FROM {} WHERE ({}) = (?1, ?2)", table.name, table.key_columns()));
    find.bind(1, key.a);
    if (table.key == "ii") find.bind(2, key.b);
    return find.step() && read_row(table, find.handle()).state == memory_->known.at(key).state;
}

std::string LedgerCheck::name_of(Connection& db, const RowKey& key, std::int64_t seq) const {
    Statement line(db, "SELECT rows FROM ledger WHERE seq = ?1");
    if (line.bind(1, seq).step()) {
        RowFacts facts(line.view(0), true);
        while (auto row = facts.next())
            if (row->key == key) return row->name;
    }
    return fmt::format("a row of {}", fact_table(key.table)->name);
}

}  // namespace pingjing::store
