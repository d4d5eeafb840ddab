// Recomputes the tree from the ledger's lines and compares every row of every fact table with the last line that told of it. Memory
// and time at a stretch are bounded: it goes in steps, each one moment of the books, and a daemon goes on writing in between.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <memory_resource>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "daemon/core/tree.hpp"
#include "daemon/store/row_facts.hpp"

namespace pingjing::store {
class Connection;

class LedgerCheck {
public:
    struct Sizes {
        std::int64_t lines_a_step = 200'000, rows_a_step = 100'000;
        std::size_t rows_a_pass = 2'000'000;  // remembered at a time, about 100 bytes each; where there are more the ledger is read again
    };
    LedgerCheck() : LedgerCheck(Sizes()) {}
    explicit LedgerCheck(Sizes sizes) : sizes_(sizes) {}

    // What the tree was when it had this size, as a checkpoint kept here or elsewhere says. Before the first step.
    void expect(std::uint64_t size, const Hash& root, std::string who);
    // false: that was the last. Pages that cannot be read are findings of "file": of the ledger they end it, of another table they end that one.
    bool step(Connection& db);

    struct Finding { std::string check{}, detail{}; };  // "ledger", "ledger row 17 is missing"
    const std::vector<Finding>& findings() const { return findings_; }
    const TreeHead& head() const { return head_; }
    std::int64_t rows() const { return rows_; }      // that stand and are as the ledger says
    std::int64_t erased() const { return erased_; }  // rows whose last line is `erased`: emptied, or gone with its knowledge

private:
    struct Known { RowState state{}; std::int64_t seq = 0; bool stands = false, erased = false, seen = false; };
    // Neighbours in a table are neighbours here: ledger and tables are read in the order of their ids, and a million rows looked for all over the
    // memory took three times as long.
    struct KeyHash {
        std::size_t operator()(const RowKey& k) const {
            return static_cast<std::size_t>(k.a) + static_cast<std::size_t>(k.b) * 0x9E3779B97F4A7C15u + std::size_t(k.table) * 0xC2B2AE3D27D4EB4Fu;
        }
    };
    // What one pass knows of rows, thrown away as a whole.
    struct Memory {
        std::pmr::monotonic_buffer_resource arena{std::size_t(1) << 20};
        std::pmr::unordered_map<RowKey, Known, KeyHash> known{&arena};
    };

    bool go_on(Connection& db);
    bool read_rows_or_leave_table(Connection& db);
    void begin_pass(Connection& db);
    bool read_lines(Connection& db, std::int64_t most);  // false: none are left
    void compare_head(Connection& db);
    void compare_checkpoints();
    bool read_rows(Connection& db);                      // false: the last table is done
    void compare(const RowFact& row, const FactTable& table, Connection& db);
    void find_missing(Connection& db);
    bool stands_after_all(Connection& db, const RowKey& key) const;
    std::string name_of(Connection& db, const RowKey& key, std::int64_t seq) const;
    bool mine(const RowKey& key) const { return passes_ == 1 || KeyHash()(key) / 7 % passes_ == pass_; }
    void found(const char* check, std::string detail);

    Sizes sizes_;
    enum class Stage { pass, lines, rows, done } stage_ = Stage::pass;
    std::size_t pass_ = 0, passes_ = 1, rows_expected_ = 0;
    TreeHead head_;
    std::int64_t read_ = 0;        // lines of this pass
    std::size_t table_ = 0;
    std::int64_t after_a_ = 0, after_b_ = 0;
    std::int64_t rows_read_ = 0;   // of tables, in this step
    bool from_start_ = true;
    std::map<std::uint8_t, std::int64_t> whole_at_;  // tables read in one go, and what the ledger's size was then
    std::set<std::uint8_t> unreadable_;  // tables
    std::unique_ptr<Memory> memory_ = std::make_unique<Memory>();
    std::multimap<std::uint64_t, std::pair<Hash, std::string>> expected_;
    std::uint64_t right_until_ = 0;  // a checkpoint says that the tree was this one up to here
    bool tree_is_wrong_ = false;
    std::vector<Finding> findings_;
    std::map<std::string, int> counts_;
    std::int64_t rows_ = 0, erased_ = 0;
};

}  // namespace pingjing::store
