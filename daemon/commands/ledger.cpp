// What is asked of the ledger: verify, checkpoint, proof, cosign; and forget, which it must outlive.
#include <fmt/format.h>

#include <cctype>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>

#include "daemon/commands/ask.hpp"
#include "daemon/commands/commands.hpp"
#include "daemon/reports/export_check.hpp"

namespace pingjing::commands {
namespace {

namespace json = boost::json;

void print_verifier(const json::value& v) { fmt::print(stderr, "verifier key {}\n", text_of(v.at("verifier"))); }

// What a whole ledger proves depends on it. Where the key was changed, each with the row from which on it signs.
void tell_signatures(const json::value& v) {
    fmt::print("{}\n", text_of(v.at("signatures")));
    const auto& keys = v.at("keys").as_array();
    for (const auto& key : keys)
        if (keys.size() > 1) fmt::print("  from row {} on by {}\n", key.at("after").to_number<std::int64_t>() + 1, text_of(key.at("verifier")));
}

// What is gone, and what is not: whoever asked for it is told the truth.
void tell_forgotten(const json::value& v) {
    fmt::print("forgotten: {} cases, {} texts and records: the records of the calls, what was asked and answered, and what people noted about them\n", text_of(v.at("cases")), text_of(v.at("texts")));
    if (v.at("called_off").to_number<std::int64_t>() > 0) fmt::print("called off: {} texts that waited to be sent to it\n", text_of(v.at("called_off")));
    bool opted_out = v.at("opted_out").as_bool();
    if (opted_out) fmt::print("the number stays sealed, for it opted out and must stay known: who does not want to be asked is not asked again\n");
    else fmt::print("the number is erased: nobody can read it any more, with the keys neither\n");
    if (!opted_out && !v.at("recognised_until").is_null())
        fmt::print("still recognised: if it calls again it is known by a keyed hash, for caps and safety holds, until the night after {}\n", text_of(v.at("recognised_until")));
    if (v.at("unread_callbacks").to_number<std::int64_t>() > 0)
        fmt::print("left for its time: {} callbacks of a carrier that name it and that nobody could read: other people's answers may stand in them. `pingjing quarantine` shows them\n",
                   text_of(v.at("unread_callbacks")));
    fmt::print("left: grades, decisions and counts, without the number; who forgot it and when, and the reason, sealed; backups and exports that were made before. Delete those backups, or "
               "forget it again after one of them was restored\n");
}

}  // namespace

std::optional<std::string> read_whole(const std::string& file) {
    std::ifstream in;
    if (file != "-") in.open(file, std::ios::binary);
    if (file != "-" && !in) {
        fmt::print(stderr, "cannot read {}\n", file);
        return std::nullopt;
    }
    std::stringstream all;
    all << (file == "-" ? std::cin.rdbuf() : in.rdbuf());
    return all.str();
}

int verify_exports(const ExportsAsked& asked, const std::string& format) {
    std::vector<NoteVerifier> keys;
    for (const auto& key : asked.keys) {
        auto read = NoteVerifier::read(key);
        if (!read) return fmt::print(stderr, "--key: {}\n", read.error().detail), 2;
        keys.push_back(std::move(*read));
    }
    // Whoever changes a file can change its hash in the manifest too; what he cannot do is sign.
    if (keys.empty()) return fmt::print(stderr, "--key: expected the verifier key that `pingjing init` printed: without one nothing is proved\n"), 2;
    std::vector<std::string> proofs;
    for (const auto& file : asked.proofs) {
        auto text = read_whole(file);
        if (!text) return 1;
        proofs.push_back(std::move(*text));
    }
    auto found = reports::check_exports(asked.folder, keys, std::move(proofs));
    if (found.versions == 0) return fmt::print(stderr, "there is no version in {}: expected a folder of nightly files\n", asked.folder), 1;
    if (format == "json") {
        fmt::print("{}\n", json::serialize(json::object{{"ok", found.failed.empty()}, {"versions", found.versions}, {"held", json::value_from(found.held)},
                                                        {"failed", json::value_from(found.failed)}, {"open", json::value_from(found.open)}}));
    } else {
        for (const auto& line : found.held) fmt::print("ok {}\n", line);
        for (const auto& line : found.open) fmt::print("not said by these files: {}\n", line);
        for (const auto& line : found.failed) fmt::print("FAILED {}\n", line);
    }
    return found.failed.empty() ? 0 : 1;
}

int verify(const std::string& config, const std::string& format, const std::vector<std::string>& checkpoints) {
    if (config.empty()) return fmt::print(stderr, "expected -c FILE, or --export DIR\n"), 2;
    json::array kept;
    for (const auto& file : checkpoints) {
        auto note = read_whole(file);
        if (!note) return 1;
        kept.push_back({{"who", file}, {"note", *note}});
    }
    auto body = kept.empty() ? std::string() : json::serialize(kept);
    return ask(config, body.empty() ? "GET" : "POST", "/control/verify", body, [&](const json::value& v, Line&) {
        bool ok = v.at("ok").as_bool();
        if (format == "json") {
            fmt::print("{}\n", json::serialize(v));
        } else if (ok) {
            fmt::print("ok: {} cases, {} ledger entries, root {}\n", text_of(v.at("cases")), text_of(v.at("ledger_entries")), text_of(v.at("root")));
            fmt::print("{} rows are as the ledger says, {} were erased; {} checkpoints agree\n", text_of(v.at("rows")), text_of(v.at("erased")), text_of(v.at("checkpoints")));
        } else {
            for (const auto& f : v.at("failures").as_array()) fmt::print("FAILED {}: {}\n", text_of(f.at("check")), text_of(f.at("detail")));
        }
        if (format != "json") tell_signatures(v);
        return ok ? 0 : 1;
    });
}

int checkpoint(const std::string& config, const std::string& since) {
    return ask(config, "POST", Query().add("since", since).target("/control/checkpoint"), "", [](const json::value& v, Line&) {
        fmt::print("{}", text_of(v.at("checkpoint")));
        print_verifier(v);
        return 0;
    });
}

int proof(const std::string& config, const std::string& row, const std::string& size) {
    return ask(config, "POST", Query().add("seq", row).add("size", size).target("/control/proof"), "", [](const json::value& v, Line&) {
        fmt::print("{}", text_of(v.at("proof")));
        print_verifier(v);
        return 0;
    });
}

int cosign(const std::string& config, const std::string& note, const std::vector<std::string>& verifiers) {
    auto text = read_whole(note);
    if (!text) return 1;
    json::array keys;
    for (const auto& key : verifiers) keys.push_back(json::string(key));
    auto body = json::serialize(json::object{{"note", *text}, {"verifiers", std::move(keys)}});
    return ask(config, "POST", "/control/cosign", body, [](const json::value& v, Line&) {
        fmt::print("{}", text_of(v.at("checkpoint")));
        return 0;
    });
}

int forget(const std::string& config, const std::string& phone, const std::string& reason, const std::string& by) {
    auto number = phone == "-" ? read_whole(phone) : std::optional(phone);
    if (!number) return 1;
    while (!number->empty() && std::isspace(static_cast<unsigned char>(number->back()))) number->pop_back();
    return ask(config, "POST", Query().add("reason", reason).target("/control/forget"), *number, [](const json::value& answer, Line& line) {
        auto v = on_the_wall(answer, line);
        tell_forgotten(v);
        return 0;
    }, person_header(by));
}

}  // namespace pingjing::commands
