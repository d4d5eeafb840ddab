#include "daemon/store/phones.hpp"

#include "daemon/store/sqlite.hpp"

namespace pingjing::store {
namespace {
// A sealed number moved to another key does not open.
std::string where(std::string_view phone_key) { return "phones:" + std::string(phone_key); }
}  // namespace

std::string keep_phone(Connection& db, const Seal& seal, const Phone& phone, Instant now) {
    auto key = seal.phone_key(phone);
    Statement known(db, "SELECT 1 FROM phones WHERE phone_key = ?1");
    if (known.bind_blob(1, key).step()) return key;
    Statement keep(db, "INSERT INTO phones(phone_key, sealed, first_seen) VALUES (?1, ?2, ?3)");
    keep.bind_blob(1, key).bind_blob(2, seal.seal(phone.reveal(), where(key))).bind(3, now).run();
    return key;
}

Result<Phone> find_phone(Connection& db, const Seal& seal, std::string_view phone_key) {
    Statement find(db, "SELECT sealed FROM phones WHERE phone_key = ?1");
    if (!find.bind_blob(1, phone_key).step()) return fail(Error::Kind::not_found, "this number was erased");
    auto plain = seal.open(find.text(0), where(phone_key));
    if (!plain) return tl::unexpected(plain.error());
    return Phone::sender(*plain);
}

std::string open_id(const Seal& seal, const std::string& id) { return hide_mobiles(id) == id ? id : "hashed:" + to_hex(seal.keyed_hash(id)); }

bool is_opted_out(Connection& db, std::string_view phone_key) {
    Statement last(db, "SELECT action = 'out' FROM opt_outs WHERE phone_key = ?1 ORDER BY id DESC LIMIT 1");
    return last.bind_blob(1, phone_key).step() && last.integer(0) == 1;
}

bool record_opt_out(Connection& db, const Seal& seal, const Phone& phone, bool out, std::string_view source, std::string_view reason, Instant now) {
    auto key = keep_phone(db, seal, phone, now);
    if (is_opted_out(db, key) == out) return false;
    Statement add(db, "INSERT INTO opt_outs(id, phone_key, at, action, source, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
    add.bind(1, db.next_id("opt_outs")).bind_blob(2, key).bind(3, now).bind(4, out ? "out" : "in").bind(5, source).bind(6, reason).run();
    append(db, now, out ? "opt_out" : "opt_in", std::nullopt, "{}");
    return true;
}

}  // namespace pingjing::store
