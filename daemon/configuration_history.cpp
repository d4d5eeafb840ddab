#include "daemon/configuration_history.hpp"

#include <boost/json.hpp>
#include <set>
#include <sstream>

namespace pingjing {
namespace {

namespace json = boost::json;

std::set<std::string> lines_of(const std::string& text) {
    std::set<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);)
        if (line.find_first_not_of(" \t") != std::string::npos) lines.insert(line);
    return lines;
}

// Everything that rules_sha256 covers and that may be read by anyone: configuration without secrets, and the texts.
std::string open_words(const config::Settings& settings) {
    auto out = settings.open_text;
    for (const auto& [name, text] : settings.texts) out += "text " + name + " = " + text + "\n";
    for (const auto& [language, texts] : settings.texts_of)
        for (const auto& [name, text] : texts) out += "text " + language + "/" + name + " = " + text + "\n";
    return out;
}

std::string kept(store::Connection& db, const char* key) {
    store::Statement read(db, "SELECT value FROM meta WHERE key = ?1");
    return read.bind(1, key).step() ? read.text(0) : std::string();
}
void keep(store::Connection& db, const char* key, const std::string& value) {
    store::Statement write(db, "INSERT INTO meta(key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value");
    write.bind(1, key).bind(2, value).run();
}

}  // namespace

bool record_configuration(store::Connection& db, const config::Settings& settings, Instant now) {
    if (kept(db, "rules_sha256") == settings.rules_sha256) return false;
    auto words = open_words(settings);
    auto before = lines_of(kept(db, "configuration")), after = lines_of(words);
    json::array added, removed;
    for (const auto& line : after)
        if (!before.contains(line)) added.push_back(json::string(line));
    for (const auto& line : before)
        if (!after.contains(line)) removed.push_back(json::string(line));
    json::object fact{{"rules_sha256", settings.rules_sha256}, {"before", kept(db, "rules_sha256")}, {"added", std::move(added)}, {"removed", std::move(removed)}};
    store::append(db, now, "configuration", std::nullopt, json::serialize(fact));
    keep(db, "rules_sha256", settings.rules_sha256);
    keep(db, "configuration", words);
    return true;
}

void record_waiting_settings(store::Connection& db, const std::vector<std::string>& needs_restart, Instant now) {
    if (needs_restart.empty()) return;
    json::array keys;
    for (const auto& key : needs_restart) keys.push_back(json::string(key));
    store::append(db, now, "configuration_waits", std::nullopt, json::serialize(json::object{{"needs_restart", std::move(keys)}}));
}

}  // namespace pingjing
