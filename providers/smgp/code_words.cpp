// What a Status, and the three digits of a report behind "err:", mean, for people.
#include "providers/smgp/text.hpp"

namespace pingjing::smgp {

using link::CodeWords;

std::span<const CodeWords> status_words() {
    static constexpr CodeWords words[] = {
        {1, "系统忙", "system busy"}, {2, "连接过多", "too many connections"}, {10, "消息结构错误", "message structure"},
        {11, "命令字错误", "command id"}, {12, "序号重复", "duplicate sequence number"}, {20, "地址错误", "address not allowed"},
        {21, "认证失败", "wrong password"}, {22, "版本过高", "version too high"}, {30, "消息类型错误", "MsgType"}, {31, "优先级错误", "Priority"},
        {32, "资费类型错误", "FeeType"}, {33, "资费代码错误", "FeeCode"}, {34, "编码格式错误", "MsgFormat"}, {35, "时间格式错误", "time format"},
        {36, "短信长度错误", "MsgLength"}, {37, "有效期已过", "validity is over"}, {38, "查询类型错误", "QueryType"}, {39, "路由错误", "routing error"},
        {40, "包月费错误", "FixedFee"}, {43, "业务代码错误", "ServiceID"}, {44, "有效时间错误", "ValidTime"}, {45, "定时时间错误", "AtTime"},
        {46, "源号码错误", "SrcTermID"}, {47, "被叫号码错误", "DestTermID"}, {48, "计费号码错误", "ChargeTermID"}, {49, "企业代码错误", "SPCode"},
        {58, "无匹配路由", "no matching route"}, {73, "产品代码错误", "MServiceID"}, {74, "此时段不许发送", "not allowed at this time of day"},
        {75, "超过日限额", "daily quota exceeded"}, {76, "账号已过期", "account expired"},
    };
    return words;
}

std::span<const CodeWords> error_words() {
    static constexpr CodeWords words[] = {
        {1, "用户不可达", "user unreachable"}, {2, "用户忙", "user busy"}, {3, "无此终端部件", "no such part of the terminal"},
        {4, "非法用户", "illegal user"}, {5, "黑名单用户", "number on the black list"}, {6, "系统错误", "system error"},
        {7, "手机存储已满", "phone memory full"}, {8, "非短信终端", "no SMS terminal"}, {9, "数据错误", "data error"}, {10, "数据丢失", "data lost"},
        {999, "未知错误", "unknown error"},
    };
    return words;
}

}  // namespace pingjing::smgp
