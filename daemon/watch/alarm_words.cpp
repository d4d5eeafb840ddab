#include "daemon/watch/alarm_words.hpp"

#include <algorithm>
#include <iterator>

namespace pingjing::watch {
namespace {

constexpr AlarmWords all_alarm_words[] = {
    {"clock_held", "时钟异常", "时钟跳变或启动时偏差过大,评价短信已暂停"},
    {"receipts_of_strangers", "陌生回执", "收到本库从未发出的短信的回执,发送已停止"},
    {"sending_stopped", "人工停发", "有人停止了发送,至今未恢复"},
    {"ceiling_reached", "达到日上限", "通道已达每日上限,其余明日再发"},
    {"channel_down", "通道中断", "通道拒绝连接或无法连通"},
    {"channel_refuses_us", "通道拒绝登录", "通道不接受我们的账号或地址"},
    {"links_down", "部分连接中断", "通道的部分连接中断或被拒绝登录,其余连接承担全部短信"},
    {"channel_balance", "通道欠费", "通道提示余额或套餐用尽"},
    {"way_back_closed", "上行不通", "回执和回复送不进来:网关连不进来,或接收连接中断"},
    {"channel_black_hole", "通道无应答", "通道收下短信而不应答"},
    {"in_doubt", "存疑过多", "存疑短信多于平常"},
    {"backlog", "积压", "到期短信发不出去"},
    {"writeback_waits", "回写受阻", "110系统不接收回写数据"},
    {"rows_held", "待人工处理", "有短信等人处理:内容、号码已删除或库不接受"},
    {"no_route", "无路由", "部分号码没有匹配的[[route]]"},
    {"restored_held", "恢复后暂停", "恢复备份后暂停的评价短信等人查看"},
    {"unread_texts", "来信未判读", "群众来信已保存但未判读"},
    {"desk_unreachable", "值班台不通", "值班台收不到紧急求助"},
    {"letters_unread", "来信无人看", "群众来信无人阅读"},
    {"desk_unanswered", "紧急求助未接", "紧急求助无人确认"},
    {"replies_silent", "无回复", "某路径上没有回复回来"},
    {"receipts_silent", "无回执", "某路径上没有回执回来"},
    {"canary_silent", "测试短信无回复", "民警对测试短信的回复未从某路径回来"},
    {"ratings_taken_out", "剔除过多", "因申诉剔除的评价多于应有"},
    {"ratings_left_out", "申诉久拖", "无人裁定的申诉使过多评价暂不计入"},
    {"disk_nearly_full", "磁盘将满", "state_dir所在磁盘将满"},
    {"store_failed", "库不可用", "库无法写入或读取"},
    {"files_gone", "文件被移走", "使用中的库文件被移走"},
    {"wal_grows", "日志增长", "库的预写日志未能并入"},
    {"drop_file_refused", "文件被拒", "投递目录中有文件无法读取,已移开,其中的警情未收下"},
    {"drop_folder_waits", "投递目录受阻", "投递目录无法读写,或有文件在其中等待"},
    {"export_missing", "导出缺失", "昨日的夜间导出未写出"},
    {"delivery_waits", "投送受阻", "夜间导出送不到指定的去处"},
    {"verify_failed", "核验不通过", "库经核验,有不符之处"},
    {"verify_missing", "未核验", "库已26小时未核验"},
    {"erasure_missing", "未删除", "到期应删除的内容已三日未删除"},
    {"ledger_unsigned", "账本未签名", "账本未按小时签名"},
    {"callbacks_unreadable", "回调不可读", "运营商送来无法读懂的内容,其中可能有群众回复"},
    {"loop_failing", "部件反复失败", "守护进程的一个部件失败后重新开始"},
};

}  // namespace

const AlarmWords* alarm_words(std::string_view name) {
    const auto* found = std::ranges::find(all_alarm_words, name, &AlarmWords::name);
    return found == std::end(all_alarm_words) ? nullptr : found;
}

}  // namespace pingjing::watch
