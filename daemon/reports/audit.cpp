#include "daemon/reports/audit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "daemon/core/local_time.hpp"
#include "daemon/core/phone.hpp"
#include "daemon/store/appeals.hpp"
#include "daemon/store/overrides.hpp"
#include "daemon/store/parties.hpp"
#include "daemon/store/reveals.hpp"
#include "daemon/store/reviews.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::reports {

using store::Connection;
using store::Statement;

struct AuditReader::Line {
    std::int64_t seq = 0;
    Instant at{};
    std::string kind{};
    std::optional<std::int64_t> case_id{};
    boost::json::object data{};

    std::string text(std::string_view key) const {
        const auto* value = data.if_contains(key);
        return value && value->is_string() ? std::string(value->as_string()) : std::string();
    }
    std::int64_t number(std::string_view key) const {
        const auto* value = data.if_contains(key);
        return value && value->is_int64() ? value->as_int64() : 0;
    }
};

namespace {

constexpr std::int64_t lines_a_slice = 100'000;
constexpr std::size_t longest_about = 1000;  // bytes

// The kinds of lines that tell of people, and of the site itself.
constexpr const char* lines_sql = R"sql(
    SELECT seq, at, kind, case_id, data FROM ledger WHERE seq > ?1 AND seq <= ?2 AND at >= ?3 AND at < ?4
       AND kind IN ('access', 'resend', 'cancelled_by_operator', 'released', 'released_in_doubt', 'hold', 'release', 'opt_out',
                    'opt_in', 'erased', 'review_decided', 'appeal_filed', 'appeal_step', 'restored', 'configuration', 'token_created',
                    'token_revoked', 'ledger_key')
     ORDER BY seq)sql";

std::string record_of(Connection& db, std::int64_t case_id) {
    Statement find(db, "SELECT record FROM cases WHERE id = ?1");
    return find.bind(1, case_id).step() ? find.text(0) : std::string();
}

std::optional<std::int64_t> inbound_of(Connection& db, const char* sql, auto key) {
    Statement find(db, sql);
    return find.bind(1, key).step() ? find.maybe_integer(0) : std::nullopt;
}

std::string reason_among(const std::vector<store::Reveal>& reveals, Instant at, const std::string& who) {
    for (const auto& one : reveals)
        if (one.at == at && one.who == who) return one.reason;
    return {};
}

void tell(AuditEntry& entry, const std::optional<store::Override>& by) {
    if (by) entry.who = by->who, entry.why = by->reason.value_or("");
}

std::string cut(std::string text) {
    if (text.size() <= longest_about) return text;
    auto end = longest_about;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // not within a character
    return text.substr(0, end) + "…";
}

// What a configuration said before and says now.
std::string lines_changed(const boost::json::object& data) {
    std::string out;
    for (const auto& [side, mark] : {std::pair("removed", '-'), std::pair("added", '+')})
        if (const auto* lines = data.if_contains(side); lines && lines->is_array())
            for (const auto& line : lines->as_array())
                if (line.is_string()) out += fmt::format("{}{} {}", out.empty() ? "" : "; ", mark, std::string(line.as_string()));
    return out;
}

Cell maybe(const std::string& text) { return text.empty() ? Cell() : Cell(text); }

constexpr std::pair<std::string_view, const char*> chinese[] = {{"look", "查看"},
                                                                {"reveal", "查看号码或原文"},
                                                                {"override", "人工干预"},
                                                                {"decision", "人工裁定"},
                                                                {"site", "系统变更"},
                                                                {"number", "查看号码"},
                                                                {"callback", "查看未读回调"},
                                                                {"call", "查看警情全程"},
                                                                {"followups", "回访列表"},
                                                                {"followup", "查看回访"},
                                                                {"review", "人工判读"},
                                                                {"letters", "来信列表"},
                                                                {"letter", "查看来信"},
                                                                {"letter_alarm", "来信转紧急"},
                                                                {"appeal", "查看申诉"},
                                                                {"desk", "紧急情况"},
                                                                {"notice", "查看通知"},
                                                                {"audit", "查看审计"},
                                                                {"raw", "查看原始数据"},
                                                                {"resend", "重发"},
                                                                {"cancelled_by_operator", "取消"},
                                                                {"released", "放行"},
                                                                {"released_in_doubt", "放行(可能重复)"},
                                                                {"hold", "暂停"},
                                                                {"release", "恢复"},
                                                                {"opt_out", "人工退订"},
                                                                {"opt_in", "人工恢复"},
                                                                {"forget", "遗忘号码"},
                                                                {"review_decided", "判读裁定"},
                                                                {"appeal_filed", "提出申诉"},
                                                                {"appeal_proposed", "申诉拟定"},
                                                                {"appeal_confirmed", "申诉裁定"},
                                                                {"appeal_returned", "申诉退回"},
                                                                {"appeal_withdrawn", "撤回申诉"},
                                                                {"restored", "恢复备份"},
                                                                {"configuration", "配置变更"},
                                                                {"token_created", "发放令牌"},
                                                                {"token_revoked", "撤销令牌"},
                                                                {"ledger_key", "账本签名密钥"}};

Cell word(const std::string& code) {
    auto known = std::ranges::find(chinese, std::string_view(code), [](const auto& pair) { return pair.first; });
    return Word{code, known == std::end(chinese) ? code : known->second};
}

}  // namespace

void AuditReader::begin(Connection& db) {
    begun_ = true;
    Statement last(db, "SELECT coalesce(max(seq), 0) FROM ledger");
    last.step();
    last_ = last.integer(0);
    // A line of an opt-out names none; the rows of one moment come in the order of its lines.
    Statement rows(db, "SELECT at, action, source, reason FROM opt_outs WHERE at >= ?1 AND at < ?2 ORDER BY id DESC");
    for (rows.bind(1, asked_.from).bind(2, asked_.to); rows.step();)
        opt_outs_[{rows.integer(0), rows.text(1) == "out" ? "opt_out" : "opt_in"}].push_back(
            {rows.text(2), rows.maybe_text(3).value_or("")});
}

bool AuditReader::step(Connection& db) {
    if (!begun_) begin(db);
    auto end = std::min(last_, read_ + lines_a_slice);
    std::vector<Line> lines;
    Statement find(db, lines_sql);
    for (find.bind(1, read_).bind(2, end).bind(3, asked_.from).bind(4, asked_.to); find.step();) {
        boost::system::error_code bad;
        auto data = boost::json::parse(find.text(4), bad);
        Line line{find.integer(0), find.instant(1), find.text(2), find.maybe_integer(3), {}};
        if (!bad && data.is_object()) line.data = std::move(data.as_object());
        lines.push_back(std::move(line));
    }
    for (const auto& line : lines) take(db, line);
    read_ = end;
    return read_ < last_;
}

bool AuditReader::is_party(Connection& db, std::int64_t case_id) {
    if (asked_.badge.empty() && asked_.unit.empty()) return false;
    auto known = parties_.find(case_id);
    if (known == parties_.end()) known = parties_.emplace(case_id, store::find_parties(db, case_id).has(asked_.badge, asked_.unit)).first;
    return known->second;
}

bool AuditReader::is_party_of_text(Connection& db, std::int64_t inbound_id) const {
    if (asked_.badge.empty() && asked_.unit.empty()) return false;
    auto phone = inbound_of(db, "SELECT phone_id FROM inbound WHERE id = ?1", inbound_id);
    return phone && store::is_party_of_number(db, *phone, asked_.badge, asked_.unit);
}

void AuditReader::take(Connection& db, const Line& line) {
    AuditEntry entry{line.seq, line.at, "override", line.kind, {}, {}, {}, {}};
    if (line.case_id && is_party(db, *line.case_id)) return;
    if (line.case_id) entry.record = record_of(db, *line.case_id);
    bool told = true;
    if (line.kind == "access")
        told = take_access(db, line, entry);
    else if (line.kind == "opt_out" || line.kind == "opt_in")
        told = take_opt_out(db, line, entry);
    else if (line.kind == "hold" || line.kind == "release")
        told = take_hold(db, line, entry);
    else if (line.kind == "erased")
        told = take_forgotten(db, line, entry);
    else if (line.kind == "appeal_filed" || line.kind == "appeal_step")
        take_appeal(db, line, entry);
    else if (line.data.contains("words"))
        tell(entry, store::find_override(db, seal_, line.number("words")));
    else if (line.kind == "review_decided") {
        auto review = store::find_review(db, seal_, line.number("id"));
        entry.group = "decision", entry.about = fmt::format("{}: {} {}", line.text("kind"), line.text("decision"), line.text("grade"));
        if (review && review->inbound_id && is_party_of_text(db, *review->inbound_id)) return;
        if (review && review->decided)
            entry.who = review->decided->by, entry.why = review->decided->note ? review->decided->note->reveal() : "";
    } else
        told = take_site(line, entry);
    if (!told) return;
    entry.who = hide_mobiles(entry.who), entry.why = hide_numbers(entry.why), entry.about = cut(hide_mobiles(entry.about));
    entries_.push_back(std::move(entry));
}

bool AuditReader::take_access(Connection& db, const Line& line, AuditEntry& entry) {
    entry.group = "look", entry.what = line.text("what"), entry.who = line.text("who");
    std::optional<std::int64_t> inbound;
    std::vector<store::Reveal> reveals;
    for (const char* thing : {"followup", "review", "appeal", "notice", "letter", "callback"})
        if (auto id = line.number(thing)) entry.about = fmt::format("{} {}", thing, id);
    if (auto alarm = line.text("alarm"); !alarm.empty()) {
        entry.about = "alarm " + alarm;
        inbound = inbound_of(db, "SELECT inbound_id FROM alarms WHERE id = ?1", alarm);
        if (auto about = inbound_of(db, "SELECT case_id FROM alarms WHERE id = ?1", alarm)) {
            if (is_party(db, *about)) return false;
            entry.record = record_of(db, *about);
        }
    }
    if (auto letter = line.number("letter")) inbound = inbound_of(db, "SELECT inbound_id FROM letters WHERE id = ?1", letter);
    if (auto callback = line.number("callback")) inbound = inbound_of(db, "SELECT min(id) FROM inbound WHERE body_id = ?1", callback);
    if (inbound && is_party_of_text(db, *inbound)) return false;

    if (entry.what == "letter_alarm") entry.group = "override";
    if (entry.what == "number" || entry.what == "callback") {
        entry.group = "reveal";
        auto followup = line.number("followup");
        reveals = followup ? store::reveals_of(db, seal_, followup) : inbound ? store::text_reveals_of(db, seal_, *inbound) : reveals;
        entry.why = reason_among(reveals, line.at, entry.who);
    }
    if (line.data.contains("raw")) {
        entry.group = "override", entry.about = fmt::format("{}, {} – {}", entry.what, line.text("from"), line.text("to"));
        entry.what = "raw";
    }
    if (!entry.about.empty() || !entry.record.empty()) return true;

    // A list, which a page asks for again whenever something changes: one row a person and day.
    auto& [row, times] = counted_[entry.what + "|" + entry.who + "|" + local_day(line.at, asked_.zone)];
    if (++times > 1)
        entries_[row].about = fmt::format("{} ×", times);
    else
        row = entries_.size();
    return times == 1;
}

// A list of numbers is one act.
bool AuditReader::take_opt_out(Connection& db, const Line& line, AuditEntry& entry) {
    auto rows = opt_outs_.find({to_millis(line.at), line.kind});
    if (rows == opt_outs_.end() || rows->second.empty()) return false;
    auto opt_out = std::move(rows->second.back());
    rows->second.pop_back();
    if (opt_out.source == "sms" || opt_out.source == "carrier" || opt_out.source == "wrong_number") return false;
    auto& [row, numbers] = counted_[fmt::format("{}|{}|{}|{}", line.kind, to_millis(line.at), opt_out.source, opt_out.reason)];
    ++numbers;
    auto about = fmt::format("{} ×, {}", numbers, opt_out.source);
    if (numbers > 1)
        entries_[row].about = std::move(about);
    else
        row = entries_.size(), entry.about = std::move(about), tell(entry, store::override_behind(db, seal_, opt_out.reason));
    return numbers == 1;
}

// Not those that the program places itself.
bool AuditReader::take_hold(Connection& db, const Line& line, AuditEntry& entry) const {
    Statement find(db, line.kind == "hold" ? "SELECT channel, reason FROM holds WHERE id = ?1"
                                           : "SELECT channel, release_reason FROM holds WHERE id = ?1");
    if (!find.bind(1, line.number("id")).step()) return false;
    auto by = store::override_behind(db, seal_, find.maybe_text(1).value_or(""));
    if (!by) return false;
    tell(entry, by);
    entry.about = fmt::format("{} {}", line.text("of"), find.maybe_text(0).value_or(""));
    return true;
}

bool AuditReader::take_forgotten(Connection& db, const Line& line, AuditEntry& entry) const {
    if (line.text("why") != "forget") return false;
    entry.what = "forget";
    Statement words(db, "SELECT max(id) FROM override_words WHERE what = 'forget' AND at = ?1");
    if (words.bind(1, line.at).step() && !words.is_null(0)) tell(entry, store::find_override(db, seal_, words.integer(0)));
    entry.about = fmt::format("{} cases, {} texts", line.number("cases"), line.number("texts"));
    return true;
}

void AuditReader::take_appeal(Connection& db, const Line& line, AuditEntry& entry) const {
    entry.group = "decision";
    auto appeal = line.number("appeal"), step = line.number("step");
    Statement find(db, step ? "SELECT id, who, note, step FROM appeal_steps WHERE id = ?1"
                            : "SELECT id, who, note, step FROM appeal_steps WHERE appeal_id = ?1 ORDER BY id");
    entry.what = step ? "appeal_" + line.text("what") : line.kind;
    entry.about = fmt::format("appeal {}: {}", appeal, step ? line.text("state") : line.text("ground"));
    if (!find.bind(1, step ? step : appeal).step()) return;
    entry.who = find.text(1);
    if (find.is_null(2)) return;
    if (auto note = seal_.open(find.text(2), store::appeal_note_context(find.integer(0)))) entry.why = *note;
}

bool AuditReader::take_site(const Line& line, AuditEntry& entry) const {
    entry.group = "site";
    if (line.kind == "configuration") entry.about = lines_changed(line.data);
    if (line.kind == "restored")
        entry.about = fmt::format("{} in doubt, {} held, {} unknown", line.number("in_doubt"), line.number("held"), line.number("unknown"));
    if (line.kind == "token_created")
        entry.about = fmt::format("token {}: {} ({})", line.number("id"), line.text("name"), line.text("scopes"));
    if (line.kind == "token_revoked") entry.about = fmt::format("token {}", line.number("id"));
    if (line.kind == "ledger_key") entry.about = fmt::format("{} after {}", line.text("name"), line.number("after"));
    return true;
}

Table audit_table(const std::vector<AuditEntry>& entries, const std::string& zone) {
    Table table;
    table.report = "audit", table.heading = "查看与人工操作审计";
    table.columns = {{"ledger", "账本行", "ledger", Kind::count},
                     {"at", "时间", "time"},
                     {"group", "类别", "group"},
                     {"what", "事项", "what"},
                     {"who", "何人", "who"},
                     {"why", "原因", "why"},
                     {"case_id", "警情", "case"},
                     {"about", "关于", "about"}};
    for (const auto& e : entries)
        table.rows.push_back(
            {e.ledger, format_local(e.at, zone), word(e.group), word(e.what), maybe(e.who), maybe(e.why), maybe(e.record), maybe(e.about)});
    table.footnotes = {
        "`pingjing proof 账本行` 可证明该行在已签名的账本中。 `pingjing proof LEDGER` proves that a line is in the signed ledger.",
        "原因为空:未说明,或已按保存期限删除。 No reason: none was said, or it was erased at its time."};
    return table;
}

}  // namespace pingjing::reports
