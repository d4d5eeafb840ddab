// `pingjing check`: everything that is wrong with a configuration, or what it means.
#include <fmt/format.h>

#include <filesystem>

#include "daemon/admin/tokens.hpp"
#include "daemon/commands/commands.hpp"
#include "daemon/commands/site.hpp"
#include "daemon/meaning.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::commands {
namespace {

// Where there is a store already: whose looks and decisions nobody can hold against his own calls.
void print_tokens_of_nowhere(const config::Settings& settings) {
    auto file = settings.service.state_dir / "pingjing.db";
    std::error_code none;
    if (!std::filesystem::exists(file, none)) return;
    auto clock = make_clock(settings);
    if (!clock) return;
    try {
        store::Connection db(file.string(), store::Connection::Access::read_only);
        std::string ids;
        for (const auto& token : admin::list_tokens(db)) {
            bool holds = !token.revoked_at && (!token.holder.expires_at || *token.holder.expires_at > clock->now());
            if (holds && admin::is_of_nowhere(token.scopes, token.holder)) ids += fmt::format("{}{} {}", ids.empty() ? "" : ", ", token.id, token.holder.name);
        }
        if (!ids.empty()) fmt::print(stderr, "warning: tokens that inspect and say neither unit nor badge of their holder, who may be a party of what he decides: {}\n", ids);
    } catch (const store::SqlError&) {  // being made, or another's: the store's own commands say what is wrong with it
    }
}

void print_texts(const std::vector<TextLength>& texts, bool whole) {
    fmt::print("text                 characters  parts   with the longest date and the real sign\n");
    for (const auto& text : texts) {
        fmt::print("{:20} {:10} {:6}{}\n", text.name, text.units, text.parts, text.parts > 1 ? "   each part is charged; one of 70 characters is enough for a shorter sign" : "");
        if (whole) fmt::print("    {}\n", text.whole);
    }
}

}  // namespace

int check(const std::string& config, bool templates) {
    auto settings = load_settings(config);
    if (!settings) return 2;
    auto meaning = meaning_of(*settings);
    if (!meaning) {
        fmt::print(stderr, "{}\n", meaning.error().detail);
        return 2;
    }
    for (const auto& warning : settings->warnings) fmt::print(stderr, "warning: {}\n", warning);
    for (const auto& warning : meaning->warnings) fmt::print(stderr, "warning: {}\n", warning);
    print_texts(meaning->texts, templates);
    for (const auto& line : meaning->services) fmt::print("{}\n", line);
    for (const auto& channel : meaning->channels) {
        fmt::print("channel {}: {}\n", channel.name, channel.what);
        for (const auto& line : channel.lines) fmt::print("    {}\n", line);
    }
    if (auto prefixes = settings->lists.number_plan->prefixes(); prefixes > 0) fmt::print("number plan: {} prefixes\n", prefixes);
    print_tokens_of_nowhere(*settings);
    if (settings->service.test_clock) fmt::print("test_clock = true: PINGJING_CLOCK is obeyed\n");
    fmt::print("ok: {} channels, {} routes, rules {}\n", settings->channels.size(), settings->routes.size(), settings->rules_sha256);
    return 0;
}

}  // namespace pingjing::commands
