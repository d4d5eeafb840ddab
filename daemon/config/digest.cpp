#include "daemon/config/digest.hpp"

#include <fmt/format.h>
#include <sodium.h>
#include <toml++/toml.h>

#include <sstream>

#include "daemon/core/tree.hpp"

namespace pingjing::config {
namespace {

// A hash of a short password could be guessed from the ledger that holds it: secrets stay out.
bool is_secret(std::string_view key) {
    for (std::string_view end : {"password", "secret", "secret_previous", "token", "key", "secrets"})
        if (key.ends_with(end)) return true;
    return false;
}

void erase_secrets(toml::table& table) {
    for (auto it = table.begin(); it != table.end();) {
        if (is_secret(it->first.str())) {
            it = table.erase(it);
            continue;
        }
        if (auto* inner = it->second.as_table()) erase_secrets(*inner);
        if (auto* list = it->second.as_array())
            for (auto& item : *list)
                if (auto* inner = item.as_table()) erase_secrets(*inner);
        ++it;
    }
}

}  // namespace

std::string without_secrets(const toml::table& table) {
    auto open = table;
    erase_secrets(open);
    std::ostringstream written;
    written << open << '\n';
    return written.str();
}

std::string digest_of(const Settings& settings, const ListTexts& lists) {
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    auto add = [&](std::string_view name, std::string_view text) {
        auto head = fmt::format("{} {}\n", name, text.size());
        crypto_hash_sha256_update(&state, reinterpret_cast<const unsigned char*>(head.data()), head.size());
        crypto_hash_sha256_update(&state, reinterpret_cast<const unsigned char*>(text.data()), text.size());
    };
    add("configuration", settings.open_text);
    for (const auto& [name, text] : lists) add("list " + name, text);
    for (const auto& [name, text] : settings.texts) add("text " + name, text);
    for (const auto& [language, texts] : settings.texts_of)
        for (const auto& [name, text] : texts) add("text " + language + "/" + name, text);
    for (const auto& [name, text] : settings.mappings) add("mapping " + name, text);
    Hash out;
    crypto_hash_sha256_final(&state, out.data());
    return to_hex(out);
}

}  // namespace pingjing::config
