#include "daemon/core/tree.hpp"

#include <openssl/evp.h>

#include <bit>
#include <cstring>
#include <memory>
#include <new>
#include <stdexcept>

namespace pingjing {
namespace {

// OpenSSL uses the processor's own SHA-256 where it has one. What it looks up and allocates for a hash is kept, one a thread.
struct Digest {
    std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> kind{EVP_MD_fetch(nullptr, "SHA256", nullptr), EVP_MD_free};
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> state{EVP_MD_CTX_new(), EVP_MD_CTX_free};
};

Hash sha256(std::string_view a, std::string_view b, std::string_view c = {}) {
    thread_local Digest digest;
    Hash out;
    bool done = digest.kind && digest.state && EVP_DigestInit_ex2(digest.state.get(), digest.kind.get(), nullptr) == 1;
    for (auto part : {a, b, c}) done = done && EVP_DigestUpdate(digest.state.get(), part.data(), part.size()) == 1;
    if (!done || EVP_DigestFinal_ex(digest.state.get(), out.data(), nullptr) != 1) throw std::bad_alloc();  // SHA-256 fails for nothing else
    return out;
}
std::string_view view(const Hash& h) { return {reinterpret_cast<const char*>(h.data()), h.size()}; }

}  // namespace

Hash leaf_hash(std::string_view entry) { return sha256(std::string_view("\0", 1), entry); }
Hash node_hash(const Hash& left, const Hash& right) { return sha256("\1", view(left), view(right)); }

std::string to_hex(std::string_view bytes) {
    constexpr char digits[] = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (unsigned char c : bytes) {
        out += digits[c >> 4];
        out += digits[c & 15];
    }
    return out;
}
std::string to_hex(const Hash& hash) { return to_hex(view(hash)); }

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
