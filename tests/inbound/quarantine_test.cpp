#include "daemon/inbound/quarantine_api.hpp"

#include <boost/json.hpp>

#include "daemon/desk/alarms.hpp"
#include "daemon/store/cases.hpp"
#include "daemon/store/erasure.hpp"
#include "daemon/store/inbox.hpp"
#include "daemon/store/ledger_check.hpp"
#include "daemon/store/phones.hpp"
#include "tests/flow/world.hpp"
#include "tests/support/run.hpp"

using namespace pingjing;
using namespace std::chrono_literals;

namespace {

const std::string morning = "2026-11-20T09:00:00+08:00", zhang = "13400000001", li = "13400000002";

struct Callbacks : test::World {
    using World::World;
    void unread(const std::string& body, const std::string& query = "") {
        store::HookCall call(body);
        call.query = query;
        run_for([&]() -> asio::awaitable<void> { co_await gateway().inbox().quarantine("main", call, "neither a receipt nor a reply"); });
    }
    // All of them, by a mapping that finds one text from this number.
    inbound::Reread reread(const std::string& from, const std::string& words) {
        inbound::Reread done;
        inbound::ReadAgain mapping = [&](const std::string&, const provider::Callback&) {
            provider::InboundText text;
            text.from = Phone::sender(from), text.text = Text(words);
            if (!sent.empty()) text.extension = sent[0].extension, text.to = "106900110" + text.extension;
            return Result<std::vector<provider::Inbound>>(std::vector<provider::Inbound>{text});
        };
        run_for([&]() -> asio::awaitable<void> { done = co_await gateway().inbox().reread(std::nullopt, mapping); });
        pass(3s);
        return done;
    }
    std::string alarms() { return value("SELECT count(*) FROM alarms"); }
    std::string classes() { return value("SELECT group_concat(class, ' ') FROM (SELECT class FROM inbound ORDER BY id)"); }
};

}  // namespace

TEST_CASE("the gateway reads callbacks that no mapping reads for a cry for help, and its own texts for none") {
    Callbacks w(morning);
    w.unread(R"({"phone":"13400000001","msg":"救命 有人要杀我"})");
    CHECK(w.alarms() == "1");
    w.unread(R"({"phone":"13400000001","msg":"救命 有人要杀我"})");
    CHECK(w.alarms() == "1");
    w.pass(31min);
    w.unread(R"({"phone":"13400000001","msg":"救命 有人要杀我"})");  // who still cries is heard again
    CHECK(w.alarms() == "2");
    // A receipt that quotes what was sent.
    for (const auto& [name, text] : w.settings().texts) w.unread("{\"phone\":\"13400000001\",\"msg\":\"" + text + "\"}");
    for (const auto& [language, texts] : w.settings().texts_of)
        for (const auto& [name, text] : texts) w.unread("phone=13400000001&msg=" + text);
    CHECK(w.alarms() == "2");
    CHECK(w.value("SELECT count(*) FROM inbound") == std::to_string(2 + w.settings().texts.size()));
    CHECK(w.books_balance());
}

TEST_CASE("nobody is opted out by a callback that nobody can read") {
    Callbacks w(morning);
    w.unread(R"({"mobile":"13400000001","content":"T"})");
    w.unread(R"({"mobile":"13400000001","content":"退订"})");
    w.unread("", "from=13400000001&text=TD");
    w.pass(3s);
    CHECK(w.value("SELECT count(*) FROM opt_outs") == "0");
    CHECK(w.alarms() == "0");
    CHECK(w.classes() == "quarantined quarantined quarantined");
}

TEST_CASE("a callback that the store refuses when it is read again stays, and those behind it are read") {
    Callbacks w(morning);
    w.call("A1", zhang);
    w.pass(2h + 1min);
    for (const char* body : {R"({"phone":"13400000001","msg":"2"})", R"({"phone":"13400000001","msg":"3"})"}) w.unread(body);
    w.exec("CREATE TRIGGER poison BEFORE UPDATE ON hook_bodies WHEN OLD.id = 1 BEGIN SELECT RAISE(ABORT, 'poison'); END");
    auto done = w.reread(zhang, "3");
    CHECK(done.callbacks == 2);
    CHECK(done.read == 1);
    CHECK(w.classes() == "quarantined quarantined rated");
    CHECK(w.books_balance());
    w.exec("DROP TRIGGER poison");
    CHECK(w.reread(zhang, "3").read == 1);
}

TEST_CASE("read again, a text counts as any other, and the desk does not hear the same cry twice") {
    Callbacks w(morning);
    w.call("A1", zhang);
    w.pass(2h + 1min);
    REQUIRE(w.surveys() == "1 accepted");
    SUBCASE("a rating") {
        w.unread(R"({"phone":"13400000001","msg":"3"})");
        w.pass(80h);  // the window is over when the mapping is mended; the answer was in time
        auto done = w.reread(zhang, "3");
        CHECK(done.read == 1);
        CHECK(done.texts == 1);
        CHECK(w.classes() == "quarantined rated");
        CHECK(w.reread(zhang, "3").callbacks == 0);
    }
    SUBCASE("a cry") {
        w.unread(R"({"phone":"13400000001","msg":"救命"})");
        REQUIRE(w.alarms() == "1");
        CHECK(w.reread(zhang, "救命").texts == 1);
        CHECK(w.alarms() == "1");
    }
    SUBCASE("a cry whose number nobody could read is raised again with it") {
        w.unread(R"({"msg":"救命"})");
        REQUIRE(w.alarms() == "1");
        w.reread(zhang, "救命");
        CHECK(w.alarms() == "2");
    }
    SUBCASE("a cry of somebody else, which was not found before") {
        w.unread(R"({"phone":"13400000001","msg":"救命"})");
        w.reread(li, "救命");
        CHECK(w.alarms() == "2");
    }
    CHECK(w.books_balance());
    w.store->run_now([](store::Connection& db) { CHECK(store::recompute(db).has_value()); });
}

TEST_CASE("of a list with one bad item the good ones count at once, and the bad one after the mapping is mended, each once") {
    Callbacks w(morning);
    w.call("A1", zhang), w.call("A2", li);
    w.pass(2h + 1min);
    REQUIRE(w.sent.size() == 2);
    auto mapping = [&](bool mended) {
        provider::CallbackRead read;
        for (const auto& [from, words] : {std::pair{zhang, "3"}, {li, "1"}}) {
            if (from == li && !mended) {
                read.left.push_back({provider::CallbackRead::Kind::unreadable, "item 2: a reply without a number", "{\"content\":\"1\"}"});
                continue;
            }
            provider::InboundText text;
            text.from = Phone::sender(from), text.text = Text(words), text.to = "106900110";
            for (const auto& one : w.sent)
                if (one.phone == from) text.extension = one.extension, text.to += one.extension;
            if (mended) text.key = "a key that it had not before " + from;
            read.inbound.emplace_back(text), read.places.push_back(from == zhang ? "/0" : "/1");
        }
        return read;
    };
    w.run_for([&]() -> asio::awaitable<void> {
        auto old_mapping = mapping(false);
        store::HookCall call(R"([{"m":"3"},{"content":"1"}])");
        co_await w.gateway().inbox().take_body("main", std::move(call), old_mapping);
    });
    w.pass(3s);
    CHECK(w.classes() == "rated quarantined");
    CHECK(w.value("SELECT count(*) FROM ratings") == "1");
    inbound::Reread done;
    inbound::ReadAgain again = [&](const std::string&, const provider::Callback&) { return Result<provider::CallbackRead>(mapping(true)); };
    for (int i = 0; i < 2; ++i) {
        w.run_for([&]() -> asio::awaitable<void> { done = co_await w.gateway().inbox().reread(std::nullopt, again); });
        w.pass(3s);
        CHECK(done.read == (i == 0 ? 1 : 0));
        CHECK(w.classes() == "rated quarantined rated");
        CHECK(w.value("SELECT count(*) FROM ratings") == "2");
    }
    CHECK(w.books_balance());
    w.store->run_now([](store::Connection& db) { CHECK(store::recompute(db).has_value()); });
}

TEST_CASE("quarantine over its routes: listed without words, shown to a person for a reason, read again where a daemon runs") {
    Callbacks w(morning);
    w.unread(R"({"phone":"13400000001","msg":"救命"})", "a=1");
    w.unread("\xC2\xFA\xD2\xE2");  // 满意 in GB18030
    http::Router router;
    http::Guard everyone = [](std::string, http::Handler handler) { return handler; };
    inbound::QuarantineParts parts{*w.store, store::read_on(*w.store), w.seal, w.clock, {}};
    inbound::add_quarantine_routes(router, everyone, parts);
    auto ask = [&](const std::string& method, const std::string& path, const std::string& body = "", const std::string& who = "") {
        http::Request request;
        request.method = method, request.path = request.target = path, request.body = body, request.asker.name = request.asker.who = who, request.trusted = true;
        http::Response response;
        w.run_for([&]() -> asio::awaitable<void> { response = co_await router.handle(std::move(request)); });
        return response;
    };
    auto listed = ask("GET", "/control/quarantine");
    auto rows = boost::json::parse(listed.body).at("callbacks").as_array();
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].at("alarm").as_bool());
    CHECK_FALSE(rows[1].at("alarm").as_bool());
    CHECK(rows[0].at("why").as_string() == "neither a receipt nor a reply");
    CHECK(rows[0].at("bytes").as_int64() > 40);
    CHECK(listed.body.find(zhang) == std::string::npos);
    CHECK(listed.body.find("救命") == std::string::npos);

    CHECK(ask("POST", "/control/quarantine/1/show", R"({"reason":"x"})").status == 403);
    CHECK(ask("POST", "/control/quarantine/1/show", "", "李四").status == 400);
    CHECK(ask("POST", "/control/quarantine/99/show", R"({"reason":"x"})", "李四").status == 404);
    CHECK(ask("POST", "/control/quarantine/x/show", R"({"reason":"x"})", "李四").status == 400);
    CHECK(w.value("SELECT count(*) FROM text_reveals") == "0");
    auto shown = boost::json::parse(ask("POST", "/control/quarantine/1/show", R"({"reason":"13400000009 问"})", "李四").body);
    CHECK(shown.at("query").as_string() == "a=1");
    CHECK(std::string(shown.at("body").as_string()).find(zhang) != std::string::npos);
    CHECK(shown.at("looks").as_array().at(0).at("who").as_string() == "李四");
    CHECK(shown.at("looks").as_array().at(0).at("reason").as_string() == "13400000009 问");
    // A body without a cry, whose row holds no text: the reason is kept as long as the body.
    auto plain = boost::json::parse(ask("POST", "/control/quarantine/2/show", R"({"reason":"看看"})", "李四").body);
    CHECK(plain.at("looks").as_array().at(0).at("reason").as_string() == "看看");
    CHECK(plain.at("body").as_string() == "满意");
    CHECK(w.value("SELECT count(*) FROM ledger WHERE kind = 'access' AND data LIKE '%\"what\":\"callback\"%' AND data NOT LIKE '%13400000009%'") == "2");

    CHECK(ask("POST", "/control/quarantine/reread").status == 409);
    http::Router with_daemon;
    parts.reread = [&](std::optional<std::string> channel) {
        inbound::ReadAgain nothing = [](const std::string&, const provider::Callback&) { return Result<std::vector<provider::Inbound>>(fail(Error::Kind::invalid_input, "still not")); };
        return w.gateway().inbox().reread(std::move(channel), std::move(nothing));
    };
    inbound::add_quarantine_routes(with_daemon, everyone, parts);
    router = std::move(with_daemon);
    CHECK(boost::json::parse(ask("POST", "/control/quarantine/reread").body).at("still_unread").as_int64() == 2);

    // Bodies and reasons go by age, and with the number that cried.
    w.store->run_now([&](store::Connection& db) {
        store::Limits limits;
        limits.texts = w.clock.now() + 1h;
        auto expired = store::find_expired(db, limits, store::Round::texts, store::Ids());
        store::erase_expired(db, expired, limits, w.clock.now());
    });
    CHECK(w.value("SELECT count(*) FROM hook_bodies WHERE length(body) > 0") == "0");
    CHECK(w.value("SELECT count(*) FROM text_reveals WHERE length(reason) > 0") == "0");
    CHECK(boost::json::parse(ask("GET", "/control/quarantine").body).at("callbacks").as_array().empty());
    w.store->run_now([](store::Connection& db) { CHECK(store::recompute(db).has_value()); });
}

TEST_CASE("a cry that is folded with others into one alarm goes with its number, and while the desk has not acknowledged the alarm it stays") {
    Callbacks w(morning);
    std::string body = "[";
    for (int i = 0; i < 30; ++i) body += fmt::format(R"({{"phone":"134000000{:02}","msg":"救命 {}号楼{}"}},)", i, i, i == 25 ? " 别回电话" : "");
    body.back() = ']';
    w.unread(body);
    REQUIRE(w.alarms() == "20");
    auto shown = [&] {
        std::string out;
        w.store->run_now([&](store::Connection& db) {
            for (const auto& row : desk::alarms_for_desk(db, w.seal, 100))
                if (row.alarm.phone.empty()) out = row.alarm.text.reveal();
        });
        return out;
    };
    auto forget = [&](const std::string& number) {
        std::string said;
        w.store->run_now([&](store::Connection& db) {
            auto named = store::find_named(db, w.seal, *Phone::mobile(number));
            REQUIRE(named);
            auto done = store::forget(db, w.seal, *named, {"control/li", "asked"}, w.clock.now());
            said = done ? fmt::format("forgotten, {} texts, {} numbers{}", done->texts, done->numbers, done->recognised_from ? ", held" : "") : done.error().detail;
        });
        return said;
    };
    CHECK(shown().find("13400000019: 救命 19号楼") != std::string::npos);
    CHECK(shown().find("13400000029: 救命 29号楼") != std::string::npos);
    for (const char* number : {"13400000000", "13400000020"}) CHECK(forget(number).starts_with("an emergency of this number is not acknowledged"));
    w.exec("UPDATE alarms SET acknowledged_at = 1, acknowledged_by = '1/x'");
    CHECK(forget("13400000020") == "forgotten, 1 texts, 1 numbers, held");
    CHECK(shown().find("20号楼") == std::string::npos);
    CHECK(shown().find("13400000020") == std::string::npos);
    CHECK(shown().find("13400000021: 救命 21号楼") != std::string::npos);
    // Who wants no texts is left alone, in whatever alarm he stands, and when its words are long gone.
    auto is_held = [&](store::Connection& db) {
        auto id = store::find_phone_id(db, w.seal.phone_key(*Phone::mobile("13400000025")));
        REQUIRE(id);
        CHECK(store::has_safety_hold(db, *id, 0, w.clock.now() - 1h));
    };
    w.store->run_now([&](store::Connection& db) {
        is_held(db);
        store::Limits limits;
        limits.texts = w.clock.now() + 1h;
        auto all = store::next_ids(db, store::Ids::lowest, 1'000'000);
        REQUIRE(all);
        for (auto round : {store::Round::texts, store::Round::numbers}) store::erase_expired(db, store::find_expired(db, limits, round, *all), limits, w.clock.now());
        is_held(db);
    });
    CHECK(shown().find("21号楼") == std::string::npos);
    CHECK(w.books_balance());
    w.store->run_now([](store::Connection& db) { CHECK(store::recompute(db).has_value()); });
}

TEST_CASE("who is forgotten takes no callback with him that nobody could read: others may have answered in it") {
    Callbacks w(morning);
    w.unread(R"([{"phone":"13400000001","msg":"救命"},{"phone":"13400000002","msg":"3"}])");
    REQUIRE(w.alarms() == "1");
    w.exec("UPDATE alarms SET acknowledged_at = 1, acknowledged_by = '1/x'");
    auto forget = [&] {
        Result<store::Erased> done = store::Erased();
        w.store->run_now([&](store::Connection& db) {
            auto named = store::find_named(db, w.seal, *Phone::mobile(zhang));
            done = named ? store::forget(db, w.seal, *named, {"control/li", "asked"}, w.clock.now()) : tl::unexpected(named.error());
        });
        return done;
    };
    auto done = forget();
    REQUIRE(done);
    CHECK(done->unread_callbacks == 1);
    CHECK(w.value("SELECT count(*) FROM hook_bodies WHERE length(body) > 0") == "1");
    CHECK(w.value("SELECT sum(length(text)) FROM inbound") == "0");
    w.reread(li, "3");
    CHECK(w.value("SELECT count(*) FROM hook_bodies WHERE understood = 1") == "1");
    CHECK(w.value("SELECT count(*) FROM inbound WHERE length(text) > 0") == "1");
}
