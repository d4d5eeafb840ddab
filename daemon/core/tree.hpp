// The Merkle tree of RFC 6962 §2.1, grown leaf by leaf: keeps only the roots of its complete subtrees. Pure.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pingjing {

using Hash = std::array<std::uint8_t, 32>;  // SHA-256

Hash leaf_hash(std::string_view entry);                 // SHA-256(0x00 || entry)
Hash node_hash(const Hash& left, const Hash& right);    // SHA-256(0x01 || left || right)
std::string to_hex(std::string_view bytes);
std::string to_hex(const Hash& hash);
std::string sha256_hex(std::string_view bytes);         // of them as they are, no leaf
std::optional<Hash> hash_from_hex(std::string_view hex);

// Leaves begin … end-1, counted from 0. A proof is a list of such ranges, each told by its root.
struct LeafRange {
    std::uint64_t begin = 0, end = 0;
    bool operator==(const LeafRange&) const = default;
};
// RFC 6962 §2.1.1, that leaf `index` is in the tree of `size`, from the leaf's sibling up. index < size.
std::vector<LeafRange> inclusion_ranges(std::uint64_t index, std::uint64_t size);
// §2.1.2, that the tree of `size` begins with that of `old_size`. 0 < old_size <= size.
std::vector<LeafRange> consistency_ranges(std::uint64_t old_size, std::uint64_t size);
// What a second party computes; false: the proof does not hold.
bool inclusion_holds(const Hash& leaf, std::uint64_t index, std::uint64_t size, const std::vector<Hash>& proof, const Hash& root);
bool consistency_holds(std::uint64_t old_size, const Hash& old_root, std::uint64_t size, const Hash& root, const std::vector<Hash>& proof);

class TreeHead {
public:
    void append(const Hash& leaf);
    std::uint64_t size() const { return size_; }
    Hash root() const;  // of no leaves: SHA-256 of nothing

    std::string save() const;                 // size and subtree roots, for `restore`
    static TreeHead load(std::string_view saved);  // throws std::invalid_argument for anything save() did not write
    bool operator==(const TreeHead&) const = default;

private:
    std::uint64_t size_ = 0;
    std::vector<Hash> subtrees_;  // one for each bit of size_, the largest first
};

}  // namespace pingjing
