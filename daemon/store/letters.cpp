#include "daemon/store/letters.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/store/cases.hpp"
#include "daemon/store/inbox.hpp"
#include "daemon/store/outbox.hpp"
#include "daemon/store/phones.hpp"

namespace pingjing::store {
namespace {

constexpr int answer_part = 1, closing_part = 2;
constexpr Millis answer_stands = std::chrono::hours(72);

std::string letter_words_context(std::int64_t letter_id, int part) { return fmt::format("letter_words.words:{}:{}", letter_id, part); }

const std::string letter_columns = R"sql(
    SELECT l.id, l.inbound_id, l.at, i.phone_id, i.channel, i.extension, i.why, i.text, a.id, a.acknowledged_at,
           l.answered_at, l.answered_by, l.closed_at, l.closed_by, l.message_id, m.state,
           (SELECT w.words FROM letter_words w WHERE w.letter_id = l.id AND w.part = 1), (SELECT w.words FROM letter_words w WHERE w.letter_id = l.id AND w.part = 2)
      FROM letters l JOIN inbound i ON i.id = l.inbound_id LEFT JOIN alarms a ON a.inbound_id = l.inbound_id LEFT JOIN messages m ON m.id = l.message_id )sql";

// An answer that will not leave any more is none.
constexpr std::string_view lost = "m.state = 'cancelled' OR m.state = 'failed' OR m.state = 'held'";
bool is_lost(std::string_view state) { return state == "cancelled" || state == "failed" || state == "held"; }

std::optional<Text> opened(const Seal& seal, const Statement& row, int column, const std::string& context) {
    if (row.is_null(column)) return std::nullopt;
    auto plain = seal.open(row.text(column), context);
    return plain ? std::optional(Text(*plain)) : std::nullopt;
}

Letter read_letter(const Seal& seal, const Statement& row) {
    Letter l;
    l.id = row.integer(0), l.inbound_id = row.integer(1), l.at = row.instant(2), l.phone_id = row.maybe_integer(3);
    l.channel = row.text(4), l.extension = row.text(5), l.why = row.maybe_text(6).value_or("");
    auto text = opened(seal, row, 7, inbound_text_context(l.inbound_id));
    l.erased = !text;
    if (text) l.text = *text;
    l.alarm = row.maybe_text(8), l.alarm_open = l.alarm && row.is_null(9);
    if (!row.is_null(10)) l.answered = Letter::Done{row.instant(10), row.text(11), opened(seal, row, 16, letter_words_context(l.id, answer_part))};
    if (!row.is_null(12)) l.closed = Letter::Done{row.instant(12), row.text(13), opened(seal, row, 17, letter_words_context(l.id, closing_part))};
    l.message_id = row.maybe_integer(14), l.message_state = row.maybe_text(15).value_or("");
    return l;
}

void keep_letter_words(Connection& db, const Seal& seal, std::int64_t letter_id, int part, const Text& words) {
    Statement add(db, "INSERT INTO letter_words(letter_id, part, words) VALUES (?1, ?2, ?3)");
    add.bind(1, letter_id).bind(2, part).bind_blob(3, seal.seal(words.reveal(), letter_words_context(letter_id, part))).run();
}

auto conflict(std::string why) { return fail(Error::Kind::conflict, std::move(why)); }

// Of whom only the token's number: the row has the name.
void append_letter(Connection& db, std::string_view kind, std::int64_t id, std::string_view who, Instant now) {
    append(db, now, kind, std::nullopt, fmt::format(R"({{"letter":{},"by":"{}"}})", id, who.substr(0, who.find('/'))));
}

}  // namespace

bool Letter::open() const { return !closed && (!answered || is_lost(message_state)); }

void open_letter(Connection& db, std::int64_t inbound_id, Instant now) {
    Statement known(db, "SELECT 1 FROM letters WHERE inbound_id = ?1");
    if (known.bind(1, inbound_id).step()) return;
    auto id = db.next_id("letters");
    Statement add(db, "INSERT INTO letters(id, inbound_id, at) VALUES (?1, ?2, ?3)");
    add.bind(1, id).bind(2, inbound_id).bind(3, now).run();
    append(db, now, "letter", std::nullopt, fmt::format(R"({{"letter":{},"inbound":{}}})", id, inbound_id));
}

std::optional<Letter> find_letter(Connection& db, const Seal& seal, std::int64_t id) {
    Statement find(db, letter_columns + "WHERE l.id = ?1");
    if (!find.bind(1, id).step()) return std::nullopt;
    return read_letter(seal, find);
}

std::vector<Letter> find_letters(Connection& db, const Seal& seal, bool all, int most) {
    std::vector<Letter> out;
    Statement waiting(db, letter_columns + fmt::format("WHERE l.closed_at IS NULL AND (l.message_id IS NULL OR {}) ORDER BY a.id IS NULL, l.at, l.id LIMIT ?1", lost));
    for (waiting.bind(1, most); waiting.step();) out.push_back(read_letter(seal, waiting));
    if (!all) return out;
    Statement settled(db, letter_columns + fmt::format("WHERE l.closed_at IS NOT NULL OR NOT (l.message_id IS NULL OR {}) ORDER BY l.id DESC LIMIT ?1", lost));
    for (settled.bind(1, most); settled.step();) out.push_back(read_letter(seal, settled));
    return out;
}

Result<void> may_answer(Connection& db, const Letter& letter, const LetterRules& rules, Instant now) {
    if (letter.closed) return conflict("the letter is closed");
    if (letter.at < no_send_before(db)) return conflict("it came before the store was restored, so an answer may have gone already: expected a call");
    if (letter.answered) return conflict(fmt::format("it was answered by {} at {}: one answer a letter", letter.answered->by, format_utc(letter.answered->at)));
    if (letter.alarm_open) return conflict("it is an emergency that nobody has acknowledged yet: see the desk");
    if (!letter.phone_id) return conflict("it came from no mobile number: nobody would read an answer");
    if (letter.why == "none.elsewhere") return conflict("a machine wrote it: it is not answered");
    if (letter.erased) return conflict("the letter is erased");
    if (is_opted_out(db, *letter.phone_id)) return conflict("the number has opted out of our texts");
    if (has_safety_hold(db, *letter.phone_id, 0, now - rules.safety_hold)) return conflict("the number is not texted (safety code): somebody else may read it");
    Statement silent(db, "SELECT 1 FROM alarms WHERE inbound_id = ?1 AND do_not_contact = 1");
    if (silent.bind(1, letter.inbound_id).step()) return conflict("the letter asks not to be answered");
    return {};
}

Result<void> answer_letter(Connection& db, const Seal& seal, Random& random, const Letter& letter, const Text& words, std::string_view who, const LetterRules& rules, Instant now) {
    if (auto may = may_answer(db, letter, rules, now); !may) return may;
    NewMessage message;
    message.inbound_id = letter.inbound_id, message.purpose = Purpose::letter, message.text_name = "letter", message.phone_id = *letter.phone_id;
    message.channel = letter.channel, message.due_at = now, message.stale_at = now + answer_stands;
    auto message_id = plan_message(db, random, message, now);
    Statement mark(db, "UPDATE letters SET answered_at = ?2, answered_by = ?3, message_id = ?4 WHERE id = ?1 AND answered_at IS NULL");
    mark.bind(1, letter.id).bind(2, now).bind(3, who).bind(4, message_id).run();
    keep_letter_words(db, seal, letter.id, answer_part, words);
    append_letter(db, "letter_answered", letter.id, who, now);
    return {};
}

Result<void> close_letter(Connection& db, const Seal& seal, const Letter& letter, const Text& words, std::string_view who, Instant now) {
    if (!letter.open()) return conflict(letter.closed ? fmt::format("it was closed by {} at {}", letter.closed->by, format_utc(letter.closed->at))
                                                                     : std::string("it is answered"));
    if (letter.alarm_open) return conflict("it is an emergency that nobody has acknowledged yet: see the desk");
    Statement mark(db, "UPDATE letters SET closed_at = ?2, closed_by = ?3 WHERE id = ?1 AND closed_at IS NULL");
    mark.bind(1, letter.id).bind(2, now).bind(3, who).run();
    if (letter.message_id) {  // an answer that is held must not leave later
        Statement call_off(db, "UPDATE messages SET state = 'cancelled', code = 'cancelled', settled_at = ?2, open = 0 WHERE id = ?1 AND (state = 'due' OR state = 'held')");
        call_off.bind(1, letter.message_id).bind(2, now).run();
    }
    if (!words.empty() && !letter.erased) keep_letter_words(db, seal, letter.id, closing_part, words);  // words about what is erased would outlive it
    append_letter(db, "letter_closed", letter.id, who, now);
    return {};
}

std::optional<LetterAnswer> find_letter_answer(Connection& db, const Seal& seal, std::int64_t message_id) {
    Statement find(db, R"sql(
        SELECT l.id, i.received_at, w.words FROM letters l JOIN inbound i ON i.id = l.inbound_id JOIN letter_words w ON w.letter_id = l.id AND w.part = 1
         WHERE l.message_id = ?1)sql");
    if (!find.bind(1, message_id).step()) return std::nullopt;
    auto words = opened(seal, find, 2, letter_words_context(find.integer(0), answer_part));
    return words ? std::optional(LetterAnswer{*words, find.instant(1)}) : std::nullopt;
}

}  // namespace pingjing::store
