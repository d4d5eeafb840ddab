#include "daemon/inbound/webhooks.hpp"

#include "tests/outbox/desk_drawer.hpp"

using namespace pingjing;
using test::Drawer;

namespace {

// "from text", or nothing that can be read.
struct Vendor final : provider::Provider {
    const provider::Abilities& abilities() const override { return able; }
    asio::awaitable<provider::Outcome> submit(provider::Submission) override { co_return provider::Accepted{}; }
    std::string describe() const override { return "test"; }
    Result<std::vector<provider::Inbound>> read_callback(const provider::Callback& c) const override {
        auto raw = c.body.empty() ? c.query : c.body;
        auto space = raw.find(' ');
        if (space == std::string::npos) return fail(Error::Kind::invalid_input, "no blank");
        provider::InboundText in;
        in.from = Phone::sender(raw.substr(0, space)), in.text = Text(raw.substr(space + 1)), in.key = raw;
        return std::vector<provider::Inbound>{in};
    }
    provider::CallbackAnswer answer_to(const provider::Callback&, bool understood) const override { return {200, "text/plain", understood ? "0" : "1"}; }
    provider::Abilities able;
};

struct Door : Drawer {
    Vendor vendor;
    VirtualClock clock{test::noon};
    std::vector<std::string> unkept;
    int read_at_the_door = 0;
    inbound::Inbox inbox;
    http::Router router;

    Door() : inbox(io.get_executor(), *store, seal, clock, hints()) {
        auto hooks = std::make_shared<const std::map<std::string, inbound::Hook>>(std::map<std::string, inbound::Hook>{
            {"main", {&vendor, {"first-secret", "second-secret"}}}, {"other", {&vendor, {"others-secret"}}}, {"closed", {&vendor, {}}}});
        inbound::add_hooks(router, inbox, [hooks] { return hooks; });
    }
    inbound::Hints hints() {
        inbound::Hints h;
        h.read = [this](const std::vector<store::NewText>&) { return ++read_at_the_door, nullptr; };
        h.unkept = [this](const std::string& channel, const provider::InboundText& t) { unkept.push_back(channel + " " + t.text.reveal()); };
        return h;
    }
    http::Response ask(const std::string& target, const std::string& body = "", const std::string& method = "POST") {
        http::Request request;
        request.method = method, request.target = target, request.body = body;
        auto mark = target.find('?');
        if (mark != std::string::npos) request.query = target.substr(mark + 1);
        return test::run(io, router.handle(std::move(request)));
    }
    std::string kept() { return value("SELECT count(*) FROM inbound"); }
};

}  // namespace

TEST_CASE("who knows the secret of the channel is heard, and answered in the vendor's form, nobody else learns anything") {
    Door d;
    CHECK(d.ask("/v1/hooks/main/first-secret", "13812345678 1").body == "0");
    CHECK(d.ask("/v1/hooks/main/second-secret/mo", "13812345678 2").body == "0");
    CHECK(d.kept() == "2");
    auto stranger = d.ask("/v1/hooks/nobody/first-secret", "13812345678 3");
    CHECK(stranger.status == 404);
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
    for (auto [texts, read] : {std::pair{64, 1}, {65, 1}, {3000, 1}, {1, 2}}) {
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
