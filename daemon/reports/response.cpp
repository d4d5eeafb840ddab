#include "daemon/reports/response.hpp"

#include <fmt/format.h>

#include "daemon/core/local_time.hpp"
#include "daemon/core/number_plan.hpp"
#include "daemon/reports/case_rows.hpp"
#include "daemon/stats/interval.hpp"
#include "daemon/stats/strata.hpp"
#include "daemon/store/phones.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::reports {
namespace {

// By the first digits of the number that was asked.
std::string carrier_of_phone(store::Connection& db, const store::Seal* seal, std::int64_t phone) {
    if (!seal) return {};
    auto number = store::find_phone(db, *seal, phone);
    return number ? std::string(carrier_of(number->reveal().substr(0, 3))) : std::string();
}

using Kinds = std::map<std::pair<std::string, int>, Work>;

void add(Kinds& into, const Kinds& kinds) {
    for (const auto& [kind, work] : kinds) {
        auto& sum = into[kind];
        sum.eligible += work.eligible, sum.rated += work.rated, sum.sum += work.sum;
    }
}

std::optional<stats::PostStratified> as_if_all_answered(const Kinds& kinds) {
    std::vector<stats::Stratum> strata;
    for (const auto& [kind, work] : kinds) strata.push_back({work.eligible, work.rated, work.sum});
    return stats::post_stratify(strata);
}

class Rows {
public:
    Rows(Table& table, const Rules& rules) : table_(table), rules_(rules) {}

    // `shown`: the rates that stand beside it, where it is a unit's row. nullptr: it is none.
    void add(const char* by, Cell value, Cell name, const stats::Share& share, const ReportRow* shown = nullptr, const Kinds* kinds = nullptr) {
        // As everywhere: of fewer than five nothing but how many rated, and a share of fewer than ten says nothing.
        bool counts = rules_.raw || share.count >= rules_.least.counts, rate = share.n > 0 && (rules_.raw || share.count >= rules_.least.rates);
        std::vector<Cell> row{Word{by, by_name(by)}, std::move(value), std::move(name), counts ? Cell(share.n) : Cell(), share.count};
        if (rate) {
            auto p = static_cast<double>(share.count) / static_cast<double>(share.n);
            auto interval = stats::wilson(p, share.n, rules_.z);
            row.insert(row.end(), {p, interval.low, interval.high});
        } else {
            row.insert(row.end(), 3, Cell());
        }
        auto alike = shown && shown->rate ? as_if_all_answered(*kinds) : std::nullopt;
        row.insert(row.end(), {shown && shown->rate ? Cell(*shown->rate) : Cell(), alike ? Cell(alike->rate) : Cell(), alike ? Cell(alike->largest_weight) : Cell()});
        auto note = share.count < rules_.least.counts ? Note::under_5 : share.count < rules_.least.rates ? Note::under_10 : share.count < rules_.least.flags ? Note::small_sample : Note::none;
        row.push_back(cell(note));
        table_.rows.push_back(std::move(row));
    }

private:
    static std::string by_name(std::string_view by) { return by == "unit" ? "单位" : by == "category" ? "类别" : by == "carrier" ? "运营商" : "时段"; }

    Table& table_;
    const Rules& rules_;
};

}  // namespace

Responses read_responses(store::Connection& db, const store::Seal* seal, const Period& period, const Services& services, const std::string& zone, Instant as_of) {
    Responses out;
    each_case(db, period, services, [&](const CaseRow& c) {
        if (c.survey != MessageState::delivered || !c.answer_until || *c.answer_until > as_of) return;
        bool rated = c.rating && !c.recoded_after && !c.under_appeal() && !c.taken_out();
        for (auto* share : {&out.categories[c.category], &out.carriers[carrier_of_phone(db, seal, c.asked_phone)], &out.hours[static_cast<std::size_t>(local_hour(c.reported_at, zone))]})
            share->n += 1, share->count += rated;
    });
    return out;
}

Table response_report(const Figures& figures, const Responses& responses, const Names& names, const Rules& rules) {
    Table table;
    table.report = "response", table.heading = "参评情况";
    table.columns = {{"by", "按", "by"}, {"value", "项", "value"}, {"name", "名称", "name"}, {"delivered", "送达", "deliv.", Kind::count}, {"rated", "评价", "rated", Kind::count},
                     {"response_rate", "参评率", "resp.", Kind::ratio}, {"low", "下限", "low", Kind::ratio}, {"high", "上限", "high", Kind::ratio}, {"rate", "满意率", "rate", Kind::ratio},
                     {"weighted_rate", "加权(仅供比较)", "weighted", Kind::ratio}, {"largest_weight", "最大权", "weight"}, {"note", "备注", "note"}};
    std::map<std::string, Kinds> kinds;  // of sub-bureaus the sum of their stations
    kinds[""] = figures.force.work;
    for (const auto& [code, unit] : figures.units) {
        auto above = sub_bureau_of(code);
        if (!above.empty()) add(kinds[above], unit.work);
        if (above != code) add(kinds[code], unit.work);
    }
    Rows rows(table, rules);
    auto units = units_of(figures, names);
    auto shown = score(units, figures.force.tally, rules);
    for (std::size_t i = 0; i < units.size(); ++i) {
        const auto& unit = units[i];
        auto text = [](const std::optional<std::string>& value) { return value ? Cell(*value) : Cell(); };
        rows.add("unit", text(unit.code), text(unit.name), {unit.tally.ended_rated, unit.tally.ended_delivered}, &shown[i], &kinds[unit.code.value_or("")]);
    }
    for (const auto& [category, share] : responses.categories) rows.add("category", category, Cell(), share);
    for (const auto& [carrier, share] : responses.carriers) rows.add("carrier", carrier.empty() ? Cell() : Cell(carrier), Cell(), share);
    for (std::size_t hour = 0; hour < responses.hours.size(); ++hour)
        if (responses.hours[hour].n > 0) rows.add("hour", fmt::format("{:02}", hour), Cell(), responses.hours[hour]);
    table.footnotes = {"只计窗口已结束的;时段为报警时刻;运营商按号段,携号转网的仍按原号段;加权为按类别与时段事后分层,权重限于1/3至3倍。",
                       "of surveys whose window has ended; hour of the report; carrier by the first three digits; weighted: post-stratified by category and time of day, weights cut to 1/3 … 3. For comparison."};
    return table;
}

}  // namespace pingjing::reports
