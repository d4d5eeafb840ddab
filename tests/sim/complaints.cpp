// What is done about a 3, and what an officer says against it.
#include <fmt/format.h>

#include "tests/sim/office.hpp"

namespace pingjing::sim {
namespace {

boost::json::array list_of(const Answer& answer, const char* key) {
    const auto* object = answer.body.if_object();
    return answer.status == 200 && object ? object->at(key).as_array() : boost::json::array();
}

// Who took this step last; "" where nobody did.
std::string last_by(const boost::json::value& followup, std::string_view step) {
    std::string who;
    for (const auto& row : followup.at("steps").as_array())
        if (word(row, "step") == step) who = word(row, "who");
    return who;
}

const http::Asker& other_than(const std::string& who) { return who == people::zhang.who || who == people::zhang_again.who ? people::li : people::zhang; }

}  // namespace

asio::awaitable<void> Office::follow_up(Doors& doors) {
    auto answer = co_await doors.ask(people::zhang, "GET", "/v1/followups");
    auto list = list_of(answer, "followups");
    for (const auto& row : list) {
        if (doors.life.dead) co_return;
        if (draws(4)) continue;
        auto one = fmt::format("/v1/followups/{}", number(row, "id"));
        if (draws(12)) {
            auto seen = co_await doors.ask(people::officer_inspects, "GET", one);
            doors.refused(seen, "the rated officer does not see who complained");
        }
        co_await next_step(doors, one);
    }
}

asio::awaitable<void> Office::next_step(Doors& doors, std::string target) {
    auto seen = co_await doors.ask(people::zhang, "GET", target);
    if (seen.status != 200) co_return;
    const auto& f = seen.body;
    const auto& me = draws(2) ? people::zhang : people::li;
    auto state = word(f, "state"), finding = word(f, "finding");
    std::string step, body;
    const char* done = "";
    if (flag(f, "refuted") && state != "told" && draws(2)) {
        auto dropped = co_await doors.ask(me, "POST", target + "/drop", R"({"note":"并非投诉"})");
        if (dropped.status == 403) ++city_.fired["nobody ends what he himself said was no complaint"];
        else doors.done(dropped, "a follow-up was dropped: it was no complaint");
    } else if (state == "opened" && number(f, "missed_calls") >= 3 && !flag(f, "no_callback")) {
        step = "verify", done = "nobody could be reached", body = R"({"finding":"unreachable","note":"三次未接"})";
    } else if (state == "opened" && !flag(f, "no_callback")) {
        auto how = city_.random.below(8);
        step = "call", done = how < 5 ? "a caller was called back" : how < 7 ? "a caller did not answer the telephone" : "a caller does not want to be called";
        body = json_of({{"outcome", how < 5 ? "reached" : how < 7 ? "no_answer" : "declined"}, {"note", "他说等了很久"}});
    } else if (state == "opened" || state == "called_back") {
        constexpr const char* findings[] = {"valid", "partly", "invalid"};
        step = "verify", done = "a complaint was looked into", body = json_of({{"finding", findings[city_.random.below(3)]}, {"topic", "response_speed"}, {"place", "栖霞路"}, {"note", "查了记录"}});
    } else if (state == "verified" && (finding == "valid" || finding == "partly")) {
        step = "order", done = "a work order", body = R"({"person":"所长"})";
    } else if (state == "rectifying") {
        auto reported = co_await doors.ask(people::station, "POST", target + "/rectify", R"({"note":"增派警力"})");
        doors.done(reported, "a unit put it right");
    } else if (state == "verified" || state == "rectified") {
        co_await review_step(doors, target, state == "rectified" ? people::zhang : other_than(last_by(f, "verified")));
    } else if (state == "reviewed" && finding != "unreachable") {
        co_await tell_caller(doors, target);
    } else {
        step = "close", done = "a follow-up was closed", body = R"({"note":"无异议"})";
    }
    if (step.empty()) co_return;
    if (draws(10)) {
        auto tried = co_await doors.ask(people::station, "POST", target + "/" + step, body);
        doors.refused(tried, "a unit does not follow up its own call");
    }
    auto taken = co_await doors.ask(me, "POST", target + "/" + step, body);
    doors.done(taken, done);
}

// Who took the step before tries it first, now and then.
asio::awaitable<void> Office::review_step(Doors& doors, std::string target, const http::Asker& by) {
    bool agreed = !draws(4);
    auto body = json_of({{"agreed", agreed}, {"note", agreed ? "同意" : "还缺录音"}});
    if (draws(3)) {
        auto seen = co_await doors.ask(people::zhang, "GET", target);
        if (seen.status != 200) co_return;
        auto himself = word(seen.body, "state") == "verified" ? last_by(seen.body, "verified") : std::string();
        if (himself == people::zhang.who || himself == people::li.who) {
            auto own = co_await doors.ask(himself == people::li.who ? people::li : draws(2) ? people::zhang : people::zhang_again, "POST", target + "/review", body);
            doors.refused(own, "nobody reviews his own step");
        }
    }
    auto reviewed = co_await doors.ask(by, "POST", target + "/review", body);
    doors.done(reviewed, agreed ? "another level agreed" : "another level sent it back");
}

// By text where that may be, or by telephone, or by letter.
asio::awaitable<void> Office::tell_caller(Doors& doors, std::string target) {
    if (may_text() && !draws(4)) {
        auto texted = co_await doors.ask(people::zhang, "POST", target + "/tell", R"({"how":"sms"})");
        if (doors.done(texted, "a caller is told by text") || texted.status != 409) co_return;
    }
    auto told = co_await doors.ask(people::li, "POST", target + "/tell", R"({"how":"letter"})");
    doors.done(told, "a caller is told by letter");
}

asio::awaitable<void> Office::file_appeals(Doors& doors) {
    if (city_.answered.empty()) co_return;
    const auto& batch = city_.answered[city_.random.below(city_.answered.size())];
    constexpr const char* grounds[] = {"wrong_person", "other_service", "malice", "slip"};
    auto body = json_of({{"case_id", batch.ids[0]}, {"ground", grounds[city_.random.below(4)]}, {"note", "群众说按错了"}});
    const auto& who = draws(3) ? people::station : people::officer;
    auto filed = co_await doors.ask(who, "POST", "/v1/appeals", body);
    if (filed.status == 404) co_return;  // the store was restored, and has not heard of the call yet
    doors.done(filed, "an appeal was filed");
}

asio::awaitable<void> Office::judge_appeals(Doors& doors) {
    auto answer = co_await doors.ask(people::li, "GET", "/v1/appeals");
    auto list = list_of(answer, "appeals");
    for (const auto& appeal : list) {
        if (doors.life.dead) co_return;
        if (!draws(3)) co_await judge(doors, appeal);
    }
}

asio::awaitable<void> Office::judge(Doors& doors, boost::json::value appeal) {
    auto one = fmt::format("/v1/appeals/{}", number(appeal, "id"));
    const auto& owner = word(appeal, "badge").empty() ? people::station : people::officer;
    if (draws(6)) {
        auto others = co_await doors.ask(&owner == &people::station ? people::officer : people::station, "POST", one + "/withdraw", R"({"note":"替他撤"})");
        doors.refused(others, "nobody withdraws another's appeal");
        auto back = co_await doors.ask(owner, "POST", one + "/withdraw", R"({"note":"听过录音"})");
        doors.done(back, "an appeal was withdrawn");
        co_return;
    }
    if (word(appeal, "state") == "filed") {
        if (draws(6)) {
            auto party = co_await doors.ask(people::officer_inspects, "POST", one + "/propose", R"({"outcome":"upheld","note":"x"})");
            doors.refused(party, "a party does not decide about an appeal");
        }
        auto body = json_of({{"outcome", draws(2) ? "upheld" : "not_upheld"}, {"note", "听过录音"}});
        auto proposed = co_await doors.ask(draws(2) ? people::zhang : people::li, "POST", one + "/propose", body);
        doors.done(proposed, "an outcome was proposed");
        co_return;
    }
    bool by_zhang = word(appeal, "proposed_by") != people::li.who;
    auto himself = co_await doors.ask(!by_zhang ? people::li : draws(2) ? people::zhang : people::zhang_again, "POST", one + "/confirm", "{}");
    doors.refused(himself, "nobody confirms his own proposal");
    const auto& second = by_zhang ? people::li : people::zhang;
    bool agrees = !draws(4);
    auto step = co_await doors.ask(second, "POST", one + (agrees ? "/confirm" : "/return"), agrees ? "{}" : R"({"note":"再听一遍"})");
    if (!doors.done(step, agrees ? "an appeal was decided by two" : "a proposal was sent back") && agrees && step.status == 409) {
        auto back = co_await doors.ask(second, "POST", one + "/return", R"({"note":"评价已变"})");
        doors.done(back, "a proposal was sent back: the rating is another one");
    }
}

}  // namespace pingjing::sim
