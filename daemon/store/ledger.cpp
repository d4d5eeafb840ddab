#include "daemon/store/ledger.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "daemon/store/sqlite.hpp"

namespace pingjing::store {
namespace {

void add_number(std::string& out, std::int64_t number, char end) {
    char digits[24];
    auto last = std::to_chars(digits, digits + sizeof digits, number).ptr;
    *last++ = end;
    out.append(digits, last);
}
void add_text(std::string& out, std::string_view text) {
    add_number(out, static_cast<std::int64_t>(text.size()), ':');
    out.append(text);
}

// The leaf of the line that `SELECT seq, at, kind, case_id, data, rows` stands on.
void write_entry_of(std::string& out, const Statement& line) {
    write_entry(out, line.integer(0), line.instant(1), line.view(2), line.maybe_integer(3), line.view(4), line.view(5));
}

// In statements of a second or less: a reader that stays longer keeps the WAL from shrinking.
void add_leaves(Connection& db, TreeHead& head, std::uint64_t begin, std::uint64_t end) {
    constexpr std::uint64_t a_time = 200'000;
    std::string entry;
    while (begin < end) {
        Statement lines(db, "SELECT seq, at, kind, case_id, data, rows FROM ledger WHERE seq > ?1 AND seq <= ?2 ORDER BY seq");
        auto until = std::min(begin + a_time, end);
        lines.bind(1, static_cast<std::int64_t>(begin)).bind(2, static_cast<std::int64_t>(until));
        while (lines.step()) {
            write_entry_of(entry, lines);
            head.append(leaf_hash(entry));
        }
        begin = until;
    }
}

constexpr std::size_t lines_at_once = 16, line_columns = 7;
std::string insert_of(std::size_t lines) {
    // OR FAIL: nothing of a line can be refused half-way, and without it SQLite copies every page first to take back the lines before.
    std::string sql = "INSERT OR FAIL INTO ledger(seq, at, kind, case_id, data, rows, mark) VALUES ";
    for (std::size_t n = 0; n < lines; ++n) {
        sql += n == 0 ? "(" : ", (";
        for (std::size_t c = 1; c <= line_columns; ++c) sql += fmt::format("{}?{}", c == 1 ? "" : ", ", n * line_columns + c);
        sql += ")";
    }
    return sql;
}

}  // namespace

void write_entry(std::string& out, std::int64_t seq, Instant at, std::string_view kind, std::optional<std::int64_t> case_id, std::string_view data,
                 std::string_view rows) {
    out.clear();
    add_number(out, seq, '|');
    add_number(out, to_millis(at), '|');
    add_number(out, case_id ? 1 : 0, '|');
    add_number(out, case_id.value_or(0), '|');
    add_text(out, kind);
    out += '|';
    add_text(out, data);
    out += '|';
    add_text(out, rows);
}

std::int64_t mark_of(const Hash& leaf) {
    std::int64_t mark = 0;
    std::memcpy(&mark, leaf.data(), sizeof mark);
    return mark;
}

std::int64_t append(Connection& db, Instant at, std::string_view kind, std::optional<std::int64_t> case_id, std::string_view data) {
    auto& tail = db.ledger();
    auto seq = static_cast<std::int64_t>(tail.size()) + 1;
    if (!tail.rows_.whole()) throw SqlError(SQLITE_NOMEM, "out of memory: what became of a row cannot be told");
    auto rows = std::string_view(tail.rows_.bytes).substr(tail.told_);
    write_entry(tail.entry_, seq, at, kind, case_id, data, rows);
    auto leaf = leaf_hash(tail.entry_);
    tail.unwritten_.push_back({seq, at, case_id, mark_of(leaf), tail.texts_.size(), kind.size(), data.size(), rows.size()});
    tail.texts_.append(kind).append(data).append(rows);
    tail.waiting_.push_back(leaf);
    tail.told_ = tail.rows_.bytes.size();
    tail.last_at_ = at;
    if (tail.unwritten_.size() >= lines_at_once || !db.in_transaction()) write_lines(db);
    return seq;
}

void write_lines(Connection& db) {
    auto& tail = db.ledger();
    if (tail.unwritten_.empty() || tail.writing_) return;
    struct Busy {
        explicit Busy(bool& f) : flag(f) { flag = true; }
        ~Busy() { flag = false; }
        bool& flag;
    } busy(tail.writing_);
    static const auto one = insert_of(1), many = insert_of(lines_at_once);
    for (std::size_t first = 0; first < tail.unwritten_.size();) {
        auto count = tail.unwritten_.size() - first >= lines_at_once ? lines_at_once : 1;
        Statement insert(db, count == 1 ? one : many);
        for (std::size_t n = 0; n < count; ++n) {
            const auto& line = tail.unwritten_[first + n];
            auto texts = std::string_view(tail.texts_).substr(line.begin);
            auto at = static_cast<int>(n * line_columns);
            insert.bind(at + 1, line.seq).bind(at + 2, line.at).lend(at + 3, texts.substr(0, line.kind)).bind(at + 4, line.case_id);
            insert.lend(at + 5, texts.substr(line.kind, line.data)).lend_blob(at + 6, texts.substr(line.kind + line.data, line.rows)).bind(at + 7, line.mark);
        }
        insert.run();
        first += count;
    }
    tail.unwritten_.clear();
    tail.texts_.clear();
}

TreeHead write_head(Connection& db) {
    auto& tail = db.ledger();
    // At the time of the line before: what somebody did is told by lines of its own, this is only how rows were left by it.
    if (tail.told_ < tail.rows_.bytes.size()) append(db, tail.last_at_, "rows", std::nullopt, "{}");
    write_lines(db);
    auto head = tail.head_;
    if (tail.waiting_.empty()) return head;
    for (const auto& leaf : tail.waiting_) head.append(leaf);
    Statement write(db, "INSERT INTO ledger_head(id, head) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET head = excluded.head");
    write.bind_blob(1, head.save()).run();
    return head;
}

void commit_head(Connection& db, TreeHead head) {
    auto& tail = db.ledger();
    if (!tail.waiting_.empty()) tail.last_leaf_ = tail.waiting_.back();
    tail.forget();
    tail.head_ = std::move(head);
}

void read_head(Connection& db) {
    Statement read(db, "SELECT head FROM ledger_head WHERE id = 1");
    db.ledger().head_ = read.step() ? TreeHead::load(read.text(0)) : TreeHead();
    auto entry = find_entry(db, static_cast<std::int64_t>(db.ledger().head_.size()));
    db.ledger().last_leaf_ = entry ? std::optional(leaf_hash(*entry)) : std::nullopt;
    Statement last(db, "SELECT at FROM ledger ORDER BY seq DESC LIMIT 1");
    if (last.step()) db.ledger().last_at_ = last.instant(0);
    db.ledger().forget();
}

Result<TreeHead> recompute(Connection& db, TreeHead head) {
    Statement lines(db, "SELECT seq, at, kind, case_id, data, rows, mark FROM ledger WHERE seq > ?1 ORDER BY seq");
    lines.bind(1, static_cast<std::int64_t>(head.size()));
    std::string entry;
    while (lines.step()) {
        auto expected = static_cast<std::int64_t>(head.size()) + 1;
        if (lines.integer(0) != expected) return fail(Error::Kind::internal, fmt::format("ledger row {} is missing", expected));
        write_entry_of(entry, lines);
        auto leaf = leaf_hash(entry);
        if (mark_of(leaf) != lines.integer(6)) return fail(Error::Kind::internal, fmt::format("ledger row {} was changed", expected));
        head.append(leaf);
    }
    Statement stored(db, "SELECT head FROM ledger_head WHERE id = 1");
    auto kept = stored.step() ? TreeHead::load(stored.text(0)) : TreeHead();
    if (kept.size() != head.size())
        return fail(Error::Kind::internal, fmt::format("the ledger has {} rows, its head says {}", head.size(), kept.size()));
    if (!(kept == head)) return fail(Error::Kind::internal, "a ledger row was changed: its root differs from the stored one");
    return head;
}

TreeHead head_at(Connection& db, std::uint64_t size) {
    TreeHead head;
    add_leaves(db, head, 0, size);
    return head;
}

std::vector<Hash> roots_of(Connection& db, const std::vector<LeafRange>& ranges) {
    std::vector<Hash> roots;
    for (const auto& range : ranges) {
        TreeHead part;
        add_leaves(db, part, range.begin, range.end);
        roots.push_back(part.root());
    }
    return roots;
}

std::optional<std::string> find_entry(Connection& db, std::int64_t seq) {
    Statement line(db, "SELECT seq, at, kind, case_id, data, rows FROM ledger WHERE seq = ?1");
    if (!line.bind(1, seq).step()) return std::nullopt;
    std::string entry;
    write_entry_of(entry, line);
    return entry;
}

}  // namespace pingjing::store
