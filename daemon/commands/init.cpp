// `pingjing init`: keys, store, hook secrets, the first token. `pingjing check`: the whole configuration, and what each text costs.
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
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
#include "daemon/site_rules.hpp"
#include "daemon/store/sqlite.hpp"
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
        if (written)
            fmt::print(stderr, "hook secret of channel '{}' written to {}; its carrier calls {}/v1/hooks/{}/ and that secret; `pingjing check` says what to tell it\n", channel.name,
                       channel.hook_secret_file.string(), settings.http.public_url.empty() ? "PUBLIC_URL" : settings.http.public_url, channel.name);
        else fmt::print(stderr, "cannot write {}: {}\n", channel.hook_secret_file.string(), std::strerror(errno)), whole = false;
    }
    return whole;
}

int count_parts(const provider::Abilities& can, const std::string& text) {
    if (can.parts_of) return can.parts_of(text);
    auto segments = cut_segments(text);
    return segments ? static_cast<int>(segments->parts.size()) : 0;
}

// How often `piece` fits into a text of so many parts.
int longest(const provider::Abilities& can, const std::string& piece, int parts) {
    auto fits = [&](int times) {
        std::string text;
        for (int i = 0; i < times; ++i) text += piece;
        auto count = count_parts(can, text);
        return count > 0 && count <= parts;
    };
    int good = 0, bad = 256 * 160;
    while (bad - good > 1) {
        auto middle = good + (bad - good) / 2;
        (fits(middle) ? good : bad) = middle;
    }
    return good;
}

std::string describe_length(const provider::Abilities& can, int parts) {
    if (parts == 0) return "texts of any length";
    return fmt::format("texts of at most {} part{}: {} characters where there is Chinese in them, {} of ASCII alone", parts, parts == 1 ? "" : "s", longest(can, "中", parts), longest(can, "a", parts));
}

// The digits of the channel that has the fewest are all that a survey has: it may leave by any of them.
std::string describe_replies(const config::Settings& settings, const config::Channel& channel, const provider::Abilities& can, int slots) {
    if (!can.replies) return "no replies at all";
    if (slots > 1) return fmt::format("up to {} open surveys of a phone are told apart by the digits behind {}", slots, channel.source);
    if (!settings.survey.extension_reply_code) return "one open survey a phone, for reply_code is off";
    bool other = can.extension && channel.extension_digits > 0;
    return other ? "one open survey a phone, for another channel has no extension digits" : "one open survey a phone, for there are no extension digits";
}

std::string describe_rates(const config::Settings& settings, const config::Channel& channel) {
    auto time = [](Millis t) { return fmt::format("{:02}:{:02}", t / std::chrono::hours(1), t % std::chrono::hours(1) / std::chrono::minutes(1)); };
    auto hours = channel.hours ? time(channel.hours->from) + "-" + time(channel.hours->to) : std::string("the hours of [survey]");
    return fmt::format("{} unanswered, {} parts a second, {} surveys a day, in {}", channel.window, channel.tps, channel.daily_ceiling.value_or(settings.survey.daily_ceiling), hours);
}

void print_services(const config::Settings& settings) {
    auto time = [](Millis t) { return fmt::format("{:02}:{:02}", t / std::chrono::hours(1), t % std::chrono::hours(1) / std::chrono::minutes(1)); };
    if (!settings.survey.others.empty())
        fmt::print("service 110: records of 110{}{} and of no source; records of any source that no service names are not asked about: unknown_category\n", settings.survey.sources.empty() ? "" : ", ",
                   fmt::join(settings.survey.sources, ", "));
    for (const auto& other : settings.survey.others) {
        const auto& service = other.service;
        const char* rated[] = {"the officer", "the call taker", "the unit alone"};
        fmt::print("service {} ({}): records of {}{}, scale {}, text {}, {} minutes after closing, {}-{}; rated is {}\n", service.name, service.title,
                   fmt::join(service.sources, ", "), service.settled_by_phone ? " that name no officer" : "", scale_name(service.scale), service.survey,
                   other.delay / std::chrono::minutes(1), time(other.hours.from), time(other.hours.to), rated[static_cast<int>(other.rated)]);
    }
}

// What will never go by it: such a text is held for a person.
void warn_of_lengths(const config::Channel& channel, const provider::Abilities& can, const std::map<std::string, std::string>& sources, const outbox::Texts& texts,
                     const std::string& before, int most) {
    for (const auto& [name, source] : sources) {
        auto whole = texts.fill(name, "2026-12-31");
        auto parts = whole ? count_parts(can, *whole) : 0;
        if (whole && (parts == 0 || (most > 0 && parts > most)))
            fmt::print(stderr, "warning: channel '{}' cannot carry the text '{}{}', of {} parts where {} go: it would be held\n", channel.name, before, name, parts, most);
    }
}

void print_texts(const config::Settings& settings, const config::Channel& channel, const provider::Abilities& can, const outbox::Texts& texts, int most) {
    if (auto survey = texts.fill("survey", "2026-12-31")) fmt::print("    the survey by it: {} part{}\n", count_parts(can, *survey), count_parts(can, *survey) == 1 ? "" : "s");
    warn_of_lengths(channel, can, settings.texts, texts, "", most);
    for (const auto& [language, sources] : settings.texts_of)
        if (auto others = outbox::Texts::parse(sources, {settings.service.sign, settings.service.sms_alarm})) warn_of_lengths(channel, can, sources, *others, language + "/", most);
}

// By the names under which a message is sent.
std::map<std::string, std::string> all_texts(const config::Settings& settings) {
    auto all = settings.texts;
    for (const auto& [language, sources] : settings.texts_of)
        for (const auto& [name, source] : sources) all.emplace(language + "/" + name, source);
    return all;
}

// What a channel's settings mean, by the words of its adapter. Nothing is connected.
void print_channels(const config::Settings& settings, const outbox::Texts& texts) {
    asio::io_context io;
    auto clock = system_clock();
    SystemRandom random;
    provider::World world(io.get_executor(), *clock, random, nullptr);
    std::vector<std::unique_ptr<provider::Provider>> adapters;
    std::vector<const provider::Abilities*> abilities;
    for (const auto& channel : settings.channels) {
        auto* make = std::any_cast<provider::Make>(&channel.adapter);
        if (!make || !*make) return;
        adapters.push_back((*make)(world));
        abilities.push_back(&adapters.back()->abilities());
    }
    auto slots = reply_slots(settings, abilities);
    for (std::size_t c = 0; c < adapters.size(); ++c) {
        const auto& channel = settings.channels[c];
        const auto& can = *abilities[c];
        auto most = channel.most_parts > 0 ? channel.most_parts : can.largest_parts;
        fmt::print("channel {}: {}\n    {}\n    {}{}\n    {}\n", channel.name, adapters[c]->describe(), describe_rates(settings, channel), describe_length(can, most),
                   can.receipts ? "" : "; no delivery reports", describe_replies(settings, channel, can, slots));
        fmt::print("    what is in doubt can be settled by: {}\n", provider::describe_evidence(can));
        if (channel.takes_callbacks() && !settings.http.public_url.empty())
            fmt::print("    called back at: {}/v1/hooks/{}/SECRET, which is the first line of {}\n", settings.http.public_url, channel.name, channel.hook_secret_file.string());
        for (const auto& line : adapters[c]->sample()) fmt::print("    {}\n", line);
        for (const auto& line : adapters[c]->cannot_say(all_texts(settings))) fmt::print(stderr, "warning: {} (channel '{}')\n", line, channel.name);
        print_texts(settings, channel, can, texts, most);
    }
}

std::optional<outbox::Texts> parse_texts(const config::Settings& settings, const std::map<std::string, std::string>& sources, const std::string& before) {
    auto texts = outbox::Texts::parse(sources, {settings.service.sign, settings.service.sms_alarm});
    if (texts) return std::move(*texts);
    for (const auto& [name, file] : settings.text_files)
        if (name.starts_with(before) && texts.error().detail.starts_with(fmt::format("text '{}'", name.substr(before.size())))) fmt::print(stderr, "{}:1: ", file);
    fmt::print(stderr, "{}\n", texts.error().detail);
    return std::nullopt;
}

// What each text costs.
void print_lengths(const std::map<std::string, std::string>& sources, const outbox::Texts& texts, const std::string& before, bool templates) {
    for (const auto& [name, source] : sources) {
        auto whole = texts.fill(name, "2026-12-31");
        auto segments = whole ? cut_segments(*whole) : std::nullopt;
        if (!segments) continue;
        fmt::print("{:20} {:10} {:6}{}\n", before + name, segments->units, segments->parts.size(),
                   segments->parts.size() > 1 ? "   each part is charged; one of 70 characters is enough for a shorter sign" : "");
        if (templates) fmt::print("    {}\n", *whole);
    }
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
    if (!knows_its_time(*settings)) return 2;
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

}  // namespace

int check(const std::string& config, bool templates) {
    auto settings = load_settings(config);
    if (!settings) return 2;
    if (!knows_its_time(*settings)) return 2;
    auto texts = parse_texts(*settings, settings->texts, "");
    if (!texts) return 2;
    std::vector<std::pair<std::string, outbox::Texts>> others;
    for (const auto& [language, sources] : settings->texts_of) {
        auto parsed = parse_texts(*settings, sources, language + "/");
        if (!parsed) return 2;
        others.emplace_back(language, std::move(*parsed));
    }
    for (const auto& warning : settings->warnings) fmt::print(stderr, "warning: {}\n", warning);
    fmt::print("text                 characters  parts   with the longest date and the real sign\n");
    print_lengths(settings->texts, *texts, "", templates);
    for (const auto& [language, parsed] : others) print_lengths(settings->texts_of.at(language), parsed, language + "/", templates);
    if (!settings->followup.question) fmt::print("the text 'question' is not sent: [followup] question is off\n");
    print_services(*settings);
    print_channels(*settings, *texts);
    if (auto prefixes = settings->lists.number_plan->prefixes(); prefixes > 0) fmt::print("number plan: {} prefixes\n", prefixes);
    print_tokens_of_nowhere(*settings);
    if (settings->service.test_clock) fmt::print("test_clock = true: PINGJING_CLOCK is obeyed\n");
    fmt::print("ok: {} channels, {} routes, rules {}\n", settings->channels.size(), settings->routes.size(), settings->rules_sha256);
    return 0;
}

}  // namespace pingjing::commands
