// One append-only line per change, in the same transaction as the change, and the head of the Merkle tree over them.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/clock.hpp"
#include "daemon/core/result.hpp"
#include "daemon/core/tree.hpp"
#include "daemon/store/row_facts.hpp"

namespace pingjing::store {
class Connection;

// Leaves written since the last commit, and what the rows of fact tables have become. A rolled back savepoint takes its share back; a
// failed commit takes all.
class LedgerTail {
public:
    struct Mark { std::size_t leaves = 0, rows = 0, told = 0; };
    std::uint64_t size() const { return head_.size() + waiting_.size(); }
    Mark mark() const { return {waiting_.size(), rows_.bytes.size(), told_}; }
    void forget_since(Mark mark) {
        waiting_.resize(mark.leaves);
        while (!unwritten_.empty() && unwritten_.back().seq > static_cast<std::int64_t>(size())) {
            texts_.resize(unwritten_.back().begin);
            unwritten_.pop_back();
        }
        rows_.cut(mark.rows);
        told_ = mark.told;
    }
    void forget() { forget_since({}); }
    ToldRows& rows() { return rows_; }  // RowWatcher adds to it

    const TreeHead& head() const { return head_; }  // of what is committed
    const std::optional<Hash>& last_leaf() const { return last_leaf_; }  // likewise; none in an empty ledger

private:
    // A line that stands in the tree and not yet in the table: they are written many at a time, at the latest with the COMMIT, or when
    // somebody looks at the table.
    struct Line {
        std::int64_t seq = 0;
        Instant at{};
        std::optional<std::int64_t> case_id{};
        std::int64_t mark = 0;
        std::size_t begin = 0, kind = 0, data = 0, rows = 0;  // in `texts_`: where, and how long each
    };
    friend void write_lines(Connection&);
    friend std::int64_t append(Connection&, Instant, std::string_view, std::optional<std::int64_t>, std::string_view);
    friend TreeHead write_head(Connection&);
    friend void commit_head(Connection&, TreeHead);
    friend void read_head(Connection&);
    TreeHead head_;
    std::optional<Hash> last_leaf_{};
    std::vector<Hash> waiting_;
    ToldRows rows_;         // of this transaction
    std::size_t told_ = 0;  // how much of it stands in a line already
    Instant last_at_{};
    std::string entry_;  // kept and written over
    std::vector<Line> unwritten_;
    std::string texts_;
    bool writing_ = false;
};

// Writes one fact and returns its sequence number, from 1. `data` is canonical JSON and holds no number and no text. The line also
// holds what every row has become that changed since the line before; what nobody tells of is put into a line "rows" at the COMMIT.
std::int64_t append(Connection& db, Instant at, std::string_view kind, std::optional<std::int64_t> case_id, std::string_view data);

// Before a savepoint, so that nothing that stands behind it is written inside it. Statement does it where a text names the ledger.
void write_lines(Connection& db);

// Used by the store's runner around each COMMIT.
TreeHead write_head(Connection& db);              // stores the head that the waiting leaves lead to
void commit_head(Connection& db, TreeHead head);  // after the COMMIT: the leaves are part of it now
void read_head(Connection& db);                  // at start

// Recomputes the tree from the lines. An error names the first one that is missing or was changed, or says that the root differs
// from the stored one; otherwise the head. LedgerCheck does that and more.
// `known`: the head of rows that were looked at before and cannot have changed since; only those after it are read.
Result<TreeHead> recompute(Connection& db, TreeHead known = {});

// What a leaf is the hash of: seq|at|1|case|4:kind|2:{}|0:rows, for a fact of no case seq|at|0|0|… Every text stands behind its
// length, so that no two facts share an entry. Written over `out`.
void write_entry(std::string& out, std::int64_t seq, Instant at, std::string_view kind, std::optional<std::int64_t> case_id, std::string_view data,
                 std::string_view rows);
// A line's own mark, its leaf's first bytes: it proves nothing to anyone, but it tells which line was changed.
std::int64_t mark_of(const Hash& leaf);

// The tree over the first `size` lines; of fewer, if there are no more. Recomputed, whatever the stored head says.
TreeHead head_at(Connection& db, std::uint64_t size);
// The roots of ranges of leaves, each recomputed from the lines: what a proof is made of.
std::vector<Hash> roots_of(Connection& db, const std::vector<LeafRange>& ranges);
// The entry of one line; nullopt: there is none.
std::optional<std::string> find_entry(Connection& db, std::int64_t seq);

}  // namespace pingjing::store
