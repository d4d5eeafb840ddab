#include "daemon/reports/signal_shares.hpp"

#include <algorithm>

#include "daemon/reports/case_rows.hpp"
#include "daemon/reports/compare.hpp"

namespace pingjing::reports {
namespace {

std::vector<std::optional<stats::Judged>> judged(const std::vector<Watchable>& all, Level level, const Rules& rules) {
    std::vector<stats::Share> shares;
    for (const auto& one : all)
        if (one.level == level) shares.push_back({std::min(one.count, one.of), one.of});
    return stats::judge(shares, funnel_rules(rules));
}

std::map<std::string, Funnel> alarms_of(const std::vector<Watchable>& all, Level level, const Rules& rules) {
    std::map<std::string, Funnel> out;
    auto said = judged(all, level, rules);
    std::size_t i = 0;
    for (const auto& one : all)
        if (one.level == level) {
            if (said[i]) out[one.code] = said[i]->alarm;
            ++i;
        }
    return out;
}

}  // namespace

CasesBy watch_period(store::Connection& db, const Period& period, const Rules& rules, Instant as_of) {
    CasesBy out;
    each_case(db, period, rules.services, [&](const CaseRow& c) {
        auto add = [&](WatchedCases& w) {
            if (c.code && is_chosen(*c.code)) w.chosen.push_back(c.id);
            if (c.rating && c.survey == MessageState::delivered && c.answer_until && *c.answer_until <= as_of) w.rated.push_back(c.id);
            if (c.rating && c.rating->grade == Grade::dissatisfied) w.dissatisfied.push_back(c.id);
            if (c.rating && c.asked_at && c.rating->at >= *c.asked_at && c.rating->at - *c.asked_at < rules.signals.quick) w.quick.push_back(c.id);
        };
        add(out[{Level::station, c.rating ? c.rating->unit : c.unit}]);
        if (const auto& officer = c.rating ? c.rating->officer : c.officer) add(out[{Level::officer, *officer}]);
    });
    return out;
}

std::vector<Watchable> watchables(const Figures& figures, const std::function<Watchable(Level, const std::string&, const Counted&)>& of) {
    std::vector<Watchable> out;
    auto add = [&](Level level, const std::string& code, const std::string& unit, const Counted& counted) {
        auto one = of(level, code, counted);
        one.level = level, one.code = code, one.unit = unit;
        out.push_back(std::move(one));
    };
    for (const auto& [badge, officer] : figures.officers)
        if (badge) add(Level::officer, *badge, officer.unit, officer);
    for (const auto& [code, unit] : figures.units) add(Level::station, code, code, unit);
    return out;
}

void add_shares(std::vector<Signal>& out, std::string_view signal, const std::vector<Watchable>& now, const std::vector<Watchable>& before, const Rules& rules) {
    for (auto level : {Level::station, Level::officer}) {
        auto said = judged(now, level, rules);
        auto earlier = alarms_of(before, level, rules);
        std::size_t i = 0;
        for (const auto& one : now) {
            if (one.level != level) continue;
            const auto& judgement = said[i++];
            if (!judgement || judgement->warn != Funnel::above) continue;
            auto last = earlier.find(one.code);
            bool alarm = judgement->alarm == Funnel::above && last != earlier.end() && twice(judgement->alarm, last->second);
            out.push_back({std::string(signal), level, one.code, one.unit, alarm ? Severity::alarm : Severity::warn, one.count, one.of,
                           static_cast<double>(one.count) / static_cast<double>(one.of), judgement->expected, judgement->z, one.cases});
        }
    }
}

void add_share_signals(std::vector<Signal>& out, const Figures& now, const Figures& before, const CasesBy& cases, const Rules& rules) {
    auto watch = [&](std::string_view signal, auto count, auto among, auto behind) {
        auto share = [&](Level level, const std::string& code, const Counted& counted) {
            Watchable one{level, code, {}, count(counted), among(counted), {}};
            if (auto his = cases.find({level, code}); his != cases.end()) one.cases = behind(his->second);
            return one;
        };
        add_shares(out, signal, watchables(now, share), watchables(before, share), rules);
    };
    watch("exclusion_share", [](const Counted& c) { return c.watched.chosen; }, [](const Counted& c) { return c.watched.closed; }, [](const WatchedCases& w) { return w.chosen; });
    watch("response_high", [](const Counted& c) { return c.watched.rated; }, [](const Counted& c) { return c.tally.ended_delivered; }, [](const WatchedCases& w) { return w.rated; });
    watch("quick_answers", [](const Counted& c) { return c.watched.quick; }, [](const Counted& c) { return c.watched.timed; }, [](const WatchedCases& w) { return w.quick; });
}

}  // namespace pingjing::reports
