#include "daemon/assist/assist.hpp"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/system/error_code.hpp>

#include "daemon/log/log.hpp"
#include "daemon/log/metrics.hpp"
#include "daemon/push/push.hpp"
#include "daemon/store/inbox.hpp"

namespace pingjing::assist {
namespace {

namespace json = boost::json;

constexpr int texts_a_step = 8;
constexpr std::size_t longest_answer = 4096;             // bytes
constexpr Millis not_older_than = std::chrono::hours(1);  // who was away longer leaves the rest to people

}  // namespace

std::string question(std::string_view text, Scale scale) { return json::serialize(json::object{{"text", text}, {"scale", scale_name(scale)}}); }

std::optional<std::string> read_suggestion(std::string_view answer) {
    boost::system::error_code bad;
    auto value = json::parse(answer, bad);
    const auto* object = bad ? nullptr : value.if_object();
    const auto* said = object ? object->if_contains("suggestion") : nullptr;
    if (!said || !said->is_string()) return std::nullopt;
    for (std::string_view known : {"satisfied", "basically_satisfied", "dissatisfied", "none"})
        if (said->as_string() == known) return std::string(known);
    return std::nullopt;
}

asio::awaitable<std::optional<std::string>> Assist::ask(std::int64_t inbound_id, std::string text) {
    auto asked = question(text, rules_.scale);
    auto running = push::ask_program(rules_.command, std::move(asked), rules_.timeout, longest_answer);
    auto answer = co_await std::move(running);
    std::string why;
    std::optional<std::string> said;
    if (!answer) why = answer.error().detail;
    else if (said = read_suggestion(*answer); !said) why = "the answer is none of those that were asked for";
    if (!why.empty()) log::warn("assist.failed", {{"inbound", inbound_id}, {"why", why}});
    metrics::count("assist_total", {{"outcome", said ? "suggested" : "failed"}});
    co_return said;
}

asio::awaitable<int> Assist::step() {
    std::vector<store::UnclearText> texts;
    auto find = [&, since = clock_.now() - not_older_than](store::Connection& db) {
        if (!asked_up_to_) asked_up_to_ = store::before_texts_since(db, since);
        texts = store::find_unclear_texts(db, *asked_up_to_, texts_a_step);
        if (texts.empty()) asked_up_to_ = std::max(*asked_up_to_, store::read_up_to(db));  // not to be looked through again
    };
    co_await store_.run(std::ref(find));
    int kept = 0;
    for (const auto& one : texts) {
        asked_up_to_ = one.inbound_id;
        auto text = seal_.open(one.sealed_text, store::inbound_text_context(one.inbound_id));
        if (!text) continue;
        auto said = co_await ask(one.inbound_id, *text);
        if (!said) continue;
        auto keep = [&, now = clock_.now()](store::Connection& db) { kept += store::keep_suggestion(db, one.inbound_id, *said, now); };
        co_await store_.run(std::ref(keep));
    }
    co_return kept;
}

asio::awaitable<void> Assist::run() {
    for (;;) {
        co_await step();
        co_await sleep_for(look_every_);
    }
}

}  // namespace pingjing::assist
