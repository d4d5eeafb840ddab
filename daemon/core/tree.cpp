#include "daemon/core/tree.hpp"

#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <stdexcept>

namespace pingjing {
namespace {

// The old functions: the new ones look up and allocate at every hash, which takes a third longer than the hash. Both use the
// processor's own SHA-256 where it has one.
Hash sha256(std::string_view a, std::string_view b) {
    Hash out;
    SHA256_CTX state;
    SHA256_Init(&state);
    SHA256_Update(&state, a.data(), a.size());
    if (!b.empty()) SHA256_Update(&state, b.data(), b.size());
    SHA256_Final(out.data(), &state);
    return out;
}

// The largest power of two that is smaller than n: where a tree of n > 1 leaves divides.
std::uint64_t divide(std::uint64_t n) { return std::bit_floor(n - 1); }

std::string_view view(const Hash& h) { return {reinterpret_cast<const char*>(h.data()), h.size()}; }

}  // namespace

Hash leaf_hash(std::string_view entry) { return sha256(std::string_view("\0", 1), entry); }
Hash node_hash(const Hash& left, const Hash& right) {
    char both[65] = {1};
    std::memcpy(both + 1, left.data(), 32);
    std::memcpy(both + 33, right.data(), 32);
    return sha256({both, sizeof both}, {});
}

std::string to_hex(std::string_view bytes) {
    constexpr char digits[] = "0123456789abcdef";
    std::string out(bytes.size() * 2, '\0');
    auto to = out.begin();
    for (unsigned char c : bytes) *to++ = digits[c >> 4], *to++ = digits[c & 15];
    return out;
}
std::string to_hex(const Hash& hash) { return to_hex(view(hash)); }
std::string sha256_hex(std::string_view bytes) { return to_hex(sha256(bytes, {})); }

std::optional<Hash> hash_from_hex(std::string_view hex) {
    Hash hash;
    if (hex.size() != 2 * hash.size()) return std::nullopt;
    for (std::size_t i = 0; i < hash.size(); ++i) {
        auto [end, bad] = std::from_chars(hex.data() + 2 * i, hex.data() + 2 * i + 2, hash[i], 16);
        if (bad != std::errc() || end != hex.data() + 2 * i + 2) return std::nullopt;
    }
    return hash;
}

std::vector<LeafRange> inclusion_ranges(std::uint64_t index, std::uint64_t size) {
    std::vector<LeafRange> path;
    std::uint64_t begin = 0, end = size;
    while (end - begin > 1) {
        auto middle = begin + divide(end - begin);
        if (index < middle) path.push_back({middle, end}), end = middle;
        else path.push_back({begin, middle}), begin = middle;
    }
    std::reverse(path.begin(), path.end());
    return path;
}

std::vector<LeafRange> consistency_ranges(std::uint64_t old_size, std::uint64_t size) {
    std::vector<LeafRange> proof;
    std::uint64_t begin = 0, end = size;
    bool whole = true;  // the old tree is all of begin … end: who has its root needs no more
    while (old_size != end) {
        auto middle = begin + divide(end - begin);
        if (old_size <= middle) proof.push_back({middle, end}), end = middle;
        else proof.push_back({begin, middle}), begin = middle, whole = false;
    }
    if (!whole) proof.push_back({begin, end});
    std::reverse(proof.begin(), proof.end());
    return proof;
}

bool inclusion_holds(const Hash& leaf, std::uint64_t index, std::uint64_t size, const std::vector<Hash>& proof, const Hash& root) {
    if (index >= size) return false;
    auto ranges = inclusion_ranges(index, size);
    if (ranges.size() != proof.size()) return false;
    auto hash = leaf;
    for (std::size_t i = 0; i < proof.size(); ++i) hash = ranges[i].begin > index ? node_hash(hash, proof[i]) : node_hash(proof[i], hash);
    return hash == root;
}

bool consistency_holds(std::uint64_t old_size, const Hash& old_root, std::uint64_t size, const Hash& root, const std::vector<Hash>& proof) {
    if (old_size > size || old_size == 0) return false;
    if (old_size == size) return proof.empty() && old_root == root;
    auto ranges = consistency_ranges(old_size, size);
    if (ranges.size() != proof.size()) return false;
    // The first range is the last whole subtree of the old tree, or the old tree itself; those before it belong to both, those
    // behind it to the new one only.
    std::size_t next = 0;
    bool whole = ranges.empty() || ranges[0].begin >= old_size;
    auto old_hash = whole ? old_root : proof[0], new_hash = old_hash;
    if (!whole) next = 1;
    for (; next < proof.size(); ++next) {
        if (ranges[next].begin >= old_size) {
            new_hash = node_hash(new_hash, proof[next]);
        } else {
            old_hash = node_hash(proof[next], old_hash);
            new_hash = node_hash(proof[next], new_hash);
        }
    }
    return old_hash == old_root && new_hash == root;
}

void TreeHead::append(const Hash& leaf) {
    // As in binary addition: every trailing 1 of the size is a subtree that the new leaf completes into a larger one.
    Hash carried = leaf;
    for (auto bits = size_; bits & 1; bits >>= 1) {
        carried = node_hash(subtrees_.back(), carried);
        subtrees_.pop_back();
    }
    subtrees_.push_back(carried);
    ++size_;
}

Hash TreeHead::root() const {
    if (subtrees_.empty()) return sha256("", "");
    Hash root = subtrees_.back();
    for (std::size_t i = subtrees_.size() - 1; i-- > 0;) root = node_hash(subtrees_[i], root);
    return root;
}

std::string TreeHead::save() const {
    std::string out(8, '\0');
    for (int i = 0; i < 8; ++i) out[static_cast<std::size_t>(i)] = static_cast<char>(size_ >> (8 * i));
    for (const auto& subtree : subtrees_) out += view(subtree);
    return out;
}

TreeHead TreeHead::load(std::string_view saved) {
    TreeHead head;
    if (saved.empty()) return head;
    if (saved.size() < 8) throw std::invalid_argument("a tree head is 8 bytes of size and 32 for each subtree");
    for (int i = 7; i >= 0; --i) head.size_ = head.size_ << 8 | static_cast<unsigned char>(saved[static_cast<std::size_t>(i)]);
    auto subtrees = static_cast<std::size_t>(std::popcount(head.size_));
    if (saved.size() != 8 + 32 * subtrees) throw std::invalid_argument("a tree head is 8 bytes of size and 32 for each subtree");
    for (std::size_t i = 0; i < subtrees; ++i) {
        Hash hash;
        std::memcpy(hash.data(), saved.data() + 8 + 32 * i, 32);
        head.subtrees_.push_back(hash);
    }
    return head;
}

}  // namespace pingjing
