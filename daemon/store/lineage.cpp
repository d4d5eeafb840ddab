#include "daemon/store/lineage.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/store/sqlite.hpp"

namespace pingjing::store {
namespace {

constexpr const char* put_back =
    "Put the newest pingjing.db back, with the pingjing.db-wal that belongs to it. If it is lost, take the newest backup into use with `pingjing restore`: then nobody is texted twice";

std::optional<std::string> value_of(Connection& db, const char* key) {
    Statement read(db, "SELECT value FROM meta WHERE key = ?1");
    return read.bind(1, key).step() ? std::optional(read.text(0)) : std::nullopt;
}

tl::unexpected<Error> refuse(std::string why) { return fail(Error::Kind::conflict, std::move(why)); }

}  // namespace

std::int64_t journal_mark(Connection& db) { return std::stoll(value_of(db, "journal_sequence").value_or("0")); }

Result<void> check_files(const Disk& disk, const std::filesystem::path& dir, const std::optional<Epoch>& epoch, const SentJournal& journal) {
    auto database = (dir / "pingjing.db").string();
    auto bytes = disk.size(database);
    auto facts = epoch ? epoch->facts : 0;
    if (!bytes && (facts > 0 || journal.last_sequence() > 0))
        return refuse(fmt::format("{} is gone; it had {} facts, and {} texts went out. {}", database, facts, journal.last_sequence(), put_back));
    if (epoch && bytes && *bytes < epoch->database_bytes)
        return refuse(fmt::format("{} has {} bytes and once had {}: it is an older copy, or a part of it is missing. {}", database, *bytes, epoch->database_bytes, put_back));
    return {};
}

Result<void> check_lineage(Connection& db, const std::filesystem::path& dir, const std::optional<Epoch>& epoch, const SentJournal& journal) {
    auto database = (dir / "pingjing.db").string(), beside = (dir / "journal").string();
    auto facts = db.ledger().head().size();
    if (!epoch && facts > 0)
        return refuse(fmt::format("{}/epoch is gone: nobody can tell whether {} is the newest store of this site, and an older one would text people again. Put the folder {} "
                                  "back. If it is lost: `pingjing restore {}` takes this store into use and holds what waits until a person releases it",
                                  beside, database, beside, database));
    if (epoch && facts < epoch->facts)
        return refuse(fmt::format("{} has {} facts, and this state_dir had {}: it is an older store, or its pingjing.db-wal was taken away. {}", database, facts, epoch->facts, put_back));
    auto strange = [&](const std::string& what) {
        return refuse(fmt::format("{} and {} are not of one site: {}. Put back what belongs here. If {} is the right one: `pingjing restore {}` takes it into use and holds what "
                                  "waits until a person releases it", database, beside, what, database, database));
    };
    if (epoch && !epoch->leaf.empty()) {
        auto entry = find_entry(db, static_cast<std::int64_t>(epoch->facts));
        auto leaf = entry ? leaf_hash(*entry) : Hash{};
        if (!std::equal(leaf.begin(), leaf.end(), epoch->leaf.begin(), epoch->leaf.end(), [](unsigned char a, char b) { return a == static_cast<unsigned char>(b); }))
            return strange(fmt::format("fact {} is another", epoch->facts));
    }
    if (journal.last_sequence() == 0) return {};
    auto mark = facts > 0 ? journal_mark(db) : 0;  // an empty store has no tables yet
    if (journal.last_sequence() > mark)
        return refuse(fmt::format("{} knows of {} texts that were about to go out, {} of {}: it is an older store and would text people again. {}", database, mark, beside,
                                  journal.last_sequence(), put_back));
    // What a restore took over from the journal may be unknown to the backup that it took into use.
    if (!journal.last_ref().empty() && journal.last_sequence() > std::stoll(value_of(db, "journal_restored_until").value_or("0"))) {
        Statement known(db, "SELECT 1 FROM messages WHERE ref = ?1");
        if (!known.bind(1, journal.last_ref()).step()) return strange(fmt::format("{} names a text that the store does not know", journal.last_file().string()));
    }
    return {};
}

std::vector<SentLine> missing_lines(Connection& db, std::int64_t last) {
    auto mark = journal_mark(db);
    std::vector<SentLine> lines;
    Statement find(db, "SELECT data FROM ledger WHERE kind = 'sending' ORDER BY seq DESC LIMIT ?1");
    find.bind(1, std::max<std::int64_t>(mark - last, 0));
    for (auto sequence = mark; find.step(); --sequence) {
        auto data = find.text(0);
        auto begin = data.find(R"("ref":")") + 7;
        auto ref = data.substr(begin, data.find('"', begin) - begin);
        Statement phone(db, "SELECT p.key FROM messages m JOIN phones p ON p.id = m.phone_id WHERE m.ref = ?1");
        std::string key = phone.bind(1, ref).step() ? phone.text(0) : std::string();
        key.resize(16);  // the number was forgotten
        lines.emplace_back(sequence, ref, key);
    }
    std::reverse(lines.begin(), lines.end());
    return lines;
}

}  // namespace pingjing::store
