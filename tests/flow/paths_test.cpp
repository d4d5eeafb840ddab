#include <boost/json/parse.hpp>

#include "daemon/async/task_group.hpp"
#include "daemon/admin/verify.hpp"
#include "daemon/nightly.hpp"
#include "daemon/store/erasure.hpp"
#include "daemon/store/outbox.hpp"
#include "daemon/watch/watch.hpp"
#include "tests/flow/world.hpp"

namespace pingjing::test {
namespace {

// The watch beside the gateway, with somebody on call who writes down what he hears.
struct OnCall {
    explicit OnCall(World& world) : w(world) { start(); }
    ~OnCall() { stop(); }
    void start() {
        tasks = std::make_unique<TaskGroup>(w.io.get_executor(), [](const std::string&, std::exception_ptr) { FAIL("the watch ended"); });
        watch::WatchWorld around{w.io.get_executor(), *w.store, store::read_on(*w.store), w.seal, w.clock, [this] { return watch::Site(w.gateway().settings()); }};
        around.channels = [this] {
            std::vector<watch::ChannelLook> out;
            for (const auto& c : w.gateway().dispatcher().status()) out.push_back({c.name, c.state, c.why});
            return out;
        };
        around.folders = [this] { return folders; };
        around.look_every = std::chrono::minutes(1), around.paths_every = std::chrono::minutes(30);
        watch::Push push = [this](std::string, std::string json) -> asio::awaitable<Result<void>> {
            if (deaf) co_return fail(Error::Kind::unavailable, "nobody there");
            auto v = boost::json::parse(json);
            auto name = std::string(v.at("alarm").as_string());
            if (name == "export_missing") co_return Result<void>();  // nobody exports here
            auto about = std::string(v.at("about").as_string());
            heard.push_back(std::string(v.at("state").as_string()) + " " + name + (about.empty() ? "" : " ") + about);
            for (const auto& s : w.sent) CHECK(json.find(s.phone) == std::string::npos);
            co_return Result<void>();
        };
        watching = std::make_unique<watch::Watch>(std::move(around), std::vector<watch::Push>{push});
        tasks->spawn("look", watching->run());
        tasks->spawn("tell", watching->tell());
        nightly = std::make_unique<Nightly>(store::read_on(*w.store), *w.store, w.seal, w.clock, [this]() -> const config::Settings& { return w.gateway().settings(); });
        if (sleeps_at_night) tasks->spawn("night", nightly->run());
    }
    void stop() {
        tasks->stop();
        w.run_for([this]() -> asio::awaitable<void> { co_await tasks->join(); });
    }
    std::string all() {
        std::string out;
        for (const auto& h : heard) out += h + "; ";
        return out;
    }

    World& w;
    bool deaf = false, sleeps_at_night = true;
    std::vector<std::string> heard;
    std::vector<watch::Finding> folders;
    std::unique_ptr<watch::Watch> watching;
    std::unique_ptr<Nightly> nightly;
    std::unique_ptr<TaskGroup> tasks;
};

void history(World& w, const std::string& prefix, int sent, int replies) {
    w.exec(fmt::format("INSERT INTO path_days VALUES ('main', '{}', '2026-11-01', {}, {}, {})", prefix, sent, sent, replies));
}

// Calls now, texts two hours later; every text has its report, every `answered`-th its answer (0: none).
void a_day_of(World& w, const std::string& prefix, int first, int calls, int answered, bool reports = true) {
    for (int i = first; i < first + calls; ++i) w.call(fmt::format("{}-{}", prefix, i), fmt::format("{}{:08}", prefix, i));
    auto before = w.sent.size();
    w.pass(std::chrono::hours(3));
    auto sent = w.sent;  // thanks come on top
    int n = 0;
    for (auto i = before; i < sent.size(); ++i) {
        if (sent[i].text.find(survey_words) == std::string::npos) continue;
        if (reports) w.receipt(sent[i].ref);
        if (answered > 0 && n++ % answered == 0) w.reply(sent[i].phone, "1", sent[i].extension);
    }
}

}  // namespace

TEST_CASE("a group of numbers whose answers stop coming is found, once, and is over when they come again") {
    World w("2026-11-20T08:00:00+08:00");
    history(w, "134", 1000, 200);
    history(w, "139", 1000, 200);
    OnCall on_call(w);
    a_day_of(w, "139", 0, 120, 4);
    a_day_of(w, "134", 0, 120, 0);
    CHECK(on_call.all() == "");  // they have not had their time
    w.pass(std::chrono::hours(13));
    CHECK(on_call.all() == "raised replies_silent main 134 移动; ");
    CHECK(w.value("SELECT sent || ' ' || receipts || ' ' || replies FROM path_days WHERE prefix = '134' AND day = '2026-11-20'") == "120 120 0");
    CHECK(w.value("SELECT sent || ' ' || receipts || ' ' || replies FROM path_days WHERE prefix = '139' AND day = '2026-11-20'") == "120 120 30");

    w.store->run_now([](store::Connection& db) {
        auto csv = reports::render_csv(reports::paths_report(db, "2026-11-20", "2026-11-20"));
        CHECK(csv.find("main,,,240,240,1,30,0.125,30") != std::string::npos);
        CHECK(csv.find("main,134,移动,120,120,1,0,0,15") != std::string::npos);
        CHECK_MESSAGE(csv.find("main,139,移动,120,120,1,30,0.25,15") != std::string::npos, csv);
    });

    // A restart repeats nothing; what lasts is said again.
    on_call.stop();
    on_call.start();
    w.pass(std::chrono::hours(2));
    CHECK(on_call.heard.size() == 1);
    w.pass(std::chrono::hours(3));
    CHECK(on_call.heard.size() == 2);
    CHECK(on_call.heard.back() == "still replies_silent main 134 移动");

    a_day_of(w, "134", 1000, 60, 3);
    w.pass(std::chrono::hours(1));
    CHECK(on_call.heard.back() == "cleared replies_silent main 134 移动");
    on_call.heard.clear();
    w.pass(std::chrono::hours(24));
    CHECK(on_call.all() == "");  // though the silence stands in the longer windows
    CHECK(w.value("SELECT count(*) FROM watch_alarms WHERE name = 'replies_silent'") == "0");
}

TEST_CASE("a whole channel that goes silent is one alarm, and its groups are not named beside it") {
    World w("2026-11-20T08:00:00+08:00");
    for (const char* prefix : {"134", "139"}) history(w, prefix, 1000, 300);
    OnCall on_call(w);
    w.pass(std::chrono::minutes(7));  // not all at the very moment of a look
    for (int i = 0; i < 80; ++i) w.call(fmt::format("139-{}", i), fmt::format("139{:08}", i));
    a_day_of(w, "134", 0, 80, 0, false);
    w.pass(std::chrono::hours(13));
    std::erase_if(on_call.heard, [](const std::string& h) { return h.starts_with("still"); });
    CHECK(on_call.all() == "raised receipts_silent main; raised replies_silent main; ");
}

TEST_CASE("a small group's quiet days alarm nobody") {
    World w("2026-11-20T08:00:00+08:00");
    history(w, "134", 1000, 200);
    OnCall on_call(w);
    a_day_of(w, "134", 0, 40, 0);
    w.pass(std::chrono::hours(48));
    CHECK(on_call.all() == "");
}

TEST_CASE("a file that is put aside is told at once, a folder that waits after some minutes, and both when they are over") {
    World w("2026-11-20T09:00:00+08:00");
    OnCall on_call(w);
    on_call.folders = {{"drop_file_refused", "calls.csv.bad", "no usable head row"}, {"drop_folder_waits", "", "cannot read the folder"}};
    w.pass(std::chrono::minutes(2));
    CHECK(on_call.all() == "raised drop_file_refused calls.csv.bad; ");
    w.pass(std::chrono::minutes(6));
    CHECK(on_call.all() == "raised drop_file_refused calls.csv.bad; raised drop_folder_waits; ");
    on_call.heard.clear();
    on_call.folders.clear();
    w.pass(std::chrono::minutes(5));
    CHECK(on_call.all() == "cleared drop_file_refused calls.csv.bad; cleared drop_folder_waits; ");
}

TEST_CASE("what nobody hears is pushed until somebody does, and an alarm that is over by then is told as such") {
    World w("2026-11-20T09:00:00+08:00");
    OnCall on_call(w);
    on_call.deaf = true;
    w.exec("INSERT INTO holds(id, of, at, reason) VALUES (1, 'clock', 0, 'test')");
    w.pass(std::chrono::minutes(10));
    on_call.deaf = false;
    w.pass(std::chrono::minutes(2));
    CHECK(on_call.all() == "raised clock_held; ");
    w.exec("UPDATE holds SET released_at = 1");
    w.pass(std::chrono::minutes(3));
    CHECK(on_call.all() == "raised clock_held; cleared clock_held; ");
}

TEST_CASE("what waits for a person, and a channel that refuses us, are alarms") {
    World w("2026-11-20T09:00:00+08:00");
    OnCall on_call(w);
    w.carrier().says = [](const Sent&, provider::Outcome) -> provider::Outcome { return provider::ChannelDown{provider::ChannelDown::auth, "401"}; };
    for (int i = 0; i < 40; ++i) w.call(std::to_string(i), fmt::format("134{:08}", i));
    w.pass(std::chrono::hours(3));
    CHECK(on_call.all() == "raised channel_refuses_us main; raised backlog; ");
    w.carrier().says = [](const Sent&, provider::Outcome) -> provider::Outcome { return provider::Permanent{provider::Permanent::content, "words"}; };
    w.pass(std::chrono::minutes(30));
    CHECK(w.surveys() == "40 held");
    CHECK(on_call.all() == "raised channel_refuses_us main; raised backlog; raised rows_held; cleared channel_refuses_us main; cleared backlog; ");
}

TEST_CASE("a store that does not hold is found at night, and it is over when somebody has seen that it holds again") {
    World w("2026-11-20T09:00:00+08:00");
    OnCall on_call(w);
    w.call("1", "13400000001");
    w.pass(std::chrono::hours(1));
    auto edit = [&](const char* sql) { store::Connection(w.store->path()).exec(sql); };  // past the daemon, as whoever has the file
    edit("UPDATE cases SET category = '0202'");
    w.pass(std::chrono::hours(10));
    CHECK(on_call.all() == "");
    w.pass(std::chrono::hours(5));
    CHECK(on_call.all() == "raised verify_failed; ");
    CHECK(w.value("SELECT detail FROM watch_alarms WHERE name = 'verify_failed'").find("cases") != std::string::npos);
    edit("UPDATE cases SET category = '0101'");
    w.pass(std::chrono::hours(2));
    CHECK(on_call.all() == "raised verify_failed; ");  // nobody has looked
    w.run_for([&]() -> asio::awaitable<void> { co_await on_call.nightly->verify(); });
    w.pass(std::chrono::minutes(3));
    CHECK(on_call.all() == "raised verify_failed; cleared verify_failed; ");
}

TEST_CASE("a night in which nobody verifies or signs is an alarm, and the next good one ends it") {
    World w("2026-11-20T09:00:00+08:00");
    OnCall on_call(w);
    w.call("1", "13400000001");
    w.pass(std::chrono::hours(26));
    CHECK(on_call.all() == "");
    on_call.stop();
    on_call.sleeps_at_night = false;
    on_call.start();
    w.call("2", "13400000002");
    w.pass(std::chrono::hours(2));
    CHECK(on_call.all() == "");
    w.pass(std::chrono::hours(2));
    CHECK(on_call.all() == "raised ledger_unsigned; ");
    w.pass(std::chrono::hours(24));
    std::erase_if(on_call.heard, [](const std::string& h) { return h.starts_with("still"); });
    CHECK(on_call.all() == "raised ledger_unsigned; raised verify_missing; ");
    w.run_for([&]() -> asio::awaitable<void> { co_await on_call.nightly->sign(); });
    w.run_for([&]() -> asio::awaitable<void> { co_await on_call.nightly->verify(); });
    w.pass(std::chrono::minutes(5));
    CHECK(on_call.all() == "raised ledger_unsigned; raised verify_missing; cleared ledger_unsigned; cleared verify_missing; ");
}

TEST_CASE("callbacks that nobody can read are an alarm of their channel until an hour after the last") {
    World w("2026-11-20T09:00:00+08:00");
    OnCall on_call(w);
    int n = 0;
    auto odd = [&] {
        auto body = fmt::format("{{\"new\":{}}}", ++n);
        w.run_for([&]() -> asio::awaitable<void> { co_await w.gateway().inbox().quarantine("main", body, "no field 'mobile'"); });
    };
    odd();
    w.pass(std::chrono::minutes(2));
    CHECK(on_call.all() == "raised callbacks_unreadable main; ");
    CHECK(w.value("SELECT detail FROM watch_alarms") == "1 within an hour");
    w.pass(std::chrono::minutes(50));
    odd();
    w.pass(std::chrono::minutes(50));
    CHECK(on_call.all() == "raised callbacks_unreadable main; ");
    w.pass(std::chrono::minutes(30));
    CHECK(on_call.all() == "raised callbacks_unreadable main; cleared callbacks_unreadable main; ");
}

TEST_CASE("without a key the ledger is unsigned, with one it is signed each hour") {
    World w("2026-11-20T09:00:00+08:00");
    w.call("1", "13400000001");
    w.store->run_now([&](store::Connection& db) {
        watch::Site site(w.settings());
        auto named = [&](bool signs, Instant now) {
            std::string out;
            for (const auto& f : watch::about_store(db, site, signs, now))
                if (f.name != "backlog") out += f.name + " " + f.detail + "; ";
            return out;
        };
        CHECK(named(false, w.clock.now()) == "ledger_unsigned there is no ledger.key in key_dir; ");
        CHECK(named(true, w.clock.now()) == "");
        CHECK(named(true, w.clock.now() + 3h + 1min) == "ledger_unsigned not since 2026-11-20T01:00:00Z; ");
    });
}

namespace {

// Two of staff with 134, one with 139; every day at ten.
Site canary_site(const std::string& more = "", Site site = {}) {
    static TempFolder lists;
    for (const char* name : {"staff.txt", "canaries.txt"}) {
        std::ofstream out(lists / name);
        out << "13400000101\n13400000102\n13900000103\n";
    }
    site.routes += fmt::format("[canary]\nphones = \"{}\"\nday = \"every\"\n{}\n[lists]\nstaff_phones = \"{}\"\n", (lists / "canaries.txt").string(), more, (lists / "staff.txt").string());
    return site;
}
std::unique_ptr<World> with_canaries(const std::string& start, const std::string& more = "", Site site = {}) {
    return std::make_unique<World>(start, canary_site(more, std::move(site)));
}
int canaries_to(const World& w, const std::string& phone) {
    return static_cast<int>(std::count_if(w.sent.begin(), w.sent.end(), [&](const Sent& s) { return s.phone == phone && s.text.find("通路测试") != std::string::npos; }));
}

}  // namespace

TEST_CASE("staff who agreed get one test text a day, a group that does not answer is an alarm, a late answer ends it") {
    auto world = with_canaries("2026-11-20T08:00:00+08:00");
    auto& w = *world;
    OnCall on_call(w);
    w.pass(std::chrono::minutes(119));
    CHECK(w.sent.empty());
    w.pass(std::chrono::minutes(10));
    REQUIRE(w.sent.size() == 3);
    CHECK(w.sent[0].extension == "00");
    for (const auto& s : w.sent) w.receipt(s.ref);
    w.reply("13400000101", "3 收到", "00");
    w.reply("13400000101", "再试", "00");
    w.pass(std::chrono::hours(3));
    CHECK(on_call.all() == "");
    w.pass(std::chrono::minutes(70));
    CHECK(on_call.all() == "raised canary_silent main 139 移动; ");
    CHECK(w.value("SELECT detail FROM watch_alarms") == "2026-11-20: 1 test texts, 1 reported, 0 refused, none answered");
    w.store->run_now([](store::Connection& db) {
        auto csv = reports::render_csv(reports::paths_report(db, "2026-11-20", "2026-11-20"));
        CHECK_MESSAGE(csv.find("main,134,移动,0,0,,0,,,2026-11-20,2,2,1") != std::string::npos, csv);
        CHECK_MESSAGE(csv.find("main,139,移动,0,0,,0,,,2026-11-20,1,1,0") != std::string::npos, csv);
    });

    w.reply("13900000103", "ok", "00");
    w.pass(std::chrono::minutes(2));
    CHECK(on_call.all() == "raised canary_silent main 139 移动; cleared canary_silent main 139 移动; ");
    CHECK(w.sent.size() == 3);  // nobody is thanked, and nobody asked what was meant
    CHECK(w.value("SELECT group_concat(class || ' ' || match, ', ') FROM inbound") == "unmatched canary, unmatched canary, unmatched canary");
    CHECK(w.value("SELECT count(*) FROM ratings") == "0");
    CHECK(w.value("SELECT count(*) FROM reviews") == "0");
    CHECK(w.value("SELECT count(*) FROM messages WHERE purpose = 'survey'") == "0");
    CHECK(w.books_balance());
    w.store->run_now([](store::Connection& db) { CHECK(admin::first_failures(admin::verify(db)) == ""); });
    w.pass(std::chrono::hours(24));
    CHECK(w.sent.size() == 6);
}

TEST_CASE("a clock that says it is tomorrow takes no test text away from today, nor from tomorrow") {
    auto world = with_canaries("2026-11-20T09:00:00+08:00");
    auto& w = *world;
    auto set_clock = [&](Millis by) {
        w.clock.jump(by);
        w.run_for([&]() -> asio::awaitable<void> { co_await w.gateway().look_at_clock(); });
    };
    set_clock(std::chrono::hours(24));
    w.pass(std::chrono::hours(2));
    CHECK(w.value("SELECT count(*) FROM canaries") == "0");
    set_clock(-std::chrono::hours(24));
    w.store->run_now([&](store::Connection& db) { store::release_holds(db, "clock", std::nullopt, "it is right", w.clock.now()); });
    w.pass(std::chrono::minutes(2));
    CHECK(w.sent.size() == 3);
    w.pass(std::chrono::hours(24));
    CHECK(w.sent.size() == 6);
}

TEST_CASE("a crash, a restart and a reload send no second test text") {
    auto world = with_canaries("2026-11-20T09:59:00+08:00");
    world->pass(std::chrono::minutes(2));
    REQUIRE(world->sent.size() == 3);
    auto again = world->crash();
    again->pass(std::chrono::hours(5));
    CHECK(again->sent.empty());
    CHECK(again->value("SELECT count(*) FROM canaries") == "3");
    CHECK_THROWS(again->exec("INSERT INTO canaries(message_id, channel, prefix, day, phone_id) SELECT message_id + 100, channel, prefix, day, phone_id FROM canaries LIMIT 1"));
    again->pass(std::chrono::hours(24));
    CHECK(again->sent.size() == 3);
}

TEST_CASE("a test text goes by the channel that it tries or not at all") {
    Site two;
    two.channels += "[[channel]]\nname = \"second\"\nprovider = \"simulated\"\nsource = \"106900111\"\nextension_digits = 2\n";
    two.routes = "[[route]]\nprefixes = [\"134\"]\nchannels = [\"main\", \"second\"]\n[[route]]\nprefixes = [\"139\"]\nchannels = [\"second\"]\n";
    auto world = with_canaries("2026-11-20T09:00:00+08:00", "", two);
    auto& w = *world;
    w.carrier().says = [](const Sent&, provider::Outcome) -> provider::Outcome { return provider::ChannelDown{provider::ChannelDown::auth, "401"}; };
    w.pass(std::chrono::hours(6));
    for (const auto& s : w.sent) CHECK((s.channel == "main" || s.channel == "second"));
    CHECK(w.value("SELECT group_concat(n, ', ') FROM (SELECT channel || ' ' || state || ' ' || count(*) AS n FROM messages WHERE purpose = 'canary' GROUP BY channel, state ORDER BY 1)") ==
          "main cancelled 2, second accepted 3");
    CHECK(canaries_to(w, "13900000103") == 1);
    w.store->run_now([](store::Connection& db) { CHECK(admin::first_failures(admin::verify(db)) == ""); });
}

TEST_CASE("who unsubscribes or is forgotten gets no test text, and what he wrote in danger is heard") {
    auto world = with_canaries("2026-11-20T09:59:00+08:00");
    auto& w = *world;
    w.pass(std::chrono::minutes(2));
    w.reply("13400000101", "退订", "00");
    w.reply("13400000102", "救命", "00");
    CHECK(w.value("SELECT count(*) FROM alarms") == "1");
    w.exec("UPDATE alarms SET acknowledged_at = 1, received_at = 1");
    w.store->run_now([&](store::Connection& db) {
        auto named = store::find_named(db, w.seal, *Phone::mobile("13900000103"));
        REQUIRE(named);
        REQUIRE(store::forget(db, w.seal, *named, {"control", "asked"}, w.clock.now()));
    });
    w.pass(std::chrono::hours(3));
    CHECK(w.value("SELECT count(*) FROM phones WHERE length(sealed) = 0") == "1");  // and nobody sealed it again
    w.pass(std::chrono::hours(24));
    CHECK(canaries_to(w, "13400000101") == 1);
    CHECK(canaries_to(w, "13400000102") == 2);
}

TEST_CASE("a test text planned on a day that was wrong is not sent on the right one, which has its own") {
    auto world = with_canaries("2026-11-20T09:59:00+08:00");
    auto& w = *world;
    w.store->run_now([&](store::Connection& db) { store::place_hold(db, "stop", std::nullopt, "a test", w.clock.now()); });
    w.pass(std::chrono::minutes(2));
    w.exec("UPDATE canaries SET day = '2038-11-20'");  // as if the clock had stood there
    w.pass(std::chrono::minutes(2));
    w.exec("UPDATE holds SET released_at = 1");
    w.pass(std::chrono::minutes(5));
    CHECK(w.sent.size() == 3);
    CHECK(w.value("SELECT count(*) FROM canaries c JOIN messages m ON m.id = c.message_id WHERE c.day = '2038-11-20' AND m.state = 'cancelled'") == "3");
}

TEST_CASE("test texts stop with everything else, and wait for nobody in a shadow") {
    for (const char* survey : {"", "mode = \"shadow\"\n"}) {
        Site site;
        site.survey = survey;
        auto world = with_canaries("2026-11-20T09:00:00+08:00", "", site);
        if (!*survey) world->store->run_now([&](store::Connection& db) { store::place_hold(db, "stop", std::nullopt, "a test", world->clock.now()); });
        world->pass(std::chrono::hours(6));
        CHECK(world->sent.empty());
        world->exec("UPDATE holds SET released_at = 1");
        world->pass(std::chrono::hours(3));
        CHECK(world->sent.empty());
        CHECK(world->value("SELECT count(*) FROM canaries c JOIN messages m ON m.id = c.message_id WHERE m.attempt > 0") == "0");
    }
}

TEST_CASE("who unsubscribes while his test text waits does not get it") {
    auto world = with_canaries("2026-11-20T09:59:00+08:00");
    auto& w = *world;
    w.store->run_now([&](store::Connection& db) { store::place_hold(db, "stop", std::nullopt, "a test", w.clock.now()); });
    w.pass(std::chrono::minutes(2));
    REQUIRE(w.value("SELECT count(*) FROM messages WHERE purpose = 'canary' AND state = 'due'") == "3");
    w.reply("13400000101", "退订");
    w.exec("UPDATE holds SET released_at = 1");
    w.pass(std::chrono::minutes(5));
    CHECK(canaries_to(w, "13400000101") == 0);
    CHECK(canaries_to(w, "13400000102") == 1);
}

TEST_CASE("no test text leaves after the last of the opening hours") {
    auto world = with_canaries("2026-11-20T20:20:00+08:00", "at = \"20:30\"");
    auto& w = *world;
    w.store->run_now([&](store::Connection& db) { store::place_hold(db, "stop", std::nullopt, "a test", w.clock.now()); });
    w.pass(std::chrono::minutes(60));
    w.exec("UPDATE holds SET released_at = 1");
    w.pass(std::chrono::minutes(90));
    CHECK(w.sent.empty());
    // Nor is it made up for then, after a night shift's restart.
    auto late = with_canaries("2026-11-20T22:00:00+08:00", "at = \"20:30\"");
    late->pass(std::chrono::minutes(90));
    CHECK(late->sent.empty());
}

TEST_CASE("an answer to a test text is never taken for the rating of a survey from before he was on the list") {
    World w("2026-11-20T08:00:00+08:00");
    w.call("1", "13400000101");
    w.pass(std::chrono::hours(4));
    REQUIRE(w.texted(survey_words, "13400000101") == 1);
    World listed(w.clock.now(), canary_site("at = \"13:00\""), &w);
    listed.pass(std::chrono::hours(2));
    CHECK(canaries_to(listed, "13400000102") == 1);
    CHECK(canaries_to(listed, "13400000101") == 0);  // what he writes may be about his own call
    listed.reply("13400000101", "1", "00");
    CHECK(listed.value("SELECT class || ' ' || match FROM inbound") == "rated slot");
}

TEST_CASE("a rating that may be of several surveys goes to a person also where he got a test text before") {
    auto staff = with_canaries("2026-11-20T09:59:00+08:00");
    staff->pass(std::chrono::minutes(5));
    REQUIRE(canaries_to(*staff, "13400000101") == 1);
    World w(staff->clock.now(), {}, staff.get());  // he left the service
    w.call("1", "13400000101");
    w.pass(std::chrono::hours(25));
    w.call("2", "13400000101");
    w.pass(std::chrono::hours(4));
    REQUIRE(w.texted(survey_words, "13400000101") == 2);
    w.reply("13400000101", "3");
    CHECK(w.value("SELECT class || ' ' || match FROM inbound") == "unmatched several");
    CHECK(w.value("SELECT kind FROM reviews") == "several_open");
}

}  // namespace pingjing::test
