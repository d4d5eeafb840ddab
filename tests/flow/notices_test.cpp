// 平安短信: through the same outbox as surveys, with the same opt-out, hours and proof.
#include "tests/flow/mailbox.hpp"

using namespace pingjing;
using test::Mailbox;
using test::Site;
using namespace std::chrono_literals;

namespace {

const std::string morning = "2026-11-21T09:00:00+08:00", night = "2026-11-21T22:00:00+08:00";
const std::string zhang = "13812345678", li = "13912345678", wang = "15812345678";
const Site site{.services = "[notices]\ntexts = [\"notice_safety\"]\n"};
const char* const words = "平安提示";

// `rows`: "phone day" each.
http::Response send(Mailbox& w, const std::string& name, const std::vector<std::string>& rows, const std::string& more = "", const std::string& person = "王督察") {
    std::string phones;
    for (const auto& row : rows)
        phones += fmt::format(R"({}{{"phone":"{}","consented_on":"{}"}})", phones.empty() ? "" : ",", row.substr(0, row.find(' ')), row.find(' ') == row.npos ? "" : row.substr(row.find(' ') + 1));
    auto response = w.ask("POST", "/v1/notices", fmt::format(R"({{"name":"{}","text":"notice_safety","reason":"防汛"{},"phones":[{}]}})", name, more, phones), person);
    w.pass(3s);
    return response;
}
std::string outcomes(const http::Response& response) {
    std::string out;
    auto body = boost::json::parse(response.body);
    for (const auto& row : body.at("results").as_array()) out += (out.empty() ? "" : " ") + std::string(row.at("outcome").as_string());
    return out;
}

}  // namespace

TEST_CASE("who agreed gets a notice once, however often the list is given, and the book says since when he agreed") {
    Mailbox w(morning, site);
    auto first = send(w, "flood", {zhang + " 2026-01-05", li + " 2026-02-30", wang, "12345 2026-01-05", zhang + " 2026-01-05"});
    REQUIRE(first.status == 200);
    CHECK(outcomes(first) == "planned no_consent no_consent no_mobile known");
    CHECK(first.body.find(zhang) == first.body.npos);
    auto again = send(w, "flood", {zhang + " 2026-01-05", li + " 2026-03-01"});
    CHECK(outcomes(again) == "known planned");
    w.pass(1h);
    CHECK(w.texted(words, zhang) == 1);
    CHECK(w.texted(words, li) == 1);
    CHECK(w.sent.size() == 2);
    w.receipt(w.sent[0].ref);
    auto shown = w.json_of("/v1/notices/flood");
    CHECK(shown.at("texts").at("delivered") == 1);
    CHECK(shown.at("texts").at("accepted") == 1);
    CHECK(shown.at("phones").at(0).at("phone") == "138****5678");
    CHECK(shown.at("phones").at(0).at("consented_on") == "2026-01-05");
    CHECK(w.value("SELECT count(*) FROM notices WHERE instr(reason, '防汛') > 0") == "0");  // sealed
    CHECK_THROWS_AS(w.exec("UPDATE notice_phones SET consented_on = '2020-01-01'"), store::SqlError);
    CHECK(w.value("SELECT count(*) FROM ledger WHERE kind = 'access' AND data LIKE '%notice%'") == "1");
}

TEST_CASE("a notice keeps the hours, waits for a stop, and asks again who has unsubscribed when it leaves") {
    Mailbox w(night, site);
    send(w, "n1", {zhang + " 2026-01-05", li + " 2026-01-05"});
    CHECK(w.sent.empty());
    w.reply(li, "退订");  // in the night
    w.pass(11h);
    CHECK(w.texted(words, zhang) == 1);
    CHECK(w.texted(words, li) == 0);
    CHECK(w.json_of("/v1/notices/n1").at("texts").at("cancelled") == 1);
    CHECK(outcomes(send(w, "n2", {li + " 2026-01-05"})) == "opt_out");
    w.store->run_now([&](store::Connection& db) { store::place_hold(db, "stop", std::nullopt, "test", w.clock.now()); });
    send(w, "n3", {zhang + " 2026-01-05"});
    w.pass(1h);
    CHECK(w.texted(words, zhang) == 1);
}

TEST_CASE("a number that is not texted for somebody's safety gets no notice, and an answer to one is no rating") {
    Mailbox w(morning, site);
    w.call("D1", wang, "0201");
    CHECK(outcomes(send(w, "n1", {wang + " 2026-01-05", zhang + " 2026-01-05"})) == "phone_hold planned");
    w.pass(1min);
    w.reply(zhang, "3");
    CHECK(w.value("SELECT count(*) FROM ratings") == "0");
    CHECK(w.value("SELECT class FROM inbound") == "unmatched");
    w.reply(zhang, "有人拿刀砍人");
    CHECK(w.value("SELECT count(*) FROM alarms") == "1");
    w.reply(zhang, "T");
    CHECK(outcomes(send(w, "n2", {zhang + " 2026-01-05"})) == "opt_out");
}

TEST_CASE("who is in danger and asks for no answer is sent nothing more, by anybody") {
    Mailbox w(morning, site);
    w.call("A1", zhang);
    w.pass(3h);
    w.exec("UPDATE messages SET claimed_at = claimed_at - 172800000 WHERE purpose = 'survey'");  // another day
    CHECK(w.call("A2", zhang) == "accepted");
    w.reply(zhang, "救命,他在旁边,不要回短信");
    auto before = w.sent.size();
    CHECK(outcomes(send(w, "n1", {zhang + " 2026-01-05"})) == "phone_hold");
    w.pass(6h);
    CHECK(w.sent.size() == before);
    CHECK(w.value("SELECT code FROM cases WHERE record = 'A2'") == "phone_hold");
}

TEST_CASE("what has not left of a stopped notice never leaves, and its name is spent") {
    Mailbox w(night, site);
    send(w, "n1", {zhang + " 2026-01-05", li + " 2026-01-05"});
    auto stopped = w.ask("POST", "/v1/notices/n1/stop", R"({"reason":"text was wrong"})");
    REQUIRE(stopped.status == 200);
    CHECK(boost::json::parse(stopped.body).at("stopped") == 2);
    w.pass(24h);
    CHECK(w.sent.empty());
    CHECK(send(w, "n1", {wang + " 2026-01-05"}).status == 409);
    CHECK(w.value("SELECT count(*) FROM notice_phones") == "2");
}

TEST_CASE("a text of a stopped notice that a carrier refuses does not come back") {
    Mailbox w(morning, site);
    w.carrier().says = [](const test::Sent&, provider::Outcome) -> provider::Outcome { return provider::Retry{"busy"}; };
    send(w, "n1", {zhang + " 2026-01-05"});
    auto tried = w.sent.size();
    REQUIRE(tried > 0);
    w.ask("POST", "/v1/notices/n1/stop", R"({"reason":"wrong"})");
    w.carrier().says = {};
    w.pass(2h);
    CHECK(w.sent.size() == tried);
    CHECK(w.json_of("/v1/notices/n1").at("texts").at("cancelled") == 1);
}

TEST_CASE("notices know the day's ceiling of a channel: what is above it waits, and a person is told") {
    Mailbox w(morning, {.survey = "daily_ceiling = 1", .services = site.services});
    send(w, "n1", {li + " 2026-01-05", wang + " 2026-01-05"});
    w.pass(1h);
    CHECK(w.sent.size() == 1);
    CHECK(w.value("SELECT of FROM holds") == "ceiling");
}

TEST_CASE("after a restore nobody knows who got a notice since the backup: a person takes that on, or it does not go") {
    Mailbox w(morning, site);
    w.exec("INSERT INTO meta(key, value) VALUES ('no_send_before', '" + std::to_string(to_millis(w.clock.now())) + "')");
    w.pass(1h);
    auto refused = send(w, "n1", {zhang + " 2026-01-05"});
    CHECK(refused.status == 409);
    CHECK(refused.body.find("restored") != std::string::npos);
    CHECK(w.sent.empty());
    // Nor does the clock alone take it on: restored long ago by one that is in doubt, or in days that are still to come.
    w.exec("UPDATE meta SET value = '" + std::to_string(to_millis(w.clock.now() - 24h * 365)) + "' WHERE key = 'no_send_before'");
    w.store->run_now([&](store::Connection& db) { store::place_hold(db, "clock", std::nullopt, "ahead", w.clock.now()); });
    CHECK(send(w, "n1", {zhang + " 2026-01-05"}).status == 409);
    w.store->run_now([&](store::Connection& db) { store::release_holds(db, "clock", std::nullopt, "looked at it", w.clock.now()); });
    w.exec("UPDATE meta SET value = '" + std::to_string(to_millis(w.clock.now() + 24h * 365)) + "' WHERE key = 'no_send_before'");
    CHECK(send(w, "n1", {zhang + " 2026-01-05"}).status == 409);
    CHECK(outcomes(send(w, "n1", {zhang + " 2026-01-05"}, R"(,"accept_possible_double":true)")) == "planned");
}

TEST_CASE("after a month nothing is added to a notice: a number that is forgotten by then would get it again") {
    Mailbox w(morning, site);
    CHECK(outcomes(send(w, "n1", {zhang + " 2026-01-05"})) == "planned");
    w.pass(24h * 30 - 1h);
    CHECK(outcomes(send(w, "n1", {zhang + " 2026-01-05", li + " 2026-01-05"})) == "known planned");
    w.pass(2h);
    auto late = send(w, "n1", {zhang + " 2026-01-05"});
    CHECK(late.status == 409);
    CHECK(late.body.find("more than 30 days ago") != std::string::npos);
    CHECK(outcomes(send(w, "n2", {zhang + " 2026-01-05"})) == "planned");
}

TEST_CASE("words after a notice are not put down to the survey that is open") {
    Mailbox w(morning, site);
    w.call("A1", zhang);
    w.pass(2h + 1min);
    REQUIRE(w.sent.size() == 1);
    send(w, "n1", {zhang + " 2026-01-05"});
    REQUIRE(w.texted(words, zhang) == 1);
    w.reply(zhang, "太好了,满意");
    CHECK(w.value("SELECT count(*) FROM ratings") == "0");
    w.reply(zhang, "1");
    CHECK(w.value("SELECT grade FROM ratings") == "satisfied");
}

TEST_CASE("what is wrong with a notice is said, and nothing is planned") {
    Mailbox w(morning, site);
    CHECK(send(w, "n1", {zhang + " 2026-01-05"}, "", "").status == 403);  // by nobody
    CHECK(send(w, "Flood 1", {zhang + " 2026-01-05"}).status == 400);
    CHECK(send(w, zhang, {zhang + " 2026-01-05"}).status == 400);         // a name stands in the open
    CHECK(send(w, "n1", {}).status == 400);
    CHECK(send(w, "n1", {zhang + " 2026-01-05"}, R"(,"text":"notice_safety")").status == 400);
    CHECK(send(w, "n1", {zhang + " 2026-01-05"}, R"(,"colour":"red")").body.find("colour") != std::string::npos);
    CHECK(outcomes(send(w, "n1", {zhang + " 2027-01-05"})) == "no_consent");  // a day that is still to come
    auto unknown = w.ask("POST", "/v1/notices", R"({"name":"n2","text":"survey","reason":"x","phones":[{"phone":"13812345678","consented_on":"2026-01-05"}]})");
    CHECK(unknown.status == 400);
    CHECK(unknown.body.find("notice_safety") != std::string::npos);
    CHECK(w.ask("GET", "/v1/notices/none").status == 404);
    CHECK(w.value("SELECT count(*) FROM messages") == "0");
}
