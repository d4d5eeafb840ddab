#include "tests/bench/measure.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace pingjing::bench {
namespace {

double seconds_of(const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; }
rusage used_so_far() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage;
}
// Of this process's thread of that name, in steps of 10 ms: there is no call for another thread than one's own. proc(5), fields 14 and 15.
double thread_seconds(std::string_view name) {
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
        std::string comm, stat;
        std::getline(std::ifstream(task.path() / "comm"), comm);
        if (comm != name) continue;
        std::getline(std::ifstream(task.path() / "stat"), stat);
        std::istringstream words(stat.substr(std::min(stat.rfind(')') + 1, stat.size())));
        std::string skipped;
        double user = 0, system = 0;
        for (int field = 3; field < 14; ++field) words >> skipped;
        words >> user >> system;
        return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
    }
    return 0;
}
double in_seconds(Steady t) { return std::chrono::duration<double>(t).count(); }

}  // namespace

Memory memory() {
    Memory out;
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        std::istringstream words(line);
        std::string name;
        double kilobytes = 0;
        words >> name >> kilobytes;
        if (name == "VmRSS:") out.now_mb = kilobytes / 1000;
        if (name == "VmHWM:") out.peak_mb = kilobytes / 1000;
    }
    return out;
}

Stopwatch::Stopwatch(const Clock& clock) : clock_(clock), from_(clock.steady()) {
    auto usage = used_so_far();
    user_ = seconds_of(usage.ru_utime), system_ = seconds_of(usage.ru_stime);
    store_ = thread_seconds("store"), reader_ = thread_seconds("reader");
}
double Stopwatch::seconds() const { return in_seconds(clock_.steady() - from_); }
double Stopwatch::user_seconds() const { return seconds_of(used_so_far().ru_utime) - user_; }
double Stopwatch::system_seconds() const { return seconds_of(used_so_far().ru_stime) - system_; }

double Stopwatch::store_seconds() const { return thread_seconds("store") - store_; }
double Stopwatch::seconds_without_reader() const { return user_seconds() + system_seconds() - (thread_seconds("reader") - reader_); }

void tell(const std::string& name, const char* what, std::int64_t count, double seconds, const Stopwatch& used, const std::string& more) {
    auto n = static_cast<double>(count);
    fmt::print("{:<34} {:>7} {} in {:6.2f} s = {:>6.0f}/s; CPU {:5.0f} us user + {:4.0f} us system each ({:3.0f} us the store's thread), {:3.0f}% of one core; peak RSS {:.0f} MB{}\n", name, count, what,
               seconds, n / seconds, used.user_seconds() * 1e6 / n, used.system_seconds() * 1e6 / n, used.store_seconds() * 1e6 / n, (used.user_seconds() + used.system_seconds()) / seconds * 100,
               memory().peak_mb, more);
    std::fflush(stdout);
}

double syncs_per_second(const std::filesystem::path& folder, const Clock& clock) {
    auto path = folder / "syncs";
    int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) throw std::runtime_error("cannot write in " + folder.string());
    constexpr int times = 100;
    std::string block(4096, 'x');
    auto from = clock.steady();
    for (int i = 0; i < times; ++i)
        if (::write(fd, block.data(), block.size()) < 0 || ::fdatasync(fd) != 0) throw std::runtime_error("cannot write in " + folder.string());
    auto took = in_seconds(clock.steady() - from);
    ::close(fd);
    std::filesystem::remove(path);
    return times / took;
}

}  // namespace pingjing::bench
