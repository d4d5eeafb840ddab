// `explain` for people: a case file, what happened in the order of time and how things stand. What the rows tell is told once, in words; of
// the ledger only what nothing else tells: who looked, what was overridden, what was erased.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <set>
#include <span>

#include "daemon/core/appeal.hpp"
#include "daemon/core/followup.hpp"
#include "daemon/core/local_time.hpp"
#include "daemon/reports/render.hpp"
#include "daemon/reports/story.hpp"
#include "daemon/reports/words.hpp"

namespace pingjing::reports {
namespace {

using Words = std::span<const std::pair<std::string_view, std::string_view>>;

std::string in(Words words, std::string_view word) {
    auto found = std::find_if(words.begin(), words.end(), [&](const auto& pair) { return pair.first == word; });
    return found == words.end() ? std::string(word) : fmt::format("{} {}", found->second, word);
}

std::string finding_in_words(std::string_view word) {
    static constexpr std::pair<std::string_view, std::string_view> words[] = {{"valid", "属实"}, {"partly", "部分属实"}, {"invalid", "不属实"}, {"unreachable", "联系不上"}};
    return in(words, word);
}
std::string topic_in_words(std::string_view word) {
    auto found = std::ranges::find(topics(), word, &Topic::name);
    return found == topics().end() ? std::string(word) : fmt::format("{} {}", found->chinese, word);
}
std::string way_in_words(std::string_view word) {
    static constexpr std::pair<std::string_view, std::string_view> words[] = {{"sms", "短信"}, {"call", "电话"}, {"letter", "书面"}};
    return in(words, word);
}
std::string effect_in_words(std::string_view word) {
    static constexpr std::pair<std::string_view, std::string_view> words[] = {{"first", "首次"}, {"replaces", "更正"}, {"repeated", "重复不计"}, {"late", "逾期不计"}, {"second", "二次回访"}, {"review", "待人工判定"}};
    return in(words, word);
}
std::string method_in_words(std::string_view word) {
    static constexpr std::pair<std::string_view, std::string_view> words[] = {{"code", "按数字"}, {"words", "按文字"}, {"emoji", "按表情"}, {"person", "人工"}};
    return in(words, word);
}
// Of a follow-up's row, and of its state.
std::string step_in_words(std::string_view word) {
    static constexpr std::pair<std::string_view, std::string_view> words[] = {
        {"opened", "立案"}, {"called_back", "已回访"}, {"no_answer", "未接通"}, {"verified", "核查认定"}, {"rectifying", "下发整改"}, {"rectified", "整改反馈"}, {"reviewed", "审核同意"},
        {"returned", "退回"}, {"told", "回告"}, {"not_told", "回告未达"}, {"closed", "办结"}, {"dropped", "撤销"}, {"escalated", "超期上报"}};
    return in(words, word);
}
std::string appeal_in_words(std::string_view word) {
    static constexpr std::pair<std::string_view, std::string_view> words[] = {{"filed", "提出"}, {"proposed", "拟办"}, {"returned", "退回"}, {"confirmed", "复核同意"}, {"escalated", "超期上报"},
                                                                              {"upheld", "成立"}, {"not_upheld", "不成立"}, {"withdrawn", "撤回"}};
    return in(words, word);
}
std::string ground_in_words(std::string_view word) {
    auto found = std::ranges::find(grounds, word, &Ground::name);
    return found == grounds.end() ? std::string(word) : fmt::format("{} {}", found->chinese, word);
}

std::string and_code(const std::optional<std::string>& code) { return code && !code->empty() ? fmt::format(" ({})", code_words(*code)) : ""; }
std::string and_detail(const std::optional<std::string>& detail) { return detail && !detail->empty() ? fmt::format(" ({})", *detail) : ""; }
std::string quoted(const std::optional<Text>& text) { return text ? fmt::format(" 「{}」", text->reveal()) : ""; }
std::string labelled(std::string_view label, const std::string& what) { return what.empty() ? "" : fmt::format(", {} {}", label, what); }

// What a fact of the ledger holds, with its moments as the clock on the wall shows them.
std::string readable_data(const std::string& data, const std::string& zone) {
    constexpr std::int64_t a_moment = 1'000'000'000'000;  // of this century, in milliseconds
    boost::system::error_code broken;
    auto value = boost::json::parse(data, broken);
    auto* fields = broken ? nullptr : value.if_object();
    if (!fields) return data;
    for (auto& field : *fields)
        if (auto* number = field.value().if_int64(); number && *number > a_moment && field.key().ends_with("_at")) field.value() = format_local(from_millis(*number), zone);
    return boost::json::serialize(value);
}

struct Line {
    Instant at{};
    std::string what{};
};

class CaseFile {
public:
    CaseFile(const Story& story, const std::string& zone) : story_(story), zone_(zone) {
        // Of the same moment first what came in, then what was done about it, then what went out.
        records();
        answers();
        emergencies();
        if (story.followup) follow_up(*story.followup);
        if (story.appeal) appeal(*story.appeal);
        texts();
        for (const auto& o : story.by_hand) add(o.at, fmt::format("人工处置 {} by {}{}", both(o.what), o.who, quoted(o.reason)));
        for (auto at : story.written_back) add(at, "回写 told to the 110 system");
        for (const auto& e : story.events) event(e);
        std::stable_sort(lines_.begin(), lines_.end(), [](const Line& a, const Line& b) { return a.at < b.at; });
    }
    const std::vector<Line>& lines() const { return lines_; }

private:
    void add(Instant at, std::string what) { lines_.push_back({at, std::move(what)}); }

    void records() {
        for (const auto& v : story_.versions) add(v.at, fmt::format("收到记录 record received, no. {}: {}{}", v.number, both(v.outcome), and_code(v.code)));
        for (const auto& d : story_.decisions)
            add(d.at, fmt::format("判定 decided at {}: {}{}, 规则 rule {} of {}", d.stage, both(d.outcome), and_code(d.code), rule_words(d.rule), d.rules_sha256.substr(0, 12)));
    }

    // The words stand where they left: what was never given to a carrier was said to nobody.
    void texts() {
        for (const auto& m : story_.messages) {
            add(m.made_at, fmt::format("短信 text planned: {} {}", both(m.purpose), m.ref));
            bool first = true;
            for (const auto& a : m.attempts) {
                add(a.claimed_at, fmt::format("提交 attempt {} of {} on {}{}", a.number, m.ref, a.channel, first ? quoted(m.text) : ""));
                first = false;
                if (a.settled_at) add(*a.settled_at, fmt::format("结果 attempt {} ended: {}{}", a.number, state_words(a.outcome.value_or("?")), and_detail(a.detail)));
            }
            for (const auto& r : m.receipts) add(r.at, fmt::format("回执 receipt for {}: {} {} {}", m.ref, state_words(r.state), receipt_words(r.code), r.meaning));
        }
    }

    static std::string rating_in_words(const Story::RatingRow& r) {
        return fmt::format("评价 rated {}, {}, {} → 单位 unit {}, 民警 officer {}", both(r.grade), effect_in_words(r.effect), method_in_words(r.method), r.unit, r.officer.value_or("-"));
    }

    void answers() {
        for (const auto& i : story_.inbound) {
            auto how = i.kind ? fmt::format("{}, {}, 规则 rule {}, 对应 matched by {}", both(*i.kind), i.verdict.value_or("-"), i.why.value_or("-"), i.match.value_or("-"))
                              : std::string("尚未判读 not read yet");
            add(i.at, fmt::format("来信 answer: {}{}", how, quoted(i.text)));
            for (const auto& r : i.reveals) add(r.at, fmt::format("查看号码 the number was shown to {}{}", r.who, quoted(r.reason)));
            auto decided = i.at;
            for (const auto& r : i.reviews) {
                add(r.at, fmt::format("待人工判定 for a person, review {}: {}", r.id, r.kind));
                if (const auto& d = r.decided)
                    add(d->at, fmt::format("人工判定 review {} decided by {}: {}{}{}", r.id, d->by, d->decision, d->grade ? " " + both(*d->grade) : "", quoted(d->note)));
                if (r.decided) decided = r.decided->at;
            }
            for (const auto& r : i.ratings) add(r.method == "person" ? decided : i.at, rating_in_words(r));
        }
    }

    void emergencies() {
        for (const auto& a : story_.alarms) {
            add(a.at, fmt::format("紧急求助 emergency: for the desk{}", a.do_not_contact ? ", 勿回电 do not call back" : ""));
            if (a.received_at) add(*a.received_at, "值班台已收 the desk has it");
            if (a.escalated_at) add(*a.escalated_at, "值班台未接上报 nobody took it: to the next level");
            if (a.acknowledged_at) add(*a.acknowledged_at, fmt::format("值班台已接 taken by {}{}", a.acknowledged_by, quoted(a.words)));
        }
    }

    // What was found, ordered and done about telling him stands as it is now, so with the last step of its kind.
    void follow_up(const Story::Followup& f) {
        auto last = [&](std::string_view state) -> const Story::FollowupStep* {
            auto it = std::find_if(f.steps.rbegin(), f.steps.rend(), [&](const auto& s) { return s.state == state; });
            return it == f.steps.rend() ? nullptr : &*it;
        };
        for (const auto& r : f.reveals) add(r.at, fmt::format("查看号码 the number was shown to {}{}", r.who, quoted(r.reason)));
        const auto *found = last("verified"), *ordered = last("rectifying"), *told = last("told");
        for (const auto& s : f.steps) {
            std::string more;
            if (&s == found) more = labelled("认定", f.finding.empty() ? "" : finding_in_words(f.finding)) + labelled("问题", f.topic.empty() ? "" : topic_in_words(f.topic)) + labelled("地点", f.place ? f.place->reveal() : "");
            if (&s == ordered) more = labelled("责任单位", f.ordered_unit) + labelled("责任人", f.ordered_to ? f.ordered_to->reveal() : "");
            if (&s == told) more = labelled("方式", f.told.empty() ? "" : way_in_words(f.told));
            add(s.at, fmt::format("回访 follow-up {}: {}{}{}", step_in_words(s.state), s.who, more, quoted(s.note)));
        }
    }

    void appeal(const Story::Appeal& a) {
        const Story::FollowupStep* proposed = nullptr;
        for (const auto& s : a.steps)
            if (s.state == "proposed") proposed = &s;
        for (const auto& s : a.steps) {
            std::string more = s.state == "filed" ? fmt::format(", {} by {}", ground_in_words(a.ground), a.by) : &s == proposed && a.proposed ? ", " + appeal_in_words(*a.proposed) : std::string();
            add(s.at, fmt::format("申诉 appeal {}{}: {}{}", appeal_in_words(s.state), more, s.who, quoted(s.note)));
        }
    }

    void event(const Story::Event& e) {
        static const std::set<std::string, std::less<>> told = {
            "case", "planned", "replanned", "sending", "accepted", "refused", "failed", "held", "in_doubt", "not_sent", "delivered", "expired", "no_report", "unknown", "inbound", "read",
            "rating", "review", "review_decided", "followup_opened", "followup_step", "followup_escalated", "appeal_filed", "appeal_step", "appeal_escalated", "alarm", "alarm_received",
            "alarm_escalated", "alarm_acknowledged"};
        if (told.contains(e.kind)) return;
        // Told with who and why; in stores of earlier versions the line is all there is.
        if (std::ranges::any_of(story_.by_hand, [&](const auto& o) { return o.what == e.kind && o.at == e.at; })) return;
        boost::system::error_code broken;
        auto data = boost::json::parse(e.data, broken);
        const auto* look = data.if_object();
        if (e.kind == "access" && look && look->contains("what") && look->contains("who") && look->at("what").is_string() && look->at("who").is_string()) {
            std::string what(look->at("what").as_string()), who(look->at("who").as_string());
            if (what == "number" && story_.followup) return;  // told with its reason
            add(e.at, fmt::format("查阅 looked at: {} by {}", what, who));
            return;
        }
        add(e.at, fmt::format("账本 ledger {}: {} {}", e.seq, e.kind, readable_data(e.data, zone_)));
    }

    const Story& story_;
    const std::string& zone_;
    std::vector<Line> lines_;
};

std::string hold_words(const Story::Hold& hold, const std::string& zone) {
    auto why = hold.of == "ceiling" ? "达到日上限 the day's ceiling" : hold.of == "clock" ? "时钟存疑 the clock is in doubt" : "人工暂停 stopped by a person or a guard";
    return fmt::format("; 暂停发送 on hold: {}, {} since {}", why, hold.channel ? "通道 channel " + *hold.channel : "全部通道 every channel", format_local(hold.since, zone));
}

std::string survey_now(const Story& story, const std::string& zone) {
    std::string now = story.code ? fmt::format("不予评价 not asked: {}", code_words(*story.code)) : "应评 to be asked";
    for (const auto& m : story.messages) {
        if (m.purpose != "survey") continue;
        now += fmt::format("; 评价短信 survey {}{}", state_words(m.state), and_code(m.code));
        if (m.state == "due") now += ", 不早于 not before " + format_local(m.due_at, zone);
    }
    for (const auto& hold : story.holds) now += hold_words(hold, zone);
    const auto& r = story.rating;
    if (!r) return now;
    now += fmt::format("; 评价 rating {} → 单位 unit {}, 民警 officer {}", both(r->grade), r->unit, r->officer.value_or("-"));
    auto appeal = story.appeal ? parse_appeal_state(story.appeal->state) : std::nullopt;
    if (!r->counts && appeal == AppealState::upheld) now += ", 申诉成立已剔除 taken out: the appeal was upheld";
    else if (!r->counts && appeal && !is_settled(*appeal)) now += ", 申诉中暂不计入 left out: under appeal";
    else if (!r->counts) now += ", 改判后暂不计入 left out: re-coded after the answer";
    else if ((r->method == "words" || r->method == "emoji") && !r->confirmed) now += ", 待人工确认 waits for a person before it counts for the officer";
    return now;
}

std::string followup_now(const Story::Followup& f, const std::string& zone) {
    auto now = step_in_words(f.state) + labelled("认定", f.finding.empty() ? "" : finding_in_words(f.finding)) + labelled("问题", f.topic.empty() ? "" : topic_in_words(f.topic));
    if (f.second) now += ", 二次评价 second rating " + both(*f.second);
    if (f.no_callback) now += ", 不愿回访 does not want to be called";
    return f.state == "closed" ? now : now + ", 限期 due " + format_local(f.due_at, zone);
}

}  // namespace

std::string story_text(const Story& story, const std::string& zone, const EvidenceOf& evidence) {
    auto out = fmt::format("警情 call {}  {}\n单位 unit {}  民警 officer {}  类别 category {}  电话 phone {}\n\n", printable(story.id), story.state,
                           printable(story.unit), printable(story.officer.value_or("-")), printable(story.category),
                           story.phone ? story.phone->masked() : "-");
    const CaseFile file(story, zone);
    for (const auto& line : file.lines()) out += fmt::format("{}  {}\n", format_local(line.at, zone), printable(line.what));
    out += fmt::format("\n现状 now: {}\n", printable(survey_now(story, zone)));
    if (story.followup) out += fmt::format("回访 follow-up: {}\n", printable(followup_now(*story.followup, zone)));
    if (const auto& a = story.appeal) {
        auto state = parse_appeal_state(a->state);
        bool open = state && !is_settled(*state);
        out += fmt::format("申诉 appeal: {}, {}{}\n", printable(appeal_in_words(a->state)), printable(ground_in_words(a->ground)), open ? ", 限期 due " + format_local(a->due_at, zone) : "");
    }
    for (const auto& m : story.messages)
        if (auto settles = what_settles(m, evidence)) out += fmt::format("存疑可由 the doubt about {} is settled by: {}\n", m.ref, printable(*settles));
    return out;
}

}  // namespace pingjing::reports
