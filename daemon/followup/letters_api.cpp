#include "daemon/followup/letters_api.hpp"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>

#include "daemon/followup/shown.hpp"
#include "daemon/log/log.hpp"
#include "daemon/log/metrics.hpp"
#include "daemon/store/inbox.hpp"
#include "daemon/store/parties.hpp"
#include "daemon/store/phones.hpp"
#include "daemon/store/ratings.hpp"
#include "daemon/text/strict_json.hpp"

namespace pingjing::followup {
namespace {

namespace json = boost::json;
using http::Response;
using store::Connection;
using store::Letter;
using Box = std::shared_ptr<const LetterParts>;

constexpr int most_letters = 500;
constexpr std::size_t longest_answer = 900, longest_closing = 4000;  // bytes: three hundred Hanzi are five parts

json::value done_json(const std::optional<Letter::Done>& done) {
    if (!done) return nullptr;
    return json::object{{"at", format_utc(done->at)}, {"by", done->by}, {"words", done->words ? json::value(done->words->reveal()) : json::value(nullptr)}};
}

json::object letter_json(Connection& db, const store::Seal& seal, const Letter& l) {
    auto phone = l.phone_id ? store::find_phone(db, seal, *l.phone_id) : fail(Error::Kind::not_found, "");
    json::object out = {{"id", l.id}, {"at", format_utc(l.at)}, {"state", l.closed ? "closed" : l.open() ? "open" : "answered"}, {"emergency", l.alarm.has_value()},
                        {"alarm_id", l.alarm ? json::value(*l.alarm) : json::value(nullptr)}, {"alarm_acknowledged", l.alarm && !l.alarm_open},
                        {"phone", phone ? json::value(phone->masked()) : json::value(nullptr)}, {"text", l.erased ? json::value(nullptr) : json::value(l.text.reveal())},
                        {"answered", done_json(l.answered)}, {"answer_state", l.message_id ? json::value(l.message_state) : json::value(nullptr)}, {"closed", done_json(l.closed)}};
    return out;
}

Response refused(const Error& error) {
    int status = error.kind == Error::Kind::not_found ? 404 : error.kind == Error::Kind::conflict ? 409 : error.kind == Error::Kind::forbidden ? 403 : 400;
    return http::problem(status, status == 404 ? "Not Found" : status == 409 ? "Conflict" : status == 403 ? "Forbidden" : "Bad Request", error.detail);
}

void note_look(Connection& db, const http::Request& request, json::object access, Instant now) {
    access["who"] = request.asker.who;
    store::append(db, now, "access", std::nullopt, json::serialize(access));
}

// What a caller writes who can rate him, in time or too late, is not for whoever was at his call, nor for his unit: "3" alone would tell. Also where
// nobody was asked: what he writes is about them as often as not.
bool is_of_party(Connection& db, const Letter& letter, const http::Asker& asker) {
    return letter.phone_id && store::is_party_of_number(db, *letter.phone_id, asker.badge, asker.unit);
}

asio::awaitable<Response> list_letters(Box box, http::Request request) {
    auto state = request.parameter("state", "open");
    if (state != "open" && state != "all") co_return http::problem(400, "Bad Request", "state: expected open or all");
    json::array letters;
    auto read = [&, now = box->clock.now()](Connection& db) {
        letters = {};
        for (const auto& letter : store::find_letters(db, box->seal, state == "all", most_letters))
            if (!is_of_party(db, letter, request.asker)) letters.push_back(letter_json(db, box->seal, letter));
        note_look(db, request, {{"what", "letters"}, {"letters", letters.size()}}, now);
    };
    try {
        co_await box->store.run(std::ref(read));
    } catch (const store::SqlError& error) {
        co_return store_failed(error);
    }
    json::object body{{"letters", std::move(letters)}};
    co_return tell(std::move(body));
}

Result<Letter> letter_of(Connection& db, const store::Seal& seal, const http::Request& request) {
    auto text = request.captures.at("id");
    std::int64_t id = 0;
    auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (bad != std::errc() || end != text.data() + text.size()) return fail(Error::Kind::not_found, "letters have numbers");
    auto found = store::find_letter(db, seal, id);
    if (!found || is_of_party(db, *found, request.asker)) return fail(Error::Kind::not_found, fmt::format("there is no letter {} for you", id));
    return *found;
}

// Reads the letter, does the work, and shows it as it is then. The work says no by an error.
using Work = std::function<Result<void>(Connection&, const Letter&, Instant)>;
asio::awaitable<Response> on_letter(Box box, http::Request request, Work work) {
    std::optional<Response> response;
    auto act = [&, now = box->clock.now()](Connection& db) {
        auto letter = letter_of(db, box->seal, request);
        if (!letter) return void(response = refused(letter.error()));
        if (auto done = work(db, *letter, now); !done) return void(response = refused(done.error()));
        auto shown = letter_json(db, box->seal, *store::find_letter(db, box->seal, letter->id));
        shown["reveals"] = shown_reveals(store::text_reveals_of(db, box->seal, letter->inbound_id));
        response = tell(std::move(shown));
    };
    try {
        co_await box->store.run(std::ref(act));
    } catch (const store::SqlError& error) {
        co_return store_failed(error);
    }
    co_return std::move(*response);
}

asio::awaitable<Response> show_letter(Box box, http::Request request) {
    Work look = [&request](Connection& db, const Letter& letter, Instant now) -> Result<void> {
        note_look(db, request, {{"what", "letter"}, {"letter", letter.id}}, now);
        return {};
    };
    co_return co_await on_letter(box, request, std::move(look));
}

bool is_nobody(const http::Request& request) { return request.asker.name.empty(); }
Response for_persons() { return http::problem(403, "Forbidden", "persons answer letters: use a token that names one, or --as NAME"); }

asio::awaitable<Response> answer_one(Box box, http::Request request) {
    if (is_nobody(request)) co_return for_persons();
    auto words = only_text(request.body, "words", longest_answer);
    if (!words) co_return refused(words.error());
    if (auto wrong = wrong_words(*words); !wrong.empty()) co_return http::problem(400, "Bad Request", wrong);
    bool planned = false;
    Work work = [&, rules = box->rules()](Connection& db, const Letter& letter, Instant now) -> Result<void> {
        auto done = store::answer_letter(db, box->seal, box->random, letter, Text(*words), request.asker.who, rules, now);
        planned = done.has_value();
        return done;
    };
    auto response = co_await on_letter(box, request, std::move(work));
    if (planned) metrics::count("letters_answered_total", {});
    if (planned && box->planned) box->planned();
    co_return response;
}

asio::awaitable<Response> close_one(Box box, http::Request request) {
    if (is_nobody(request)) co_return for_persons();
    auto words = only_text(request.body, "words", longest_closing);
    if (!words) co_return refused(words.error());
    Work work = [&](Connection& db, const Letter& letter, Instant now) { return store::close_letter(db, box->seal, letter, Text(*words), request.asker.who, now); };
    co_return co_await on_letter(box, request, std::move(work));
}

// Reading by rules has missed that somebody is in danger; the person who reads has not.
asio::awaitable<Response> alarm_one(Box box, http::Request request) {
    bool raised = false;
    Work work = [&](Connection& db, const Letter& letter, Instant now) -> Result<void> {
        if (letter.alarm) return fail(Error::Kind::conflict, "the desk has it already");
        auto last = letter.phone_id ? store::newest_case_of(db, *letter.phone_id) : std::nullopt;
        store::raise_alarm(db, box->random, letter.inbound_id, last, false, now);
        note_look(db, request, {{"what", "letter_alarm"}, {"letter", letter.id}}, now);
        raised = true;
        return {};
    };
    auto response = co_await on_letter(box, request, std::move(work));
    if (raised && box->alarms) box->alarms();
    co_return response;
}

asio::awaitable<Response> reveal_sender(Box box, http::Request request) {
    if (is_nobody(request)) co_return http::problem(403, "Forbidden", "a number is shown to persons: use a token that names one, or --as NAME");
    auto reason = only_text(request.body, "reason", longest_closing);
    if (!reason || reason->empty()) co_return http::problem(400, "Bad Request", "reason: expected why the number is needed");
    std::string number;
    Work work = [&](Connection& db, const Letter& letter, Instant now) -> Result<void> {
        auto phone = letter.phone_id ? store::find_phone(db, box->seal, *letter.phone_id) : fail(Error::Kind::not_found, "it came from no mobile number");
        if (!phone) return fail(phone.error().kind, phone.error().detail);
        store::record_text_reveal(db, box->seal, letter.inbound_id, request.asker.who, *reason, now);
        note_look(db, request, {{"what", "number"}, {"letter", letter.id}}, now);
        number = phone->reveal();
        return {};
    };
    auto response = co_await on_letter(box, request, std::move(work));
    if (number.empty()) co_return response;
    json::object body{{"id", request.captures.at("id")}, {"phone", number}};
    co_return tell(std::move(body));
}

}  // namespace

std::string wrong_words(std::string_view words) {
    if (words.find_first_not_of(" \t\r\n") == words.npos) return "words: expected what the citizen is to read";
    for (unsigned char c : words)
        if (c < 0x20 || c == 0x7F) return "words: expected one paragraph, without line breaks and control characters";
    for (std::string_view link : {"://", "www.", "【", "】"})
        if (words.find(link) != words.npos) return "words: expected no link and no sign of its own: people are told that we send none";
    if (hide_mobiles(words) != words) return "words: expected no mobile number: others read phones";
    return {};
}

void add_letter_routes(http::Router& router, const http::Guard& guard, LetterParts parts) {
    auto box = std::make_shared<const LetterParts>(std::move(parts));
    router.add("GET", "/v1/letters", guard, [box](http::Request request) { return list_letters(box, std::move(request)); });
    router.add("GET", "/v1/letters/{id}", guard, [box](http::Request request) { return show_letter(box, std::move(request)); });
    router.add("POST", "/v1/letters/{id}/answer", guard, [box](http::Request request) { return answer_one(box, std::move(request)); });
    router.add("POST", "/v1/letters/{id}/close", guard, [box](http::Request request) { return close_one(box, std::move(request)); });
    router.add("POST", "/v1/letters/{id}/alarm", guard, [box](http::Request request) { return alarm_one(box, std::move(request)); });
    router.add("POST", "/v1/letters/{id}/reveal", guard, [box](http::Request request) { return reveal_sender(box, std::move(request)); });
}

}  // namespace pingjing::followup
