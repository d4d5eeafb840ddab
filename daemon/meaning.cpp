#include "daemon/meaning.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <any>
#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <optional>

#include "daemon/core/system_clock.hpp"
#include "daemon/outbox/texts.hpp"
#include "daemon/site_rules.hpp"
#include "daemon/text/segments.hpp"
#include "providers/provider.hpp"

namespace pingjing {
namespace {

using TextsOf = std::map<std::string, outbox::Texts>;  // by language; "": the site's own
constexpr const char* longest_date = "2026-12-31";

std::string before(const std::string& language) { return language.empty() ? "" : language + "/"; }
const std::map<std::string, std::string>& sources_of(const config::Settings& settings, const std::string& language) {
    return language.empty() ? settings.texts : settings.texts_of.at(language);
}

Result<outbox::Texts> parse_texts(const config::Settings& settings, const std::string& language) {
    auto texts = outbox::Texts::parse(sources_of(settings, language), {settings.service.sign, settings.service.sms_alarm});
    if (texts) return texts;
    auto detail = texts.error().detail;
    for (const auto& [name, file] : settings.text_files)
        if (name.starts_with(before(language)) && detail.starts_with(fmt::format("text '{}'", name.substr(before(language).size())))) detail = fmt::format("{}:1: {}", file, detail);
    return fail(Error::Kind::invalid_input, detail);
}

Result<TextsOf> parse_all(const config::Settings& settings) {
    TextsOf all;
    std::vector<std::string> languages = {""};
    for (const auto& [language, sources] : settings.texts_of) languages.push_back(language);
    for (const auto& language : languages) {
        auto texts = parse_texts(settings, language);
        if (!texts) return tl::unexpected(texts.error());
        all.emplace(language, std::move(*texts));
    }
    return all;
}

std::vector<TextLength> lengths(const config::Settings& settings, const TextsOf& all) {
    std::vector<TextLength> out;
    for (const auto& [language, texts] : all)
        for (const auto& [name, source] : sources_of(settings, language)) {
            auto whole = texts.fill(name, longest_date);
            auto segments = whole ? cut_segments(*whole) : std::nullopt;
            if (segments) out.push_back({before(language) + name, static_cast<std::size_t>(segments->units), segments->parts.size(), *whole});
        }
    return out;
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

std::string hours_of(const config::Hours& hours) {
    auto time = [](Millis t) { return fmt::format("{:02}:{:02}", t / std::chrono::hours(1), t % std::chrono::hours(1) / std::chrono::minutes(1)); };
    return time(hours.from) + "-" + time(hours.to);
}

std::string describe_rates(const config::Settings& settings, const config::Channel& channel) {
    auto hours = channel.hours ? hours_of(*channel.hours) : std::string("the hours of [survey]");
    return fmt::format("{} unanswered, {} parts a second, {} surveys a day, in {}", channel.window, channel.tps, channel.daily_ceiling.value_or(settings.survey.daily_ceiling), hours);
}

std::vector<std::string> describe_services(const config::Settings& settings) {
    std::vector<std::string> out;
    if (!settings.followup.question) out.push_back("the text 'question' is not sent: [followup] question is off");
    if (!settings.survey.others.empty())
        out.push_back(fmt::format("service 110: records of 110{}{} and of no source; records of any source that no service names are not asked about: unknown_category",
                                  settings.survey.sources.empty() ? "" : ", ", fmt::join(settings.survey.sources, ", ")));
    for (const auto& other : settings.survey.others) {
        const auto& service = other.service;
        const char* rated[] = {"the officer", "the call taker", "the unit alone"};
        out.push_back(fmt::format("service {} ({}): records of {}{}, scale {}, text {}, {} minutes after closing, {}; rated is {}", service.name, service.title,
                                  fmt::join(service.sources, ", "), service.settled_by_phone ? " that name no officer" : "", scale_name(service.scale), service.survey,
                                  other.delay / std::chrono::minutes(1), hours_of(other.hours), rated[static_cast<int>(other.rated)]));
    }
    return out;
}

// By the names under which a message is sent.
std::map<std::string, std::string> all_texts(const config::Settings& settings) {
    auto all = settings.texts;
    for (const auto& [language, sources] : settings.texts_of)
        for (const auto& [name, source] : sources) all.emplace(language + "/" + name, source);
    return all;
}

// What will never go by it: such a text is held for a person.
void warn_of_lengths(const config::Channel& channel, const provider::Abilities& can, const std::vector<TextLength>& texts, int most, std::vector<std::string>& warnings) {
    for (const auto& text : texts) {
        auto parts = count_parts(can, text.whole);
        if (parts == 0 || (most > 0 && parts > most))
            warnings.push_back(fmt::format("channel '{}' cannot carry the text '{}', of {} parts where {} go: it would be held", channel.name, text.name, parts, most));
    }
}

void describe_channels(const config::Settings& settings, const TextsOf& texts, Meaning& meaning) {
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
    auto survey = texts.at("").fill("survey", longest_date);
    for (std::size_t c = 0; c < adapters.size(); ++c) {
        const auto& channel = settings.channels[c];
        const auto& can = *abilities[c];
        auto most = channel.most_parts > 0 ? channel.most_parts : can.largest_parts;
        ChannelMeaning says{channel.name, adapters[c]->describe(), {}};
        says.lines = {describe_rates(settings, channel), describe_length(can, most) + (can.receipts ? "" : "; no delivery reports"), describe_replies(settings, channel, can, slots),
                      "what is in doubt can be settled by: " + provider::describe_evidence(can)};
        if (channel.takes_callbacks() && !settings.http.public_url.empty())
            says.lines.push_back(fmt::format("called back at: {}/v1/hooks/{}/SECRET, which is the first line of {}", settings.http.public_url, channel.name, channel.hook_secret_file.string()));
        for (auto& line : adapters[c]->sample()) says.lines.push_back(std::move(line));
        if (survey) says.lines.push_back(fmt::format("the survey by it: {} part{}", count_parts(can, *survey), count_parts(can, *survey) == 1 ? "" : "s"));
        for (const auto& line : adapters[c]->cannot_say(all_texts(settings))) meaning.warnings.push_back(fmt::format("{} (channel '{}')", line, channel.name));
        warn_of_lengths(channel, can, meaning.texts, most, meaning.warnings);
        meaning.channels.push_back(std::move(says));
    }
}

}  // namespace

Result<Meaning> meaning_of(const config::Settings& settings) {
    auto texts = parse_all(settings);
    if (!texts) return tl::unexpected(texts.error());
    Meaning meaning;
    meaning.texts = lengths(settings, *texts);
    meaning.services = describe_services(settings);
    describe_channels(settings, *texts, meaning);
    return meaning;
}

}  // namespace pingjing
