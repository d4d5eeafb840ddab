// One table of a TOML file with its line numbers. Getters remember which keys were asked for and what was wrong with
// each; the problems of all tables come together, unknown keys included, for those are spelling mistakes:
//   pingjing.toml:14: tps = "fast": expected a whole number from 1 to 500
//   pingjing.toml:12: channel 'main' needs 'source'
//   pingjing.toml:15: channel 'main' has no setting 'souce'
#pragma once
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/result.hpp"

namespace toml { inline namespace v3 { class table; } }

namespace pingjing::config {

// What is wrong with one file, in the order in which it was found. Shared by all sections of a load.
class Problems {
public:
    void add(std::string file, int line, std::string what);
    bool empty() const { return lines_.empty(); }
    std::string text() const;  // sorted by file and line, one per line
    const std::vector<std::string>& lines() const { return lines_; }

private:
    std::vector<std::string> lines_;
};

class Section {
public:
    // `name` is how people know it: "[survey]", "channel 'main'". `table` may be null: everything is absent.
    Section(std::string file, std::string name, const toml::table* table, int line, Problems& problems);
    Section(Section&&) noexcept;
    ~Section();  // does not report unknown keys: finish() does

    // Without a fallback the key must be there. A wrong value is reported once and the fallback (or an empty value) returned.
    std::string text(const std::string& key);
    std::string text(const std::string& key, const std::string& fallback);
    bool flag(const std::string& key, bool fallback);
    std::int64_t integer(const std::string& key, std::int64_t fallback, std::int64_t least, std::int64_t most);
    std::int64_t integer(const std::string& key, std::int64_t least, std::int64_t most);
    double real(const std::string& key, double fallback, double least, double most);
    // "90s" "120m" "72h" "14d", one number and one unit.
    std::chrono::milliseconds duration(const std::string& key, std::chrono::milliseconds fallback,
                                       std::chrono::milliseconds least, std::chrono::milliseconds most);
    std::string one_of(const std::string& key, const std::string& fallback, const std::vector<std::string>& allowed);
    std::vector<std::string> texts(const std::string& key);  // absent: empty
    // KEY itself or the first line of the file that KEY_file names (relative to the configuration file). Never printed.
    std::string secret(const std::string& key, bool required);
    // The path under KEY, made absolute against the configuration file; empty when absent.
    std::filesystem::path path(const std::string& key, const std::string& fallback = "");

    bool has(const std::string& key) const;
    Section child(const std::string& key);  // a sub-table; all absent when it is not there
    std::vector<Section> children(const std::string& key);  // an array of tables, or the tables under a table in file order
    std::vector<std::string> keys() const;
    const std::string& name() const { return name_; }
    int line() const { return line_; }
    int line_of(const std::string& key) const;
    const std::string& file() const { return file_; }
    Problems& problems() { return *problems_; }

    void problem(const std::string& key, const std::string& what);  // FILE:LINE: what
    void finish();  // reports every key nobody asked for, in this table

private:
    const struct Node* find(const std::string& key);
    std::string file_, name_;
    const toml::table* table_;
    int line_;
    Problems* problems_;
    std::vector<std::string> asked_;
};

}  // namespace pingjing::config
