#include "daemon/desk/desk.hpp"

#include <doctest/doctest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "daemon/core/system_clock.hpp"
#include "daemon/desk/api.hpp"
#include "daemon/http/server.hpp"
#include "daemon/store/erasure.hpp"
#include "daemon/store/reveals.hpp"
#include "tests/desk/site.hpp"
#include "tests/support/temp_folder.hpp"

namespace pingjing::desk {
namespace {

// Says what came and when, and refuses what it was told to.
struct Listener final : Sink {
    explicit Listener(const Clock& c) : clock(c) {}
    asio::awaitable<Result<void>> deliver(Alarm alarm) override {
        if (slow) co_await sleep_for(slow_for);
        auto seconds = std::chrono::duration_cast<std::chrono::seconds>(clock.steady()).count();
        heard.push_back(fmt::format("{}@{}", alarm.id, seconds));
        last = alarm_json(alarm);
        if (throws) throw std::runtime_error("a sink with a bug");
        if (deaf_to.contains(alarm.id) || deaf) co_return fail(Error::Kind::unavailable, "deaf");
        co_return Result<void>();
    }
    std::string all() {
        auto out = fmt::format("{}", fmt::join(heard, " "));
        heard.clear();
        return out;
    }
    const Clock& clock;
    std::set<std::string> deaf_to{};
    bool deaf = false, throws = false, slow = false;
    Steady slow_for = std::chrono::seconds(8);
    std::vector<std::string> heard{};
    std::string last{};
};

struct Duty : Site {
    Listener* main = nullptr;
    Listener* chief = nullptr;
    std::optional<Desk> desk{};
    std::optional<TaskGroup> group{};

    explicit Duty(bool with_chief = true, bool reminds = true) {
        use_virtual_time(io, clock);
        auto ear = std::make_unique<Listener>(clock), second = std::make_unique<Listener>(clock);
        main = ear.get();
        if (with_chief) chief = second.get();
        else second.reset();
        desk.emplace(io.get_executor(), *store, seal, clock, std::move(ear), std::move(second), Patience{3min, 3min, reminds});
        group.emplace(io.get_executor(), [](const std::string& name, std::exception_ptr) { FAIL(name); });
        group->spawn("desk", desk->run());
    }
    ~Duty() {
        group->stop();
        run_virtual(io, [this] { return group->size() == 0; });
    }
    void until(Steady when) {
        Timer alarm_clock(io.get_executor());
        bool rang = false;
        alarm_clock.expires_after(when - clock.steady());
        alarm_clock.async_wait([&](boost::system::error_code) { rang = true; });
        run_virtual(io, [&] { return rang; });
    }
};

}  // namespace

TEST_CASE("desk: pauses are 1, 2, 5, 10, 20 and then always 30 seconds") {
    std::vector<long> pauses;
    for (int failures = 1; failures <= 8; ++failures) pauses.push_back(std::chrono::duration_cast<std::chrono::seconds>(retry_pause(failures)).count());
    CHECK(pauses == std::vector<long>{1, 2, 5, 10, 20, 30, 30, 30});
}

TEST_CASE("desk: an alarm arrives with number, text and case, and its receipt is written down") {
    Duty duty;
    duty.raise("a", "13900000001", "救命");
    duty.desk->wake();
    duty.until(0s);
    duty.until(1s);
    CHECK(duty.main->all() == "a@0");
    CHECK(duty.main->last == R"({"alarm_id":"a","at":"2026-11-20T19:00:00Z","phone":"13900000001","text":"救命","case_id":"R7","unit":"320302120000","do_not_contact":false})");
    CHECK(duty.value("SELECT received_at FROM alarms") == std::to_string(to_millis(night)));
    CHECK(duty.value("SELECT attempts FROM alarms") == "1");
    CHECK(duty.value("SELECT kind || ' ' || case_id || ' ' || data FROM ledger WHERE kind <> 'rows'") == R"(alarm_received 7 {"alarm":"a"})");
    duty.until(60s);
    CHECK(duty.main->all() == "");
}

TEST_CASE("desk: a sender who is no case of ours alarms as well, and so does a text whose words are gone") {
    Duty duty;
    duty.raise("a", "10086", "打人了,不要回电", false, false, true);
    duty.desk->wake();
    duty.until(1s);
    CHECK(duty.main->last == R"({"alarm_id":"a","at":"2026-11-20T19:00:00Z","phone":"10086","text":"打人了,不要回电","case_id":null,"unit":null,"do_not_contact":true})");
    duty.raise("b", "13900000001", "救命");
    duty.store->run_now([](store::Connection& db) { db.exec("UPDATE inbound SET text = x'0102', phone_id = 99 WHERE key = 'b'"); });
    duty.desk->wake();
    duty.until(2s);
    CHECK(duty.main->last.find(R"("alarm_id":"b")") != std::string::npos);
    CHECK(duty.main->last.find(R"("phone":"","text":"")") != std::string::npos);
}

TEST_CASE("desk: until it was received, an alarm comes again with the same id, and does not hold up the others") {
    Duty duty;
    duty.main->deaf_to = {"a"};
    duty.raise("a", "13900000001", "救命");
    duty.raise("b", "13900000002", "着火");
    duty.desk->wake();
    duty.until(110s);
    CHECK(duty.main->all() == "a@0 b@0 a@1 a@3 a@8 a@18 a@38 a@68 a@98");
    CHECK(duty.value("SELECT attempts FROM alarms WHERE id = 'a'") == "8");
    CHECK(duty.value("SELECT received_at FROM alarms WHERE id = 'a'") == "null");
    duty.main->deaf_to.clear();
    duty.until(170s);
    CHECK(duty.main->all() == "a@128");
    CHECK(duty.value("SELECT count(*) FROM ledger WHERE kind = 'alarm_received'") == "2");
}

TEST_CASE("desk: a slow desk gets its alarms side by side") {
    Duty duty;
    duty.main->slow = true;
    duty.raise("a", "13900000001", "救命");
    duty.raise("b", "13900000002", "着火");
    duty.desk->wake();
    duty.until(9s);
    CHECK(duty.main->all() == "a@8 b@8");
}

TEST_CASE("desk: what waits in the store at start is delivered, and a lost wake-up costs seconds") {
    Duty duty;
    duty.until(1s);
    duty.raise("a", "13900000001", "救命");
    duty.until(6s);
    CHECK(duty.main->all() == "a@5");
}

TEST_CASE("desk: a sink with a bug is a desk that did not hear") {
    Duty duty;
    duty.main->throws = true;
    duty.raise("a", "13900000001", "救命");
    duty.desk->wake();
    duty.until(2s);
    duty.main->throws = false;
    duty.until(4s);
    CHECK(duty.main->all() == "a@0 a@1 a@3");
}

TEST_CASE("desk: nobody acknowledged within three minutes of receipt: the chief hears of it, once, and until he has heard") {
    Duty duty;
    duty.chief->deaf = true;
    duty.until(10s);
    duty.raise("a", "13900000001", "救命");
    duty.raise("b", "13900000002", "着火");
    duty.desk->wake();
    duty.until(100s);
    duty.store->run_now([&](store::Connection& db) { REQUIRE(acknowledge(db, duty.seal, "b", "3/张三", Text(), duty.clock.now())); });
    duty.until(189s);
    CHECK(duty.chief->all() == "");
    duty.until(192s);
    CHECK(duty.chief->all() == "a@190 a@191");
    duty.chief->deaf = false;
    duty.until(372s);
    CHECK(duty.chief->all() == "a@193");
    CHECK(duty.main->all() == "a@10 b@10");
    CHECK(duty.value("SELECT escalated_at FROM alarms WHERE id = 'a'") == std::to_string(to_millis(night + 193s)));
    CHECK(duty.value("SELECT count(*) FROM ledger WHERE kind = 'alarm_escalated'") == "1");
}

TEST_CASE("desk: an alarm that the desk never received goes to the chief as well") {
    Duty duty;
    duty.main->deaf = true;
    duty.raise("a", "13900000001", "救命");
    duty.desk->wake();
    duty.until(185s);
    CHECK(duty.chief->all() == "a@180");
}

TEST_CASE("desk: what a person has acknowledged is pressed on nobody any more") {
    Duty duty;
    duty.main->deaf = true;
    duty.raise("a", "13900000001", "救命");
    duty.desk->wake();
    duty.until(2s);
    duty.store->run_now([&](store::Connection& db) { REQUIRE(acknowledge(db, duty.seal, "a", "3/张三", Text("派车了"), duty.clock.now())); });
    duty.until(600s);
    CHECK(duty.main->all() == "a@0 a@1 a@3");
    CHECK(duty.chief->all() == "");
}

TEST_CASE("desk: received is not acknowledged: everybody is told again, after twice as long each time, until somebody takes it") {
    Duty duty;
    duty.raise("a", "13900000001", "救命");
    duty.desk->wake();
    duty.until(2000s);
    CHECK(duty.chief->all() == "a@180 a@360 a@720 a@1440");  // 3 minutes after the escalation, then 6, then 12
    CHECK(duty.main->all() == "a@0 a@360 a@720 a@1440");
    CHECK(duty.value("SELECT count(*) FROM alarm_reminders") == "3");
    CHECK(duty.value("SELECT count(*) FROM ledger WHERE kind = 'alarm_escalated'") == "1");
    duty.store->run_now([&](store::Connection& db) { REQUIRE(acknowledge(db, duty.seal, "a", "3/张三", Text(), duty.clock.now())); });
    duty.until(20000s);
    CHECK(duty.chief->all() == "");
    CHECK(duty.main->all() == "");
}

TEST_CASE("desk: reminders come no more than an hour apart, and one that a single sink hears counts") {
    Unanswered a{"a", night, true, true, 9};
    CHECK(next_notice(a, {3min, 3min, true}, true).after == Steady(1h));
    CHECK(next_notice(a, {3min, 2h, true}, true).after == Steady(2h));  // whoever wants longer, gets it
    CHECK(next_notice({"a", night, true, false, 0}, {3min, 5min, true}, true).notice == Notice::escalation);
    CHECK(next_notice({"a", night, true, false, 0}, {3min, 5min, true}, false).notice == Notice::reminder);
    CHECK(next_notice({"a", night, true, false, 1}, {3min, 5min, true}, false).after == Steady(6min));
    Duty duty;
    duty.raise("a", "13900000001", "救命");
    duty.desk->wake();
    duty.until(200s);
    duty.chief->deaf = true;
    duty.main->all(), duty.chief->all();
    duty.until(500s);
    CHECK(duty.main->all() == "a@360");
    CHECK(duty.value("SELECT count(*) FROM alarm_reminders") == "1");
}

TEST_CASE("desk: without a chief the desk itself is told again, a log that nobody watches is not") {
    Duty duty(false);
    duty.raise("a", "13900000001", "救命");
    duty.desk->wake();
    duty.until(300s);
    CHECK(duty.main->all() == "a@0 a@180");
    CHECK(duty.value("SELECT escalated_at FROM alarms") == "null");
    Duty log(false, false);
    log.raise("a", "13900000001", "救命");
    log.desk->wake();
    log.until(9000s);
    CHECK(log.main->all() == "a@0");
}

TEST_CASE("desk: a clock that is set back delays no escalation") {
    Duty duty;
    duty.raise("a", "13900000001", "救命");
    duty.desk->wake();
    duty.until(100s);
    CHECK(duty.chief->all() == "");
    // The site's clock is set back by an hour: what nobody took is not forgotten for that hour.
    duty.store->run_now([](store::Connection& db) { db.exec("UPDATE alarms SET received_at = received_at + 3600000"); });
    duty.until(181s);
    CHECK(duty.chief->all() == "a@180");
}

TEST_CASE("desk: while the store is broken alarms go from memory, again until received") {
    Duty duty;
    duty.store->run_now([](store::Connection& db) { db.exec("ALTER TABLE alarms RENAME TO lost"); });
    duty.main->deaf = true;
    duty.desk->alarm_now(Alarm("m", night, Phone::sender("13900000001"), Text("救命")));
    duty.desk->alarm_now(Alarm("m", night, Phone::sender("13900000001"), Text("救命")));
    duty.until(2s);
    duty.main->deaf = false;
    duty.until(60s);
    CHECK(duty.main->all() == "m@0 m@1 m@3");
    // The store is back, and with it the row of the same text: the desk hears it twice rather than never.
    duty.store->run_now([](store::Connection& db) { db.exec("ALTER TABLE lost RENAME TO alarms"); });
    duty.raise("a", "13900000001", "救命");
    duty.until(70s);
    CHECK(duty.main->all().starts_with("a@"));
}

TEST_CASE("desk: stopping ends every delivery under way and leaves the rows as they are") {
    Duty duty;
    duty.main->deaf = true;
    duty.raise("a", "13900000001", "救命");
    duty.desk->wake();
    duty.until(5s);
    duty.group->stop();
    run_virtual(duty.io, [&] { return duty.group->size() == 0; });
    CHECK(duty.group->size() == 0);
    CHECK(duty.value("SELECT received_at FROM alarms") == "null");
    duty.desk->alarm_now(Alarm("late", night, Phone(), Text()));  // too late, and no task is left behind
}

TEST_CASE("desk: the whole way on the real clock, the store on its own thread, the desk behind a real server") {
    asio::io_context io;
    test::TempFolder folder;
    auto clock = system_clock();
    auto seal = store::Seal::from_seed(1);
    auto store = std::move(*store::Store::open(folder.path().string(), store::Store::Runner::own_thread));
    store->run_now([&](store::Connection& db) {
        for (int id = 1; id <= 3; ++id) {
            store::Statement in(db, "INSERT INTO inbound(id, channel, key, to_number, extension, text, received_at, step) VALUES (?1, 'c', ?2, '', '', ?3, 0, 'new')");
            in.bind(1, id).bind(2, std::to_string(id)).bind_blob(3, seal.seal("救命", fmt::format("inbound.text:{}", id))).run();
            store::Statement alarm(db, "INSERT INTO alarms(id, inbound_id, at, do_not_contact) VALUES (?1, ?2, ?3, 0)");
            alarm.bind(1, "al" + std::to_string(id)).bind(2, id).bind(3, clock->now()).run();
        }
    });
    std::vector<std::string> heard;
    http::Router router;
    auto receive = [&](http::Request request) -> asio::awaitable<http::Response> {
        heard.push_back(std::string(boost::json::parse(request.body).at("alarm_id").as_string()));
        http::Response response;
        response.status = heard.size() == 1 ? 503 : 204;  // the first knock is not answered
        co_return response;
    };
    router.add("POST", "/alarm", receive);
    http::ServerSettings anywhere;
    anywhere.listen = "127.0.0.1:0";
    http::Server server(io.get_executor(), anywhere, std::move(router));
    REQUIRE(server.open());
    server.start();

    http::Client client(io.get_executor());
    config::Desk settings;
    settings.kind = config::Desk::Kind::webhook;
    settings.url = "http://" + server.address() + "/alarm";
    Desk desk(io.get_executor(), *store, seal, *clock, make_sink(settings, client, *clock), nullptr, Patience{});
    TaskGroup group(io.get_executor(), [](const std::string& name, std::exception_ptr) { FAIL(name); });
    group.spawn("desk", desk.run());
    auto all_received = [&]() -> asio::awaitable<void> {
        auto count = [](store::Connection& db) {
            store::Statement read(db, "SELECT count(*) FROM alarms WHERE received_at IS NOT NULL");
            read.step();
            return read.integer(0);
        };
        while (co_await store->run(std::ref(count)) < 3) co_await sleep_for(10ms);
        group.stop();
        co_await group.join();
        co_await server.stop();
    };
    test::run(io, all_received());
    CHECK(heard.size() == 4);
    CHECK(std::set<std::string>(heard.begin(), heard.end()) == std::set<std::string>{"al1", "al2", "al3"});
}

namespace {

struct Window : Site {
    http::Router router{};
    std::vector<std::string> scopes{};
    Window() {
        auto guard = [this](std::string scope, http::Handler handler) {
            scopes.push_back(scope);
            return handler;
        };
        add_desk_routes(router, guard, {*store, seal, clock, {}});
    }
    http::Response ask(std::string method, std::string target, std::string who = "3/张三", std::string body = "", std::string badge = "") {
        http::Request request;
        request.body = std::move(body);
        request.method = std::move(method);
        request.target = std::move(target);
        request.asker.who = who, request.asker.name = who.substr(who.find('/') + 1), request.asker.badge = std::move(badge);
        request.headers.emplace_back("x-pingjing-who", std::move(who));
        return test::run(io, router.handle(std::move(request)));
    }
};

}  // namespace

TEST_CASE("GET /v1/desk shows numbers and words to the desk, and the ledger shows who looked") {
    Window window;
    CHECK(window.scopes == std::vector<std::string>(4, "desk,inspect"));
    CHECK(window.ask("GET", "/v1/desk").body == R"({"alarms":[]})");
    window.raise("a", "13900000001", "救命");
    window.store->run_now([](store::Connection& db) { record_received(db, "a", night); });
    window.clock.move_to(1min);
    window.raise("b", "1008611", "着火", false, false);
    auto answer = window.ask("GET", "/v1/desk");
    CHECK(answer.status == 200);
    auto body = boost::json::parse(answer.body);
    auto& alarms = body.at("alarms").as_array();
    REQUIRE(alarms.size() == 2);
    CHECK(boost::json::serialize(alarms[0]) ==
          R"({"alarm_id":"b","at":"2026-11-20T19:01:00Z","phone":"10****11","text":"着火","case_id":null,"unit":null,"do_not_contact":false,"attempts":0,"received_at":null,"escalated_at":null,"reminders":0,"acknowledged_at":null,"acknowledged_by":null,"words":null})");
    CHECK(alarms[1].at("phone") == "13900000001");
    CHECK(alarms[1].at("case_id") == "R7");
    CHECK(window.value("SELECT kind || ' ' || data FROM ledger ORDER BY seq DESC LIMIT 1") == R"(access {"what":"desk","alarms":2,"who":"3/张三"})");
    CHECK(window.value("SELECT count(*) FROM ledger WHERE data LIKE '%13900000001%'") == "0");
}

TEST_CASE("POST /v1/desk/ID/ack: the first stands, whoever comes later, an unknown alarm is a 404") {
    Window window;
    window.raise("a", "13900000001", "救命");
    window.clock.move_to(1min);
    auto first = window.ask("POST", "/v1/desk/a/ack");
    CHECK(first.status == 200);
    CHECK(first.body == R"({"alarm_id":"a","acknowledged_at":"2026-11-20T19:01:00Z","acknowledged_by":"3/张三"})");
    window.clock.move_to(2min);
    auto second = window.ask("POST", "/v1/desk/a/ack", "4/李四");
    CHECK(second.status == 200);
    CHECK(second.body == first.body);
    CHECK(window.value("SELECT count(*) FROM ledger WHERE kind = 'alarm_acknowledged'") == "1");
    CHECK(window.ask("POST", "/v1/desk/zz/ack").status == 404);
    auto shown = window.ask("GET", "/v1/desk");  // recent ones stay to be seen
    CHECK(shown.body.find(R"("acknowledged_by":"3/张三")") != std::string::npos);
}

TEST_CASE("a number that no sink carried is shown to a person for a reason, which is sealed and goes with the text") {
    Window window;
    window.raise("a", "13900000001", "救命");
    auto shown = boost::json::parse(window.ask("GET", "/v1/desk/a").body);
    CHECK(shown.at("phone") == "139****0001");
    CHECK(shown.at("text") == "救命");
    CHECK(window.ask("POST", "/v1/desk/a/reveal").status == 400);
    CHECK(window.ask("POST", "/v1/desk/a/reveal", "3/张三", R"({"reason":""})").status == 400);
    CHECK(window.ask("POST", "/v1/desk/zz/reveal", "3/张三", R"({"reason":"x"})").status == 404);
    auto seen = window.ask("POST", "/v1/desk/a/reveal", "3/张三", R"({"reason":"回拨 13900000001"})");
    CHECK(boost::json::parse(seen.body).at("phone") == "13900000001");
    CHECK(window.value("SELECT data FROM ledger WHERE kind = 'access' ORDER BY seq DESC LIMIT 1") ==
          R"({"what":"number","alarm":"a","who":"3/张三"})");
    CHECK(window.ask("POST", "/v1/desk/a/reveal", "4/", R"({"reason":"x"})").status == 403);  // a token that names nobody
    CHECK(window.value("SELECT count(*) FROM text_reveals") == "1");
    CHECK(window.value("SELECT count(*) FROM text_reveals WHERE instr(reason, '回拨') > 0") == "0");
    CHECK(window.value("SELECT count(*) FROM ledger WHERE data LIKE '%回拨%'") == "0");
    auto reveals = boost::json::parse(window.ask("GET", "/v1/desk/a").body).at("reveals");
    CHECK(boost::json::serialize(reveals.at(0)) == R"({"at":"2026-11-20T19:00:00Z","who":"3/张三","reason":"回拨 139****0001"})");
    window.store->run_now([](store::Connection& db) { record_escalated(db, "a", night); });
    CHECK(boost::json::parse(window.ask("GET", "/v1/desk/a").body).at("phone") == "13900000001");
    CHECK(window.ask("GET", "/v1/desk/zz").status == 404);
    // The text is forgotten, and with it what says whom it was about.
    window.store->run_now([&](store::Connection& db) {
        db.exec("UPDATE inbound SET step = 'done', class = 'unmatched'; UPDATE alarms SET acknowledged_at = 1, acknowledged_by = 'x'");
        auto named = store::find_named(db, window.seal, Phone::sender("13900000001"));
        REQUIRE(named);
        REQUIRE(store::forget(db, window.seal, *named, {"control", "asked"}, night));
    });
    CHECK(window.value("SELECT group_concat(length(reason)) FROM text_reveals") == "0");
    CHECK(window.ask("POST", "/v1/desk/a/reveal", "3/张三", R"({"reason":"回拨她"})").status == 200);  // words about what is gone do not outlive it
    CHECK(window.value("SELECT group_concat(length(reason)) FROM text_reveals") == "0,0");
}

TEST_CASE("the numbers of cries that are folded in one alarm are shown like the number of any other") {
    Window window;
    window.raise_folded("a", {"13900005019", "13900005020"});
    const std::string masked = "2 numbers\n139****5019: 救命\n139****5020: 救命";
    const std::string whole = "2 numbers\n13900005019: 救命\n13900005020: 救命";
    auto asked = [&](const char* target) { return boost::json::parse(window.ask("GET", target).body); };
    auto text = [&] { return std::string(asked("/v1/desk/a").at("text").as_string()); };
    auto listed = [&] { return std::string(asked("/v1/desk").at("alarms").at(0).at("text").as_string()); };
    CHECK(text() == masked);
    CHECK(listed() == masked);
    auto seen = window.ask("POST", "/v1/desk/a/reveal", "3/张三", R"({"reason":"回拨"})");
    CHECK(std::string(boost::json::parse(seen.body).at("text").as_string()) == whole);
    CHECK(window.value("SELECT count(*) FROM text_reveals") == "1");
    CHECK(listed() == masked);  // he saw them, not the desk
    window.store->run_now([&](store::Connection& db) {
        CHECK(waiting_alarms(db, window.seal).at(0).text.reveal() == whole);  // what a sink gets
        record_received(db, "a", night);
    });
    CHECK(text() == whole);
    CHECK(listed() == whole);
}

TEST_CASE("whoever was at the call of one of the callers neither sees nor takes the alarm that their cries are folded in") {
    Window window;
    window.raise_folded("a", {"13900005019", "13900005020"});
    window.store->run_now([&](store::Connection& db) {
        auto phone = store::keep_phone(db, window.seal, Phone::sender("13900005020"), window.clock.now());
        store::Statement add(db, "INSERT INTO cases(id, record, content_key, state, unit, officer, phone_id, category, source, linked_to, language, call_taker, "
                                 "reported_at, received_at, changed_at, kind, safety, flags) "
                                 "VALUES (8, 'R8', x'00', 'closed', '320302120000', '012345', ?1, '', '', '', '', '', 0, 0, 0, 'survey', 0, '')");
        add.bind(1, phone).run();
    });
    const std::string party = "012345", other = "054321";
    CHECK(window.ask("GET", "/v1/desk", "5/王杰", "", party).body == R"({"alarms":[]})");
    CHECK(window.ask("GET", "/v1/desk/a", "5/王杰", "", party).status == 404);
    CHECK(window.ask("POST", "/v1/desk/a/reveal", "5/王杰", R"({"reason":"x"})", party).status == 404);
    CHECK(window.ask("POST", "/v1/desk/a/ack", "5/王杰", "", party).status == 404);
    CHECK(window.value("SELECT acknowledged_at FROM alarms") == "null");
    CHECK(window.ask("GET", "/v1/desk/a", "6/李四", "", other).status == 200);
    CHECK(window.ask("POST", "/v1/desk/a/ack", "6/李四", "", other).status == 200);
}

TEST_CASE("what is said at the acknowledgement is sealed, stands once, and a broken body loses no acknowledgement") {
    Window window;
    window.raise("a", "13900000001", "救命");
    window.raise("b", "13900000002", "救命");
    CHECK(window.ask("POST", "/v1/desk/a/ack", "3/张三", R"({"words":"巡逻车已到"})").status == 200);
    CHECK(window.ask("POST", "/v1/desk/a/ack", "4/李四", R"({"words":"我来"})").body.find("3/张三") != std::string::npos);
    CHECK(boost::json::parse(window.ask("GET", "/v1/desk/a").body).at("words") == "巡逻车已到");
    CHECK(window.value("SELECT count(*) FROM alarm_words WHERE instr(words, '巡逻') > 0") == "0");
    auto broken = window.ask("POST", "/v1/desk/b/ack", "3/张三", R"({"word":)");
    CHECK(broken.status == 200);
    CHECK(broken.body.find("ignored") != std::string::npos);
    CHECK(window.value("SELECT acknowledged_by FROM alarms WHERE id = 'b'") == "3/张三");
    CHECK_THROWS_AS(window.store->run_now([](store::Connection& db) { db.exec("UPDATE alarms SET acknowledged_by = 'x' WHERE id = 'a'"); }), store::SqlError);
}

TEST_CASE("the desk's window is 503 while the store is broken") {
    Window window;
    window.store->run_now([](store::Connection& db) { db.exec("ALTER TABLE alarms RENAME TO lost"); });
    CHECK(window.ask("GET", "/v1/desk").status == 503);
    CHECK(window.ask("POST", "/v1/desk/a/ack").status == 503);
}

}  // namespace pingjing::desk
