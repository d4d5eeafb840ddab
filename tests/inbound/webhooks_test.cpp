#include "daemon/inbound/webhooks.hpp"

#include "daemon/store/inbox.hpp"
#include "daemon/store/ratings.hpp"
#include "tests/outbox/desk_drawer.hpp"

using namespace pingjing;
using test::Drawer;

namespace {

// "from text", or nothing that can be read.
struct Vendor final : provider::Provider {
    const provider::Abilities& abilities() const override { return able; }
    asio::awaitable<provider::Outcome> submit(provider::Submission) override { co_return provider::Accepted{}; }
    std::string describe() const override { return "test"; }
    Result<provider::CallbackRead> read_callback(const provider::Callback& c) const override {
        if (stumbles) throw std::runtime_error("out of range");
        if (deaf) return std::vector<provider::Inbound>{};
        if (blind) return fail(Error::Kind::invalid_input, "the mapping does not fit");
        auto raw = c.body.empty() ? c.query : c.body;
        if (raw.find('\n') != std::string::npos) return lines(raw);
        if (raw.starts_with("event ")) {
            provider::CallbackRead read;
            read.left.push_back({ignores ? provider::CallbackRead::Kind::on_purpose : provider::CallbackRead::Kind::unnamed, "an event", ""});
            return read;
        }
        auto space = raw.find(' ');
        if (space == std::string::npos) return fail(Error::Kind::invalid_input, "no blank");
        provider::InboundText in;
        in.from = Phone::sender(raw.substr(0, space)), in.text = Text(raw.substr(space + 1)), in.key = raw;
        return std::vector<provider::Inbound>{in};
    }
    // Each line an item; without a blank it cannot be read, unless the mapping was mended: then a '/' parts number and text as well.
    provider::CallbackRead lines(std::string_view raw) const {
        provider::CallbackRead read;
        for (int n = 1; !raw.empty(); ++n) {
            std::string line(raw.substr(0, raw.find('\n')));
            raw.remove_prefix(std::min(raw.size(), line.size() + 1));
            if (line.starts_with("status ")) {  // a receipt with a status that the mapping does not name
                provider::Receipt receipt;
                receipt.vendor_id = receipt.key = line.substr(7, 3);
                read.inbound.emplace_back(receipt), read.places.push_back(fmt::format("/{}", n));
                read.left.push_back({provider::CallbackRead::Kind::unnamed_state, fmt::format("item {}: a status", n), line.substr(11)});
                continue;
            }
            if (line.starts_with("beside ")) {  // words that no field takes
                read.left.push_back({provider::CallbackRead::Kind::beside, "words beside", line.substr(7)});
                continue;
            }
            auto part = line.find_first_of(mended ? " /" : " ");
            if (part == std::string::npos) {
                read.left.push_back({provider::CallbackRead::Kind::unreadable, fmt::format("item {}: no blank", n), line});
                continue;
            }
            provider::InboundText in;
            in.from = Phone::sender(line.substr(0, part)), in.text = Text(line.substr(part + 1));
            if (keys) in.key = line;
            if (mended) in.at = test::noon;  // a mended mapping may give another key
            read.inbound.emplace_back(in), read.places.push_back(fmt::format("/{}", n));
        }
        return read;
    }
    provider::CallbackAnswer answer_to(const provider::Callback&, bool understood) const override { return {200, "text/plain", understood ? "0" : "1"}; }
    provider::Abilities able;
    bool blind = false, deaf = false, stumbles = false, ignores = false, mended = false, keys = true;
};

struct Door : Drawer {
    Vendor vendor;
    VirtualClock clock{test::noon};
    std::vector<std::string> unkept;
    int read_at_the_door = 0;
    inbound::Inbox inbox;
    http::Router router;
    int woken = 0;  // the desk was

    Door() : inbox(io.get_executor(), *store, seal, clock, hints()) {
        auto hooks = std::make_shared<const std::map<std::string, inbound::Hook>>(std::map<std::string, inbound::Hook>{
            {"main", {&vendor, {"first-secret", "second-secret"}}}, {"other", {&vendor, {"others-secret"}}}, {"closed", {&vendor, {}}}});
        inbound::add_hooks(router, inbox, [hooks] { return hooks; });
    }
    inbound::Hints hints() {
        inbound::Hints h;
        h.read = [this] { return ++read_at_the_door, nullptr; };
        h.unkept = [this](const std::string& channel, const provider::InboundText& t) { unkept.push_back(channel + " " + t.text.reveal()); };
        h.lookout.read = [](std::string_view text) { return inbound::Danger{text.find("救命") != text.npos, text.find("别回") != text.npos}; };
        h.lookout.random = &random, h.lookout.alarms = [this] { ++woken; };
        h.lookout.unkept = [this](const store::Cry& cry) { unkept.push_back((cry.from ? cry.from->reveal() : "nobody") + " " + cry.words.reveal()); };
        return h;
    }
    http::Response ask(const std::string& target, const std::string& body = "", const std::string& method = "POST", std::vector<std::pair<std::string, std::string>> headers = {}) {
        http::Request request;
        request.headers = std::move(headers);
        request.method = method, request.target = target, request.body = body;
        auto mark = target.find('?');
        if (mark != std::string::npos) request.query = target.substr(mark + 1);
        return test::run(io, router.handle(std::move(request)));
    }
    std::string kept() { return value("SELECT count(*) FROM inbound"); }
    std::string quarantined() { return value("SELECT count(*) FROM inbound WHERE class = 'quarantined'"); }
    store::QuarantinedCall opened(std::int64_t id) {
        Result<store::QuarantinedCall> call = fail(Error::Kind::not_found, "");
        store->run_now([&](store::Connection& db) { call = store::open_quarantined(db, seal, id); });
        REQUIRE(call);
        return std::move(*call);
    }
    // By channel and why, of all that waits.
    std::string listed() {
        std::string out;
        store->run_now([&](store::Connection& db) {
            for (const auto& row : store::find_quarantined(db, std::nullopt, 0, 100)) out += (out.empty() ? "" : " | ") + row.why + (row.alarm ? " !" : "");
        });
        return out;
    }
    std::string words_of(std::int64_t row) {
        auto words = seal.open(value(fmt::format("SELECT text FROM inbound WHERE id = {}", row).c_str()), store::inbound_text_context(row));
        return words ? *words : "";
    }
    // "callbacks read texts repeated"
    std::string reread(std::optional<std::string> channel = std::nullopt) {
        auto hooks = std::make_shared<const inbound::Hooks>(inbound::Hooks{{"main", {&vendor, {}}}});
        auto done = test::run(io, inbox.reread(std::move(channel), inbound::read_again([hooks] { return hooks; })));
        return fmt::format("{} {} {} {}", done.callbacks, done.read, done.texts, done.repeated);
    }
};

}  // namespace

TEST_CASE("who knows the secret of the channel is heard, and answered in the vendor's form, nobody else learns anything") {
    Door d;
    CHECK(d.ask("/v1/hooks/main/first-secret", "13812345678 1").body == "0");
    CHECK(d.ask("/v1/hooks/main/second-secret/mo", "13812345678 2").body == "0");
    CHECK(d.kept() == "2");
    auto stranger = d.ask("/v1/hooks/nobody/first-secret", "13812345678 3");
    CHECK(stranger.status == 404);
    CHECK(d.ask("/v1/hooks/main/first-secret", "13812345678 3", "HEAD").status == 405);  // a proxy that looks whether something is there
    CHECK(d.ask("/v1/hooks/main/first-secre", "", "HEAD").status == 404);
    CHECK(d.kept() == "2");
    for (const char* path : {"/v1/hooks/main/others-secret", "/v1/hooks/main/first-secre", "/v1/hooks/main/first-secret1", "/v1/hooks/other/first-secret", "/v1/hooks/closed/x"}) {
        auto answer = d.ask(path, "13812345678 3");
        CHECK(answer.status == 404);
        CHECK(answer.body == stranger.body);
    }
    CHECK(d.kept() == "2");
}

TEST_CASE("a repetition is answered as the first was, what cannot be read is kept for a person") {
    Door d;
    for (int i = 0; i < 3; ++i) CHECK(d.ask("/v1/hooks/main/first-secret", "13812345678 1").body == "0");
    CHECK(d.kept() == "1");
    for (int i = 0; i < 3; ++i) CHECK(d.ask("/v1/hooks/main/first-secret", "nonsense").body == "1");
    CHECK(d.value("SELECT count(*) FROM inbound WHERE class = 'quarantined'") == "1");
}

TEST_CASE("where the store cannot write the carrier hears 503 and nothing else, and whoever is in danger is heard all the same") {
    Door d;
    d.store->run_now([](store::Connection& db) { db.exec("CREATE TRIGGER broken BEFORE INSERT ON inbound BEGIN SELECT RAISE(ABORT, 'disk full'); END"); });
    auto answer = d.ask("/v1/hooks/main/first-secret", "13812345678 救命");
    CHECK(answer.status == 503);
    CHECK(answer.body.empty());  // it could reach the citizen as an SMS
    REQUIRE(d.unkept.size() == 1);
    CHECK(d.unkept[0] == "main 救命");
    CHECK(d.ask("/v1/hooks/main/first-secret", "nonsense").status == 503);
    d.store->run_now([](store::Connection& db) { db.exec("DROP TRIGGER broken"); });
    CHECK(d.ask("/v1/hooks/main/first-secret", "13812345678 救命").status == 200);
    CHECK(d.kept() == "1");
}

TEST_CASE("a piece of a long text is read for a cry for help when it comes, and not again where it completes the text") {
    Door d;
    auto hear = [&](int number, const std::string& words) {
        provider::InboundText piece;
        piece.from = Phone::sender("13812345678"), piece.to = "106900110", piece.text = Text(words);
        piece.part = provider::TextPart{.group = "udh 5", .number = number, .total = 2, .octets = words, .charset = "UTF-8"};
        std::vector<provider::Inbound> all{piece};
        test::run(d.io, d.inbox.take("main", std::move(all)));
    };
    hear(1, "救命");
    CHECK(d.unkept == std::vector<std::string>{"main 救命"});
    hear(1, "救命");
    CHECK(d.unkept.size() == 1);  // repeated by the carrier
    CHECK(d.kept() == "0");
    hear(2, "快来");
    CHECK(d.unkept.size() == 1);  // the whole is read in its turn
    CHECK(d.kept() == "1");
}

TEST_CASE("a vendor that pushes the same again leaves no second body behind") {
    Door d;
    for (int i = 0; i < 5; ++i) CHECK(d.ask("/v1/hooks/main/first-secret", "13812345678 1").body == "0");
    CHECK(d.kept() == "1");
    CHECK(d.value("SELECT count(*) FROM hook_bodies") == "1");
    CHECK(d.value("SELECT count(*) FROM inbound i JOIN hook_bodies b ON b.id = i.body_id") == "1");
    d.ask("/v1/hooks/main/first-secret", "13812345678 3");
    CHECK(d.value("SELECT count(*) FROM inbound i JOIN hook_bodies b ON b.id = i.body_id") == "2");
}

TEST_CASE("a delivery of thousands of texts is kept and answered, and read in its turn: the loop belongs to everybody") {
    Door d;
    int pushed = 0;
    for (auto [texts, read] : {std::pair{64, 1}, {513, 2}, {3000, 3}, {1, 4}}) {
        CAPTURE(texts);
        std::vector<provider::Inbound> delivery;
        for (int i = 0; i < texts; ++i) {
            provider::InboundText text;
            text.from = Phone::sender("13812345678"), text.text = Text("1"), text.key = fmt::format("k{}", ++pushed);
            delivery.push_back(text);
        }
        test::run(d.io, d.inbox.take("main", delivery));
        CHECK(d.read_at_the_door == read);
        CHECK(d.kept() == std::to_string(pushed));
    }
}

TEST_CASE("hundreds of texts of one delivery are read before they are kept, others have their turn between them, and what is behind those is kept first") {
    struct Slow final : store::ReadTexts {
        explicit Slow(int& r) : texts(r) {}
        void read(const store::NewText&) override { ++texts; }
        void begin(store::Connection&) override {}
        Kept keep(store::Connection&, std::size_t n, std::string_view, const store::NewText&, const std::optional<std::int64_t>&, Instant) override {
            CHECK(n < 512);
            return Kept::settled;
        }
        void kept() override {}
        int& texts;
    };
    Drawer d;
    VirtualClock clock{test::noon};
    int texts = 0;
    inbound::Hints hints;
    hints.read = [&] { return std::make_unique<Slow>(texts); };
    inbound::Inbox inbox(d.io.get_executor(), *d.store, d.seal, clock, std::move(hints));
    std::vector<provider::Inbound> delivery(700, provider::InboundText{});
    int turns = 0;
    std::vector<int> seen;
    std::function<void()> other = [&] {
        seen.push_back(texts);
        if (++turns < 20) asio::post(d.io, other);
    };
    asio::post(d.io, other);
    test::run(d.io, inbox.take("main", delivery));
    CHECK(texts == 512);
    CHECK(d.value("SELECT count(*) FROM inbound WHERE step = 'new'") == "188");
    for (int piece : {64, 128, 192, 256}) CHECK(std::ranges::find(seen, piece) != seen.end());
}

TEST_CASE("callbacks that differ in their query or path alone are two, and a repetition of either is none") {
    Door d;
    const std::string hook = "/v1/hooks/main/first-secret";
    struct { std::string target, body, method; } different[] = {
        {hook + "/mo?a=1", "", "GET"}, {hook + "/mo?a=2", "", "GET"}, {hook + "/dlr?a=1", "", "GET"}, {hook + "?a=1", "", "GET"}, {hook + "?a=1", "", "POST"},
        {hook + "?a=1", "nonsense", "POST"}, {hook + "?a=2", "nonsense", "POST"}, {hook, "nonsense", "POST"}, {hook + "/mo", "nonsense", "POST"}, {hook, "", "POST"},
    };
    for (int round = 0; round < 3; ++round) {
        for (const auto& one : different) CHECK(d.ask(one.target, one.body, one.method, {{"User-Agent", fmt::format("try {}", round)}}).body == "1");
        CHECK(d.quarantined() == std::to_string(std::size(different)));
        CHECK(d.value("SELECT count(*) FROM hook_bodies") == std::to_string(std::size(different)));
    }
    CHECK(d.everything().find("a=1") == std::string::npos);
}

TEST_CASE("what was kept of a callback is what reading it again needs, readable or not") {
    Door d;
    for (bool blind : {true, false}) {
        d.vendor.blind = blind;
        d.ask("/v1/hooks/main/first-secret/mo?13812345678+%31 1", std::string("a body\0\xFF 7:", 11), "POST",
              {{"Content-Type", "application/json"}, {"Host", "x"}, {"X-Signature", "00ff"}, {"Authorization", "Basic secret"}, {"Content-Length", "11"}});
        auto kept = d.opened(blind ? 1 : 2);
        CHECK_FALSE(kept.query_or_body);
        CHECK(kept.call.method == "POST");
        CHECK(kept.call.path == "mo");
        CHECK(kept.call.query == "13812345678+%31 1");
        CHECK(kept.call.content_type == "application/json");
        CHECK(kept.call.body == std::string("a body\0\xFF 7:", 11));
        CHECK(kept.call.headers == std::vector<std::pair<std::string, std::string>>{{"X-Signature", "00ff"}});
    }
    CHECK(d.quarantined() == "1");
}

TEST_CASE("a cry for help in a callback that nobody can read is an alarm of the same commit, once, with its number") {
    Door d;
    d.vendor.blind = true;
    for (int i = 0; i < 3; ++i) CHECK(d.ask("/v1/hooks/main/first-secret/mo?from=13812345678&text=%E6%95%91%E5%91%BD", "", "GET").status == 200);
    CHECK(d.value("SELECT count(*) FROM alarms") == "1");
    CHECK(d.woken == 1);
    CHECK(d.value("SELECT i.class || ' ' || (i.phone_id = 1) || ' ' || a.do_not_contact || ' ' || coalesce(a.case_id, 0) FROM alarms a JOIN inbound i ON i.id = a.inbound_id") == "quarantined 1 0 1");
    CHECK(d.everything().find("救命") == std::string::npos);
    auto words = d.value("SELECT text FROM inbound");
    CHECK(d.seal.open(words, store::inbound_text_context(1))->starts_with("救命\n〔"));
    // Without a number the alarm says so; of two people each has his own.
    d.ask("/v1/hooks/main/first-secret", R"({"text":"救命,别回电话"})");
    CHECK(d.value("SELECT count(*) FROM alarms a JOIN inbound i ON i.id = a.inbound_id WHERE i.phone_id IS NULL AND a.do_not_contact = 1") == "1");
    CHECK(d.seal.open(d.value("SELECT text FROM inbound WHERE id = 2"), store::inbound_text_context(2))->find("no number could be read") != std::string::npos);
    d.ask("/v1/hooks/main/first-secret", R"([{"mobile":"13900000001","text":"救命1"},{"mobile":"13900000002","text":"救命2"}])");
    CHECK(d.value("SELECT count(DISTINCT i.phone_id) FROM alarms a JOIN inbound i ON i.id = a.inbound_id WHERE i.body_id = 3") == "2");
    CHECK(d.woken == 3);
    CHECK(d.unkept.empty());
}

TEST_CASE("a cry for help in a callback of which the mapping wants nothing is heard as well, and a ping is none") {
    Door d;
    d.vendor.deaf = true;
    CHECK(d.ask("/v1/hooks/main/first-secret", R"({"event":"ping"})").body == "0");
    CHECK(d.kept() == "0");
    for (int i = 0; i < 2; ++i) CHECK(d.ask("/v1/hooks/main/first-secret", R"({"event":"reply_v2","mobile":"13812345678","text":"救命"})").body == "0");
    CHECK(d.quarantined() == "1");
    CHECK(d.value("SELECT count(*) FROM alarms") == "1");
    CHECK(d.reread() == "1 0 0 0");  // it still wants nothing of it
    d.store->run_now([](store::Connection& db) { db.exec("CREATE TRIGGER broken BEFORE INSERT ON alarms BEGIN SELECT RAISE(ABORT, 'disk full'); END"); });
    CHECK(d.ask("/v1/hooks/main/first-secret", R"({"event":"reply_v2","mobile":"13812345678","text":"救命!"})").status == 503);
    CHECK(d.unkept.size() == 1);
}

TEST_CASE("a cry for help in a callback that can be neither read nor kept is heard from memory") {
    Door d;
    d.vendor.blind = true;
    d.store->run_now([](store::Connection& db) { db.exec("CREATE TRIGGER broken BEFORE INSERT ON alarms BEGIN SELECT RAISE(ABORT, 'disk full'); END"); });
    CHECK(d.ask("/v1/hooks/main/first-secret", R"({"mobile":"13812345678","text":"救命"})").status == 503);
    REQUIRE(d.unkept.size() == 1);
    CHECK(d.unkept[0].starts_with("13812345678 救命\n"));
    CHECK(d.kept() == "0");
    CHECK(d.value("SELECT count(*) FROM hook_bodies") == "0");
    CHECK(d.woken == 0);
    d.store->run_now([](store::Connection& db) { db.exec("DROP TRIGGER broken"); });
    CHECK(d.ask("/v1/hooks/main/first-secret", R"({"mobile":"13812345678","text":"救命"})").status == 200);
    CHECK(d.value("SELECT count(*) FROM alarms") == "1");
}

TEST_CASE("what a mapping stumbles over is kept and looked at like any other callback that it cannot read") {
    Door d;
    d.vendor.stumbles = true;
    CHECK(d.ask("/v1/hooks/main/first-secret", R"({"mobile":"13812345678","text":"救命"})").body == "1");
    CHECK(d.ask("/v1/hooks/main/first-secret", "13812345678 1").body == "1");
    CHECK(d.quarantined() == "2");
    CHECK(d.value("SELECT count(*) FROM alarms") == "1");
    CHECK(d.reread() == "2 0 0 0");
    d.vendor.stumbles = false;
    CHECK(d.reread() == "2 1 1 0");
}

TEST_CASE("after a mended mapping what was in quarantine is read as if it had come now, once") {
    Door d;
    d.vendor.blind = true;
    d.ask("/v1/hooks/main/first-secret", "13812345678 1");
    d.ask("/v1/hooks/main/first-secret?13812345678 2", "", "GET");
    d.ask("/v1/hooks/main/first-secret", "nonsense");
    d.ask("/v1/hooks/other/others-secret", "13812345678 3");
    CHECK(d.reread() == "4 0 0 0");
    d.vendor.blind = false;
    d.ask("/v1/hooks/main/first-secret", "13812345678 1");  // the carrier's own repetition came before
    CHECK(d.reread("other") == "1 0 0 0");                   // that channel is gone
    CHECK(d.reread("main") == "3 2 1 1");
    CHECK(d.reread("main") == "1 0 0 0");
    CHECK(d.value("SELECT group_concat(c, ' ') FROM (SELECT class || coalesce(body_id, 0) c FROM inbound WHERE step = 'done' ORDER BY id)") == "quarantined1 quarantined2 quarantined3 quarantined4");
    CHECK(d.value("SELECT group_concat(body_id, ' ') FROM inbound WHERE step = 'new'") == "5 2");
    CHECK(d.value("SELECT count(*) FROM ledger WHERE kind = 'reread'") == "2");
    CHECK(d.value("SELECT group_concat(id, ' ') FROM hook_bodies WHERE understood = 0") == "3 4");
}

TEST_CASE("what an earlier version kept, the query or the body alone, is read again as either") {
    Door d;
    auto old = [&](std::int64_t id, const std::string& body) {
        d.store->run_now([&](store::Connection& db) {
            store::keep_quarantined(db, d.seal, "main", body, "no blank", test::noon);
            store::Statement put(db, "UPDATE hook_bodies SET body = ?2 WHERE id = ?1");
            put.bind(1, id).bind_blob(2, d.seal.seal(body, fmt::format("hook_bodies:{}", id))).run();
        });
    };
    old(1, "13812345678 2");
    CHECK(d.opened(1).query_or_body);
    CHECK(d.opened(1).call.body == "13812345678 2");
    CHECK(d.ask("/v1/hooks/main/first-secret", "13812345678 3").body == "0");
    CHECK(d.reread() == "1 1 1 0");
}

TEST_CASE("one item that cannot be read keeps none of its neighbours from being acted on, in one commit with what is kept of it") {
    Door d;
    const std::string body = "13812345678 1\n13912345678\n13712345678 3";
    for (int i = 0; i < 2; ++i) CHECK(d.ask("/v1/hooks/main/first-secret", body).body == "0");  // we have it: the vendor need not send it again
    CHECK(d.value("SELECT count(*) FROM inbound WHERE step = 'new'") == "2");
    CHECK(d.quarantined() == "1");
    CHECK(d.value("SELECT count(*) FROM hook_bodies") == "1");
    CHECK(d.value("SELECT count(DISTINCT body_id) FROM inbound") == "1");
    CHECK(d.listed() == "2 of 3 items taken; item 2: no blank");
    CHECK(d.opened(1).call.body == body);
    CHECK(d.opened(1).taken == std::vector<std::string>{"/1", "/3"});
    CHECK(d.opened(1).call.headers.empty());
    // All of it or nothing.
    d.store->run_now([](store::Connection& db) { db.exec("CREATE TRIGGER broken BEFORE INSERT ON inbound WHEN new.class = 'quarantined' BEGIN SELECT RAISE(ABORT, 'disk full'); END"); });
    CHECK(d.ask("/v1/hooks/main/first-secret", "13812345678 2\n13912345678救命\n").status == 503);
    CHECK(d.kept() == "3");
    CHECK(d.unkept.size() == 2);
    CHECK(d.unkept[0] == "main 2");
    CHECK(d.unkept[1].starts_with("13912345678 "));
}

TEST_CASE("read again under the mended mapping, what was taken is not taken twice, whatever its key is then") {
    for (bool keys : {true, false}) {
        CAPTURE(keys);
        Door d;
        d.vendor.keys = keys;
        CHECK(d.ask("/v1/hooks/main/first-secret", "13812345678 1\n13912345678/2\n13712345678 3\n13612345678").body == "0");
        CHECK(d.listed() == "2 of 4 items taken; item 2: no blank; item 4: no blank");
        CHECK(d.reread() == "1 0 0 0");  // the same mapping finds nothing new
        CHECK(d.kept() == "3");
        d.vendor.mended = true;
        CHECK(d.reread() == "1 0 1 0");  // the second item; the fourth is still none
        CHECK(d.kept() == "4");
        CHECK(d.opened(1).taken == std::vector<std::string>{"/1", "/3", "/2"});
        CHECK(d.reread() == "1 0 0 0");
        CHECK(d.kept() == "4");
        CHECK(d.value("SELECT count(DISTINCT phone_id) FROM inbound WHERE step = 'new'") == "3");
        CHECK(d.listed() == "2 of 4 items taken; item 2: no blank; item 4: no blank");
    }
    Door whole;
    whole.vendor.keys = false;
    whole.ask("/v1/hooks/main/first-secret", "13812345678 1\n13912345678/2\n");
    whole.vendor.mended = true;
    CHECK(whole.reread() == "1 1 1 0");
    CHECK(whole.reread() == "0 0 0 0");
    CHECK(whole.value("SELECT count(*) FROM inbound WHERE step = 'new'") == "2");
}

TEST_CASE("two who read again at once take each text once, and only one of them says that he has") {
    // The second finds, reads and keeps while the first has found, and not yet kept.
    auto at_once = [](Door& d, inbound::ReadAgain one, inbound::ReadAgain other) {
        std::optional<inbound::Reread> second;
        inbound::ReadAgain first_mapping = [&](const std::string& channel, const provider::Callback& callback) {
            boost::asio::io_context meanwhile;
            if (!second) second = test::run(meanwhile, d.inbox.reread(std::nullopt, other));
            return one(channel, callback);
        };
        auto first = test::run(d.io, d.inbox.reread(std::nullopt, first_mapping));
        return fmt::format("{} read, {} in part, {} texts", first.read + second->read, first.in_part + second->in_part, first.texts + second->texts);
    };
    auto by_mapping = [](Door& d) -> inbound::ReadAgain { return [&d](const std::string&, const provider::Callback& c) { return d.vendor.read_callback(c); }; };
    const std::string some = "13812345678 1\n13912345678/2\n13612345678", all = "13812345678 1\n13912345678/2\n";
    for (bool keys : {true, false}) {
        CAPTURE(keys);
        Door in_part;
        in_part.vendor.keys = keys;
        in_part.ask("/v1/hooks/main/first-secret", some);
        in_part.vendor.mended = true;
        CHECK(at_once(in_part, by_mapping(in_part), by_mapping(in_part)) == "0 read, 1 in part, 1 texts");
        CHECK(in_part.value("SELECT count(*) FROM inbound WHERE step = 'new'") == "2");
        Door whole;
        whole.vendor.keys = keys;
        whole.ask("/v1/hooks/main/first-secret", all);
        whole.vendor.mended = true;
        CHECK(at_once(whole, by_mapping(whole), by_mapping(whole)) == "1 read, 0 in part, 1 texts");
        CHECK(whole.value("SELECT count(*) FROM inbound WHERE step = 'new'") == "2");
        // The mapping is mended between the two, and gives other keys: who has found first, and reads a part or all of it, takes what is left.
        for (bool in_full : {false, true}) {
            CAPTURE(in_full);
            Door both;
            both.vendor.keys = keys;
            both.ask("/v1/hooks/main/first-secret", some);
            both.vendor.mended = true;
            inbound::ReadAgain better = [&](const std::string&, const provider::Callback& c) {
                auto read = both.vendor.read_callback(c);
                for (auto& one : read->inbound) std::get<provider::InboundText>(one).key += " by another key";
                if (in_full) read->left.clear();
                return read;
            };
            CHECK(at_once(both, better, by_mapping(both)) == (in_full ? "1 read, 1 in part, 1 texts" : "0 read, 1 in part, 1 texts"));
            CHECK(both.value("SELECT count(*) FROM inbound WHERE step = 'new'") == "2");
            CHECK(both.listed().empty() == in_full);
        }
    }
}

TEST_CASE("a cry in an item that cannot be read is its own, and one in its neighbour is heard besides") {
    Door d;
    d.ask("/v1/hooks/main/first-secret", "13812345678 1\n救命\n13912345678,他说救命");
    CHECK(d.value("SELECT count(*) FROM alarms") == "2");
    CHECK(d.value("SELECT group_concat(coalesce(phone_id, 0), ' ') FROM (SELECT phone_id FROM inbound WHERE class = 'quarantined' ORDER BY id)") == "0 2");
    CHECK(d.words_of(2).find("no number could be read") != std::string::npos);
    CHECK(d.listed() == "1 of 3 items taken; item 2: no blank; item 3: no blank !");
    // What could be read raises its own alarm, though the same number cries in what could not.
    d.ask("/v1/hooks/main/first-secret", "13612345678 救命 1\n13612345678,救命");
    d.store->run_now([&](store::Connection& db) {
        store::Statement find(db, "SELECT id FROM inbound WHERE step = 'new' ORDER BY id DESC LIMIT 1");
        REQUIRE(find.step());
        store::raise_alarm(db, d.random, find.integer(0), std::nullopt, false, test::noon);
    });
    CHECK(d.value("SELECT count(*) FROM alarms") == "4");
}

TEST_CASE("an event that the mapping does not name is listed, heard, and read only where something is read from it, one that it ignores is not listed") {
    Door d;
    CHECK(d.ask("/v1/hooks/main/first-secret", "event 13812345678 3").body == "0");
    CHECK(d.ask("/v1/hooks/main/first-secret", R"(event {"mobile":"13812345678","text":"救命"})").body == "0");
    CHECK(d.listed() == "an event | an event !");
    CHECK(d.value("SELECT count(*) FROM alarms") == "1");
    CHECK(d.reread() == "2 0 0 0");
    d.vendor.deaf = true;
    CHECK(d.reread() == "2 0 0 0");
    d.vendor.deaf = false, d.vendor.ignores = true;
    CHECK(d.ask("/v1/hooks/main/first-secret", "event 13812345678 1").body == "0");
    CHECK(d.listed() == "an event | an event !");
    CHECK(d.reread() == "2 0 0 0");
    CHECK(d.listed() == "an event !");  // the mapping says that such are of no concern; a cry stays for a person
    CHECK(d.ask("/v1/hooks/main/first-secret", R"(event {"mobile":"13712345678","text":"救命"})").body == "0");
    CHECK(d.value("SELECT count(*) FROM alarms") == "2");
}

TEST_CASE("words that no field of the mapping takes are heard, and are no item, no wish and no line of the list unless somebody cries in them") {
    Door d;
    CHECK(d.ask("/v1/hooks/main/first-secret", "13812345678 1\nbeside [{\"from\":\"13812345678\",\"words\":\"别回 3\"}]\n").body == "0");
    CHECK(d.kept() == "1");
    CHECK(d.listed() == "");
    CHECK(d.value("SELECT count(*) FROM alarms") == "0");
    CHECK(d.ask("/v1/hooks/main/first-secret", "13812345678 2\nbeside [{\"from\":\"13812345678\",\"words\":\"救命 13912345678\"}]\n").body == "0");
    CHECK(d.listed() == "1 of 1 items taken; words beside !");
    CHECK(d.value("SELECT count(*) FROM alarms") == "1");
    CHECK(d.value("SELECT phone_id FROM inbound WHERE class = 'quarantined'") == d.value("SELECT phone_id FROM inbound ORDER BY id LIMIT 1"));
    // As many items as are taken at all, and words beside them.
    std::string many;
    for (int i = 0; i < 1000; ++i) many += fmt::format("{} 1\n", 13'900'000'000 + i);
    d.ask("/v1/hooks/main/first-secret", many + "beside 好的\n");
    CHECK(d.value("SELECT count(*) FROM inbound WHERE class != 'quarantined' OR class IS NULL") == "1002");
}

TEST_CASE("a receipt whose status the mapping does not name is listed where a text stands in it, and only there") {
    Door d;
    const std::string hook = "/v1/hooks/main/first-secret";
    CHECK(d.ask(hook, "status 001 {\"mobile\":\"13812345678\",\"stat\":\"REJECTD\",\"desc\":\"空号\"}\n").body == "0");
    CHECK(d.listed() == "");
    CHECK(d.ask(hook, "status 002 {\"mobile\":\"13812345678\",\"stat\":\"MO\",\"content\":\"3\"}\n").body == "0");
    CHECK(d.listed() == "1 of 1 items taken; item 1: a status");
    CHECK(d.ask(hook, "status 003 {\"mobile\":\"13812345678\",\"stat\":\"MO\",\"m\":\"救命\"}\n").body == "0");
    CHECK(d.listed() == "1 of 1 items taken; item 1: a status | 1 of 1 items taken; item 1: a status !");
    CHECK(d.value("SELECT count(*) FROM receipts") == "3");
    CHECK(d.value("SELECT count(*) FROM hook_bodies WHERE understood = 1") == "1");
}

TEST_CASE("a receipt's code is kept as it is, without a number that a carrier writes into it") {
    Door d;
    std::vector<provider::Inbound> all;
    for (const char* code : {"MK:0001", "000", "40012345", "DELIVRD", "busy 025-84420000", "+447700900001", "to 13812345678"}) {
        provider::Receipt receipt;
        receipt.vendor_id = receipt.key = fmt::format("r{}", all.size()), receipt.code = code;
        all.emplace_back(receipt);
    }
    test::run(d.io, d.inbox.take("main", all));
    CHECK(d.value("SELECT group_concat(code, '|') FROM (SELECT code FROM receipts ORDER BY id)") == "MK:0001|000|40012345|DELIVRD|busy ***|+***|to 138****5678");
}

TEST_CASE("what nobody can ever read keeps nothing behind it from being read again") {
    Door d;
    d.vendor.blind = true;
    d.store->run_now([&](store::Connection& db) {
        for (int i = 0; i < 1100; ++i) store::keep_quarantined(db, d.seal, "main", fmt::format("nonsense{}", i), "no blank", test::noon);
    });
    d.ask("/v1/hooks/main/first-secret", "13812345678 3");
    d.vendor.blind = false;
    CHECK(d.reread() == "1101 1 1 0");
}

TEST_CASE("a callback with too many items is kept whole for a person, a cry in it heard once, and nothing of it is taken") {
    Door d;
    std::string body = "13912345678 救命\n";
    for (int i = 1; i < 2500; ++i) body += fmt::format("138{:08} 1\n", i);
    for (int i = 0; i < 2; ++i) CHECK(d.ask("/v1/hooks/main/first-secret", body).body == "1");
    CHECK(d.kept() == "1");
    CHECK(d.quarantined() == "1");
    CHECK(d.value("SELECT count(*) FROM alarms") == "1");
    CHECK(d.listed().starts_with("2500 items; at most 1000 are taken from one callback"));
    CHECK(d.opened(1).call.body == body);
    CHECK(d.opened(1).taken.empty());
    CHECK(d.reread() == "1 0 0 0");
    CHECK(d.kept() == "1");
    std::string most;
    for (int i = 0; i < 1000; ++i) most += fmt::format("137{:08} 1\n", i);
    CHECK(d.ask("/v1/hooks/main/first-secret", most).body == "0");
    CHECK(d.kept() == "1001");
}
