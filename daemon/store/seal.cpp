#include "daemon/store/seal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

#include "daemon/core/tree.hpp"

namespace pingjing::store {
namespace {

constexpr std::size_t nonce_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_bytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;

const unsigned char* bytes(std::string_view s) { return reinterpret_cast<const unsigned char*>(s.data()); }

Result<void> write_key(const std::filesystem::path& file, int id) {
    Key key;
    randombytes_buf(key.data(), key.size());
    auto line = fmt::format("pingjing-key {} {}\n", id, to_hex(std::string_view(reinterpret_cast<char*>(key.data()), key.size())));
    int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(errno == EEXIST ? Error::Kind::conflict : Error::Kind::unavailable,
                    fmt::format("cannot write {}: {}", file.string(), std::strerror(errno)));
    bool ok = ::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size()) && ::fsync(fd) == 0;
    ::close(fd);
    if (!ok) return fail(Error::Kind::unavailable, fmt::format("cannot write {}: {}", file.string(), std::strerror(errno)));
    return {};
}

Result<std::map<unsigned char, Key>> read_keys(const std::filesystem::path& file) {
    std::ifstream in(file);
    if (!in) return fail(Error::Kind::not_found, fmt::format("cannot read {}: put it back, from its copy or the key sheet. Only a site that is new gets its keys by `pingjing init`", file.string()));
    std::map<unsigned char, Key> keys;
    std::string word, hex;
    int id = 0;
    while (in >> word >> id >> hex) {
        Key key;
        std::size_t length = 0;
        if (word != "pingjing-key" || id < 1 || id > 255 || hex.size() != 64 ||
            sodium_hex2bin(key.data(), key.size(), hex.data(), hex.size(), nullptr, &length, nullptr) != 0 || length != key.size())
            return fail(Error::Kind::invalid_input, fmt::format("{}: expected lines 'pingjing-key ID HEX' with 64 hex digits", file.string()));
        keys[static_cast<unsigned char>(id)] = key;
    }
    if (keys.empty() || !in.eof())
        return fail(Error::Kind::invalid_input, fmt::format("{}: expected lines 'pingjing-key ID HEX' with 64 hex digits", file.string()));
    return keys;
}

void draw_nonce(unsigned char* out) {
    // Not by libsodium's own call, which goes to the kernel each time; unless it was given another generator than the kernel's.
    if (std::string_view(randombytes_implementation_name()) != "sysrandom") return randombytes_buf(out, nonce_bytes);
    SystemRandom random;
    for (std::size_t at = 0; at < nonce_bytes; at += sizeof(std::uint64_t)) {
        auto drawn = random();
        std::memcpy(out + at, &drawn, sizeof drawn);
    }
}
static_assert(nonce_bytes % sizeof(std::uint64_t) == 0);

std::string hash16(const Key& key, std::string_view kind, std::string_view value) {
    std::string out(16, '\0');
    crypto_generichash_state state;
    crypto_generichash_init(&state, key.data(), key.size(), out.size());
    crypto_generichash_update(&state, bytes(kind), kind.size());
    crypto_generichash_update(&state, bytes(value), value.size());
    crypto_generichash_final(&state, reinterpret_cast<unsigned char*>(out.data()), out.size());
    return out;
}

}  // namespace

Result<void> Seal::create_keys(const std::filesystem::path& folder) {
    if (sodium_init() < 0) return fail(Error::Kind::unavailable, "libsodium does not start");
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) return fail(Error::Kind::unavailable, fmt::format("cannot make {}: {}", folder.string(), error.message()));
    for (const char* name : {"sealing.key", "index.key"})
        if (auto written = write_key(folder / name, 1); !written) return written;
    return {};
}

Result<void> Seal::create_ledger_key(const std::filesystem::path& folder) {
    if (sodium_init() < 0) return fail(Error::Kind::unavailable, "libsodium does not start");
    return write_key(folder / "ledger.key", 1);
}

Result<Seal> Seal::load(const std::filesystem::path& folder) {
    if (sodium_init() < 0) return fail(Error::Kind::unavailable, "libsodium does not start");
    auto sealing = read_keys(folder / "sealing.key");
    if (!sealing) return tl::unexpected(sealing.error());
    auto index = read_keys(folder / "index.key");
    if (!index) return tl::unexpected(index.error());
    Seal seal;
    seal.sealing_ = *sealing;
    seal.index_ = index->rbegin()->second;
    std::error_code error;
    if (std::filesystem::exists(folder / "ledger.key", error)) {
        auto signing = read_keys(folder / "ledger.key");
        if (!signing) return tl::unexpected(signing.error());
        seal.signer_.emplace(signing->rbegin()->second);
    }
    return seal;
}

Seal Seal::from_seed(std::uint64_t seed) {
    if (sodium_init() < 0) throw std::runtime_error("libsodium does not start");
    SeededRandom random(seed);
    Seal seal;
    auto fill = [&](Key& key) { for (auto& byte : key) byte = static_cast<unsigned char>(random()); };
    fill(seal.sealing_[1]);
    fill(seal.index_);
    Key signing;
    fill(signing);
    seal.signer_.emplace(signing);
    return seal;
}

std::map<std::string, std::string> Seal::fingerprints() const {
    auto of = [](const Key& key) { return to_hex(hash16(key, "fingerprint:", "pingjing")); };
    std::map<std::string, std::string> out{{"index.key", of(index_)}};
    for (const auto& [id, key] : sealing_) out.emplace(fmt::format("sealing.key {}", id), of(key));
    return out;
}

std::string Seal::phone_key(const Phone& phone) const { return hash16(index_, "phone:", phone.reveal()); }
std::string Seal::keyed_hash(std::string_view value) const { return hash16(index_, "value:", value); }

std::string Seal::seal(std::string_view plain, std::string_view where) const {
    const auto& [id, key] = *sealing_.rbegin();
    std::string out(1 + nonce_bytes + plain.size() + tag_bytes, '\0');
    out[0] = static_cast<char>(id);
    auto* nonce = reinterpret_cast<unsigned char*>(out.data()) + 1;
    draw_nonce(nonce);
    crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + nonce_bytes, nullptr, bytes(plain), plain.size(), bytes(where), where.size(), nullptr,
                                               nonce, key.data());
    return out;
}

Result<std::string> Seal::open(std::string_view sealed, std::string_view where) const {
    if (sealed.size() < 1 + nonce_bytes + tag_bytes) return fail(Error::Kind::internal, "a sealed value is too short");
    auto key = sealing_.find(static_cast<unsigned char>(sealed[0]));
    if (key == sealing_.end())
        return fail(Error::Kind::internal, fmt::format("sealed with key {}, which is not in sealing.key", static_cast<unsigned char>(sealed[0])));
    std::string plain(sealed.size() - 1 - nonce_bytes - tag_bytes, '\0');
    auto* nonce = bytes(sealed) + 1;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(reinterpret_cast<unsigned char*>(plain.data()), nullptr, nullptr, nonce + nonce_bytes,
                                                   sealed.size() - 1 - nonce_bytes, bytes(where), where.size(), nonce,
                                                   key->second.data()) != 0)
        return fail(Error::Kind::internal, "a sealed value does not open: another key, or it was moved or changed");
    return plain;
}

}  // namespace pingjing::store
