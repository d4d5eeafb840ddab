#include "daemon/reports/signal_shares.hpp"

#include <algorithm>

#include "daemon/reports/case_rows.hpp"
#include "daemon/reports/compare.hpp"

namespace pingjing::reports {
namespace {

// One thing to watch of everybody, in the order of the map.
template <class Cases, class Of> std::vector<Watchable> column_of(const WatchedBy& all, Cases cases, Of of) {
    std::vector<Watchable> out;
    for (const auto& [who, watched] : all) out.push_back({who.first, who.second, watched.unit, cases(watched), of(watched)});
    return out;
}

std::vector<std::optional<stats::Judged>> judged(const std::vector<Watchable>& all, Level level, const Rules& rules) {
    std::vector<stats::Share> shares;
    for (const auto& one : all)
        if (one.level == level) shares.push_back({std::min(static_cast<std::int64_t>(one.cases.size()), one.of), one.of});
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

bool is_chosen(std::string_view code) {
    constexpr std::string_view chosen[] = {"invalid", "duplicate", "dv", "sexual", "minor", "death_serious", "secret", "subject", "medical", "referred", "unsafe_flag"};
    return std::ranges::find(chosen, code) != std::end(chosen);
}

WatchedBy watch_period(store::Connection& db, const Period& period, const Rules& rules, Instant as_of) {
    WatchedBy out;
    each_case(db, period, rules.services, [&](const CaseRow& c) {
        const auto& unit = c.rating ? c.rating->unit : c.unit;
        const auto& officer = c.rating ? c.rating->officer : c.officer;
        auto add = [&](Watched& w) {
            w.unit = unit;
            w.closed += c.closed_at.has_value();
            if (c.code && is_chosen(*c.code)) w.chosen.push_back(c.id);
            if (c.survey == MessageState::delivered && c.answer_until && *c.answer_until <= as_of) {
                ++w.delivered;
                if (c.rating) w.rated.push_back(c.id);
            }
            if (c.rating && c.rating->grade == Grade::dissatisfied) w.dissatisfied.push_back(c.id);
            if (!c.rating || !c.asked_at || c.rating->at < *c.asked_at) return;
            ++w.timed;
            if (c.rating->at - *c.asked_at < rules.signals.quick) w.quick.push_back(c.id);
        };
        add(out[{Level::station, unit}]);
        if (officer) add(out[{Level::officer, *officer}]);
    });
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
            auto count = static_cast<std::int64_t>(one.cases.size());
            out.push_back({std::string(signal), level, one.code, one.unit, alarm ? Severity::alarm : Severity::warn, count, one.of,
                           static_cast<double>(count) / static_cast<double>(one.of), judgement->expected, judgement->z, one.cases});
        }
    }
}

void add_share_signals(std::vector<Signal>& out, const WatchedBy& now, const WatchedBy& before, const Rules& rules) {
    auto watch = [&](std::string_view signal, auto cases, auto of) { add_shares(out, signal, column_of(now, cases, of), column_of(before, cases, of), rules); };
    watch("exclusion_share", [](const Watched& w) { return w.chosen; }, [](const Watched& w) { return w.closed; });
    watch("response_high", [](const Watched& w) { return w.rated; }, [](const Watched& w) { return w.delivered; });
    watch("quick_answers", [](const Watched& w) { return w.quick; }, [](const Watched& w) { return w.timed; });
}

}  // namespace pingjing::reports
