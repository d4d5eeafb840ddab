#include "daemon/app.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "daemon/admin/control.hpp"
#include "daemon/admin/health.hpp"
#include "daemon/admin/ledger_api.hpp"
#include "daemon/admin/openapi.hpp"
#include "daemon/configuration_history.hpp"
#include "daemon/console/exports.hpp"
#include "daemon/console/pages.hpp"
#include "daemon/console/session_api.hpp"
#include "daemon/console/site_api.hpp"
#include "daemon/core/system_clock.hpp"
#include "daemon/delivery/api.hpp"
#include "daemon/desk/api.hpp"
#include "daemon/followup/api.hpp"
#include "daemon/followup/appeals_api.hpp"
#include "daemon/followup/letters_api.hpp"
#include "daemon/followup/review_api.hpp"
#include "daemon/inbound/quarantine_api.hpp"
#include "daemon/log/log.hpp"
#include "daemon/log/metrics.hpp"
#include "daemon/meaning.hpp"
#include "daemon/notices/api.hpp"
#include "daemon/reply/read.hpp"
#include "daemon/store/cases.hpp"
#include "daemon/store/outbox.hpp"

namespace pingjing {
namespace {

constexpr Steady before_erasing = std::chrono::minutes(10);

void on_failure(const std::string& task, std::exception_ptr error) {
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& e) {
        log::error("app.task_failed", {{"task", task}, {"why", e.what()}});
    }
}

// What changed, by its name alone, and how many surveys are due that could not go before and go at once now.
struct Change { std::vector<std::string> keys{}; std::int64_t let_go = 0; };

std::optional<Change> note_configuration(store::Connection& db, const config::Settings& settings, Instant now) {
    auto keys = record_configuration(db, settings, now);
    if (!keys) return std::nullopt;
    Change change{std::move(*keys)};
    bool flows = settings.survey.mode == config::Mode::on || settings.survey.mode == config::Mode::pilot;
    if (!flows || std::find(change.keys.begin(), change.keys.end(), "[survey] mode") == change.keys.end()) return change;
    store::Statement waiting(db, "SELECT count(*) FROM messages WHERE purpose = 'survey' AND state = 'due' AND due_at <= ?1");
    waiting.bind(1, now).step();
    change.let_go = waiting.integer(0);
    return change;
}

// After it was committed.
void tell(const Change& change, config::Mode mode) {
    constexpr std::size_t most = 20;
    std::string names;
    for (std::size_t i = 0; i < change.keys.size() && i < most; ++i) names += (i == 0 ? "" : ", ") + change.keys[i];
    if (change.keys.size() > most) names += fmt::format(" and {} more", change.keys.size() - most);
    log::info("configuration.changed", {{"what", names.empty() ? "a list that is not shown" : names}});
    if (change.let_go > 0) log::warn("configuration.surveys_flow", {{"mode", config::mode_name(mode)}, {"due", change.let_go}});
}

boost::json::value channel_states(outbox::Dispatcher& dispatcher) {
    boost::json::array out;
    for (const auto& c : dispatcher.status()) {
        boost::json::object one{{"name", c.name}, {"state", c.state}, {"why", c.why}, {"evidence", c.evidence}, {"in_flight", c.in_flight}};
        if (c.links.of > 0) one["links"] = boost::json::object{{"up", c.links.up}, {"of", c.links.of}, {"refused", c.links.refused}};
        out.push_back(std::move(one));
    }
    return out;
}

}  // namespace

std::filesystem::path control_socket(const config::Settings& settings) { return settings.service.state_dir / "control.sock"; }

// By the words of each adapter, which is not connected to anybody.
reports::EvidenceOf evidence_of(const config::Settings& settings) {
    asio::io_context io;
    auto clock = system_clock();
    SystemRandom random;
    provider::World world(io.get_executor(), *clock, random, nullptr);
    reports::EvidenceOf out;
    for (const auto& channel : settings.channels) {
        auto* make = std::any_cast<provider::Make>(&channel.adapter);
        if (!make || !*make) continue;
        auto can = (*make)(world)->abilities();
        auto waiting = provider::describe_evidence(can);
        can.late_responses = false;
        out[channel.name] = {waiting, provider::describe_evidence(can)};
    }
    return out;
}

reports::ReportSite report_site(const config::Settings& settings, const store::Seal* seal) {
    reports::ReportSite site;
    for (const auto& o : settings.lists.officers) site.names.officers[o.badge] = {o.name, o.unit};
    for (const auto& u : settings.lists.units) site.names.units[u.unit] = u.name;
    const auto& r = settings.reports;
    site.rules.weights = {r.weight_satisfied, r.weight_basically, r.weight_dissatisfied};
    site.rules.prior = r.estimate_m ? std::nullopt : std::optional(r.prior_m);
    site.rules.least = {r.least_n, r.least_n_rate, r.least_n_flag, r.least_cell, static_cast<std::size_t>(r.least_rows_funnel)};
    site.rules.services = settings.survey.services();
    site.rules.z = r.z, site.rules.funnel_z = r.funnel_warn, site.rules.most_unconfirmed = r.most_unconfirmed;
    site.rules.funnel_alarm = r.funnel_alarm, site.rules.exact_warn = r.exact_warn, site.rules.exact_alarm = r.exact_alarm;
    const auto& a = settings.assessment;
    site.rules.assessment = {a.satisfaction, a.response, a.followup, a.repeats, a.response_target};
    const auto& s = settings.signals;
    site.rules.signals = {s.quick, s.number_cases, s.number_officer, s.officer_cases, s.open_after, {}};
    if (seal)
        for (const auto& phone : settings.lists.staff_phones) site.rules.signals.staff_keys.push_back(seal->phone_key(phone));
    site.zone = settings.service.timezone;
    site.answers_until = settings.survey.max_age + settings.survey.answer_window;
    site.evidence = evidence_of(settings);
    return site;
}

reports::PublicWish public_wish(const config::Settings& settings, const reports::ReportSite& site) {
    return {settings.reports.public_dir, settings.reports.public_least_n, site.names, site.rules, site.zone, site.answers_until};
}

desk::Carries carries(const config::Settings& settings) {
    using Kind = config::Desk::Kind;
    return {settings.desk.main.kind != Kind::log, settings.desk.escalate && settings.desk.escalate->kind != Kind::log};
}

admin::Known known_names(const config::Settings& settings) {
    admin::Known known;
    for (const auto& u : settings.lists.units) known.units.insert(u.unit);
    for (const auto& o : settings.lists.officers) known.officers.insert(o.badge);
    return known;
}

App::App(asio::io_context& io, const Clock& clock, Random& random, const store::Seal& seal, std::unique_ptr<store::Store> store)
    : io_(io), clock_(clock), random_(random), seal_(seal), store_(std::move(store)), client_(io.get_executor()), access_(*store_, clock_),
      sessions_(random_, clock_), intake_(*store_, seal_, random_), kept_(clock_), loops_(io.get_executor(), on_failure), desk_loop_(io.get_executor(), on_failure) {}

App::~App() = default;

void App::take(const config::Settings& settings) {
    auto rules = std::make_shared<intake::IntakeRules>();
    rules->records = record_rules(settings, clock_.now());
    rules->site = *gateway_->rules();
    intake_rules_ = std::move(rules);
    report_site_ = std::make_shared<const reports::ReportSite>(report_site(settings, &seal_));
    followup_rules_ = std::make_shared<const followup::Rules>(followup_rules(settings));
    hooks_ = std::make_shared<const inbound::Hooks>(gateway_->hooks());
}

Result<std::unique_ptr<App>> App::build(asio::io_context& io, config::Settings settings, const Clock& clock, Random& random, const store::Seal& seal,
                                        std::unique_ptr<store::Store> store) {
    auto app = std::unique_ptr<App>(new App(io, clock, random, seal, std::move(store)));
    auto& a = *app;
    const auto& desk = settings.desk;
    auto escalation = desk.escalate ? desk::make_sink(*desk.escalate, a.client_, clock) : nullptr;
    bool somebody = desk.main.kind != config::Desk::Kind::log || desk.escalate;  // a log that nobody watches is not reminded
    desk::Patience patience{desk.main.ack_within, desk.escalate ? desk.escalate->ack_within : desk.main.ack_within, somebody};
    a.desk_ = std::make_unique<desk::Desk>(io.get_executor(), *a.store_, seal, clock, desk::make_sink(desk.main, a.client_, clock), std::move(escalation), patience);

    GatewayHints hints;
    hints.alarms = [d = a.desk_.get()] { d->wake(); };
    // Nobody reads this text in its turn. If somebody is in danger, the desk hears it from memory; twice is better than never.
    hints.unkept = [&a](const std::string&, const provider::InboundText& text) {
        auto verdict = reply::read(a.gateway_->settings().survey.scale, text.text.reveal());
        if (!verdict.emergency) return;
        desk::Alarm alarm(a.random_.word(20), a.clock_.now(), text.from, text.text);
        alarm.do_not_contact = verdict.do_not_contact;
        a.desk_->alarm_now(std::move(alarm));
    };
    hints.unkept_cry = [&a](const store::Cry& cry) {
        desk::Alarm alarm(a.random_.word(20), a.clock_.now(), cry.from.value_or(Phone()), store::words_of(cry));
        alarm.do_not_contact = cry.do_not_contact;
        a.desk_->alarm_now(std::move(alarm));
    };
    auto gateway = Gateway::build(std::move(settings), {io.get_executor(), *a.store_, seal, clock, random, &a.client_}, std::move(hints));
    if (!gateway) return tl::unexpected(gateway.error());
    a.gateway_ = std::move(*gateway);
    // After the gateway has compared the clock with the last fact: this is a fact of its own.
    std::optional<Change> change;
    a.store_->run_now([&](store::Connection& db) { change = note_configuration(db, a.gateway_->settings(), clock.now()); });
    if (change) tell(*change, a.gateway_->settings().survey.mode);
    a.reader_ = std::make_unique<store::ReadThread>(a.store_->path());
    a.glances_ = std::make_unique<store::ReadThread>(a.store_->path());
    a.events_ = std::make_unique<console::Events>(store::read_on(*a.glances_));
    a.access_.also_by([&a](const http::Request& request) { return a.signed_in_by(request); });
    a.nightly_ = std::make_unique<Nightly>(store::read_on(*a.reader_), *a.store_, seal, clock, [&a]() -> const config::Settings& { return a.gateway_->settings(); },
                                           [&a](const std::string& day) { return reports::export_wish(*a.report_site_, a.export_place(), a.seal_, day); }, std::chrono::minutes(1),
                                           [&a] { return public_wish(a.gateway_->settings(), *a.report_site_); });
    auto aside = [&a](std::function<void()> work) { return a.folder_writer_.run(std::move(work)); };
    a.writeback_ = std::make_unique<writeback::Feed>(writeback::FeedWorld{*a.store_, aside, seal, clock, &a.client_, [&a] { return a.gateway_->settings().writeback; },
                                                                          a.gateway_->settings().reports.least_n, [&a] { return a.gateway_->settings().survey.services(); }});
    auto carried = [&a](std::function<void()> work) { return a.delivery_writer_.run(std::move(work)); };
    a.courier_ = std::make_unique<delivery::Courier>(delivery::CourierWorld{*a.store_, store::read_on(*a.reader_), carried, clock, a.random_, [&a] { return a.gateway_->settings().reports; },
                                                                            [&a] { return a.gateway_->settings().service.timezone; }});
    a.take(a.gateway_->settings());
    a.make_watch();
    if (clock.speed() != 1.0 || a.gateway_->settings().service.test_clock) a.notes_.push_back("test clock");
    auto doors = a.gateway_->settings().service_intakes;
    if (const auto& in = a.gateway_->settings().intake; !in.folder.empty()) doors.insert(doors.begin(), in);
    for (auto& door : doors)
        a.folders_.push_back(std::make_unique<intake::Folder>(a.intake_, std::move(door), [&a] { return a.intake_rules_; }, clock, [&a] { a.gateway_->dispatcher().wake(); },
                                                              [&a] { return a.may_erase_files(); }));
    return app;
}

void App::make_watch() {
    auto channels = [this] {
        std::vector<watch::ChannelLook> out;
        for (const auto& c : gateway_->dispatcher().status())
            out.push_back({c.name, c.state, c.why, c.way_back_closed, provider::describe_links(c.links), c.links.up == 0 && c.links.of > 0, c.links.of > 0 && c.links.refused == c.links.of});
        return out;
    };
    watch::WatchWorld world{io_.get_executor(), *store_, store::read_on(*reader_), seal_, clock_, [this] {
                                watch::Site site(gateway_->settings());
                                site.speed = clock_.speed();
                                return site;
                            }};
    world.channels = channels;
    world.failing = [this] { return failing(); };
    world.folders = [this] { return about_folders(); };
    watch_ = std::make_unique<watch::Watch>(std::move(world), watch::make_pushes(gateway_->settings().alarms, client_, clock_));
}

// At a start it takes a moment until a clock that is wrong is held.
asio::awaitable<bool> App::may_erase_files() {
    if (clock_.steady() - built_at_ < before_erasing || gateway_->has_clock_jumped()) co_return false;
    bool held = true;
    std::function<void(store::Connection&)> ask = [&held](store::Connection& db) { held = store::is_clock_held(db); };
    auto read = store::read_on(*reader_);
    try {
        co_await read(ask);
    } catch (const store::SqlError&) {
        held = true;
    }
    co_return !held;
}

std::vector<watch::Finding> App::about_folders() const {
    std::vector<watch::Finding> out;
    for (const auto& folder : folders_)
        for (const auto& t : folder->troubles(gateway_->settings().alarms.backlog))
            out.push_back({t.kind == intake::Folder::Trouble::Kind::refused ? "drop_file_refused" : "drop_folder_waits", t.about, t.detail});
    return out;
}

// What these do is seen by nobody where it is not done: no line for the 110 system is made, and none waits.
std::vector<std::string> App::failing() const {
    auto all = gateway_->failing();
    for (auto& why : kept_.failing()) all.push_back(std::move(why));
    return all;
}

// For /metrics; `status` looks for itself.
asio::awaitable<void> App::count_strangers() {
    auto read = store::read_on(*reader_);
    for (;;) {
        store::Strangers found;
        auto known = known_names(gateway_->settings());
        auto since = clock_.now() - Millis(std::chrono::hours(24 * 7));
        std::function<void(store::Connection&)> look = [&](store::Connection& db) { found = store::count_strangers(db, known.units, known.officers, since); };
        co_await read(look);
        metrics::gauge("not_in_lists", {{"what", "units"}}, static_cast<double>(found.units));
        metrics::gauge("not_in_lists", {{"what", "officers"}}, static_cast<double>(found.officers));
        co_await sleep_for(std::chrono::hours(1));
    }
}

followup::Parts App::followup_parts() {
    return {*store_, seal_, clock_, random_, [this] { return followup_rules_; }, [this] { gateway_->dispatcher().wake(); }, store::read_on(*reader_)};
}

reports::ExportPlace App::export_place() const { return {gateway_->settings().reports.export_dir, gateway_->settings().rules_sha256}; }

admin::ControlParts App::control_parts() {
    admin::ControlParts parts{*store_, store::read_on(*reader_), seal_, clock_, random_};
    parts.changed = [this] { gateway_->dispatcher().wake(); };
    parts.released = [this](const std::optional<std::string>& channel) { gateway_->dispatcher().release(channel); };
    parts.channels = [this] { return channel_states(gateway_->dispatcher()); };
    parts.known = [this] { return known_names(gateway_->settings()); };
    parts.readiness = [this] { return readiness(); };
    parts.mode = [this] { return std::string(config::mode_name(gateway_->settings().survey.mode)); };
    parts.called_off = [this] {
        return [this, rules = gateway_->rules()](store::Connection& db, std::int64_t phone_id) { eligibility::reconsider_capped(db, seal_, random_, *rules, phone_id, clock_.now()); };
    };
    return parts;
}

std::optional<tl::expected<std::int64_t, http::Response>> App::signed_in_by(const http::Request& request) {
    auto word = console::cookie_of(request);
    if (word.empty()) return std::nullopt;
    auto answer = [](http::Response response) { return std::optional(tl::expected<std::int64_t, http::Response>(tl::unexpect, std::move(response))); };
    auto foreign = console::is_foreign(request, console::origin_of(gateway_->settings().http.public_url));
    if (foreign) return answer(http::problem(403, "Forbidden", *foreign));
    auto token = sessions_.find(word);
    if (!token) return answer(http::problem(401, "Unauthorized", "this session is over; sign in again"));
    return *token;
}

namespace {

console::SettingsShown settings_shown(const config::Settings& settings) {
    console::SettingsShown shown{settings.open_text, settings.rules_sha256, settings.warnings, {}, {}};
    auto meaning = meaning_of(settings);
    if (!meaning) return shown;  // never: no such settings come into force
    shown.warnings.insert(shown.warnings.end(), meaning->warnings.begin(), meaning->warnings.end());
    for (auto& text : meaning->texts) shown.texts.push_back({std::move(text.name), text.units, text.parts, std::move(text.whole)});
    for (auto& channel : meaning->channels) shown.channels.push_back({std::move(channel.name), std::move(channel.what), std::move(channel.lines)});
    return shown;
}

}  // namespace

void App::add_console(http::Router& router) {
    auto signed_in = [this](http::Handler handler) { return access_.anybody(std::move(handler)); };
    auto check = [this](std::string token) { return access_.check(std::move(token)); };
    auto origin = [this] { return console::origin_of(gateway_->settings().http.public_url); };
    auto site = [this] {
        const auto& s = gateway_->settings();
        console::Site shown{s.service.sign, s.service.timezone, std::string(config::mode_name(s.survey.mode))};
        for (const auto& u : s.lists.units) shown.units[u.unit] = u.name;
        return shown;
    };
    console::add_page_routes(router);
    console::add_session_routes(router, signed_in, {sessions_, check, origin, !gateway_->settings().http.tls_cert.empty()});
    console::add_site_route(router, signed_in, {store::read_on(*glances_), clock_, site});
    events_->add_route(router, signed_in);
    console::add_export_routes(router, access_.guards(), {store::read_on(*reader_), [this] { return gateway_->settings().reports.export_dir; }});
    console::add_settings_route(router, access_.guards(), [this, last = console::SettingsShown{}]() mutable {
        const auto& s = gateway_->settings();
        if (last.text != s.open_text || last.sha256 != s.rules_sha256) last = settings_shown(s);
        return last;
    });
    auto status = control_parts();
    status.read = store::read_on(*glances_);
    admin::add_status_route(router, access_.guards(), std::move(status));
}

// The same handlers behind both doors; the control socket has some that the network has not.
http::Router App::doors(bool control) {
    http::Router router(control ? http::Router::Side::control : http::Router::Side::network);
    auto guard = access_.guards();
    auto wake = [this] { gateway_->dispatcher().wake(); };
    intake::add_calls_route(router, guard, intake_, [this] { return intake_rules_; }, clock_, wake);
    reports::add_routes(router, {store::read_on(*reader_), *store_, seal_, clock_, [this] { return report_site_; }}, guard);
    followup::add_followup_routes(router, guard, *store_, seal_, clock_, store::read_on(*reader_));
    followup::add_work_routes(router, guard, followup_parts());
    followup::add_appeal_routes(router, guard, followup_parts());
    followup::add_review_routes(router, guard, {*store_, seal_, clock_, [this] { return review_rules(gateway_->settings()); }, [this] { gateway_->answers().wake(); }});
    followup::LetterParts letters{*store_, seal_, clock_, random_, [this] { return letter_rules(gateway_->settings()); }, wake, [this] { desk_->wake(); }};
    followup::add_letter_routes(router, guard, std::move(letters));
    notices::add_notice_routes(router, guard, {*store_, seal_, clock_, random_, [this] { return notice_rules(gateway_->settings()); }, wake});
    desk::add_desk_routes(router, guard, {*store_, seal_, clock_, carries(gateway_->settings())});
    admin::add_health_routes(router, access_, [this] { return readiness(); });
    inbound::add_hooks(router, gateway_->inbox(), [this] { return hooks_; });
    if (!control) add_console(router);
    if (!control) return admin::add_openapi_route(router), router;

    reports::add_export_route(router, {store::read_on(*reader_), *store_, seal_, clock_, [this] { return report_site_; }}, [this] { return export_place(); });
    reports::add_public_route(router, {store::read_on(*reader_), *store_, seal_, clock_, [this] { return report_site_; }}, [this] { return public_wish(gateway_->settings(), *report_site_); });
    delivery::add_delivery_route(router, store::read_on(*glances_));
    admin::add_control_routes(router, control_parts());
    auto again = [this](std::optional<std::string> channel) {
        auto by_mapping = inbound::read_again([this] { return hooks_; });
        return gateway_->inbox().reread(std::move(channel), std::move(by_mapping));
    };
    inbound::add_quarantine_routes(router, guard, {*store_, store::read_on(*reader_), seal_, clock_, again});
    auto recognised = [this] { return recognised_for(gateway_->settings()); };
    admin::add_ledger_routes(router, {store::read_on(*reader_), *store_, seal_, clock_, recognised, [this] { return stopping_; }});
    admin::add_openapi_route(router);
    return router;
}

Result<void> App::open(int inherited_fd) {
    const auto& http = gateway_->settings().http;
    http::ServerSettings settings;
    settings.listen = http.listen, settings.body_limit = http.body_limit, settings.most_connections = http.most_connections;
    settings.tls_cert = http.tls_cert, settings.tls_key = http.tls_key, settings.inherited_fd = inherited_fd;
    server_ = std::make_unique<http::Server>(io_.get_executor(), settings, doors(false));
    if (auto opened = server_->open(); !opened) return opened;
    http::ServerSettings control;
    control.listen = "unix:" + control_socket(gateway_->settings()).string(), control.control = true;
    control.body_limit = 64u << 20;
    control_ = std::make_unique<http::Server>(io_.get_executor(), control, doors(true));
    return control_->open();
}

void App::start() {
    kept_.keep(desk_loop_, "desk", [this] { return desk_->run(); });
    gateway_->start();
    for (auto& folder : folders_) kept_.keep(loops_, "folder", [&folder] { return folder->run(); });
    kept_.keep(loops_, "nightly", [this] { return nightly_->run(); });
    kept_.keep(loops_, "followups", [this] { return followup::watch_clocks(followup_parts()); });
    kept_.keep(loops_, "watch", [this] { return watch_->run(); });
    kept_.keep(loops_, "console", [this] { return events_->run(); });
    kept_.keep(loops_, "strangers", [this] { return count_strangers(); });
    kept_.keep(loops_, "delivery", [this] { return courier_->run(); });
    kept_.keep(loops_, "writeback", [this] { return writeback_->run(); });
    kept_.keep(loops_, "alarms", [this] { return watch_->tell(); });
    server_->start();
    control_->start();
}

// Doors first, then what is inside; the desk last, for an alarm may still be on its way.
asio::awaitable<void> App::stop() {
    stopping_ = true;
    server_->stop_accepting();
    events_->end();
    loops_.stop();
    co_await loops_.join();
    co_await server_->stop();
    co_await gateway_->stop();
    co_await control_->stop();
    desk_loop_.stop();
    co_await desk_loop_.join();
    std::error_code ignored;
    std::filesystem::remove(control_socket(gateway_->settings()), ignored);
}

asio::awaitable<Result<std::vector<std::string>>> App::reload(config::Settings settings) {
    auto next = gateway_->prepare(std::move(settings));
    if (!next) co_return tl::unexpected(next.error());
    auto now = clock_.now();
    auto needs_restart = next->needs_restart;
    std::optional<Change> change;
    auto work = [&](store::Connection& db) {
        change = note_configuration(db, next->settings, now);
        record_waiting_settings(db, next->needs_restart, now);
    };
    std::string why;
    try {
        co_await store_->run(std::ref(work));
    } catch (const store::SqlError& error) {
        why = error.what();
    }
    // Rules that no fact names must not decide anything.
    if (!why.empty()) co_return fail(Error::Kind::unavailable, "the store cannot write down the new configuration: " + why);
    if (change) tell(*change, next->settings.survey.mode);
    gateway_->take_over(std::move(*next));
    take(gateway_->settings());
    watch_->replace(watch::make_pushes(gateway_->settings().alarms, client_, clock_));
    co_return needs_restart;
}

// Writes, for a store that only reads takes no work.
asio::awaitable<void> App::touch_store() {
    auto now = clock_.now();
    auto work = [now](store::Connection& db) {
        store::Statement touch(db, "INSERT INTO meta(key, value) VALUES ('touched_at', ?1) ON CONFLICT (key) DO UPDATE SET value = excluded.value");
        touch.bind(1, std::to_string(to_millis(now))).run();
    };
    co_await store_->run(work);
}

asio::awaitable<admin::Readiness> App::readiness() {
    admin::Readiness out;
    out.reasons = gateway_->not_ready();
    out.notes = notes_;
    auto mode = gateway_->settings().survey.mode;
    if (mode == config::Mode::shadow) out.notes.push_back("mode = shadow: surveys wait, nobody is asked");
    if (mode == config::Mode::off) out.notes.push_back("mode = off: nobody is asked");
    try {
        co_await touch_store();
        std::vector<store::HeldFor> waiting;
        auto read = [&waiting](store::Connection& db) {
            waiting = store::read_held(db);
            return store::active_holds(db);
        };
        auto holds = co_await store_->run(std::ref(read));
        for (const auto& one : waiting) out.notes.push_back(fmt::format("{} held({})", one.messages, one.reason));
        for (const auto& hold : holds)
            out.notes.push_back("hold of " + hold.of + (hold.channel ? ", channel " + *hold.channel : "") + " since " + format_utc(hold.at) + ": " + hold.reason);
    } catch (const std::exception& error) {
        out.reasons.push_back(std::string("the store cannot write: ") + error.what());
    }
    co_return out;
}

}  // namespace pingjing
