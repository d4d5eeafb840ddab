#include "daemon/ratings/strangers.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace pingjing::ratings {
namespace {

constexpr std::size_t longest_denial = 90, longest_topic = 120;  // bytes: thirty and forty Hanzi; who writes more tells a story, which a person reads

// Blanks and punctuation say nothing here.
std::string packed(std::string_view text) {
    constexpr std::string_view signs[] = {",", "。", "、", "!", "?", ".", ";", ":", "…", "~", "\"", "'", "(", ")", "-", " ", "\t", "\n", "\r", "「", "」", "《", "》"};
    std::string out(text);
    for (auto sign : signs)
        for (auto at = out.find(sign); at != out.npos; at = out.find(sign, at)) out.erase(at, sign.size());
    return out;
}

template <std::size_t N>
bool any_in(std::string_view text, const std::string_view (&phrases)[N]) {
    return std::any_of(std::begin(phrases), std::end(phrases), [&](std::string_view p) { return text.find(p) != text.npos; });
}

constexpr std::string_view denials[] = {
    "我没报警", "我没报过警", "我没有报警", "我没有报过警", "我并没有报", "我并没报", "我从没报", "我从来没报", "我从来没有报", "我根本没报", "我根本没有报", "我又没报", "我都没报", "我未报警", "我没报案",
    "我没有报案", "我没打110", "我没打过110", "我没有打过110", "我没有打110", "我没拨打", "我没有拨打", "本人没报", "本人没有报", "本人未报", "不是我报的警", "不是我报警", "不是我报的案", "我不是报警人",
    "报警的不是我", "报警人不是我", "发错人", "发错号", "发错了人", "发错了号", "你们发错", "短信发错", "搞错人", "弄错人", "认错人", "wrongnumber", "wrongperson", "ididnotcall", "ididntcall", "inevercalled"};
constexpr std::string_view openings[] = {"没报警", "没有报警", "没报过警", "没有报过警", "未报警", "没打过110", "没有打过110", "没打110"};
// Then it is a sentence about something else: 我没报警前他就打我, 早知道我没报警就好.
constexpr std::string_view stories[] = {"如果", "要是", "早知道", "就好", "的话", "之前", "警前", "的时候", "只是", "但是", "可是", "后来", "因为", "所以", "他们", "对方", "打我", "为什么", "回执", "回单", "记录", "打的是", "物业报", "邻居报", "家人报", "朋友报", "帮我报", "替我报"};
constexpr std::string_view owners[] = {
    "新机主", "原机主", "前机主", "上一个机主", "上个机主", "以前的机主", "之前的机主", "换了机主", "换机主", "机主换", "机主已换", "已易主", "二手号", "新办的号", "刚办的号", "刚买的号", "新买的号",
    "新办的卡", "刚办的卡", "不是以前那个人", "不是原来那个人", "newowner", "recyclednumber", "newnumber"};

// "号码换人了"; "接电话的换人了" is a story.
bool changed_hands(std::string_view text) {
    constexpr std::string_view numbers[] = {"号", "卡", "机主"};
    return text.find("换人了") != text.npos && any_in(text, numbers);
}

// "以前是别人的号"; "以前是别人占我车位" is a story.
bool was_anothers(std::string_view text) {
    for (std::string_view once : {"以前是别人", "之前是别人", "原来是别人"}) {
        const auto at = text.find(once);
        if (at == text.npos) continue;
        const auto rest = text.substr(at + once.size());
        for (std::string_view number : {"的号", "的卡", "在用", "用的"})
            if (rest.starts_with(number)) return true;
        for (std::string_view end : {"", "的", "的手机", "的了", "的啊"})
            if (rest == end) return true;
    }
    return false;
}

}  // namespace

Stranger find_stranger(std::string_view normalised) {
    if (normalised.empty() || normalised.size() > longest_denial) return Stranger::none;
    auto text = packed(normalised);
    if (any_in(text, owners) || changed_hands(text) || was_anothers(text)) return Stranger::new_owner;
    if (any_in(text, stories)) return Stranger::none;
    bool opens = std::any_of(std::begin(openings), std::end(openings), [&](std::string_view o) { return text.starts_with(o); });
    return opens || any_in(text, denials) ? Stranger::not_the_caller : Stranger::none;
}

std::optional<std::string_view> find_topic(std::string_view normalised) {
    if (normalised.empty() || normalised.size() > longest_topic) return std::nullopt;
    auto text = packed(normalised);
    for (std::string_view frame : {"回复", "我选择", "我选", "选择", "选", "是", "项"})
        if (auto at = text.find(frame); at != text.npos && text.size() - frame.size() <= 5) text.erase(at, frame.size());
    constexpr std::string_view by_letter[] = {"call_taking", "response_speed", "attitude", "outcome", "fairness"};
    if (!text.empty() && text.size() <= 2 && text.find_first_not_of("abcde") == text.npos) return by_letter[text[0] - 'a'];
    constexpr std::pair<std::string_view, std::string_view> by_word[] = {
        {"接警", "call_taking"}, {"接电话", "call_taking"}, {"出警", "response_speed"}, {"速度", "response_speed"}, {"太慢", "response_speed"}, {"来得慢", "response_speed"}, {"态度", "attitude"},
        {"推诿", "buck_passing"}, {"踢皮球", "buck_passing"}, {"公正", "fairness"}, {"公平", "fairness"}, {"偏袒", "fairness"}, {"廉洁", "integrity"}, {"没回音", "no_answer"}, {"没有回音", "no_answer"},
        {"没消息", "no_answer"}, {"办案", "outcome"}, {"效果", "outcome"}, {"处理", "outcome"}, {"结果", "outcome"}};
    for (const auto& [word, topic] : by_word)
        if (text.find(word) != text.npos) return topic;
    return std::nullopt;
}

}  // namespace pingjing::ratings
