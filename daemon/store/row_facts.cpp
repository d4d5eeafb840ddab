#include "daemon/store/row_facts.hpp"

#include <fmt/format.h>
#include <sodium.h>
#include <sqlite3.h>

#include <algorithm>
#include <bit>
#include <cctype>
#include <cmath>
#include <cstring>
#include <map>
#include <sstream>
#include <utility>
#include <vector>

// Debian's library has it; its header hides the declarations without this word, which must not be defined for all of sqlite3.h.
extern "C" {
void* sqlite3_preupdate_hook(sqlite3*, void (*)(void*, sqlite3*, int, char const*, char const*, sqlite3_int64, sqlite3_int64), void*);
int sqlite3_preupdate_old(sqlite3*, int, sqlite3_value**);
int sqlite3_preupdate_new(sqlite3*, int, sqlite3_value**);
int sqlite3_preupdate_count(sqlite3*);
}

namespace pingjing::store {
namespace {

using Row = RowBytes;

// Not here: what only helps to find and to wait (slots, channel_days, receipt_keys, meta, sent_unknown, watch_alarms, path_days, canaries, writeback_cases, writeback_units), what is
// counted from other rows and can be counted again (day_sums, survey_sums), hook bodies, of which everything that
// was understood stands in a table of its own, the ledger itself, and checkpoints, which are signed.
constexpr FactTable tables[] = {
    {1, "phones", "i", "id key sealed first_seen"},
    {2, "intake_batches", "i", "id at source received accepted updated unchanged rejected excluded"},
    {3, "rejections", "i", "id batch_id line field expected"},
    {4, "cases", "i",
     "id record version content_key state unit category source linked_to language phone_id contact_id officer officer_role "
     "call_taker reported_at closed_at received_at changed_at* code* kind* flags safety recoded_after* erased_at*"},
    {5, "case_versions", "ii", "case_id number version at outcome code content"},
    {6, "case_officers", "ii", "case_id position badge role"},
    {7, "decisions", "i", "id case_id at stage outcome code rule rules_sha256"},
    {8, "messages", "i",
     "id ref case_id inbound_id purpose template* priority state* code* phone_id* text* parts* route* channel* slot* open* "
     "made_at due_at* stale_at* attempt* claimed_at* accepted_at* settled_at* answer_until* evidence*"},
    {9, "attempts", "ii", "message_id attempt channel claimed_at settled_at* outcome* detail*"},
    {10, "receipts", "i",
     "id channel key body_id ref vendor_id phone_id state code meaning at received_at message_id* step*"},
    {11, "inbound", "i",
     "id channel key body_id phone_id phone to_number extension text at received_at step* class* case_id* match* label* "
     "rating* method* confidence* why*"},
    {12, "ratings", "i", "id case_id inbound_id at grade value method effect officer unit"},
    {13, "opt_outs", "i", "id phone_id at action source reason"},
    {14, "alarms", "t",
     "id inbound_id case_id at do_not_contact attempts* received_at* escalated_at* acknowledged_at* acknowledged_by*"},
    {15, "followups", "i", "id case_id rating_id* opened_at due_at* state* urgent* no_callback*"},
    {16, "followup_steps", "i", "id followup_id at who state note"},
    {17, "reviews", "i", "id kind case_id inbound_id at closed_at* closed_by* decision*"},
    {18, "holds", "i", "id of channel at reason released_at* release_reason*"},
    {19, "tokens", "i", "id hash scopes name unit badge made_at expires_at revoked_at*"},
    {20, "exports", "ti", "day version ledger_size as_of sha256"},
    {21, "erasures", "i", "id at why phone_id reason cases texts numbers ratings"},
    {22, "followup_work", "i", "followup_id calls* finding* topic* place* ordered_unit* ordered_to* rectified_by* escalated* escalated_due*"},
    {23, "review_notes", "i", "review_id note"},
    {24, "alarm_words", "t", "alarm_id words"},
    {25, "alarm_reminders", "i", "id alarm_id at"},
    {26, "letters", "i", "id inbound_id at answered_at* answered_by* message_id* closed_at* closed_by*"},
    {27, "letter_words", "ii", "letter_id part words"},
    {28, "asked_topics", "i", "inbound_id case_id at topic"},
    {29, "notices", "i", "id name text_name made_at made_by reason stopped_at* stopped_by* stop_reason*"},
    {30, "notice_phones", "ii", "notice_id phone_id consented_on message_id"},
    {31, "appeals", "i", "id case_id filed_at filed_by badge unit ground state* due_at* proposed_by* proposed* rating_id* decided_by* decided_at* escalated* escalated_due*"},
    {32, "appeal_steps", "i", "id appeal_id at who step note"},
    {33, "case_former", "i", "id case_id until officer unit"},
    {34, "suggestions", "i", "inbound_id at said"},
    {35, "followup_words", "i", "followup_id place* ordered_to*"},
    {36, "reveals", "i", "id followup_id at who reason"},
    {37, "writeback", "i", "id key at case_id unit line batch* left_at*"},
    {38, "appeal_withdrawals", "i", "appeal_id at who"},
    {39, "text_reveals", "i", "id inbound_id at who reason"},
    {40, "survey_scales", "i", "message_id scale*"},
    {41, "feed_cases", "i", "case_id number* content* unit* grade*"},
    {42, "feed_units", "t", "unit satisfied* basically_satisfied* dissatisfied* fresh* number*"},
    {43, "ledger_keys", "i", "id at after_size verifier"},
    {44, "override_words", "i", "id at what case_id who words"},
    {45, "deliveries", "i", "id target day version planned_at attempts* tried_at* why* delivered_at* place* files* bytes* sha256*"},
};
static_assert(std::string_view(tables[0].name) == "phones");
// Beside the table's number: the row was deleted, nothing follows its key; only some moving columns were set.
constexpr std::uint8_t gone = 0x80, moved_only = 0x40;

constexpr std::size_t place_of(std::string_view name) {
    auto letter = [&](std::size_t at) { return static_cast<std::size_t>(static_cast<unsigned char>(name[at])); };
    return (name.size() + letter(0) + letter(name.size() / 2) * 9 + letter(name.size() - 2)) % 256;
}
constexpr bool all_apart() {
    for (const auto& one : tables)
        for (const auto& other : tables)
            if (one.number != other.number && place_of(one.name) == place_of(other.name)) return false;
    return true;
}
static_assert(all_apart(), "two tables share a place: take other factors");

// The places of moving columns, and all places by name.
struct Layout {
    std::uint64_t moving = 0;
    std::map<std::string, int, std::less<>> places{};
};
const Layout& layout_of(const FactTable& table) {
    static const auto all = [] {
        std::array<Layout, std::size(tables)> out;
        for (std::size_t t = 0; t < out.size(); ++t) {
            std::istringstream words(tables[t].columns);
            int place = 0;
            for (std::string word; words >> word; ++place) {
                if (word.ends_with('*')) out[t].moving |= 1ull << place, word.pop_back();
                out[t].places[word] = place;
            }
        }
        return out;
    }();
    return all[static_cast<std::size_t>(table.number) - 1];
}

void add_number(Row& out, std::uint64_t value) {
    auto* p = out.room(10);
    std::size_t n = 0;
    for (; value >= 0x80; value >>= 7) p[n++] = static_cast<char>(value | 0x80);
    p[n++] = static_cast<char>(value);
    out.size += n;
}
std::uint64_t zigzag(std::int64_t value) { return static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63); }
std::int64_t unzigzag(std::uint64_t value) { return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1); }

// A value as SQLite shows it before it is stored, and as it was stored.
struct Shown {
    sqlite3_value* value;
    int type() const { return sqlite3_value_type(value); }
    std::int64_t integer() const { return sqlite3_value_int64(value); }
    double real() const { return sqlite3_value_double(value); }
    std::string_view bytes() const { return view(sqlite3_value_blob(value), sqlite3_value_bytes(value)); }
    static std::string_view view(const void* data, int size) { return data ? std::string_view(static_cast<const char*>(data), static_cast<std::size_t>(size)) : std::string_view(); }
};
struct Stored {
    sqlite3_stmt* row;
    int column;
    int type() const { return sqlite3_column_type(row, column); }
    std::int64_t integer() const { return sqlite3_column_int64(row, column); }
    double real() const { return sqlite3_column_double(row, column); }
    std::string_view bytes() const { return Shown::view(sqlite3_column_blob(row, column), sqlite3_column_bytes(row, column)); }
};

void add_bytes(Row& out, std::string_view bytes) {
    add_number(out, bytes.size());
    if (bytes.empty()) return;
    std::memcpy(out.room(bytes.size()), bytes.data(), bytes.size());
    out.size += bytes.size();
}
void add_byte(Row& out, char byte) {
    *out.room(1) = byte;
    ++out.size;
}

// A whole number in a REAL column is stored as an integer and shown as either.
template <class Value>
void add_value(Row& out, Value value) {
    auto type = value.type();
    auto real = type == SQLITE_FLOAT ? value.real() : 0;
    if (type == SQLITE_INTEGER || (type == SQLITE_FLOAT && std::trunc(real) == real && std::abs(real) < 1e15)) {
        add_byte(out, 1);
        add_number(out, zigzag(value.integer()));
    } else if (type == SQLITE_FLOAT) {
        add_byte(out, 2);
        std::memcpy(out.room(sizeof real), &real, sizeof real);
        out.size += sizeof real;
    } else if (type == SQLITE_NULL) {
        add_byte(out, 0);
    } else {
        add_byte(out, type == SQLITE_TEXT ? 3 : 4);
        add_bytes(out, value.bytes());
    }
}

// Of a key, whose types are known.
template <class Value>
void add_key_value(Row& out, char type, Value value) {
    if (type == 'i') add_number(out, zigzag(value.integer()));
    else add_bytes(out, value.bytes());
}

RowHash hash_of(std::string_view row);

// Numbers and our own words stand in the ledger as they are; anything else as its hash.
bool is_word(std::string_view text) {
    return text.size() <= 24 && std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '_' || c == ' '; });
}
template <class Value>
void add_moving(Row& out, Value value) {
    auto type = value.type();
    if (type != SQLITE_BLOB && (type != SQLITE_TEXT || is_word(value.bytes()))) return add_value(out, value);
    auto hash = hash_of(value.bytes());
    add_byte(out, type == SQLITE_TEXT ? 5 : 6);
    std::memcpy(out.room(hash.size()), hash.data(), hash.size());
    out.size += hash.size();
}

RowHash hash_of(std::string_view row) {
    RowHash hash;
    crypto_generichash(hash.data(), hash.size(), reinterpret_cast<const unsigned char*>(row.data()), row.size(), nullptr, 0);
    return hash;
}

// False where there is no more.
bool take_number(std::string_view& in, std::uint64_t& value) {
    value = 0;
    for (int shift = 0; shift < 64 && !in.empty(); shift += 7) {
        auto byte = static_cast<unsigned char>(in[0]);
        in.remove_prefix(1);
        value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
        if (byte < 0x80) return true;
    }
    return false;
}

// One value that add_moving wrote; false: broken.
bool take_moving(std::string_view& in, std::string_view& value) {
    if (in.empty()) return false;
    auto rest = in.substr(1);
    std::uint64_t number = 0;
    std::size_t size = 0;
    switch (in[0]) {
        case 0: break;
        case 1: if (!take_number(rest, number)) return false; break;
        case 2: size = sizeof(double); break;
        case 3:
            if (!take_number(rest, number)) return false;
            size = number;
            break;
        case 5: case 6: size = sizeof(RowHash); break;
        default: return false;
    }
    if (size > rest.size()) return false;
    rest.remove_prefix(size);
    value = in.substr(0, in.size() - rest.size());
    in = rest;
    return true;
}

// A text's columns that `UPDATE … table SET a = …, b = … WHERE` names; nothing for any other statement.
std::vector<std::string> columns_set(std::string_view sql, std::string_view table) {
    auto is_name = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; };
    std::size_t at = 0;
    auto word = [&] {
        while (at < sql.size() && std::isspace(static_cast<unsigned char>(sql[at]))) ++at;
        auto begin = at;
        while (at < sql.size() && is_name(sql[at])) ++at;
        return sql.substr(begin, at - begin);
    };
    if (word() != "UPDATE") return {};
    auto next = word();
    if (next == "OR") word(), next = word();
    if (next != table || word() != "SET") return {};
    std::vector<std::string> columns;
    for (;;) {
        columns.emplace_back(word());
        // To the comma or the WHERE that is in no parenthesis and no quotes.
        for (int depth = 0; at < sql.size(); ++at) {
            if (sql[at] == '\'') at = std::min(sql.find('\'', at + 1), sql.size() - 1);
            else if (sql[at] == '(') ++depth;
            else if (sql[at] == ')') --depth;
            else if (depth == 0 && sql[at] == ',') break;
            else if (depth == 0 && sql.substr(at, 5) == "WHERE") return columns;
        }
        if (at++ >= sql.size()) return columns;
    }
}

bool has_text(const FactTable& table) { return table.key.find('t') != std::string_view::npos; }

// The key as it stands in the ledger, and where it ends; false: broken.
bool take_key(const FactTable& table, std::string_view& in, RowFact& row, bool name) {
    auto begin = in;
    std::int64_t numbers[2] = {0, 0};
    if (name) row.name = fmt::format("{} row", table.name);
    for (std::size_t i = 0; i < table.key.size(); ++i) {
        std::uint64_t value = 0;
        if (!take_number(in, value)) return false;
        if (table.key[i] == 'i') {
            numbers[i] = unzigzag(value);
            if (name) row.name += fmt::format(" {}", numbers[i]);
        } else {
            if (value > in.size()) return false;
            if (name) row.name += fmt::format(" {}", in.substr(0, value));
            in.remove_prefix(value);
        }
    }
    row.key = {table.number, numbers[0], numbers[1]};
    if (has_text(table)) {
        auto hash = hash_of(begin.substr(0, begin.size() - in.size()));
        std::memcpy(&row.key.a, hash.data(), 8);
        std::memcpy(&row.key.b, hash.data() + 8, 8);
    }
    return true;
}

}  // namespace

std::span<const FactTable> fact_tables() { return tables; }
const FactTable* fact_table(std::uint8_t number) { return number >= 1 && number <= std::size(tables) ? &tables[number - 1] : nullptr; }

std::string FactTable::key_columns() const {
    std::istringstream words(columns);
    std::string out, word;
    for (std::size_t i = 0; i < key.size() && words >> word; ++i) out += (out.empty() ? "" : ", ") + word;
    return out;
}

RowWatcher::RowWatcher(sqlite3* db, ToldRows& out) : out_(out) {
    for (const auto& table : tables) by_name_[place_of(table.name)] = &table;
    auto changed = [](void* self, sqlite3* connection, int op, const char*, const char* name, sqlite3_int64 before, sqlite3_int64 after) {
        auto& w = *static_cast<RowWatcher*>(self);
        const auto* table = w.find(name);
        if (!table) return;
        bool one_number = table->key == "i";
        if (table == &tables[0] && op != SQLITE_INSERT) w.phones_rewritten_ = true;
        if (op == SQLITE_UPDATE && before == after) {
            if (auto columns = w.set_by_running(*table)) return w.moved(connection, *table, one_number ? after : -1, columns);
        }
        if (op == SQLITE_DELETE || (op == SQLITE_UPDATE && before != after && one_number)) w.deleted(connection, *table);
        if (op != SQLITE_DELETE) w.stands(connection, *table);
    };
    sqlite3_preupdate_hook(db, changed, this);
}

// What the running UPDATE sets, if that is nothing but moving columns.
RowWatcher::Columns RowWatcher::set_by_running(const FactTable& table) {
    if (!running_) return 0;
    auto [at, is_new] = updates_.try_emplace(running_, 0);
    if (!is_new) return at->second;
    const auto& layout = layout_of(table);
    for (const auto& name : columns_set(*running_, table.name)) {
        auto place = layout.places.find(name);
        if (place == layout.places.end() || !(layout.moving >> place->second & 1)) return at->second = 0;
        at->second |= 1ull << place->second;
    }
    return at->second;
}

// By length and three letters, which no two of our names share.
const FactTable* RowWatcher::find(std::string_view name) const {
    const auto* table = by_name_[place_of(name)];
    return table && name == table->name ? table : nullptr;
}

sqlite3_value* RowWatcher::shown(sqlite3* db, int column, int (*from)(sqlite3*, int, sqlite3_value**)) {
    sqlite3_value* value = nullptr;
    if (from(db, column, &value) == SQLITE_OK && value) return value;
    whole_ = false;
    return nullptr;
}

void RowWatcher::tell() {
    if (!std::exchange(whole_, true)) out_.whole_until = std::min(out_.whole_until, out_.bytes.size());
    out_.bytes += told_.view();
}

void RowWatcher::deleted(sqlite3* db, const FactTable& table) {
    told_.clear(static_cast<char>(table.number | gone));
    for (std::size_t i = 0; i < table.key.size(); ++i)
        if (auto* value = shown(db, static_cast<int>(i), sqlite3_preupdate_old)) add_key_value(told_, table.key[i], Shown{value});
    tell();
}

void RowWatcher::stands(sqlite3* db, const FactTable& table) {
    const auto moving = layout_of(table).moving;
    const auto columns = static_cast<std::size_t>(sqlite3_preupdate_count(db));
    row_.clear(static_cast<char>(table.number));
    told_.clear(static_cast<char>(table.number));
    for (std::size_t i = 0; i < columns; ++i) {
        if (moving >> i & 1) continue;
        auto* value = shown(db, static_cast<int>(i), sqlite3_preupdate_new);
        if (!value) continue;
        add_value(row_, Shown{value});
        if (i < table.key.size()) add_key_value(told_, table.key[i], Shown{value});
    }
    auto hash = hash_of(row_.view());
    std::memcpy(told_.room(hash.size()), hash.data(), hash.size());
    told_.size += hash.size();
    for (std::size_t i = 0; i < columns; ++i) {
        if (!(moving >> i & 1)) continue;
        if (auto* value = shown(db, static_cast<int>(i), sqlite3_preupdate_new)) add_moving(told_, Shown{value});
    }
    tell();
}

// `id`: of a table with one number for a key. Asking SQLite for it costs as much as for any other column.
void RowWatcher::moved(sqlite3* db, const FactTable& table, std::int64_t id, Columns columns) {
    told_.clear(static_cast<char>(table.number | moved_only));
    if (table.key == "i") add_number(told_, zigzag(id));
    else
        for (std::size_t i = 0; i < table.key.size(); ++i)
            if (auto* value = shown(db, static_cast<int>(i), sqlite3_preupdate_new)) add_key_value(told_, table.key[i], Shown{value});
    add_byte(told_, static_cast<char>(std::popcount(columns)));
    const auto moving = layout_of(table).moving;
    for (auto rest = columns; rest; rest &= rest - 1) {
        auto column = std::countr_zero(rest);
        add_byte(told_, static_cast<char>(std::popcount(moving & ((1ull << column) - 1))));  // its place among the moving ones
        if (auto* value = shown(db, column, sqlite3_preupdate_new)) add_moving(told_, Shown{value});
    }
    tell();
}

std::optional<RowFact> RowFacts::next() {
    if (rest_.empty() || broken_) return std::nullopt;
    RowFact row;
    auto head = static_cast<std::uint8_t>(rest_[0]);
    rest_.remove_prefix(1);
    const auto* table = fact_table(head & 0x3F);
    broken_ = !table || !take_key(*table, rest_, row, names_) || !take_state(*table, head, row);
    return broken_ ? std::nullopt : std::optional(std::move(row));
}

bool RowFacts::take_state(const FactTable& table, std::uint8_t head, RowFact& row) {
    if (head & gone) return true;
    auto take = [&](int values, bool with_place) {
        auto begin = rest_;
        for (std::string_view value; values > 0; --values) {
            if (with_place && rest_.empty()) return false;
            if (with_place) rest_.remove_prefix(1);
            if (!take_moving(rest_, value)) return false;
        }
        row.state.moving = begin.substr(0, begin.size() - rest_.size());
        return true;
    };
    if (head & moved_only) {
        row.kind = RowFact::Kind::moved;
        if (rest_.empty()) return false;
        int values = rest_[0];
        rest_.remove_prefix(1);
        return take(values, true);
    }
    row.kind = RowFact::Kind::stands;
    if (rest_.size() < row.state.standing.size()) return false;
    std::memcpy(row.state.standing.data(), rest_.data(), row.state.standing.size());
    rest_.remove_prefix(row.state.standing.size());
    return take(std::popcount(layout_of(table).moving), false);
}

void RowFact::apply(RowState& to) const {
    std::string out;
    out.reserve(to.moving.size() + state.moving.size());
    std::string_view old = to.moving, set = state.moving, value, kept;
    for (int place = 0; take_moving(old, kept); ++place) {
        if (!set.empty() && set[0] == place) {
            set.remove_prefix(1);
            take_moving(set, value);
            out += value;
        } else {
            out += kept;
        }
    }
    to.moving = std::move(out);
}

RowFact read_row(const FactTable& table, sqlite3_stmt* row, bool name) {
    thread_local Row bytes, key, moving;
    const auto stars = layout_of(table).moving;
    bytes.clear(static_cast<char>(table.number));
    key.clear(0);
    moving.clear(0);
    auto columns = static_cast<std::size_t>(sqlite3_column_count(row));
    for (std::size_t i = 0; i < columns; ++i) {
        Stored value{row, static_cast<int>(i)};
        if (stars >> i & 1) add_moving(moving, value);
        else add_value(bytes, value);
        if (i < table.key.size()) add_key_value(key, table.key[i], value);
    }
    RowFact fact;
    fact.kind = RowFact::Kind::stands;
    auto rest = key.view().substr(1);
    take_key(table, rest, fact, name);
    fact.state.standing = hash_of(bytes.view());
    fact.state.moving = moving.view().substr(1);
    return fact;
}

}  // namespace pingjing::store
