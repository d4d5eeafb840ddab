// `pingjing init`: keys, store, hook secrets, the first token. `pingjing check`: the whole configuration, and what each text costs.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <any>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "daemon/admin/tokens.hpp"
#include "daemon/commands/commands.hpp"
#include "daemon/commands/site.hpp"
#include "daemon/configuration_history.hpp"
#include "daemon/core/system_clock.hpp"
#include "daemon/outbox/texts.hpp"
#include "daemon/text/segments.hpp"
#include "providers/provider.hpp"

namespace pingjing::commands {
namespace {

// Every key file, to be printed and locked away: whoever has this sheet and the database can read every number.
void print_key_sheet(const std::filesystem::path& folder) {
    fmt::print("KEY SHEET of pingjing, {}\nKeep it apart from the database and its backups.\n", folder.string());
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().filename().string().starts_with("hook-")) continue;
        std::ifstream in(entry.path());
        for (std::string line; std::getline(in, line);) fmt::print("{}: {}\n", entry.path().filename().string(), line);
    }
}

// A new secret for each channel that has none; 160 bits.
bool write_hook_secrets(const config::Settings& settings, Random& random) {
    bool whole = true;
    for (const auto& channel : settings.channels) {
        if (!channel.hook_secrets.empty() || !channel.takes_callbacks()) continue;
        std::error_code ignored;
        std::filesystem::create_directories(channel.hook_secret_file.parent_path(), ignored);
        auto line = random.word(32) + "\n";
        int fd = ::open(channel.hook_secret_file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        bool written = fd >= 0 && ::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size()) && ::fsync(fd) == 0;
        if (fd >= 0) ::close(fd);
        if (written) fmt::print(stderr, "hook secret of channel '{}' written to {}\n", channel.name, channel.hook_secret_file.string());
        else fmt::print(stderr, "cannot write {}: {}\n", channel.hook_secret_file.string(), std::strerror(errno)), whole = false;
    }
    return whole;
}

// What a channel's settings mean, by the words of its adapter. Nothing is connected.
void print_channels(const config::Settings& settings) {
    asio::io_context io;
    auto clock = system_clock();
    SystemRandom random;
    provider::World world(io.get_executor(), *clock, random, nullptr);
    for (const auto& channel : settings.channels) {
        auto* make = std::any_cast<provider::Make>(&channel.adapter);
        if (!make || !*make) continue;
        auto adapter = (*make)(world);
        const auto& can = adapter->abilities();
        auto parts = channel.most_parts > 0 ? channel.most_parts : can.largest_parts;
        auto told_apart = can.extension && settings.survey.extension_reply_code && channel.extension_digits > 0;
        fmt::print("channel {}: {}\n    {} unanswered, {} parts a second, texts of {}{}, {}{}\n", channel.name, adapter->describe(), channel.window, channel.tps,
                   parts > 0 ? fmt::format("at most {} parts", parts) : "any length", can.receipts ? "" : ", no delivery reports",
                   told_apart ? fmt::format("replies to several surveys told apart by {} digits behind {}", channel.extension_digits, channel.source) : "one open survey a phone",
                   can.replies ? "" : ", no replies at all");
        fmt::print("    what is in doubt can be settled by: {}\n", provider::describe_evidence(can));
    }
}

}  // namespace

int init(const std::string& config, const InitOptions& options) {
    auto settings = load_settings(config);
    if (!settings) return 2;
    auto keys = store::Seal::create_keys(settings->service.key_dir);
    if (!keys && keys.error().kind != Error::Kind::conflict) {
        fmt::print(stderr, "{}\n", keys.error().detail);
        return 1;
    }
    auto folder = settings->service.key_dir;
    if (keys) fmt::print(stderr, "keys written to {}: keep a copy apart from the database. A lost key is lost numbers.\n", folder.string());
    else fmt::print(stderr, "keys are in {} already\n", folder.string());
    if (auto made = store::Seal::create_ledger_key(folder); !made && made.error().kind != Error::Kind::conflict) {
        fmt::print(stderr, "{}\n", made.error().detail);
        return 1;
    }
    SystemRandom random;
    if (!write_hook_secrets(*settings, random)) return 1;
    auto site = open_site(*settings);
    if (!site) return 1;
    std::string first_token;
    auto now = site->clock->now();
    site->store->run_now([&](store::Connection& db) {
        store::Statement since(db, "INSERT INTO meta(key, value) VALUES ('initialised_at', ?1) ON CONFLICT (key) DO NOTHING");
        since.bind(1, std::to_string(to_millis(now))).run();
        if (db.changes() > 0) store::append(db, now, "initialised", std::nullopt, "{}");
        record_configuration(db, *settings, now);
        if (!admin::list_tokens(db).empty()) return;
        auto made = admin::create_token(db, random, {"admin"}, admin::Holder{"first administrator", "", "", std::nullopt}, now);
        if (made) first_token = made->token;
    });
    fmt::print(stderr, "store ready: {}\n", site->store->path());
    if (const auto* signer = site->seal.ledger_signer())
        fmt::print(stderr, "the ledger signs as {}\nhand this verifier key to whoever is to check it: {}\n", signer->name(), signer->verifier().written());
    if (!first_token.empty()) {
        fmt::print(stderr, "the first token, scope admin; it is shown this once:\n");
        fmt::print("{}\n", first_token);
    }
    if (options.escrow) print_key_sheet(folder);
    return 0;
}

int check(const std::string& config, bool templates) {
    auto settings = load_settings(config);
    if (!settings) return 2;
    auto texts = outbox::Texts::parse(settings->texts, {settings->service.sign, settings->service.sms_alarm});
    if (!texts) {
        for (const auto& [name, file] : settings->text_files)
            if (texts.error().detail.starts_with(fmt::format("text '{}'", name))) fmt::print(stderr, "{}:1: ", file);
        fmt::print(stderr, "{}\n", texts.error().detail);
        return 2;
    }
    for (const auto& warning : settings->warnings) fmt::print(stderr, "warning: {}\n", warning);
    fmt::print("text                 characters  parts   with the longest date and the real sign\n");
    for (const auto& [name, source] : settings->texts) {
        auto whole = texts->fill(name, "2026-12-31");
        auto segments = whole ? cut_segments(*whole) : std::nullopt;
        if (!segments) continue;
        fmt::print("{:20} {:10} {:6}{}\n", name, segments->units, segments->parts.size(),
                   segments->parts.size() > 1 ? "   each part is charged; one of 70 characters is enough for a shorter sign" : "");
        if (templates) fmt::print("    {}\n", *whole);
    }
    print_channels(*settings);
    if (auto prefixes = settings->lists.number_plan->prefixes(); prefixes > 0) fmt::print("number plan: {} prefixes\n", prefixes);
    if (settings->service.test_clock) fmt::print("test_clock = true: PINGJING_CLOCK is obeyed\n");
    fmt::print("ok: {} channels, {} routes, rules {}\n", settings->channels.size(), settings->routes.size(), settings->rules_sha256);
    return 0;
}

}  // namespace pingjing::commands
