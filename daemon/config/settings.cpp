#include "daemon/config/settings.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cstdlib>

#include "daemon/config/channels.hpp"
#include "daemon/config/digest.hpp"
#include "daemon/config/texts.hpp"
#include "daemon/config/values.hpp"
#include "daemon/core/templates.hpp"
#include "daemon/core/tree.hpp"
#include "daemon/core/webhook_signature.hpp"

namespace pingjing::config {
namespace {

constexpr Millis never_longer = Days(3650);

class Loader {
public:
    Loader(Path path, const ChannelReader& reader) : reader_(reader) {
        settings_.file = std::move(path);
        name_ = settings_.file.string();
    }

    tl::expected<Settings, Problems> load() {
        auto text = whole_file(settings_.file);
        if (!text) {
            std::error_code none;
            problems_.add(name_, 0, std::filesystem::is_directory(settings_.file, none) ? "is a folder; expected the file pingjing.toml" : "cannot be read");
            return tl::unexpected(problems_);
        }
        auto document = Document::parse(*text, name_, problems_);
        if (!document) return tl::unexpected(problems_);
        Section root(*document, problems_);
        service(root.child("service"));
        http(root.child("http"));
        store(root.child("store"));
        lists(root.child("lists"), root.child("categories"));
        survey(root.child("survey"));
        desk(root.child("desk"));
        reader(root.child("reader"));
        alarms(root.child("alarms"));
        canary(root.child("canary"));
        followup(root.child("followup"));
        notices(root.child("notices"));
        writeback(root.child("writeback"));
        intake(root.child("intake"));
        reports(root.child("reports"));
        assessment(root.child("assessment"));
        signals(root.child("signals"));
        ChannelsReader ways(settings_, reader_, list_texts_);
        auto channels = root.children("channel");
        for (auto& section : channels) ways.channel(section);
        if (channels.empty()) problems_.add(name_, 1, "no [[channel]]: expected at least one way to send");
        for (auto& section : root.children("route")) ways.route(section);
        ways.finish();
        root.finish();
        read_texts(settings_, problems_);
        mappings();
        if (!problems_.empty()) return tl::unexpected(problems_);
        settings_.open_text = without_secrets(document->table());
        settings_.rules_sha256 = digest_of(settings_, list_texts_);
        return std::move(settings_);
    }

private:
    void warn(const Section& s, const std::string& key, const std::string& what) {
        settings_.warnings.push_back(s.warning(key, what));
    }

    // It may be another machine's, and come back while we run: no reason not to start.
    void warn_of_folder(const Section& s, const Path& folder) {
        std::error_code none;
        if (!folder.empty() && !std::filesystem::is_directory(folder, none)) warn(s, "folder", fmt::format("folder: {} is not there: nothing is taken from it", folder.string()));
    }

    void service(Section s) {
        auto& v = settings_.service;
        v.sign = s.text("sign");
        if (v.sign.find_first_of("[]{}\n") != v.sign.npos || v.sign.find("【") != v.sign.npos || v.sign.find("】") != v.sign.npos)
            s.problem("sign", "sign: expected the name alone, without brackets");
        v.timezone = s.text("timezone", v.timezone);
        if (v.timezone.find("..") != v.timezone.npos ||
            (std::filesystem::exists("/usr/share/zoneinfo") && !std::filesystem::is_regular_file(Path("/usr/share/zoneinfo") / v.timezone)))
            s.problem("timezone", fmt::format("timezone = \"{}\": expected a name of the zone database such as \"Asia/Shanghai\"", v.timezone));
        v.language = s.text("language", v.language);
        v.languages = s.texts("languages");
        for (const auto& language : v.languages)
            if (language.empty() || language == v.language || language.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") != language.npos)
                s.problem("languages", fmt::format("languages: \"{}\": expected folders of texts such as \"en\", beside that of 'language'", language));
        v.state_dir = s.path("state_dir", v.state_dir);
        const char* credentials = std::getenv("CREDENTIALS_DIRECTORY");
        v.key_dir = s.path("key_dir", credentials ? credentials : v.key_dir.string());
        for (const auto& [key, folder] : {std::pair("state_dir", &v.state_dir), std::pair("key_dir", &v.key_dir)})
            if (folder->empty()) s.problem(key, fmt::format("{} = \"\": expected a folder", key));
        if (!v.key_dir.empty() && !v.state_dir.empty() && lies_inside(v.key_dir, v.state_dir))
            s.problem("key_dir", "key_dir: expected a folder outside state_dir, or a backup of the one gives away the other");
        v.templates_dir = s.path("templates_dir");
        if (!v.templates_dir.empty() && !std::filesystem::is_directory(v.templates_dir))
            s.problem("templates_dir", fmt::format("templates_dir: {} is no folder", v.templates_dir.string()));
        v.sms_alarm = s.text("sms_alarm", v.sms_alarm);
        v.test_clock = s.flag("test_clock", false);
        s.finish();
    }

    void http(Section s) {
        auto& v = settings_.http;
        v.listen = s.text("listen", v.listen);
        if (v.listen.starts_with("unix:") && v.listen.size() > 5) v.listen = "unix:" + (std::filesystem::absolute(settings_.file).parent_path() / v.listen.substr(5)).string();
        if (!is_listen_address(v.listen))
            s.problem("listen", fmt::format("listen = \"{}\": expected an address and a port such as \"127.0.0.1:8110\" or \"[::1]:8110\", or unix:/path", v.listen));
        v.public_url = s.text("public_url", "");
        while (v.public_url.ends_with('/')) v.public_url.pop_back();
        if (!v.public_url.empty() && !is_public_url(v.public_url))
            s.problem("public_url", fmt::format("public_url = \"{}\": expected http://… or https://… without query", v.public_url));
        v.body_limit = read_size(s, "body_limit", v.body_limit, 1u << 30);
        v.most_connections = static_cast<std::size_t>(s.integer("most_connections", 1024, 1, 100'000));
        v.tls_cert = s.path("tls_cert").string();
        v.tls_key = s.path("tls_key").string();
        if (v.tls_cert.empty() != v.tls_key.empty()) s.problem(v.tls_cert.empty() ? "tls_key" : "tls_cert", "expected tls_cert and tls_key together");
        s.finish();
    }

    void store(Section s) {
        auto& v = settings_.store;
        v.kind = s.one_of("kind", "sqlite", {"sqlite", "postgresql"});
        v.url = s.secret("url", false);
        if (v.kind == "postgresql") s.problem("kind", "kind = \"postgresql\": not built yet; expected \"sqlite\"");
        s.finish();
    }

    template <class Read>
    auto list(Section& s, const std::string& key, Read read) {
        auto path = s.path(key);
        decltype(read(std::string_view(), name_, problems_)) rows;
        if (path.empty()) return rows;
        auto text = whole_file(path);
        if (!text) {
            s.problem(key, fmt::format("{}: cannot read {}", key, path.string()));
            return rows;
        }
        list_texts_.emplace_back(key, *text);
        return read(*text, path.string(), problems_);
    }

    void lists(Section s, Section categories) {
        auto& v = settings_.lists;
        v.staff_phones = list(s, "staff_phones", read_staff_phones);
        v.officers = list(s, "officers", read_officers);
        v.units = list(s, "units", read_units);
        v.flags = list(s, "flags", read_flags);
        v.number_plan = std::make_shared<const NumberPlan>(list(s, "number_plan", read_number_plan));
        s.finish();

        auto map = categories.path("map");
        v.categories = list(categories, "map", map.extension() == ".toml" ? read_categories_toml : read_categories);
        if (map.empty()) warn(categories, "map", "no [categories] map: every category is unknown_category, nobody is asked");
        else if (!list_texts_.empty() && list_texts_.back().first == "map") v.categories_text = list_texts_.back().second;
        categories.finish();
    }

    void survey(Section s) {
        auto& v = settings_.survey;
        auto mode = s.one_of("mode", "on", {"off", "shadow", "pilot", "on"});
        v.mode = mode == "off" ? Mode::off : mode == "shadow" ? Mode::shadow : mode == "pilot" ? Mode::pilot : Mode::on;
        v.pilot_units = s.texts("units");
        if (v.mode == Mode::pilot && v.pilot_units.empty()) s.problem("mode", "mode = \"pilot\" needs units = [\"…\"]");
        const auto& units = settings_.lists.units;
        for (const auto& unit : v.pilot_units) {
            if (!units.empty() && std::none_of(units.begin(), units.end(), [&](const UnitRow& u) { return u.unit == unit; }))
                warn(s, "units", fmt::format("units: \"{}\" is not in [lists] units: nobody is asked about it", unit));
            else if (units.empty() && (unit.size() != 12 || !std::all_of(unit.begin(), unit.end(), is_digit)))
                warn(s, "units", fmt::format("units: \"{}\" is no unit of 12 digits: nobody is asked about it", unit));
        }
        if (v.mode != Mode::pilot && !v.pilot_units.empty()) warn(s, "units", "units mean nothing unless mode = \"pilot\"");
        v.since = s.text("since", "");
        if (!v.since.empty() && !is_date(v.since) && !parse_rfc3339(v.since))
            s.problem("since", fmt::format("since = \"{}\": expected a day such as \"2026-11-21\"", v.since));
        v.scale = *parse_scale(s.one_of("scale", "110-3", {"110-3", "csat-5"}));
        v.min_delay = s.duration("min_delay", v.min_delay, 0s, Days(30));
        v.delay = s.duration("delay", v.delay, 0s, Days(30));
        if (v.delay < v.min_delay) s.problem("delay", "delay is shorter than min_delay: expected at least that long, or the officer is still there when it rings");
        v.hours = read_hours(s, "hours", v.hours);
        v.spread = s.duration("spread", v.spread, 0s, 24h);
        v.answer_window = s.duration("answer_window", v.answer_window, 1min, Days(90));
        v.late_window = s.duration("late_window", v.late_window, 1min, Days(365));
        if (v.late_window < v.answer_window) s.problem("late_window", "late_window is shorter than answer_window");
        v.correction_window = s.duration("correction_window", v.correction_window, 0s, Days(7));
        v.max_age = s.duration("max_age", v.max_age, 1min, Days(90));
        if (v.max_age <= v.delay) s.problem("max_age", "max_age is not longer than delay: every survey would be stale when it is due");
        v.per_phone_24h = whole(s, "per_phone_24h", v.per_phone_24h, 1, 1000);
        v.per_phone_30d = whole(s, "per_phone_30d", v.per_phone_30d, 1, 1000);
        v.safety_hold = s.duration("safety_hold", v.safety_hold, 0s, never_longer);
        v.adult_age = whole(s, "adult_age", v.adult_age, 0, 30);
        v.daily_ceiling = s.integer("daily_ceiling", v.daily_ceiling, 0, 100'000'000);
        if (v.daily_ceiling == 0) warn(s, "daily_ceiling", "daily_ceiling = 0: nobody is asked");
        v.extension_reply_code = s.one_of("reply_code", "extension", {"extension", "off"}) == "extension";
        v.slot_rest = s.duration("slot_rest", v.slot_rest, 0s, Days(365));
        v.in_doubt_rest = s.duration("in_doubt_rest", v.in_doubt_rest, 0s, Days(30));
        v.answer_within = s.duration("answer_within", v.answer_within, 1s, 24h);
        v.confirm_again_after = s.duration("confirm_again_after", v.confirm_again_after, 0s, Days(30));
        v.opt_out_replay = s.duration("opt_out_replay", v.opt_out_replay, 0s, Days(30));
        v.thanks = s.flag("thanks", v.thanks);
        v.opt_out_zero = s.flag("opt_out_zero", false);
        v.sources = s.texts("sources");
        for (auto& source : v.sources) source = plain_source(source);
        for (auto& other : s.children("service")) service_asked_about(other);
        s.finish();
    }

    // Its drop folder is read after [intake], whose other keys it shares.
    void service_asked_about(Section& s) {
        const auto& call = settings_.survey;
        OtherService v;
        auto& service = v.service;
        service = asked_on(*parse_scale(s.one_of("scale", std::string(scale_name(call.scale)), {"110-3", "csat-5"})));
        service.name = s.text("name");
        bool word = !service.name.empty() && service.name.size() <= 24 && std::all_of(service.name.begin(), service.name.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
        if (!service.name.empty() && !word) s.problem("name", fmt::format("name = \"{}\": expected a word of small letters and '_' such as \"window\"", service.name));
        for (const auto& known : call.others)
            if (known.service.name == service.name) s.problem("name", fmt::format("service '{}' stands twice", service.name));
        service.title = s.text("title", service.name);
        service.sources = s.texts("sources");
        for (auto& source : service.sources) source = plain_source(source);
        if (service.sources.empty()) s.problem("sources", "[[survey.service]] needs sources = [\"…\"]: what its records say as `source`");
        service.settled_by_phone = s.flag("settled_by_phone", false);
        for (const auto& source : service.sources)
            if (std::count(call.sources.begin(), call.sources.end(), source) > 0) s.problem("sources", fmt::format("source \"{}\" is that of the 110 call, [survey] sources", source));
        for (const auto& known : call.others)
            for (const auto& source : service.sources)
                if (known.service.settled_by_phone <= service.settled_by_phone && std::count(known.service.sources.begin(), known.service.sources.end(), source) > 0)
                    s.problem("sources", fmt::format("source \"{}\" is that of service '{}' before it: expected one that no other service has", source, known.service.name));
        service.survey = s.text("text", "survey_" + service.name);
        if (!service.survey.starts_with("survey")) s.problem("text", fmt::format("text = \"{}\": expected the name of a text such as \"survey_window\"", service.survey));
        auto rated = s.one_of("rated", "officer", {"officer", "call_taker", "unit"});
        v.rated = rated == "officer" ? OtherService::Rated::officer : rated == "unit" ? OtherService::Rated::unit : OtherService::Rated::call_taker;
        v.delay = s.duration("delay", call.delay, 0s, Days(30));
        if (v.delay < call.min_delay) s.problem("delay", "delay is shorter than [survey] min_delay");
        if (v.delay >= call.max_age) s.problem("delay", "delay is not shorter than [survey] max_age: every survey would be stale when it is due");
        v.hours = read_hours(s, "hours", call.hours);
        v.spread = s.duration("spread", call.spread, 0s, 24h);
        if (auto map = s.path("categories"); !map.empty()) {
            list(s, "categories", map.extension() == ".toml" ? read_categories_toml : read_categories);
            if (!list_texts_.empty() && list_texts_.back().first == "categories") v.categories_text = list_texts_.back().second;
        }
        Intake door;
        door.folder = s.path("folder");
        door.mapping = s.text("mapping", ""), door.mapping_at = fmt::format("{}:{}", s.file(), s.line_of("mapping"));
        warn_of_folder(s, door.folder);
        door.source = service.sources.empty() ? std::string() : service.sources.front();
        if (!door.folder.empty()) settings_.service_intakes.push_back(std::move(door));
        s.finish();
        settings_.survey.others.push_back(std::move(v));
    }

    static std::string signing_secret(Section& s) {
        auto secret = s.secret("signing_secret", false);
        if (!secret.empty() && !WebhookSigner::read(secret))
            s.problem(s.has("signing_secret") ? "signing_secret" : "signing_secret_file", "signing_secret: expected \"whsec_\" and 24 to 64 random bytes in base64");
        return secret;
    }

    Desk one_desk(Section& s, bool required) {
        Desk v;
        if (required && !s.has("kind")) problems_.add(name_, s.line(), "[desk] needs 'kind': where an emergency goes; without it pingjing does not start");
        auto kind = s.one_of("kind", "log", {"webhook", "exec", "log"});
        v.kind = kind == "webhook" ? Desk::Kind::webhook : kind == "exec" ? Desk::Kind::exec : Desk::Kind::log;
        v.url = s.text("url", "");
        v.token = s.secret("token", false);
        v.signing_secret = signing_secret(s);
        v.command = s.texts("command");
        v.unattended = s.flag("unattended", false);
        v.timeout = s.duration("timeout", v.timeout, 1s, 5min);
        if (v.kind == Desk::Kind::webhook && !v.url.starts_with("http://") && !v.url.starts_with("https://"))
            s.problem("url", s.name() + " with kind = \"webhook\" needs url = \"http…\"");
        if (v.kind == Desk::Kind::exec && v.command.empty()) s.problem("command", s.name() + " with kind = \"exec\" needs command = [\"…\"]");
        if (v.kind == Desk::Kind::log && !v.unattended && s.has("kind"))
            s.problem("kind", "kind = \"log\" wakes nobody: expected unattended = true beside it, or another kind");
        return v;
    }

    void desk(Section s) {
        auto& v = settings_.desk;
        v.main = one_desk(s, true);
        v.main.ack_within = s.duration("ack_within", v.main.ack_within, 1s, 24h);
        if (s.has("escalate")) {
            auto escalate = s.child("escalate");
            v.escalate = one_desk(escalate, true);
            v.escalate->ack_within = escalate.duration("ack_within", v.main.ack_within, 1s, 24h);
            escalate.finish();
        }
        s.finish();
    }

    // "exec /usr/local/bin/opinion --fast": split at spaces, no shell looks at it.
    void reader(Section s) {
        auto& v = settings_.reader;
        auto assist = s.text("assist", "");
        std::istringstream words(assist);
        for (std::string word; words >> word;) v.assist.push_back(word);
        v.assist_timeout = s.duration("assist_timeout", v.assist_timeout, 100ms, 1min);
        if (!assist.empty() && (v.assist.size() < 2 || v.assist[0] != "exec" || !v.assist[1].starts_with('/')))
            s.problem("assist", fmt::format("assist = \"{}\": expected \"exec\" and the whole path of a program, \"exec /usr/local/bin/opinion\"", assist));
        else if (!v.assist.empty()) v.assist.erase(v.assist.begin());
        std::error_code none;
        auto may = v.assist.empty() ? std::filesystem::perms::owner_exec : std::filesystem::status(v.assist[0], none).permissions();
        if (none || (may & std::filesystem::perms::owner_exec) == std::filesystem::perms::none || may == std::filesystem::perms::unknown)
            warn(s, "assist", fmt::format("assist: {} is no program that can be run; until it is, there are no suggestions", v.assist[0]));
        s.finish();
    }

    void alarms(Section s) {
        auto& v = settings_.alarms;
        v.webhook = s.text("webhook", "");
        if (!v.webhook.empty() && !is_public_url(v.webhook)) s.problem("webhook", fmt::format("webhook = \"{}\": expected http://… or https://…", v.webhook));
        v.token = s.secret("token", false);
        v.signing_secret = signing_secret(s);
        v.exec = s.texts("exec");
        if (s.has("exec") && (v.exec.empty() || v.exec.front().empty())) s.problem("exec", "exec: expected a program and its arguments, [\"/usr/local/bin/page\", \"night\"]");
        v.timeout = s.duration("timeout", v.timeout, 1s, 10min);
        v.remind_after = s.duration("remind_after", v.remind_after, 1min, Days(30));
        v.in_doubt = whole(s, "in_doubt", v.in_doubt, 0, 1'000'000);
        v.unreadable = whole(s, "unreadable", v.unreadable, 0, 1'000'000);
        v.backlog = s.duration("backlog", v.backlog, 1min, 24h);
        v.disk_free_mib = whole(s, "disk_free_mib", v.disk_free_mib, 1, 100'000'000);
        v.wal_mib = whole(s, "wal_mib", v.wal_mib, 16, 1'000'000);
        v.replies_after = s.duration("replies_after", v.replies_after, 1min, Days(3));
        v.receipts_after = s.duration("receipts_after", v.receipts_after, 1min, Days(3));
        v.taken_out_share = s.real("taken_out_share", v.taken_out_share, 0.001, 1);
        v.silence_threshold = s.real("silence_threshold", v.silence_threshold, 1e-12, 0.01);
        v.reply_share = s.real("reply_share", v.reply_share, 0.001, 0.9);
        v.receipt_share = s.real("receipt_share", v.receipt_share, 0.001, 0.9);
        s.finish();
    }

    void canary(Section s) {
        auto& v = settings_.canary;
        v.phones = list(s, "phones", read_staff_phones);
        for (const auto& phone : v.phones) {
            bool mobile = Phone::mobile(phone.reveal()).has_value();
            if (!mobile) s.problem("phones", "phones: expected mobile numbers alone");
            // Who is on that list is never surveyed: what he writes is the answer to a test text and nothing else.
            else if (std::none_of(settings_.lists.staff_phones.begin(), settings_.lists.staff_phones.end(), [&](const Phone& p) { return p.reveal() == phone.reveal(); }))
                s.problem("phones", "phones: one number is not on [lists] staff_phones; expected members of staff who agreed");
            else continue;
            break;
        }
        auto day = s.one_of("day", "monday", {"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "every"});
        constexpr std::string_view days[] = {"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"};
        v.weekday.reset();
        for (int i = 0; i < 7; ++i)
            if (day == days[i]) v.weekday = i;
        auto at = s.text("at", "10:00");
        auto minutes = parse_minutes(at);
        v.answer_within = s.duration("answer_within", v.answer_within, 1min, 24h);
        const auto& hours = settings_.survey.hours;
        bool inside = minutes && *minutes >= hours.from && *minutes < hours.to;
        if (!minutes || (!inside && !v.phones.empty())) s.problem("at", fmt::format("at = \"{}\": expected a time within [survey] hours, such as \"10:00\"", at));
        else v.at = *minutes;
        s.finish();
    }

    void followup(Section s) {
        auto& v = settings_.followup;
        v.staffed = s.flag("staffed", v.staffed);
        v.basically_with_complaint = s.flag("basically_with_complaint", v.basically_with_complaint);
        v.question = s.flag("question", v.question);
        v.call_back = s.duration("call_back", v.call_back, 1min, Days(30));
        v.call_attempts = whole(s, "call_attempts", v.call_attempts, 1, 20);
        v.rectify_days = whole(s, "rectify_days", v.rectify_days, 1, 90);
        v.review_days = whole(s, "review_days", v.review_days, 1, 90);
        v.told_days = whole(s, "told_days", v.told_days, 1, 90);
        v.appeal_days = whole(s, "appeal_days", v.appeal_days, 1, 90);
        v.appeal_decision_days = whole(s, "appeal_decision_days", v.appeal_decision_days, 1, 90);
        v.appeals_open = whole(s, "appeals_open", v.appeals_open, 1, 1000);
        v.confirm_days = whole(s, "confirm_days", v.confirm_days, 1, 90);
        v.working_days = s.path("holidays").empty() ? read_working_days(built_in_template("calendars/cn.csv").value(), "calendars/cn.csv", problems_) : list(s, "holidays", read_working_days);
        s.finish();
    }

    void notices(Section s) {
        auto& v = settings_.notices;
        v.texts = s.texts("texts");
        for (const auto& name : v.texts)
            if (!name.starts_with("notice_")) s.problem("texts", fmt::format("texts: \"{}\": expected names of texts such as \"notice_safety\"", name));
        v.most = whole(s, "most", v.most, 1, 100'000);
        v.stands = s.duration("stands", v.stands, 1min, Days(30));
        s.finish();
    }

    void writeback(Section s) {
        auto& v = settings_.writeback;
        auto to = s.one_of("to", "nobody", {"nobody", "file", "http"});
        v.to = to == "file" ? Writeback::To::folder : to == "http" ? Writeback::To::http : Writeback::To::nobody;
        v.folder = s.path("folder");
        v.url = s.text("url", "");
        if (v.to == Writeback::To::folder && v.folder.empty()) s.problem("folder", "to = \"file\": expected folder = \"…\", where the other system looks");
        if (v.to == Writeback::To::http && v.url.empty()) s.problem("url", "to = \"http\": expected url = \"…\"");
        if (!v.url.empty() && !is_public_url(v.url)) s.problem("url", fmt::format("url = \"{}\": expected http://… or https://…", v.url));
        v.token = s.secret("token", false);
        v.signing_secret = signing_secret(s);
        v.timeout = s.duration("timeout", v.timeout, 1s, 10min);
        v.every = s.duration("every", v.every, 1s, 24h);
        v.by_case = s.one_of("ratings", "unit", {"unit", "case"}) == "case";
        v.words = s.flag("words", false);
        if (v.words && !v.by_case) s.problem("words", "words = true: expected ratings = \"case\" beside it, for words belong to a case");
        if (v.to != Writeback::To::nobody && v.by_case)
            warn(s, "ratings", "ratings = \"case\": whoever reads the 110 system's record learns what its caller answered, the rated unit included, unless that system hides it");
        s.finish();
    }

    void intake(Section s) {
        auto& v = settings_.intake;
        v.folder = s.path("folder");
        v.pattern = s.text("pattern", v.pattern);
        v.done_suffix = s.text("done_suffix", v.done_suffix);
        v.bad_suffix = s.text("bad_suffix", v.bad_suffix);
        v.done_folder = s.path("done_folder");
        v.settle = s.duration("settle", v.settle, 0s, 1h);
        v.poll = s.duration("poll", v.poll, 100ms, 1h);
        warn_of_folder(s, v.folder);
        v.mapping = s.text("mapping", ""), v.mapping_at = fmt::format("{}:{}", s.file(), s.line_of("mapping"));
        if (v.mapping.ends_with(".toml")) {
            auto path = s.path("mapping");
            if (!own_mapping(path)) s.problem("mapping", fmt::format("mapping: cannot read {}", path.string()));
            v.mapping = path.stem().string();
        }
        v.encoding = s.one_of("encoding", v.encoding, {"auto", "utf-8", "gb18030"});
        v.keep_done = s.duration("keep_done", v.keep_done, 0s, never_longer);
        if (s.has("erase_done"))
            s.problem("erase_done", fmt::format("erase_done is now keep_done, how long finished files stay: expected keep_done = \"{}\"", s.flag("erase_done", false) ? "0s" : "7d"));
        auto plain = [](const Path& folder) { return (folder / "").lexically_normal(); };
        auto reads_done = [&](const Path& folder) { return !v.done_folder.empty() && plain(v.done_folder) == plain(folder); };
        if (reads_done(v.folder) || std::any_of(settings_.service_intakes.begin(), settings_.service_intakes.end(), [&](const Intake& door) { return reads_done(door.folder); }))
            s.problem("done_folder", "done_folder is a folder that is read: a finished file would be read again for ever");
        if (v.done_suffix.empty() && v.done_folder.empty() && v.keep_done > 0s && (!v.folder.empty() || !settings_.service_intakes.empty()))
            s.problem("done_suffix", "done_suffix is empty: a finished file would be read again for ever");
        s.finish();
        for (auto& door : settings_.service_intakes) {
            auto own = std::move(door);
            door = v;
            door.folder = std::move(own.folder), door.source = std::move(own.source);
            if (!own.mapping.empty()) door.mapping = std::move(own.mapping), door.mapping_at = std::move(own.mapping_at);
            for (const auto& other : settings_.service_intakes)
                if (&other != &door && other.folder == door.folder) s.problem("folder", fmt::format("folder {} is that of two services", door.folder.string()));
            if (door.folder == v.folder) s.problem("folder", fmt::format("folder {} is that of a [[survey.service]] as well", v.folder.string()));
        }
    }

    void reports(Section s) {
        auto& v = settings_.reports;
        v.weight_satisfied = s.real("weight_satisfied", v.weight_satisfied, 0, 1);
        v.weight_basically = s.real("weight_basically", v.weight_basically, 0, 1);
        v.weight_dissatisfied = s.real("weight_dissatisfied", v.weight_dissatisfied, 0, 1);
        v.prior_m = s.real("prior_m", v.prior_m, 0, 10'000);
        v.estimate_m = s.flag("estimate_m", v.estimate_m);
        v.z = s.real("z", v.z, 0.1, 10);
        v.funnel_warn = s.real("funnel_warn", v.funnel_warn, 0.1, 10);
        v.funnel_alarm = s.real("funnel_alarm", v.funnel_alarm, 0.1, 10);
        v.least_n = whole(s, "least_n", v.least_n, 1, 10'000);
        v.least_n_rate = whole(s, "least_n_rate", v.least_n_rate, 1, 10'000);
        v.least_n_flag = whole(s, "least_n_flag", v.least_n_flag, 1, 10'000);
        v.least_rows_funnel = whole(s, "least_rows_funnel", v.least_rows_funnel, 1, 10'000);
        v.least_cell = whole(s, "least_cell", v.least_cell, 1, 10'000);
        v.exact_warn = s.real("exact_warn", v.exact_warn, 1e-9, 1);
        v.exact_alarm = s.real("exact_alarm", v.exact_alarm, 1e-9, 1);
        v.most_unconfirmed = s.real("most_unconfirmed", v.most_unconfirmed, 0, 1);
        auto at = s.text("nightly_at", "00:30");
        auto minutes = parse_minutes(at);
        if (!minutes || *minutes >= 24h) s.problem("nightly_at", fmt::format("nightly_at = \"{}\": expected a time such as \"00:30\"", at));
        else v.nightly_at = *minutes;
        v.export_dir = s.path("export_dir");
        if (v.export_dir.empty()) v.export_dir = settings_.service.state_dir / "exports";
        v.export_nightly = s.flag("export_nightly", true);
        v.public_dir = s.path("public_dir");
        v.public_least_n = whole(s, "public_least_n", v.public_least_n, 100, 1'000'000);
        for (const auto& [key, other] : {std::pair("export_dir", v.export_dir), std::pair("state_dir", settings_.service.state_dir), std::pair("key_dir", settings_.service.key_dir)})
            if (!v.public_dir.empty() && (lies_inside(v.public_dir, other) || lies_inside(other, v.public_dir)))
                s.problem("public_dir", fmt::format("public_dir = \"{}\": expected a folder of its own, neither in {} nor around it: what lies there is published", v.public_dir.string(), key));
        for (auto& delivery : s.children("delivery")) delivered(delivery);
        v.keep_texts = std::chrono::duration_cast<Days>(s.duration("keep_texts", v.keep_texts, Days(1), never_longer));
        v.keep_ratings_years = whole(s, "keep_ratings_years", v.keep_ratings_years, 1, 100);
        s.finish();
    }

    // What opens somebody else's door is for us alone to read.
    void for_us_alone(Section& s, const std::string& key) {
        auto file = s.has(key) ? s.path(key) : Path();
        std::error_code none;
        if (auto rights = std::filesystem::status(file, none).permissions(); !file.empty() && !none && (rights & (std::filesystem::perms::others_all | std::filesystem::perms::group_write)) != std::filesystem::perms::none)
            s.problem(key, fmt::format("{}: everybody may read {}, or others may write it; expected mode 0600", key, file.string()));
    }

    void delivered(Section& s) {
        using To = Delivery::To;
        Delivery v;
        v.name = s.text("name");
        if (!v.name.empty() && (v.name.size() > 32 || !made_of(v.name, "_-"))) s.problem("name", fmt::format("name = \"{}\": expected letters, digits, '-' and '_', at most 32", v.name));
        for (const auto& other : settings_.reports.deliveries)
            if (other.name == v.name) s.problem("name", fmt::format("delivery '{}' stands twice", v.name));
        auto to = s.one_of("to", "folder", {"folder", "sftp", "http", "webdav"});
        v.to = to == "sftp" ? To::sftp : to == "http" ? To::http : to == "webdav" ? To::webdav : To::folder;
        v.folder = s.path("folder");
        v.url = s.text("url", "");
        while (v.url.ends_with("/")) v.url.pop_back();
        v.user = s.text("user", "");
        v.password = s.secret("password", false);
        v.token = s.secret("token", false);
        v.key_file = s.path("key_file"), v.known_hosts = s.path("known_hosts");
        for (const char* key : {"password_file", "token_file", "key_file"}) for_us_alone(s, key);
        bool remote = v.to != To::folder, sftp = v.to == To::sftp;
        const auto& own = settings_.reports;
        if (!remote && v.folder.empty()) s.problem("folder", "to = \"folder\": expected folder = \"…\"");
        if (!remote && !v.folder.empty() && (lies_inside(v.folder, own.export_dir) || lies_inside(own.export_dir, v.folder)))
            s.problem("folder", fmt::format("folder = \"{}\": expected another than [reports] export_dir", v.folder.string()));
        if (!remote && !v.folder.empty() && !own.public_dir.empty() && (lies_inside(v.folder, own.public_dir) || lies_inside(own.public_dir, v.folder)))
            s.problem("folder", fmt::format("folder = \"{}\": expected another than [reports] public_dir, which is published", v.folder.string()));
        auto place = sftp && v.url.starts_with("sftp://") ? "https://" + v.url.substr(7) : v.url;
        bool fits = is_public_url(place) && place.find_first_of("%@\\'") == place.npos && sftp == v.url.starts_with("sftp://");
        if (remote && !fits) s.problem("url", fmt::format("url = \"{}\": expected {}, without a user, blanks or '%'", v.url, sftp ? "sftp://host/path" : "https://host/path"));
        if (sftp && v.user.empty()) s.problem("user", "to = \"sftp\": expected user = \"…\"");
        if (sftp && v.key_file.empty() == v.password.empty()) s.problem("key_file", "to = \"sftp\": expected key_file or password_file");
        std::error_code none;
        if (sftp && !v.key_file.empty() && !std::filesystem::is_regular_file(v.key_file, none)) s.problem("key_file", fmt::format("key_file: {} is not there", v.key_file.string()));
        if (sftp && (v.known_hosts.empty() || !std::filesystem::is_regular_file(v.known_hosts, none)))
            s.problem("known_hosts", "to = \"sftp\": expected known_hosts = \"…\", a file with the host's key (ssh-keyscan, compared by another way): nothing is sent to a host that cannot prove who it is");
        if (remote && !sftp && !v.token.empty() && !v.user.empty()) s.problem("token", "token and user: expected one of them");
        if (remote && v.url.starts_with("http://") && !v.url.starts_with("http://127.") && !v.url.starts_with("http://localhost"))
            warn(s, "url", fmt::format("url = \"{}\": figures and credentials go over the network in the clear; expected https://", v.url));
        v.inspection = s.flag("inspection", false);
        v.timeout = s.duration("timeout", v.timeout, 1s, 1h);
        v.retry = s.duration("retry", v.retry, 100ms, 1h);
        s.finish();
        settings_.reports.deliveries.push_back(std::move(v));
    }

    void assessment(Section s) {
        auto& v = settings_.assessment;
        v.satisfaction = s.real("satisfaction", v.satisfaction, 0, 1000);
        v.response = s.real("response", v.response, 0, 1000);
        v.followup = s.real("followup", v.followup, 0, 1000);
        v.repeats = s.real("repeats", v.repeats, 0, 1000);
        if (v.satisfaction + v.response + v.followup + v.repeats <= 0) s.problem("satisfaction", "assessment: expected at least one weight above 0");
        v.response_target = s.real("response_target", v.response_target, 0.01, 1);
        s.finish();
    }

    void signals(Section s) {
        auto& v = settings_.signals;
        v.quick = s.duration("quick", v.quick, 1s, 1h);
        v.number_cases = whole(s, "number_cases", v.number_cases, 2, 10'000);
        v.number_officer = whole(s, "number_officer", v.number_officer, 2, 10'000);
        v.officer_cases = whole(s, "officer_cases", v.officer_cases, 1, 10'000);
        v.open_after = s.duration("open_after", v.open_after, 1h, Days(365));
        s.finish();
    }

    // One file, named after its stem. False: it cannot be read.
    bool own_mapping(const Path& path) {
        auto text = whole_file(path);
        if (!text) return false;
        settings_.mappings[path.stem().string()] = *text;
        settings_.mapping_files[path.stem().string()] = path.string();
        return true;
    }

    // A site's own field names of its 110 system lie under templates_dir/mappings.
    void mappings() {
        auto folder = settings_.service.templates_dir / "mappings";
        std::error_code none;
        if (settings_.service.templates_dir.empty() || !std::filesystem::is_directory(folder, none)) return;
        for (const auto& entry : std::filesystem::directory_iterator(folder))
            if (entry.path().extension() == ".toml" && !own_mapping(entry.path())) problems_.add(entry.path().string(), 0, "cannot be read");
    }

    const ChannelReader& reader_;
    Settings settings_;
    std::string name_;
    Problems problems_;
    std::vector<std::pair<std::string, std::string>> list_texts_;
};

}  // namespace

Services Survey::services() const {
    std::vector<PoliceService> all;
    for (const auto& other : others) all.push_back(other.service);
    PoliceService call;
    call.sources = sources;
    return {asked_on(scale, std::move(call)), std::move(all)};
}

const Channel* Settings::channel(const std::string& name) const {
    auto at = std::find_if(channels.begin(), channels.end(), [&](const Channel& c) { return c.name == name; });
    return at == channels.end() ? nullptr : &*at;
}

tl::expected<Settings, Problems> load(const Path& path, const ChannelReader& reader) { return Loader(path, reader).load(); }

}  // namespace pingjing::config
