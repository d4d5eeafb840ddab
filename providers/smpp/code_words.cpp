// What a command_status means, for people.
#include "providers/smpp/text.hpp"

namespace pingjing::smpp {

using link::CodeWords;

std::span<const CodeWords> status_words() {
    static constexpr CodeWords words[] = {
        {0x01, "短信长度错误", "message length"}, {0x02, "命令长度错误", "command length"}, {0x03, "命令不存在", "unknown command"},
        {0x04, "未登录或登录方式不允许", "wrong bind state"}, {0x05, "已经登录", "already bound"}, {0x06, "优先级错误", "priority"},
        {0x07, "回执标志错误", "registered_delivery"}, {0x08, "对方系统错误", "system error"}, {0x0A, "主叫号码无效", "invalid source address"},
        {0x0B, "被叫号码无效", "invalid destination address"}, {0x0C, "短信标识无效", "invalid message id"}, {0x0D, "登录失败", "bind failed"},
        {0x0E, "密码错误", "wrong password"}, {0x0F, "账号错误", "wrong system_id"}, {0x11, "撤回失败", "cancel failed"},
        {0x13, "替换失败", "replace failed"}, {0x14, "对方队列已满", "queue full"}, {0x15, "业务类型错误", "service_type"},
        {0x33, "被叫个数错误", "number of destinations"}, {0x34, "群发名单错误", "distribution list"}, {0x40, "被叫标志错误", "destination flag"},
        {0x42, "替换请求无效", "replace request"}, {0x43, "esm_class错误", "esm_class"}, {0x44, "不能提交到群发名单", "cannot submit to a list"},
        {0x45, "提交失败", "submit failed"}, {0x48, "主叫号码类型错误", "source TON"}, {0x49, "主叫编号方案错误", "source NPI"},
        {0x50, "被叫号码类型错误", "destination TON"}, {0x51, "被叫编号方案错误", "destination NPI"}, {0x53, "系统类型错误", "wrong system_type"},
        {0x54, "替换标志错误", "replace flag"}, {0x55, "短信条数错误", "number of messages"}, {0x58, "超过限速", "too many a second"},
        {0x61, "定时错误", "schedule time"}, {0x62, "有效期错误", "validity period"}, {0x63, "预存短信错误", "predefined message"},
        {0x64, "接收方暂时故障", "temporary error of the receiver"}, {0x65, "接收方永久故障", "permanent error of the receiver"},
        {0x66, "接收方拒收", "rejected by the receiver"}, {0x67, "查询失败", "query failed"}, {0xC0, "可选字段有误", "optional fields"},
        {0xC1, "可选字段不允许", "optional field not allowed"}, {0xC2, "可选字段长度错误", "optional field length"},
        {0xC3, "缺少可选字段", "optional field missing"}, {0xC4, "可选字段值无效", "optional field value"}, {0xFE, "投递失败", "delivery failed"},
        {0xFF, "未知错误", "unknown error"}, {0x100, "业务未授权", "service not authorised"}, {0x101, "业务被禁止", "service prohibited"},
        {0x102, "业务暂不可用", "service unavailable"}, {0x103, "业务被拒绝", "service denied"}, {0x104, "编码不支持", "data_coding"},
    };
    return words;
}

}  // namespace pingjing::smpp
