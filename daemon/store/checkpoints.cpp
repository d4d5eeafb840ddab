#include "daemon/store/checkpoints.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/store/sqlite.hpp"

namespace pingjing::store {
namespace {

KeptCheckpoint read(const Statement& row) { return {static_cast<std::uint64_t>(row.integer(0)), row.instant(1), row.text(2)}; }

bool is_same_key(const NoteVerifier& one, std::string_view written) {
    auto other = NoteVerifier::read(written);
    return other && one.same_key(*other);
}

std::string lines_of(const std::vector<Hash>& hashes) {
    std::string out;
    for (const auto& hash : hashes) out += to_base64(hash) + "\n";
    return out;
}

}  // namespace

std::optional<std::string> make_checkpoint(Connection& db, const NoteSigner& signer, Instant now) {
    const auto& head = db.ledger().head();
    if (head.size() == 0) return std::nullopt;
    if (auto known = find_checkpoint(db, head.size())) return known->note;
    auto note = signer.sign(Checkpoint{signer.name(), head.size(), head.root()});
    keep_checkpoint(db, note, now);
    return note;
}

void keep_checkpoint(Connection& db, const std::string& note, Instant now) {
    auto text = read_note(note);
    auto checkpoint = text ? read_checkpoint(text->text) : tl::unexpected(text.error());
    if (!checkpoint) throw SqlError(0, checkpoint.error().detail);
    Statement keep(db, "INSERT INTO checkpoints(size, at, note) VALUES (?1, ?2, ?3) ON CONFLICT (size) DO NOTHING");
    keep.bind(1, static_cast<std::int64_t>(checkpoint->size)).bind(2, now).bind(3, note).run();
}

std::optional<KeptCheckpoint> newest_checkpoint(Connection& db) {
    Statement find(db, "SELECT size, at, note FROM checkpoints ORDER BY size DESC LIMIT 1");
    return find.step() ? std::optional(read(find)) : std::nullopt;
}

std::optional<KeptCheckpoint> find_checkpoint(Connection& db, std::uint64_t size) {
    Statement find(db, "SELECT size, at, note FROM checkpoints WHERE size = ?1");
    return find.bind(1, static_cast<std::int64_t>(size)).step() ? std::optional(read(find)) : std::nullopt;
}

std::vector<KeptCheckpoint> all_checkpoints(Connection& db) {
    Statement find(db, "SELECT size, at, note FROM checkpoints ORDER BY size");
    std::vector<KeptCheckpoint> all;
    while (find.step()) all.push_back(read(find));
    return all;
}

std::vector<LedgerKey> ledger_keys(Connection& db) {
    Statement find(db, "SELECT at, after_size, verifier FROM ledger_keys ORDER BY id");
    std::vector<LedgerKey> all;
    while (find.step()) all.push_back({find.instant(0), static_cast<std::uint64_t>(find.integer(1)), find.text(2)});
    return all;
}

bool remember_ledger_key(Connection& db, const NoteSigner& signer, Instant now) {
    auto known = ledger_keys(db);
    auto verifier = signer.verifier().written();
    if (!known.empty() && known.back().verifier == verifier) return false;
    // The first one signed whatever is signed already. The line of a change makes the ledger longer than what the key before can have signed.
    auto after = known.empty() ? std::int64_t{0} : static_cast<std::int64_t>(db.ledger().size());
    Statement add(db, "INSERT INTO ledger_keys(id, at, after_size, verifier) VALUES (?1, ?2, ?3, ?4)");
    add.bind(1, db.next_id("ledger_keys")).bind(2, now).bind(3, after).bind(4, verifier).run();
    append(db, now, "ledger_key", std::nullopt, fmt::format(R"({{"name":"{}","after":{}}})", signer.name(), after));
    return true;
}

Result<std::string> inclusion_proof(Connection& db, std::int64_t seq, const KeptCheckpoint& checkpoint) {
    auto entry = seq < 1 ? std::nullopt : find_entry(db, seq);
    if (!entry) return fail(Error::Kind::not_found, fmt::format("there is no ledger row {}", seq));
    auto index = static_cast<std::uint64_t>(seq) - 1;
    if (index >= checkpoint.size) return fail(Error::Kind::not_found, fmt::format("the checkpoint of {} rows is older than row {}", checkpoint.size, seq));
    return fmt::format("c2sp.org/tlog-proof@v1\nextra {}\nindex {}\n{}\n{}", to_base64(*entry), index, lines_of(roots_of(db, inclusion_ranges(index, checkpoint.size))), checkpoint.note);
}

Result<std::string> consistency_proof(Connection& db, std::uint64_t old_size, const KeptCheckpoint& checkpoint) {
    if (old_size > checkpoint.size) return fail(Error::Kind::not_found, fmt::format("the newest checkpoint is of {} rows, that is fewer than {}", checkpoint.size, old_size));
    std::vector<Hash> hashes;
    if (old_size > 0) hashes = roots_of(db, consistency_ranges(old_size, checkpoint.size));
    return fmt::format("old {}\n{}\n{}", old_size, lines_of(hashes), checkpoint.note);
}

Result<std::string> cosign(Connection& db, const NoteSigner& signer, std::string_view bytes, const std::vector<NoteVerifier>& cosigners) {
    // Who holds one of our keys is no second pair of eyes, under whatever name.
    auto ours = ledger_keys(db);
    for (const auto& cosigner : cosigners)
        if (cosigner.same_key(signer.verifier()) || std::ranges::any_of(ours, [&](const LedgerKey& key) { return is_same_key(cosigner, key.verifier); }))
            return fail(Error::Kind::invalid_input, fmt::format("{} is our own key, and no second party: a cosigner has a key of his own, which is not on this machine", cosigner.written()));
    auto note = read_note(bytes);
    auto checkpoint = note ? read_checkpoint(note->text) : tl::unexpected(note.error());
    if (!checkpoint) return tl::unexpected(checkpoint.error());
    if (checkpoint->origin != signer.name()) return fail(Error::Kind::invalid_input, fmt::format("a checkpoint of {}, this ledger is {}", checkpoint->origin, signer.name()));
    auto head = head_at(db, checkpoint->size);
    if (head.size() < checkpoint->size)
        return fail(Error::Kind::conflict, fmt::format("the checkpoint is of {} rows, the ledger has {}: rows were cut off, or this is an older store", checkpoint->size, head.size()));
    if (head.root() != checkpoint->root) return fail(Error::Kind::conflict, fmt::format("the ledger's root at {} rows is another: one of these rows was changed", checkpoint->size));

    auto kept = find_checkpoint(db, checkpoint->size);
    Note whole{note->text, {}};
    if (kept) whole = *read_note(kept->note);
    else whole.signatures.push_back(signer.sign(note->text));
    if (whole.text != note->text) return fail(Error::Kind::invalid_input, "the checkpoint has lines that are not ours");
    int added = 0;
    for (const auto& line : note->signatures) {
        auto who = std::find_if(cosigners.begin(), cosigners.end(), [&](const NoteVerifier& v) { return v.is_of(line); });
        if (who == cosigners.end()) continue;
        if (!who->verify(note->text, line)) return fail(Error::Kind::invalid_input, fmt::format("the signature of {} does not hold", line.name));
        ++added;
        if (std::find(whole.signatures.begin(), whole.signatures.end(), line) == whole.signatures.end()) whole.signatures.push_back(line);
    }
    if (added == 0) return fail(Error::Kind::invalid_input, "no signature of the named cosigners is under it");
    return whole.write();
}

void keep_cosigned(Connection& db, const std::string& bytes, Instant now) {
    keep_checkpoint(db, bytes, now);
    auto note = *read_note(bytes);
    auto size = read_checkpoint(note.text)->size;
    auto kept = *read_note(find_checkpoint(db, size)->note);
    for (const auto& line : note.signatures)
        if (std::find(kept.signatures.begin(), kept.signatures.end(), line) == kept.signatures.end()) kept.signatures.push_back(line);
    Statement write(db, "UPDATE checkpoints SET note = ?2 WHERE size = ?1");
    write.bind(1, static_cast<std::int64_t>(size)).bind(2, kept.write()).run();
}

}  // namespace pingjing::store
