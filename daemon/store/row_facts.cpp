#include "daemon/store/row_facts.hpp"

#include <fmt/format.h>
#include <sodium.h>
#include <sqlite3.h>

#include <cmath>
#include <cstring>

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

// Not here: what only helps to find and to wait (slots, channel_days, receipt_keys, meta), hook bodies, of which everything that
// was understood stands in a table of its own, the ledger itself, and checkpoints, which are signed.
constexpr FactTable tables[] = {
    {1, "phones", "i", "id"},
    {2, "intake_batches", "i", "id"},
    {3, "rejections", "i", "id"},
    {4, "cases", "i", "id"},
    {5, "case_versions", "ii", "case_id, number"},
    {6, "case_officers", "ii", "case_id, position"},
    {7, "decisions", "i", "id"},
    {8, "messages", "i", "id"},
    {9, "attempts", "ii", "message_id, attempt"},
    {10, "receipts", "i", "id"},
    {11, "inbound", "i", "id"},
    {12, "ratings", "i", "id"},
    {13, "opt_outs", "i", "id"},
    {14, "alarms", "t", "id"},
    {15, "followups", "i", "id"},
    {16, "followup_steps", "i", "id"},
    {17, "reviews", "i", "id"},
    {18, "holds", "i", "id"},
    {19, "tokens", "i", "id"},
    {20, "exports", "ti", "day, version"},
    {21, "erasures", "i", "id"},
};
constexpr std::uint8_t gone = 0x80;  // beside the table's number: the row was deleted, no hash follows

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

RowWatcher::RowWatcher(sqlite3* db, std::string& out) : out_(out) {
    auto changed = [](void* self, sqlite3* connection, int op, const char*, const char* name, sqlite3_int64 before, sqlite3_int64 after) {
        auto& w = *static_cast<RowWatcher*>(self);
        const auto* table = w.find(name);
        if (!table) return;
        if (op == SQLITE_DELETE || (op == SQLITE_UPDATE && before != after && table->key == "i")) w.deleted(connection, *table);
        if (op != SQLITE_DELETE) w.stands(connection, *table);
    };
    sqlite3_preupdate_hook(db, changed, this);
}

// Names are the schema's own and stay where they are until it is read anew: so what stands at a known place is compared again.
const FactTable* RowWatcher::find(const char* name) {
    auto& place = known_[(reinterpret_cast<std::uintptr_t>(name) >> 4) % known_.size()];
    if (place.kept == name) return place.table;
    place = {name, nullptr};
    for (const auto& table : tables)
        if (place.kept == table.name) place.table = &table;
    return place.table;
}

void RowWatcher::deleted(sqlite3* db, const FactTable& table) {
    key_.clear(static_cast<char>(table.number | gone));
    for (std::size_t i = 0; i < table.key.size(); ++i) {
        sqlite3_value* value = nullptr;
        if (sqlite3_preupdate_old(db, static_cast<int>(i), &value) == SQLITE_OK) add_key_value(key_, table.key[i], Shown{value});
    }
    out_ += key_.view();
}

void RowWatcher::stands(sqlite3* db, const FactTable& table) {
    row_.clear(static_cast<char>(table.number));
    key_.clear(static_cast<char>(table.number));
    auto columns = static_cast<std::size_t>(sqlite3_preupdate_count(db));
    for (std::size_t i = 0; i < columns; ++i) {
        sqlite3_value* value = nullptr;
        if (sqlite3_preupdate_new(db, static_cast<int>(i), &value) != SQLITE_OK) continue;  // out of memory: the statement fails as well
        add_value(row_, Shown{value});
        if (i < table.key.size()) add_key_value(key_, table.key[i], Shown{value});
    }
    auto hash = hash_of(row_.view());
    std::memcpy(key_.room(hash.size()), hash.data(), hash.size());
    key_.size += hash.size();
    out_ += key_.view();
}

std::optional<RowFact> RowFacts::next() {
    if (rest_.empty() || broken_) return std::nullopt;
    RowFact row;
    auto head = static_cast<std::uint8_t>(rest_[0]);
    rest_.remove_prefix(1);
    const auto* table = fact_table(head & ~gone & 0xFF);
    broken_ = !table || !take_key(*table, rest_, row, names_);
    if (!broken_ && !(head & gone)) {
        row.hash.emplace();
        broken_ = rest_.size() < row.hash->size();
        if (broken_) return std::nullopt;
        std::memcpy(row.hash->data(), rest_.data(), row.hash->size());
        rest_.remove_prefix(row.hash->size());
    }
    return broken_ ? std::nullopt : std::optional(std::move(row));
}

RowFact read_row(const FactTable& table, sqlite3_stmt* row, bool name) {
    thread_local Row bytes, key;
    bytes.clear(static_cast<char>(table.number));
    key.clear(static_cast<char>(table.number));
    auto columns = static_cast<std::size_t>(sqlite3_column_count(row));
    for (std::size_t i = 0; i < columns; ++i) {
        Stored value{row, static_cast<int>(i)};
        add_value(bytes, value);
        if (i < table.key.size()) add_key_value(key, table.key[i], value);
    }
    RowFact fact;
    auto rest = key.view().substr(1);
    take_key(table, rest, fact, name);
    fact.hash = hash_of(bytes.view());
    return fact;
}

}  // namespace pingjing::store
