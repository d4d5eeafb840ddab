// What a Result or an ErrorCode means, for people: of 1.2 and 1.3 and their vendors; both share the numbers.
#include "providers/sgip/text.hpp"

namespace pingjing::sgip {

using link::CodeWords;

std::span<const CodeWords> result_words() {
    static constexpr CodeWords words[] = {
        {1, "登录名或密码错误", "wrong name or password"}, {2, "重复登录", "logged in already"}, {3, "连接过多", "too many connections"},
        {4, "登录类型错误", "login type"}, {5, "参数格式错误", "parameter format"}, {6, "手机号码非法", "illegal mobile number, or without 86"},
        {7, "消息标识错误", "message id"}, {8, "消息长度错误", "message length"}, {9, "序列号非法(重复或节点号错误)", "sequence number repeated, or wrong node"},
        {10, "GNS操作非法", "illegal GNS operation"}, {11, "节点忙(队列已满)", "node busy, queue full"},
        {13, "业务代码未分配", "service code not assigned"}, {14, "资费类别错误", "fee type"}, {17, "LinkID不符", "LinkID mismatch"},
        {18, "用户未订购", "user has not subscribed"}, {19, "接收人数须为1", "UserCount is not 1"}, {21, "目的不可达", "destination unreachable"},
        {22, "路由错误", "routing error"}, {23, "无路由", "no route"}, {24, "计费号码鉴权失败", "charge number not authorised"},
        {25, "用户关机或不在服务区", "phone off or out of coverage"}, {26, "手机存储已满", "phone memory full"},
        {27, "手机不支持短信", "phone does not support SMS"}, {28, "手机接收出错", "phone reception error"}, {29, "空号", "unknown user"},
        {30, "不提供此功能", "function not provided"}, {31, "设备非法", "illegal device"}, {32, "系统失败", "system failure"},
        {33, "短信中心队列已满或超过流量", "queue full, or too many a second"}, {34, "登录过于频繁", "logging in too often"},
        {38, "同一LinkID下发过多", "too many texts for one LinkID"}, {39, "第三方付费被拒", "third-party payment refused"},
        {40, "系统反馈标志被拒", "MorelatetoMTFlag 3 refused"}, {43, "网页命令未知", "unknown web command"},
        {44, "通知被拦截", "notification intercepted"}, {54, "等待应答超时", "response time-out"}, {69, "黑名单用户", "number on the black list"},
        {73, "等待应答超时", "response time-out"}, {77, "提交过多", "too many submits"}, {82, "路由环", "routing loop"},
        {88, "流量超限", "flow control"}, {95, "此时不许包月记录", "monthly record not allowed now"},
        {102, "接入号鉴权失败", "access number not authorised"}, {103, "业务代码鉴权失败", "service code not authorised"},
        {107, "LinkID鉴权失败", "LinkID not authorised"}, {110, "黑名单用户", "number on the black list"},
        {182, "超过日限额", "daily quota exceeded"},
    };
    return words;
}

}  // namespace pingjing::sgip
