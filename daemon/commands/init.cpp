#include <fmt/format.h>

#include <cstdio>

#include "daemon/commands/commands.hpp"
#include "daemon/commands/site.hpp"

namespace pingjing::commands {

int init(const std::string& config) {
    auto settings = load_settings(config);
    if (!settings) return 2;
    auto keys = store::Seal::create_keys(settings->service.key_dir);
    if (!keys && keys.error().kind != Error::Kind::conflict) {
        fmt::print(stderr, "{}\n", keys.error().detail);
        return 1;
    }
    auto folder = settings->service.key_dir.string();
    if (keys) fmt::print(stderr, "keys written to {}: keep a copy apart from the database. A lost key is lost numbers.\n", folder);
    else fmt::print(stderr, "keys are in {} already\n", folder);
    auto site = open_site(std::move(*settings));
    if (!site) return 1;
    site->store->run_now([&](store::Connection& db) {
        store::Statement since(db, "INSERT INTO meta(key, value) VALUES ('initialised_at', ?1) ON CONFLICT (key) DO NOTHING");
        since.bind(1, std::to_string(to_millis(site->clock->now()))).run();
        if (db.changes() > 0) store::append(db, site->clock->now(), "initialised", std::nullopt, "{}");
    });
    fmt::print(stderr, "store ready: {}\n", site->store->path());
    return 0;
}

int check(const std::string& config) {
    auto settings = load_settings(config);
    if (!settings) return 2;
    for (const auto& warning : settings->warnings) fmt::print(stderr, "warning: {}\n", warning);
    if (settings->service.test_clock) fmt::print("test_clock = true: PINGJING_CLOCK is obeyed\n");
    fmt::print("ok: {} channels, {} routes, rules {}\n", settings->channels.size(), settings->routes.size(), settings->rules_sha256);
    return 0;
}

int verify(const std::string& config) {
    auto settings = load_settings(config);
    if (!settings) return 2;
    auto site = open_site(std::move(*settings));
    if (!site) return 1;
    int exit = 0;
    site->store->run_now([&](store::Connection& db) {
        auto head = store::recompute(db);
        if (!head) {
            fmt::print("FAILED ledger: {}\n", head.error().detail);
            exit = 1;
            return;
        }
        // rows_received = accepted + updated + unchanged + rejected + rows_excluded holds by constraint; cases come from two of them.
        store::Statement books(db, "SELECT (SELECT count(*) FROM cases), (SELECT coalesce(sum(accepted + excluded), 0) FROM intake_batches)");
        books.step();
        if (books.integer(0) != books.integer(1)) {
            fmt::print("FAILED books: cases {}, accepted and excluded rows {}\n", books.integer(0), books.integer(1));
            exit = 1;
            return;
        }
        fmt::print("ok: {} cases, {} ledger entries, root {}\n", books.integer(0), head->size(), to_hex(head->root()));
    });
    return exit;
}

}  // namespace pingjing::commands
