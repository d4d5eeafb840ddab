#include "daemon/reports/chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "daemon/reports/html.hpp"
#include "daemon/reports/render.hpp"

namespace pingjing::reports {
namespace {

constexpr double width = 560, height = 296, left = 58, right = 548, top = 10, bottom = 190, second_line = 12;

std::string per_cent(double share) { return fmt::format("{:.1f}%", share * 100); }
double within(double share) { return std::clamp(share, 0.0, 1.0); }

// From the values on an axis to points on the paper.
struct Axis {
    double from = 0, to = 1, step = 0.1, first = 0, last = 1;  // first, last: on the paper
    double place(double value) const { return first + (value - from) / (to - from) * (last - first); }
};

// Steps of 1, 2 or 5 with zeros, five or so of them.
double nice_step(double length, double least) {
    auto rough = length / 5;
    auto tens = std::pow(10.0, std::floor(std::log10(rough)));
    for (double times : {1.0, 2.0, 5.0, 10.0})
        if (times * tens >= rough * 0.999) return std::max(times * tens, least);
    return std::max(10 * tens, least);
}

// Of shares between these, with a little air, never outside of 0 and 1.
Axis share_axis(double low, double high) {
    Axis axis;
    auto air = std::max(0.01, (high - low) * 0.08);
    low = std::max(0.0, low - air), high = std::min(1.0, high + air);
    axis.step = nice_step(high - low, 0.01);
    axis.from = std::max(0.0, std::floor(low / axis.step + 1e-9) * axis.step);
    axis.to = std::min(1.0, std::ceil(high / axis.step - 1e-9) * axis.step);
    axis.first = bottom, axis.last = top;
    return axis;
}

std::string text_at(double x, double y, const char* anchor, const std::string& text, const char* kind = "") {
    return fmt::format(R"(<text x="{:.1f}" y="{:.1f}" text-anchor="{}"{}>{}</text>)", x, y, anchor, kind, escaped(text));
}
std::string stroke(const char* kind, const std::string& line) { return line.empty() ? "" : fmt::format(R"(<path class="{}" d="{}"/>)", kind, line); }

std::string share_lines(const Axis& y, const std::string& title) {
    std::string out, grid;
    for (int i = 0; y.from + i * y.step <= y.to + 1e-9; ++i) {
        auto value = y.from + i * y.step;
        grid += fmt::format("M{:.1f} {:.1f}H{:.1f}", left, y.place(value), right);
        out += text_at(left - 6, y.place(value) + 4, "end", fmt::format("{:.0f}%", value * 100));
    }
    auto middle = (top + bottom) / 2;
    return stroke("grid", grid) + stroke("axis", fmt::format("M{0} {1}V{2}H{3}", left, top, bottom, right)) + out +
           fmt::format(R"~(<text x="13" y="{0}" text-anchor="middle" transform="rotate(-90 13 {0})">{1}</text>)~", middle, escaped(title));
}
std::string below(const std::string& title) { return text_at((left + right) / 2, bottom + 44, "middle", title); }

// What is within the limits is a ring, what is not is filled, each kind in its own shape.
std::string ring(double x, double y) { return fmt::format(R"(<circle class="ring" cx="{:.1f}" cy="{:.1f}" r="3.2"/>)", x, y); }
std::string dot(double x, double y) { return fmt::format(R"(<circle class="mark" cx="{:.1f}" cy="{:.1f}" r="3"/>)", x, y); }
std::string shape(const std::string& corners, double x, double y) { return fmt::format(R"(<path class="mark" d="M{:.1f} {:.1f}{}z"/>)", x, y, corners); }
std::string triangle_up(double x, double y) { return shape("l4.6 8h-9.2", x, y - 5); }
std::string triangle_down(double x, double y) { return shape("l4.6 -8h-9.2", x, y + 5); }
std::string diamond(double x, double y) { return shape("l6 6.5l-6 6.5l-6 -6.5", x, y - 6.5); }
std::string square(double x, double y) { return shape("h9v9h-9", x - 4.5, y - 4.5); }

struct Key { std::string sample{}, words{}; };
std::string line_sample(const char* kind) { return stroke(kind, "M0 0h24"); }
// Three in a line.
std::string legend(const std::vector<Key>& keys) {
    std::string out;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        auto x = left - 40 + static_cast<double>(i % 3) * 176, y = bottom + 70 + static_cast<double>(i / 3) * 20;
        out += fmt::format(R"~(<g transform="translate({:.0f} {:.0f})">{}</g>)~", x, y, keys[i].sample) + text_at(x + 30, y + 4, "start", keys[i].words);
    }
    return out;
}

std::string figure(const std::string& title, const std::string& english, const std::string& words, const std::string& drawing) {
    auto head = fmt::format("<b>{}</b> {}", escaped(title), escaped(english));
    if (drawing.empty()) return fmt::format("<figure class=\"chart\"><figcaption>{}<br>{}</figcaption></figure>\n", head, escaped(words));
    return fmt::format("<figure class=\"chart\"><figcaption>{}</figcaption><svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">{}</svg><p>{}</p></figure>\n", head, width, height,
                       escaped(title + " " + english + "。" + words), drawing, escaped(words));
}

struct Limits { double low = 0, high = 1; };
Limits limits(const FunnelChart& chart, double n, double z) {
    auto half = z * chart.deviation / std::sqrt(n);
    return {within(chart.centre - half), within(chart.centre + half)};
}
// A curve on each side, by a point every few dots.
std::string curves(const FunnelChart& chart, const Axis& x, const Axis& y, double z, const char* kind) {
    std::string upper, lower;
    constexpr int points = 80;
    auto from = static_cast<double>(chart.least);
    for (int i = 0; i <= points; ++i) {
        auto n = from + (x.to - from) * i / points;
        auto at = limits(chart, n, z);
        upper += fmt::format("{}{:.1f} {:.1f}", i ? "L" : "M", x.place(n), y.place(at.high));
        lower += fmt::format("{}{:.1f} {:.1f}", i ? "L" : "M", x.place(n), y.place(at.low));
    }
    return stroke(kind, upper + lower);
}

// Names of those outside 99.8 %, where there is room for one; all of them stand in the words.
struct Placed {
    std::vector<std::pair<double, double>> taken{};
    std::string add(const std::string& name, double x, double y) {
        auto wide = display_width(name) * 6.0;
        bool to_left = x + 10 + wide > right;
        auto start = to_left ? x - 10 - wide : x + 10;
        for (auto [other_x, other_y] : taken)
            if (std::abs(other_y - y) < second_line && std::abs(other_x - start) < wide + 4) return "";
        taken.emplace_back(start, y);
        return text_at(to_left ? x - 10 : x + 10, y + 4, to_left ? "end" : "start", name, " class=\"name\"");
    }
};

std::string drawn(const FunnelChart& chart) {
    if (chart.points.empty()) return figure(chart.title, chart.english, "可比者太少,不作图。 Too few can be compared: nothing is drawn.", "");
    std::int64_t most = chart.least + 1;
    double lowest = chart.centre, highest = chart.centre;
    for (const auto& point : chart.points) most = std::max(most, point.n), lowest = std::min(lowest, point.rate), highest = std::max(highest, point.rate);
    auto widest = limits(chart, static_cast<double>(chart.least), chart.alarm);
    auto y = share_axis(std::min(lowest, widest.low), std::max(highest, widest.high));
    Axis x{0, 0, nice_step(static_cast<double>(most), 10), left, right};
    x.to = std::ceil(static_cast<double>(most) * 1.02 / x.step) * x.step;

    auto out = share_lines(y, "满意率 rate, %");
    for (int i = 0; i * x.step <= x.to + 1e-9; ++i) out += text_at(x.place(i * x.step), bottom + 16, "middle", fmt::format("{:.0f}", i * x.step));
    out += below("评价数(件) ratings, n") + curves(chart, x, y, chart.warn, "warn") + curves(chart, x, y, chart.alarm, "alarm") +
           stroke("centre", fmt::format("M{:.1f} {:.1f}H{:.1f}", left, y.place(chart.centre), right));
    std::string outside;
    int inside = 0, warned = 0, alarmed = 0;
    Placed names;
    for (const auto& point : chart.points) {
        auto who = point.name.empty() ? point.code : point.name + " " + point.code;  // there may be two of one name
        auto n = static_cast<double>(point.n);
        auto warn = limits(chart, n, chart.warn), alarm = limits(chart, n, chart.alarm);
        auto at_x = x.place(n), at_y = y.place(point.rate);
        bool beyond = point.rate < alarm.low || point.rate > alarm.high, beside = point.rate < warn.low || point.rate > warn.high;
        (beyond ? alarmed : beside ? warned : inside)++;
        out += fmt::format("<g><title>{}: {}, n={}</title>{}</g>", escaped(who), per_cent(point.rate), point.n,
                           beyond ? diamond(at_x, at_y) : beside && point.rate < warn.low ? triangle_down(at_x, at_y) : beside ? triangle_up(at_x, at_y) : ring(at_x, at_y));
        if (beyond) outside += (outside.empty() ? "" : ", ") + who, out += names.add(who, at_x, at_y);
    }
    out += legend({{line_sample("centre"), "全局均值 force mean"}, {line_sample("warn"), "95% 界限 limits"}, {line_sample("alarm"), "99.8% 界限 limits"},
                   {ring(12, 0), "界内 within"}, {triangle_up(5, 0) + triangle_down(19, 0), "95% 界外 outside 95%"}, {diamond(12, 0), "99.8% 界外 outside 99.8%"}});
    auto words = fmt::format("均值 {}。95% 界内 {} 个,界外 {} 个,99.8% 界外 {} 个{}。少于 {} 件的不画。界外只是查看的理由,不作排名。 "
                             "Mean {}; {} within 95%, {} outside it, {} outside 99.8%. Fewer than {} ratings: not drawn. Not a ranking.",
                             per_cent(chart.centre), inside, warned, alarmed, outside.empty() ? "" : "(" + outside + ")", chart.least, per_cent(chart.centre), inside, warned, alarmed,
                             chart.least);
    return figure(chart.title, chart.english, words, out);
}

struct WeekAxis {
    explicit WeekAxis(std::size_t weeks) : step((right - left) / static_cast<double>(std::max<std::size_t>(weeks, 1))) {}
    double place(std::size_t week) const { return left + step * (static_cast<double>(week) + 0.5); }
    double step;
};
// The week, and how many ratings it had. Of many weeks each second or third, or there would be no room.
std::string week_names(const std::vector<ChartWeek>& weeks, const WeekAxis& x) {
    std::string out;
    auto every = (weeks.size() + 15) / 16;
    for (std::size_t i = 0; i < weeks.size(); i += every) {
        const auto& week = weeks[i];
        out += text_at(x.place(i), bottom + 17, "middle", week.name.substr(std::min<std::size_t>(5, week.name.size()))) +
               text_at(x.place(i), bottom + 29, "middle", fmt::format("{}", week.n), " class=\"small\"");
    }
    return out + text_at(left - 6, bottom + 17, "end", "周") + text_at(left - 6, bottom + 29, "end", "n", " class=\"small\"");
}
std::string weeks_title(const std::vector<ChartWeek>& weeks) {
    return fmt::format("{} 至 {},ISO 周;下行为评价数(件) ISO weeks, ratings below", weeks.front().name, weeks.back().name);
}

// Joined from week to week; where one is not shown, the line is broken.
std::string joined(const std::vector<ChartWeek>& weeks, const WeekAxis& x, const Axis& y) {
    std::string line;
    bool pen_up = true;
    for (std::size_t i = 0; i < weeks.size(); ++i) {
        const auto& value = weeks[i].value;
        if (value) line += fmt::format("{}{:.1f} {:.1f}", pen_up ? "M" : "L", x.place(i), y.place(value->at));
        pen_up = !value;
    }
    return line;
}

bool nothing_to_draw(const std::vector<ChartWeek>& weeks) {
    return std::ranges::none_of(weeks, [](const ChartWeek& week) { return week.value.has_value(); });
}
constexpr const char* too_few = "各周评价太少,不作图。 Too few ratings in each week: nothing is drawn.";

std::string drawn(const ControlChart& chart) {
    if (nothing_to_draw(chart.weeks)) return figure(chart.title, chart.english, too_few, "");
    double highest = 0;
    for (const auto& week : chart.weeks)
        if (week.value) highest = std::max({highest, week.value->at, week.value->high});
    auto y = share_axis(0, highest);
    WeekAxis x(chart.weeks.size());
    std::string limit, marks, beyond, run;
    int shown = 0;
    for (std::size_t i = 0; i < chart.weeks.size(); ++i) {
        const auto& week = chart.weeks[i];
        if (!week.value) continue;
        const auto& value = *week.value;
        ++shown;
        for (double edge : {value.low, value.high}) limit += fmt::format("M{:.1f} {:.1f}h{:.1f}", x.place(i) - x.step / 2, y.place(edge), x.step);
        auto at_x = x.place(i), at_y = y.place(value.at);
        bool is_beyond = value.mark == ChartWeek::Mark::beyond, is_run = value.mark == ChartWeek::Mark::run;
        if (is_beyond) beyond += (beyond.empty() ? "" : ", ") + week.name;
        if (is_run) run += (run.empty() ? "" : ", ") + week.name;
        marks += fmt::format("<g><title>{}: {} ({}–{}), n={}</title>{}</g>", escaped(week.name), per_cent(value.at), per_cent(value.low), per_cent(value.high), week.n,
                             is_beyond ? diamond(at_x, at_y) : is_run ? square(at_x, at_y) : dot(at_x, at_y));
    }
    auto out = share_lines(y, "不满占比 dissatisfied, %") + week_names(chart.weeks, x) + below(weeks_title(chart.weeks)) + stroke("alarm", limit) +
               stroke("centre", fmt::format("M{:.1f} {:.1f}H{:.1f}", left, y.place(chart.centre), right)) + stroke("line", joined(chart.weeks, x, y)) + marks;
    out += legend({{line_sample("line") + dot(12, 0), "当周占比 share"}, {line_sample("centre"), "本单位中心 its own centre"}, {line_sample("alarm"), "3σ 控制限 3-sigma limits"},
                   {diamond(12, 0), "超出控制限 beyond"}, {square(12, 0), "连续八周同侧 run of eight"}});
    auto named = [](const std::string& weeks) { return weeks.empty() ? std::string("无 none") : weeks; };
    auto words = fmt::format("中心 {},{} 周中画出 {} 周。超限 beyond: {}。连续同侧 run: {}。只与本单位自己比。 Centre {}; {} of {} weeks are drawn. A unit beside itself.", per_cent(chart.centre),
                             chart.weeks.size(), shown, named(beyond), named(run), per_cent(chart.centre), shown, chart.weeks.size());
    return figure(chart.title, chart.english, words, out);
}

std::string drawn(const RateChart& chart) {
    if (nothing_to_draw(chart.weeks)) return figure(chart.title, chart.english, too_few, "");
    double lowest = 1, highest = 0;
    for (const auto& week : chart.weeks)
        if (week.value) lowest = std::min(lowest, week.value->low), highest = std::max(highest, week.value->high);
    auto y = share_axis(lowest, highest);
    WeekAxis x(chart.weeks.size());
    std::string bars, marks, said;
    for (std::size_t i = 0; i < chart.weeks.size(); ++i) {
        const auto& week = chart.weeks[i];
        if (!week.value) continue;
        const auto& value = *week.value;
        auto at = x.place(i);
        bars += fmt::format("M{:.1f} {:.1f}V{:.1f}M{:.1f} {:.1f}h8M{:.1f} {:.1f}h8", at, y.place(value.low), y.place(value.high), at - 4, y.place(value.low), at - 4, y.place(value.high));
        marks += fmt::format("<g><title>{}: {} ({}–{}), n={}</title>{}</g>", escaped(week.name), per_cent(value.at), per_cent(value.low), per_cent(value.high), week.n, dot(at, y.place(value.at)));
        said += fmt::format("{}{} {}", said.empty() ? "" : ", ", week.name.substr(std::min<std::size_t>(5, week.name.size())), per_cent(value.at));
    }
    auto out = share_lines(y, "满意率 rate, %") + week_names(chart.weeks, x) + below(weeks_title(chart.weeks)) + stroke("bar", bars) + stroke("line", joined(chart.weeks, x, y)) + marks;
    out += legend({{line_sample("line") + dot(12, 0), "当周满意率 rate"}, {stroke("bar", "M12 -8V8M8 -8h8M8 8h8"), "95% 区间 interval"}});
    auto words = fmt::format("{}。{}评价太少的周空缺。 Weeks with too few ratings are left out{}.", said, y.from > 0 ? "纵轴不从 0 开始。" : "", y.from > 0 ? "; the axis does not begin at 0" : "");
    return figure(chart.title, chart.english, words, out);
}

}  // namespace

std::string render_chart(const Chart& chart) {
    return std::visit([](const auto& kind) { return drawn(kind); }, chart);
}

}  // namespace pingjing::reports
