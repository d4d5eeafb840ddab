#include "providers/simulated/citizens.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/regex.hpp>
#include <span>

namespace pingjing::simulated {
namespace {

using namespace std::chrono_literals;

constexpr const char* satisfied[] = {"1", "1", "1", "1", "1", "１", "①", "1。", "回复1", "选1", "1 谢谢", "1,民警很热心", "一", "第一个"};
constexpr const char* basically[] = {"2", "2", "2", "２", "②", "2吧", "2 还可以", "2,来得有点慢"};
constexpr const char* dissatisfied[] = {"3", "3", "３", "3!", "3 等了两个小时", "3,打了三次电话才来", "3 态度不好"};
constexpr const char* words[] = {"满意", "非常满意", "很满意,谢谢", "好评", "基本满意", "一般", "还行吧", "不满意", "不太满意", "等了一个多小时才到", "没有不满意的"};
constexpr const char* ambiguous[] = {"1或3", "1 不满意", "123", "还没处理完", "抓到人我就满意", "1?", "7", "接警1处警3"};
constexpr const char* none[] = {"好的", "收到", "谢谢", "我没报警", "请问我的案子立案了吗", "您好,我现在有事不在"};
constexpr const char* opt_out[] = {"T", "t", "退订", "TD", "回T", "不要再发了", "1 退订"};
constexpr const char* emergency[] = {"救命 有人拿刀", "着火了快来", "我不想活了", "他又打我 别打电话"};

std::function<bool(const std::string&)> read_pattern(config::Section& s, const std::string& key) {
    auto text = s.text(key, "");
    if (text.empty()) return nullptr;
    try {
        return [pattern = boost::regex(text)](const std::string& said) { return boost::regex_search(said, pattern); };
    } catch (const boost::regex_error& error) {
        s.problem(key, fmt::format("{} = \"{}\": expected a pattern (regular expression): {}", key, text, error.what()));
        return nullptr;
    }
}

Rule read_rule(config::Section& s) {
    Rule rule;
    rule.number = s.text("number", "");
    rule.fits = read_pattern(s, "text");
    rule.share = s.real("share", 1, 0, 1);
    rule.answers = s.texts("answers");
    auto order = s.one_of("order", "given", {"given", "backwards", "any"});
    rule.order = order == "backwards" ? Rule::Order::backwards : order == "any" ? Rule::Order::any : Rule::Order::given;
    rule.after = read_range(s, "after", {1s, 5s});
    rule.between = read_range(s, "between", {1s, 5s});
    s.finish();
    return rule;
}

}  // namespace

Range read_range(config::Section& s, const std::string& name, Range fallback) {
    constexpr auto most = std::chrono::hours(24 * 30);
    Range range{s.duration(name + "_least", fallback.least, 0ms, most), s.duration(name + "_most", fallback.most, 0ms, most)};
    if (range.most < range.least) {
        if (s.has(name + "_most")) s.problem(name + "_most", fmt::format("{0}_most is shorter than {0}_least", name));
        range.most = range.least;
    }
    return range;
}

Replies read_replies(config::Section& s) {
    Replies r;
    for (auto [key, value] : {std::pair{"satisfied", &r.satisfied}, {"basically", &r.basically}, {"dissatisfied", &r.dissatisfied}, {"words", &r.words},
                              {"ambiguous", &r.ambiguous}, {"none", &r.none}, {"opt_out", &r.opt_out}, {"emergency", &r.emergency}, {"silence", &r.silence}})
        *value = s.real(key, *value, 0, 1'000'000);
    s.finish();
    return r;
}

std::map<std::string, std::string> read_phones(config::Section& s) {
    std::map<std::string, std::string> out;
    for (const auto& number : s.keys()) {
        auto phone = Phone::mobile(number);
        auto answer = s.text(number, "");
        if (phone) out[phone->reveal()] = answer;
        else s.problem(number, "phones: expected a mobile number = \"what its owner answers\"");
    }
    return out;
}

CitizenSettings read_citizens(config::Section& s) {
    CitizenSettings out;
    out.reply = read_range(s, "reply", out.reply);
    out.clarified_share = s.real("clarified_share", out.clarified_share, 0, 1);
    out.survey_mark = s.text("survey_mark", out.survey_mark);
    out.clarify_mark = s.text("clarify_mark", out.clarify_mark);
    auto replies = s.child("replies"), phones = s.child("phones");
    out.replies = read_replies(replies);
    out.phones = read_phones(phones);
    for (auto& rule : s.children("rule")) out.rules.push_back(read_rule(rule));
    s.finish();
    return out;
}

std::optional<std::string> mixed_answer(const Replies& r, Random& random) {
    struct Choice { double share; std::span<const char* const> texts; };
    const Choice choices[] = {{r.satisfied, satisfied}, {r.basically, basically}, {r.dissatisfied, dissatisfied}, {r.words, words}, {r.ambiguous, ambiguous},
                              {r.none, none}, {r.opt_out, opt_out}, {r.emergency, emergency}};
    double sum = r.silence;
    for (const auto& choice : choices) sum += choice.share;
    double at = random.unit() * sum;
    for (const auto& choice : choices) {
        if (at < choice.share) return choice.texts[random.below(choice.texts.size())];
        at -= choice.share;
    }
    return std::nullopt;
}

std::string clarified_answer(Random& random) { return random.unit() < 0.8 ? "1" : random.unit() < 0.5 ? "2" : "3"; }

std::uint64_t seed_of(std::uint64_t seed, const std::string& name, std::uint64_t number) {
    std::uint64_t hash = 0xCBF29CE484222325u ^ seed;  // FNV-1a
    for (unsigned char c : name) hash = (hash ^ c) * 0x100000001B3u;
    return SeededRandom(hash ^ number << 48)();
}

std::chrono::milliseconds somewhere(Range range, Random& random) {
    auto width = static_cast<std::uint64_t>(std::max((range.most - range.least).count(), std::int64_t{0}));
    return range.least + std::chrono::milliseconds(random.below(width + 1));
}

std::optional<std::vector<Answer>> Citizens::by_rule(const Phone& phone, const std::string& text, Random& random) const {
    for (const auto& rule : settings_.rules) {
        if (!phone.reveal().starts_with(rule.number)) continue;
        if (rule.fits && !rule.fits(text)) continue;
        std::vector<Answer> out;
        if (random.unit() >= rule.share) return out;
        auto at = somewhere(rule.after, random);
        for (const auto& answer : rule.answers) {
            out.push_back({at, answer});
            at += somewhere(rule.between, random);
        }
        auto swap = [&](std::size_t a, std::size_t b) { std::swap(out[a].text, out[b].text); };
        if (rule.order == Rule::Order::backwards)
            for (std::size_t i = 0; i < out.size() / 2; ++i) swap(i, out.size() - 1 - i);
        if (rule.order == Rule::Order::any)
            for (std::size_t i = out.size(); i > 1; --i) swap(i - 1, random.below(i));
        return out;
    }
    return std::nullopt;
}

std::vector<Answer> Citizens::read(const Phone& phone, const std::string& text) {
    SeededRandom random(seed_of(seed_, phone.reveal(), static_cast<std::uint64_t>(++texts_[phone])));
    if (auto said = by_rule(phone, text, random)) return *said;
    std::optional<std::string> answer;
    if (is_question(text)) {
        auto own = settings_.phones.find(phone.reveal());
        if (own == settings_.phones.end()) answer = mixed_answer(settings_.replies, random);
        else if (!own->second.empty()) answer = own->second;
    } else if (text.find(settings_.clarify_mark) != text.npos && random.unit() < settings_.clarified_share) {
        answer = clarified_answer(random);
    }
    if (!answer) return {};
    return {{somewhere(settings_.reply, random), *answer}};
}

}  // namespace pingjing::simulated
