#include "daemon/reports/export_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <map>
#include <optional>

#include "daemon/core/files.hpp"
#include "daemon/core/night_files.hpp"
#include "daemon/core/tree.hpp"

namespace pingjing::reports {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

std::optional<std::string> read(const fs::path& path) { return read_plain_file(path, largest_night_file); }

std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t value = 0;
    auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), value);
    return bad == std::errc() && end == text.data() + text.size() && !text.empty() ? std::optional(value) : std::nullopt;
}

bool is_version(const std::string& name) { return name.starts_with('v') && number(std::string_view(name).substr(1)); }

std::vector<fs::path> folders_in(const fs::path& folder) {
    std::vector<fs::path> out;
    std::error_code none;
    for (fs::directory_iterator at(folder, none), end; !none && at != end; at.increment(none))
        if (fs::is_directory(at->symlink_status(none))) out.push_back(at->path());
    std::ranges::sort(out);
    return out;
}

// The folder itself, the versions of a day, or those of all days.
std::vector<fs::path> versions_in(const fs::path& folder) {
    if (is_version(folder.filename().string())) return {folder};
    std::vector<fs::path> out;
    for (const auto& one : folders_in(folder)) {
        if (is_version(one.filename().string()))
            out.push_back(one);
        else
            for (const auto& version : folders_in(one))
                if (is_version(version.filename().string())) out.push_back(version);
    }
    return out;
}

// A checkpoint that one of the keys has signed, or why it counts for nothing.
Result<Checkpoint> signed_checkpoint(std::string_view bytes, const std::vector<NoteVerifier>& keys) {
    auto note = read_note(bytes);
    if (!note) return tl::unexpected(note.error());
    for (const auto& key : keys)
        for (const auto& line : note->signatures) {
            if (!key.is_of(line)) continue;
            if (!key.verify(note->text, line)) return fail(Error::Kind::invalid_input, "the signature does not hold");
            auto checkpoint = read_checkpoint(note->text);
            if (checkpoint && checkpoint->origin != key.name())
                return fail(Error::Kind::invalid_input,
                            fmt::format("it is of the ledger {}, signed by {}", checkpoint->origin, key.name()));
            return checkpoint;
        }
    return fail(Error::Kind::invalid_input, "it is signed by none of the keys given");
}

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> out;
    for (std::size_t at = 0; at < text.size();) {
        auto end = std::min(text.find('\n', at), text.size());
        out.emplace_back(text.substr(at, end - at));
        at = end + 1;
    }
    return out;
}

std::optional<Hash> hash_of(const std::string& base64) {
    auto bytes = from_base64(base64);
    if (!bytes || bytes->size() != std::tuple_size_v<Hash>) return std::nullopt;
    Hash hash;
    std::ranges::copy(*bytes, reinterpret_cast<char*>(hash.data()));
    return hash;
}

struct Version {
    std::string name{};  // 2026-11-20/v1
    std::string day{}, figures{};
    std::int64_t number = 0;
    std::string as_of{};
    std::uint64_t size = 0;
    Hash root{};
};

class Checker {
public:
    explicit Checker(const std::vector<NoteVerifier>& keys) : keys_(keys) {}

    void look_at(const fs::path& folder) {
        auto name = folder.parent_path().filename().string() + "/" + folder.filename().string();
        ++out_.versions;
        auto text = read(folder / "manifest.json");
        boost::system::error_code bad;
        auto manifest = json::parse(text.value_or(""), bad);
        if (bad || !manifest.is_object()) return failed(name, "manifest.json is missing or no JSON object");
        auto before = out_.failed.size();
        try {
            auto version = read_head(name, folder, manifest.as_object());
            auto files = check_files(name, folder, manifest.at("files").as_object());
            check_figures(version, folder, manifest.at("files").as_object());
            bool is_signed = check_signature(version, manifest.as_object());
            versions_.push_back(std::move(version));
            if (out_.failed.size() == before)
                out_.held.push_back(fmt::format("{}: {} files as the manifest says, the checkpoint of {} rows {}", name, files,
                                                versions_.back().size, is_signed ? "is signed" : "is of an empty ledger"));
        } catch (const std::exception&) {
            failed(name, "manifest.json is not as pingjing writes it");
        }
    }

    void compare() {
        std::ranges::sort(versions_, {}, [](const Version& v) { return std::pair(v.day, v.number); });
        for (std::size_t n = 0; n < versions_.size(); ++n) {
            const auto& later = versions_[n];
            if (n > 0 && versions_[n - 1].day == later.day) compare(versions_[n - 1], later);
            for (std::size_t other = 0; other < n; ++other)
                if (versions_[other].size == later.size && versions_[other].root != later.root)
                    failed(later.name,
                           fmt::format("another root than {} at the same {} rows: two ledgers", versions_[other].name, later.size));
        }
    }

    // "old SIZE": from a cut to a later checkpoint. Else: that a line is in one.
    void take_proof(const std::string& text) {
        auto gap = text.find("\n\n");
        if (gap == text.npos) return failed("a proof", "it is cut off");
        auto lines = lines_of(std::string_view(text).substr(0, gap));
        auto checkpoint = signed_checkpoint(std::string_view(text).substr(gap + 2), keys_);
        if (!checkpoint) return failed("a proof", checkpoint.error().detail);
        if (lines.at(0).starts_with("old "))
            take_consistency(lines, *checkpoint);
        else
            take_inclusion(lines, *checkpoint);
    }

    ExportsChecked end() {
        for (const auto& v : versions_) {
            if (v.size > 0 && !proved_.contains(v.name))
                out_.open.push_back(fmt::format(
                    "{}: that its figures are those the ledger has on record: `pingjing proof -c FILE {}` proves it", v.name, v.name));
            if (v.size > 0 && versions_.size() > 1 && !continued_.contains(v.size))
                out_.open.push_back(
                    fmt::format("{}: that the ledger of today begins with its {} rows: `pingjing checkpoint -c FILE --since {}` proves it",
                                v.name, v.size, v.size));
        }
        return std::move(out_);
    }

private:
    void failed(const std::string& where, const std::string& what) { out_.failed.push_back(where + ": " + what); }

    Version read_head(const std::string& name, const fs::path& folder, const json::object& manifest) {
        Version v;
        v.name = name, v.day = manifest.at("day").as_string().c_str(), v.number = manifest.at("version").as_int64(),
        v.as_of = manifest.at("as_of").as_string().c_str();
        v.figures = manifest.at("figures_sha256").as_string().c_str();
        v.size = static_cast<std::uint64_t>(manifest.at("ledger").at("size").as_int64());
        auto root = hash_from_hex(std::string_view(manifest.at("ledger").at("root").as_string()));
        if (!root) throw std::invalid_argument("root");
        v.root = *root;
        if (name != fmt::format("{}/v{}", v.day, v.number)) failed(name, fmt::format("its manifest is of {}/v{}", v.day, v.number));
        if (auto latest = read(folder.parent_path() / "latest"); latest && folder.parent_path().filename() == v.day)
            check_latest(v, folder, *latest);
        return v;
    }

    void check_latest(const Version& v, const fs::path& folder, const std::string& latest) {
        bool is_newest = !fs::exists(folder.parent_path() / fmt::format("v{}", v.number + 1));
        if (is_newest && latest != fmt::format("v{}\n", v.number)) failed(v.name, "the newest of its day, and `latest` names another");
    }

    std::size_t check_files(const std::string& name, const fs::path& folder, const json::object& files) {
        for (const auto& [file, hash] : files) {
            std::string known(file);
            if (known.find('/') != known.npos || known.starts_with('.'))
                return failed(name, fmt::format("{}: no name of a file here", known)), 0;
            auto bytes = read(folder / known);
            if (!bytes)
                failed(name, known + " is missing");
            else if (sha256_hex(*bytes) != std::string(hash.as_string()))
                failed(name, known + " is not what the manifest says");
        }
        for (const auto& entry : fs::directory_iterator(folder))
            if (auto here = entry.path().filename().string(); here != "manifest.json" && !files.contains(here))
                failed(name, here + " is not in the manifest");
        return files.size();
    }

    // Of what makes a version.
    void check_figures(const Version& v, const fs::path& folder, const json::object& files) {
        std::map<std::string, std::string> figures;
        for (const auto& pair : files) {
            std::string name(pair.key());
            bool counts = !moves_by_itself(name) && (name.ends_with(".csv") || name.ends_with(".json"));
            if (counts) figures[name] = sha256_hex(read(folder / name).value_or(""));
        }
        std::string all;
        for (const auto& [name, hash] : figures) all += fmt::format("{} {}\n", name, hash);
        if (sha256_hex(all) != v.figures) failed(v.name, "figures_sha256 is not of these files");
    }

    bool check_signature(const Version& v, const json::object& manifest) {
        const auto* note = manifest.if_contains("checkpoint");
        if (!note && v.size > 0) return failed(v.name, "its checkpoint is not signed"), false;
        if (!note) return false;
        auto checkpoint = signed_checkpoint(std::string_view(note->as_string()), keys_);
        if (!checkpoint) return failed(v.name, "its checkpoint: " + checkpoint.error().detail), false;
        if (checkpoint->size != v.size || checkpoint->root != v.root)
            return failed(v.name, "its checkpoint is of another ledger or cut than the manifest"), false;
        return true;
    }

    void compare(const Version& before, const Version& later) {
        if (later.number != before.number + 1) failed(later.name, fmt::format("v{} is missing", before.number + 1));
        if (later.size < before.size)
            failed(later.name, fmt::format("of a ledger of {} rows, {} had {}", later.size, before.name, before.size));
        if (later.as_of < before.as_of) failed(later.name, fmt::format("counted before {}", before.name));
    }

    void take_consistency(const std::vector<std::string>& lines, const Checkpoint& now) {
        auto old = number(std::string_view(lines[0]).substr(4));
        std::vector<Hash> hashes;
        for (std::size_t n = 1; n < lines.size(); ++n)
            if (auto hash = hash_of(lines[n])) hashes.push_back(*hash);
        auto of = std::ranges::find_if(versions_, [&](const Version& v) { return old && v.size == *old; });
        if (of == versions_.end())
            return void(out_.open.push_back(fmt::format("a proof from {} rows: no version here has that cut", old.value_or(0))));
        if (*old == 0 || *old > now.size || !consistency_holds(*old, of->root, now.size, now.root, hashes))
            return failed(of->name,
                          fmt::format("the ledger of {} rows does not begin with its {} rows: it was cut or written anew", now.size, *old));
        continued_[*old] = now.size;
        out_.held.push_back(fmt::format("{}: the ledger of {} rows begins with its {} rows", of->name, now.size, *old));
    }

    void take_inclusion(const std::vector<std::string>& lines, const Checkpoint& checkpoint) {
        bool whole =
            lines.size() >= 3 && lines[0] == "c2sp.org/tlog-proof@v1" && lines[1].starts_with("extra ") && lines[2].starts_with("index ");
        auto entry = whole ? from_base64(std::string_view(lines[1]).substr(6)) : std::nullopt;
        auto index = whole ? number(std::string_view(lines[2]).substr(6)) : std::nullopt;
        if (!entry || !index) return failed("a proof", "it is not as pingjing prints it");
        std::vector<Hash> hashes;
        for (std::size_t n = 3; n < lines.size(); ++n)
            if (auto hash = hash_of(lines[n])) hashes.push_back(*hash);
        if (*index >= checkpoint.size || !inclusion_holds(leaf_hash(*entry), *index, checkpoint.size, hashes, checkpoint.root))
            return failed("a proof", "its row is not in the checkpoint");
        for (const auto& v : versions_)
            if (entry->find(fmt::format(R"(|6:export|)")) != entry->npos &&
                entry->find(fmt::format(R"({{"day":"{}","version":{},)", v.day, v.number)) != entry->npos)
                return take_record(v, *entry, *index);
        out_.open.push_back(fmt::format("a proof of row {}: it records no version that is here", *index + 1));
    }

    void take_record(const Version& v, const std::string& entry, std::uint64_t index) {
        auto told = fmt::format(R"({{"day":"{}","version":{},"ledger_size":{},"ledger_root":"{}","sha256":"{}"}})", v.day, v.number, v.size,
                                to_hex(v.root), v.figures);
        if (entry.find(told) == entry.npos)
            return failed(v.name, fmt::format("row {} of the ledger has other figures on record", index + 1));
        proved_[v.name] = index;
        out_.held.push_back(fmt::format("{}: its figures are on record in row {} of the ledger", v.name, index + 1));
    }

    const std::vector<NoteVerifier>& keys_;
    ExportsChecked out_{};
    std::vector<Version> versions_{};
    std::map<std::string, std::uint64_t> proved_{};
    std::map<std::uint64_t, std::uint64_t> continued_{};
};

}  // namespace

ExportsChecked check_exports(const fs::path& given, const std::vector<NoteVerifier>& keys, std::vector<std::string> proofs) {
    auto folder = fs::weakly_canonical(fs::absolute(given));
    Checker checker(keys);
    for (const auto& version : versions_in(folder)) {
        checker.look_at(version);
        if (auto beside = read(version.string() + ".proof")) proofs.push_back(*beside);
    }
    checker.compare();
    for (const auto& proof : proofs) checker.take_proof(proof);
    return checker.end();
}

}  // namespace pingjing::reports
