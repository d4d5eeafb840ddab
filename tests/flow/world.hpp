// The whole gateway on virtual time, between a 110 system and a carrier that says what the test wants. Citizens and their phones
// are the test's own; the store is a file, so that a crash is a copy of the folder at that moment.
#pragma once
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/gateway.hpp"
#include "daemon/intake/intake.hpp"
#include "daemon/reports/queries.hpp"
#include "tests/support/temp_folder.hpp"

namespace pingjing::test {

struct Sent {
    std::string ref, phone, text, extension, channel;
    Instant at;
    std::string text_name{};
    std::map<std::string, std::string> values{};
};

// Takes everything, unless `says` knows better.
class Carrier final : public provider::Provider {
public:
    Carrier(std::string name, provider::World& world, std::vector<Sent>& log) : name_(std::move(name)), clock_(world.clock), log_(log) {
        abilities_.extension = true, abilities_.echoes_ref = true;
    }
    const provider::Abilities& abilities() const override { return abilities_; }
    std::string describe() const override { return name_; }
    asio::awaitable<provider::Outcome> submit(provider::Submission s) override {
        log_.push_back({s.ref, s.phone.reveal(), s.text.reveal(), s.extension, name_, clock_.now(), s.text_name, s.values});
        provider::Outcome outcome = provider::Accepted{{name_ + "-" + std::to_string(++count_)}};
        if (says) outcome = says(log_.back(), std::move(outcome));
        co_await sleep_for(takes);
        co_return outcome;
    }
    std::function<provider::Outcome(const Sent&, provider::Outcome)> says{};
    Steady takes = std::chrono::milliseconds(50);

private:
    std::string name_;
    const Clock& clock_;
    std::vector<Sent>& log_;
    provider::Abilities abilities_;
    int count_ = 0;
};

struct Site {
    std::string channels = "[[channel]]\nname = \"main\"\nprovider = \"simulated\"\nsource = \"106900110\"\nextension_digits = 2\n";
    std::string survey{};   // further keys of [survey]
    std::string routes{};
    std::string services{};
};

class World {
public:
    explicit World(const std::string& start, Site site = {}) : World(*parse_rfc3339(start), site) {}
    explicit World(Instant start, const Site& site, const World* crashed = nullptr) : clock(start), site_(site) {
        if (crashed) std::filesystem::copy(crashed->folder.path(), folder.path(), std::filesystem::copy_options::recursive);
        write("pingjing.toml", configuration(site));
        write("categories.csv", "code,name,rule\n01,治安,survey\n02,家庭暴力,dv\n03,纠纷,survey_neutral\n04,交通,survey_unit\n");
        write("window.csv", "code,name,rule\nW1,户政,survey\nW2,出入境,survey_neutral\nW9,涉密,secret\n");
        use_virtual_time(io, clock);
        auto opened = store::Store::open((folder / "state").string(), store::Store::Runner::inline_io, store::Store::Durability::none);
        REQUIRE_MESSAGE(opened, (opened ? "" : opened.error().detail));
        store = std::move(*opened);
        build();
    }
    ~World() {
        if (!gateway_) return;
        run_for([this]() -> asio::awaitable<void> { co_await gateway_->stop(); });
    }

    // What was under way when the power went: nothing of it is told to anybody.
    std::unique_ptr<World> crash() const { return std::make_unique<World>(clock.now(), site_, this); }

    void pass(Millis time) {
        run_for([time]() -> asio::awaitable<void> { co_await sleep_for(time); });
    }
    void run_for(std::function<asio::awaitable<void>()> task) {
        bool done = false;
        std::exception_ptr failed;
        auto on_done = [&](std::exception_ptr error) { done = true, failed = error; };
        asio::co_spawn(io, task, on_done);
        REQUIRE(run_virtual(io, [&] { return done; }));
        if (failed) std::rethrow_exception(failed);
    }

    // A call that was closed just now. `more`: further fields, such as R"(,"version":2)".
    std::string call(const std::string& id, const std::string& phone, const std::string& category = "0101", const std::string& more = "",
                     const std::string& state = "closed") {
        auto text = fmt::format(R"({{"id":"{}","state":"{}","calling_line":"{}","category":"{}","unit":"320102430000","officers":{},)"
                                R"("reported_at":"{}","closed_at":"{}"{}}})", id, state, phone, category, officers, format_utc(closed_.value_or(clock.now()) - Millis(3600'000)),
                                format_utc(closed_.value_or(clock.now())), more);
        std::string outcome;
        run_for([&]() -> asio::awaitable<void> {
            intake::Intake intake(*store, seal, random);
            intake::Document document{.bytes = text, .content_type = "application/json"};
            auto rules = record_rules(gateway_->settings(), clock.now());
            auto taken = co_await intake.take(std::move(document), std::move(rules), *gateway_->rules(), "test");
            REQUIRE(taken);
            outcome = taken->front().outcome + (taken->front().reason.empty() ? "" : " " + taken->front().reason);
            gateway_->dispatcher().wake();
        });
        return outcome;
    }
    void closed_at(Instant when) { closed_ = when; }
    const config::Settings& settings() const { return gateway_->settings(); }

    void hear(provider::Inbound one, const std::string& channel = "main") {
        std::vector<provider::Inbound> all{std::move(one)};
        run_for([&]() -> asio::awaitable<void> { co_await gateway_->inbox().take(channel, std::move(all)); });
    }
    void reply(const std::string& phone, const std::string& text, const std::string& extension = "", const std::string& channel = "main") {
        provider::InboundText in;
        in.from = Phone::sender(phone), in.to = "106900110" + extension, in.extension = extension, in.text = Text(text), in.key = "mo" + std::to_string(++replies_);
        hear(std::move(in), channel);
        pass(std::chrono::seconds(2));
    }
    void receipt(const std::string& ref, provider::ReceiptState state = provider::ReceiptState::delivered, const std::string& vendor_id = "",
                 const std::string& phone = "", provider::Receipt::Meaning meaning = provider::Receipt::Meaning::none) {
        provider::Receipt r;
        r.ref = ref, r.vendor_id = vendor_id, r.state = state, r.code = "X", r.meaning = meaning, r.key = "r" + std::to_string(++replies_);
        if (!phone.empty()) r.phone = Phone::sender(phone);
        hear(std::move(r));
        pass(std::chrono::seconds(1));
    }

    void late(const std::string& ref, provider::Outcome outcome) {
        run_for([&]() -> asio::awaitable<void> { co_await gateway_->inbox().late("main", ref, outcome); });
        pass(std::chrono::seconds(2));
    }

    std::string value(const std::string& sql) {
        std::string out;
        store->run_now([&](store::Connection& db) {
            store::Statement read(db, sql);
            if (read.step()) out = read.is_null(0) ? "null" : read.text(0);
        });
        return out;
    }
    void exec(const std::string& sql) {
        store->run_now([&](store::Connection& db) { db.exec(sql.c_str()); });
    }
    // "2 due, 1 sending" of surveys, in the order of their names.
    std::string surveys() {
        std::string out;
        store->run_now([&](store::Connection& db) {
            store::Statement read(db, "SELECT state, count(*) FROM messages WHERE purpose = 'survey' GROUP BY state ORDER BY state");
            while (read.step()) out += fmt::format("{}{} {}", out.empty() ? "" : ", ", read.integer(1), read.text(0));
        });
        return out;
    }
    bool books_balance() {
        bool holds = false;
        store->run_now([&](store::Connection& db) {
            auto table = reports::balance_report(db);
            for (std::size_t i = 0; i < table.columns.size(); ++i)
                if (table.columns[i].name == "holds") holds = std::get<bool>(table.rows[0][i]);
        });
        return holds;
    }
    // How many texts of this purpose left for the phone; empty: for anybody.
    int texted(const std::string& part, const std::string& phone = "") const {
        int n = 0;
        for (const auto& s : sent) n += (phone.empty() || s.phone == phone) && s.text.find(part) != std::string::npos;
        return n;
    }
    Carrier& carrier(std::size_t c = 0) { return *carriers_.at(c); }
    Gateway& gateway() { return *gateway_; }
    config::Settings load() {
        auto reader = [this](config::Section&, config::Channel& channel) {
            channel.adapter = provider::Make([this, name = channel.name](provider::World& world) -> std::unique_ptr<provider::Provider> {
                auto made = std::make_unique<Carrier>(name, world, sent);
                carriers_.push_back(made.get());
                return made;
            });
        };
        auto settings = config::load(folder / "pingjing.toml", reader);
        REQUIRE_MESSAGE(settings, (settings ? "" : settings.error().text()));
        return std::move(*settings);
    }
    void write(const std::string& name, const std::string& text) { std::ofstream(folder / name.c_str(), std::ios::binary) << text; }
    static std::string configuration(const Site& site) {
        return "[service]\nsign = \"测试公安\"\nstate_dir = \"state\"\nkey_dir = \"keys\"\n[http]\nlisten = \"127.0.0.1:0\"\n[categories]\nmap = \"categories.csv\"\n"
               "[survey]\nsince = \"2026-01-01\"\n" + site.survey + "\n" + site.services + "[desk]\nkind = \"log\"\nunattended = true\n" + site.channels + site.routes;
    }

    std::string officers = R"([{"badge":"012345","role":"lead"}])";  // of the next call
    TempFolder folder;
    asio::io_context io;
    VirtualClock clock;
    SeededRandom random{7};
    store::Seal seal = store::Seal::from_seed(1);
    std::vector<Sent> sent;
    std::unique_ptr<store::Store> store;

private:
    void build() {
        auto built = Gateway::build(load(), {io.get_executor(), *store, seal, clock, random, nullptr, std::chrono::seconds(30)});
        REQUIRE_MESSAGE(built, (built ? "" : built.error().detail));
        gateway_ = std::move(*built);
        gateway_->start();
    }

    Site site_;
    std::vector<Carrier*> carriers_;
    std::unique_ptr<Gateway> gateway_;
    std::optional<Instant> closed_;
    int replies_ = 0;
};

inline const char* const survey_words = "回复数字";
inline const char* const emergency_words = "不接警";

}  // namespace pingjing::test
