#include "tests/sim/office.hpp"

#include <fmt/format.h>

#include "daemon/followup/work.hpp"

namespace pingjing::sim {
namespace {

const boost::json::array& rows_of(const Answer& answer, std::string_view key) {
    static const boost::json::array none;
    const auto* object = answer.body.if_object();
    const auto* rows = object ? object->if_contains(key) : nullptr;
    return rows && rows->is_array() ? rows->as_array() : none;
}

// "问一下 来信17": so that each letter is known by its words, whatever its number in a store that was restored.
std::string name_of_letter(const std::string& text) {
    auto at = text.find("来信");
    return at == std::string::npos ? std::string() : text.substr(at);
}

}  // namespace

asio::awaitable<void> Office::work(Life& life) {
    Doors doors(city_, life);
    for (bool known = false;;) {
        co_await sleep_for(std::chrono::minutes(90 + city_.random.below(150)));
        if (life.dead) co_return;
        try {
            if (!known) co_await doors.hand_out_tokens();
            known = true;
        } catch (const store::SqlError&) {
            continue;
        }
        if (!life.dead) co_await look_around(doors);
        if (life.dead) co_return;
    }
}

asio::awaitable<void> Office::look_around(Doors& doors) {
    co_await take_alarms(doors);
    if (!doors.life.dead && !draws(3)) co_await follow_up(doors);
    if (!doors.life.dead && draws(2)) co_await read_letters(doors);
    if (!doors.life.dead && draws(2)) co_await decide_reviews(doors);
    if (!doors.life.dead && draws(10)) co_await file_appeals(doors);
    if (!doors.life.dead && draws(3)) co_await judge_appeals(doors);
    if (!doors.life.dead && draws(4)) co_await send_notices(doors);
    if (!doors.life.dead) co_await watch_limits(doors);
}

asio::awaitable<void> Office::watch_limits(Doors& doors) {
    followup::Parts parts{*doors.life.store, city_.seal, city_.clock, city_.random, [&doors] { return std::make_shared<const followup::Rules>(followup_rules(doors.life.gateway->settings())); }, {}};
    try {
        auto late = co_await followup::look_at_clocks(parts);
        if (late > 0 && !doors.life.dead) city_.fired["a limit was overrun"] += late;
    } catch (const store::SqlError&) {
        // A minute later, in the daemon.
    }
}

// --- the desk --------------------------------------------------------------------------------------------------------------

asio::awaitable<void> Office::take_alarms(Doors& doors) {
    auto list = co_await doors.ask(people::li, "GET", "/v1/desk");
    if (list.status != 200) co_return;
    for (const auto& alarm : rows_of(list, "alarms")) {
        auto one = "/v1/desk/" + word(alarm, "alarm_id");
        bool taken = !word(alarm, "acknowledged_at").empty();
        if (taken ? !draws(40) : draws(4)) continue;
        if (!word(alarm, "case_id").empty() && draws(4)) {
            auto about_him = co_await doors.ask(people::officer_inspects, "POST", one + "/ack", "{}");
            doors.refused(about_him, "whom an emergency is about may not take it");
        }
        auto ack = co_await doors.ask(taken ? people::zhang : people::li, "POST", one + "/ack", R"({"words":"两组已出发"})");
        if (!doors.done(ack, taken ? "a second person takes an emergency" : "an emergency was taken")) continue;
        auto number = co_await doors.ask(people::li, "POST", one + "/reveal", R"({"reason":"定位"})");
        city_.alarmed.insert(number.text("phone"));  // from the desk's list, whatever became of its sink
        auto first = taken ? word(alarm, "acknowledged_by") : people::li.who;
        if (ack.text("acknowledged_by") != first) city_.watch.broken(fmt::format("an emergency was taken by {} and then by {}", first, ack.text("acknowledged_by")));
    }
}

// --- what reading left open --------------------------------------------------------------------------------------------------

asio::awaitable<void> Office::decide_reviews(Doors& doors) {
    auto list = co_await doors.ask(people::zhang, "GET", "/v1/review");
    if (list.status != 200) co_return;
    for (const auto& review : rows_of(list, "reviews")) {
        if (doors.life.dead) co_return;
        if (draws(3)) continue;
        auto one = fmt::format("/v1/review/{}", number(review, "id"));
        if (!word(review, "case_id").empty() && draws(6)) {
            auto his_own = co_await doors.ask(people::officer_inspects, "POST", one, R"({"decision":"none"})");
            doors.refused(his_own, "nobody decides about his own rating");
        }
        co_await decide(doors, one, draws(2) ? people::zhang : people::li);
    }
}

asio::awaitable<void> Office::decide(Doors& doors, std::string target, const http::Asker& who) {
    auto one = co_await doors.ask(who, "GET", target);
    if (one.status != 200) co_return;
    auto choices = rows_of(one, "choices"), cases = rows_of(one, "cases");
    if (choices.empty()) co_return;
    const auto& choice = choices[city_.random.below(choices.size())];
    boost::json::object body{{"decision", word(choice, "decision")}, {"note", "看过原文"}};
    if (flag(choice, "grade")) {
        if (cases.empty()) co_return;
        constexpr const char* grades[] = {"satisfied", "basically_satisfied", "dissatisfied"};
        auto read_as = one.text("label");
        auto grade = city_.random.below(3);
        if (word(choice, "decision") == "corrected" && grades[grade] == read_as) grade = (grade + 1) % 3;
        body["grade"] = grades[grade];
        if (word(choice, "decision") == "rated") body["case_id"] = word(cases[city_.random.below(cases.size())], "case_id");
    }
    auto said = json_of(std::move(body));
    auto decided = co_await doors.ask(who, "POST", target, said);
    if (!doors.done(decided, "a person decided what reading left open")) co_return;
    auto again = co_await doors.ask(people::li, "POST", target, said);
    doors.refused(again, "what is decided is decided");
}

// --- letters -----------------------------------------------------------------------------------------------------------------

asio::awaitable<void> Office::read_letters(Doors& doors) {
    auto list = co_await doors.ask(people::zhang, "GET", "/v1/letters");
    if (list.status != 200) co_return;
    for (const auto& letter : rows_of(list, "letters")) {
        if (doors.life.dead) co_return;
        auto one = fmt::format("/v1/letters/{}", number(letter, "id"));
        bool waits_for_desk = flag(letter, "emergency") && !flag(letter, "alarm_acknowledged");
        if (waits_for_desk) {
            auto settled = co_await doors.ask(people::zhang, "POST", one + "/close", "{}");
            doors.refused(settled, "an emergency is no letter to be settled");
        } else if (!flag(letter, "emergency") && draws(20)) {
            auto raised = co_await doors.ask(people::zhang, "POST", one + "/alarm", "{}");
            doors.done(raised, "a letter went to the desk after all");
        } else if (may_text() && draws(2)) {
            co_await answer(doors, one, word(letter, "text"));
        } else if (draws(2)) {
            auto closed = co_await doors.ask(people::li, "POST", one + "/close", R"({"words":"已电话答复"})");
            doors.done(closed, "a letter was closed");
        }
    }
}

asio::awaitable<void> Office::answer(Doors& doors, std::string target, std::string text) {
    auto name = name_of_letter(text);
    boost::json::object said{{"words", fmt::format("关于您的{},已转交办理。", name.empty() ? fmt::format("短信{}", ++answers_) : name)}};
    auto words = json_of(std::move(said));
    auto answered = co_await doors.ask(people::zhang, "POST", target + "/answer", words);
    if (!doors.done(answered, "a letter was answered")) co_return;
    if (text.find("别回电话") != std::string::npos) city_.watch.broken("a letter was answered that asks for silence");
    auto again = co_await doors.ask(people::li, "POST", target + "/answer", words);
    doors.refused(again, "a letter is answered once");
}

// --- notices -----------------------------------------------------------------------------------------------------------------

// One of three, to a few numbers that agreed: citizens of this city and others. What was given already is given again now and then.
boost::json::object Office::draw_notice(std::string& name) {
    name = fmt::format("n{}", city_.random.below(3));
    auto& list = lists_[name];
    for (auto more = city_.random.below(4); more > 0; --more)
        list.insert(draws(3) ? fmt::format("136{:08}", city_.random.below(20)) : fmt::format("138{:08}", city_.random.below(28)));
    boost::json::array phones;
    for (const auto& phone : list) phones.push_back({{"phone", phone}, {"consented_on", "2026-01-05"}});
    return {{"name", name}, {"text", "notice_" + name}, {"reason", "汛期提醒"}, {"phones", std::move(phones)}};
}

asio::awaitable<void> Office::send_notices(Doors& doors) {
    if (!may_text() || !city_.plan.notices) co_return;
    std::string name;
    auto notice = draw_notice(name);
    if (notice.at("phones").as_array().empty()) co_return;
    auto once = json_of(notice);
    auto sent = co_await doors.ask(people::keeper, "POST", "/v1/notices", once);
    if (sent.status == 409 && city_.watch.was_restored() && draws(3)) {
        // What was sent after the backup is not known to it: somebody takes that on himself.
        city_.watch.notice_may_double(name);
        notice["accept_possible_double"] = true;
        auto risked = json_of(notice);
        auto again = co_await doors.ask(people::keeper, "POST", "/v1/notices", risked);
        doors.done(again, "a notice at somebody's risk after a restore");
    } else if (doors.done(sent, "a notice was sent") && draws(2)) {
        auto again = co_await doors.ask(people::keeper, "POST", "/v1/notices", once);
        if (doors.done(again, "a notice was given twice") && number(again.body, "planned") != 0) city_.watch.broken("a notice that was given twice is planned twice: " + name);
    }
    if (!doors.life.dead && draws(6)) co_await stop_notice(doors, name);
}

asio::awaitable<void> Office::stop_notice(Doors& doors, std::string name) {
    auto stopped = co_await doors.ask(people::keeper, "POST", "/v1/notices/" + name + "/stop", R"({"reason":"雨停了"})");
    if (stopped.status == 404 || !doors.done(stopped, "a notice was stopped")) co_return;
    city_.watch.notice_stopped(name);
}

}  // namespace pingjing::sim
