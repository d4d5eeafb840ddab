#include "daemon/store/table_check.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <utility>

#include "daemon/store/sqlite.hpp"

namespace pingjing::store {

namespace {

constexpr int most_of_a_table = 3;
constexpr std::int64_t entries_a_step = 20'000;  // of tables that share one

std::string joined(const std::vector<std::string>& words, const char* between) {
    std::string out;
    for (const auto& word : words) out += (out.empty() ? "" : between) + word;
    return out;
}

// "a, CASE WHEN b THEN c END": split where no parenthesis is open.
std::vector<std::string> split(std::string_view list) {
    std::vector<std::string> out;
    int depth = 0;
    for (std::size_t begin = 0, at = 0; at <= list.size(); ++at) {
        if (at < list.size() && list[at] == '(') ++depth;
        if (at < list.size() && list[at] == ')') --depth;
        if (at < list.size() && (list[at] != ',' || depth > 0)) continue;
        out.push_back(fmt::format("({})", list.substr(begin, at - begin)));
        begin = at + 1;
    }
    return out;
}

void bind(Statement& to, int place, sqlite3_value* value) {
    if (int rc = sqlite3_bind_value(to.handle(), place, value); rc != SQLITE_OK) throw SqlError(rc, sqlite3_errstr(rc));
}

// Of what SQLite says, without its heading.
std::string first_line(std::string said) {
    if (auto heading = said.find("***\n"); heading != said.npos) said.erase(0, heading + 4);
    return said.substr(0, said.find('\n'));
}

std::string words_of(const Statement& row, int first, std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += " " + row.text(first + static_cast<int>(i));
    return out;
}

}  // namespace

void TableCheck::Forget::operator()(sqlite3_value* value) const noexcept { sqlite3_value_free(value); }

void TableCheck::found(std::string detail) {
    if (++found_here_ <= most_of_a_table) findings_.push_back(std::move(detail));
}

// Small tables share a step.
bool TableCheck::step(Connection& db) {
    Snapshot moment(db);
    if (!std::exchange(listed_, true)) {
        if (is_sound_as_a_whole(db)) return false;
        list_tables(db);
    }
    for (entries_asked_ = 0; table_ < tables_.size();)
        if (!look_at_table(db)) return true;
    if (findings_.empty() && !said_of_whole_.empty()) findings_.push_back("the file: " + said_of_whole_);
    return false;
}

// A small file is looked at in one go, with its free pages. What is wrong with it each table says better.
bool TableCheck::is_sound_as_a_whole(Connection& db) {
    constexpr std::int64_t entries_a_page = 10;
    try {
        Statement pages(db, "PRAGMA page_count");
        if (!pages.step() || pages.integer(0) * entries_a_page > std::min(entries_a_step, sizes_.entries_at_once)) return false;
        Statement check(db, "PRAGMA integrity_check");
        if (check.step()) said_of_whole_ = first_line(check.text(0));
    } catch (const SqlError& error) {
        if (!error.is_damage() && (error.code() & 0xFF) != SQLITE_ERROR) throw;
        said_of_whole_ = error.reason();
    }
    return said_of_whole_ == "ok";
}

// False: the rest has to wait for the next step.
bool TableCheck::look_at_table(Connection& db) {
    try {
        if (!walking_ && !begin_table(db)) return false;
        if (walking_ && walk_on(db)) return false;
    } catch (const SqlError& error) {
        // Where the schema was edited, too, our questions may make no sense.
        if (!error.is_damage() && (error.code() & 0xFF) != SQLITE_ERROR) throw;
        found(fmt::format("{} cannot be read: {}", table(), error.reason()));
        walking_ = false;
    }
    if (walking_ && ++walk_number_ <= indexes_.size()) {
        begin_walk();
        return false;
    }
    bool walked = std::exchange(walking_, false);
    found_here_ = 0, ++table_;
    return !walked;
}

void TableCheck::list_tables(Connection& db) {
    Statement all(db, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY rootpage");
    while (all.step()) tables_.push_back(all.text(0));
}

// False: with those of the tables before it these rows would be too many for one step.
bool TableCheck::begin_table(Connection& db) {
    Statement kinds(db, "SELECT 1 + count(*) FROM pragma_index_list(?1)");
    kinds.bind(1, table()).step();
    auto most = sizes_.entries_at_once / kinds.integer(0);
    Statement many(db, fmt::format("SELECT count(*) FROM (SELECT 1 FROM {} LIMIT ?1)", table()));
    many.bind(1, most + 1).step();
    auto rows = many.integer(0), entries = rows * kinds.integer(0);
    if (entries_asked_ > 0 && entries_asked_ + entries > entries_a_step) return false;
    entries_asked_ += entries;
    if (rows <= most) return ask_sqlite(db), true;
    read_indexes(db);
    walking_ = true, walk_number_ = 0;
    begin_walk();
    return true;
}

void TableCheck::ask_sqlite(Connection& db) {
    Statement check(db, fmt::format("PRAGMA integrity_check({})", table()));
    while (check.step()) {
        auto said = first_line(check.text(0));
        if (said != "ok") found(fmt::format("{}: {}", table(), said));
    }
}

void TableCheck::read_indexes(Connection& db) {
    Statement without(db, "SELECT sql LIKE '%WITHOUT ROWID' FROM sqlite_master WHERE type = 'table' AND name = ?1");
    rowid_ = !(without.bind(1, table()).step() && without.integer(0) == 1);
    key_ = {"rowid"};
    if (!rowid_) {
        key_.clear();
        Statement key(db, "SELECT name FROM pragma_table_info(?1) WHERE pk > 0 ORDER BY pk");
        for (key.bind(1, table()); key.step();) key_.push_back(key.text(0));
    }
    indexes_.clear();
    Statement all(db, "SELECT l.name, coalesce(m.sql, '') FROM pragma_index_list(?1) l JOIN sqlite_master m ON m.name = l.name WHERE l.origin <> 'pk' OR ?2");
    for (all.bind(1, table()).bind(2, rowid_); all.step();) {
        Index index{all.text(0), "1"};
        auto sql = all.text(1);
        if (sql.empty()) {  // of a UNIQUE in the table
            Statement columns(db, "SELECT name FROM pragma_index_info(?1) ORDER BY seqno");
            for (columns.bind(1, index.name); columns.step();) index.columns.push_back(columns.text(0));
        } else {
            auto where = sql.find(" WHERE ");
            auto list = sql.substr(0, sql.rfind(')', where));
            index.columns = split(std::string_view(list).substr(list.find('(') + 1));
            if (where != sql.npos) index.condition = sql.substr(where + 7);
        }
        std::string same;
        int place = 0;
        for (const auto& column : index.columns) same += fmt::format(" AND {} IS ?{}", column, ++place);
        for (const auto& column : key_) same += fmt::format(" AND {} = ?{}", column, ++place);
        index.find_in_it = fmt::format("SELECT 1 FROM {} INDEXED BY {} WHERE ({}){}", table(), index.name, index.condition, same);
        index.find_in_table = fmt::format("SELECT 1 FROM {} WHERE ({}){}", as_table(), index.condition, same);
        indexes_.push_back(std::move(index));
    }
}

void TableCheck::begin_walk() {
    walk_ = {};
    if (walk_number_ == 0) {
        walk_.from = as_table(), walk_.where = "1", walk_.order = key_;
        for (const auto& index : indexes_) {
            walk_.also.push_back(fmt::format("({})", index.condition));
            walk_.also.insert(walk_.also.end(), index.columns.begin(), index.columns.end());
        }
    } else {
        const auto& index = indexes_[walk_number_ - 1];
        walk_.from = fmt::format("{} INDEXED BY {}", table(), index.name), walk_.where = index.condition, walk_.order = index.columns;
        walk_.order.insert(walk_.order.end(), key_.begin(), key_.end());
    }
}

// What follows the last row: the rest of those that share all its values but one, then of those that share one less.
bool TableCheck::walk_on(Connection& db) {
    if (walk_number_ == 0 && indexes_.empty()) return false;  // nothing to compare with; who reads the rows finds what is damaged
    for (auto left = sizes_.rows_a_step; left > 0;) {
        bool first = walk_.last.empty();
        auto read = read_slice(db, left);
        if (read == left) return true;
        left -= read;
        if (first || walk_.equal == 0) return false;
        --walk_.equal;
    }
    return true;
}

// Tables without such a number are small. Whoever writes a row by hand may give it a negative one, and of those a remainder is negative.
bool TableCheck::is_mine(const Statement& row) const {
    if (!rowid_ || sizes_.one_of == 1) return true;
    auto place = walk_number_ == 0 ? std::size_t{0} : indexes_[walk_number_ - 1].columns.size();
    auto left = row.integer(static_cast<int>(place)) % sizes_.one_of;
    return (left < 0 ? left + sizes_.one_of : left) == sizes_.share;
}

std::int64_t TableCheck::read_slice(Connection& db, std::int64_t most) {
    auto sql = fmt::format("SELECT {} FROM {} WHERE ({})", joined(walk_.order, ", "), walk_.from, walk_.where);
    if (!walk_.also.empty()) sql.insert(sql.find(" FROM "), ", " + joined(walk_.also, ", "));
    auto equal = walk_.equal;
    bool after = !walk_.last.empty(), after_null = after && sqlite3_value_type(walk_.last[equal].get()) == SQLITE_NULL;
    for (std::size_t i = 0; after && i < equal; ++i) sql += fmt::format(" AND {} IS ?{}", walk_.order[i], i + 1);
    if (after) sql += after_null ? fmt::format(" AND {} IS NOT NULL", walk_.order[equal]) : fmt::format(" AND {} > ?{}", walk_.order[equal], equal + 1);
    auto bound = after ? equal + (after_null ? 0 : 1) : 0;
    sql += fmt::format(" ORDER BY {} LIMIT ?{}", joined(walk_.order, ", "), bound + 1);
    Statement rows(db, sql);
    for (std::size_t i = 0; i < bound; ++i) bind(rows, static_cast<int>(i) + 1, walk_.last[i].get());
    rows.bind(static_cast<int>(bound) + 1, most);

    std::int64_t n = 0;
    while (n < most && rows.step()) {
        if (is_mine(rows)) walk_number_ == 0 ? compare_with_indexes(db, rows) : compare_with_table(db, rows);
        if (++n < most) continue;
        walk_.last.clear();
        for (int i = 0; i < static_cast<int>(walk_.order.size()); ++i) walk_.last.emplace_back(sqlite3_value_dup(sqlite3_column_value(rows.handle(), i)));
        walk_.equal = walk_.order.size() - 1;
    }
    return n;
}

// Of each index: whether the row is in it, then what it holds there.
void TableCheck::compare_with_indexes(Connection& db, const Statement& row) {
    auto keys = static_cast<int>(key_.size());
    int at = keys;
    for (const auto& index : indexes_) {
        bool in_it = row.integer(at++) == 1;
        auto first = std::exchange(at, at + static_cast<int>(index.columns.size()));
        if (!in_it) continue;
        Statement find(db, index.find_in_it);
        int place = 0;
        for (auto column = first; column < at; ++column) bind(find, ++place, sqlite3_column_value(row.handle(), column));
        for (int column = 0; column < keys; ++column) bind(find, ++place, sqlite3_column_value(row.handle(), column));
        if (!find.step()) found(fmt::format("{} row{} is not found by its index {}", table(), words_of(row, 0, key_.size()), index.name));
    }
}

void TableCheck::compare_with_table(Connection& db, const Statement& row) {
    const auto& index = indexes_[walk_number_ - 1];
    Statement find(db, index.find_in_table);
    for (int i = 0; i < static_cast<int>(walk_.order.size()); ++i) bind(find, i + 1, sqlite3_column_value(row.handle(), i));
    if (!find.step())
        found(fmt::format("index {} finds {} row{}, which is not there or holds something else", index.name, table(), words_of(row, static_cast<int>(index.columns.size()), key_.size())));
}

}  // namespace pingjing::store
