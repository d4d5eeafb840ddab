// What the configuration says about sending, as one value: replaced as a whole when the configuration is read again, kept by
// whoever is in the middle of something.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/clock.hpp"
#include "daemon/core/rating.hpp"
#include "daemon/outbox/route.hpp"
#include "daemon/outbox/texts.hpp"
#include "daemon/store/cases.hpp"

namespace pingjing::outbox {

struct ChannelRules {
    std::string name{};
    int window = 16, tps = 50;
    int extension_digits = 0, most_parts = 0;  // 0: the provider does not say
    bool carrier_adds_sign = false;
    std::int64_t daily_ceiling = 5000;
    Millis submit_timeout = std::chrono::seconds(35);
    Millis validity{};                                // 0: until the end of opening hours
    Millis no_report_after = std::chrono::hours(72);
    std::function<bool(Instant)> open{};              // null: no hours of its own
    std::string opens{};                              // at which it opens, local, for people
    std::function<int(const std::string&)> parts_of{};  // into how many messages it cuts a text; null: as phones do
};

struct Policy {
    std::vector<ChannelRules> channels{};
    std::vector<Route> routes{};
    std::shared_ptr<const NumberPlan> number_plan = std::make_shared<const NumberPlan>();
    Texts texts{};
    std::map<std::string, Texts> texts_of{};  // by language, where a call names another than the site's own
    // "en-GB" is answered in "en" where there is no "en-GB".
    // A text that this language lacks is sent in the site's own.
    const Texts& texts_for(const std::string& language, const std::string& name) const {
        auto found = texts_of.find(language);
        if (found == texts_of.end()) found = texts_of.find(language.substr(0, language.find('-')));
        return found == texts_of.end() || !found->second.has(name) ? texts : found->second;
    }
    bool surveys_flow = true;  // false: shadow, off. Surveys stay where they are
    int slots = 1;             // reply slots of a phone; 1: the bare number
    Millis answer_window = std::chrono::hours(72), answer_within = std::chrono::minutes(10), slot_rest = std::chrono::hours(24 * 30), safety_hold = std::chrono::hours(24 * 30), in_doubt_rest = std::chrono::hours(24);

    // Eligibility and its calendar, handed in: a stage does not know another one.
    std::function<store::Verdict(store::Connection&, const store::StoredCase&, const std::string& phone_key, const std::vector<Instant>& other_surveys, Instant)> decide{};
    std::function<Instant(const store::StoredCase&, Instant)> next_sending_time{};  // `now` where it may go now
    std::function<void(store::Connection&, std::int64_t phone_id, Instant)> called_off{};  // a survey to this number does not go
    std::function<Instant(const std::optional<store::StoredCase>&, Instant)> closing_time{};  // of the opening hours in which this moment lies
    struct Question { std::string text_name{}; Scale scale = Scale::three_110; };
    std::function<Question(const store::StoredCase&, std::string_view kind)> question{};  // by the case's service and how it may be asked
    std::function<std::string(Instant)> local_day{};                                // YYYY-MM-DD
    std::function<Instant(Instant)> start_of_day{};                                 // local midnight before this moment
};
using PolicyPtr = std::shared_ptr<const Policy>;

}  // namespace pingjing::outbox
