#include "tests/sim/world.hpp"

#include <fmt/format.h>
#include <stdlib.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <deque>
#include <filesystem>
#include <memory>
#include <optional>

#include "daemon/admin/verify.hpp"
#include "daemon/core/local_time.hpp"
#include "daemon/gateway.hpp"
#include "daemon/intake/intake.hpp"
#include "daemon/log/log.hpp"
#include "daemon/reports/queries.hpp"
#include "daemon/store/schema.hpp"
#include "tests/sim/carrier.hpp"

namespace pingjing::sim {
namespace {

namespace fs = std::filesystem;
constexpr const char* zone = "Asia/Shanghai";
constexpr const char* access_number = "106900110";

// A batch of the 110 system: sent until it was answered.
struct Batch { Instant at{}; std::string ndjson{}; std::vector<std::string> ids{}; bool answered = false; };
struct SafetyCall { std::string phone{}, record{}; Instant answered_at{}; std::size_t batch = 0; };

config::Settings settings_for(Random& random, const std::string& name) {
    config::Settings s;
    s.service.sign = "示范公安";
    s.rules_sha256 = "sim";
    s.lists.categories_text = "code,name,rule\n01,盗窃,survey\n02,纠纷,survey_neutral\n06,家暴,dv\n09,无效,invalid\n";
    s.survey.since = "2026-01-01";
    s.survey.daily_ceiling = 100000;
    for (const char* text : {"survey", "survey_neutral"}) s.texts[text] = "【{{sign}}】请回复1满意 2基本满意 3不满意。回T退订";
    for (const char* text : {"thanks", "thanks_dissatisfied", "unclear", "emergency", "opt_out", "help", "done"}) s.texts[text] = fmt::format("【{{{{sign}}}}】{}", text);
    config::Channel c;
    c.name = name, c.provider = "simulated", c.source = access_number;
    c.extension_digits = random.below(2) ? 2 : 0;
    c.window = 1 + static_cast<int>(random.below(8));
    c.tps = 1 + static_cast<int>(random.below(20));
    s.channels.push_back(c);
    s.routes.push_back({{}, {name}});
    return s;
}

// The daemon's end of the link, for one life.
class Link final : public provider::Provider {
public:
    Link(Carrier& carrier, const bool& dead, bool extension) : carrier_(carrier), dead_(dead) {
        abilities_.extension = extension;
        abilities_.echoes_ref = true;
    }
    const provider::Abilities& abilities() const override { return abilities_; }
    asio::awaitable<provider::Outcome> submit(provider::Submission submission) override {
        if (dead_) co_return provider::Retry{"no longer of this world"};
        auto fate = carrier_.take(submission, access_number);
        if (fate.late) carrier_.say_late(std::chrono::seconds(60), submission.ref, *fate.late);
        if (!fate.outcome) co_await sleep_for(std::chrono::hours(1));  // the dispatcher gives up first
        co_await sleep_for(fate.answer_after);
        co_return *fate.outcome;
    }
    asio::awaitable<void> serve(provider::Sink& sink) override { co_await carrier_.serve(sink, "carrier", dead_); }
    std::string describe() const override { return "simulated"; }

private:
    Carrier& carrier_;
    const bool& dead_;
    provider::Abilities abilities_;
};

class World {
public:
    explicit World(std::uint64_t seed) : random_(seed), clock_(*parse_rfc3339("2026-11-20T06:00:00+08:00")) {
        use_virtual_time(io_, clock_);
        folder_ = (fs::exists("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path()) / "pingjing-sim-XXXXXX";
        auto name = folder_.string();
        if (!mkdtemp(name.data())) throw std::runtime_error("no folder for the simulation");
        folder_ = name;
        settings_ = settings_for(random_, "carrier");
        carrier_ = std::make_unique<Carrier>(io_.get_executor(), clock_, random_, faults());
        if (random_.below(3) == 0) {
            Steady from = std::chrono::hours(random_.below(30));
            carrier_->outage(from, from + std::chrono::minutes(5 + random_.below(600)));
        }
        if (random_.below(3) == 0) {
            Steady from = std::chrono::hours(random_.below(30));
            carrier_->black_hole(from, from + std::chrono::minutes(5 + random_.below(120)));
        }
        make_calls();
        for (auto crashes = random_.below(8); crashes > 0; --crashes) crash_after_.push_back(5 + random_.below(300));
    }
    ~World() {
        if (std::getenv("SIM_KEEP")) {
            fmt::print("left in {}\n", folder_.string());
            return;
        }
        std::error_code ignored;
        fs::remove_all(folder_, ignored);
    }

    Outcome run() {
        start_life(folder_ / "state0");
        auto end = clock_.steady() + std::chrono::hours(24 * 6);
        for (auto steps : crash_after_) {
            auto left = steps;
            run_virtual(io_, [&] { return (left > 0 ? --left : 0) == 0 || clock_.steady() >= end; });
            if (clock_.steady() >= end) break;
            crash();
        }
        alarm_clock(end);
        run_virtual(io_, [&] { return clock_.steady() >= end && lives_.back()->stopped; });
        check_end();
        out_.lives = static_cast<int>(lives_.size());
        return std::move(out_);
    }

private:
    struct Life {
        fs::path dir{};
        bool dead = false, stopped = false;
        std::unique_ptr<store::Store> store{};
        std::unique_ptr<Gateway> gateway{};
        std::unique_ptr<intake::Intake> intake{};
        std::unique_ptr<TaskGroup> outside{};
    };

    Faults faults() {
        Faults f;
        for (auto* share : {&f.retry, &f.throttled, &f.refused, &f.opted_out, &f.config, &f.swallowed, &f.answer_lost, &f.answer_late, &f.receipt_lost, &f.receipt_early,
                            &f.receipt_doubled, &f.receipt_contradicts, &f.receipt_without_ref, &f.receipt_by_phone, &f.reply_doubled, &f.reply_twice, &f.reply_late,
                            &f.reply_without_extension, &f.reply_without_key})
            if (random_.below(2)) *share = random_.unit() * 0.15;
        return f;
    }

    // Two days of batches: new calls, the same again, re-coded ones, safety cases; few phones, so that they meet.
    void make_calls() {
        auto phones = 10 + random_.below(40);
        auto calls = 20 + random_.below(130);
        std::vector<std::string> rows;
        for (std::size_t i = 0; i < calls; ++i) {
            auto at = clock_.now() + std::chrono::minutes(random_.below(2 * 24 * 60));
            auto phone = fmt::format("138{:08}", random_.below(phones));
            auto kind = random_.below(20);
            const char* category = kind == 0 ? "06" : kind == 1 ? "09" : kind < 6 ? "02" : "01";
            auto row = [&](const char* code, int version) {
                return fmt::format(R"({{"id":"c{}","version":{},"state":"closed","calling_line":"{}","category":"{}","unit":"320102430000","officers":[{{"badge":"01","role":"lead"}}],"reported_at":"{}","closed_at":"{}"}})",
                                   i, version, phone, code, format_utc(at - std::chrono::minutes(40)), format_utc(at)) + "\n";
            };
            Batch batch{at + std::chrono::minutes(1), row(category, 1), {fmt::format("c{}", i)}, false};
            if (std::string(category) == "06") safety_.push_back({phone, fmt::format("c{}", i), {}, batches_.size()});
            batches_.push_back(batch);
            if (random_.below(6) == 0) {  // the 110 system forgets what it has sent
                batch.at += std::chrono::minutes(random_.below(600));
                batches_.push_back(batch);
            }
            if (random_.below(8) == 0) {
                bool grave = random_.below(2) == 0;
                Batch changed{at + std::chrono::minutes(5 + random_.below(900)), row(grave ? "06" : "02", 2), {fmt::format("c{}", i)}, false};
                if (grave) safety_.push_back({phone, fmt::format("c{}", i), {}, batches_.size()});
                batches_.push_back(changed);
            }
        }
    }

    void start_life(const fs::path& dir) {
        auto life = std::make_unique<Life>();
        life->dir = dir;
        auto store = store::Store::open(dir.string(), store::Store::Runner::inline_io, store::Store::Durability::none);
        if (!store) throw std::runtime_error(store.error().detail);
        life->store = std::move(*store);
        auto settings = settings_;
        bool extension = settings.channels[0].extension_digits > 0;
        settings.channels[0].adapter = provider::Make([this, l = life.get(), extension](provider::World&) { return std::make_unique<Link>(*carrier_, l->dead, extension); });
        GatewayWorld world{io_.get_executor(), *life->store, seal_, clock_, random_, nullptr, std::chrono::hours(1)};
        auto gateway = Gateway::build(std::move(settings), std::move(world));
        if (!gateway) throw std::runtime_error(gateway.error().detail);
        life->gateway = std::move(*gateway);
        life->intake = std::make_unique<intake::Intake>(*life->store, seal_, random_);
        life->store->run_now([&](store::Connection& db) {
            check(db, "after a start");
            store::Statement sending(db, "SELECT count(*) FROM messages WHERE state = 'sending'");
            sending.step();
            if (sending.integer(0) > 0) broken(fmt::format("{} messages are still `sending` after recovery", sending.integer(0)));
        });
        life->outside = std::make_unique<TaskGroup>(io_.get_executor(), [this](const std::string& task, std::exception_ptr) { broken(task + " threw"); });
        life->gateway->start();
        life->outside->spawn("110 system", feed(*life));
        life->outside->spawn("operator", operate(*life));
        lives_.push_back(std::move(life));
    }

    // Everything committed so far is what the next life finds; what this one does from now on, nobody sees.
    void crash() {
        auto& old = *lives_.back();
        old.dead = true;
        ++carried_["crash"];
        auto dir = folder_ / fmt::format("state{}", lives_.size());
        fs::create_directories(dir / "journal");
        for (const char* file : {"pingjing.db", "pingjing.db-wal"})
            if (fs::exists(old.dir / file)) fs::copy_file(old.dir / file, dir / file);
        for (const auto& entry : fs::directory_iterator(old.dir / "journal")) fs::copy_file(entry.path(), dir / "journal" / entry.path().filename());
        bury(old);
        auto down = std::chrono::seconds(random_.below(3) ? 1 : random_.below(7200));
        auto up_at = clock_.steady() + down;
        alarm_clock(up_at);
        run_virtual(io_, [&] { return clock_.steady() >= up_at; });
        start_life(dir);
    }

    void bury(Life& life) {
        auto burial = [](Life& l) -> asio::awaitable<void> {
            l.outside->stop();
            co_await l.outside->join();
            co_await l.gateway->stop();
            l.stopped = true;
        };
        auto done = [](std::exception_ptr) {};
        asio::co_spawn(io_, burial(life), done);
    }

    // Something to wait for, or virtual time would stand still before `when`.
    void alarm_clock(Steady when) {
        auto wait = [](World& world, Steady until) -> asio::awaitable<void> {
            if (until > world.clock_.steady()) co_await sleep_for(until - world.clock_.steady());
            if (!world.lives_.back()->dead && until - world.begin_ >= std::chrono::hours(24 * 6)) world.bury(*world.lives_.back());
        };
        auto done = [](std::exception_ptr) {};
        asio::co_spawn(io_, wait(*this, when), done);
    }

    asio::awaitable<void> feed(Life& life) {
        for (;;) {
            Batch* next = nullptr;
            for (auto& batch : batches_)
                if (!batch.answered && (!next || batch.at < next->at)) next = &batch;
            if (!next) co_return;
            if (next->at > clock_.now()) co_await sleep_for(next->at - clock_.now());
            if (life.dead) co_return;
            intake::Document document{.bytes = next->ndjson, .content_type = "application/x-ndjson"};
            auto rules = record_rules(life.gateway->settings(), clock_.now());
            auto taken = co_await life.intake->take(document, rules, *life.gateway->rules(), "sim");
            if (life.dead) co_return;  // the answer never arrived
            if (!taken) broken("intake refused a batch: " + taken.error().detail);
            next->answered = true;
            for (auto& call : safety_)
                if (&batches_[call.batch] == next) call.answered_at = clock_.now();
            life.gateway->dispatcher().wake();
        }
    }

    // A person who looks every few hours and lets a channel go on that was stopped for two windows of silence.
    asio::awaitable<void> operate(Life& life) {
        for (;;) {
            co_await sleep_for(std::chrono::hours(3));
            if (life.dead) co_return;
            for (const auto& channel : life.gateway->dispatcher().status()) {
                if (channel.state != "stopped") continue;
                ++carried_["operator let a silent channel go on"];
                life.gateway->dispatcher().release(channel.name);
            }
        }
    }

    void broken(std::string what) {
        if (out_.broken.size() < 20) out_.broken.push_back(std::move(what));
    }

    void check(store::Connection& db, const std::string& when) {
        for (const auto& failure : admin::verify(db).failures) broken(fmt::format("{}: {}: {}", when, failure.check, failure.detail));
    }

    void check_end() {
        auto& life = *lives_.back();
        std::map<std::string, int> asked;
        for (const auto& r : carrier_->reached()) {
            if (!r.question) continue;
            ++out_.questions;
            if (++asked[r.ref] == 2) broken("asked twice: " + r.ref);
            auto local = r.at + std::chrono::hours(8);
            auto of_day = local - std::chrono::floor<std::chrono::days>(local);
            if (of_day < std::chrono::hours(8) || of_day > std::chrono::hours(21) + std::chrono::minutes(5)) broken("asked outside hours: " + format_utc(r.at));
            if (auto out = carrier_->opted_out().find(r.phone); out != carrier_->opted_out().end() && r.at > out->second + std::chrono::minutes(1))
                broken("asked after opting out: " + r.ref);
        }
        std::vector<Steady> parts;
        for (const auto& r : carrier_->reached())
            for (int i = 0; i < r.parts; ++i) parts.push_back(r.steady);
        auto tps = static_cast<std::size_t>(settings_.channels[0].tps);
        for (std::size_t i = tps; i < parts.size(); ++i)
            if (parts[i] - parts[i - tps] < std::chrono::seconds(1)) broken(fmt::format("more than {} parts within a second", tps));

        life.store->run_now([&](store::Connection& db) {
            check(db, "at the end");
            // Safety follows the phone; the case itself may be asked again once it is re-coded harmless.
            for (const auto& r : carrier_->reached())
                for (const auto& call : safety_) {
                    if (!r.question || call.phone != r.phone || call.answered_at == Instant{} || r.at <= call.answered_at + std::chrono::seconds(1)) continue;
                    store::Statement own(db, "SELECT 1 FROM messages m JOIN cases c ON c.id = m.case_id WHERE m.ref = ?1 AND c.record = ?2");
                    if (!own.bind(1, r.ref).bind(2, call.record).step())
                        broken(fmt::format("asked a number on hold: {} at {}, case {} was answered at {}", r.ref, format_utc(r.at), call.record, format_utc(call.answered_at)));
                }
            for (const auto& [ref, n] : asked) {
                store::Statement find(db, "SELECT attempt > 0 FROM messages WHERE ref = ?1");
                if (!find.bind(1, ref).step() || find.integer(0) != 1) broken("the carrier has a text that the store never sent: " + ref);
            }
            for (const auto& key : carrier_->acknowledged_texts()) {
                store::Statement find(db, "SELECT 1 FROM inbound WHERE key = ?1");
                if (!find.bind(1, "v:" + key).step()) broken("an acknowledged reply is gone: " + key);
            }
            for (const auto& batch : batches_)
                for (const auto& id : batch.ids) {
                    store::Statement find(db, "SELECT 1 FROM cases WHERE record = ?1");
                    if (batch.answered && !find.bind(1, id).step()) broken("an answered call is gone: " + id);
                    if (!batch.answered) broken("a call was never answered: " + id);
                }
            auto count = [&](const char* sql) {
                store::Statement read(db, sql);
                read.step();
                return static_cast<int>(read.integer(0));
            };
            if (int stuck = count("SELECT count(*) FROM messages WHERE state IN ('due', 'sending')")) broken(fmt::format("{} messages are stuck", stuck));
            if (int unread = count("SELECT count(*) FROM inbound WHERE step = 'new'")) broken(fmt::format("{} texts were never read", unread));
            if (int receipts = count("SELECT count(*) FROM receipts WHERE step = 'new'")) broken(fmt::format("{} receipts were never looked at", receipts));
            out_.ratings = count("SELECT count(*) FROM ratings");
            out_.in_doubt = count("SELECT count(*) FROM messages WHERE state IN ('in_doubt', 'unknown')");
            reports::Rules rules;
            auto books = reports::make_report(db, {}, rules, {.report = "balance"}, zone, clock_.now());
            if (!books || reports::render_json(*books).find("\"holds\":true") == std::string::npos) broken("the books do not balance");
            out_.trace = to_hex(db.ledger().head().root());
        });
        out_.fired = carrier_->fired();
        for (const auto& [name, n] : carried_) out_.fired[name] += n;
    }

    SeededRandom random_;
    VirtualClock clock_;
    asio::io_context io_{};
    Steady begin_{};
    store::Seal seal_ = store::Seal::from_seed(7);
    fs::path folder_;
    config::Settings settings_;
    std::unique_ptr<Carrier> carrier_;
    std::vector<Batch> batches_;
    std::vector<SafetyCall> safety_;
    std::vector<std::uint64_t> crash_after_;
    std::vector<std::unique_ptr<Life>> lives_;
    std::map<std::string, int> carried_;
    Outcome out_;
};

}  // namespace

Outcome run_seed(std::uint64_t seed) { return World(seed).run(); }

}  // namespace pingjing::sim
