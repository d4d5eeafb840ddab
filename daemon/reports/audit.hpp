// For whoever audits: who looked at whom and why, and what people did by hand, line by line of the ledger. No number is in it. Of calls at
// which the reader was, or of his unit, there is nothing: that somebody follows one up says how it was rated.
#pragma once
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/core/clock.hpp"
#include "daemon/reports/render.hpp"

namespace pingjing::store {
class Connection;
class Seal;
}  // namespace pingjing::store

namespace pingjing::reports {

struct AuditEntry {
    std::int64_t ledger = 0;  // number of the line; `pingjing proof` takes it
    Instant at{};
    std::string group{};                                  // look, reveal, override, decision, site
    std::string what{}, who{}, why{}, record{}, about{};  // empty: nobody said, none, or it was erased
};

struct AuditAsked {
    Instant from{}, to{};         // to: not any more
    std::string badge{}, unit{};  // of the reader
    std::string zone = "Asia/Shanghai";
};

// Reads in slices, so that a reader does not hold the store back: step() until it says false.
class AuditReader {
public:
    AuditReader(const store::Seal& seal, AuditAsked asked) : seal_(seal), asked_(std::move(asked)) {}  // `seal` outlives it
    bool step(store::Connection& db);
    const std::vector<AuditEntry>& entries() const { return entries_; }  // by line

private:
    struct Line;
    struct OptOut {
        std::string source{}, reason{};
    };
    void begin(store::Connection& db);
    void take(store::Connection& db, const Line& line);
    bool take_access(store::Connection& db, const Line& line, AuditEntry& entry);
    bool take_opt_out(store::Connection& db, const Line& line, AuditEntry& entry);
    bool take_hold(store::Connection& db, const Line& line, AuditEntry& entry) const;
    bool take_forgotten(store::Connection& db, const Line& line, AuditEntry& entry) const;
    bool take_site(const Line& line, AuditEntry& entry) const;
    void take_appeal(store::Connection& db, const Line& line, AuditEntry& entry) const;
    bool is_party(store::Connection& db, std::int64_t case_id);
    bool is_party_of_text(store::Connection& db, std::int64_t inbound_id) const;

    const store::Seal& seal_;
    AuditAsked asked_;
    bool begun_ = false;
    std::int64_t read_ = 0, last_ = 0;
    std::vector<AuditEntry> entries_{};
    std::map<std::int64_t, bool> parties_{};
    std::map<std::pair<std::int64_t, std::string>, std::vector<OptOut>> opt_outs_{};  // by moment and kind of line, the newest first
    std::map<std::string, std::pair<std::size_t, std::int64_t>> counted_{};           // what one row stands for: which, and how many
};

Table audit_table(const std::vector<AuditEntry>& entries, const std::string& zone);

}  // namespace pingjing::reports
