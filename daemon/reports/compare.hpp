// Officers with officers, stations with stations: who is further from the force mean than chance explains. Pure.
#pragma once
#include <optional>
#include <vector>

#include "daemon/reports/score.hpp"

namespace pingjing::reports {

struct Compared {
    double z = 0;
    Funnel warn = Funnel::within, alarm = Funnel::within;  // outside 95 %, outside 99.8 %
    // Of the dissatisfied, by exact binomial limits: there are few of them.
    double tail = 1;
    Funnel dissatisfied_warn = Funnel::within, dissatisfied_alarm = Funnel::within;
};

// An alarm needs two periods: outside 99.8 % in both, on one side.
constexpr bool twice(Funnel now, Funnel before) { return now != Funnel::within && now == before; }

class Comparison {
public:
    Comparison(const std::vector<Subject>& subjects, Level level, const Tally& force, const Rules& rules);
    // nullopt: too few ratings, too few to be compared with, or too many of its ratings wait for a person.
    std::optional<Compared> of(const Subject& subject) const;
    std::optional<Funnel> place(const Subject& subject) const;
    const std::vector<stats::Group>& groups() const { return groups_; }
    double spread() const { return spread_; }
    double centre() const { return centre_; }
    double dissatisfied_share() const { return dissatisfied_share_; }  // of the force
    stats::Interval limits(std::int64_t n, double z) const { return stats::funnel_limits(centre_, variance_, n, spread_, z); }

private:
    bool is_comparable(const Subject& subject) const;

    stats::FunnelRules rules_;
    double most_unconfirmed_;
    std::vector<stats::Group> groups_{};  // of that level, the force itself and those without a code left out
    double centre_ = 0, variance_ = 0, spread_ = 1, dissatisfied_share_ = 0;
    bool enough_ = false;
};

}  // namespace pingjing::reports
