#include "daemon/commands/site.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include "daemon/core/local_time.hpp"
#include "daemon/core/system_clock.hpp"
#include "providers/registry.hpp"

namespace pingjing::commands {

std::optional<config::Settings> load_settings(const std::string& file) {
    auto reader = [](config::Section& section, config::Channel& channel) {
        provider::ChannelFacts facts(channel.name, channel.hook_url);
        channel.adapter = provider::read_channel(section, channel.provider, std::move(facts));
    };
    auto settings = config::load(file, reader);
    if (settings) return *std::move(settings);
    fmt::print(stderr, "{}\n", settings.error().text());
    return std::nullopt;
}

std::unique_ptr<Clock> make_clock(const config::Settings& settings) {
    const char* spec = std::getenv("PINGJING_CLOCK");
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

std::optional<Site> open_site(config::Settings settings) {
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
    return Site{std::move(settings), std::move(clock), std::move(*seal), std::move(*store)};
}

Result<eligibility::SiteRules> site_rules(const config::Settings& settings, const store::Seal& seal, store::Store& store) {
    eligibility::SiteRules rules;
    const auto& survey = settings.survey;
    if (!settings.lists.categories_text.empty()) {
        auto text = std::string_view(settings.lists.categories_text);
        auto map = text.find("[[category]]") == std::string_view::npos ? eligibility::CategoryMap::read_csv(text) : eligibility::CategoryMap::read_toml(text);
        if (!map) return tl::unexpected(map.error());
        rules.categories = std::move(*map);
    }
    rules.mode = static_cast<eligibility::Mode>(survey.mode);
    static_assert(static_cast<int>(eligibility::Mode::shadow) == static_cast<int>(config::Mode::shadow) &&
                  static_cast<int>(eligibility::Mode::on) == static_cast<int>(config::Mode::on));
    rules.pilot_units.insert(survey.pilot_units.begin(), survey.pilot_units.end());
    for (const auto& phone : settings.lists.staff_phones) rules.staff_keys.insert(seal.phone_key(phone));
    rules.timing.zone = settings.service.timezone;
    rules.timing.delay = survey.delay;
    rules.timing.min_delay = survey.min_delay;
    rules.timing.hours = {survey.hours.from, survey.hours.to};
    rules.timing.spread = survey.spread;
    rules.max_age = survey.max_age;
    rules.safety_hold = survey.safety_hold;
    rules.per_phone_24h = survey.per_phone_24h;
    rules.per_phone_30d = survey.per_phone_30d;
    rules.sha256 = settings.rules_sha256;

    if (survey.since.empty()) {
        store.run_now([&](store::Connection& db) {
            store::Statement read(db, "SELECT value FROM meta WHERE key = 'initialised_at'");
            if (read.step()) rules.since = from_millis(std::stoll(read.text(0)));
        });
    } else if (auto day = day_range(survey.since, settings.service.timezone)) {
        rules.since = day->from;
    } else {
        return fail(Error::Kind::invalid_input, fmt::format("since = {}: expected a day, 2026-11-21", survey.since));
    }
    return rules;
}

}  // namespace pingjing::commands
