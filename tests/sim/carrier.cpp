#include "tests/sim/carrier.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/config/section.hpp"
#include "daemon/inbound/inbox.hpp"
#include "daemon/text/segments.hpp"
#include "providers/http/response.hpp"

namespace pingjing::sim {

using namespace provider;

bool inside(const std::vector<std::pair<Steady, Steady>>& spans, Steady t) {
    for (const auto& [from, to] : spans)
        if (t >= from && t < to) return true;
    return false;
}

namespace {

constexpr const char* answers[] = {"1", "1", "1", "1", "2", "3", "１", "满意", "不满意", "3 等了两个小时", "1 不满意", "好的", "T", "救命 有人拿刀", "?", "0", "1谢谢"};

const generic_http::Settings& kannel() {
    static const auto settings = [] {
        config::Problems problems;
        auto document = config::Document::parse("preset = \"kannel\"\nurl = \"http://127.0.0.1:1/\"\nusername = \"u\"\npassword = \"p\"\n", "sim", problems);
        config::Section section(*document, problems);
        return generic_http::read_settings(section, {"k", "https://sim/hook"}).value();
    }();
    return settings;
}

// Of three pieces each, the first of which says what it is about.
constexpr const char* long_answers[] = {"3 等了两个小时,打了三次电话才有人来", "1 民警很有耐心,把事情的来龙去脉都问清楚了", "不满意,到现在也没有人告诉我结果", "救命 他又回来了,拿着刀在砸门"};
// "…,说到这里<mark>": what a piece bears stands at its end.
std::string mark_of(const std::string& piece) {
    auto at = piece.rfind('<');
    return at == std::string::npos ? piece : piece.substr(at);
}

}  // namespace

Carrier::Carrier(World world, std::string name, std::string access_number, Faults faults, bool hooks)
    : world_(std::move(world)), name_(std::move(name)), access_number_(std::move(access_number)), faults_(faults), hooks_(hooks), more_(world_.executor) {}

bool Carrier::happens(double share, const char* name) {
    if (share <= 0 || world_.random.unit() >= share) return false;
    ++world_.fired[name];
    return true;
}

void Carrier::say(Steady after, Inbound inbound, std::string answers_ref) {
    Event event;
    event.answers = std::move(answers_ref);
    if (auto* text = std::get_if<InboundText>(&inbound); text && text->part) event.id = mark_of(text->text.reveal());
    else if (text) event.id = text->key.empty() ? fmt::format("{} {} {}", text->from.reveal(), text->text.reveal(), to_millis(*text->at)) : text->key;
    event.said = std::move(inbound);
    events_.emplace(world_.clock.steady() + after, std::move(event));
    more_.notify();
}

void Carrier::say_late(Steady after, std::string ref, Outcome outcome) {
    Event event;
    event.late_ref = std::move(ref);
    event.late = std::move(outcome);
    events_.emplace(world_.clock.steady() + after, std::move(event));
    more_.notify();
}

void Carrier::report(const Submission& submission, const std::vector<std::string>& ids, Steady after, bool delivered) {
    if (happens(faults_.receipt_lost, "receipt never comes")) return;
    bool by_phone = happens(faults_.receipt_by_phone, "receipt with an unknown id");
    bool without_ref = by_phone || happens(faults_.receipt_without_ref, "receipt without our ref");
    bool empty_number = !delivered && happens(faults_.receipt_empty_number, "receipt says the number does not exist");
    for (const auto& id : ids) {
        Receipt receipt;
        if (!without_ref) receipt.ref = submission.ref;
        receipt.vendor_id = by_phone ? "foreign-" + id : !without_ref && happens(faults_.receipt_spelled, "receipt spells its id otherwise") ? "0x" + id : id;
        receipt.phone = submission.phone;
        receipt.state = delivered ? ReceiptState::delivered : ReceiptState::failed;
        receipt.code = delivered ? "DELIVRD" : "UNDELIV";
        if (empty_number) receipt.meaning = Receipt::Meaning::number_invalid;
        receipt.key = submission.ref + receipt.vendor_id + receipt.code;
        if (happens(faults_.receipt_buffered, "receipt that is not final")) {
            auto first = receipt;
            first.state = ReceiptState::buffered, first.code = "ACCEPTD", first.key = "early" + receipt.key;
            say(after / 2, std::move(first));
        }
        if (happens(faults_.receipt_contradicts, "receipt backwards")) {
            auto contrary = receipt;
            contrary.state = ReceiptState::failed, contrary.code = "UNDELIV", contrary.key = "late" + receipt.key;
            say(after + std::chrono::minutes(5), std::move(contrary));
        }
        if (happens(faults_.receipt_doubled, "receipt twice")) say(after + std::chrono::minutes(1), receipt);
        if (other && !without_ref && happens(faults_.receipt_elsewhere, "receipt on another channel")) other->say(after, std::move(receipt));
        else say(after, std::move(receipt));
    }
}

void Carrier::answer(const Submission& submission, bool question, Steady receipt_after) {
    auto& random = world_.random;
    InboundText reply;
    reply.from = submission.phone;
    reply.extension = happens(faults_.reply_without_extension, "reply to the bare number") ? "" : submission.extension;
    auto ref = reply.extension.empty() || !question ? std::string() : submission.ref;
    if (auto old = old_digits_.find(submission.phone.reveal()); old != old_digits_.end() && old->second != submission.extension && happens(faults_.reply_old_slot, "reply to an old slot"))
        reply.extension = old->second, ref.clear();
    if (!submission.extension.empty() && question) old_digits_[submission.phone.reveal()] = submission.extension;
    reply.to = access_number_ + reply.extension;
    reply.text = Text(answers[random.below(std::size(answers))]);
    reply.key = happens(faults_.reply_without_key, "reply without an id") ? "" : fmt::format("mo-{}-{}", name_, ++next_);
    auto when = receipt_after + between(std::chrono::seconds(10), std::chrono::hours(5));
    if (happens(faults_.reply_late, "reply after its window")) when = receipt_after + between(std::chrono::hours(73), std::chrono::hours(100));
    else if (happens(faults_.reply_early, "reply faster than the response")) when = Steady(1);
    reply.at = world_.clock.now() + std::chrono::duration_cast<Millis>(when);
    bool once = true;
    if (happens(faults_.reply_doubled, "reply pushed twice")) say(when + std::chrono::minutes(1), reply);
    if (happens(faults_.reply_twice, "a second answer")) {
        once = false;
        auto second = reply;
        second.text = Text(random.below(2) ? "3" : "打错了,是1");
        second.key = fmt::format("mo-{}-{}", name_, ++next_);
        auto later = when + between(std::chrono::minutes(1), std::chrono::minutes(50));
        second.at = world_.clock.now() + std::chrono::duration_cast<Millis>(later);
        if (happens(faults_.reply_disordered, "the second answer comes first")) later = when - Steady(1);
        say(later, second);
    }
    if (happens(faults_.reply_in_parts, "a reply in several parts")) return say_in_parts(when, reply);
    say(when, std::move(reply), once ? ref : std::string());
}

// As gateways hand on a long text: each piece a text of its own, of octets, under one reference.
void Carrier::say_in_parts(Steady after, const InboundText& whole) {
    constexpr int total = 3;
    auto& random = world_.random;
    auto group = fmt::format("{}", ++next_);
    std::string first = long_answers[random.below(std::size(long_answers))];
    std::vector<InboundText> pieces;
    for (int number = 1; number <= total; ++number) {
        auto piece = whole;
        piece.key.clear();
        piece.text = Text(fmt::format("{}<{}-{}-{}>", number == 1 ? first : "，说来话长，我把前后经过再讲一遍", name_, group, number));
        piece.part = TextPart{group, number, total, piece.text.reveal(), "UTF-8"};
        pieces.push_back(std::move(piece));
    }
    if (happens(faults_.part_lost, "a part never comes")) pieces.pop_back();
    if (happens(faults_.part_disordered, "parts out of order")) std::reverse(pieces.begin(), pieces.end());
    for (auto& piece : pieces) {
        after += between(std::chrono::milliseconds(1), std::chrono::seconds(20));
        if (happens(faults_.part_doubled, "a part twice")) say(after + std::chrono::seconds(5), piece);
        say(after, std::move(piece));
    }
}

void Carrier::reach(const Submission& submission, const std::vector<std::string>& ids, Steady response_after) {
    auto& random = world_.random;
    bool question = submission.text.reveal().find("回T退订") != std::string::npos;
    world_.watch.reached(submission, name_, static_cast<int>(ids.size()));
    bool delivered = random.unit() >= faults_.undelivered;
    auto receipt_after = happens(faults_.receipt_early, "receipt before the response") ? Steady(1) : response_after + between(std::chrono::seconds(1), std::chrono::hours(3));
    report(submission, ids, receipt_after, delivered);
    if (delivered && random.unit() < faults_.answers && (question || random.unit() < 0.2)) answer(submission, question, receipt_after);
    if (happens(faults_.unasked, "a text that answers nothing")) write_unasked(submission);
    if (happens(faults_.short_code, "a text from a short code")) {
        InboundText text;
        text.from = Phone::sender("10086");
        text.to = access_number_, text.text = Text("1"), text.key = fmt::format("mo-{}-{}", name_, ++next_), text.at = world_.clock.now();
        say(between(std::chrono::minutes(1), std::chrono::hours(9)), std::move(text));
    }
}

// Most by numbers that nobody asked; one who was asked is in danger, and whoever is beside her must not see an answer.
void Carrier::write_unasked(const Submission& submission) {
    auto& random = world_.random;
    constexpr const char* letters[] = {"你好 1", "你好 1", "请问我的案子怎么样了", "谢谢上次的帮助", "救命 有人拿刀在门口", "救命 他拿着刀在门口 千万别回电话"};
    auto which = random.below(std::size(letters));
    bool asked = which == 5 && random.below(2);
    InboundText text;
    text.from = asked ? submission.phone : *Phone::mobile(fmt::format("139{:08}", random.below(100)));
    text.extension = asked ? submission.extension : std::string();
    text.to = access_number_ + text.extension, text.key = fmt::format("mo-{}-{}", name_, ++next_), text.at = world_.clock.now();
    text.text = Text(fmt::format("{} 来信{}{}", letters[which], name_, next_));
    say(between(std::chrono::minutes(1), std::chrono::hours(9)), std::move(text));
}

Outcome Carrier::http(int status, const char* body) const {
    http::FetchResponse response;
    response.status = status, response.content_type = "text/html", response.body = body;
    return generic_http::read_response(kannel(), response);
}

Carrier::Fate Carrier::take(const Submission& submission) {
    auto& random = world_.random;
    auto now = world_.clock.steady();
    Fate fate;
    fate.answer_after = happens(faults_.slow, "a slow carrier") ? between(std::chrono::seconds(5), std::chrono::seconds(28)) : between(std::chrono::milliseconds(5), std::chrono::milliseconds(800));
    if (inside(outages_, now)) return ++world_.fired["carrier out"], fate.outcome = Retry{"cannot connect"}, fate;
    if (inside(black_holes_, now)) return ++world_.fired["black hole"], fate;
    if (happens(faults_.retry, "refused for now")) return fate.outcome = Retry{"busy"}, fate;
    if (happens(faults_.throttled, "throttled")) return fate.outcome = Throttled{random.below(2) ? Throttled::channel : Throttled::number, std::chrono::seconds(3)}, fate;
    if (happens(faults_.refused, "number refused")) return fate.outcome = Permanent{Permanent::number, "no such number"}, fate;
    if (happens(faults_.opted_out, "carrier's blacklist")) return fate.outcome = OptedOut{"MBBLACK"}, fate;
    if (happens(faults_.words, "words refused")) return fate.outcome = Permanent{Permanent::content, "KEYWORD"}, fate;
    if (happens(faults_.config, "our settings refused")) return fate.outcome = Permanent{Permanent::config, "400"}, fate;
    if (happens(faults_.down, "no balance, or a wrong key")) return fate.outcome = ChannelDown{random.below(2) ? ChannelDown::auth : ChannelDown::balance, "402"}, fate;
    if (happens(faults_.swallowed, "swallowed")) return fate;
    if (happens(faults_.http_503, "HTTP 503 that proves a refusal")) return fate.outcome = http(503, "Temporal failure, try again later."), fate;
    if (happens(faults_.http_5xx_not_taken, "HTTP 5xx, not taken")) return fate.outcome = http(502, "<html>"), fate;
    if (happens(faults_.http_never_left, "connection refused")) return fate.outcome = generic_http::read_response(kannel(), tl::unexpected(http::Failure(http::Failure::When::before_send, "refused"))), fate;

    auto segments = cut_segments(submission.text.reveal());
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < segments->parts.size(); ++i)
        ids.push_back(happens(faults_.id_recurs, "an id that recurs") ? fmt::format("{}-{}", name_, 1 + random.below(20)) : fmt::format("{}-{}", name_, ++next_));
    if (ids.size() > 1 && happens(faults_.part, "the second part refused")) {
        ids.pop_back();
        reach(submission, ids, fate.answer_after);
        return fate.outcome = Partial{ids, "part 2 refused"}, fate;
    }
    reach(submission, ids, fate.answer_after);
    Outcome accepted = Accepted{ids};
    if (happens(faults_.answer_lost, "answer lost")) return fate;
    if (happens(faults_.answer_late, "answer too late")) return fate.late = accepted, fate;
    if (happens(faults_.http_5xx_taken, "HTTP 5xx, taken all the same")) return fate.outcome = http(random.below(2) ? 500 : 504, "oops"), fate;
    if (happens(faults_.http_garbage, "an answer nobody understands")) return fate.outcome = http(200, "{\"ok\":"), fate;
    fate.outcome = accepted;
    return fate;
}

asio::awaitable<void> Carrier::push(Sink& sink, std::vector<Inbound> inbound) {
    auto* inbox = hooks_ ? dynamic_cast<inbound::Inbox*>(&sink) : nullptr;
    if (!inbox) {
        co_await sink.take(name_, std::move(inbound));
        co_return;
    }
    std::string body = fmt::format("a body of {} items", inbound.size());
    co_await inbox->take_body(name_, std::move(body), std::move(inbound));
}

void Carrier::acknowledged(const Event& event) {
    if (!event.said) return;
    if (const auto* receipt = std::get_if<Receipt>(&*event.said)) reported_.insert(receipt->ref);
    const auto* text = std::get_if<InboundText>(&*event.said);
    if (!text) return;
    auto& acknowledged = text->part ? acknowledged_pieces_ : acknowledged_texts_;
    acknowledged.insert_or_assign(event.id, Said{text->from.reveal(), text->text.reveal(), event.answers, !text->key.empty()});
    if (text->text.reveal() == "T") world_.watch.opted_out(text->from.reveal());
    if (text->text.reveal().find("别回电话") != std::string::npos) world_.watch.asked_for_silence(text->from.reveal());
}

asio::awaitable<void> Carrier::serve(Sink& sink, const bool& dead) {
    while (!dead) {
        auto now = world_.clock.steady();
        if (events_.empty() || events_.begin()->first > now) {
            Steady pause = events_.empty() ? Steady(std::chrono::hours(1)) : events_.begin()->first - now;
            co_await more_.wait(pause);
            continue;
        }
        if (happens(faults_.link_broke, "the link broke")) throw std::runtime_error("reset by peer");
        // Several in one push, as far as they are due.
        std::vector<std::multimap<Steady, Event>::iterator> pushed{events_.begin()};
        bool many = happens(faults_.push_many, "many in one push");
        for (auto it = std::next(events_.begin()); many && it != events_.end() && it->first <= now + std::chrono::minutes(30) && pushed.size() < 20; ++it)
            if (it->second.said && events_.begin()->second.said) pushed.push_back(it);
        bool kept = true;
        try {
            const auto& first = pushed.front()->second;
            if (first.late) {
                co_await sink.late(name_, first.late_ref, *first.late);
            } else {
                std::vector<Inbound> all;
                for (auto it : pushed) all.push_back(*it->second.said);
                co_await push(sink, std::move(all));
            }
        } catch (const boost::system::system_error& error) {
            if (error.code() == asio::error::operation_aborted) throw;
            kept = false;
        } catch (const std::exception&) {
            kept = false;
        }
        if (dead) co_return;  // nobody heard the answer: the next life is told again
        if (kept && pushed.front()->second.said && happens(faults_.push_unheard, "our answer to a push was lost")) kept = false;
        if (!kept) {
            co_await sleep_for(std::chrono::seconds(1));
            continue;
        }
        for (auto it : pushed) {
            acknowledged(it->second);
            events_.erase(it);
        }
    }
}

}  // namespace pingjing::sim
