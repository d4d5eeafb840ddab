#include "daemon/config/texts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "daemon/config/values.hpp"
#include "daemon/core/templates.hpp"

namespace pingjing::config {
namespace {

// The texts a citizen can get; templates/zh-CN has one of each.
constexpr std::string_view text_names[] = {"survey", "survey_neutral", "thanks", "thanks_dissatisfied", "unclear", "emergency", "opt_out", "help", "done", "canary", "question"};

// A site's own, then the built-in one. `alone`: files beside the folders of languages are of the site's own language.
std::optional<std::string> find_text(const Service& service, const std::string& language, const std::string& name, bool alone, std::string& file) {
    auto relative = language + "/" + name + ".txt";
    std::vector<Path> places;
    if (!service.templates_dir.empty()) places.push_back(service.templates_dir / relative);
    if (!service.templates_dir.empty() && alone) places.push_back(service.templates_dir / (name + ".txt"));
    std::optional<std::string> text;
    file = "templates/" + relative;
    for (const auto& path : places)
        if (!text && (text = whole_file(path))) file = path.string();
    if (!text)
        if (auto built_in = built_in_template(relative)) text = std::string(*built_in);
    while (text && (text->ends_with('\n') || text->ends_with('\r'))) text->pop_back();
    return text;
}

// What a telephone makes of it nobody can say.
void check_characters(const std::string& file, const std::string& text, Problems& problems) {
    auto bad = std::find_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\r') || c == 0x7F; });
    if (bad == text.end()) return;
    auto line = 1 + std::count(text.begin(), bad, '\n');
    problems.add(file, static_cast<int>(line), fmt::format("the control character U+{:04X} in a text: expected none but line ends", static_cast<unsigned char>(*bad)));
}

// survay.txt: the built-in text would be sent instead, and nobody would see why.
void warn_of_strangers(Settings& settings, const Path& folder, const std::set<std::string>& names) {
    std::error_code none;
    if (settings.service.templates_dir.empty() || !std::filesystem::is_directory(folder, none)) return;
    for (const auto& entry : std::filesystem::directory_iterator(folder, none))
        if (entry.path().extension() == ".txt" && !names.contains(entry.path().stem().string()))
            settings.warnings.push_back(fmt::format("{}: no text of this name is sent; the names are {}", entry.path().string(), fmt::join(names, ", ")));
}

void texts_of(Settings& settings, const std::string& language, bool alone, std::map<std::string, std::string>& out, Problems& problems) {
    std::set<std::string> names(std::begin(text_names), std::end(text_names));
    auto services = settings.survey.services();
    for (std::size_t n = 0; n < services.size(); ++n) names.insert({services[n].survey, services[n].neutral, services[n].unclear, services[n].help});
    names.insert(settings.notices.texts.begin(), settings.notices.texts.end());
    for (const auto& name : names) {
        std::string file;
        auto text = find_text(settings.service, language, name, alone, file);
        if (!text && (name == "question" && !settings.followup.question)) continue;  // nobody is asked
        bool of_site = std::find(std::begin(text_names), std::end(text_names), name) == std::end(text_names);
        if (!text && of_site && !alone) {
            settings.warnings.push_back(fmt::format("there is no text {}/{}.txt: calls in {} get it in {}", language, name, language, settings.service.language));
            continue;
        }
        if (!text) problems.add(settings.file.string(), 0, fmt::format("there is no text {}/{}.txt; put it under [service] templates_dir", language, name));
        else out[name] = *text, settings.text_files[alone ? name : language + "/" + name] = file, check_characters(file, *text, problems);
    }
    warn_of_strangers(settings, settings.service.templates_dir / language, names);
    if (alone) warn_of_strangers(settings, settings.service.templates_dir, names);
}

// A text that offers other digits than its scale reads would turn every answer around.
std::string wrong_digits(Scale scale, bool must_offer, const std::string& text) {
    auto digits = offered_digits(text);
    std::string_view wanted = scale == Scale::csat_5 ? "12345" : "123";
    bool offers = std::ranges::any_of(std::string_view("12345"), [&](char c) { return digits.contains(c); });
    bool all = std::ranges::all_of(wanted, [&](char c) { return digits.contains(c); });
    bool more = scale == Scale::three_110 && digits.contains('4') && digits.contains('5');
    if ((!must_offer && !offers) || (all && !more)) return {};
    return fmt::format("it is read on the scale {}: expected the digits {} in it{}", scale_name(scale), scale == Scale::csat_5 ? "1 to 5" : "1, 2 and 3",
                       more ? ", and no others; or another scale" : "");
}

void check_digits(const Settings& settings, const std::string& language, const std::map<std::string, std::string>& texts, Problems& problems) {
    auto check = [&](const std::string& name, Scale scale, bool must_offer) {
        auto text = texts.find(name);
        auto wrong = text == texts.end() ? std::string() : wrong_digits(scale, must_offer, text->second);
        if (wrong.empty()) return;
        auto file = settings.text_files.find(language == settings.service.language ? name : language + "/" + name);
        auto where = file == settings.text_files.end() ? settings.file.string() : file->second;
        problems.add(where, 1, fmt::format("text {}/{}: {}", language, name, wrong));
    };
    auto services = settings.survey.services();
    for (std::size_t n = 0; n < services.size(); ++n) {
        const auto& s = services[n];
        for (const auto& name : {s.survey, s.neutral}) check(name, s.scale, true);
        for (const auto& name : {s.unclear, s.help}) check(name, s.scale, false);
    }
}

}  // namespace

void read_texts(Settings& settings, Problems& problems) {
    texts_of(settings, settings.service.language, true, settings.texts, problems);
    for (const auto& language : settings.service.languages) texts_of(settings, language, false, settings.texts_of[language], problems);
    check_digits(settings, settings.service.language, settings.texts, problems);
    for (const auto& [language, texts] : settings.texts_of) check_digits(settings, language, texts, problems);
}

}  // namespace pingjing::config
