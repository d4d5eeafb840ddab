#include "daemon/store/checkpoints.hpp"

#include <doctest/doctest.h>
#include <sodium.h>

#include "daemon/admin/verify.hpp"
#include "daemon/store/ledger_check.hpp"
#include "daemon/store/seal.hpp"
#include "daemon/store/store.hpp"

using namespace pingjing;
using namespace pingjing::store;

namespace {

struct Log {
    Seal seal = Seal::from_seed(7);
    const NoteSigner& signer = *seal.ledger_signer();
    std::unique_ptr<Store> store = std::move(*Store::open("", Store::Runner::inline_io));
    void facts(int n) {
        store->run_now([&](Connection& db) {
            for (int i = 0; i < n; ++i) append(db, from_millis(i), "test", std::nullopt, "{}");
        });
    }
    std::string checkpoint() {
        std::optional<std::string> note;
        store->run_now([&](Connection& db) { note = make_checkpoint(db, signer, from_millis(1)); });
        return note.value_or("");
    }
    template <class Work>
    auto with(Work work) {
        std::optional<std::invoke_result_t<Work, Connection&>> out;
        store->run_now([&](Connection& db) { out.emplace(work(db)); });
        return std::move(*out);
    }
};

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size();) {
        auto end = text.find('\n', at);
        lines.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return lines;
}
std::vector<Hash> hashes(const std::vector<std::string>& lines, std::size_t from) {
    std::vector<Hash> out;
    for (auto i = from; i < lines.size() && !lines[i].empty(); ++i) {
        auto bytes = from_base64(lines[i]);
        REQUIRE(bytes);
        REQUIRE(bytes->size() == 32);
        out.emplace_back();
        std::copy(bytes->begin(), bytes->end(), out.back().begin());
    }
    return out;
}
Checkpoint read(const std::string& note) { return *read_checkpoint(read_note(note)->text); }

}  // namespace

TEST_CASE("a checkpoint is signed once a size, and kept") {
    Log log;
    CHECK(log.checkpoint().empty());
    log.facts(5);
    auto first = log.checkpoint();
    CHECK(read(first).size == 5);
    CHECK(log.checkpoint() == first);
    log.facts(2);
    auto second = log.checkpoint();
    CHECK(read(second).size == 7);
    CHECK(log.with([](Connection& db) { return all_checkpoints(db).size(); }) == 2);
    CHECK(log.with([](Connection& db) { return newest_checkpoint(db)->note; }) == second);
    CHECK(log.with([](Connection& db) { return find_checkpoint(db, 5)->note; }) == first);
}

TEST_CASE("an inclusion proof proves the line that is printed with it") {
    Log log;
    log.facts(21);
    auto note = log.checkpoint();
    log.facts(4);
    auto kept = log.with([](Connection& db) { return *newest_checkpoint(db); });
    for (std::int64_t seq = 1; seq <= 21; ++seq) {
        CAPTURE(seq);
        auto proof = log.with([&](Connection& db) { return *inclusion_proof(db, seq, kept); });
        auto lines = lines_of(proof);
        REQUIRE(lines[0] == "c2sp.org/tlog-proof@v1");
        REQUIRE(lines[1].substr(0, 6) == "extra ");
        auto entry = *from_base64(lines[1].substr(6));
        CHECK(entry == std::to_string(seq) + "|" + std::to_string(seq - 1) + "|0|0|4:test|2:{}|0:");
        CHECK(lines[2] == "index " + std::to_string(seq - 1));
        CHECK(inclusion_holds(leaf_hash(entry), static_cast<std::uint64_t>(seq) - 1, 21, hashes(lines, 3), read(note).root));
        CHECK(proof.substr(proof.find("\n\n") + 2) == note);
    }
    CHECK(log.with([&](Connection& db) { return inclusion_proof(db, 22, kept).error().kind; }) == Error::Kind::not_found);
    CHECK(log.with([&](Connection& db) { return inclusion_proof(db, 99, kept).error().kind; }) == Error::Kind::not_found);
    CHECK(log.with([&](Connection& db) { return inclusion_proof(db, 0, kept).error().kind; }) == Error::Kind::not_found);
}

TEST_CASE("a consistency proof leads from an earlier checkpoint to a later one") {
    Log log;
    log.facts(6);
    auto old = read(log.checkpoint());
    log.facts(15);
    auto note = log.checkpoint();
    auto proof = log.with([](Connection& db) { return *consistency_proof(db, 6, *newest_checkpoint(db)); });
    auto lines = lines_of(proof);
    CHECK(lines[0] == "old 6");
    CHECK(consistency_holds(6, old.root, 21, read(note).root, hashes(lines, 1)));
    CHECK(proof.substr(proof.find("\n\n") + 2) == note);
    CHECK_FALSE(log.with([](Connection& db) { return consistency_proof(db, 22, *newest_checkpoint(db)).has_value(); }));
}

TEST_CASE("a second party's signature is kept under the checkpoint, if both hold") {
    Log log;
    log.facts(9);
    auto note = *read_note(log.checkpoint());
    log.facts(3);
    NoteSigner witness({42});
    auto cosigned = note;
    cosigned.signatures.push_back(witness.sign(note.text));
    std::vector<NoteVerifier> known{witness.verifier()};
    auto sign = [&](const std::string& bytes) { return log.with([&](Connection& db) { return cosign(db, log.signer, bytes, known); }); };
    auto whole = sign(cosigned.write());
    REQUIRE(whole);
    CHECK(*whole == cosigned.write());
    for (int twice = 0; twice < 2; ++twice) log.store->run_now([&](Connection& db) { keep_cosigned(db, *whole, from_millis(2)); });
    CHECK(log.with([](Connection& db) { return find_checkpoint(db, 9)->note; }) == *whole);

    SUBCASE("a size that was not kept here, but was ours") {
        auto head = log.with([](Connection& db) { return head_at(db, 4); });
        Note other{Checkpoint{log.signer.name(), 4, head.root()}.text(), {}};
        other.signatures.push_back(witness.sign(other.text));
        auto kept = sign(other.write());
        REQUIRE(kept);
        CHECK(read_note(*kept)->signatures.size() == 2);
    }
    SUBCASE("a timestamped cosignature") {
        // Type 4 of the same key: the id is another, the signature is over time and text.
        unsigned char seed[32] = {42}, pk[32], sk[64], signature[64];
        crypto_sign_seed_keypair(pk, sk, seed);
        auto named = witness.name() + "\n" + '\4' + std::string(reinterpret_cast<char*>(pk), 32);
        unsigned char id[32];
        crypto_hash_sha256(id, reinterpret_cast<const unsigned char*>(named.data()), named.size());
        auto message = "cosignature/v1\ntime 1679315147\n" + note.text;
        crypto_sign_detached(signature, nullptr, reinterpret_cast<const unsigned char*>(message.data()), message.size(), sk);
        SignatureLine line{witness.name(), std::string(reinterpret_cast<char*>(id), 4), std::string("\0\0\0\0\x64\x18\x50\xCB", 8) + std::string(reinterpret_cast<char*>(signature), 64)};
        auto key = NoteVerifier::read(witness.name() + "+" + to_hex(std::string_view(reinterpret_cast<char*>(id), 4)) + "+" + to_base64('\4' + std::string(reinterpret_cast<char*>(pk), 32)));
        REQUIRE(key);
        CHECK(key->is_of(line));
        CHECK(key->verify(note.text, line));
        line.signature[7] ^= 1;
        CHECK_FALSE(key->verify(note.text, line));
    }
    SUBCASE("refused") {
        struct Case { const char* why; std::function<void(Note&, Checkpoint&)> spoil; Error::Kind kind; };
        for (const auto& [why, spoil, kind] : {
                 Case{"another log", [](Note&, Checkpoint& c) { c.origin = "example.com/log"; }, Error::Kind::invalid_input},
                 Case{"longer than the ledger", [](Note&, Checkpoint& c) { c.size = 13; }, Error::Kind::conflict},
                 Case{"another root", [](Note&, Checkpoint& c) { c.root[0] ^= 1; }, Error::Kind::conflict},
                 Case{"nobody we know", [](Note& n, Checkpoint&) { n.signatures = {NoteSigner({1}).sign("x")}; }, Error::Kind::invalid_input},
                 Case{"a signature of something else", [&](Note& n, Checkpoint&) { n.signatures = {witness.sign("something else\n")}; }, Error::Kind::invalid_input}}) {
            CAPTURE(why);
            auto checkpoint = *read_checkpoint(note.text);
            Note spoilt{"", {}};
            spoil(spoilt, checkpoint);
            spoilt.text = checkpoint.text();
            if (spoilt.signatures.empty()) spoilt.signatures.push_back(witness.sign(spoilt.text));
            auto answer = sign(spoilt.write());
            REQUIRE_FALSE(answer);
            CHECK(answer.error().kind == kind);
        }
    }
}

TEST_CASE("a ledger that was cut, or written anew as a whole, is found by a checkpoint kept elsewhere") {
    Log log;
    log.facts(12);
    auto kept = read(log.checkpoint());
    auto findings = [&](const Checkpoint& elsewhere) {
        LedgerCheck check;
        check.expect(elsewhere.size, elsewhere.root, "their copy");
        log.store->run_now([&](Connection& db) {
            while (check.step(db)) {}
        });
        return check.findings();
    };
    CHECK(findings(kept).empty());
    log.facts(3);
    CHECK(findings(kept).empty());

    auto rewrite = [&](std::int64_t from, std::int64_t until) {
        log.store->run_now([&](Connection& db) {
            db.exec("DROP TRIGGER ledger_stays; DROP TRIGGER ledger_keeps");
            Statement cut(db, "DELETE FROM ledger WHERE seq > ?1");
            cut.bind(1, until).run();
            TreeHead head;
            std::vector<std::pair<std::int64_t, std::int64_t>> marks;
            {
                Statement lines(db, "SELECT seq, at, kind, data FROM ledger ORDER BY seq");
                std::string entry;
                while (lines.step()) {
                    auto at = lines.instant(1) + Millis(lines.integer(0) == from ? 1 : 0);
                    write_entry(entry, lines.integer(0), at, lines.text(2), std::nullopt, lines.text(3), "");
                    auto leaf = leaf_hash(entry);
                    head.append(leaf);
                    if (lines.integer(0) == from) marks.emplace_back(from, mark_of(leaf));
                }
            }
            for (auto [seq, mark] : marks) {
                Statement write(db, "UPDATE ledger SET at = at + 1, mark = ?2 WHERE seq = ?1");
                write.bind(1, seq).bind(2, mark).run();
            }
            Statement write(db, "UPDATE ledger_head SET head = ?1");
            write.bind_blob(1, head.save()).run();
        });
    };
    SUBCASE("cut") {
        rewrite(0, 11);
        REQUIRE(findings(kept).size() == 1);
        CHECK(findings(kept)[0].detail == "rows after 11 are cut off: their copy is of 12 rows");
    }
    SUBCASE("written anew") {
        rewrite(4, 15);
        REQUIRE(findings(kept).size() == 1);
        CHECK(findings(kept)[0].detail == "one of the ledger rows 1 to 12 was changed: the root at 12 is not that of their copy");
        LedgerCheck alone;
        log.store->run_now([&](Connection& db) {
            while (alone.step(db)) {}
        });
        CHECK(alone.findings().empty());  // nothing else can know it
    }
}

TEST_CASE("verify says what was looked at: no key, nothing signed, and a checkpoint by another key than the ledger names") {
    Log log;
    auto other = Seal::from_seed(8);
    const NoteSigner& stranger = *other.ledger_signer();
    auto look = [&](const NoteSigner* signer) { return log.with([&](Connection& db) { return admin::verify(db, signer); }); };
    auto said = [&](const NoteSigner* signer) { return admin::about_signatures(look(signer)); };
    auto wrong = [&](const NoteSigner* signer) {
        for (const auto& failure : look(signer).failures)
            if (failure.check == "checkpoint") return failure.detail;
        return std::string();
    };
    auto remember = [&](const NoteSigner& signer) { return log.with([&](Connection& db) { return remember_ledger_key(db, signer, from_millis(1)); }); };
    log.facts(3);
    CHECK(said(&log.signer) == "nothing here is signed");
    CHECK(said(nullptr) == "signatures not checked: no ledger.key here; nothing here is signed");
    log.checkpoint();
    CHECK(said(nullptr) == "signatures not checked: no ledger.key here");
    CHECK(said(&log.signer) == "signatures checked");
    CHECK(wrong(&log.signer).empty());

    CHECK(remember(log.signer));
    CHECK_FALSE(remember(log.signer));
    log.facts(2);
    log.checkpoint();
    CHECK(wrong(&log.signer).empty());  // the first key signed what was signed before it was named, too
    CHECK(wrong(&stranger).find("the ledger.key here is that of " + stranger.name()) == 0);

    // Another key from now on: what the first one signed still holds.
    CHECK(remember(stranger));
    log.with([&](Connection& db) { return make_checkpoint(db, stranger, from_millis(2)); });
    log.facts(1);
    log.with([&](Connection& db) { return make_checkpoint(db, stranger, from_millis(3)); });
    CHECK(wrong(&stranger).empty());
    CHECK(look(&stranger).checkpoints == 4);
    CHECK(look(&stranger).keys.size() == 2);
    CHECK(said(&stranger) == "signatures checked, by the 2 keys that the ledger names");
    CHECK(log.with([](Connection& db) { return ledger_keys(db).at(1).after_size; }) == log.with([](Connection& db) { return all_checkpoints(db).at(1).size; }) );

    // The first key again, though the ledger says that it is over.
    log.facts(1);
    log.checkpoint();
    CHECK(wrong(&stranger) == "the checkpoint of " + std::to_string(log.with([](Connection& db) { return newest_checkpoint(db)->size; })) + " rows kept here is not signed by " + stranger.name() +
                                  ", whose key the ledger names for it");
}

TEST_CASE("our own key is no second party") {
    Log log;
    log.facts(3);
    auto note = log.checkpoint();
    auto own = log.with([&](Connection& db) { return cosign(db, log.signer, note, {log.signer.verifier()}); });
    REQUIRE_FALSE(own);
    CHECK(own.error().kind == Error::Kind::invalid_input);
    CHECK(own.error().detail.find("our own key") != std::string::npos);
    // Nor one of those that signed before.
    auto before = Seal::from_seed(9);
    log.with([&](Connection& db) { return remember_ledger_key(db, *before.ledger_signer(), from_millis(1)); });
    CHECK(log.with([&](Connection& db) { return cosign(db, log.signer, note, {before.ledger_signer()->verifier()}); }).error().detail.find("our own key") != std::string::npos);
}
