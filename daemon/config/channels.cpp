#include "daemon/config/channels.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/config/values.hpp"
#include "daemon/core/tree.hpp"

namespace pingjing::config {
namespace {

// Of a channel, what a reload puts in force, or compares for itself.
const std::vector<std::string> live_keys = {"window", "tps", "hours", "daily_ceiling", "production", "carrier_adds_sign", "most_parts", "submit_timeout", "validity", "no_report_after",
                                            "hook_secret", "hook_secret_file", "hook_secret_previous", "hook_secret_previous_file"};

bool takes_all_of(const Route& earlier, const Route& later) {
    if (earlier.prefixes.empty() && earlier.carriers.empty()) return true;
    auto covered = [&](const std::string& prefix) { return std::any_of(earlier.prefixes.begin(), earlier.prefixes.end(), [&](const std::string& p) { return prefix.starts_with(p); }); };
    return later.carriers.empty() && !later.prefixes.empty() && std::all_of(later.prefixes.begin(), later.prefixes.end(), covered);
}

}  // namespace

void ChannelsReader::warn(const Section& s, const std::string& key, const std::string& what) { settings_.warnings.push_back(s.warning(key, what)); }

void ChannelsReader::channel(Section& s) {
    Channel v;
    v.file = s.file();
    v.line = s.line();
    v.name = s.text("name");
    if (!v.name.empty() && (v.name.size() > 32 || !made_of(v.name, "_-") || !made_of(v.name.substr(0, 1), "")))
        s.problem("name", fmt::format("name = \"{}\": expected letters, digits, '-' and '_', at most 32; it stands in a URL", v.name));
    if (settings_.channel(v.name)) s.problem("name", fmt::format("channel '{}' stands twice", v.name));
    v.provider = s.text("provider");
    v.source = s.text("source", "");
    v.extension_digits = whole(s, "extension_digits", 0, 0, 12);
    if (v.extension_digits > 0 && v.source.empty() && v.provider != "simulated") s.problem("extension_digits", "extension_digits needs 'source', the number they follow");
    v.window = whole(s, "window", v.window, 1, 1000);
    v.tps = whole(s, "tps", v.tps, 1, 5000);
    if (s.has("hours")) v.hours = read_hours(s, "hours", settings_.survey.hours);
    meeting_hours(s, v);
    if (s.has("daily_ceiling")) v.daily_ceiling = s.integer("daily_ceiling", 0, 0, 100'000'000);
    if (v.daily_ceiling == 0) warn(s, "daily_ceiling", "daily_ceiling = 0: nobody is asked by this channel");
    v.production = s.flag("production", false);
    if (v.production && settings_.service.test_clock) s.problem("production", "production = true beside [service] test_clock = true: expected one of them");
    v.carrier_adds_sign = s.flag("carrier_adds_sign", false);
    v.most_parts = whole(s, "most_parts", 0, 0, 255);
    v.submit_timeout = s.duration("submit_timeout", v.submit_timeout, 1s, 10min);
    v.validity = s.duration("validity", v.validity, 0s, Days(14));
    v.no_report_after = s.duration("no_report_after", v.no_report_after, 1min, Days(30));
    hook(s, v);
    if (!v.provider.empty()) reader_(s, v);
    else s.skip_rest();
    templates(s, v);
    v.adapter_digest = sha256_hex(s.contents(live_keys) + v.template_ids);
    own_door(s, v);
    s.finish();
    settings_.channels.push_back(std::move(v));
}

// Its adapter reads it, and says what is wrong with it; by it is decided what a citizen gets, so the ledger knows its words.
void ChannelsReader::templates(const Section& s, Channel& v) {
    auto name = s.peek("template_ids");
    if (name.empty()) return;
    v.template_ids = whole_file(settings_.file.parent_path() / name).value_or("");
    list_texts_.emplace_back("template_ids of " + v.name, v.template_ids);
}

// Two doors at one address: the second never opens, and what its carrier has to say never arrives.
void ChannelsReader::own_door(Section& s, const Channel& v) {
    auto at = s.peek("listen");
    if (at.empty()) return;
    auto taken = [&](const std::string& other) {
        auto port = [](const std::string& a) { return a.substr(std::min(a.rfind(':'), a.size())); };
        auto any = [](const std::string& a) { return a.starts_with("0.0.0.0:") || a.starts_with("[::]:"); };
        return at == other || (port(at) == port(other) && (any(at) || any(other)));
    };
    if (taken(settings_.http.listen)) s.problem("listen", fmt::format("listen = \"{}\": [http] listens there", at));
    for (const auto& [name, address] : doors_)
        if (taken(address)) s.problem("listen", fmt::format("listen = \"{}\": channel '{}' listens there; expected an address of its own", at, name));
    doors_.emplace_back(v.name, at);
}

// Hours in which nothing goes but answers.
void ChannelsReader::meeting_hours(Section& s, const Channel& v) {
    const auto& all = settings_.survey.hours;
    if (v.hours && (v.hours->to <= all.from || v.hours->from >= all.to))
        warn(s, "hours", fmt::format("channel '{}' is open only while [survey] hours are closed: no survey goes by it", v.name));
}

void ChannelsReader::hook(Section& s, Channel& v) {
    // A missing file is the state before `init`, which writes it.
    v.hook_secret_file = s.path("hook_secret_file");
    if (v.hook_secret_file.empty()) v.hook_secret_file = settings_.service.key_dir / ("hook-" + v.name);
    auto stored = whole_file(v.hook_secret_file);
    std::string secret = s.has("hook_secret") ? s.secret("hook_secret", false) : stored ? stored->substr(0, stored->find_first_of("\r\n")) : std::string();
    auto previous = s.secret("hook_secret_previous", false);
    for (const auto& [key, value] : {std::pair{"hook_secret", secret}, std::pair{"hook_secret_previous", previous}}) {
        if (value.empty()) continue;
        if (value.size() < 16 || !made_of(value, "._~-"))
            s.problem(s.has(key) ? key : std::string(key) + "_file", fmt::format("{}: expected at least 128 bits as 16 or more letters, digits, '-', '.', '_' and '~'", key));
        v.hook_secrets.push_back(value);
    }
    if (v.hook_secrets.empty()) {
        if (v.takes_callbacks()) warn(s, "hook_secret_file", fmt::format("channel '{}' has no hook secret yet, carriers cannot call; `pingjing init` makes one", v.name));
    } else if (!settings_.http.public_url.empty()) {
        v.hook_url = fmt::format("{}/v1/hooks/{}/{}", settings_.http.public_url, v.name, v.hook_secrets.front());
    }
}

void ChannelsReader::route(Section& s) {
    Route v;
    v.prefixes = s.texts("prefixes");
    for (const auto& prefix : v.prefixes)
        if (!prefix.starts_with('1') || prefix.size() > 11 || !std::all_of(prefix.begin(), prefix.end(), is_digit)) s.problem("prefixes", fmt::format("prefix \"{}\": expected the first digits of a mobile number such as \"135\"", prefix));
    v.carriers = s.texts("carriers");
    for (const auto& carrier : v.carriers)
        if (!settings_.lists.number_plan->knows(carrier)) s.problem("carriers", fmt::format("carrier \"{}\": expected 移动, 联通, 电信, 广电, 虚商 or one of [lists] number_plan", carrier));
    v.channels = s.texts("channels");
    if (v.channels.empty()) s.problem("channels", "[[route]] needs channels = [\"…\"]");
    for (const auto& name : v.channels)
        if (!settings_.channel(name)) s.problem("channels", fmt::format("there is no channel '{}'", name));
    for (auto weight : s.integers("weights", 0, 1000)) v.weights.push_back(static_cast<int>(weight));
    if (!v.weights.empty() && (v.weights.size() != v.channels.size() || std::all_of(v.weights.begin(), v.weights.end(), [](int w) { return w == 0; })))
        s.problem("weights", fmt::format("weights: expected {} whole numbers, one for each channel, not all of them 0", v.channels.size()));
    v.known_numbers_too = s.flag("known_numbers_too", false);
    s.finish();
    for (const auto& earlier : settings_.routes)
        if (takes_all_of(earlier, v)) {
            warn(s, "channels", "an earlier [[route]] takes every number of this one: it is never reached");
            break;
        }
    settings_.routes.push_back(std::move(v));
    last_route_line_ = s.line();
}

void ChannelsReader::finish() {
    auto& routes = settings_.routes;
    if (routes.empty()) {
        Route all;
        for (const auto& c : settings_.channels) all.channels.push_back(c.name);
        routes.push_back(std::move(all));
    } else if (std::none_of(routes.begin(), routes.end(), [](const Route& r) { return r.prefixes.empty() && r.carriers.empty(); })) {
        settings_.warnings.push_back(fmt::format("{}:{}: no [[route]] without prefixes and carriers: numbers that match none are held (no_route)", settings_.file.string(), last_route_line_));
    }
    for (const auto& c : settings_.channels)
        if (std::none_of(routes.begin(), routes.end(), [&](const Route& r) { return std::find(r.channels.begin(), r.channels.end(), c.name) != r.channels.end(); }))
            settings_.warnings.push_back(fmt::format("{}:{}: channel '{}' is in no [[route]]: nothing leaves by it but answers to what came in there", c.file, c.line, c.name));
}

bool Channel::takes_callbacks() const {
    for (std::string_view link : {"simulated", "smpp", "cmpp2", "cmpp3", "sgip", "smgp", "external"})
        if (provider == link) return false;
    return true;
}

}  // namespace pingjing::config
