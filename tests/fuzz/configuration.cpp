// The configuration, with the adapters that read their own keys: either all of it is right, or every problem has its file and
// line; a secret is in neither.
#include <unistd.h>

#include <fstream>

#include "daemon/config/settings.hpp"
#include "providers/registry.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace pingjing::fuzz {
namespace {

using namespace config;

const std::string secret = "TellNobody4711TellNobody4711TellNobody4711";

// A folder with the lists such a site has; goes when the program does.
struct Folder {
    Folder() {
        std::string name = (std::filesystem::exists("/dev/shm") ? std::string("/dev/shm") : std::filesystem::temp_directory_path().string()) + "/pingjing-fuzz-XXXXXX";
        must(::mkdtemp(name.data()) != nullptr, "a folder can be made");
        path = name;
        write("categories.csv", "code,name,rule\n010203,盗窃,survey\n");
        write("officers.csv", "badge,name,unit\n012345,王杰,320102430000\n");
        write("units.csv", "unit,name\n320102430000,城东派出所\n");
        write("flags.csv", "flag,rule\n家暴,dv\n");
        write("s", secret + "\n");
    }
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    void write(const char* name, std::string_view text) const { std::ofstream(path / name, std::ios::binary) << text; }
    Path path{};
};

tl::expected<Settings, Problems> load_once(const Path& file) {
    auto reader = [](Section& section, Channel& channel) {
        channel.adapter = provider::read_channel(section, channel.provider, provider::ChannelFacts(channel.name, channel.hook_url));
    };
    return load(file, reader);
}

void has_file_and_line(const std::string& problem, const std::string& file, std::int64_t lines) {
    if (!problem.starts_with(file)) return;  // of a list or a text, which are not fuzzed
    auto rest = std::string_view(problem).substr(file.size());
    must(rest.starts_with(":"), "a problem begins with its file", problem);
    rest.remove_prefix(1);
    auto digits = rest.find_first_not_of("0123456789");
    if (digits == 0) return;  // the file as a whole
    must(digits != rest.npos && rest[digits] == ':', "and its line", problem);
    auto line = std::stoll(std::string(rest.substr(0, digits)));
    must(line >= 1 && line <= lines + 1, "a line that is there", problem);
}

void complete(const Settings& s) {
    must(!s.service.sign.empty() && !s.routes.empty() && !s.channels.empty(), "what is required is there");
    must(s.survey.delay >= s.survey.min_delay, "nobody is asked before the shortest delay");
    must(s.survey.hours.from < s.survey.hours.to && s.survey.hours.from.count() >= 0 && s.survey.hours.to <= std::chrono::hours(24), "hours are of one day");
    must(s.desk.main.kind != Desk::Kind::log || s.desk.main.unattended, "an emergency goes somewhere");
    for (const auto& route : s.routes) {
        must(!route.channels.empty(), "a route leads somewhere");
        for (const auto& name : route.channels) must(s.channel(name) != nullptr, "a route leads to a channel that is there", name);
    }
    for (const auto& channel : s.channels) {
        must(channel.tps >= 1 && channel.window >= 1 && channel.extension_digits >= 0 && channel.adapter.has_value(), "a channel can send", channel.name);
        must(s.channel(channel.name) == &channel, "names of channels are different", channel.name);
        must(!channel.production || !s.service.test_clock, "no test clock beside production");
    }
    for (const char* text : {"survey", "thanks", "emergency"}) must(s.texts.count(text) == 1, "every text is there", text);
}

}  // namespace

void configuration(std::string_view input) {
    static const Folder folder;
    auto file = folder.path / "p.toml";
    auto text = std::string(input.substr(0, 8192));
    // The input says @SECRET@ only where it means one, and that is checked: alone in quotes behind a key that holds secrets.
    std::string written;
    bool only_as_secret = text.find("TellNobody") == text.npos;
    for (std::size_t at = 0; at < text.size();) {
        constexpr std::string_view mark = "@SECRET@";
        if (!std::string_view(text).substr(at).starts_with(mark)) {
            written += text[at++];
            continue;
        }
        auto line = written.substr(written.rfind('\n') == written.npos ? 0 : written.rfind('\n') + 1);
        bool fits = false;
        for (const char* key : {"password = \"", "hook_secret = \"", "token = \"", "signing_key = \""}) fits = fits || line == key;
        only_as_secret = only_as_secret && fits && at + mark.size() < text.size() && text[at + mark.size()] == '"';
        written += secret;
        at += mark.size();
    }
    folder.write("p.toml", written);

    auto settings = load_once(file);
    if (!settings) {
        auto lines = std::count(written.begin(), written.end(), '\n') + 1;
        must(!settings.error().lines().empty(), "what is refused has a reason");
        for (const auto& problem : settings.error().lines()) {
            has_file_and_line(problem, file.string(), lines);
            must(!only_as_secret || problem.find("TellNobody") == problem.npos, "no secret in a problem", problem);
        }
        return;
    }
    complete(*settings);
    must(settings->open_text.find("TellNobody") == settings->open_text.npos || !only_as_secret, "no secret in what is kept of a configuration", settings->open_text);
    for (const auto& warning : settings->warnings) must(!only_as_secret || warning.find("TellNobody") == warning.npos, "no secret in a warning", warning);
    auto again = load_once(file);
    must(again && again->rules_sha256 == settings->rules_sha256 && again->open_text == settings->open_text, "read again it is the same");
    Problems problems;
    must(Document::parse(settings->open_text, "open", problems) != nullptr, "what is kept of it can be read", problems.text() + settings->open_text);
}

}  // namespace pingjing::fuzz
