#include "providers/http/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "daemon/core/templates.hpp"
#include "daemon/text/strict_json.hpp"

namespace pingjing::generic_http {

using provider::Receipt;
using provider::ReceiptState;

const std::vector<std::string> class_names = {"accepted", "retry", "ambiguous", "throttled_number", "throttled_channel", "permanent_number",
                                              "permanent_config", "permanent_content", "opted_out", "auth", "balance"};

std::optional<Class> parse_class(std::string_view name) {
    auto at = std::find(class_names.begin(), class_names.end(), name);
    if (at == class_names.end()) return std::nullopt;
    return static_cast<Class>(at - class_names.begin());
}

namespace {

const std::set<std::string> placeholder_names = {
    "to", "to_no_plus", "to_national", "to_00", "from", "ext", "text", "text_hex_utf16be", "id", "coding", "unicode", "text_type", "parts", "now_unix", "now_ms",
    "validity_seconds", "validity_minutes", "validity_ms", "hook_url", "dlr_url", "username", "password", "token", "nonce"};
// Only where the vendor sends approved texts.
const std::set<std::string> template_names = {"template_id", "template_sign", "template_values"};

const std::pair<const char*, Receipt::Meaning> all_carrier_codes[] = {
    {"MK:0000", Receipt::Meaning::number_invalid}, {"MK:0001", Receipt::Meaning::number_invalid}, {"DB:0101", Receipt::Meaning::number_invalid},
    {"CB:0001", Receipt::Meaning::number_invalid}, {"DB:0141", Receipt::Meaning::opted_out},      {"DB:0144", Receipt::Meaning::opted_out},
    {"MBBLACK", Receipt::Meaning::opted_out},      {"DBBLACK", Receipt::Meaning::opted_out},      {"MSBLACK", Receipt::Meaning::opted_out},
    {"TDBLACK", Receipt::Meaning::opted_out},      {"BLACK", Receipt::Meaning::opted_out}};

struct Reader {
    config::Section& section;
    Settings& out;
    std::set<std::string> used{};
    bool good = true;

    void problem(config::Section& s, const std::string& key, const std::string& what) {
        s.problem(key, what);
        good = false;
    }

    std::optional<Template> parse(config::Section& s, const std::string& key, const std::string& source) {
        auto made = Template::parse_any(source);
        if (!made) {
            problem(s, key, fmt::format("{}: {}", key, made.error().detail));
            return std::nullopt;
        }
        for (const auto& name : made->names()) {
            used.insert(name);
            bool known = placeholder_names.count(name) || (out.approved && template_names.count(name)) ||
                         (name.starts_with("secret:") && out.secrets.count(name.substr(7))) ||
                         (name.starts_with("digest:") && has_digest(name.substr(7))) ||
                         (name.starts_with("value:") && out.values.count(name.substr(6))) ||
                         (name.starts_with("number:") && placeholder_names.count(name.substr(7))) ||
                         (name == "json:template_values" && out.approved);
            if (!known) problem(s, key, fmt::format("{}: {{{{{}}}}} is unknown", key, name));
        }
        return std::move(*made);
    }

    bool has_digest(const std::string& name) const {
        return std::any_of(out.digests.begin(), out.digests.end(), [&](const auto& d) { return d.name == name; });
    }

    // Before everything that names one; of each other those that stand before it by name.
    void digests() {
        auto all = section.child("digests");
        for (const auto& name : all.keys()) {
            auto s = all.child(name);
            Digest made;
            made.name = name;
            auto hash = s.one_of("hash", "md5", {"md5", "sha1", "sha256"});
            made.hash = hash == "sha256" ? signing::Hash::sha256 : hash == "sha1" ? signing::Hash::sha1 : signing::Hash::md5;
            auto as = s.one_of("as", "hex", {"hex", "HEX", "base64"});
            made.base64 = as == "base64", made.upper = as == "HEX";
            auto over = parse(s, "over", s.text("over"));
            if (auto key = s.text("key", ""); !key.empty()) made.key = parse(s, "key", key);
            s.finish();
            if (!over) continue;
            made.over = std::move(*over);
            out.digests.push_back(std::move(made));
        }
    }

    std::vector<std::pair<std::string, Template>> parameters(const std::string& name) {
        std::vector<std::pair<std::string, Template>> list;
        auto table = section.child(name);
        for (const auto& key : table.keys())
            if (auto made = parse(table, key, table.text(key, ""))) list.emplace_back(key, std::move(*made));
        return list;
    }

    void check_leaves(const boost::json::value& value) {
        if (auto* text = value.if_string()) parse(section, "json", std::string(*text));
        if (auto* list = value.if_array())
            for (const auto& item : *list) check_leaves(item);
        if (auto* object = value.if_object())
            for (const auto& member : *object) check_leaves(member.value());
    }

    void body() {
        auto kind = section.one_of("body", "query", {"query", "form", "json"});
        out.body = kind == "form" ? Body::form : kind == "json" ? Body::json : Body::query;
        out.method = section.one_of("method", out.body == Body::query ? "GET" : "POST", {"GET", "POST", "PUT"});
        auto url = section.text("url");
        out.url_shown = url.substr(0, url.find('?'));
        if (!url.empty()) target(url);
        reach();
        if (auto made = parse(section, "url", url)) out.url = std::move(*made);
        out.query = parameters("query");
        out.form = parameters("form");
        out.headers = parameters("headers");
        auto json = section.text("json", "");
        if (out.body == Body::json) {
            auto read = parse_strict(json);
            if (read && read->problems.empty()) check_leaves(out.json = std::move(read->value));
            else problem(section, "json", "json: expected a JSON document, each key once, with {{placeholders}} in its texts");
        }
        out.base64_body = section.one_of("body_encoding", "none", {"none", "base64"}) == "base64";
        out.drop_empty = section.texts("drop_empty");
        out.charset = section.text("charset", "");
    }

    // As it stands, its placeholders filled with what is harmless: none may stand in the host.
    void target(const std::string& url) {
        auto path = url.find('/', std::min(url.find("//") + 2, url.size()));
        auto braces = url.find("{{");
        std::string plain = url;
        for (auto at = plain.find("{{"); at != plain.npos; at = plain.find("{{")) plain.replace(at, std::min(plain.find("}}", at), plain.size() - 2) + 2 - at, "x");
        auto read = http::read_target(plain);
        if (!read) problem(section, "url", fmt::format("url = \"{}\": {}", shown(url), read.error().detail));
        else if (braces != url.npos && braces < std::min(path, url.size())) problem(section, "url", "url: expected no placeholder in front of the path");
        else if (auto address = http::read_address(read->host); read->literal && address && http::kind_of(*address) == http::AddressKind::never)
            problem(section, "url", fmt::format("url = \"{}\": no carrier is at such an address (link-local, multicast, a cloud's own)", shown(url)));
    }

    // For a message: without what may be a password, and what would break the line.
    static std::string shown(const std::string& url) {
        auto at = url.rfind('@');
        std::string out = at == url.npos ? url : "…" + url.substr(at);
        out.resize(std::min(out.find_first_of("?#"), out.size()));
        for (auto& c : out)
            if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
        return out;
    }

    void reach() {
        auto made = std::make_shared<http::Reach>();
        for (const auto& text : section.texts("private_networks")) {
            auto network = http::read_network(text);
            if (network) made->networks.push_back(*network);
            else problem(section, "private_networks", fmt::format("private_networks: \"{}\": {}", text, network.error().detail));
        }
        out.reach = std::move(made);
    }

    void auth() {
        auto kind = section.one_of("auth", "none", {"none", "basic", "bearer", "header"});
        out.auth = kind == "basic" ? Auth::basic : kind == "bearer" ? Auth::bearer : kind == "header" ? Auth::header : Auth::none;
        // Some vendors take their token for the name of a user without a password.
        bool token_is_user = out.auth == Auth::basic && (section.has("token") || section.has("token_file"));
        bool has_user = out.auth == Auth::basic && !token_is_user;
        bool names_user = has_user || used.count("username"), names_password = has_user || used.count("password");
        out.username = names_user ? section.text("username") : section.text("username", "");
        out.password = section.secret("password", names_password);
        out.token = section.secret("token", out.auth == Auth::bearer || out.auth == Auth::header || token_is_user || used.count("token"));
        out.auth_header = section.text("auth_header", out.auth == Auth::header ? "X-Api-Key" : "");
        if (names_user) good = good && !out.username.empty();
        if (token_is_user) out.username = out.token;
    }

    static std::vector<std::string> split(std::string spec) {
        std::vector<std::string> alternatives;
        while (!spec.empty()) {
            auto end = std::min(spec.find('|'), spec.size());
            if (end > 0) alternatives.push_back(spec.substr(0, end));
            spec.erase(0, std::min(end + 1, spec.size()));
        }
        return alternatives;
    }

    static Field field(config::Section& s, const std::string& key) {
        auto spec = s.text(key, "");
        return spec.starts_with('=') ? Field{{spec}} : Field{split(spec)};
    }

    static std::vector<Field> fields(config::Section& s, const std::string& key) {
        std::vector<Field> made;
        for (auto& spec : s.texts(key)) made.push_back(Field{split(std::move(spec))});
        return made;
    }

    void rules() {
        for (auto& s : section.children("response")) {
            ResponseRule rule;
            for (const auto& text : s.texts("status")) {
                int from = 0, to = 0;
                auto dash = text.find('-');
                auto read = [](std::string_view part, int& value) {
                    auto [stop, bad] = std::from_chars(part.data(), part.data() + part.size(), value);
                    return bad == std::errc{} && stop == part.data() + part.size() && value >= 100 && value <= 599;
                };
                bool fine = read(std::string_view(text).substr(0, dash), from);
                to = from;
                if (fine && dash != text.npos) fine = read(std::string_view(text).substr(dash + 1), to);
                if (fine) rule.statuses.emplace_back(from, to);
                else problem(s, "status", fmt::format("status \"{}\": expected \"202\" or \"200-299\"", text));
            }
            rule.prefix = s.text("prefix", "");
            if (auto pattern = s.text("matches", ""); !pattern.empty()) {
                try {
                    rule.matches.emplace(pattern);
                } catch (const boost::regex_error&) {
                    problem(s, "matches", fmt::format("matches = '{}': expected a regular expression", pattern));
                }
            }
            rule.json = s.text("json", "");
            if (!rule.json.empty() && rule.json.front() != '/') problem(s, "json", "json: expected a pointer such as \"/code\"");
            rule.is = s.texts("is");
            rule.each = s.text("each", ""), rule.count = s.text("count", "");
            if (!rule.each.empty() && rule.json.empty()) problem(s, "json", "each: needs 'json', where a part says how it ended");
            if (!rule.count.empty() && rule.each.empty()) problem(s, "count", "count: needs 'each', the list that it counts");
            rule.by_code = s.flag("by_code", false);
            if (rule.by_code && rule.json.empty()) problem(s, "json", "by_code: needs 'json', where the code stands");
            auto name = s.one_of("class", "", class_names);
            if (auto outcome = parse_class(name)) rule.outcome = *outcome;
            else if (rule.by_code || !rule.each.empty()) rule.outcome = Class::ambiguous;
            else if (!s.has("class")) problem(s, "class", "[[response]] needs 'class'");
            rule.after = std::chrono::duration_cast<std::chrono::seconds>(s.duration("after", std::chrono::seconds(1), std::chrono::seconds(1), std::chrono::hours(24)));
            auto id = s.text("id", "");
            rule.id_from_match = id == "match";
            if (!rule.id_from_match) rule.ids = split(id);
            s.finish();
            out.rules.push_back(std::move(rule));
        }
    }

    void codes() {
        auto s = section.child("codes");
        for (const auto& code : s.keys())
            if (auto outcome = parse_class(s.one_of(code, "", class_names))) out.codes[code] = *outcome;
        auto after = section.child("codes_after");
        for (const auto& code : after.keys())
            out.codes_after[code] = std::chrono::floor<std::chrono::seconds>(
                after.duration(code, std::chrono::seconds(1), std::chrono::seconds(1), std::chrono::hours(24)));
    }

    static std::optional<ReceiptState> parse_state(const std::string& name) {
        for (auto s : {ReceiptState::delivered, ReceiptState::failed, ReceiptState::expired, ReceiptState::unknown, ReceiptState::buffered})
            if (provider::receipt_state_name(s) == name) return s;
        return std::nullopt;
    }

    // The table [name], where there is one: what every item has, then what `more` asks of this kind.
    template <class Map>
    void map_of(const std::string& name, std::optional<Map>& made, const std::vector<std::pair<const char*, Field Map::*>>& named, auto more) {
        if (!section.has(name)) return;
        auto s = section.child(name);
        auto& map = made.emplace();
        map.path = s.text("path", "*");
        map.events = s.texts("events");
        map.items = s.text("items", "");
        map.json_field = s.text("json_field", "");
        for (const auto& [key, place] : named) map.*place = field(s, key);
        map.at = field(s, "at");
        map.at_format = s.one_of("at_format", "rfc3339", {"rfc3339", "unix", "unix_ms", "beijing", "utc"});
        map.key = fields(s, "key");
        more(s, map);
        s.finish();
    }

    void receipt(config::Section& s, ReceiptMap& map) {
        if (map.ref.alternatives.empty() && map.vendor_id.alternatives.empty()) problem(s, "ref", "[receipt] needs 'ref' or 'vendor_id'");
        if (map.status.alternatives.empty()) problem(s, "status", "[receipt] needs 'status'");
        auto states = s.child("states");
        for (const auto& value : states.keys()) {
            auto state = parse_state(states.text(value, ""));
            if (state) map.states[value] = *state;
            else problem(states, value, fmt::format("{}: expected delivered, failed, expired, unknown or buffered", value));
        }
        map.meanings = carrier_codes();  // the channel's own table comes first
        auto codes = s.child("codes");
        for (const auto& code : codes.keys()) {
            auto meaning = codes.one_of(code, "none", {"none", "number_invalid", "opted_out"});
            map.meanings[code] = meaning == "none" ? Receipt::Meaning::none : meaning == "opted_out" ? Receipt::Meaning::opted_out : Receipt::Meaning::number_invalid;
        }
    }

    void reply(config::Section& s, ReplyMap& map) {
        map.charset_parameter = s.text("charset_parameter", "");
        map.charset = s.text("charset", "UTF-8");
        map.extension_is_tail = s.flag("extension_is_tail", false);
        if (map.from.alternatives.empty()) problem(s, "from", "[reply] needs 'from'");
        if (map.text.alternatives.empty()) problem(s, "text", "[reply] needs 'text'");
    }

    void callbacks() {
        using R = ReceiptMap;
        using T = ReplyMap;
        out.event = field(section, "event");
        out.ignored_events = section.texts("ignored_events");
        out.ignored_places = section.texts("ignored_places");
        for (const auto& place : out.ignored_places)
            if (!place.starts_with('/'))
                problem(section, "ignored_places", fmt::format("ignored_places: \"{}\": expected a pointer such as \"/links\"", place));
        map_of<R>("receipt", out.receipt, {{"ref", &R::ref}, {"vendor_id", &R::vendor_id}, {"phone", &R::phone}, {"status", &R::status}, {"code", &R::code}},
                  [this](auto& s, auto& map) { receipt(s, map); });
        map_of<T>("reply", out.reply,
                  {{"from", &T::from}, {"to", &T::to}, {"text", &T::text}, {"extension", &T::extension}, {"part_group", &T::part_group},
                   {"part_number", &T::part_number}, {"part_total", &T::part_total}},
                  [this](auto& s, auto& map) { reply(s, map); });
        auto s = section.child("answer");
        out.answer.status = static_cast<int>(s.integer("status", 200, 200, 599));
        out.answer.content_type = s.text("content_type", "");
        out.answer.body = s.text("body", "");
        out.answer_not_understood.status = static_cast<int>(s.integer("error_status", out.answer.status, 200, 599));
        out.answer_not_understood.content_type = out.answer.content_type;
        out.answer_not_understood.body = s.text("error_body", out.answer.body);
        s.finish();

        out.signing_key = section.secret("signing_key", false);
        out.signature_header = section.text("signature_header", "X-Signature");
        out.timestamp_header = section.text("timestamp_header", "X-Timestamp");
    }
};

std::shared_ptr<const config::Document> find_preset(config::Section& section, const std::string& name) {
    auto path = "http/" + name + ".toml";
    if (auto text = built_in_template(path)) return config::Document::parse(std::string(*text), "templates/" + path, section.problems());
    auto file = section.path("preset");
    std::ifstream in(file, std::ios::binary);
    if (in && file.extension() == ".toml") {
        std::string text(std::istreambuf_iterator<char>(in), {});
        return config::Document::parse(text, file.string(), section.problems());
    }
    section.problem("preset", fmt::format("preset = \"{}\": expected kannel, android-sms-gateway or the path of a .toml file", name));
    return nullptr;
}

void read_own_keys(config::Section& section, const Scheme& scheme, Settings& out) {
    for (auto key : scheme.own_keys) out.values[std::string(key)] = section.text(std::string(key));
    for (const auto& other : scheme.other_keys) {
        const std::string key(other.key), otherwise(other.value);
        std::vector<std::string> allowed(other.allowed.begin(), other.allowed.end());
        out.values[key] = allowed.empty() ? section.text(key, otherwise) : section.one_of(key, otherwise, allowed);
    }
    for (auto key : scheme.own_secrets) out.secrets[std::string(key)] = section.secret(std::string(key), true);
    for (auto key : scheme.other_secrets)
        if (auto secret = section.secret(std::string(key), false); !secret.empty()) out.secrets[std::string(key)] = std::move(secret);
}

// `approved_texts` stands in the preset of a vendor that sends nothing else, `template_ids` in the channel.
void read_templates(config::Section& section, Settings& out) {
    auto kind = section.one_of("approved_texts", "none", {"none", "by_name", "in_order"});
    if (kind == "none") return;
    auto table = std::filesystem::path(out.preset).stem().string();
    out.approved = read_approved(section, table.empty() ? out.channel : table, kind == "by_name" ? Parameters::by_name : Parameters::in_order);
    if (!out.approved) out.approved.emplace();  // the problem is said; the placeholders are known all the same
}

}  // namespace

std::map<std::string, Receipt::Meaning> carrier_codes() { return {std::begin(all_carrier_codes), std::end(all_carrier_codes)}; }

std::optional<Settings> read_settings(config::Section& section, const provider::ChannelFacts& facts, const Scheme* scheme) {
    Settings out;
    out.scheme = scheme;
    out.channel = facts.name;
    out.hook_url = facts.hook_url;
    out.preset = scheme ? std::string(scheme->preset) : section.text("preset", "");
    if (!out.preset.empty()) {
        auto preset = find_preset(section, out.preset);
        if (!preset) {
            section.skip_rest();
            return std::nullopt;
        }
        section.set_defaults(std::move(preset));
    }
    bool was_clean = section.problems().empty();

    out.source = section.text("source", "");
    for (const auto& key : section.child("values").keys()) out.values[key] = section.child("values").text(key, "");
    if (scheme) read_own_keys(section, *scheme, out);
    read_templates(section, out);
    out.extension_digits = static_cast<int>(section.integer("extension_digits", 0, 0, 12));
    auto secrets = section.child("secrets");
    for (auto key : secrets.keys()) {
        if (key.ends_with("_file")) key.resize(key.size() - 5);
        out.secrets[key] = secrets.secret(key, true);
    }

    Reader reader{section, out};
    reader.digests();
    reader.body();
    if (auto url = section.text("dlr_url", ""); !url.empty()) out.dlr_url = reader.parse(section, "dlr_url", url);
    out.at_vendor = section.text("at_vendor", "");
    reader.auth();
    reader.rules();
    reader.codes();
    reader.callbacks();
    out.connect_timeout = section.duration("connect_timeout", out.connect_timeout, std::chrono::milliseconds(100), std::chrono::minutes(1));
    out.timeout = section.duration("timeout", out.timeout, std::chrono::milliseconds(100), std::chrono::minutes(5));

    bool can_call_us = !out.hook_url.empty();
    out.abilities.extension = out.extension_digits > 0;
    out.abilities.free_text = !out.approved;
    out.abilities.receipts = out.receipt.has_value() && (!out.dlr_url || can_call_us);
    out.abilities.replies = out.reply.has_value();
    out.abilities.echoes_ref = reader.used.count("id") > 0;
    out.abilities.largest_parts = static_cast<int>(section.integer("largest_parts", 10, 1, 255));
    if (!reader.good || (was_clean && !section.problems().empty())) return std::nullopt;
    return out;
}

}  // namespace pingjing::generic_http
