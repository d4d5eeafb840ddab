// A carrier and its citizens in the process: for demonstrations and flow tests. Takes every text, reports on it, and lets
// people answer. What it has promised to say later waits in its own queue and is said by serve(), so nothing runs without
// an owner; with a seed and virtual time the same day happens twice.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "daemon/async/signal.hpp"
#include "daemon/config/section.hpp"
#include "providers/provider.hpp"
#include "providers/simulated/citizens.hpp"

namespace pingjing::simulated {

// Shares of all submissions.
struct Faults { double ambiguous = 0, throttled = 0, refused = 0, retry = 0; };

// nullopt: silence.
using Citizen = std::function<std::optional<std::string>(const Phone&, const std::string& text, Random&)>;

struct Settings {
    std::string channel, source;
    int extension_digits = 0;
    // Business time for receipts and replies (a fast clock shortens them), the network's own for responses.
    Range response{std::chrono::milliseconds(5), std::chrono::milliseconds(60)};
    Range receipt{std::chrono::seconds(2), std::chrono::seconds(40)};
    Range reply{std::chrono::seconds(40), std::chrono::minutes(90)};
    double receipt_share = 0.99;       // of accepted texts, a final receipt comes
    double delivered_share = 0.96;     // of those, delivered
    double repeated_share = 0.01;      // of receipts and replies, said twice
    double clarified_share = 0.5;      // of those asked again, answer with a code
    Replies replies;
    Faults faults;
    std::string survey_mark = "回T退订";  // only a text that asks for a rating has it
    std::string clarify_mark = "未能识别";
    std::map<std::string, std::string> phones;  // number → what its owner answers to a survey, "" for nothing
    Citizen citizen;                   // instead of phones and replies
    std::function<double(const Phone&)> temper;  // how much more often its owner is dissatisfied than `replies` says; null: 1
};

std::optional<Settings> read_settings(config::Section& section, const provider::ChannelFacts& facts);

class Simulated final : public provider::Provider {
public:
    Simulated(Settings settings, provider::World& world);

    const provider::Abilities& abilities() const override { return abilities_; }
    boost::asio::awaitable<provider::Outcome> submit(provider::Submission submission) override;
    boost::asio::awaitable<void> serve(provider::Sink& sink) override;
    std::string describe() const override;

    int texted(const Phone& phone) const;  // how many texts that ask for a rating this phone really got
    int most_texted() const;               // of all phones
    int questions() const;                 // how many of them reached a phone in all
    int most_asked() const;                // how often the same one did: one, or the promise is broken
    std::size_t phones_asked() const { return texted_.size(); }
    std::size_t waiting() const { return events_.size(); }

private:
    Steady somewhere(Range range);
    Steady business(Range range);
    bool happens(double share) { return share > 0 && random_.unit() < share; }
    void say_later(Steady after, provider::Inbound inbound);
    void reach(const provider::Submission& submission, const std::vector<std::string>& ids);
    std::optional<std::string> answer_to_survey(const Phone& phone, const std::string& text);

    Settings settings_;
    provider::Abilities abilities_;
    const Clock& clock_;
    Random& random_;
    Signal more_;
    std::multimap<Steady, provider::Inbound> events_;  // by the time at which they are said; equal times in order
    std::map<Phone, int> texted_;
    std::unordered_map<std::string, int> asked_;  // by our ref
};

provider::Make read(config::Section& section, provider::ChannelFacts facts);

}  // namespace pingjing::simulated
