// What carriers tell us, kept before they get their answer: sealed bodies, receipts, citizens' texts. Kept once, however often
// it is pushed, for as long as the data lives.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "daemon/core/message.hpp"
#include "daemon/core/phone.hpp"
#include "daemon/core/rating.hpp"
#include "daemon/core/result.hpp"
#include "daemon/core/text.hpp"
#include "daemon/store/seal.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::store {

// A callback as it was delivered: all that reading it again would need, and what tells it from another.
struct HookCall {
    HookCall() = default;
    HookCall(std::string b) : body(std::move(b)) {}  // a POST of nothing but a body
    HookCall(const char* b) : body(b) {}
    std::string method = "POST";
    std::string path{}, query{};  // behind the secret: "dlr"; raw, without '?'
    std::string content_type{};
    std::vector<std::pair<std::string, std::string>> headers{};  // those that a vendor may have signed with
    std::string body{};
};
static_assert(!std::is_aggregate_v<HookCall>);  // it travels through coroutines

// Sealed. Under an id that was taken before (Connection::next_id): the rows of a body come first, and where all of them are repetitions
// the body is one too.
void keep_body(Connection& db, const Seal& seal, std::int64_t id, std::string_view channel, const HookCall& call, bool understood, Instant now);

struct NewReceipt {
    std::string key{}, ref{}, vendor_id{}, state{}, code{}, meaning{};
    std::optional<std::int64_t> phone_id{};
    std::optional<Instant> at{};
    bool key_is_open = false;  // open_id() made it
};
// What became of it already when it is kept; `new`: nothing, the receipts step will see.
struct ReceiptFate {
    std::string_view step = "new";  // new, parked, applied
    std::optional<std::int64_t> message_id{};
};
// False: it is a repetition.
bool keep_receipt(Connection& db, const Seal& seal, std::string_view channel, const NewReceipt& receipt, const std::optional<std::int64_t>& body_id, Instant now,
                  const ReceiptFate& fate = {});

struct NewText {
    std::string key{};  // the vendor's id; empty: built from what it says
    Phone from{};
    std::string to{}, extension{};
    Text text{};
    std::optional<Instant> at{};
    bool key_recurs = false;  // other texts may have had that id
    // Made by make_ready(), outside the store's thread.
    struct Ready { std::string phone_key{}, key{}, to{}, extension{}; };
    std::optional<Ready> ready{};
};
void make_ready(const Seal& seal, NewText& text);
bool keep_text(Connection& db, const Seal& seal, std::string_view channel, const NewText& text, const std::optional<std::int64_t>& body_id, Instant now);

// A delivery's texts, read before the store is asked for: an answer to a survey is kept and counted in one commit. Whatever else a text is
// waits, kept, for the answers step, and so does everything from its number behind it.
class ReadTexts {
public:
    virtual ~ReadTexts() = default;
    enum class Kept { repeated, waits, settled };
    // First all of them, in their order, outside the store's thread.
    virtual void read(const NewText& text) = 0;
    // Inside a transaction, which may be tried again from its beginning: first this, then the texts in their order.
    virtual void begin(Connection& db) = 0;
    virtual Kept keep(Connection& db, std::size_t n, std::string_view channel, const NewText& text, const std::optional<std::int64_t>& body_id, Instant now) = 0;
    virtual void kept() = 0;  // it is durable
};

// ── callbacks that are not what the mapping expects ──

// A cry for help that stands in one: whose it is, as far as that can be said, and the words that the desk gets.
struct Cry {
    std::optional<Phone> from{};
    Text words{};
    bool do_not_contact = false;
    // One alarm for many: each with its number and its words; it is nobody's then, and its own words say how many they are.
    std::vector<Cry> folded{};
};
// What the desk reads: the words, and of what is folded in it each with its number, up to 16 KiB.
Text words_of(const Cry& cry);
// What is folded in the alarm of that text; what was erased is gone.
std::vector<Cry> find_folded(Connection& db, const Seal& seal, std::int64_t inbound_id);
// What could be read of a callback and what could not are kept in one commit.
struct TakenInPart {
    std::int64_t body_id = 0;           // Connection::next_id: the rows of what was read name it
    std::vector<std::string> places{};  // where in the callback the texts stand that were taken
};
// One row of the books; of several cries from different numbers one row for each, folded ones too: whoever is forgotten takes his words with him.
// Returns the rows of `cries` without the folded ones; nullopt: a repetition. That is the same with its query and to the same path, within 24
// hours and while nobody has read the earlier one; with a cry in it, within 30 minutes of an alarm.
std::optional<std::vector<std::int64_t>> keep_quarantined(Connection& db, const Seal& seal, std::string_view channel, const HookCall& call, std::string_view why, Instant now,
                                                          const std::vector<Cry>& cries = {}, const TakenInPart* in_part = nullptr);

struct QuarantinedRow {
    std::int64_t id = 0, inbound_id = 0;  // of the callback; of its first row in the books
    std::string channel{}, why{};
    Instant at{};
    std::int64_t bytes = 0;  // as it is kept: with its query and what belongs to it
    bool alarm = false;      // the desk has words of it
};
// Those that nobody has read since, the oldest first, behind `after`. Erased ones are gone.
std::vector<QuarantinedRow> find_quarantined(Connection& db, const std::optional<std::string>& channel, std::int64_t after, int most);
std::optional<QuarantinedRow> find_quarantined(Connection& db, std::int64_t id);
// `query_or_body`: an earlier version kept one of the two, whichever was not empty; it stands in `body`.
// `taken`: the places of texts that were taken of it already.
struct QuarantinedCall { HookCall call{}; bool query_or_body = false; std::vector<std::string> taken{}; };
// internal: it does not open.
Result<QuarantinedCall> open_quarantined(Connection& db, const Seal& seal, std::int64_t id);
// Of one that was opened before (`kept`): more of it could be read, not all; its texts that are taken by now stand at `taken`. A conflict: somebody
// else has read of it since it was opened, and what is to be taken may be taken already.
Result<void> record_taken(Connection& db, const Seal& seal, std::int64_t id, const QuarantinedCall& kept, std::vector<std::string> taken);
// All of it could be read. Its row in the books stays: that is how it came. A conflict: as above.
Result<void> mark_reread(Connection& db, const Seal& seal, std::int64_t id, const QuarantinedCall& kept, Instant now);

// ── what the answers step finds and writes ──

struct InboundRow {
    std::int64_t id = 0;
    std::string channel{}, key{}, to{}, extension{};
    std::optional<std::int64_t> phone_id{};  // of a mobile number
    std::string sealed_text{};
    std::optional<Instant> at{};
    Instant received_at{};
};
std::vector<InboundRow> find_new_texts(Connection& db, int limit);
bool any_new_texts(Connection& db);
bool any_new_text_of(Connection& db, std::int64_t phone_id);
// The vendor's time where it can be true: a text may be days on its way, but not from the future.
Instant written_at(const std::optional<Instant>& by_vendor, Instant received_at);
std::string inbound_text_context(std::int64_t id);
std::string inbound_phone_context(std::int64_t id);
// The same words from the same number, kept earlier than `id` and after `since`, where the vendor names no time.
bool is_replay(Connection& db, const InboundRow& row, Instant since);

struct Reading {
    std::string what{};  // the class of the books: rated repeated late ambiguous opt_out help none unmatched quarantined
    std::optional<std::int64_t> case_id{};
    std::string match{}, label{}, method{}, why{};
    std::optional<int> rating{};
    double confidence = 0;
};
void record_reading(Connection& db, std::int64_t inbound_id, const Reading& reading, Instant now);

// In two steps what keep_text does in one: the row as it will stand, and the row with what was read in it. False: it is a repetition, and
// nothing was written.
InboundRow begin_text(Connection& db, const Seal& seal, std::string_view channel, const NewText& text, Instant now);
bool keep_text_as(Connection& db, const Seal& seal, const InboundRow& row, const NewText& text, const std::optional<std::int64_t>& body_id, const std::optional<Reading>& reading);

// A survey of a number that is or was with a carrier.
struct SentSurvey {
    std::int64_t message = 0, case_id = 0;
    int slot = 0;
    bool open = false;
    Instant claimed_at{}, answer_until{};
    std::string text_name{};  // by which it asked
    MessageState state = MessageState::accepted;
};
std::optional<Scale> scale_of_survey(Connection& db, std::int64_t message_id);
std::vector<SentSurvey> sent_surveys_to(Connection& db, std::int64_t phone_id);
// Which answers to a number, made after some moment, went or will go.
struct Told { bool emergency = false, opt_out = false, help = false; };
// A text of a case that went or may go.
struct CaseText {
    std::optional<std::int64_t> case_id{};
    Purpose purpose = Purpose::survey;
    MessageState state = MessageState::due;
    std::optional<Instant> claimed_at{};
};
struct TextsTo {
    std::vector<SentSurvey> surveys{};  // as they left
    std::vector<CaseText> all{};
    Told told{};
};
TextsTo texts_to(Connection& db, std::int64_t phone_id, Instant told_since);
std::optional<std::int64_t> newest_case_of(Connection& db, std::int64_t phone_id);

}  // namespace pingjing::store
