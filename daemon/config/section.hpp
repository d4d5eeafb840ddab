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

namespace toml { inline namespace v3 { class node; class table; } }

namespace pingjing::config {

// What is wrong with one file, in the order in which it was found. Shared by all sections of a load.
class Problems {
public:
    void add(std::string file, int line, std::string what);  // line 0: the file as a whole
    bool empty() const { return all_.empty(); }
    std::vector<std::string> lines() const;  // by file and line, each said once
    std::string text() const;                // the same, one per line

private:
    struct Problem { std::string file; int line; std::string what; };
    std::vector<Problem> all_;
};

// A parsed file, owner of the tables that sections look into.
class Document {
public:
    // Null when it is not TOML; the problem names the line.
    static std::shared_ptr<const Document> parse(const std::string& text, std::string file, Problems& problems);
    ~Document();
    const std::string& file() const { return file_; }
    const toml::table& table() const { return *table_; }

private:
    Document(std::string file, std::unique_ptr<toml::table> table);
    std::string file_;
    std::unique_ptr<toml::table> table_;
};

class Section {
public:
    // `name` is how people know it: "[survey]", "channel 'main'". `table` may be null: everything is absent.
    Section(std::string file, std::string name, const toml::table* table, int line, Problems& problems);
    Section(const Document& document, Problems& problems);  // the whole file
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
    std::vector<std::int64_t> integers(const std::string& key, std::int64_t least, std::int64_t most);  // likewise
    // KEY itself or the first line of the file that KEY_file names (relative to the configuration file). Never printed.
    std::string secret(const std::string& key, bool required);
    // The path under KEY, made absolute against the configuration file; empty when absent.
    std::filesystem::path path(const std::string& key, const std::string& fallback = "");

    bool has(const std::string& key) const;
    std::string peek(const std::string& key) const;  // the text under a key that somebody else is to ask for; empty: there is none
    // This table as canonical TOML without those keys, its preset, and what the files say that they name: to tell whether anything
    // changed. Holds secrets.
    std::string contents(const std::vector<std::string>& without) const;
    Section child(const std::string& key);  // a sub-table; all absent when it is not there
    std::vector<Section> children(const std::string& key);  // an array of tables, or the tables under a table in file order
    std::vector<std::string> keys() const;
    const std::string& name() const { return name_; }
    int line() const { return own_.line; }
    int line_of(const std::string& key) const;
    std::string warning(const std::string& key, const std::string& what) const;  // "FILE:LINE: what": no problem, but a person should know
    const std::string& file() const { return file_; }
    Problems& problems() { return *problems_; }

    void problem(const std::string& key, const std::string& what);  // FILE:LINE: what
    // From now on a key that is not here is looked for there (a preset), sub-tables likewise; lists of tables are joined, ours first.
    void set_defaults(std::shared_ptr<const Document> preset);
    void finish();     // reports every key nobody asked for, in this table and its defaults
    void skip_rest();  // finish() will say nothing: what is wrong makes the other keys unreadable

private:
    struct Layer {
        const toml::table* table = nullptr;
        std::string file;
        int line = 0;
    };
    struct Found {
        const toml::node* node = nullptr;
        const Layer* layer = nullptr;
        explicit operator bool() const { return node != nullptr; }
    };
    Found find(const std::string& key);
    Found look(const std::string& key) const;
    template <class Value, class Holds>
    std::vector<Value> list_of(const std::string& key, const std::string& expected, Holds holds);
    void refuse(const Found& found, const std::string& key, const std::string& expected);
    std::string child_name(const std::string& key) const;

    std::string file_, name_;
    Layer own_, defaults_;
    std::shared_ptr<const Document> preset_;
    Problems* problems_;
    std::vector<std::string> asked_;
    bool silent_ = false;
};

}  // namespace pingjing::config
