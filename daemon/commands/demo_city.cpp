#include "daemon/commands/demo_city.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <span>

namespace pingjing::commands {
namespace {

struct Category { const char* code; const char* name; const char* rule; double share; };
constexpr Category categories[] = {
    {"010100", "盗窃电动车", "survey", 9},      {"010300", "电信网络诈骗", "survey", 8},   {"020100", "打架斗殴", "survey", 7},
    {"030100", "交通事故", "survey", 22},       {"040100", "噪音扰民", "survey", 12},      {"050100", "邻里纠纷", "survey", 9},
    {"050200", "消费纠纷", "survey", 6},        {"060100", "群众求助", "survey", 14},      {"060500", "家庭纠纷", "dv", 4},
    {"070100", "走失人员", "survey", 2},        {"080100", "投诉民警", "survey_unit", 0.6}, {"900100", "无效警情", "invalid", 5},
    {"060700", "医疗急救转120", "medical", 1.4}};

constexpr const char* surnames[] = {"王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高"};
constexpr const char* given[] = {"伟", "芳", "娜", "敏", "静", "强", "磊", "军", "洋", "勇", "艳", "杰", "涛", "明", "超", "霞", "平", "刚"};
constexpr std::pair<const char*, const char*> stations[] = {
    {"320102430000", "湖滨派出所"}, {"320102440000", "鼓楼派出所"}, {"320102450000", "新街口派出所"}, {"320104510000", "秦淮派出所"},
    {"320104520000", "夫子庙派出所"}, {"320104530000", "光华路派出所"}, {"320106610000", "江东派出所"}, {"320106620000", "中央门派出所"}};

// Calls of a day by hour of closing, as a city makes them.
constexpr int by_hour_shares[24] = {2, 1, 1, 1, 1, 1, 2, 3, 5, 6, 6, 6, 5, 5, 5, 5, 6, 6, 7, 7, 7, 6, 4, 3};

template <class T, std::size_t N>
const T& one_of(const T (&all)[N], Random& random) { return all[random.below(N)]; }

}  // namespace

DemoCity::DemoCity(Random& random, int officers, int phones) : random_(random), phones_(phones) {
    for (const auto& [code, name] : stations) units_.emplace_back(code, name);
    for (int i = 0; i < officers; ++i) {
        DemoOfficer officer;
        officer.badge = fmt::format("{:06}", 20101 + i * 37);
        officer.name = std::string(one_of(surnames, random)) + one_of(given, random);
        officer.unit = units_[static_cast<std::size_t>(i) % units_.size()].first;
        officer.temper = 0.7 + 0.6 * random.unit();
        officers_.push_back(std::move(officer));
    }
    // Two of them do badly and one very well, so that the funnel has something to show.
    if (officers >= 10) officers_[3].temper = 5, officers_[7].temper = 3.5, officers_[8].temper = 0.15;
}

std::string DemoCity::categories_csv() const {
    std::string out = "code,name,rule\n";
    for (const auto& c : categories) out += fmt::format("{},{},{}\n", c.code, c.name, c.rule);
    return out;
}
std::string DemoCity::flags_csv() const { return "flag,rule\n家暴,dv\n未成年,minor\n勿联系,unsafe_flag\n嫌疑人,subject\n"; }
std::string DemoCity::officers_csv() const {
    std::string out = "badge,name,unit\n";
    for (const auto& o : officers_) out += fmt::format("{},{},{}\n", o.badge, o.name, o.unit);
    return out;
}
std::string DemoCity::units_csv() const {
    std::string out = "unit,name\n320102000000,玄武分局\n320104000000,秦淮分局\n320106000000,鼓楼分局\n";
    for (const auto& [code, name] : units_) out += fmt::format("{},{}\n", code, name);
    return out;
}

std::vector<int> DemoCity::by_hour(int calls) {
    auto sum = std::accumulate(std::begin(by_hour_shares), std::end(by_hour_shares), 0);
    std::vector<int> hours;
    int given_out = 0, share = 0;
    for (int h = 0; h < 24; ++h) {
        share += by_hour_shares[h];
        auto until_here = static_cast<int>(static_cast<long long>(calls) * share / sum);
        hours.push_back(until_here - given_out);
        given_out = until_here;
    }
    return hours;
}

std::string DemoCity::closed_calls(Instant from, int calls) {
    std::vector<std::int64_t> seconds;
    for (int i = 0; i < calls; ++i) seconds.push_back(static_cast<std::int64_t>(random_.below(3600)));
    std::sort(seconds.begin(), seconds.end());
    double all = 0;
    for (const auto& c : categories) all += c.share;

    std::string out;
    for (auto second : seconds) {
        auto closed = from + std::chrono::seconds(second);
        auto reported = closed - std::chrono::minutes(15 + static_cast<int>(random_.below(100)));
        double at = random_.unit() * all;
        const auto* category = &categories[0];
        for (const auto& c : categories) {
            category = &c;
            if ((at -= c.share) < 0) break;
        }
        auto number = random_.unit() < 0.88 ? fmt::format("13{:09}", 100000000 + random_.below(static_cast<std::uint64_t>(phones_)) * 7919 % 899999999)
                                            : fmt::format("025-8{:07}", random_.below(10'000'000));
        const auto& officer = officers_[random_.below(officers_.size())];
        bool at_scene = random_.unit() < 0.93;
        if (at_scene) tempers_[number] = officer.temper;
        auto id = fmt::format("3201{:014}", next_++);
        auto flag = random_.unit() < 0.01 ? R"(["勿联系"])" : random_.unit() < 0.01 ? R"(["未成年"])" : "[]";
        out += fmt::format(R"({{"id":"{}","version":1,"state":"closed","calling_line":"{}","category":"{}","flags":{},"source":"110","unit":"{}",)", id, number,
                           category->code, flag, officer.unit);
        out += at_scene ? fmt::format(R"("officers":[{{"badge":"{}","role":"lead"}}],)", officer.badge) : R"("officers":[],)";
        out += fmt::format(R"("call_taker":"080011","reported_at":"{}","closed_at":"{}"}})", format_utc(reported), format_utc(closed)) + "\n";
    }
    return out;
}

double DemoCity::temper(const Phone& phone) const {
    auto found = tempers_.find(phone.reveal());
    return found == tempers_.end() ? 1 : found->second;
}

}  // namespace pingjing::commands
