// What is asked of the ledger: verify, checkpoint, proof, cosign; and forget, which it must outlive.
#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>

#include "daemon/commands/ask.hpp"
#include "daemon/commands/commands.hpp"

namespace pingjing::commands {
namespace {

namespace json = boost::json;

void print_verifier(const json::value& v) { fmt::print(stderr, "verifier key {}\n", text_of(v.at("verifier"))); }

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

int verify(const std::string& config, const std::string& format, const std::vector<std::string>& checkpoints) {
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

int forget(const std::string& config, const std::string& phone, const std::string& reason) {
    return ask(config, "POST", Query().add("reason", reason).target("/control/forget"), phone, [](const json::value& v, Line&) {
        fmt::print("forgotten: {} cases, {} texts and records; {}\n", text_of(v.at("cases")), text_of(v.at("texts")),
                   v.at("number_erased").as_bool() ? "the number" : "the number stays sealed, for it opted out and must stay known");
        return 0;
    });
}

}  // namespace pingjing::commands
