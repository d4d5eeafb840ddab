#include "daemon/store/phones.hpp"

#include "daemon/store/sqlite.hpp"

namespace pingjing::store {
namespace {
// A sealed number moved to another key does not open.
std::string where(std::string_view key) { return "phones:" + std::string(key); }
}  // namespace

std::int64_t keep_phone(Connection& db, const Seal& seal, const Phone& phone, Instant now) { return keep_phone(db, seal, phone, seal.phone_key(phone), now); }

std::int64_t keep_phone(Connection& db, const Seal& seal, const Phone& phone, std::string_view key, Instant now) { return keep_phone(db, seal, phone, key, {}, now); }

std::string seal_phone(const Seal& seal, const Phone& phone, std::string_view key) { return seal.seal(phone.reveal(), where(key)); }

std::int64_t keep_phone(Connection& db, const Seal& seal, const Phone& phone, std::string_view key, std::string_view sealed, Instant now) {
    auto* met = db.phone_ids();
    if (auto id = met ? met->find(key) : std::nullopt) return *id;
    std::int64_t id = 0;
    bool known = false;
    if (!met || !met->is_nobody(key)) {
        Statement find(db, "SELECT id, length(sealed) FROM phones WHERE key = ?1");
        known = find.bind_blob(1, key).step();
        if (known) id = find.integer(0);
        // Forgotten, and here again while its key was still kept.
        if (known && find.integer(1) == 0) {
            Statement again(db, "UPDATE phones SET sealed = ?2 WHERE id = ?1");
            again.bind(1, id).bind_blob(2, seal_phone(seal, phone, key)).run();
        }
    }
    if (!known) {
        id = db.next_id("phones");
        Statement keep(db, "INSERT INTO phones(id, key, sealed, first_seen) VALUES (?1, ?2, ?3, ?4)");
        keep.bind(1, id).bind_blob(2, key).bind_blob(3, sealed.empty() ? seal_phone(seal, phone, key) : std::string(sealed)).bind(4, now).run();
    }
    if ((met = db.phone_ids())) met->remember(key, id);  // asked anew: writing `sealed` makes what is remembered forgotten
    return id;
}

std::optional<std::int64_t> find_phone_id(Connection& db, std::string_view key) {
    Statement find(db, "SELECT id FROM phones WHERE key = ?1");
    if (find.bind_blob(1, key).step()) return find.integer(0);
    if (auto* met = db.phone_ids()) met->remember_nobody(key);
    return std::nullopt;
}

std::string phone_key_of(Connection& db, std::int64_t phone_id) {
    Statement find(db, "SELECT key FROM phones WHERE id = ?1");
    return find.bind(1, phone_id).step() ? find.text(0) : std::string();
}

Result<Phone> find_phone(Connection& db, const Seal& seal, std::int64_t phone_id) {
    Statement find(db, "SELECT key, sealed FROM phones WHERE id = ?1");
    if (!find.bind(1, phone_id).step()) return fail(Error::Kind::not_found, "there is no such number");
    return open_phone(seal, find.text(0), find.text(1));
}

Result<Phone> open_phone(const Seal& seal, std::string_view key, std::string_view sealed) {
    if (sealed.empty()) return fail(Error::Kind::not_found, "this number was erased");
    auto plain = seal.open(sealed, where(key));
    if (!plain) return tl::unexpected(plain.error());
    return Phone::sender(*plain);
}

std::string open_id(const Seal& seal, const std::string& id) { return hide_mobiles(id) == id ? id : "hashed:" + to_hex(seal.keyed_hash(id)); }

bool is_opted_out(Connection& db, std::int64_t phone_id) {
    Statement last(db, "SELECT action = 'out' FROM opt_outs WHERE phone_id = ?1 ORDER BY id DESC LIMIT 1");
    return last.bind(1, phone_id).step() && last.integer(0) == 1;
}

bool record_opt_out(Connection& db, std::int64_t phone_id, bool out, std::string_view source, std::string_view reason, Instant now) {
    if (is_opted_out(db, phone_id) == out) return false;
    Statement add(db, "INSERT INTO opt_outs(id, phone_id, at, action, source, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
    add.bind(1, db.next_id("opt_outs")).bind(2, phone_id).bind(3, now).bind(4, out ? "out" : "in").bind(5, source).bind(6, reason).run();
    append(db, now, out ? "opt_out" : "opt_in", std::nullopt, "{}");
    return true;
}

}  // namespace pingjing::store
