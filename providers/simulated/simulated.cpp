#include "providers/simulated/simulated.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include "daemon/async/timer.hpp"
#include "daemon/text/segments.hpp"

namespace pingjing::simulated {

using namespace provider;

std::optional<Settings> read_settings(config::Section& section, const ChannelFacts& facts) {
    bool was_clean = section.problems().empty();
    Settings out;
    out.channel = facts.name;
    out.source = section.text("source", "");
    out.extension_digits = static_cast<int>(section.integer("extension_digits", 0, 0, 12));
    out.response = read_range(section, "response", out.response);
    out.receipt = read_range(section, "receipt", out.receipt);
    out.reply = read_range(section, "reply", out.reply);
    out.receipt_share = section.real("receipt_share", out.receipt_share, 0, 1);
    out.delivered_share = section.real("delivered_share", out.delivered_share, 0, 1);
    out.repeated_share = section.real("repeated_share", out.repeated_share, 0, 1);
    out.clarified_share = section.real("clarified_share", out.clarified_share, 0, 1);
    out.survey_mark = section.text("survey_mark", out.survey_mark);
    out.clarify_mark = section.text("clarify_mark", out.clarify_mark);

    auto replies = section.child("replies");
    out.replies = read_replies(replies);

    auto faults = section.child("faults");
    auto& f = out.faults;
    for (auto [key, value] : {std::pair{"ambiguous", &f.ambiguous}, {"throttled", &f.throttled}, {"refused", &f.refused}, {"retry", &f.retry}})
        *value = faults.real(key, *value, 0, 1);
    faults.finish();

    auto phones = section.child("phones");
    out.phones = read_phones(phones);
    if (was_clean && !section.problems().empty()) return std::nullopt;
    return out;
}

Simulated::Simulated(Settings settings, World& world)
    : settings_(std::move(settings)), clock_(world.clock), random_(world.random), more_(world.executor) {
    abilities_.extension = settings_.extension_digits > 0;
    abilities_.echoes_ref = true;
    abilities_.largest_parts = 0;
}

Steady Simulated::somewhere(Range range) {
    auto width = std::max(range.most - range.least, std::chrono::milliseconds(0));
    return range.least + std::chrono::duration_cast<Steady>(std::chrono::duration<double, std::milli>(static_cast<double>(width.count()) * random_.unit()));
}

Steady Simulated::business(Range range) {
    auto full = somewhere(range);
    return Steady(static_cast<std::int64_t>(static_cast<double>(full.count()) / std::max(clock_.speed(), 1e-6)));
}

void Simulated::say_later(Steady after, Inbound inbound) {
    auto when = clock_.steady() + after;
    if (happens(settings_.repeated_share)) events_.emplace(when + business({std::chrono::seconds(1), std::chrono::minutes(5)}), inbound);
    events_.emplace(when, std::move(inbound));
    more_.notify();
}

std::optional<std::string> Simulated::answer_to_survey(const Phone& phone, const std::string& text) {
    if (settings_.citizen) return settings_.citizen(phone, text, random_);
    if (auto scripted = settings_.phones.find(phone.reveal()); scripted != settings_.phones.end())
        return scripted->second.empty() ? std::nullopt : std::optional(scripted->second);
    auto r = settings_.replies;
    if (settings_.temper) {
        auto temper = settings_.temper(phone);
        r.dissatisfied *= temper, r.basically *= (1 + temper) / 2;
    }
    return mixed_answer(r, random_);
}

// The text is in the carrier's hands: receipts for its parts, and perhaps an answer.
void Simulated::reach(const Submission& submission, const std::vector<std::string>& ids) {
    const auto& text = submission.text.reveal();
    bool delivered = happens(settings_.delivered_share);
    auto until_receipt = business(settings_.receipt);
    if (happens(settings_.receipt_share)) {
        for (const auto& id : ids) {
            Receipt receipt;
            receipt.ref = submission.ref;
            receipt.vendor_id = id;
            receipt.phone = submission.phone;
            receipt.state = delivered ? ReceiptState::delivered : ReceiptState::failed;
            receipt.code = delivered ? "DELIVRD" : happens(0.2) ? "MK:0001" : "UNDELIV";
            if (receipt.code == "MK:0001") receipt.meaning = Receipt::Meaning::number_invalid;
            receipt.key = id;
            say_later(until_receipt, std::move(receipt));
        }
    }
    bool survey = text.find(settings_.survey_mark) != std::string::npos;
    if (survey) ++texted_[submission.phone], ++asked_[submission.ref];
    if (!delivered) return;

    std::optional<std::string> answer;
    if (survey) answer = answer_to_survey(submission.phone, text);
    else if (text.find(settings_.clarify_mark) != std::string::npos && happens(settings_.clarified_share)) answer = clarified_answer(random_);
    if (!answer) return;
    InboundText reply;
    reply.from = submission.phone;
    reply.to = settings_.source + submission.extension;
    reply.extension = submission.extension;
    reply.text = Text(*answer);
    reply.key = "mo-" + random_.word(16, clock_.now());
    say_later(until_receipt + business(settings_.reply), std::move(reply));
}

asio::awaitable<Outcome> Simulated::submit(Submission submission) {
    if (settings_.response.most.count() > 0) co_await sleep_for(somewhere(settings_.response));
    auto segments = cut_segments(submission.text.reveal());
    if (submission.text.empty() || !segments) co_return Permanent{Permanent::content, "unreadable"};
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < segments->parts.size(); ++i) ids.push_back("sim-" + random_.word(16, clock_.now()));  // as at real carriers they begin with the time

    const auto& faults = settings_.faults;
    if (happens(faults.retry)) co_return Retry{"simulated: the link is down"};
    if (happens(faults.throttled)) co_return Throttled{Throttled::channel, std::chrono::seconds(1)};
    if (happens(faults.refused)) co_return Permanent{Permanent::number, "simulated"};
    if (happens(faults.ambiguous)) {
        // Half of what is in doubt was taken after all: only a receipt or a reply can tell.
        if (happens(0.5)) reach(submission, ids);
        co_return Ambiguous{"simulated: no answer"};
    }
    reach(submission, ids);
    co_return Accepted{std::move(ids)};
}

asio::awaitable<void> Simulated::serve(Sink& sink) {
    for (;;) {
        auto now = clock_.steady();
        std::vector<Inbound> batch;
        std::vector<std::multimap<Steady, Inbound>::iterator> said;
        auto end = events_.upper_bound(now);
        for (auto it = events_.begin(); it != end; ++it) {
            said.push_back(it);
            batch.push_back(it->second);
            auto at = clock_.now();
            std::visit([at](auto& inbound) { inbound.at = at; }, batch.back());
        }
        if (batch.empty()) {
            Steady pause = events_.empty() ? Steady(std::chrono::hours(1)) : events_.begin()->first - now;
            co_await more_.wait(pause);
            continue;
        }
        bool kept = true;
        try {
            co_await sink.take(settings_.channel, std::move(batch));
        } catch (const boost::system::system_error& error) {
            if (error.code() == asio::error::operation_aborted) throw;
            kept = false;
        } catch (const std::exception&) {
            kept = false;
        }
        // A carrier repeats what was not acknowledged.
        if (!kept) co_await sleep_for(std::chrono::seconds(1));
        else for (auto it : said) events_.erase(it);
    }
}

std::string Simulated::describe() const { return "a simulated carrier and its citizens: nothing is sent to anybody"; }

int Simulated::texted(const Phone& phone) const {
    auto found = texted_.find(phone);
    return found == texted_.end() ? 0 : found->second;
}

int Simulated::most_texted() const {
    int most = 0;
    for (const auto& [phone, count] : texted_) most = std::max(most, count);
    return most;
}

int Simulated::questions() const {
    int all = 0;
    for (const auto& [phone, count] : texted_) all += count;
    return all;
}

int Simulated::most_asked() const {
    int most = 0;
    for (const auto& [ref, count] : asked_) most = std::max(most, count);
    return most;
}

Make read(config::Section& section, ChannelFacts facts) {
    auto settings = read_settings(section, facts);
    if (!settings) return nullptr;
    return [settings = std::move(*settings)](World& world) -> std::unique_ptr<Provider> { return std::make_unique<Simulated>(settings, world); };
}

}  // namespace pingjing::simulated
