// pingjing_sim [--from S] [--seeds N] [--jobs N]: the whole gateway on virtual time, N stories. Exit 1 names each seed in which a
// promise was broken, and the command that tells the story again.
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <new>
#include <set>
#include <sstream>
#include <string>
#include <system_error>

#include "daemon/core/system_clock.hpp"
#include "daemon/log/log.hpp"
#include "tests/sim/memory.hpp"
#include "tests/sim/world.hpp"

namespace {

using namespace pingjing;

constexpr const char* usage = R"(usage: pingjing_sim [--from SEED] [--seeds N] [--jobs N] [--twice] [--until-broken] [--at-least FAULTS] [--short] [--verbose]
       pingjing_sim --outage CALLS     a carrier that is out for 24 hours while CALLS calls wait
)";

struct Wish {
    std::uint64_t from = 1, seeds = 100, jobs = 1, at_least = 0, outage_calls = 0;
    bool twice = false, until_broken = false, verbose = false, is_short = false;
};

struct Sum {
    sim::Fired fired{};
    std::map<std::uint64_t, std::string> broken{};  // by seed
    std::uint64_t stories = 0, lives = 0, questions = 0, ratings = 0, in_doubt = 0, traces = 0;
};

void add(Sum& sum, std::uint64_t seed, const sim::Outcome& story) {
    for (const auto& [name, n] : story.fired) sum.fired[name] += n;
    ++sum.stories;
    sum.lives += static_cast<std::uint64_t>(story.lives), sum.questions += static_cast<std::uint64_t>(story.questions);
    sum.ratings += static_cast<std::uint64_t>(story.ratings), sum.in_doubt += static_cast<std::uint64_t>(story.in_doubt);
    if (!story.trace.empty()) sum.traces ^= std::strtoull(story.trace.substr(0, 16).c_str(), nullptr, 16);
    for (const auto& what : story.broken) sum.broken[seed] += "  " + what + "\n";
}

sim::Outcome tell(std::uint64_t seed, const Wish& wish) {
    sim::Shape shape;
    shape.is_short = wish.is_short;
    if (wish.outage_calls > 0) shape.calls = static_cast<int>(wish.outage_calls), shape.outage = std::chrono::hours(24);
    sim::Outcome story;
    try {
        story = sim::run_seed(seed, shape);
        if (wish.twice && sim::run_seed(seed, shape).trace != story.trace) story.broken.push_back("the same seed told another story");
    } catch (const std::exception& error) {
        story.broken.push_back(error.what());
    }
    if (wish.verbose)
        fmt::print("seed {}: {} lives, {} questions, {} ratings, trace {}\n", seed, story.lives, story.questions, story.ratings, story.trace.substr(0, 16));
    return story;
}

// What all processes share: who is free takes the next seed, so that a long story holds up nobody else.
struct Shared {
    std::atomic<std::uint64_t> next{0}, told{0};
    std::atomic<bool> enough{false};
};

Sum tell_all(const Wish& wish, Shared& shared, const std::function<void(std::uint64_t seed)>& begins) {
    Sum sum;
    for (auto n = shared.next++; n < wish.seeds && !shared.enough; n = shared.next++) {
        auto seed = wish.from + n;
        begins(seed);
        add(sum, seed, tell(seed, wish));
        ++shared.told;
        // Those before it are under way or told already: the first seed that breaks a promise is among those that are found.
        if (wish.until_broken && !sum.broken.empty()) shared.enough = true;
    }
    return sum;
}

std::string minutes_and_seconds(double seconds) {
    auto whole = static_cast<std::uint64_t>(seconds + 0.5);
    return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

// On a terminal: how far it is and how long it will take.
class Progress {
public:
    Progress(const Wish& wish, const Shared& shared) : wish_(wish), shared_(shared), shows_(::isatty(STDERR_FILENO) == 1 && !wish.verbose) {}
    ~Progress() {
        if (shows_) fmt::print(stderr, "\r\x1b[K");
    }
    Progress(const Progress&) = delete;
    void show() {
        std::chrono::duration<double> passed = clock_->steady() - began_;
        if (!shows_ || passed.count() < next_) return;
        next_ = passed.count() + 0.5;
        auto told = shared_.told.load();
        auto left = told == 0 ? std::string("?") : minutes_and_seconds(passed.count() / static_cast<double>(told) * static_cast<double>(wish_.seeds - told));
        fmt::print(stderr, "\r{} of {} stories in {}, about {} left\x1b[K", told, wish_.seeds, minutes_and_seconds(passed.count()), left);
    }

private:
    const Wish& wish_;
    const Shared& shared_;
    bool shows_;
    std::unique_ptr<Clock> clock_ = system_clock();
    Steady began_ = clock_->steady();
    double next_ = 1;
};

// What a child found, as text: one line a number, then faults and broken promises.
void save(const Sum& sum, std::FILE* out) {
    std::rewind(out);
    fmt::print(out, "{} {} {} {} {} {}\n{}\n", sum.stories, sum.lives, sum.questions, sum.ratings, sum.in_doubt, sum.traces, sum.fired.size());
    for (const auto& [name, n] : sum.fired) fmt::print(out, "{} {}\n", n, name);
    for (const auto& [seed, what] : sum.broken) fmt::print(out, "{} {}\n{}", seed, std::count(what.begin(), what.end(), '\n'), what);
    std::fflush(out);
}

void load(Sum& sum, std::FILE* file) {
    std::rewind(file);
    std::string text;
    char buffer[4096];
    while (auto n = std::fread(buffer, 1, sizeof buffer, file)) text.append(buffer, n);
    std::istringstream in(text);
    std::uint64_t stories = 0, lives = 0, questions = 0, ratings = 0, in_doubt = 0, traces = 0;
    std::size_t faults = 0;
    in >> stories >> lives >> questions >> ratings >> in_doubt >> traces >> faults;
    sum.stories += stories, sum.lives += lives, sum.questions += questions, sum.ratings += ratings, sum.in_doubt += in_doubt, sum.traces ^= traces;
    std::string line;
    for (int n = 0; faults > 0 && in >> n; --faults) {
        in.get();
        std::getline(in, line);
        sum.fired[line] += n;
    }
    std::uint64_t seed = 0, lines = 0;
    while (in >> seed >> lines && std::getline(in, line))
        for (; lines > 0 && std::getline(in, line); --lines) sum.broken[seed] += line + "\n";
}

void write_down(std::FILE* file, std::uint64_t seed) { std::rewind(file), fmt::print(file, "{}\n", seed), std::fflush(file); }

Sum tell_in_processes(const Wish& wish, Shared& shared, Progress& progress) {
    struct Child { pid_t pid; std::FILE* file; };
    std::vector<Child> children;
    for (std::uint64_t job = 0; job < wish.jobs; ++job) {
        auto* file = std::tmpfile();
        auto pid = ::fork();
        if (pid == 0) {
            save(tell_all(wish, shared, [&](std::uint64_t seed) { write_down(file, seed); }), file);
            std::fflush(nullptr);
            std::_Exit(0);
        }
        children.push_back({pid, file});
    }
    Sum sum;
    for (auto& child : children) {
        int status = 0;
        while (::waitpid(child.pid, &status, WNOHANG) == 0) progress.show(), ::usleep(10'000);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
            load(sum, child.file);
        } else {
            std::rewind(child.file);
            unsigned long long seed = 0;
            if (std::fscanf(child.file, "%llu", &seed) == 1) sum.broken[seed] = "  the program itself died of it\n";
        }
        std::fclose(child.file);
    }
    return sum;
}

}  // namespace

int main(int argc, char** argv) {
    Wish wish;
    std::map<std::string, std::uint64_t*> numbers = {{"--from", &wish.from}, {"--seeds", &wish.seeds}, {"--jobs", &wish.jobs}, {"--at-least", &wish.at_least}, {"--outage", &wish.outage_calls}};
    std::map<std::string, bool*> words = {{"--twice", &wish.twice}, {"--until-broken", &wish.until_broken}, {"--verbose", &wish.verbose}, {"--short", &wish.is_short}};
    for (int i = 1; i < argc; ++i) {
        std::string word = argv[i];
        if (auto number = numbers.find(word); number != numbers.end() && i + 1 < argc) *number->second = std::strtoull(argv[++i], nullptr, 10);
        else if (auto flag = words.find(word); flag != words.end()) *flag->second = true;
        else return fmt::print(stderr, "{}", usage), 2;
    }
    if (wish.outage_calls > 0) wish.seeds = 1;
    wish.jobs = std::clamp<std::uint64_t>(wish.jobs, 1, std::max<std::uint64_t>(wish.seeds, 1));
    auto lines = [verbose = wish.verbose](std::string_view line) {
        if (verbose) fmt::print(stderr, "{}", line);
    };
    sim::give_sqlite_quick_memory();
    log::configure(wish.verbose ? log::Level::info : log::Level::error, lines, nullptr);

    auto sum = [&] {
        auto* place = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (place == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
        auto& shared = *new (place) Shared;
        Progress progress(wish, shared);
        return wish.jobs > 1 ? tell_in_processes(wish, shared, progress) : tell_all(wish, shared, [&](std::uint64_t) { progress.show(); });
    }();
    for (const auto& [seed, what] : sum.broken)
        fmt::print("seed {} broke a promise; again: {} --from {} {} --verbose\n{}", seed, argv[0], seed, wish.outage_calls > 0 ? fmt::format("--outage {}", wish.outage_calls) : wish.is_short ? "--seeds 1 --short" : "--seeds 1", what);
    fmt::print("{} stories, {} lives, {} questions reached citizens, {} ratings, {} in doubt at the end, trace {:016x}; {} faults:", sum.stories, sum.lives, sum.questions,
               sum.ratings, sum.in_doubt, sum.traces, sum.fired.size());
    for (const auto& [name, n] : sum.fired) fmt::print("\n{:8} {}", n, name);
    if (sum.fired.size() < wish.at_least) sum.broken[0] = fmt::format("fewer than {} kinds of fault happened", wish.at_least), fmt::print("\n{}", sum.broken[0]);
    fmt::print("\n{}\n", sum.broken.empty() ? "every promise held" : fmt::format("{} seeds FAILED", sum.broken.size()));
    return sum.broken.empty() ? 0 : 1;
}
