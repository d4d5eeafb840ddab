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

namespace pingjing::store {
class Connection;

// Leaves written since the last commit. A rolled back savepoint takes its leaves back; a failed commit takes all.
class LedgerTail {
public:
    std::uint64_t size() const { return head_.size() + waiting_.size(); }
    std::size_t mark() const { return waiting_.size(); }
    void forget_since(std::size_t mark) { waiting_.resize(mark); }

    const TreeHead& head() const { return head_; }  // of what is committed

private:
    friend std::int64_t append(Connection&, Instant, std::string_view, std::optional<std::int64_t>, std::string_view);
    friend TreeHead write_head(Connection&);
    friend void commit_head(Connection&, TreeHead);
    friend void read_head(Connection&);
    TreeHead head_;
    std::vector<Hash> waiting_;
};

// Writes one fact and returns its sequence number, from 1. `data` is canonical JSON and holds no number and no text.
std::int64_t append(Connection& db, Instant at, std::string_view kind, std::optional<std::int64_t> case_id, std::string_view data);

// Used by the store's runner around each COMMIT.
TreeHead write_head(Connection& db);             // stores the head that the waiting leaves lead to
void commit_head(Connection& db, TreeHead head);  // after the COMMIT: the leaves are part of it now
void read_head(Connection& db);                  // at start

// Recomputes the tree from the table. An error names the first sequence number that is missing, or says that the root
// differs from the stored one; otherwise the head.
// `known`: the head of rows that were looked at before and cannot have changed since; only those after it are read.
Result<TreeHead> recompute(Connection& db, TreeHead known = {});

}  // namespace pingjing::store
