// What a Result of a text and a Status of a login mean, for people. Those from 51 on are of vendors.
#include "providers/cmpp/text.hpp"

namespace pingjing::cmpp {

using link::CodeWords;

std::span<const CodeWords> result_words() {
    static constexpr CodeWords words[] = {
        {1, "消息结构错误", "message structure"}, {2, "命令字错误", "command id"}, {3, "序号重复", "duplicate sequence number"},
        {4, "消息长度错误", "message length"}, {5, "资费代码错误", "fee code"}, {6, "超过最大长度", "too long"}, {7, "业务代码错误", "Service_Id"},
        {8, "流量控制", "flow control"}, {9, "其他错误或不服务此计费号码", "other, or the charged number is not served"}, {10, "源号码错误", "Src_Id"},
        {11, "Msg_src错误", "Msg_src"}, {12, "计费号码错误", "Fee_terminal_Id"}, {13, "被叫号码错误", "destination number"},
        {51, "未连接", "not connected"}, {52, "未登录", "not logged in"}, {53, "发送失败", "sending failed"}, {54, "等待应答超时", "response time-out"},
        {55, "等待回执超时", "report time-out"}, {61, "有效期已过", "validity is over"}, {62, "定时已过", "scheduled time is over"},
        {63, "资费类别错误", "FeeType"}, {64, "发送方源号码鉴权失败", "source not authorised to send"},
        {65, "发送方被叫鉴权失败", "destination not authorised to send to"}, {66, "接收方源号码鉴权失败", "source not authorised to receive from"},
        {67, "接收方被叫鉴权失败", "destination not authorised to receive"}, {68, "用户鉴权失败", "account not authorised"},
        {69, "黑名单用户", "number on the black list"}, {70, "网络中断或对方关闭", "network down or peer closed"}, {71, "节点过多", "too many nodes"},
        {72, "无路由", "no route"}, {73, "等待应答超时", "response time-out"}, {76, "内容审核不通过", "content check failed"},
        {77, "提交过多", "too many submits"}, {78, "企业代码为空", "SP_Id empty"}, {79, "业务类型为空", "service type empty"},
        {81, "接口重复", "duplicate interface"}, {83, "超过接收上限", "over the receiving limit"}, {88, "流量控制", "flow control"},
        {208, "余额不足", "balance too low"}, {250, "队列已满", "queue full"},
    };
    return words;
}

std::span<const CodeWords> login_words() {
    static constexpr CodeWords words[] = {
        {1, "消息结构错误", "message structure"}, {2, "企业代码或源地址非法", "unknown SP_Id, or address not allowed"},
        {3, "认证失败", "wrong password, or address not allowed"}, {4, "版本过高", "version too high"}, {5, "其他错误", "other error"},
        {55, "系统连接数超限", "too many connections to the gateway"}, {56, "账号连接数超限", "too many connections of the account"},
        {57, "登录地址错误", "address not allowed"}, {58, "内部错误", "internal error"}, {60, "内部错误", "internal error"},
    };
    return words;
}

}  // namespace pingjing::cmpp
