// The figures of a period, counted once however many reports of one night ask for them, and of days that are kept not counted again.
//
// A day may be kept when the windows of all its surveys have ended: then nothing moves it but what is written of its rows. Each night reads in the
// ledger of which cases anything was written since the last, and counts the days of those anew; so do days counted by other rules, by another
// program or in another zone. What is kept is never the source of a figure: `report` and whoever else asks counts the cases, and each kept day is
// counted again within seven nights (`differing_sums`) and compared.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/reports/figures.hpp"
#include "daemon/reports/signal_cases.hpp"
#include "daemon/store/kept_sums.hpp"
#include "daemon/store/seal.hpp"

namespace pingjing::reports {

// What it is given outlives it.
class Counting {
public:
    // `seal` opens earlier versions of records, to see whether a number in them was edited; may be null.
    Counting(store::Connection& db, const store::Seal* seal, const Rules& rules, const std::string& zone, Instant as_of);

    // From here on by days: those that are kept, and for the others sums that may be. Not of raw figures. And of surveys by blocks, true for this moment:
    // within the transaction of who reads the books.
    void use_kept_sums();
    // What becomes of them now: `from` is the first day that is still needed.
    store::SumsChange take_change(const std::string& from);

    const Figures& figures(const Period& period);  // the same place for the same period
    Figures unit_figures(const Period& period);    // without officers
    Changes changes(Instant from, Instant to);     // of kept days without what was said of them

    store::SurveyCounts surveys();                 // of all days, by state

    store::Connection& db() const { return db_; }
    const store::Seal* seal() const { return seal_; }
    const Rules& rules() const { return rules_; }
    const std::string& zone() const { return zone_; }
    Instant as_of() const { return as_of_; }

private:
    using Key = std::pair<std::string, std::string>;  // day, service
    struct Sums { store::DaySums sums{}; bool is_kept = false; };
    bool are_days(const Period& period) const;
    std::vector<std::string> days_of(Instant from, Instant to) const;
    std::string sums_of(const std::string& day, std::size_t service, store::SumsOf what);
    bool add_days(Figures& sum, const Period& period, bool officers);
    Figures figures_by_days(const Period& period, bool officers);
    void forget(const std::string& day);

    store::Connection& db_;
    const store::Seal* seal_;
    const Rules& rules_;
    std::string zone_;
    Instant as_of_;
    bool by_days_ = false;
    std::int64_t since_ = 0, until_ = 0;
    std::map<Key, Sums> days_{};       // kept ones without their lines, and those that were counted now
    std::vector<std::string> dropped_{};
    std::map<std::int64_t, store::SurveyCounts> blocks_{}, counted_blocks_{};  // kept, and counted now
    std::vector<std::int64_t> dropped_blocks_{};
    std::map<std::pair<std::pair<Instant, Instant>, std::size_t>, Figures> figures_{};
};

// A day of one service, counted now. Whether it may be kept is said by `holds_from`.
store::DaySums count_day(store::Connection& db, const store::Seal* seal, const Rules& rules, const std::string& zone, Instant as_of, const std::string& day, std::size_t service);

// What is kept and a count of its rows does not agree with, though nothing was written of them: "2026-11-20 110 officers", "surveys 50000-99999". Of all, or
// of one share of seven.
std::vector<std::string> differing_sums(store::Connection& db, const store::Seal* seal, const Rules& rules, const std::string& zone, Instant as_of,
                                        std::optional<std::int64_t> share = std::nullopt);

}  // namespace pingjing::reports
