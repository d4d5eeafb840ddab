#include "tests/sim/carrier.hpp"

#include <fmt/format.h>

#include "daemon/text/segments.hpp"

namespace pingjing::sim {

using namespace provider;

namespace {

bool inside(const std::vector<std::pair<Steady, Steady>>& spans, Steady t) {
    for (const auto& [from, to] : spans)
        if (t >= from && t < to) return true;
    return false;
}

constexpr const char* answers[] = {"1", "1", "1", "1", "2", "3", "１", "满意", "不满意", "3 等了两个小时", "1 不满意", "好的", "T", "救命 有人拿刀", "?", "0", "1谢谢"};

}  // namespace

bool Carrier::happens(double share, const char* name) {
    if (share <= 0 || random_.unit() >= share) return false;
    ++fired_[name];
    return true;
}

void Carrier::say(Steady after, Inbound inbound) {
    Event event;
    event.said = std::move(inbound);
    events_.emplace(clock_.steady() + after, std::move(event));
    more_.notify();
}

void Carrier::say_late(Steady after, std::string ref, Outcome outcome) {
    Event event;
    event.late_ref = std::move(ref);
    event.late = std::move(outcome);
    events_.emplace(clock_.steady() + after, std::move(event));
    more_.notify();
}

void Carrier::reach(const Submission& submission, const std::vector<std::string>& ids, const std::string& access_number, Steady response_after) {
    const auto& text = submission.text.reveal();
    bool question = text.find("回T退订") != std::string::npos;
    reached_.push_back({submission.ref, submission.phone.reveal(), clock_.now(), clock_.steady(), static_cast<int>(ids.size()), question});

    bool delivered = random_.unit() >= faults_.undelivered;
    auto until_receipt = happens(faults_.receipt_early, "receipt before the response") ? Steady(1) : response_after + between(std::chrono::seconds(1), std::chrono::hours(3));
    if (!happens(faults_.receipt_lost, "receipt never comes")) {
        bool by_phone = happens(faults_.receipt_by_phone, "receipt with an unknown id");
        bool without_ref = by_phone || happens(faults_.receipt_without_ref, "receipt without our ref");
        for (const auto& id : ids) {
            Receipt receipt;
            if (!without_ref) receipt.ref = submission.ref;
            receipt.vendor_id = by_phone ? "foreign-" + id : id;
            receipt.phone = submission.phone;
            receipt.state = delivered ? ReceiptState::delivered : ReceiptState::failed;
            receipt.code = delivered ? "DELIVRD" : "UNDELIV";
            receipt.key = receipt.vendor_id + receipt.code;
            if (happens(faults_.receipt_contradicts, "receipt backwards")) {
                auto other = receipt;
                other.state = ReceiptState::failed, other.code = "UNDELIV", other.key = "late" + receipt.key;
                say(until_receipt + std::chrono::minutes(5), other);
            }
            if (happens(faults_.receipt_doubled, "receipt twice")) say(until_receipt + std::chrono::minutes(1), receipt);
            say(until_receipt, std::move(receipt));
        }
    }
    if (!delivered || random_.unit() >= faults_.answers) return;
    if (!question && random_.unit() < 0.8) return;
    InboundText reply;
    reply.from = submission.phone;
    reply.extension = happens(faults_.reply_without_extension, "reply to the bare number") ? "" : submission.extension;
    reply.to = access_number + reply.extension;
    reply.text = Text(answers[random_.below(std::size(answers))]);
    reply.key = happens(faults_.reply_without_key, "reply without an id") ? "" : fmt::format("mo-{}", ++next_);
    auto when = until_receipt + (happens(faults_.reply_late, "reply after its window") ? between(std::chrono::hours(73), std::chrono::hours(100))
                                                                                       : between(std::chrono::seconds(10), std::chrono::hours(5)));
    if (happens(faults_.reply_doubled, "reply pushed twice")) say(when + std::chrono::minutes(1), reply);
    if (happens(faults_.reply_twice, "a second answer")) {
        auto second = reply;
        second.text = Text(random_.below(2) ? "3" : "打错了,是1");
        second.key = fmt::format("mo-{}", ++next_);
        say(when + between(std::chrono::minutes(1), std::chrono::minutes(50)), second);
    }
    say(when, std::move(reply));
}

Carrier::Fate Carrier::take(const Submission& submission, const std::string& access_number) {
    auto now = clock_.steady();
    Fate fate;
    fate.answer_after = between(std::chrono::milliseconds(5), std::chrono::milliseconds(800));
    if (inside(outages_, now)) return ++fired_["carrier out"], fate.outcome = Retry{"cannot connect"}, fate;
    if (inside(black_holes_, now)) return ++fired_["black hole"], fate;
    if (happens(faults_.retry, "refused for now")) return fate.outcome = Retry{"busy"}, fate;
    if (happens(faults_.throttled, "throttled")) return fate.outcome = Throttled{random_.below(2) ? Throttled::channel : Throttled::number, std::chrono::seconds(3)}, fate;
    if (happens(faults_.refused, "number refused")) return fate.outcome = Permanent{Permanent::number, "no such number"}, fate;
    if (happens(faults_.opted_out, "carrier's blacklist")) return fate.outcome = OptedOut{"MBBLACK"}, fate;
    if (happens(faults_.config, "our settings refused")) return fate.outcome = Permanent{Permanent::config, "400"}, fate;
    if (happens(faults_.swallowed, "swallowed")) return fate;

    auto segments = cut_segments(submission.text.reveal());
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < segments->parts.size(); ++i) ids.push_back(fmt::format("v-{}", ++next_));
    reach(submission, ids, access_number, fate.answer_after);
    Outcome accepted = Accepted{ids};
    if (happens(faults_.answer_lost, "answer lost")) return fate;
    if (happens(faults_.answer_late, "answer too late")) return fate.late = accepted, fate;
    fate.outcome = accepted;
    return fate;
}

asio::awaitable<void> Carrier::serve(Sink& sink, std::string channel, const bool& dead) {
    while (!dead) {
        auto now = clock_.steady();
        if (events_.empty() || events_.begin()->first > now) {
            Steady pause = events_.empty() ? Steady(std::chrono::hours(1)) : events_.begin()->first - now;
            co_await more_.wait(pause);
            continue;
        }
        auto it = events_.begin();
        auto event = it->second;
        bool kept = true;
        try {
            if (event.late) {
                co_await sink.late(channel, event.late_ref, *event.late);
            } else {
                if (auto* text = std::get_if<InboundText>(&*event.said)) text->at = clock_.now();
                std::vector<Inbound> one;
                one.push_back(*event.said);
                co_await sink.take(channel, std::move(one));
            }
        } catch (const boost::system::system_error& error) {
            if (error.code() == asio::error::operation_aborted) throw;
            kept = false;
        } catch (const std::exception&) {
            kept = false;
        }
        if (dead) co_return;  // nobody heard the answer: the next life is told again
        if (!kept) {
            co_await sleep_for(std::chrono::seconds(1));
            continue;
        }
        if (event.said)
            if (auto* text = std::get_if<InboundText>(&*event.said)) {
                if (!text->key.empty()) acknowledged_texts_.insert(text->key);
                if (text->text.reveal() == "T") opted_out_.emplace(text->from.reveal(), clock_.now());
            }
        events_.erase(it);
    }
}

}  // namespace pingjing::sim
