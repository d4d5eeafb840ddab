// Reads {"f": name, …} a line, writes what the formula of that name says, with all its digits.
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <iostream>
#include <stdexcept>
#include <string>

#include "daemon/stats/assess.hpp"
#include "daemon/stats/chart.hpp"
#include "daemon/stats/shrink.hpp"
#include "daemon/stats/strata.hpp"
#include "tests/stats/lines_store.hpp"

namespace json = boost::json;
using namespace pingjing::stats;

namespace {

double real(const json::value& value) { return value.to_number<double>(); }
std::int64_t whole(const json::value& value) { return value.to_number<std::int64_t>(); }

std::vector<Group> groups_of(const json::value& list) {
    std::vector<Group> out;
    for (const auto& one : list.as_array()) out.push_back({whole(one.at(0)), real(one.at(1))});
    return out;
}

std::vector<Share> shares_of(const json::value& list) {
    std::vector<Share> out;
    for (const auto& one : list.as_array()) out.push_back({whole(one.at(0)), whole(one.at(1))});
    return out;
}

json::array pair_of(const Interval& interval) { return {interval.low, interval.high}; }
int side(Place place) { return place == Place::below ? -1 : place == Place::above ? 1 : 0; }

json::value judged(const json::object& q) {
    json::array out;
    for (const auto& one : judge(shares_of(q.at("shares")), {}))
        if (one) out.push_back(json::array{one->expected, one->z, one->spread, one->tail, side(one->warn), side(one->alarm)});
        else out.push_back(nullptr);
    return out;
}

json::value charted(const json::object& q) {
    auto chart = p_chart(shares_of(q.at("weeks")));
    json::array points;
    for (const auto& p : chart.points) points.push_back(json::array{p.share, p.low, p.high, p.beyond, p.run});
    return json::array{chart.centre, points};
}

json::value expected(const json::object& q) {
    CaseMix mix(whole(q.at("least")));
    for (const auto& r : q.at("ratings").as_array()) mix.add(std::string(r.at(0).as_string()), static_cast<int>(whole(r.at(1))), real(r.at(2)), 1);
    json::array out;
    for (const auto& a : q.at("asked").as_array()) out.push_back(mix.expected(std::string(a.at(0).as_string()), static_cast<int>(whole(a.at(1)))));
    return out;
}

json::value post_stratified(const json::object& q) {
    std::vector<Stratum> strata;
    for (const auto& s : q.at("strata").as_array()) strata.push_back({whole(s.at(0)), whole(s.at(1)), real(s.at(2))});
    auto said = post_stratify(strata);
    return said ? json::value(json::array{said->rate, said->largest_weight}) : json::value();
}

json::value assessed(const json::object& q) {
    std::vector<Component> components;
    for (const auto& c : q.at("components").as_array()) components.push_back({real(c.at(0)), c.at(1).is_null() ? std::nullopt : std::optional(real(c.at(1)))});
    auto said = assess(components);
    return said ? json::value(json::array{said->score, said->covered}) : json::value();
}

json::value answer(const json::object& q) {
    const auto& f = q.at("f").as_string();
    auto n = [&](const char* key) { return real(q.at(key)); };
    auto i = [&](const char* key) { return whole(q.at(key)); };
    if (f == "wilson") return pair_of(wilson(n("p"), i("n"), n("z")));
    if (f == "clopper_pearson") return pair_of(clopper_pearson(i("k"), i("n"), n("tails")));
    if (f == "tail") return two_sided_tail(i("k"), i("n"), n("p"));
    if (f == "counts") {
        auto within = counts_within(i("n"), n("p"), n("tails"));
        return json::array{within.low, within.high};
    }
    if (f == "shrink") return shrink(n("e"), n("m"), n("sum"), i("n"));
    if (f == "prior") return prior_by_moments(groups_of(q.at("groups")), n("variance"));
    if (f == "variance") return sample_variance(i("n"), n("sum"), n("squares"));
    if (f == "spread") return spread_of(groups_of(q.at("groups")), n("centre"), n("variance"), {});
    if (f == "limits") return pair_of(funnel_limits(n("centre"), n("variance"), i("n"), n("spread"), n("z")));
    if (f == "judge") return judged(q);
    if (f == "chart") return charted(q);
    if (f == "expected") return expected(q);
    if (f == "post_stratify") return post_stratified(q);
    if (f == "assess") return assessed(q);
    if (f == "report") return pingjing::test::report_of(q);
    throw std::runtime_error("no formula " + std::string(f));
}

}  // namespace

int main() {
    for (std::string line; std::getline(std::cin, line);) std::cout << json::serialize(answer(json::parse(line).as_object())) << std::endl;
}
