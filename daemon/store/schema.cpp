#include "daemon/store/schema.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "daemon/core/message.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::store {
namespace {

// Times are milliseconds since 1970 in UTC. A phone is one row of `phones`, found by its keyed
// hash (16 bytes) and sealed there, or empty when it was erased; everything else names the row, so that new rows lie at the end of
// every index but that one; texts and raw bodies are sealed blobs. The words of a message are made at the moment of sending. `cases`
// holds what was last said of a call; what was said
// before stands in `case_versions`. `cases.flags` are the exclusion codes that the record itself carries (its flags, and
// `minor`), so that a case can be decided again at the moment of sending without opening the sealed record.
// `messages.route` is the row of [[route]] a due message waits for, -1 until it was looked at; `template` names its text.
// A statement that a trigger, a foreign key or a SELECT could end half-way first copies every page it changes, unless it says
// OR FAIL: what it had done by then then stays, for the job that it was part of to be taken back. Measured: an UPDATE of a
// message 6 us with the copies, 3 us without. So the frequent ones say OR FAIL, and the triggers too.
// `inbound_parts`: pieces of long texts over a link, until all of a text are there; then they are one row of `inbound` and the piece
// keeps only its hash, by which a carrier's repetition is known.
// Checks spell out their words with OR: for an IN of more than two SQLite makes a table at each statement.
// A partial index serves only statements that say its condition word for word: states are literals in them, never parameters.
constexpr const char* step_1 = R"sql(
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE ledger(seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, case_id INTEGER, data TEXT NOT NULL,
  rows BLOB NOT NULL, mark INTEGER NOT NULL) STRICT;
CREATE INDEX ledger_case ON ledger(case_id, seq) WHERE case_id IS NOT NULL;
CREATE TABLE checkpoints(size INTEGER PRIMARY KEY, at INTEGER NOT NULL, note TEXT NOT NULL) STRICT;
CREATE TABLE ledger_head(id INTEGER PRIMARY KEY CHECK (id = 1), head BLOB NOT NULL) STRICT;

CREATE TABLE phones(id INTEGER PRIMARY KEY, key BLOB UNIQUE CHECK (length(key) = 16), sealed BLOB NOT NULL, first_seen INTEGER NOT NULL) STRICT;

CREATE TABLE intake_batches(id INTEGER PRIMARY KEY, at INTEGER NOT NULL, source TEXT NOT NULL, received INTEGER NOT NULL,
  accepted INTEGER NOT NULL, updated INTEGER NOT NULL, unchanged INTEGER NOT NULL, rejected INTEGER NOT NULL, excluded INTEGER NOT NULL,
  CHECK (received = accepted + updated + unchanged + rejected + excluded)) STRICT;
CREATE TABLE rejections(id INTEGER PRIMARY KEY, batch_id INTEGER NOT NULL REFERENCES intake_batches(id), line INTEGER NOT NULL,
  field TEXT NOT NULL, expected TEXT NOT NULL) STRICT;

CREATE TABLE cases(id INTEGER PRIMARY KEY, record TEXT NOT NULL UNIQUE, version INTEGER, content_key BLOB NOT NULL, state TEXT NOT NULL,
  unit TEXT NOT NULL, category TEXT NOT NULL, source TEXT NOT NULL, linked_to TEXT NOT NULL, language TEXT NOT NULL,
  phone_id INTEGER, contact_id INTEGER, officer TEXT, officer_role TEXT, call_taker TEXT NOT NULL,
  reported_at INTEGER NOT NULL, closed_at INTEGER, received_at INTEGER NOT NULL, changed_at INTEGER NOT NULL,
  code TEXT, kind TEXT NOT NULL, flags TEXT NOT NULL, safety INTEGER NOT NULL CHECK (safety IN (0, 1)), recoded_after INTEGER NOT NULL DEFAULT 0,
  erased_at INTEGER) STRICT;
CREATE INDEX cases_phone ON cases(phone_id, received_at) WHERE phone_id IS NOT NULL;
CREATE INDEX cases_safety ON cases(phone_id) WHERE phone_id IS NOT NULL AND safety = 1;
CREATE INDEX cases_contact ON cases(contact_id) WHERE contact_id IS NOT NULL AND safety = 1;
CREATE INDEX cases_closed ON cases(closed_at);
CREATE TABLE case_versions(case_id INTEGER NOT NULL REFERENCES cases(id), number INTEGER NOT NULL, version INTEGER, at INTEGER NOT NULL,
  outcome TEXT NOT NULL, code TEXT, content BLOB NOT NULL, PRIMARY KEY (case_id, number)) STRICT, WITHOUT ROWID;
CREATE TABLE case_officers(case_id INTEGER NOT NULL REFERENCES cases(id), position INTEGER NOT NULL, badge TEXT NOT NULL, role TEXT NOT NULL,
  PRIMARY KEY (case_id, position)) STRICT, WITHOUT ROWID;
CREATE TABLE decisions(id INTEGER PRIMARY KEY, case_id INTEGER NOT NULL REFERENCES cases(id), at INTEGER NOT NULL, stage TEXT NOT NULL,
  outcome TEXT NOT NULL, code TEXT, rule TEXT NOT NULL, rules_sha256 TEXT NOT NULL) STRICT;
CREATE INDEX decisions_case ON decisions(case_id, id);

CREATE TABLE messages(id INTEGER PRIMARY KEY, ref TEXT NOT NULL UNIQUE, case_id INTEGER REFERENCES cases(id), inbound_id INTEGER,
  purpose TEXT NOT NULL, template TEXT NOT NULL, priority INTEGER NOT NULL, state TEXT NOT NULL, code TEXT, phone_id INTEGER NOT NULL REFERENCES phones(id),
  text BLOB, parts INTEGER NOT NULL DEFAULT 0, route INTEGER NOT NULL DEFAULT -1, channel TEXT, slot INTEGER, open INTEGER NOT NULL DEFAULT 0 CHECK (open IN (0, 1)),
  made_at INTEGER NOT NULL, due_at INTEGER NOT NULL, stale_at INTEGER NOT NULL, attempt INTEGER NOT NULL DEFAULT 0,
  claimed_at INTEGER, accepted_at INTEGER, settled_at INTEGER, answer_until INTEGER, evidence TEXT,
  CHECK (purpose <> 'survey' OR case_id IS NOT NULL),
  CHECK (attempt > 0 OR state = 'due' OR state = 'held' OR state = 'cancelled'),
  CHECK (state = 'due' OR state = 'held' OR state = 'cancelled' OR text IS NOT NULL)) STRICT;
CREATE UNIQUE INDEX one_survey_a_case ON messages(case_id, CASE WHEN purpose = 'survey' THEN 0 ELSE id END) WHERE case_id IS NOT NULL;
CREATE UNIQUE INDEX one_open_survey_a_slot ON messages(phone_id, slot) WHERE purpose = 'survey' AND open = 1;
CREATE INDEX messages_due ON messages(route, priority, due_at, id) WHERE state = 'due';
CREATE INDEX messages_open ON messages(answer_until) WHERE open = 1;
CREATE INDEX messages_state ON messages(state, claimed_at, purpose);
CREATE INDEX messages_phone ON messages(phone_id, id);
CREATE TABLE slots(phone_id INTEGER NOT NULL, slot INTEGER NOT NULL, case_id INTEGER NOT NULL, taken_at INTEGER NOT NULL,
  free_at INTEGER NOT NULL, PRIMARY KEY (phone_id, slot)) STRICT, WITHOUT ROWID;
CREATE TABLE attempts(message_id INTEGER NOT NULL REFERENCES messages(id), attempt INTEGER NOT NULL, channel TEXT NOT NULL,
  claimed_at INTEGER NOT NULL, settled_at INTEGER, outcome TEXT, detail TEXT, PRIMARY KEY (message_id, attempt)) STRICT, WITHOUT ROWID;
CREATE TABLE channel_days(channel TEXT NOT NULL, day TEXT NOT NULL, surveys INTEGER NOT NULL, PRIMARY KEY (channel, day)) STRICT, WITHOUT ROWID;
CREATE TABLE receipt_keys(id INTEGER PRIMARY KEY, channel TEXT NOT NULL, vendor_id TEXT NOT NULL,
  message_id INTEGER NOT NULL REFERENCES messages(id), part INTEGER NOT NULL, at INTEGER NOT NULL, state TEXT) STRICT;
CREATE INDEX receipt_keys_vendor ON receipt_keys(channel, vendor_id, at);
CREATE INDEX receipt_keys_message ON receipt_keys(message_id);

CREATE TABLE hook_bodies(id INTEGER PRIMARY KEY, channel TEXT NOT NULL, at INTEGER NOT NULL, body BLOB, understood INTEGER NOT NULL) STRICT;
CREATE TABLE receipts(id INTEGER PRIMARY KEY, channel TEXT NOT NULL, key TEXT NOT NULL, body_id INTEGER, ref TEXT, vendor_id TEXT NOT NULL,
  phone_id INTEGER, state TEXT NOT NULL, code TEXT NOT NULL, meaning TEXT NOT NULL, at INTEGER, received_at INTEGER NOT NULL,
  message_id INTEGER, step TEXT NOT NULL CHECK (step = 'new' OR step = 'parked' OR step = 'applied' OR step = 'unknown')) STRICT;
CREATE UNIQUE INDEX one_receipt_a_key ON receipts(channel, key);
CREATE INDEX receipts_new ON receipts(id) WHERE step = 'new';
CREATE INDEX receipts_parked ON receipts(channel, vendor_id) WHERE step = 'parked';
CREATE INDEX receipts_parked_since ON receipts(received_at) WHERE step = 'parked';
CREATE INDEX receipts_message ON receipts(message_id, id) WHERE message_id IS NOT NULL;
CREATE TABLE inbound(id INTEGER PRIMARY KEY, channel TEXT NOT NULL, key TEXT NOT NULL, body_id INTEGER, phone_id INTEGER, phone BLOB,
  to_number TEXT NOT NULL, extension TEXT NOT NULL, text BLOB, at INTEGER, received_at INTEGER NOT NULL,
  step TEXT NOT NULL CHECK (step IN ('new', 'done')), class TEXT, case_id INTEGER, match TEXT, label TEXT, rating INTEGER,
  method TEXT, confidence REAL, why TEXT, CHECK (step = 'new' OR class IS NOT NULL),
  CHECK (class IS NULL OR class = 'quarantined' OR class = 'unmatched' OR class = 'opt_out' OR class = 'help' OR class = 'late' OR class = 'rated' OR
  class = 'repeated' OR class = 'ambiguous' OR class = 'none')) STRICT;
CREATE UNIQUE INDEX one_inbound_a_key ON inbound(channel, key);
CREATE INDEX inbound_new ON inbound(id) WHERE step = 'new';
CREATE INDEX inbound_case ON inbound(case_id, id) WHERE case_id IS NOT NULL;
CREATE INDEX inbound_received ON inbound(received_at);
CREATE INDEX inbound_class ON inbound(class) WHERE step = 'done';
CREATE INDEX inbound_phone ON inbound(phone_id, id) WHERE phone_id IS NOT NULL;

CREATE TABLE inbound_parts(id INTEGER PRIMARY KEY, channel TEXT NOT NULL, text_key BLOB NOT NULL, number INTEGER NOT NULL, total INTEGER NOT NULL,
  content_key BLOB NOT NULL, part BLOB, received_at INTEGER NOT NULL, joined_at INTEGER, CHECK (joined_at IS NOT NULL OR part IS NOT NULL)) STRICT;
CREATE UNIQUE INDEX one_waiting_part ON inbound_parts(channel, text_key, number) WHERE joined_at IS NULL;
CREATE INDEX inbound_parts_text ON inbound_parts(channel, text_key);
CREATE INDEX inbound_parts_waiting ON inbound_parts(received_at) WHERE joined_at IS NULL;

CREATE TABLE ratings(id INTEGER PRIMARY KEY, case_id INTEGER NOT NULL REFERENCES cases(id), inbound_id INTEGER REFERENCES inbound(id),
  at INTEGER NOT NULL, grade TEXT NOT NULL CHECK (grade = 'satisfied' OR grade = 'basically_satisfied' OR grade = 'dissatisfied'), value INTEGER NOT NULL,
  method TEXT NOT NULL, effect TEXT NOT NULL
  CHECK (effect = 'first' OR effect = 'replaces' OR effect = 'repeated' OR effect = 'late' OR effect = 'second' OR effect = 'review'),
  officer TEXT, unit TEXT NOT NULL) STRICT;
CREATE UNIQUE INDEX one_first_rating ON ratings(case_id) WHERE effect = 'first';
CREATE INDEX ratings_case ON ratings(case_id, id);
CREATE INDEX ratings_at ON ratings(at);
CREATE TABLE opt_outs(id INTEGER PRIMARY KEY, phone_id INTEGER NOT NULL REFERENCES phones(id), at INTEGER NOT NULL, action TEXT NOT NULL CHECK (action IN ('out', 'in')),
  source TEXT NOT NULL, reason TEXT NOT NULL) STRICT;
CREATE INDEX opt_outs_phone ON opt_outs(phone_id, id);
CREATE TABLE alarms(id TEXT PRIMARY KEY, inbound_id INTEGER NOT NULL UNIQUE REFERENCES inbound(id), case_id INTEGER, at INTEGER NOT NULL,
  do_not_contact INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, received_at INTEGER, escalated_at INTEGER, acknowledged_at INTEGER,
  acknowledged_by TEXT) STRICT;
CREATE INDEX alarms_open ON alarms(at) WHERE acknowledged_at IS NULL;
CREATE TABLE followups(id INTEGER PRIMARY KEY, case_id INTEGER NOT NULL UNIQUE REFERENCES cases(id), rating_id INTEGER REFERENCES ratings(id),
  opened_at INTEGER NOT NULL, due_at INTEGER NOT NULL, state TEXT NOT NULL, urgent INTEGER NOT NULL, no_callback INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE followup_steps(id INTEGER PRIMARY KEY, followup_id INTEGER NOT NULL REFERENCES followups(id), at INTEGER NOT NULL, who TEXT NOT NULL,
  state TEXT NOT NULL, note BLOB) STRICT;
CREATE TABLE reviews(id INTEGER PRIMARY KEY, kind TEXT NOT NULL, case_id INTEGER, inbound_id INTEGER, at INTEGER NOT NULL, closed_at INTEGER,
  closed_by TEXT, decision TEXT) STRICT;
CREATE INDEX reviews_open ON reviews(id) WHERE closed_at IS NULL;
CREATE INDEX reviews_case ON reviews(case_id) WHERE case_id IS NOT NULL;

CREATE TABLE holds(id INTEGER PRIMARY KEY, of TEXT NOT NULL CHECK (of IN ('stop', 'clock', 'ceiling')), channel TEXT, at INTEGER NOT NULL,
  reason TEXT NOT NULL, released_at INTEGER, release_reason TEXT) STRICT;
CREATE TABLE tokens(id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, scopes TEXT NOT NULL, name TEXT NOT NULL, unit TEXT NOT NULL,
  badge TEXT NOT NULL, made_at INTEGER NOT NULL, expires_at INTEGER, revoked_at INTEGER) STRICT;
CREATE TABLE erasures(id INTEGER PRIMARY KEY, at INTEGER NOT NULL, why TEXT NOT NULL, phone_id INTEGER, reason BLOB, cases INTEGER NOT NULL,
  texts INTEGER NOT NULL, numbers INTEGER NOT NULL, ratings INTEGER NOT NULL) STRICT;
CREATE TABLE exports(day TEXT NOT NULL, version INTEGER NOT NULL, ledger_size INTEGER NOT NULL, as_of INTEGER NOT NULL, sha256 TEXT NOT NULL,
  PRIMARY KEY (day, version)) STRICT, WITHOUT ROWID;

CREATE TRIGGER messages_stay BEFORE DELETE ON messages BEGIN SELECT RAISE(ABORT, 'messages are never deleted'); END;
CREATE TRIGGER phones_stay BEFORE DELETE ON phones BEGIN SELECT RAISE(ABORT, 'a number is erased by emptying `sealed`: its id must not become somebody else''s'); END;
CREATE TRIGGER ledger_stays BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ledger_keeps BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ratings_stay BEFORE UPDATE ON ratings BEGIN SELECT RAISE(ABORT, 'ratings are append-only: a correction is a new row'); END;
CREATE TRIGGER ratings_keep BEFORE DELETE ON ratings WHEN NOT EXISTS (SELECT 1 FROM meta WHERE key = 'erasing_ratings')
BEGIN SELECT RAISE(ABORT, 'ratings are append-only: a correction is a new row'); END;
CREATE TRIGGER decisions_stay BEFORE UPDATE ON decisions BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
CREATE TRIGGER opt_outs_stay BEFORE UPDATE ON opt_outs BEGIN SELECT RAISE(ABORT, 'opt-outs are append-only'); END;
)sql";

// What watches the service itself. `watch_alarms`: what is wrong now, and whether somebody was told. `path_days`: surveys of a local day
// by channel and the first three digits of the number, and of how many a report or a reply came; no number stands there.
constexpr const char* step_2 = R"sql(
CREATE TABLE watch_alarms(name TEXT NOT NULL, about TEXT NOT NULL, detail TEXT NOT NULL, since INTEGER NOT NULL, raised_at INTEGER NOT NULL,
  told_at INTEGER, cleared_at INTEGER, PRIMARY KEY (name, about)) STRICT, WITHOUT ROWID;
CREATE TABLE path_days(channel TEXT NOT NULL, prefix TEXT NOT NULL, day TEXT NOT NULL, sent INTEGER NOT NULL, receipts INTEGER NOT NULL,
  replies INTEGER NOT NULL, PRIMARY KEY (channel, prefix, day)) STRICT, WITHOUT ROWID;
)sql";

// A message leaves the indexes of states with its last step, so they stay as small as what is under way, however old the store.
constexpr const char* step_3 = R"sql(
DROP INDEX messages_state;
CREATE INDEX messages_sending ON messages(claimed_at, id) WHERE state = 'sending';
CREATE INDEX messages_accepted ON messages(channel, claimed_at) WHERE state = 'accepted';
CREATE INDEX messages_in_doubt ON messages(channel, claimed_at) WHERE state = 'in_doubt';
CREATE INDEX messages_held ON messages(code) WHERE state = 'held';
CREATE INDEX messages_unknown ON messages(channel) WHERE state = 'unknown';
CREATE INDEX messages_surveyed ON messages(claimed_at) WHERE purpose = 'survey' AND claimed_at IS NOT NULL;
)sql";

// Which test text to staff was meant for which path and day, and what came back: its message is a fact like any other.
constexpr const char* step_4 = R"sql(
CREATE TABLE canaries(message_id INTEGER PRIMARY KEY REFERENCES messages(id), channel TEXT NOT NULL, prefix TEXT NOT NULL, day TEXT NOT NULL,
  phone_id INTEGER NOT NULL, answered_by INTEGER, answered_at INTEGER) STRICT;
CREATE UNIQUE INDEX one_canary_a_day ON canaries(phone_id, channel, day);
CREATE INDEX canaries_day ON canaries(day);
)sql";

// Every case that names a number as its contact, not only those under a safety hold: the number goes with the last of them.
constexpr const char* step_5 = R"sql(
DROP INDEX cases_contact;
CREATE INDEX cases_named ON cases(contact_id) WHERE contact_id IS NOT NULL;
)sql";

// What is done about a complaint, beside the follow-up itself. `escalated_due`: the limit that was overrun when it last went a level up.
constexpr const char* step_6 = R"sql(
CREATE TABLE followup_work(followup_id INTEGER PRIMARY KEY REFERENCES followups(id), calls INTEGER NOT NULL,
  finding TEXT CHECK (finding IN ('valid', 'partly', 'invalid', 'unreachable')), topic TEXT, place TEXT, ordered_unit TEXT, ordered_to TEXT, rectified_by TEXT,
  escalated INTEGER NOT NULL, escalated_due INTEGER) STRICT;
CREATE INDEX followups_due ON followups(due_at) WHERE state <> 'closed';
CREATE INDEX followup_steps_of ON followup_steps(followup_id, id);
)sql";

// Why a person decided as he did; and a decision is made once.
constexpr const char* step_7 = R"sql(
CREATE TABLE review_notes(review_id INTEGER PRIMARY KEY REFERENCES reviews(id), note BLOB NOT NULL) STRICT;
CREATE INDEX reviews_inbound ON reviews(inbound_id) WHERE inbound_id IS NOT NULL;
CREATE TRIGGER reviews_decided_once BEFORE UPDATE OF closed_at, closed_by, decision ON reviews WHEN OLD.closed_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a review is decided once'); END;
CREATE TRIGGER reviews_keep BEFORE DELETE ON reviews BEGIN SELECT RAISE(ABORT, 'reviews are never deleted'); END;
CREATE TRIGGER review_notes_stay BEFORE UPDATE ON review_notes WHEN length(NEW.note) > 0 BEGIN SELECT RAISE(ABORT, 'notes are only ever erased'); END;
CREATE TRIGGER review_notes_keep BEFORE DELETE ON review_notes BEGIN SELECT RAISE(ABORT, 'notes are only ever erased'); END;
)sql";

// What whoever took an emergency said, and how often nobody had taken it when its time was over again. Letters: citizens' texts that belong
// to no survey; a person answers once, or closes. `letter_words`: 1 the answer, 2 why it was closed. What was named after a 2 or a 3.
constexpr const char* step_8 = R"sql(
CREATE TABLE alarm_words(alarm_id TEXT PRIMARY KEY REFERENCES alarms(id), words BLOB NOT NULL) STRICT;
CREATE TABLE alarm_reminders(id INTEGER PRIMARY KEY, alarm_id TEXT NOT NULL REFERENCES alarms(id), at INTEGER NOT NULL) STRICT;
CREATE INDEX alarm_reminders_of ON alarm_reminders(alarm_id, id);
CREATE TRIGGER alarms_taken_once BEFORE UPDATE OF acknowledged_at, acknowledged_by ON alarms WHEN OLD.acknowledged_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'an emergency is acknowledged once'); END;
CREATE TRIGGER alarm_words_stay BEFORE UPDATE ON alarm_words WHEN length(NEW.words) > 0 BEGIN SELECT RAISE(ABORT, 'words are only ever erased'); END;
CREATE TABLE letters(id INTEGER PRIMARY KEY, inbound_id INTEGER NOT NULL UNIQUE REFERENCES inbound(id), at INTEGER NOT NULL,
  answered_at INTEGER, answered_by TEXT, message_id INTEGER REFERENCES messages(id), closed_at INTEGER, closed_by TEXT,
  CHECK ((answered_at IS NULL) = (message_id IS NULL))) STRICT;
CREATE INDEX letters_open ON letters(at) WHERE closed_at IS NULL;
CREATE UNIQUE INDEX one_letter_a_message ON letters(message_id) WHERE message_id IS NOT NULL;
CREATE TRIGGER letters_answered_once BEFORE UPDATE OF answered_at, answered_by, message_id ON letters WHEN OLD.answered_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a letter is answered once'); END;
CREATE TRIGGER letters_closed_once BEFORE UPDATE OF closed_at, closed_by ON letters WHEN OLD.closed_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a letter is closed once'); END;
CREATE TRIGGER letters_keep BEFORE DELETE ON letters BEGIN SELECT RAISE(ABORT, 'letters are never deleted'); END;
CREATE TABLE letter_words(letter_id INTEGER NOT NULL REFERENCES letters(id), part INTEGER NOT NULL CHECK (part = 1 OR part = 2), words BLOB NOT NULL,
  PRIMARY KEY (letter_id, part)) STRICT, WITHOUT ROWID;
CREATE TRIGGER letter_words_stay BEFORE UPDATE ON letter_words WHEN length(NEW.words) > 0 BEGIN SELECT RAISE(ABORT, 'words are only ever erased'); END;
CREATE TABLE asked_topics(inbound_id INTEGER PRIMARY KEY REFERENCES inbound(id), case_id INTEGER NOT NULL REFERENCES cases(id), at INTEGER NOT NULL, topic TEXT NOT NULL) STRICT;
CREATE INDEX asked_topics_of ON asked_topics(case_id, inbound_id);
)sql";

// 平安短信: what was sent to whom, and since when he had agreed.
constexpr const char* step_9 = R"sql(
CREATE TABLE notices(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, text_name TEXT NOT NULL, made_at INTEGER NOT NULL, made_by TEXT NOT NULL, reason BLOB NOT NULL,
  stopped_at INTEGER, stopped_by TEXT, stop_reason BLOB) STRICT;
CREATE TABLE notice_phones(notice_id INTEGER NOT NULL REFERENCES notices(id), phone_id INTEGER NOT NULL REFERENCES phones(id), consented_on TEXT NOT NULL,
  message_id INTEGER NOT NULL UNIQUE REFERENCES messages(id), PRIMARY KEY (notice_id, phone_id)) STRICT, WITHOUT ROWID;
CREATE TRIGGER notices_keep BEFORE DELETE ON notices BEGIN SELECT RAISE(ABORT, 'notices are never deleted'); END;
CREATE TRIGGER notice_phones_keep BEFORE DELETE ON notice_phones BEGIN SELECT RAISE(ABORT, 'who got a notice is never deleted'); END;
CREATE TRIGGER notice_phones_stand BEFORE UPDATE ON notice_phones BEGIN SELECT RAISE(ABORT, 'who got a notice stands'); END;
)sql";

// Appeals: one a case, decided once by two persons; `rating_id` is what they judged. No reference, for ratings go with age and the decision stays.
// Whom a case named before a later version named somebody else, so that nobody learns from an answer whether he was rated.
// What an appeal says of a citizen goes with everything else that his case says of him: no UPDATE but erasure's pays for that trigger.
constexpr const char* step_10 = R"sql(
CREATE TABLE appeals(id INTEGER PRIMARY KEY, case_id INTEGER NOT NULL UNIQUE REFERENCES cases(id), filed_at INTEGER NOT NULL, filed_by TEXT NOT NULL,
  badge TEXT NOT NULL, unit TEXT NOT NULL, ground TEXT NOT NULL CHECK (ground = 'wrong_person' OR ground = 'other_service' OR ground = 'malice' OR ground = 'slip'),
  state TEXT NOT NULL CHECK (state = 'filed' OR state = 'proposed' OR state = 'upheld' OR state = 'not_upheld'), due_at INTEGER NOT NULL,
  proposed_by TEXT, proposed TEXT CHECK (proposed = 'upheld' OR proposed = 'not_upheld'), rating_id INTEGER, decided_by TEXT, decided_at INTEGER,
  escalated INTEGER NOT NULL DEFAULT 0, escalated_due INTEGER,
  CHECK ((badge = '') <> (unit = '')), CHECK ((decided_at IS NULL) = (state = 'filed' OR state = 'proposed')), CHECK ((decided_at IS NULL) = (decided_by IS NULL)),
  CHECK (state = 'filed' OR proposed_by IS NOT NULL), CHECK (decided_at IS NULL OR state = proposed), CHECK (decided_by IS NULL OR decided_by <> proposed_by)) STRICT;
CREATE INDEX appeals_open ON appeals(due_at) WHERE decided_at IS NULL;
CREATE INDEX appeals_upheld ON appeals(decided_at) WHERE state = 'upheld';
CREATE TABLE appeal_steps(id INTEGER PRIMARY KEY, appeal_id INTEGER NOT NULL REFERENCES appeals(id), at INTEGER NOT NULL, who TEXT NOT NULL, step TEXT NOT NULL,
  note BLOB) STRICT;
CREATE INDEX appeal_steps_of ON appeal_steps(appeal_id, id);
CREATE TABLE case_former(id INTEGER PRIMARY KEY, case_id INTEGER NOT NULL REFERENCES cases(id), until INTEGER NOT NULL, officer TEXT, unit TEXT NOT NULL) STRICT;
CREATE INDEX case_former_of ON case_former(case_id);
CREATE TRIGGER appeals_decided_once BEFORE UPDATE ON appeals WHEN OLD.decided_at IS NOT NULL BEGIN SELECT RAISE(ABORT, 'an appeal is decided once'); END;
CREATE TRIGGER appeals_keep BEFORE DELETE ON appeals BEGIN SELECT RAISE(ABORT, 'appeals are never deleted'); END;
CREATE TRIGGER appeal_steps_stay BEFORE UPDATE ON appeal_steps WHEN length(NEW.note) > 0 BEGIN SELECT RAISE(ABORT, 'notes are only ever erased'); END;
CREATE TRIGGER appeal_steps_keep BEFORE DELETE ON appeal_steps BEGIN SELECT RAISE(ABORT, 'steps are append-only'); END;
CREATE TRIGGER appeal_notes_go AFTER UPDATE OF content ON case_versions WHEN length(NEW.content) = 0
BEGIN UPDATE appeal_steps SET note = x'' WHERE length(note) > 0 AND appeal_id IN (SELECT id FROM appeals WHERE case_id = NEW.case_id); END;
)sql";

// What an outside program thinks of a text that reading left open.
constexpr const char* step_11 = R"sql(
CREATE TABLE suggestions(inbound_id INTEGER PRIMARY KEY REFERENCES inbound(id), at INTEGER NOT NULL,
  said TEXT NOT NULL CHECK (said IN ('satisfied', 'basically_satisfied', 'dissatisfied', 'none'))) STRICT;
CREATE TRIGGER suggestions_stay BEFORE UPDATE ON suggestions BEGIN SELECT RAISE(ABORT, 'a suggestion is made once'); END;
CREATE TRIGGER suggestions_keep BEFORE DELETE ON suggestions BEGIN SELECT RAISE(ABORT, 'suggestions are never deleted'); END;
)sql";

// What a complaint is about and who is to put it right, in words that may name a citizen, sealed: they go with the case, which
// `place`, `ordered_to` and `rectified_by` of followup_work never did; nothing is written there any more. Who was shown a number, and why. And
// what leaves for the 110 system: its lines, what was last said of a case, the sums of a unit.
constexpr const char* step_12 = R"sql(
CREATE TABLE followup_words(followup_id INTEGER PRIMARY KEY REFERENCES followups(id), place BLOB, ordered_to BLOB) STRICT;
CREATE TABLE reveals(id INTEGER PRIMARY KEY, followup_id INTEGER NOT NULL REFERENCES followups(id), at INTEGER NOT NULL, who TEXT NOT NULL,
  reason BLOB NOT NULL) STRICT;
CREATE INDEX reveals_of ON reveals(followup_id, id);
CREATE TRIGGER reveals_stay BEFORE UPDATE ON reveals WHEN length(NEW.reason) > 0 BEGIN SELECT RAISE(ABORT, 'reasons are only ever erased'); END;
CREATE TRIGGER reveals_keep BEFORE DELETE ON reveals BEGIN SELECT RAISE(ABORT, 'reasons are only ever erased'); END;
CREATE TABLE writeback(id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, at INTEGER NOT NULL, case_id INTEGER, unit TEXT NOT NULL, line BLOB NOT NULL,
  batch INTEGER, left_at INTEGER) STRICT;
CREATE INDEX writeback_waiting ON writeback(id) WHERE left_at IS NULL;
CREATE INDEX writeback_case ON writeback(case_id) WHERE case_id IS NOT NULL;
CREATE TABLE writeback_cases(case_id INTEGER PRIMARY KEY, number INTEGER NOT NULL, content BLOB NOT NULL, unit TEXT NOT NULL, grade TEXT) STRICT;
CREATE TABLE writeback_units(unit TEXT PRIMARY KEY, satisfied INTEGER NOT NULL, basically_satisfied INTEGER NOT NULL, dissatisfied INTEGER NOT NULL,
  fresh INTEGER NOT NULL, number INTEGER NOT NULL) STRICT, WITHOUT ROWID;
)sql";

// Indexes that the way of nearly every message does not touch, or touches once: a survey is found by the end of its window when it was
// accepted, and beside that only where it is in question; of the keys of receipts only parts are found by their message.
constexpr const char* step_13 = R"sql(
DROP INDEX messages_open;
CREATE INDEX messages_open ON messages(answer_until) WHERE open = 1 AND accepted_at IS NOT NULL;
CREATE INDEX messages_open_in_question ON messages(answer_until) WHERE open = 1 AND accepted_at IS NULL AND state <> 'sending';
DROP INDEX receipt_keys_message;
CREATE INDEX receipt_keys_parts ON receipt_keys(message_id) WHERE part > 0;
)sql";

// Texts that the sent journal knows and a restored store does not: whom the program may have asked already, whatever the store says.
constexpr const char* step_14 = R"sql(
CREATE TABLE sent_unknown(ref TEXT PRIMARY KEY, phone_key BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX sent_unknown_to ON sent_unknown(phone_key);
)sql";

// Appeals that whoever filed them took back before they were decided: `appeals` stays as it was, and nothing moves it any more.
constexpr const char* step_15 = R"sql(
CREATE TABLE appeal_withdrawals(appeal_id INTEGER PRIMARY KEY REFERENCES appeals(id), at INTEGER NOT NULL, who TEXT NOT NULL) STRICT;
CREATE TRIGGER appeal_withdrawals_in_time BEFORE INSERT ON appeal_withdrawals WHEN EXISTS (SELECT 1 FROM appeals a WHERE a.id = NEW.appeal_id AND a.decided_at IS NOT NULL)
BEGIN SELECT RAISE(ABORT, 'an appeal that is decided is not withdrawn'); END;
CREATE TRIGGER appeal_withdrawals_stay BEFORE UPDATE ON appeal_withdrawals BEGIN SELECT RAISE(ABORT, 'an appeal is withdrawn once'); END;
CREATE TRIGGER appeal_withdrawals_keep BEFORE DELETE ON appeal_withdrawals BEGIN SELECT RAISE(ABORT, 'an appeal is withdrawn once'); END;
CREATE TRIGGER appeals_withdrawn_rest BEFORE UPDATE ON appeals WHEN EXISTS (SELECT 1 FROM appeal_withdrawals w WHERE w.appeal_id = OLD.id)
BEGIN SELECT RAISE(ABORT, 'an appeal that was withdrawn is over'); END;
)sql";

// Who was shown the number behind an emergency or a letter, and why, as `reveals` has it of follow-ups. On which scale a survey asked, where that was
// not 110-3: a configuration that changes does not turn round what was asked. What was claimed before this step has no such row and is read as its
// text's service says; `survey_scales_after` is the last of those. What was said of a case to the 110 system, and the sums of a unit, as facts: rows of
// `writeback_cases` and `writeback_units` come here when they next change. Advice goes when the ratings go.
constexpr const char* step_16 = R"sql(
CREATE TABLE text_reveals(id INTEGER PRIMARY KEY, inbound_id INTEGER NOT NULL REFERENCES inbound(id), at INTEGER NOT NULL, who TEXT NOT NULL,
  reason BLOB NOT NULL) STRICT;
CREATE INDEX text_reveals_of ON text_reveals(inbound_id, id);
CREATE TRIGGER text_reveals_stay BEFORE UPDATE ON text_reveals WHEN length(NEW.reason) > 0 BEGIN SELECT RAISE(ABORT, 'reasons are only ever erased'); END;
CREATE TRIGGER text_reveals_keep BEFORE DELETE ON text_reveals BEGIN SELECT RAISE(ABORT, 'reasons are only ever erased'); END;
CREATE TABLE survey_scales(message_id INTEGER PRIMARY KEY REFERENCES messages(id), scale TEXT NOT NULL CHECK (scale = '110-3' OR scale = 'csat-5')) STRICT;
INSERT INTO meta(key, value) SELECT 'survey_scales_after', CAST(coalesce(max(id), 0) AS TEXT) FROM messages WHERE true ON CONFLICT (key) DO NOTHING;
CREATE TABLE feed_cases(case_id INTEGER PRIMARY KEY, number INTEGER NOT NULL, content BLOB NOT NULL, unit TEXT NOT NULL, grade TEXT) STRICT;
CREATE TABLE feed_units(unit TEXT PRIMARY KEY, satisfied INTEGER NOT NULL, basically_satisfied INTEGER NOT NULL, dissatisfied INTEGER NOT NULL,
  fresh INTEGER NOT NULL, number INTEGER NOT NULL) STRICT;
DROP TRIGGER suggestions_keep;
CREATE TRIGGER suggestions_keep BEFORE DELETE ON suggestions WHEN NOT EXISTS (SELECT 1 FROM meta WHERE key = 'erasing_ratings')
BEGIN SELECT RAISE(ABORT, 'suggestions go with the ratings'); END;
)sql";

// By which key the ledger is signed from when on: checkpoints of more rows than `after_size`. And what people did by hand, who and why, in words
// that are sealed and go with the case, or when texts of their age go: empty where they went, NULL where none were said.
constexpr const char* step_17 = R"sql(
CREATE TABLE ledger_keys(id INTEGER PRIMARY KEY, at INTEGER NOT NULL, after_size INTEGER NOT NULL, verifier TEXT NOT NULL) STRICT;
CREATE TRIGGER ledger_keys_stay BEFORE UPDATE ON ledger_keys BEGIN SELECT RAISE(ABORT, 'which key signed is append-only'); END;
CREATE TRIGGER ledger_keys_keep BEFORE DELETE ON ledger_keys BEGIN SELECT RAISE(ABORT, 'which key signed is append-only'); END;
CREATE TABLE override_words(id INTEGER PRIMARY KEY, at INTEGER NOT NULL, what TEXT NOT NULL, case_id INTEGER REFERENCES cases(id), who TEXT NOT NULL, words BLOB) STRICT;
CREATE INDEX override_words_of ON override_words(case_id, id) WHERE case_id IS NOT NULL;
CREATE TRIGGER override_words_stay BEFORE UPDATE ON override_words WHEN NEW.words IS NULL OR length(NEW.words) > 0
BEGIN SELECT RAISE(ABORT, 'reasons are only ever erased'); END;
CREATE TRIGGER override_words_keep BEFORE DELETE ON override_words BEGIN SELECT RAISE(ABORT, 'reasons are only ever erased'); END;
)sql";

// Which survey is too old first, wherever it stands in its queue. Why a number was forgotten goes like any other words. And the reasons that people gave in the open before step 17, in opt-outs and in decisions by
// hand, may be put among the sealed ones, by `seal_open_reasons` at the first start with the key: beside its word in `meta`, nothing else.
constexpr const char* step_18 = R"sql(
CREATE INDEX messages_stale ON messages(stale_at) WHERE state = 'due' AND priority = 2;
CREATE TRIGGER erasures_stay BEFORE UPDATE ON erasures WHEN NEW.reason IS NULL OR length(NEW.reason) > 0
BEGIN SELECT RAISE(ABORT, 'reasons are only ever erased'); END;
CREATE TRIGGER erasures_keep BEFORE DELETE ON erasures BEGIN SELECT RAISE(ABORT, 'reasons are only ever erased'); END;
DROP TRIGGER decisions_stay;
CREATE TRIGGER decisions_stay BEFORE UPDATE ON decisions WHEN NEW.outcome IS NOT OLD.outcome OR NEW.code IS NOT OLD.code OR NEW.stage <> 'operator'
  OR NOT EXISTS (SELECT 1 FROM meta WHERE key = 'sealing_reasons') BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
DROP TRIGGER opt_outs_stay;
CREATE TRIGGER opt_outs_stay BEFORE UPDATE ON opt_outs WHEN NEW.phone_id IS NOT OLD.phone_id OR NEW.action IS NOT OLD.action OR NEW.at IS NOT OLD.at
  OR NOT EXISTS (SELECT 1 FROM meta WHERE key = 'sealing_reasons') BEGIN SELECT RAISE(ABORT, 'opt-outs are append-only'); END;
)sql";

// Nightly files that are to be taken somewhere, and the receipt of those that were.
constexpr const char* step_19 = R"sql(
CREATE TABLE deliveries(id INTEGER PRIMARY KEY, target TEXT NOT NULL, day TEXT NOT NULL, version INTEGER NOT NULL, planned_at INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
  tried_at INTEGER, why TEXT NOT NULL DEFAULT '', delivered_at INTEGER, place TEXT, files INTEGER, bytes INTEGER, sha256 TEXT, UNIQUE (target, day, version)) STRICT;
CREATE INDEX deliveries_open ON deliveries(planned_at) WHERE delivered_at IS NULL;
CREATE TRIGGER deliveries_stay BEFORE UPDATE ON deliveries WHEN OLD.delivered_at IS NOT NULL BEGIN SELECT RAISE(ABORT, 'a receipt is append-only'); END;
CREATE TRIGGER deliveries_keep BEFORE DELETE ON deliveries BEGIN SELECT RAISE(ABORT, 'deliveries are never deleted'); END;
)sql";

// What a night has counted, made of other rows and made again from them: no facts. The number behind the hour, so that one number in many cases is found
// in the index alone; and what was found out in a week without all complaints there ever were: `at > 0` says who wants that index, for one that serves every
// question about a complaint's steps is taken for those that know the complaint, and reads all.
constexpr const char* step_20 = R"sql(
CREATE TABLE day_sums(day TEXT NOT NULL, service TEXT NOT NULL, rules TEXT NOT NULL, holds_from INTEGER NOT NULL, cases TEXT NOT NULL, units TEXT NOT NULL,
  officers TEXT NOT NULL, changes TEXT NOT NULL, PRIMARY KEY (day, service)) STRICT;
CREATE TABLE survey_sums(block INTEGER NOT NULL, state TEXT NOT NULL, surveys INTEGER NOT NULL, PRIMARY KEY (block, state)) STRICT, WITHOUT ROWID;
DROP INDEX cases_closed;
CREATE INDEX cases_closed ON cases(closed_at, phone_id);
CREATE INDEX followup_steps_found ON followup_steps(at) WHERE state = 'verified' AND at > 0;
)sql";

constexpr const char* steps[] = {step_1, step_2, step_3, step_4, step_5, step_6, step_7, step_8, step_9, step_10, step_11, step_12, step_13, step_14, step_15, step_16, step_17, step_18, step_19, step_20};

// Made of the arrows of core/message, so that the trigger and the code cannot drift apart; its words stand in it, because a
// table of them would be read at every update. The ways that nearly every message goes are compared first.
void write_arrows(Connection& db) {
    using enum MessageState;
    std::vector<std::pair<MessageState, MessageState>> arrows = {{due, sending}, {sending, accepted}, {accepted, delivered}};
    for (int from = 0; from <= static_cast<int>(cancelled); ++from)
        for (int to = 0; to <= static_cast<int>(cancelled); ++to) {
            std::pair arrow(static_cast<MessageState>(from), static_cast<MessageState>(to));
            if (may_follow(arrow.first, arrow.second) && std::find(arrows.begin(), arrows.begin() + 3, arrow) == arrows.begin() + 3) arrows.push_back(arrow);
        }
    std::string allowed;
    for (const auto& [from, to] : arrows)
        allowed += fmt::format("{}OLD.state = '{}' AND NEW.state = '{}'", allowed.empty() ? "" : " OR ", message_state_name(from), message_state_name(to));
    db.exec("DROP TRIGGER IF EXISTS messages_forward");
    db.exec(fmt::format("CREATE TRIGGER messages_forward BEFORE UPDATE OF state ON messages WHEN NEW.state <> OLD.state AND NOT ({}) "
                        "BEGIN SELECT RAISE(FAIL, 'message states move forward only'); END", allowed).c_str());
}

void take_step(Connection& db, int version) {
    db.exec(steps[version]);
    write_arrows(db);
    db.exec(fmt::format("PRAGMA user_version = {}", version + 1).c_str());
}

// What a store of that version looks like.
std::unique_ptr<Connection> example(int version) {
    auto db = std::make_unique<Connection>(":memory:");
    for (int step = 0; step < version; ++step) take_step(*db, step);
    return db;
}

// "table cases" and what it was made by. SQLite's own are left out.
using Objects = std::map<std::string, std::string, std::less<>>;
constexpr const char* all_objects = "SELECT type || ' ' || name, coalesce(sql, '') FROM sqlite_master WHERE name NOT LIKE 'sqlite!_%' ESCAPE '!'";
Objects objects(Connection& db) {
    Statement all(db, all_objects);
    Objects out;
    while (all.step()) out.emplace(all.text(0), all.text(1));
    return out;
}

// A table's columns with types, as SQLite understood them: later builds may write the same table in other words.
std::map<std::string, std::string> columns(Connection& db) {
    Statement all(db, R"sql(
        SELECT t.name, group_concat(c.name || ' ' || c.type || CASE c."notnull" WHEN 1 THEN ' NOT NULL' ELSE '' END, ', ')
          FROM sqlite_master t JOIN pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite!_%' ESCAPE '!' GROUP BY t.name)sql");
    std::map<std::string, std::string> out;
    while (all.step()) out.emplace(all.text(0), all.text(1));
    return out;
}

// Of the newest version, which is asked for at every start and every verification.
const Objects& newest_objects() {
    static const auto all = objects(*example(newest_schema()));
    return all;
}
// An empty file becomes a copy of the example, page by page: with every statement SQLite would look through all that it knows already.
void make_new_store(Connection& db) {
    static const auto newest = example(newest_schema());
    static std::mutex one_at_a_time;
    std::lock_guard guard(one_at_a_time);
    auto* copy = sqlite3_backup_init(db.handle(), "main", newest->handle(), "main");
    if (!copy) throw SqlError(sqlite3_extended_errcode(db.handle()), sqlite3_errmsg(db.handle()));
    int stepped = sqlite3_backup_step(copy, -1), finished = sqlite3_backup_finish(copy);
    int rc = stepped == SQLITE_DONE ? finished : stepped;
    if (rc != SQLITE_OK) throw SqlError(rc, sqlite3_errstr(rc));
}

// As this program makes them, and no others. Without a copy of each: every verification asks.
bool has_newest_objects(Connection& db) {
    const auto& wanted = newest_objects();
    std::size_t n = 0;
    for (Statement all(db, all_objects); all.step(); ++n)
        if (auto found = wanted.find(all.view(0)); found == wanted.end() || found->second != all.view(1)) return false;
    return n == wanted.size();
}
std::map<std::string, std::string> columns_of(int version) {
    static const auto newest = columns(*example(newest_schema()));
    return version == newest_schema() ? newest : columns(*example(version));
}

// A number that two schemas share would let a store open that then refuses every row.
Result<void> check_tables(Connection& db, int version) {
    if (version == newest_schema() && has_newest_objects(db)) return {};  // made by the same words
    auto here = columns(db);
    for (const auto& [table, wanted] : columns_of(version))
        if (auto found = here.find(table); found == here.end() || found->second != wanted)
            return fail(Error::Kind::conflict, fmt::format("the store says that it has schema {}, and its table {} has the columns ({}) instead of ({}): it was written by a "
                                                           "pingjing that was never released, or its file is damaged; nothing was touched",
                                                           version, table, found == here.end() ? "" : found->second, wanted));
    return {};
}

}  // namespace

std::vector<std::string> schema_differences(Connection& db) {
    std::vector<std::string> out;
    if (has_newest_objects(db)) return out;
    const auto& wanted = newest_objects();
    auto here = objects(db);
    for (const auto& [name, sql] : wanted) {
        auto found = here.find(name);
        if (found == here.end()) out.push_back(name + " is missing");
        else if (found->second != sql) out.push_back(name + " is another than this program makes");
    }
    for (const auto& [name, sql] : here)
        if (!wanted.contains(name)) out.push_back(name + " is not this program's");
    return out;
}

int newest_schema() { return static_cast<int>(std::size(steps)); }

int schema_version(Connection& db) {
    Statement read(db, "PRAGMA user_version");
    return read.step() ? static_cast<int>(read.integer(0)) : 0;
}

Result<void> check_schema(Connection& db) {
    int have = schema_version(db);
    if (have > newest_schema())
        return fail(Error::Kind::conflict, fmt::format("the store has schema {}, this program knows {}: it was written by a newer "
                                                       "pingjing; install that one", have, newest_schema()));
    return have > 0 ? check_tables(db, have) : Result<void>();
}

Result<void> migrate(Connection& db, int to) {
    if (auto known = check_schema(db); !known) return known;
    int have = schema_version(db);
    bool at_once = have == 0 && to == newest_schema() && objects(db).empty();
    for (int version = have; version < to; version = at_once ? to : version + 1) {
        try {
            if (at_once) {
                make_new_store(db);
                continue;
            }
            db.exec("BEGIN IMMEDIATE");
            take_step(db, version);
            db.exec("COMMIT");
        } catch (const SqlError& error) {
            if (db.in_transaction()) db.exec("ROLLBACK");
            auto what = version == 0 ? std::string("the store cannot be made") : fmt::format("the store has schema {} and cannot be brought to {}", version, version + 1);
            throw SqlError(error.code(), fmt::format("{}: {}; it is as it was, and starting again does the rest", what, error.reason()));
        }
    }
    return {};
}

}  // namespace pingjing::store
