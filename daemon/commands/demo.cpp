#include "daemon/commands/demo.hpp"

#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>

#include "daemon/admin/tokens.hpp"
#include "daemon/admin/verify.hpp"
#include "daemon/app.hpp"
#include "daemon/async/task_group.hpp"
#include "daemon/commands/commands.hpp"
#include "daemon/commands/demo_city.hpp"
#include "daemon/commands/demo_people.hpp"
#include "daemon/commands/site.hpp"
#include "daemon/core/local_time.hpp"
#include "daemon/core/system_clock.hpp"
#include "daemon/gateway.hpp"
#include "daemon/http/server.hpp"
#include "daemon/site_rules.hpp"
#include "daemon/intake/intake.hpp"
#include "daemon/log/log.hpp"
#include "daemon/reports/queries.hpp"
#include "providers/simulated/simulated.hpp"

namespace pingjing::commands {
namespace {

namespace fs = std::filesystem;

constexpr int days_before = 30, officers = 40, phones = 90'000;
constexpr int evening = 19;  // when whoever serves the day looks in: most of it is over, and texts are still going out
constexpr int speed = 6;     // of its clock from then on
constexpr const char* zone = "Asia/Shanghai";

constexpr const char* configuration = R"toml([service]
sign = "示范公安"
state_dir = "state"
key_dir = "keys"
[http]
listen = "127.0.0.1:0"
[lists]
officers = "officers.csv"
units = "units.csv"
flags = "flags.csv"
[categories]
map = "categories.csv"
[survey]
since = "2026-01-01"
daily_ceiling = 100000
[desk]
kind = "log"
unattended = true
[[channel]]
name = "carrier"
provider = "simulated"
source = "106900110"
extension_digits = 2
window = 200
tps = 500
)toml";

// Whoever looks on for a few minutes shall see an emergency come in.
constexpr const char* served_citizens = "[channel.replies]\nemergency = 1.5\n";

void write_file(const fs::path& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

// A bar on a terminal, nothing elsewhere.
class Progress {
public:
    void show(double share, const std::string& what) const {
        if (!isatty(STDERR_FILENO)) return;
        constexpr int width = 40;
        auto full = static_cast<int>(share * width);
        std::string bar;
        for (int i = 0; i < width; ++i) bar += i < full ? "█" : "░";
        fmt::print(stderr, "\r{} {:3.0f}% {}\033[K", bar, share * 100, what);
    }
    ~Progress() {
        if (isatty(STDERR_FILENO)) fmt::print(stderr, "\r\033[K");
    }
};

// Hands each hour's closed calls to intake when the hour is over, as a 110 system that exports hourly.
// `last_hour`: of the long day, the hour at whose end it is left to whoever looks at it; 24: the day ends, and its answers come in.
asio::awaitable<void> feed(DemoCity& city, Gateway& gateway, intake::Intake& intake, const Clock& clock, Instant first_midnight, int calls, int last_hour,
                           const Progress& progress) {
    for (int day = 0; day <= days_before; ++day) {
        auto midnight = first_midnight + std::chrono::hours(24 * day);
        auto hours = DemoCity::by_hour(day < days_before ? calls / 4 : calls);
        progress.show(static_cast<double>(day) / (days_before + 1.5), local_day(midnight, zone));
        for (int h = 0; h < (day < days_before ? 24 : last_hour); ++h) {
            auto from = midnight + std::chrono::hours(h), until = from + std::chrono::hours(1);
            if (until > clock.now()) co_await sleep_for(until - clock.now());
            auto ndjson = city.closed_calls(from, hours[static_cast<std::size_t>(h)]);
            intake::Document document{.bytes = ndjson, .content_type = "application/x-ndjson"};
            auto taken = co_await intake.take(document, record_rules(gateway.settings(), clock.now()), *gateway.rules(), "demo");
            if (!taken) throw std::runtime_error(taken.error().detail);
            gateway.dispatcher().wake();
        }
    }
    if (last_hour < 24) co_return;
    progress.show(static_cast<double>(days_before + 1) / (days_before + 1.5), "answers of the last evening");
    co_await sleep_for(std::chrono::hours(13));  // to one o'clock of the next day: who was asked in the morning had time to answer
}

std::string read_file(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

void replace_once(std::string& text, std::string_view old, std::string_view fresh) {
    if (auto at = text.find(old); at != std::string::npos) text.replace(at, old.size(), fresh);
}

// The usual one, or any other where that is taken.
std::string free_address() {
    for (const char* wanted : {"127.0.0.1:8110", "127.0.0.1:0"}) {
        asio::io_context io;
        http::ServerSettings settings;
        settings.listen = wanted;
        http::Server probe(io.get_executor(), settings, http::Router());
        if (probe.open()) return probe.address();
    }
    return "127.0.0.1:0";
}

// One for each who looks at the console, a line each.
// An invented city's keys come from its seed: what waits for the same moment goes in the order of keyed hashes.
void write_keys(const std::filesystem::path& folder, std::uint64_t seed) {
    SeededRandom random(seed);
    std::filesystem::create_directories(folder);
    for (const char* name : {"sealing.key", "index.key"}) {
        std::string line = "pingjing-key 1 ";
        for (int i = 0; i < 4; ++i) line += fmt::format("{:016x}", random());
        if (std::filesystem::exists(folder / name)) continue;
        write_file(folder / name, line + "\n");
        std::filesystem::permissions(folder / name, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    }
}

std::string tokens_of_everybody(store::Connection& db, Random& random, const DemoCity& city, Instant now) {
    struct Visitor { const char* who; std::vector<std::string> scopes; admin::Holder holder; };
    const auto& officer = city.officer(0);
    const Visitor visitors[] = {{"管理员 operator", {"admin"}, {"管理员", "", "", std::nullopt}}, {"督察 inspection", {"report", "inspect"}, {"赵督察", "", "", std::nullopt}},
                                {"值班 duty desk", {"desk"}, {"王值班", "", "", std::nullopt}}, {"领导 leader", {"leader"}, {"陈局长", "", "", std::nullopt}},
                                {"审计 auditor", {"audit"}, {"周审计", "", "", std::nullopt}},
                                {"单位 unit", {"unit"}, {"所长", officer.unit, "", std::nullopt}},
                                {"民警 officer", {"officer"}, {officer.name, officer.unit, officer.badge, std::nullopt}}};
    std::string out;
    for (const auto& visitor : visitors)
        if (auto made = admin::create_token(db, random, visitor.scopes, visitor.holder, now)) out += fmt::format("  {}  {}\n", made->token, visitor.who);
    return out;
}

}  // namespace

int demo(const DemoOptions& options) {
    std::string folder = options.keep;
    if (folder.empty()) {
        folder = (fs::temp_directory_path() / "pingjing-demo-XXXXXX").string();
        if (!mkdtemp(folder.data())) throw std::runtime_error("cannot make a folder under " + fs::temp_directory_path().string());
    }
    struct Cleanup {
        std::string folder;
        ~Cleanup() {
            std::error_code ignored;
            if (!folder.empty()) fs::remove_all(folder, ignored);
        }
    } cleanup{options.keep.empty() ? folder : std::string()};
    fs::path dir(folder);
    std::error_code none;
    if (fs::exists(dir, none) && !fs::is_empty(dir, none)) {
        fmt::print(stderr, "{} is not empty: a month would be put on top of what is there; expected a new folder\n", folder);
        return 2;
    }
    fs::create_directories(dir / "state");

    // The city draws for itself: what it is does not depend on how often the daemon asks.
    SeededRandom citys(options.seed), random(options.seed + 1), peoples(options.seed + 2);
    DemoCity city(citys, officers, phones);
    write_file(dir / "pingjing.toml", configuration);
    write_file(dir / "categories.csv", city.categories_csv());
    write_file(dir / "flags.csv", city.flags_csv());
    write_file(dir / "officers.csv", city.officers_csv());
    write_file(dir / "units.csv", city.units_csv());
    write_keys(dir / "keys", options.seed + 3);
    if (auto key = store::Seal::create_ledger_key(dir / "keys"); !key && key.error().kind != Error::Kind::conflict) throw std::runtime_error(key.error().detail);
    auto seal = store::Seal::load(dir / "keys");
    if (!seal) throw std::runtime_error(seal.error().detail);
    auto settings = load_settings((dir / "pingjing.toml").string());
    if (!settings) return 2;

    // The long day is over and its answers are in: nothing of it lies in the future of a daemon that is started on it. Whoever serves it has a
    // clock that goes on from its evening.
    auto midnight = day_range(local_day(system_clock()->now() - std::chrono::hours(48), zone), zone)->from;
    auto first = midnight - std::chrono::hours(24 * days_before);
    VirtualClock clock(first);
    asio::io_context io;
    use_virtual_time(io, clock);
    log::configure(log::Level::error, [](std::string_view line) { fmt::print(stderr, "{}", line); }, &clock);

    simulated::Simulated* carrier = nullptr;
    settings->channels[0].adapter = provider::Make([&](provider::World& world) -> std::unique_ptr<provider::Provider> {
        simulated::Settings s;
        s.channel = "carrier", s.source = "106900110", s.extension_digits = 2;
        s.response = {};
        s.faults = {.ambiguous = 0.002, .throttled = 0.001, .refused = 0.002, .retry = 0.002};
        s.temper = [&city](const Phone& phone) { return city.temper(phone); };
        auto made = std::make_unique<simulated::Simulated>(std::move(s), world);
        if (!carrier) carrier = made.get();  // the first is the gateway's; reports make others only to ask what they can do
        return made;
    });

    auto store = store::Store::open((dir / "state").string(), store::Store::Runner::inline_io, store::Store::Durability::none);
    if (!store) throw std::runtime_error(store.error().detail);
    auto gateway = Gateway::build(std::move(*settings), {io.get_executor(), **store, *seal, clock, random, nullptr, std::chrono::hours(1)});
    if (!gateway) throw std::runtime_error(gateway.error().detail);
    intake::Intake intake(**store, *seal, random);
    auto until = options.serve ? midnight + std::chrono::hours(evening) : midnight + std::chrono::hours(24);
    DemoPeople people({**store, *seal, clock, followup_rules((*gateway)->settings()), review_rules((*gateway)->settings()), letter_rules((*gateway)->settings()), until}, peoples);
    {
        Progress progress;
        bool done = false;
        std::exception_ptr failed;
        (*gateway)->start();
        TaskGroup house(io.get_executor(), [&](const std::string&, std::exception_ptr error) { failed = error; });
        house.spawn("people", people.work());
        house.spawn("letters", people.write((*gateway)->inbox(), "carrier"));
        auto whole = [&]() -> asio::awaitable<void> {
            co_await feed(city, **gateway, intake, clock, first, options.calls, options.serve ? evening : 24, progress);
            house.stop();
            co_await house.join();
            co_await (*gateway)->stop();
        };
        auto on_done = [&](std::exception_ptr error) { done = true, failed = error; };
        asio::co_spawn(io, whole, on_done);
        if (!run_virtual(io, [&] { return done; }) && !failed) throw std::runtime_error("the demonstration stood still");
        if (failed) std::rethrow_exception(failed);
    }
    auto site = report_site((*gateway)->settings());
    auto last_day = local_day(midnight, zone), first_day = local_day(first, zone);
    bool holds = false;
    (*store)->run_now([&](store::Connection& db) {
        for (const char* name : {"balance", "units", "officers"}) {
            auto table = reports::make_report(db, site.names, site.rules, {.report = name, .from = first_day, .to = last_day}, zone, clock.now());
            if (!table) throw std::runtime_error(table.error().detail);
            fmt::print("{}\n", reports::render_terminal(*table));
        }
        auto checked = admin::verify(db);
        holds = checked.failures.empty();
        for (const auto& failure : checked.failures) fmt::print("FAILED {}: {}\n", failure.check, failure.detail);
        if (holds)
            fmt::print("核对无误 verified: {} cases, {} ledger entries, root {}\n", checked.cases, checked.ledger_entries, checked.root.substr(0, 16));
    });
    // The carrier counts for itself what really reached a phone.
    auto asked_once = carrier->most_asked() == 1;
    fmt::print("{}: the carrier took {} questions for {} phones\n", asked_once ? "没有人因同一警情收到两次 nobody was asked twice about a call" : "FAILED asked twice, or nobody asked",
               carrier->questions(), carrier->phones_asked());
    if (!options.keep.empty()) fmt::print("the site is left in {0}: pingjing report officers -c {0}/pingjing.toml\n", options.keep);
    if (!holds || !asked_once) return 1;
    if (!options.serve) return 0;

    std::string doors;
    (*store)->run_now([&](store::Connection& db) { doors = tokens_of_everybody(db, random, city, clock.now()); });
    auto now = clock.now();
    gateway->reset();
    store->reset();
    auto address = free_address();
    auto text = read_file(dir / "pingjing.toml");
    replace_once(text, "127.0.0.1:0", address);
    replace_once(text, "key_dir = \"keys\"\n", "key_dir = \"keys\"\ntest_clock = true\n");
    write_file(dir / "pingjing.toml", text + served_citizens);
    // The daemon goes on where the day was left, and lives six times as fast.
    setenv("PINGJING_CLOCK", fmt::format("{}x{}", format_local(now, zone), speed).c_str(), 1);
    fmt::print("\n打开 open  http://{}/  并用下列令牌之一登录 and sign in with one of these tokens; Ctrl-C 结束 ends it:\n{}\n", address, doors);
    auto log_file = (dir / "pingjing.log").string();
    // On a terminal the lines of the log would push the tokens out of sight.
    const bool apart = isatty(STDERR_FILENO) && std::freopen(log_file.c_str(), "a", stderr);
    if (apart) fmt::print("日志 its log: {}\n", log_file);
    std::fflush(stdout);
    auto rc = serve((dir / "pingjing.toml").string());
    if (apart && rc != 0) fmt::print("{}", read_file(log_file));
    return rc;
}

}  // namespace pingjing::commands
