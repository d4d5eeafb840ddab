// What people do with a text that asks them: by shares, by number, or by rules. Shared by the carrier in the process and by the one
// behind `pingjing simulate`.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/config/section.hpp"
#include "daemon/core/phone.hpp"
#include "daemon/core/random.hpp"

namespace pingjing::simulated {

struct Range { std::chrono::milliseconds least{}, most{}; };
// NAME_least and NAME_most.
Range read_range(config::Section& section, const std::string& name, Range fallback);

// What people do with a survey; shares of the sum.
struct Replies {
    double satisfied = 24, basically = 2.6, dissatisfied = 1.8;  // a code, plain or in a frame
    double words = 1.2, ambiguous = 0.6, none = 1.5, opt_out = 0.3, emergency = 0.03;
    double silence = 68;
};
Replies read_replies(config::Section& section);                                // of a table [replies]
std::map<std::string, std::string> read_phones(config::Section& section);     // of a table [phones]
std::optional<std::string> mixed_answer(const Replies& replies, Random& random);  // nullopt: silence
std::string clarified_answer(Random& random);                                  // of one who was asked again

// The first that fits says what is answered.
struct Rule {
    std::string number{};                     // its first digits; empty: everybody
    std::function<bool(const std::string&)> fits{};  // what the text has to look like; null: anything
    double share = 1;                         // of those whom it fits; the others keep silent
    std::vector<std::string> answers{};       // empty: silence
    enum class Order { given, backwards, any } order = Order::given;
    Range after{}, between{};                 // the text and the first answer; one answer and the next
};

struct CitizenSettings {
    Replies replies{};
    Range reply{std::chrono::seconds(1), std::chrono::seconds(20)};
    double clarified_share = 0.5;
    std::string survey_mark = "回T退订", clarify_mark = "未能识别";  // of a text that asks, and of one that asks again
    std::map<std::string, std::string> phones{};
    std::vector<Rule> rules{};
};
CitizenSettings read_citizens(config::Section& section);  // a whole file; problems go to the section

struct Answer {
    std::chrono::milliseconds after{};
    std::string text{};
};

// With a seed everybody answers the same, in whatever order and company they were asked.
class Citizens {
public:
    Citizens(CitizenSettings settings, std::uint64_t seed) : settings_(std::move(settings)), seed_(seed) {}
    bool is_question(const std::string& text) const { return text.find(settings_.survey_mark) != text.npos; }
    std::vector<Answer> read(const Phone& phone, const std::string& text);

private:
    std::optional<std::vector<Answer>> by_rule(const Phone& phone, const std::string& text, Random& random) const;
    CitizenSettings settings_;
    std::uint64_t seed_;
    std::map<Phone, int> texts_{};  // that each has got
};

// A seed of one's own for each name.
std::uint64_t seed_of(std::uint64_t seed, const std::string& name, std::uint64_t number);
std::chrono::milliseconds somewhere(Range range, Random& random);

}  // namespace pingjing::simulated
