// 平安短信: a text to people who agreed to get such texts, through the same outbox as surveys. One text a number and notice, however
// often the list is given.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/clock.hpp"
#include "daemon/core/phone.hpp"
#include "daemon/core/random.hpp"
#include "daemon/core/result.hpp"
#include "daemon/core/text.hpp"
#include "daemon/store/seal.hpp"

namespace pingjing::store {
class Connection;

struct Notice {
    std::int64_t id = 0;
    std::string name{}, text_name{}, made_by{};
    Instant made_at{};
    std::optional<Instant> stopped_at{};
    std::map<std::string, std::int64_t> texts{};  // how many by state
};

// The notice of this name, made if there is none. conflict: it is there with another text, or stopped, or older than 30 days.
// conflict too: the store was restored less than a week ago, and what was sent after its backup is not known here; unless somebody takes that on.
struct NewNotice { std::string name{}, text_name{}, who{}; Text reason{}; bool accept_possible_double = false; };
Result<std::int64_t> open_notice(Connection& db, const Seal& seal, const NewNotice& wanted, Instant now);

bool is_of_stopped_notice(Connection& db, std::int64_t message_id);

struct NoticeRules { Millis safety_hold{}, stands{}; };  // a text that has not left after so long is stale
// "planned"; or why not: known (this notice has it already), opt_out, phone_hold.
std::string plan_notice(Connection& db, const Seal& seal, Random& random, std::int64_t notice_id, std::string_view text_name, const Phone& phone,
                        std::string_view consented_on, const NoticeRules& rules, Instant now);

std::optional<Notice> find_notice(Connection& db, std::string_view name);
std::vector<Notice> find_notices(Connection& db, int most);  // the newest first
// What has not left does not leave any more. Returns how many that were.
int stop_notice(Connection& db, const Seal& seal, const Notice& notice, const Text& reason, std::string_view who, Instant now);

// One number of a notice: for whoever has to prove what was sent to whom, and that he had agreed.
struct NoticePhone {
    std::int64_t phone_id = 0;
    std::string consented_on{}, state{}, channel{};
    std::optional<Instant> sent_at{}, settled_at{};
};
std::vector<NoticePhone> find_notice_phones(Connection& db, std::int64_t notice_id, std::int64_t after_phone, int most);

}  // namespace pingjing::store
