#include "daemon/core/signed_note.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <stdexcept>

namespace pingjing {
namespace {

constexpr std::string_view dash = "\xE2\x80\x94 ";  // —
constexpr std::size_t most_signatures = 64;

const unsigned char* bytes(std::string_view s) { return reinterpret_cast<const unsigned char*>(s.data()); }
std::string_view view(const unsigned char* data, std::size_t size) { return {reinterpret_cast<const char*>(data), size}; }

tl::unexpected<Error> bad(std::string what) { return fail(Error::Kind::invalid_input, std::move(what)); }

bool is_name(std::string_view name) {
    return !name.empty() && std::none_of(name.begin(), name.end(), [](unsigned char c) { return c <= ' ' || c == '+' || c == 0x7F; });
}

std::optional<std::uint64_t> whole_number(std::string_view text) {
    std::uint64_t value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || (text.size() > 1 && text[0] == '0')) return std::nullopt;
    return value;
}

}  // namespace

std::string to_base64(std::string_view in) {
    std::string out(sodium_base64_encoded_len(in.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
    sodium_bin2base64(out.data(), out.size(), bytes(in), in.size(), sodium_base64_VARIANT_ORIGINAL);
    out.pop_back();
    return out;
}
std::string to_base64(const Hash& hash) { return to_base64(view(hash.data(), hash.size())); }

std::optional<std::string> from_base64(std::string_view text) {
    std::string out(text.size(), '\0');
    std::size_t size = 0;
    const char* end = nullptr;
    if (sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), text.data(), text.size(), nullptr, &size, &end, sodium_base64_VARIANT_ORIGINAL) != 0 ||
        end != text.data() + text.size())
        return std::nullopt;
    out.resize(size);
    return out;
}

std::string Checkpoint::text() const { return fmt::format("{}\n{}\n{}\n", origin, size, to_base64(root)); }

std::string SignatureLine::line() const { return fmt::format("{}{} {}\n", dash, name, to_base64(key_id + signature)); }

std::string Note::write() const {
    auto out = text + "\n";
    for (const auto& signature : signatures) out += signature.line();
    return out;
}

Result<Note> read_note(std::string_view in) {
    auto end = in.rfind("\n\n");
    if (end == std::string_view::npos || !in.ends_with('\n')) return bad("a signed note is a text, an empty line, and lines that begin with '— '");
    Note note;
    note.text = in.substr(0, end + 1);
    for (unsigned char c : note.text)
        if (c < ' ' && c != '\n') return bad("a signed note has no control characters");
    for (auto rest = in.substr(end + 2); !rest.empty();) {
        auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(line.size() + 1);
        auto space = line.rfind(' ');
        if (!line.starts_with(dash) || space < dash.size()) return bad(fmt::format("not a signature line: '{}'", line));
        auto name = line.substr(dash.size(), space - dash.size());
        auto signature = from_base64(line.substr(space + 1));
        if (!is_name(name) || !signature || signature->size() < 5) return bad(fmt::format("not a signature line: '{}'", line));
        note.signatures.push_back({std::string(name), signature->substr(0, 4), signature->substr(4)});
        if (note.signatures.size() > most_signatures) return bad("more signatures than anybody needs");
    }
    if (note.signatures.empty()) return bad("a note without a signature");
    return note;
}

Result<Checkpoint> read_checkpoint(std::string_view text) {
    Checkpoint c;
    std::vector<std::string_view> lines;
    for (auto rest = text; !rest.empty();) {
        auto end = rest.find('\n');
        if (end == std::string_view::npos || end == 0) return bad("a checkpoint is lines that are not empty");
        lines.push_back(rest.substr(0, end));
        rest.remove_prefix(end + 1);
    }
    if (lines.size() < 3) return bad("a checkpoint has three lines: origin, size and root");
    auto size = whole_number(lines[1]);
    auto root = from_base64(lines[2]);
    if (!size) return bad(fmt::format("size of the checkpoint: expected a number, not '{}'", lines[1]));
    if (!root || root->size() != c.root.size()) return bad("root of the checkpoint: expected 32 bytes in base64");
    c.origin = lines[0];
    c.size = *size;
    std::memcpy(c.root.data(), root->data(), c.root.size());
    return c;
}

std::string NoteVerifier::key_id() const {
    std::string named = name_ + "\n" + static_cast<char>(type_);
    named += view(key_.data(), key_.size());
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, bytes(named), named.size());
    return std::string(view(hash, 4));
}

std::string NoteVerifier::written() const {
    return fmt::format("{}+{}+{}", name_, to_hex(key_id()), to_base64(static_cast<char>(type_) + std::string(view(key_.data(), key_.size()))));
}

Result<NoteVerifier> NoteVerifier::read(std::string_view written) {
    auto first = written.find('+');
    auto second = first == std::string_view::npos ? first : written.find('+', first + 1);
    if (second == std::string_view::npos) return bad("a verifier key is name+id+key");
    auto key = from_base64(written.substr(second + 1));
    NoteVerifier v;
    v.name_ = written.substr(0, first);
    if (!key || key->size() != 33 || ((*key)[0] != 1 && (*key)[0] != 4)) return bad("a verifier key: expected an Ed25519 key of type 1 or 4 in base64");
    v.type_ = static_cast<unsigned char>((*key)[0]);
    std::memcpy(v.key_.data(), key->data() + 1, v.key_.size());
    if (!is_name(v.name_) || to_hex(v.key_id()) != written.substr(first + 1, second - first - 1)) return bad("a verifier key: its id does not belong to its name and key");
    return v;
}

bool NoteVerifier::verify(std::string_view text, const SignatureLine& line) const {
    std::string message(text);
    std::string_view signature = line.signature;
    if (type_ == 4) {
        if (signature.size() != 8 + crypto_sign_BYTES) return false;
        std::uint64_t time = 0;
        for (int i = 0; i < 8; ++i) time = time << 8 | static_cast<unsigned char>(signature[static_cast<std::size_t>(i)]);
        message = fmt::format("cosignature/v1\ntime {}\n{}", time, text);
        signature.remove_prefix(8);
    }
    return signature.size() == crypto_sign_BYTES && crypto_sign_verify_detached(bytes(signature), bytes(message), message.size(), key_.data()) == 0;
}

NoteSigner::NoteSigner(const std::array<unsigned char, 32>& seed) {
    if (sodium_init() < 0) throw std::runtime_error("libsodium does not start");
    crypto_sign_seed_keypair(verifier_.key_.data(), secret_.data(), seed.data());
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, verifier_.key_.data(), verifier_.key_.size());
    verifier_.name_ = "pingjing/" + to_hex(view(hash, 8));
}

SignatureLine NoteSigner::sign(std::string_view text) const {
    SignatureLine line{verifier_.name_, verifier_.key_id(), std::string(crypto_sign_BYTES, '\0')};
    crypto_sign_detached(reinterpret_cast<unsigned char*>(line.signature.data()), nullptr, bytes(text), text.size(), secret_.data());
    return line;
}

std::string NoteSigner::sign(const Checkpoint& checkpoint) const {
    Note note{checkpoint.text(), {}};
    note.signatures.push_back(sign(note.text));
    return note.write();
}

}  // namespace pingjing
