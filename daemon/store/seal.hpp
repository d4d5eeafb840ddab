// Phones and texts at rest: sealed with XChaCha20-Poly1305, found again by a keyed hash under a key of its own. Every
// record names its key, so that keys can be rotated; the associated data says where it belongs, so that a sealed value
// moved to another row does not open.
#pragma once
#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/core/phone.hpp"
#include "daemon/core/random.hpp"
#include "daemon/core/result.hpp"
#include "daemon/core/signed_note.hpp"
#include "daemon/core/text.hpp"

namespace pingjing::store {

using Key = std::array<unsigned char, 32>;

class Seal {
public:
    // Writes sealing.key and index.key (0600, one line "pingjing-key ID HEX") where there are none. A lost key is lost
    // numbers; conflict: keys are there already.
    static Result<void> create_keys(const std::filesystem::path& folder);
    // ledger.key, which signs checkpoints; a site of an earlier version gets it at its next `init`. conflict: it is there already.
    static Result<void> create_ledger_key(const std::filesystem::path& folder);
    // not_found names the file; invalid_input says what a key file looks like.
    static Result<Seal> load(const std::filesystem::path& folder);
    // For tests and demonstrations; the same numbers give the same keys.
    static Seal from_seed(std::uint64_t seed);

    std::string phone_key(const Phone& phone) const;     // 16 bytes; equal numbers, equal keys
    std::string keyed_hash(std::string_view value) const;  // 16 bytes, not comparable with phone keys
    // key id (1 byte), nonce (24), ciphertext and tag
    std::string seal(std::string_view plain, std::string_view where) const;
    // internal: the key is missing, the value was moved or changed
    Result<std::string> open(std::string_view sealed, std::string_view where) const;

    // What tells keys apart without telling what they are: "index.key", "sealing.key 1" … to 32 hex digits.
    std::map<std::string, std::string> fingerprints() const;

    // Signs the ledger's checkpoints; nullptr where `init` has not made its key yet.
    const NoteSigner* ledger_signer() const { return signer_ ? &*signer_ : nullptr; }

private:
    Seal() = default;
    std::map<unsigned char, Key> sealing_;  // every key that may still be needed; the highest id seals
    Key index_{};
    std::optional<NoteSigner> signer_{};
};

}  // namespace pingjing::store
