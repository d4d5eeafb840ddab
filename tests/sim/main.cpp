// pingjing_sim [--from S] [--seeds N] [--twice]: the whole gateway on virtual time, N stories. Exit 1 names each seed in which a
// promise was broken, and the command that tells the story again.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "daemon/log/log.hpp"
#include "tests/sim/world.hpp"

int main(int argc, char** argv) {
    using namespace pingjing;
    std::uint64_t from = 1, seeds = 100;
    bool twice = false, verbose = false;
    for (int i = 1; i < argc; ++i) {
        std::string word = argv[i];
        bool number = i + 1 < argc && (word == "--from" || word == "--seeds");
        if (number) (word == "--from" ? from : seeds) = std::strtoull(argv[++i], nullptr, 10);
        else if (word == "--twice") twice = true;
        else if (word == "--verbose") verbose = true;
        else return fmt::print(stderr, "usage: pingjing_sim [--from SEED] [--seeds N] [--twice] [--verbose]\n"), 2;
    }
    auto lines = [verbose](std::string_view line) {
        if (verbose) fmt::print(stderr, "{}", line);
    };
    log::configure(log::Level::info, lines, nullptr);

    std::map<std::string, int> fired;
    std::uint64_t bad = 0, lives = 0, questions = 0, ratings = 0, in_doubt = 0;
    for (auto seed = from; seed < from + seeds; ++seed) {
        sim::Outcome story;
        try {
            story = sim::run_seed(seed);
            if (twice && sim::run_seed(seed).trace != story.trace) story.broken.push_back("the same seed told another story");
        } catch (const std::exception& error) {
            story.broken.push_back(error.what());
        }
        for (const auto& [name, n] : story.fired) fired[name] += n;
        lives += static_cast<std::uint64_t>(story.lives), questions += static_cast<std::uint64_t>(story.questions);
        ratings += static_cast<std::uint64_t>(story.ratings), in_doubt += static_cast<std::uint64_t>(story.in_doubt);
        if (verbose) fmt::print("seed {}: {} lives, {} questions, {} ratings, {}\n", seed, story.lives, story.questions, story.ratings, story.trace.substr(0, 16));
        if (story.broken.empty()) continue;
        ++bad;
        fmt::print("seed {} broke a promise; again: pingjing_sim --from {} --seeds 1 --verbose\n", seed, seed);
        for (const auto& what : story.broken) fmt::print("  {}\n", what);
    }
    fmt::print("{} stories, {} lives, {} questions reached citizens, {} ratings, {} in doubt at the end; faults:", seeds, lives, questions, ratings, in_doubt);
    for (const auto& [name, n] : fired) fmt::print(" {} {},", name, n);
    fmt::print("\n{}\n", bad ? fmt::format("{} seeds FAILED", bad) : "every promise held");
    return bad ? 1 : 0;
}
