#include "daemon/commands/demo_people.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/admin/tokens.hpp"
#include "daemon/async/timer.hpp"
#include "daemon/core/local_time.hpp"
#include "daemon/desk/alarms.hpp"
#include "daemon/followup/appeals.hpp"

namespace pingjing::commands {
namespace {

using namespace std::chrono_literals;

constexpr auto look_every = 3min;
constexpr auto left_for_the_guest = 20h;  // replies of so long before the end
constexpr int begin_hour = 9, end_hour = 18;

constexpr const char* complaints[] = {"等了四十多分钟民警才到", "态度生硬,没有听我把话说完", "处理结果没有告诉我", "说是归物业管,推来推去", "到了现场没下车就走了"};
constexpr const char* topics[] = {"response_speed", "attitude", "no_answer", "buck_passing", "procedure"};
constexpr const char* remedies[] = {"已向报警人当面致歉,所内通报", "组织接处警规范培训,责任人作出检查", "已补充告知处理结果,报警人表示理解"};

struct Written { const char* text; const char* answer; };  // without an answer it is closed
constexpr Written letters[] = {
    {"请问居住证到期了去哪里换,要带什么材料?", "居住证可到居住地派出所户籍窗口签注,请带身份证和租房合同,工作日9点至17点。"},
    {"我们小区门口晚上总有大货车停在消防通道上,物业不管", "已转辖区派出所现场查看并与物业对接,感谢反映。"},
    {"谢谢昨天帮我找回老父亲的民警同志,全家感激", nullptr},
    {"身份证丢了能不能在网上挂失?", "可在公安政务服务平台或派出所窗口办理挂失和补领。"},
    {"你们这个短信是真的吗,不会是诈骗吧", "本短信为公安机关处警评价短信,不含链接,不会索要验证码或转账。"}};

std::string made(store::Connection& db, Random& random, const char* name, std::vector<std::string> scopes, Instant now) {
    auto token = admin::create_token(db, random, scopes, {name, "", "", std::nullopt}, now);
    return token ? fmt::format("{}/{}", token->id, name) : std::string(name);
}

std::vector<std::int64_t> ids(store::Connection& db, const char* sql, Instant before) {
    store::Statement rows(db, sql);
    rows.bind(1, before);
    std::vector<std::int64_t> out;
    while (rows.step()) out.push_back(rows.integer(0));
    return out;
}

}  // namespace

struct DemoPeople::Round {
    DemoPeople& people;
    store::Connection& db;
    Instant now;

    void look();
    void take_emergencies();
    void decide_replies();
    void read_letters();
    void follow_up();
    void decide_appeals();
    void appeal();
    void next_step(const store::Followup& followup);
};

DemoPeople::DemoPeople(DemoPeopleParts parts, Random& random) : parts_(std::move(parts)), random_(random()), writers_(random_()) {
    parts_.store.run_now([this](store::Connection& db) {
        auto now = parts_.clock.now();
        at_desk_ = made(db, random_, "李值班", {"desk"}, now);
        first_ = made(db, random_, "周督察", {"inspect", "report"}, now);
        second_ = made(db, random_, "孙督察", {"inspect", "report"}, now);
    });
}

boost::asio::awaitable<void> DemoPeople::work() {
    for (;;) {
        co_await sleep_for(look_every);
        auto now = parts_.clock.now();
        if (now >= parts_.until) continue;
        auto look_around = [this, now](store::Connection& db) { Round{*this, db, now}.look(); };
        co_await parts_.store.run(std::ref(look_around));
    }
}

boost::asio::awaitable<void> DemoPeople::write(provider::Sink& inbox, std::string channel) {
    for (int written = 0;;) {
        auto pause = std::chrono::minutes(60 + static_cast<int>(writers_.below(360)));
        co_await sleep_for(pause);
        auto hour = local_hour(parts_.clock.now(), parts_.followups.zone);
        if (hour < 7 || hour >= 22) continue;
        provider::InboundText text;
        text.from = Phone::sender(fmt::format("170{:08}", writers_.below(100'000'000)));
        text.to = "106900110", text.text = Text(letters[writers_.below(std::size(letters))].text);
        text.at = parts_.clock.now(), text.key = fmt::format("letter-{}", ++written);
        std::vector<provider::Inbound> delivery{std::move(text)};
        co_await inbox.take(channel, std::move(delivery));
    }
}

void DemoPeople::Round::look() {
    take_emergencies();
    auto hour = local_hour(now, people.parts_.followups.zone);
    if (hour < begin_hour || hour >= end_hour || people.random_.below(10) != 0) return;
    decide_replies();
    read_letters();
    follow_up();
    if (people.random_.below(100) == 0) appeal();
    decide_appeals();
}

// Two persons, one after the other, about those that were filed a day ago and more.
void DemoPeople::Round::decide_appeals() {
    for (auto id : ids(db, "SELECT id FROM appeals WHERE decided_at IS NULL AND filed_at < ?1 ORDER BY id", now - Millis(24h))) {
        auto known = store::find_appeal(db, id);
        if (!known) continue;
        bool first = known->state == AppealState::filed;
        followup::AppealStep step{first ? "propose" : "confirm", first ? (people.random_.below(3) == 0 ? "upheld" : "not_upheld") : "", "已听取通话录音并与报警人核实"};
        const auto& who = first ? people.first_ : people.second_;
        auto planned = followup::plan_appeal_step(*known, step, {who, who.substr(who.find('/') + 1), "", "", true});
        if (planned) (void)store::move_appeal(db, people.parts_.seal, *known, *planned, now);
    }
}

// An officer asks for a rating of the last days to be taken out.
void DemoPeople::Round::appeal() {
    store::Statement rated(db, R"sql(
        SELECT c.record, c.officer FROM ratings r JOIN cases c ON c.id = r.case_id
         WHERE r.grade = 'dissatisfied' AND r.effect = 'first' AND c.officer IS NOT NULL AND r.at < ?1 AND NOT EXISTS (SELECT 1 FROM appeals a WHERE a.case_id = c.id)
         ORDER BY r.id DESC LIMIT 1)sql");
    if (!rated.bind(1, now - Millis(6h)).step()) return;
    auto record = rated.text(0), badge = rated.text(1);
    auto about = store::find_case_of(db, record, badge, "");
    if (!about) return;
    auto planned = followup::plan_appeal(*about, people.random_.below(2) == 0 ? "slip" : "other_service", "报警人电话中表示按错了数字", people.parts_.followups, now);
    if (!planned) return;
    planned->filed_by = fmt::format("{}/本人", badge), planned->badge = badge;
    (void)store::file_appeal(db, people.parts_.seal, *planned, now);
}

// Within minutes at any hour.
void DemoPeople::Round::take_emergencies() {
    store::Statement open(db, "SELECT id FROM alarms WHERE acknowledged_at IS NULL AND at < ?1");
    open.bind(1, now - Millis(1min));
    std::vector<std::string> waiting;
    while (open.step()) waiting.push_back(open.text(0));
    for (const auto& id : waiting) (void)desk::acknowledge(db, people.parts_.seal, id, people.at_desk_, Text("已联系本人并指令就近警力"), now);
}

void DemoPeople::Round::decide_replies() {
    auto decider = store::find_decider(db, people.first_);
    for (auto id : ids(db, "SELECT id FROM reviews WHERE closed_at IS NULL AND at < ?1 AND kind IN ('words', 'data_error') ORDER BY id LIMIT 20", std::min(now - Millis(5h), people.parts_.until - Millis(left_for_the_guest)))) {
        store::NewDecision decision;
        decision.decision = "confirmed";
        (void)store::decide_review(db, people.parts_.seal, id, decision, decider, people.parts_.reviews, now);
    }
}

void DemoPeople::Round::read_letters() {
    auto before = std::min(now - Millis(2h), people.parts_.until - Millis(left_for_the_guest));
    for (const auto& letter : store::find_letters(db, people.parts_.seal, false, 20)) {
        if (letter.alarm || letter.erased || letter.at >= before) continue;
        const auto* known = std::find_if(std::begin(letters), std::end(letters), [&](const Written& w) { return w.text == letter.text.reveal(); });
        bool answered = known != std::end(letters) && known->answer &&
                        store::answer_letter(db, people.parts_.seal, people.random_, letter, Text(known->answer), people.first_, people.parts_.letters, now);
        if (!answered) (void)store::close_letter(db, people.parts_.seal, letter, Text("已阅,无需答复"), people.first_, now);
    }
}

void DemoPeople::Round::follow_up() {
    for (auto id : ids(db, "SELECT id FROM followups WHERE state <> 'closed' AND opened_at < ?1 ORDER BY id", now - Millis(2h)))
        if (auto known = store::find_followup(db, id); known && people.random_.below(3) != 0) next_step(*known);
}

void DemoPeople::Round::next_step(const store::Followup& f) {
    followup::Step step;
    auto which = people.random_.below(std::size(complaints));
    bool valid = f.finding == Finding::valid || f.finding == Finding::partly;
    auto second = false;
    switch (f.state) {
        case FollowupState::opened:
            step.name = f.no_callback ? "verify" : "call", step.outcome = f.no_callback ? "" : people.random_.below(5) == 0 ? "no_answer" : "reached";
            if (f.no_callback) step.finding = "invalid", step.topic = "other";
            step.note = complaints[which];
            break;
        case FollowupState::called_back:
            step.name = "verify", step.finding = people.random_.below(3) == 0 ? "invalid" : people.random_.below(2) == 0 ? "valid" : "partly";
            step.topic = topics[which], step.note = "已调取接处警记录和执法记录仪视频";
            break;
        case FollowupState::verified:
            if (valid) step.name = "order", step.person = "所长", step.note = "请在时限内整改并报告";
            else step.name = "review", step.agreed = true, second = true;
            break;
        case FollowupState::rectifying: step.name = "rectify", step.note = remedies[people.random_.below(std::size(remedies))]; break;
        case FollowupState::rectified: step.name = "review", step.agreed = true, second = true; break;
        case FollowupState::reviewed: step.name = f.no_callback ? "close" : "tell", step.how = f.no_callback ? "" : "call"; break;
        case FollowupState::told: step.name = "close"; break;
        case FollowupState::closed: return;
    }
    const auto& who = second ? people.second_ : people.first_;
    auto planned = followup::plan_step(f, step, {who, who.substr(who.find('/') + 1), "", "", true}, people.parts_.followups, now);
    if (planned) (void)store::move_followup(db, people.parts_.seal, f, planned->move, now);
}

}  // namespace pingjing::commands
