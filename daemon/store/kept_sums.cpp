#include "daemon/store/kept_sums.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "daemon/store/row_facts.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::store {
namespace {

constexpr const char* until_key = "sums_until";
// In statements of half a second: a reader that stays longer keeps the WAL from shrinking.
constexpr std::int64_t lines_at_once = 200'000;

using Ids = std::vector<std::int64_t>;

void sort_once(Ids& ids) {
    std::ranges::sort(ids);
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

// The tables that a figure of a day is made of, and how a row leads to its cases. Columns: cases, NULL where there is none.
struct Source { std::string_view table{}; const char* cases_of = nullptr; };
constexpr Source sources[] = {
    {"cases", "SELECT ?1"},
    {"case_versions", "SELECT ?1"},
    {"messages", "SELECT case_id FROM messages WHERE id = ?1 AND purpose = 'survey'"},
    // A person may say that a text was about another case: then the ledger has only the new one, but both were asked of the same number.
    {"inbound", "SELECT case_id FROM inbound WHERE id = ?1 UNION ALL "
                "SELECT m.case_id FROM inbound i JOIN messages m ON m.phone_id = i.phone_id AND m.purpose = 'survey' WHERE i.id = ?1"},
    {"ratings", "SELECT case_id FROM ratings WHERE id = ?1"},
    {"reviews", "SELECT case_id FROM reviews WHERE id = ?1"},
    {"appeals", "SELECT case_id FROM appeals WHERE id = ?1"},
    {"appeal_withdrawals", "SELECT case_id FROM appeals WHERE id = ?1"},
};

// By the number of the table.
std::array<const Source*, 256> sources_by_number() {
    std::array<const Source*, 256> out{};
    for (const auto& table : fact_tables())
        for (const auto& source : sources)
            if (source.table == table.name) out[table.number] = &source;
    return out;
}

// Ratings go with age, and a row that is gone leads nowhere.
bool is_lost(const Source& source, const RowFact& fact) { return fact.kind == RowFact::Kind::gone && source.table != "cases" && source.table != "case_versions"; }

class Trace {
public:
    void read(std::string_view rows) {
        RowFacts facts(rows);
        while (auto fact = facts.next()) {
            const auto* source = by_number_[fact->key.table];
            if (!source) continue;
            if (is_lost(*source, *fact)) lost_ = true;
            auto& ids = ids_[source];
            if (ids.empty() || ids.back() != fact->key.a) ids.push_back(fact->key.a);
        }
        if (facts.broken()) lost_ = true;
    }

    bool lost() const { return lost_; }

    Ids cases(Connection& db) {
        Ids out;
        for (auto& [source, ids] : ids_) {
            sort_once(ids);
            Snapshot moment(db);
            for (auto id : ids) {
                Statement find(db, std::string_view(source->cases_of));
                for (find.bind(1, id); find.step();)
                    if (!find.is_null(0)) out.push_back(find.integer(0));
            }
        }
        sort_once(out);
        return out;
    }
    std::set<std::int64_t> blocks() const {
        std::set<std::int64_t> out;
        for (const auto& [source, ids] : ids_)
            if (source->table == "messages")
                for (auto id : ids) out.insert(id / messages_a_block);
        return out;
    }

private:
    std::array<const Source*, 256> by_number_ = sources_by_number();
    std::map<const Source*, Ids> ids_{};
    bool lost_ = false;
};

void put(Connection& db, const DaySums& sums) {
    Statement keep(db, R"sql(
        INSERT INTO day_sums(day, service, rules, holds_from, cases, units, officers, changes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
            ON CONFLICT (day, service) DO UPDATE SET rules = excluded.rules, holds_from = excluded.holds_from, cases = excluded.cases, units = excluded.units,
               officers = excluded.officers, changes = excluded.changes)sql");
    keep.bind(1, sums.day).bind(2, sums.service).bind(3, sums.rules).bind(4, sums.holds_from).bind(5, sums.cases).bind(6, sums.units).bind(7, sums.officers);
    keep.bind(8, sums.changes).run();
}

void drop(Connection& db, std::int64_t block) {
    Statement remove(db, "DELETE FROM survey_sums WHERE block = ?1");
    remove.bind(1, block).run();
}

void put(Connection& db, std::int64_t block, const SurveyCounts& counts) {
    drop(db, block);
    for (const auto& [state, surveys] : counts) {
        Statement add(db, "INSERT INTO survey_sums(block, state, surveys) VALUES (?1, ?2, ?3)");
        add.bind(1, block).bind(2, state).bind(3, surveys).run();
    }
}

}  // namespace

std::vector<DaySums> list_day_sums(Connection& db) {
    std::vector<DaySums> out;
    Statement rows(db, "SELECT day, service, rules, holds_from, cases FROM day_sums ORDER BY day, service");
    while (rows.step()) out.push_back({rows.text(0), rows.text(1), rows.text(2), rows.instant(3), rows.text(4), {}, {}, {}});
    return out;
}

std::string read_day_sums(Connection& db, const std::string& day, const std::string& service, SumsOf what) {
    Statement row(db, what == SumsOf::units      ? std::string_view("SELECT units FROM day_sums WHERE day = ?1 AND service = ?2")
                      : what == SumsOf::officers ? std::string_view("SELECT officers FROM day_sums WHERE day = ?1 AND service = ?2")
                                                 : std::string_view("SELECT changes FROM day_sums WHERE day = ?1 AND service = ?2"));
    return row.bind(1, day).bind(2, service).step() ? row.text(0) : std::string();
}

SurveyCounts count_surveys(Connection& db, std::int64_t block) {
    SurveyCounts counts;
    Statement states(db, "SELECT state FROM messages WHERE id >= ?1 AND id < ?1 + ?2 AND purpose = 'survey'");
    std::string state;
    std::int64_t* count = nullptr;  // neighbours are mostly in one state
    for (states.bind(1, block * messages_a_block).bind(2, messages_a_block); states.step(); ++*count)
        if (!count || states.view(0) != state) state = states.view(0), count = &counts[state];
    return counts;
}

std::map<std::int64_t, SurveyCounts> read_survey_sums(Connection& db) {
    std::map<std::int64_t, SurveyCounts> out;
    Statement rows(db, "SELECT block, state, surveys FROM survey_sums");
    while (rows.step()) out[rows.integer(0)][rows.text(1)] = rows.integer(2);
    return out;
}

std::int64_t sums_until(Connection& db) {
    Statement read(db, "SELECT CAST(value AS INTEGER) FROM meta WHERE key = ?1");
    return read.bind(1, until_key).step() ? read.integer(0) : 0;
}

Touched touched_since(Connection& db, std::int64_t line) {
    Touched out;
    out.until = newest_line(db);
    if (line > out.until) out.all = true;  // of another ledger
    Trace trace;
    for (auto begin = line; begin < out.until && !out.all; begin += lines_at_once) {
        Statement lines(db, "SELECT rows FROM ledger WHERE seq > ?1 AND seq <= ?2 ORDER BY seq");
        for (lines.bind(1, begin).bind(2, std::min(begin + lines_at_once, out.until)); lines.step();) trace.read(lines.view(0));
        out.all = trace.lost();
    }
    if (!out.all) out.blocks = trace.blocks(), out.cases = trace.cases(db);
    return out;
}

std::int64_t newest_line(Connection& db) {
    Statement last(db, "SELECT coalesce(max(seq), 0) FROM ledger");
    last.step();
    return last.integer(0);
}

void keep_sums(Connection& db, const SumsChange& change) {
    // Who was faster has looked at what was written since the same line, but not at what we counted meanwhile.
    if (change.until == 0 || sums_until(db) != change.since) return;
    for (const auto& day : change.dropped) {
        Statement drop(db, "DELETE FROM day_sums WHERE day = ?1");
        drop.bind(1, day).run();
    }
    for (const auto& sums : change.counted) put(db, sums);
    for (auto block : change.dropped_blocks) drop(db, block);
    for (const auto& [block, counts] : change.surveys) put(db, block, counts);
    Statement write(db, "INSERT INTO meta(key, value) VALUES (?1, CAST(?2 AS TEXT)) ON CONFLICT (key) DO UPDATE SET value = excluded.value");
    write.bind(1, until_key).bind(2, change.until).run();
}

void forget_sums(Connection& db) {
    db.exec("DELETE FROM day_sums");
    db.exec("DELETE FROM survey_sums");
    Statement unwritten(db, "DELETE FROM meta WHERE key = ?1");
    unwritten.bind(1, until_key).run();
}

}  // namespace pingjing::store
