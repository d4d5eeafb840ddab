// Tokens of people and programs: "pj_" and 256 bits of chance. The store keeps a SHA-256 of each: a value that nobody can guess
// needs neither salt nor stretching, and a stolen store opens no door.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/clock.hpp"
#include "daemon/core/random.hpp"
#include "daemon/core/result.hpp"

namespace pingjing::store { class Connection; }

namespace pingjing::admin {

// "intake,report" into its scopes, each once, in the order of design.md A2; an error names the ones there are.
Result<std::vector<std::string>> parse_scopes(std::string_view list);

struct Holder {
    std::string name{}, unit{}, badge{};
    std::optional<Instant> expires_at{};
};
// It inspects, and says of its holder neither unit nor badge: he is no party of any call and above every unit, whoever he is.
bool is_of_nowhere(const std::vector<std::string>& scopes, const Holder& holder);

struct NewToken {
    NewToken(std::int64_t i, std::string t) : id(i), token(std::move(t)) {}
    std::int64_t id;
    std::string token;  // shown once, to whoever asked for it, and kept nowhere
};
Result<NewToken> create_token(store::Connection& db, Random& random, const std::vector<std::string>& scopes, const Holder& holder, Instant now);

struct TokenRow {
    std::int64_t id = 0;
    std::string hash{};
    std::vector<std::string> scopes{};
    Holder holder{};
    Instant made_at{};
    std::optional<Instant> revoked_at{};
};
std::vector<TokenRow> list_tokens(store::Connection& db);  // the revoked and expired ones too, by id

// not_found: there is no such token. Revoking twice is no error.
Result<void> revoke_token(store::Connection& db, std::int64_t id, Instant now);

std::string token_hash(std::string_view token);
// Goes up with every change this process makes; whoever keeps a copy of the table compares it.
std::uint64_t token_changes();

}  // namespace pingjing::admin
