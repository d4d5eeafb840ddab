// How fast, and what of the machine it takes: `pingjing_bench [--folder DIR] [--count N] [--planted DIR] [--smoke] [calls|surveys|thanked|linked|replies|pace|memory|old|verify]…`.
// Figures of another machine say little; what one change does to them on the same machine says much.
#include <fmt/format.h>

#include <cstdlib>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "daemon/core/system_clock.hpp"
#include "tests/bench/load.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/scenarios.hpp"

using namespace pingjing;
namespace fs = std::filesystem;

namespace {

struct Options {
    fs::path folder = fs::temp_directory_path(), planted{};
    int count = 0;  // 0: as many as each scenario wants
    bool smoke = false;
    std::set<std::string> chosen{};
};

Options read_options(int argc, char** argv) {
    Options o;
    for (int i = 1; i < argc; ++i) {
        std::string word = argv[i];
        if (word == "--folder" && i + 1 < argc) o.folder = argv[++i];
        else if (word == "--count" && i + 1 < argc) o.count = std::atoi(argv[++i]);
        else if (word == "--planted" && i + 1 < argc) o.planted = argv[++i];
        else if (word == "--smoke") o.smoke = true;
        else o.chosen.insert(word);
    }
    return o;
}

}  // namespace

int main(int argc, char** argv) try {
    auto options = read_options(argc, argv);
    auto base = (options.folder / "pingjing-bench-XXXXXX").string();
    if (!mkdtemp(base.data())) throw std::runtime_error("cannot make a folder in " + options.folder.string());
    struct Cleanup {
        fs::path folder;
        ~Cleanup() {
            std::error_code ignored;
            fs::remove_all(folder, ignored);
        }
    } cleanup{base};
    fmt::print("this disk: {:.0f} fdatasync/s in {}\n", bench::syncs_per_second(base, *system_clock()), options.folder.string());

    int turn = 0;
    auto run = [&](const std::string& name, int usual, int small, const std::function<void(const fs::path&, int)>& scenario) {
        if (!options.chosen.empty() && !options.chosen.count(name)) return;
        auto count = options.count > 0 ? options.count : options.smoke ? small : usual;
        auto folder = fs::path(base) / std::to_string(++turn);
        fs::create_directories(folder);
        bench::in_a_process([&] { scenario(folder, count); });
        fs::remove_all(folder);
    };
    run("calls", 5'000, 20, [](const fs::path& f, int n) { bench::take_calls(f, n, 1, 16); });
    run("calls", 5'000, 20, [](const fs::path& f, int n) { bench::take_calls(f, n, 1, 64); });
    run("calls", 50'000, 20, [](const fs::path& f, int n) { bench::take_calls(f, n, 100, 4); });
    run("surveys", 20'000, 20, [](const fs::path& f, int n) { (void)bench::ask_and_rate(f, n, bench::Carrier::answered); });
    run("thanked", 20'000, 20, [](const fs::path& f, int n) { (void)bench::ask_and_rate(f, n, bench::Carrier::answered_and_thanked); });
    run("linked", 20'000, 20, [](const fs::path& f, int n) { (void)bench::ask_and_rate(f, n, bench::Carrier::linked); });
    run("replies", 20'000, 20, [](const fs::path& f, int n) { bench::take_replies(f, n, 1, 64); });
    run("replies", 20'000, 20, [](const fs::path& f, int n) { bench::take_replies(f, n, 100, 64); });
    run("pace", 10'000, 50, [](const fs::path& f, int n) { bench::rate_at_a_pace(f, n, 1000); });
    run("memory", 100'000, 100, [](const fs::path& f, int n) { bench::hold_open(f, n); });
    run("old", 1'000'000, 100, [&](const fs::path& f, int n) { bench::ask_in_an_old_store(f, n, options.planted); });
    run("verify", 1'000'000, 200, [&](const fs::path& f, int n) { bench::verify_facts(f, n, options.planted); });
    return 0;
} catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
}
