// All that happened to one call, and why: promise 3 (design.md) for one case. `explain` and GET /v1/calls/{id}.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/clock.hpp"
#include "daemon/core/phone.hpp"
#include "daemon/core/result.hpp"
#include "daemon/core/text.hpp"
#include "daemon/store/reviews.hpp"
#include "daemon/store/seal.hpp"

namespace pingjing::store { class Connection; }

namespace pingjing::reports {

struct Story {
    struct Version {
        std::int64_t number = 0;
        std::optional<std::int64_t> version{};  // as the 110 system counts them
        Instant at{};
        std::string outcome{};
        std::optional<std::string> code{};
    };
    struct Decision {
        Instant at{};
        std::string stage{}, outcome{};
        std::optional<std::string> code{};
        std::string rule{}, rules_sha256{};
    };
    struct Attempt {
        std::int64_t number = 0;
        std::string channel{};
        Instant claimed_at{};
        std::optional<Instant> settled_at{};
        std::optional<std::string> outcome{}, detail{};
    };
    struct Receipt {
        Instant at{};
        std::string state{}, code{}, meaning{};
    };
    struct Message {
        std::int64_t id = 0;
        std::string ref{}, purpose{}, state{};
        std::optional<std::string> channel{}, code{};
        Instant made_at{}, due_at{};
        std::vector<Attempt> attempts{};
        std::vector<Receipt> receipts{};
        std::optional<Text> text{};
    };
    struct Review {  // of a text that was for a person to decide
        std::int64_t id = 0;
        std::string kind{};
        Instant at{};
        std::optional<store::Review::Decided> decided{};
    };
    struct RatingRow {  // as it was made; which of them counts says `rating`
        std::string grade{}, method{}, effect{}, unit{};
        std::int64_t value = 0;
        std::optional<std::string> officer{};
    };
    struct Reveal {  // of a number, to whom and why
        Instant at{};
        std::string who{};
        std::optional<Text> reason{};
    };
    struct Inbound {
        Instant at{};
        std::optional<std::string> kind{}, verdict{}, why{}, match{};  // nullopt: not read yet
        std::optional<Text> text{};
        std::vector<Review> reviews{};
        std::vector<RatingRow> ratings{};
        std::vector<Reveal> reveals{};  // of who wrote it, at the desk
    };
    struct Rating {
        Instant at{};
        std::string grade{}, method{};
        std::int64_t value = 0;
        std::optional<std::string> officer{};
        std::string unit{};
        bool confirmed = false;  // by a person, where it came from words alone; or it is his
        bool counts = true;      // false: the case was re-coded after it, or an appeal stands against it
    };
    struct FollowupStep {
        Instant at{};
        std::string who{}, state{};
        std::optional<Text> note{};
    };
    struct Followup {
        std::string state{};
        Instant opened_at{}, due_at{};
        bool urgent = false, no_callback = false;
        std::vector<FollowupStep> steps{};
        std::string finding{}, topic{}, ordered_unit{}, told{};  // told: sms, call or letter
        std::optional<Text> place{}, ordered_to{};
        std::vector<Reveal> reveals{};                           // of the number
        std::optional<std::string> second{};                     // 二次回访满意: the newest grade of after the call-back
    };
    struct Alarm {  // an emergency: for the desk
        Instant at{};
        bool do_not_contact = false;
        std::optional<Instant> received_at{}, escalated_at{}, acknowledged_at{};
        std::string acknowledged_by{};
        std::optional<Text> words{};
    };
    struct Appeal {
        std::int64_t id = 0;
        std::string ground{}, state{}, by{};  // the officer's badge, or the unit
        Instant filed_at{}, due_at{};
        std::optional<std::string> proposed{};
        std::vector<FollowupStep> steps{};
    };
    struct ByHand {  // cancelled, sent again, released, forgotten
        Instant at{};
        std::string what{}, who{};
        std::optional<Text> reason{};
    };
    struct Hold {  // of sending: stop, clock or ceiling; of every channel where none is named
        std::string of{};
        std::optional<std::string> channel{};
        Instant since{};
    };
    struct Event {  // a line of the ledger
        std::int64_t seq = 0;
        Instant at{};
        std::string kind{}, data{};
    };

    std::int64_t case_id = 0;
    std::string id{}, state{}, unit{}, category{};
    std::optional<std::string> officer{}, code{};
    std::optional<Phone> phone{};  // shown in part only; nullopt: none, or erased
    std::vector<Version> versions{};
    std::vector<Decision> decisions{};
    std::vector<Message> messages{};
    std::vector<Hold> holds{};  // that stand now, if a text of it waits
    std::vector<Inbound> inbound{};
    std::optional<Rating> rating{};  // the one that stands
    std::optional<Followup> followup{};
    std::optional<Appeal> appeal{};
    std::vector<Alarm> alarms{};
    std::vector<ByHand> by_hand{};
    std::vector<Event> events{};
    std::vector<Instant> written_back{};  // when a line of it left for the 110 system
};

// `texts` (scope inspect): opens what was written and read. not_found: no such call.
Result<Story> read_story(store::Connection& db, const store::Seal& seal, std::string_view record, bool texts);

// What a channel can still say of a message in doubt, in words: `cut_off` when nobody waits for the carrier's response any more.
struct Evidence { std::string waiting{}, cut_off{}; };
using EvidenceOf = std::map<std::string, Evidence>;  // by the channel's name
// Of a message in doubt or unknown: what would settle it. nullopt: nothing is open.
std::optional<std::string> what_settles(const Story::Message& message, const EvidenceOf& evidence);

std::string story_json(const Story& story, const std::string& zone, const EvidenceOf& evidence = {});  // design.md A5
std::string story_text(const Story& story, const std::string& zone, const EvidenceOf& evidence = {});  // for people: a case file, in the order of time

}  // namespace pingjing::reports
