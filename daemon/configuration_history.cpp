#include "daemon/configuration_history.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <map>
#include <set>

#include "daemon/config/lines.hpp"

namespace pingjing {
namespace {

namespace json = boost::json;
using Lines = std::set<std::string>;

// A new list of ten thousand officers is said in one line; who wants every row has the file.
constexpr std::size_t most_rows = 200;

std::string kept(store::Connection& db, const char* key) {
    store::Statement read(db, "SELECT value FROM meta WHERE key = ?1");
    return read.bind(1, key).step() ? read.text(0) : std::string();
}
void keep(store::Connection& db, const char* key, const std::string& value) {
    store::Statement write(db, "INSERT INTO meta(key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value");
    write.bind(1, key).bind(2, value).run();
}

// As the load before left them; none where an earlier version kept them in its own way.
Lines kept_lines(store::Connection& db) {
    boost::system::error_code broken;
    auto all = json::parse(kept(db, "configuration"), broken);
    Lines lines;
    if (const auto* array = broken ? nullptr : all.if_array())
        for (const auto& line : *array) lines.insert(json::value_to<std::string>(line));
    return lines;
}

// What is in the one and not in the other, by what it is about.
std::map<std::string, std::vector<std::string>> only_in(const Lines& these, const Lines& those) {
    std::map<std::string, std::vector<std::string>> out;
    for (const auto& line : these)
        if (!those.contains(line)) out[config::key_of_line(line)].push_back(line);
    return out;
}

json::array as_words(const std::map<std::string, std::vector<std::string>>& lines) {
    json::array out;
    for (const auto& [key, rows] : lines) {
        if (rows.size() > most_rows) out.push_back(json::string(fmt::format("{}: {} rows", key, rows.size())));
        else
            for (const auto& row : rows) out.push_back(json::string(row));
    }
    return out;
}

}  // namespace

std::optional<std::vector<std::string>> record_configuration(store::Connection& db, const config::Settings& settings, Instant now) {
    auto hash_before = kept(db, "rules_sha256");
    if (hash_before == settings.rules_sha256) return std::nullopt;
    auto words = config::open_lines(settings);
    auto before = kept_lines(db);
    Lines after(words.begin(), words.end());
    auto added = only_in(after, before), removed = only_in(before, after);
    json::object fact{{"rules_sha256", settings.rules_sha256}, {"before", hash_before}, {"added", as_words(added)}, {"removed", as_words(removed)}};
    store::append(db, now, "configuration", std::nullopt, json::serialize(fact));
    keep(db, "rules_sha256", settings.rules_sha256);
    keep(db, "configuration", json::serialize(json::value_from(words)));
    std::set<std::string> keys;
    for (const auto* side : {&added, &removed})
        for (const auto& [key, rows] : *side) keys.insert(key);
    return std::vector<std::string>(keys.begin(), keys.end());
}

void record_waiting_settings(store::Connection& db, const std::vector<std::string>& needs_restart, Instant now) {
    if (needs_restart.empty()) return;
    json::array keys;
    for (const auto& key : needs_restart) keys.push_back(json::string(key));
    store::append(db, now, "configuration_waits", std::nullopt, json::serialize(json::object{{"needs_restart", std::move(keys)}}));
}

}  // namespace pingjing
