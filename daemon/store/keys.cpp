#include "daemon/store/keys.hpp"

#include <fmt/format.h>

#include "daemon/store/phones.hpp"

namespace pingjing::store {
namespace {

Result<void> of_others(std::string_view which) {
    return fail(Error::Kind::conflict, fmt::format("this store was written under another key ({}) than the one here: put the key files back, from their copy or the key sheet. Nothing was changed", which));
}

// Of a store that an earlier version made: does the newest number that it holds open, and is it found?
Result<void> ask_a_number(Connection& db, const Seal& seal) {
    Statement newest(db, "SELECT key, sealed FROM phones WHERE length(sealed) > 0 ORDER BY id DESC LIMIT 1");
    if (!newest.step()) return {};
    auto key = newest.text(0);
    auto phone = open_phone(seal, key, newest.text(1));
    if (!phone) return of_others("sealing.key");
    return seal.phone_key(*phone) == key ? Result<void>() : of_others("index.key");
}

}  // namespace

Result<void> check_keys(Connection& db, const Seal& seal) {
    if (Statement made(db, "SELECT 1 FROM sqlite_master WHERE name = 'meta'"); !made.step()) return {};
    auto here = seal.fingerprints();
    Statement stored(db, "SELECT substr(key, 5), value FROM meta WHERE key LIKE 'key:%'");
    bool any = false;
    while (stored.step()) {
        any = true;
        auto found = here.find(stored.text(0));
        if (found == here.end() || found->second != stored.text(1)) return of_others(stored.text(0));
    }
    return any ? Result<void>() : ask_a_number(db, seal);
}

Result<void> check_and_remember_keys(Connection& db, const Seal& seal) {
    if (auto agree = check_keys(db, seal); !agree) return agree;
    for (const auto& [name, fingerprint] : seal.fingerprints()) {
        Statement keep(db, "INSERT INTO meta(key, value) VALUES ('key:' || ?1, ?2) ON CONFLICT (key) DO NOTHING");
        keep.bind(1, name).bind(2, fingerprint).run();
    }
    return {};
}

}  // namespace pingjing::store
