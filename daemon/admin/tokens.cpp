#include "daemon/admin/tokens.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>

#include "daemon/core/person.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::admin {
namespace {

constexpr std::array<std::string_view, 9> known_scopes = {"intake", "report", "desk", "inspect", "unit", "officer", "leader", "audit", "admin"};
constexpr std::size_t most_name_bytes = 64;

// Counted inside the transaction: whoever sees the new number and then reads through the store stands behind that transaction.
std::atomic<std::uint64_t> changes{0};

std::string joined(const std::vector<std::string>& scopes, std::string_view between) { return fmt::format("{}", fmt::join(scopes, between)); }

std::string quoted(const std::string& text) { return boost::json::serialize(boost::json::string(text)); }

// It stands in headers, logs of access and lists on terminals.
Result<void> check_word(const char* what, const std::string& word) {
    auto bad = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
    if (word.size() > most_name_bytes || std::any_of(word.begin(), word.end(), bad))
        return fail(Error::Kind::invalid_input, fmt::format("{}: expected at most {} bytes without control characters", what, most_name_bytes));
    // Steps are somebody's: "张三 " must not be another person than "张三".
    if (trimmed(word) != word) return fail(Error::Kind::invalid_input, fmt::format("{}: expected no space before or behind it", what));
    return {};
}

std::string draw(Random& random) {
    unsigned char bytes[32];
    for (std::size_t i = 0; i < sizeof bytes; i += 8) {
        auto word = random();
        for (std::size_t k = 0; k < 8; ++k) bytes[i + k] = static_cast<unsigned char>(word >> (8 * k));
    }
    char text[sodium_base64_ENCODED_LEN(sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];
    sodium_bin2base64(text, sizeof text, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return std::string("pj_") + text;
}

}  // namespace

Result<std::vector<std::string>> parse_scopes(std::string_view list) {
    std::vector<std::string> asked, out;
    for (std::size_t at = 0; at <= list.size();) {
        auto end = std::min(list.find(',', at), list.size());
        asked.emplace_back(list.substr(at, end - at));
        at = end + 1;
    }
    for (const auto& scope : asked)
        if (std::find(known_scopes.begin(), known_scopes.end(), scope) == known_scopes.end())
            return fail(Error::Kind::invalid_input, fmt::format("scope '{}': expected one or more of {}", scope, fmt::join(known_scopes, ",")));
    for (auto scope : known_scopes)
        if (std::find(asked.begin(), asked.end(), scope) != asked.end()) out.emplace_back(scope);
    return out;
}

bool is_of_nowhere(const std::vector<std::string>& scopes, const Holder& holder) {
    return holder.unit.empty() && holder.badge.empty() && std::find(scopes.begin(), scopes.end(), "inspect") != scopes.end();
}

Result<NewToken> create_token(store::Connection& db, Random& random, const std::vector<std::string>& scopes, const Holder& holder, Instant now) {
    auto checked = parse_scopes(joined(scopes, ","));
    if (!checked) return tl::unexpected(checked.error());
    for (auto& [what, word] : {std::pair{"name", holder.name}, {"unit", holder.unit}, {"badge", holder.badge}})
        if (auto good = check_word(what, word); !good) return tl::unexpected(good.error());
    if (holder.expires_at && *holder.expires_at <= now) return fail(Error::Kind::invalid_input, "expires: expected a time to come");

    auto has = [&](std::string_view scope) { return std::find(checked->begin(), checked->end(), scope) != checked->end(); };
    // It would show nothing, or what is nobody's.
    bool is_unit = holder.unit.size() == 12 && std::ranges::all_of(holder.unit, [](char d) { return d >= '0' && d <= '9'; });
    if (!holder.unit.empty() && !is_unit) return fail(Error::Kind::invalid_input, "unit: expected 12 digits");
    if (has("unit") && holder.unit.empty()) return fail(Error::Kind::invalid_input, "unit: expected one beside the scope unit, whose figures it shows");
    if (has("officer") && holder.badge.empty()) return fail(Error::Kind::invalid_input, "badge: expected one beside the scope officer, whose figures it shows");

    NewToken made(db.next_id("tokens"), draw(random));
    store::Statement add(db, "INSERT INTO tokens(id, hash, scopes, name, unit, badge, made_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
    add.bind(1, made.id).bind_blob(2, token_hash(made.token)).bind(3, joined(*checked, " ")).bind(4, holder.name).bind(5, holder.unit);
    add.bind(6, holder.badge).bind(7, now).bind(8, holder.expires_at).run();
    store::append(db, now, "token_created", std::nullopt,
                  fmt::format(R"({{"id":{},"scopes":"{}","name":{},"unit":{},"badge":{},"expires_at":{}}})", made.id, joined(*checked, " "),
                              quoted(holder.name), quoted(holder.unit), quoted(holder.badge),
                              holder.expires_at ? std::to_string(to_millis(*holder.expires_at)) : "null"));
    ++changes;
    return made;
}

std::vector<TokenRow> list_tokens(store::Connection& db) {
    store::Statement read(db, "SELECT id, hash, scopes, name, unit, badge, made_at, expires_at, revoked_at FROM tokens ORDER BY id");
    std::vector<TokenRow> out;
    while (read.step()) {
        TokenRow row;
        row.id = read.integer(0);
        row.hash = read.text(1);
        auto scopes = read.text(2);
        for (std::size_t at = 0; at < scopes.size();) {
            auto end = std::min(scopes.find(' ', at), scopes.size());
            row.scopes.push_back(scopes.substr(at, end - at));
            at = end + 1;
        }
        row.holder = Holder{read.text(3), read.text(4), read.text(5), read.maybe_instant(7)};
        row.made_at = read.instant(6);
        row.revoked_at = read.maybe_instant(8);
        out.push_back(std::move(row));
    }
    return out;
}

Result<void> revoke_token(store::Connection& db, std::int64_t id, Instant now) {
    store::Statement revoke(db, "UPDATE tokens SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL");
    revoke.bind(1, id).bind(2, now).run();
    if (db.changes() == 1) {
        store::append(db, now, "token_revoked", std::nullopt, fmt::format(R"({{"id":{}}})", id));
        ++changes;
        return {};
    }
    store::Statement known(db, "SELECT 1 FROM tokens WHERE id = ?1");
    if (known.bind(1, id).step()) return {};
    return fail(Error::Kind::not_found, fmt::format("there is no token {}", id));
}

std::string token_hash(std::string_view token) {
    std::string out(crypto_hash_sha256_BYTES, '\0');
    crypto_hash_sha256(reinterpret_cast<unsigned char*>(out.data()), reinterpret_cast<const unsigned char*>(token.data()), token.size());
    return out;
}

std::uint64_t token_changes() { return changes; }

}  // namespace pingjing::admin
