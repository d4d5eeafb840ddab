#include "daemon/reports/compare.hpp"

#include "daemon/stats/interval.hpp"

namespace pingjing::reports {
namespace {

bool stands_for_itself(const Subject& subject) { return subject.code && subject.level != Level::force; }

stats::Group group_of(const Tally& tally) { return {tally.n(), tally.mean().value_or(0)}; }

double share_of_dissatisfied(const Tally& tally) { return tally.n() > 0 ? static_cast<double>(tally.dissatisfied) / static_cast<double>(tally.n()) : 0; }

}  // namespace

Comparison::Comparison(const std::vector<Subject>& subjects, Level level, const Tally& force, const Rules& rules)
    : rules_(funnel_rules(rules)), most_unconfirmed_(rules.most_unconfirmed) {
    std::size_t comparable = 0;
    for (const auto& subject : subjects) {
        if (subject.level != level || !stands_for_itself(subject)) continue;
        groups_.push_back(group_of(subject.tally));
        comparable += is_comparable(subject);
    }
    enough_ = comparable >= rules_.least_comparable;
    centre_ = force.mean().value_or(0), variance_ = force.variance(), dissatisfied_share_ = share_of_dissatisfied(force);
    spread_ = stats::spread_of(groups_, centre_, variance_, rules_);
}

bool Comparison::is_comparable(const Subject& subject) const { return stands_for_itself(subject) && subject.tally.n() >= rules_.least_flag; }

std::optional<Compared> Comparison::of(const Subject& subject) const {
    const auto& tally = subject.tally;
    if (!enough_ || !is_comparable(subject)) return std::nullopt;
    if (static_cast<double>(tally.unconfirmed) > most_unconfirmed_ * static_cast<double>(tally.n())) return std::nullopt;
    Compared out;
    out.z = stats::z_score(group_of(tally), centre_, variance_);
    out.warn = stats::place_of(out.z, spread_, rules_.warn), out.alarm = stats::place_of(out.z, spread_, rules_.alarm);
    out.tail = stats::two_sided_tail(tally.dissatisfied, tally.n(), dissatisfied_share_);
    auto side = share_of_dissatisfied(tally) < dissatisfied_share_ ? Funnel::below : Funnel::above;
    if (out.tail < rules_.warn_tails) out.dissatisfied_warn = side;
    if (out.tail < rules_.alarm_tails) out.dissatisfied_alarm = side;
    return out;
}

std::optional<Funnel> Comparison::place(const Subject& subject) const {
    auto compared = of(subject);
    return compared ? std::optional(compared->warn) : std::nullopt;
}

}  // namespace pingjing::reports
