#include "daemon/commands/site.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include "daemon/core/local_time.hpp"
#include "daemon/core/system_clock.hpp"
#include "daemon/log/log.hpp"
#include "daemon/site_rules.hpp"
#include "daemon/store/checkpoints.hpp"
#include "daemon/store/keys.hpp"
#include "daemon/store/overrides.hpp"
#include "providers/registry.hpp"

namespace pingjing::commands {

Result<config::Settings> read_settings(const std::string& file) {
    auto reader = [](config::Section& section, config::Channel& channel) {
        provider::ChannelFacts facts(channel.name, channel.hook_url);
        channel.adapter = provider::read_channel(section, channel.provider, std::move(facts));
    };
    auto settings = config::load(file, reader);
    if (!settings) return fail(Error::Kind::invalid_input, settings.error().text());
    auto mappings = site_mappings(*settings);
    if (!mappings) return tl::unexpected(mappings.error());
    return *std::move(settings);
}

std::optional<config::Settings> load_settings(const std::string& file) {
    auto settings = read_settings(file);
    const char* spec = std::getenv("PINGJING_CLOCK");
    auto said = settings && settings->service.test_clock && spec ? read_clock_spec(spec) : Result<ClockSpec>(ClockSpec{});
    if (settings && said) return *std::move(settings);
    fmt::print(stderr, "{}\n", (settings ? said.error() : settings.error()).detail);
    return std::nullopt;
}

std::unique_ptr<Clock> make_clock(const config::Settings& settings) {
    const char* spec = std::getenv("PINGJING_CLOCK");
    if (spec && !settings.service.test_clock) fmt::print(stderr, "PINGJING_CLOCK is not obeyed: that needs test_clock = true in [service]\n");
    if (!spec || !settings.service.test_clock) return system_clock();
    for (const auto& channel : settings.channels)
        if (channel.production) {
            fmt::print(stderr, "PINGJING_CLOCK is refused beside channel '{}' with production = true\n", channel.name);
            return nullptr;
        }
    auto clock = test_clock(spec, settings.service.state_dir);
    if (clock) return std::move(*clock);
    fmt::print(stderr, "{}\n", clock.error().detail);
    return nullptr;
}

bool is_of_these_keys(store::Store& store, const store::Seal& seal, Instant now) {
    Result<void> agree;
    store.run_now([&](store::Connection& db) {
        agree = store::check_and_remember_keys(db, seal);
        if (!agree) return;
        try {
            store::seal_open_reasons(db, seal, now);
        } catch (const store::SqlError& error) {
            if (!error.is_damage()) throw;
            log::error("reasons.not_sealed", {{"why", error.what()}});  // a damaged store has to be looked at and verified before anything else
        }
        if (const auto* signer = seal.ledger_signer(); agree && signer) store::remember_ledger_key(db, *signer, now);
    });
    if (!agree) fmt::print(stderr, "{}\n", agree.error().detail);
    return agree.has_value();
}

bool has_store(const config::Settings& settings) {
    std::error_code unknown;
    const auto& state = settings.service.state_dir;
    if (std::filesystem::exists(state / "pingjing.db", unknown) || unknown || std::filesystem::exists(state / "journal", unknown)) return true;
    fmt::print(stderr, "there is no store: {} is not there. `pingjing init` makes one; a lost one comes back by `pingjing restore`, for it alone knows who was asked before\n", (state / "pingjing.db").string());
    return false;
}

std::optional<Site> open_site(config::Settings settings, Missing missing) {
    if (missing == Missing::refused && !has_store(settings)) return std::nullopt;
    auto clock = make_clock(settings);
    if (!clock) return std::nullopt;
    auto seal = store::Seal::load(settings.service.key_dir);
    if (!seal) {
        fmt::print(stderr, "{}\n", seal.error().detail);
        return std::nullopt;
    }
    auto store = store::Store::open(settings.service.state_dir.string(), store::Store::Runner::inline_io);
    if (!store) {
        fmt::print(stderr, "{}\n", store.error().detail);
        return std::nullopt;
    }
    if (!is_of_these_keys(**store, *seal, (*clock).now())) return std::nullopt;
    return Site{std::move(settings), std::move(clock), std::move(*seal), std::move(*store)};
}

}  // namespace pingjing::commands
