// Signed notes and the checkpoints written as such, in the formats of c2sp.org/signed-note and c2sp.org/tlog-checkpoint, with the
// cosignatures of c2sp.org/tlog-cosignature: whoever keeps a checkpoint can prove what the ledger was, with tools that are not ours.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/result.hpp"
#include "daemon/core/tree.hpp"

namespace pingjing {

std::string to_base64(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text);
std::string to_base64(const Hash& hash);

struct Checkpoint {
    std::string origin{};
    std::uint64_t size = 0;
    Hash root{};
    std::string text() const;  // what is signed
};

// "— name base64(key id, signature)"
struct SignatureLine {
    std::string name{}, key_id{}, signature{};  // key_id: 4 bytes
    std::string line() const;
    bool operator==(const SignatureLine&) const = default;
};

struct Note {
    std::string text{};  // with its last newline, without the empty line behind it
    std::vector<SignatureLine> signatures{};
    std::string write() const;
};
// invalid_input: not a signed note; its text is no checkpoint.
Result<Note> read_note(std::string_view bytes);
Result<Checkpoint> read_checkpoint(std::string_view text);

// A public key as it is handed out: "name+key id in hex+base64(type, key)". Type 1 signs the text; type 4, a cosigner's, the time and
// the text.
class NoteVerifier {
public:
    static Result<NoteVerifier> read(std::string_view written);
    const std::string& name() const { return name_; }
    std::string written() const;
    bool is_of(const SignatureLine& line) const { return line.name == name_ && line.key_id == key_id(); }
    bool verify(std::string_view text, const SignatureLine& line) const;  // of one that is_of
    bool same_key(const NoteVerifier& other) const { return key_ == other.key_; }  // whatever the names

private:
    friend class NoteSigner;
    NoteVerifier() = default;
    std::string key_id() const;
    std::string name_{};
    unsigned char type_ = 1;
    std::array<unsigned char, 32> key_{};
};

// An Ed25519 key with a name. Named after itself, so that no two logs share a name and none has to be thought of.
class NoteSigner {
public:
    explicit NoteSigner(const std::array<unsigned char, 32>& seed);
    const std::string& name() const { return verifier_.name_; }
    const NoteVerifier& verifier() const { return verifier_; }
    SignatureLine sign(std::string_view text) const;
    std::string sign(const Checkpoint& checkpoint) const;  // the whole note

private:
    NoteVerifier verifier_{};
    std::array<unsigned char, 64> secret_{};
};

}  // namespace pingjing
