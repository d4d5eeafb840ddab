#include "daemon/core/signed_note.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstring>

using namespace pingjing;

namespace {

Hash leaf(std::uint64_t i) { return leaf_hash(std::to_string(i)); }
Hash root_of(std::uint64_t begin, std::uint64_t end) {
    TreeHead head;
    for (auto i = begin; i < end; ++i) head.append(leaf(i));
    return head.root();
}
std::vector<Hash> roots(const std::vector<LeafRange>& ranges) {
    std::vector<Hash> out;
    for (const auto& range : ranges) out.push_back(root_of(range.begin, range.end));
    return out;
}

}  // namespace

TEST_CASE("proofs: every leaf of every small tree, every pair of sizes, and nothing else") {
    for (std::uint64_t size = 1; size <= 40; ++size) {
        auto root = root_of(0, size);
        for (std::uint64_t i = 0; i < size; ++i) {
            CAPTURE(size);
            CAPTURE(i);
            auto proof = roots(inclusion_ranges(i, size));
            CHECK(inclusion_holds(leaf(i), i, size, proof, root));
            CHECK_FALSE(inclusion_holds(leaf(i + 1), i, size, proof, root));
            CHECK_FALSE(inclusion_holds(leaf(i), i, size, proof, root_of(0, size + 1)));
            if (!proof.empty()) {
                proof.pop_back();
                CHECK_FALSE(inclusion_holds(leaf(i), i, size, proof, root));
            }
        }
        for (std::uint64_t old = 1; old <= size; ++old) {
            CAPTURE(size);
            CAPTURE(old);
            auto proof = roots(consistency_ranges(old, size));
            CHECK(consistency_holds(old, root_of(0, old), size, root, proof));
            CHECK_FALSE(consistency_holds(old, root_of(1, old + 1), size, root, proof));
            if (old < size) CHECK_FALSE(consistency_holds(old, root_of(0, old), size, root_of(1, size + 1), proof));
        }
    }
    CHECK_FALSE(inclusion_holds(leaf(0), 5, 5, {}, root_of(0, 5)));
}

TEST_CASE("proofs: the tree of seven leaves that RFC 6962 draws") {
    using Ranges = std::vector<LeafRange>;
    CHECK(inclusion_ranges(0, 7) == Ranges{{1, 2}, {2, 4}, {4, 7}});
    CHECK(inclusion_ranges(3, 7) == Ranges{{2, 3}, {0, 2}, {4, 7}});
    CHECK(inclusion_ranges(4, 7) == Ranges{{5, 6}, {6, 7}, {0, 4}});
    CHECK(inclusion_ranges(6, 7) == Ranges{{4, 6}, {0, 4}});
    CHECK(consistency_ranges(3, 7) == Ranges{{2, 3}, {3, 4}, {0, 2}, {4, 7}});
    CHECK(consistency_ranges(4, 7) == Ranges{{4, 7}});
    CHECK(consistency_ranges(6, 7) == Ranges{{4, 6}, {6, 7}, {0, 4}});
    CHECK(consistency_ranges(7, 7).empty());
}

TEST_CASE("a note that another implementation signed is read and holds, a changed one does not") {
    auto key = NoteVerifier::read("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
    REQUIRE(key);
    auto note = read_note(
        "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
        "\xE2\x80\x94 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n");
    REQUIRE(note);
    REQUIRE(note->signatures.size() == 1);
    CHECK(key->is_of(note->signatures[0]));
    CHECK(key->verify(note->text, note->signatures[0]));
    CHECK_FALSE(key->verify(note->text + "x", note->signatures[0]));
    CHECK(key->written() == "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
}

TEST_CASE("our checkpoint is read back, and only our key stands behind it") {
    NoteSigner signer({1, 2, 3}), stranger({9});
    Checkpoint checkpoint{signer.name(), 20'852'163, root_of(0, 3)};
    auto bytes = signer.sign(checkpoint);
    auto note = read_note(bytes);
    REQUIRE(note);
    CHECK(note->write() == bytes);
    auto read = read_checkpoint(note->text);
    REQUIRE(read);
    CHECK(read->size == checkpoint.size);
    CHECK(read->root == checkpoint.root);
    auto verifier = NoteVerifier::read(signer.verifier().written());
    REQUIRE(verifier);
    CHECK(verifier->verify(note->text, note->signatures[0]));
    CHECK_FALSE(stranger.verifier().is_of(note->signatures[0]));
    CHECK(signer.name() != stranger.name());
}

TEST_CASE("what is no note, no checkpoint or no key is refused with the reason") {
    for (const char* bad : {"", "text\n", "text\n\n", "text\n\nno dash\n", "text\n\n\xE2\x80\x94 name\n", "text\n\n\xE2\x80\x94 name AA==\n", "te\txt\n\n\xE2\x80\x94 n AAAAAAAA\n",
                            "text\n\n\xE2\x80\x94 n+ AAAAAAAA\n", "text\n\n\xE2\x80\x94 n AAAAAAAA"}) {
        CAPTURE(bad);
        CHECK_FALSE(read_note(bad));
    }
    auto root = to_base64(root_of(0, 1));
    CHECK(read_checkpoint("o\n1\n" + root + "\n"));
    CHECK(read_checkpoint("o\n1\n" + root + "\nan extension\n"));
    for (const auto& bad : {"o\n01\n" + root + "\n", "o\nx\n" + root + "\n", "o\n-1\n" + root + "\n", "\n1\n" + root + "\n", std::string("o\n1\n"), std::string("o\n1\nAAAA\n"), "o\n1\n" + root}) {
        CAPTURE(bad);
        CHECK_FALSE(read_checkpoint(bad));
    }
    for (const char* bad : {"", "a+b", "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "x+00000000+AAAA"}) CHECK_FALSE(NoteVerifier::read(bad));
    CHECK(hash_from_hex(to_hex(root_of(0, 2))) == root_of(0, 2));
    CHECK_FALSE(hash_from_hex("00"));
}
