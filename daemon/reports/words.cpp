#include "daemon/reports/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace pingjing::reports {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;

template <std::size_t n>
std::string beside(const Pair (&words)[n], std::string_view word) {
    auto* found = std::find_if(std::begin(words), std::end(words), [&](const Pair& pair) { return pair.first == word; });
    return found == std::end(words) ? std::string(word) : fmt::format("{} {}", found->second, word);
}

constexpr Pair all_words[] = {
    {"accepted", "应评"}, {"excluded", "不评"}, {"updated", "更新"}, {"survey", "评价短信"}, {"thanks", "致谢"}, {"clarify", "请重发"}, {"help", "说明"},
    {"opt_out", "退订"}, {"emergency", "紧急提示"}, {"told", "回告"}, {"canary", "通路测试"}, {"question", "追问"}, {"letter", "来信答复"}, {"notice", "平安短信"},
    {"satisfied", "满意"}, {"basically_satisfied", "基本满意"}, {"dissatisfied", "不满意"}, {"delivered", "送达"}, {"failed", "失败"}, {"expired", "过期"},
    {"in_doubt", "存疑"}, {"unknown", "未知"}, {"no_report", "无回执"}, {"due", "待发"}, {"held", "暂停"}, {"sending", "在发"}, {"not_sent", "未发出"},
    {"cancelled", "取消"}, {"rated", "评价"}, {"repeated", "重复评价"}, {"late", "逾期"}, {"ambiguous", "含糊"}, {"none", "非评价"},
    {"cancelled_by_operator", "人工取消"}, {"resend", "再次发送"}, {"released", "放行"}, {"released_in_doubt", "放行(可能重复)"}, {"forget", "遗忘号码"},
};

// How an attempt ended, and what became of the message by it.
constexpr Pair all_states[] = {
    {"accepted", "运营商已接收"}, {"ambiguous", "结果不明"}, {"retry", "未接收,稍后再试"}, {"opted_out", "号码已退订"},
    {"throttled_number", "号码被限速"}, {"throttled_channel", "通道被限速"}, {"permanent_number", "号码被拒收"}, {"permanent_config", "参数被拒收"}, {"permanent_content", "内容被拒收"},
    {"channel_down_auth", "通道拒绝登录"}, {"channel_down_balance", "通道欠费"}, {"partial", "只发出一部分"},
};

constexpr Pair all_codes[] = {
    {"not_closed", "未办结"}, {"history", "启用前办结"}, {"pilot", "不在试点范围"}, {"invalid", "无效警情"}, {"duplicate", "重复报警"}, {"no_mobile", "非手机号码"}, {"dv", "涉家庭暴力"},
    {"sexual", "涉性侵害"}, {"minor", "涉未成年人"}, {"death_serious", "涉死亡或重伤"}, {"secret", "涉密"}, {"subject", "涉案人员号码"}, {"police", "民警或内部号码"}, {"medical", "医疗或消防"},
    {"referred", "已移交其他单位"}, {"unsafe_flag", "注明不宜联系"}, {"phone_hold", "该号码另有涉安全警情"}, {"unknown_category", "类别未配置"}, {"opt_out", "已退订"}, {"capped", "达到发送次数上限"},
    {"stale", "办结过久"}, {"cancelled", "人工取消"},
};

constexpr Pair all_rules[] = {
    {"closed before since", "在启用日之前办结"}, {"mode off", "评价已关闭"}, {"unit not in the pilot", "单位不在试点范围"}, {"linked to another record", "已并入其他警情"},
    {"calling line is no mobile number", "来电不是手机号码"}, {"a minor when reported", "报警时未成年"}, {"calling line is on the internal list", "来电在内部名单"},
    {"another case of this number", "该号码的另一警情"}, {"category not mapped", "类别未配置"}, {"unsubscribed", "已退订"}, {"too many surveys to this number", "该号码近期已多次被问"},
    {"closed too long ago", "办结过久"}, {"by hand", "人工取消"}, {"the number was forgotten", "号码已被遗忘"},
};

// Of SMPP, CMPP and SMGP; the numbers behind two letters are those that mean the same everywhere.
constexpr Pair all_receipts[] = {
    {"DELIVRD", "已送达 delivered"}, {"EXPIRED", "有效期内未送达 validity expired"}, {"DELETED", "已被删除 deleted"}, {"UNDELIV", "无法投递 undeliverable"}, {"ACCEPTD", "已接收,未送达 accepted, not yet delivered"},
    {"ENROUTE", "投递中 on its way"}, {"BUFFRED", "等待投递 buffered"}, {"UNKNOWN", "状态未知 unknown state"}, {"REJECTD", "被拒绝 rejected"}, {"SKIPPED", "已略过 skipped"},
    {"MK:0000", "空号 no such number"}, {"MK:0001", "空号 no such number"}, {"DB:0101", "空号 no such number"}, {"CB:0001", "空号 no such number"},
    {"DB:0141", "黑名单 black list"}, {"DB:0144", "黑名单 black list"}, {"MBBLACK", "黑名单 black list"}, {"DBBLACK", "黑名单 black list"}, {"MSBLACK", "黑名单 black list"},
    {"TDBLACK", "黑名单 black list"}, {"TSBLACK", "黑名单 black list"}, {"KEYWORD", "含敏感词 a forbidden word"}, {"LIMIT", "超过条数限制 over a limit"}, {"MILIMIT", "超过条数限制 over a limit"},
    {"CTLIMIT", "超过条数限制 over a limit"}, {"BEYONDN", "超过条数限制 over a limit"}, {"State 0", "已送达 delivered"}, {"State 1", "等待投递 waiting"},
};
// "MA:0054": who on the way did not answer, refused or did not report; the number is that one's own.
constexpr Pair all_receipt_classes[] = {
    {"MA:", "短信中心无应答 no answer of the message centre"}, {"MB:", "短信中心返回错误 an error of the message centre"}, {"MC:", "短信中心无回执 no report of the message centre"},
    {"CA:", "智能网无应答 no answer of the prepaid platform"}, {"CB:", "智能网返回错误 an error of the prepaid platform"}, {"DA:", "业务平台无应答 no answer of the service platform"},
    {"DB:", "业务平台返回错误 an error of the service platform"}, {"SA:", "SP无应答 no answer of the SP"}, {"SB:", "SP返回错误 an error of the SP"},
    {"IA:", "下一网关无应答 no answer of the next gateway"}, {"IB:", "下一网关返回错误 an error of the next gateway"}, {"IC:", "下一网关无回执 no report of the next gateway"},
    {"MK:", "短信中心或归属位置寄存器返回错误 an error of the message centre or the home register"},
};

}  // namespace

std::string both(std::string_view word) { return beside(all_words, word); }

std::string state_words(std::string_view state) {
    auto out = beside(all_states, state);
    return out == state ? both(state) : out;
}

std::string code_words(std::string_view code) { return beside(all_codes, code); }

std::string receipt_words(std::string_view code) {
    auto word = code.starts_with("State ") ? code : code.substr(0, code.find(' '));
    auto rest = code.substr(word.size());
    for (const auto& [known, meaning] : all_receipts)
        if (word == known) return fmt::format("{} {}{}{}", word, meaning, rest.empty() ? "" : ";", rest);
    for (const auto& [begin, meaning] : all_receipt_classes)
        if (word.starts_with(begin)) return fmt::format("{} {}{}{}", word, meaning, rest.empty() ? "" : ";", rest);
    return std::string(code);
}

std::string rule_words(std::string_view rule) {
    for (auto [begin, chinese] : {Pair{"category ", "类别"}, Pair{"flag ", "标记"}, Pair{"state ", "状态"}})
        if (rule.starts_with(begin)) return fmt::format("{} {}", chinese, rule);
    return beside(all_rules, rule);
}

}  // namespace pingjing::reports
