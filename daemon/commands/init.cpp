// `pingjing init`: keys, store, hook secrets, the first token.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "daemon/admin/tokens.hpp"
#include "daemon/commands/commands.hpp"
#include "daemon/commands/site.hpp"
#include "daemon/configuration_history.hpp"
#include "daemon/store/sqlite.hpp"

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
        if (written)
            fmt::print(stderr, "hook secret of channel '{}' written to {}; its carrier calls {}/v1/hooks/{}/ and that secret; `pingjing check` says what to tell it\n", channel.name,
                       channel.hook_secret_file.string(), settings.http.public_url.empty() ? "PUBLIC_URL" : settings.http.public_url, channel.name);
        else fmt::print(stderr, "cannot write {}: {}\n", channel.hook_secret_file.string(), std::strerror(errno)), whole = false;
    }
    return whole;
}

}  // namespace

int init(const std::string& config, const InitOptions& options) {
    ::umask(0077);  // keys, and a store full of what citizens wrote: for nobody else
    auto settings = load_settings(config);
    if (!settings) return 2;
    // New keys beside an old store would find nobody again: who opted out would be texted.
    if (std::filesystem::exists(settings->service.state_dir / "pingjing.db"))
        for (const char* name : {"sealing.key", "index.key"})
            if (auto file = settings->service.key_dir / name; !std::filesystem::exists(file)) {
                fmt::print(stderr, "{} is missing, and the store in {} was written under it: put it back, from its copy or the key sheet. Nothing was changed\n", file.string(),
                           settings->service.state_dir.string());
                return 1;
            }
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
    auto site = open_site(*settings, Missing::made);
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

}  // namespace pingjing::commands
