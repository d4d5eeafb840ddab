#include "daemon/store/parties.hpp"

#include <algorithm>

#include "daemon/store/sqlite.hpp"

namespace pingjing::store {
namespace {

std::vector<std::string> words_of(Connection& db, const char* sql, std::int64_t id) {
    Statement read(db, sql);
    std::vector<std::string> out;
    for (read.bind(1, id); read.step();) out.push_back(read.text(0));
    return out;
}

bool is_among(const std::vector<std::string>& words, std::string_view word) { return !word.empty() && std::ranges::find(words, word) != words.end(); }

}  // namespace

bool Parties::has_badge(std::string_view badge) const { return is_among(badges, badge); }
bool Parties::has_unit(std::string_view unit) const { return is_among(units, unit); }

Parties find_parties(Connection& db, std::int64_t case_id) {
    return {words_of(db, "SELECT badge FROM case_officers WHERE case_id = ?1 UNION SELECT officer FROM cases WHERE id = ?1 AND officer IS NOT NULL "
                         "UNION SELECT officer FROM ratings WHERE case_id = ?1 AND officer IS NOT NULL", case_id),
            words_of(db, "SELECT unit FROM cases WHERE id = ?1 UNION SELECT unit FROM ratings WHERE case_id = ?1", case_id)};
}

bool is_party_of_number(Connection& db, std::int64_t phone_id, std::string_view badge, std::string_view unit) {
    if (badge.empty() && unit.empty()) return false;
    Statement cases(db, "SELECT id FROM cases WHERE phone_id = ?1 UNION SELECT case_id FROM messages WHERE phone_id = ?1 AND purpose = 'survey'");
    for (cases.bind(1, phone_id); cases.step();)
        if (find_parties(db, cases.integer(0)).has(badge, unit)) return true;
    return false;
}

Identity find_identity(Connection& db, std::string_view who) {
    auto identity = identity_of(who);
    if (identity.token == 0) return identity;
    Statement find(db, "SELECT badge FROM tokens WHERE id = ?1");
    if (find.bind(1, identity.token).step()) identity.badge = find.text(0);
    return identity;
}

}  // namespace pingjing::store
