#include "daemon/log/process_metrics.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <system_error>

namespace pingjing::metrics {
namespace {

void add(std::string& out, const char* name, const char* kind, const char* help, double value) {
    out += fmt::format("# HELP process_{0} {2}\n# TYPE process_{0} {1}\nprocess_{0} {3}\n", name, kind, help, value);
}

double seconds(const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; }

// The twenty-second field of proc(5)'s stat, in clock ticks since the machine started; the second may hold blanks and ends with the last ')'.
std::optional<double> began_after_boot() {
    std::ifstream file("/proc/self/stat");
    std::string line;
    std::getline(file, line);
    auto end = line.rfind(')');
    if (end == std::string::npos) return std::nullopt;
    std::istringstream rest(line.substr(end + 1));
    std::string field;
    for (int number = 3; number <= 22; ++number) rest >> field;
    double ticks = 0;
    if (!(std::istringstream(field) >> ticks)) return std::nullopt;
    return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::optional<double> booted() {
    std::ifstream file("/proc/stat");
    for (std::string word; file >> word;)
        if (double at = 0; word == "btime" && file >> at) return at;
    return std::nullopt;
}

std::optional<double> resident_bytes() {
    std::ifstream file("/proc/self/statm");
    double size = 0, resident = 0;
    if (!(file >> size >> resident)) return std::nullopt;
    return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

std::optional<double> open_files() {
    std::error_code unknown;
    std::filesystem::directory_iterator open("/proc/self/fd", unknown);
    if (unknown) return std::nullopt;
    return static_cast<double>(std::distance(begin(open), end(open))) - 1;  // without the one that reads them
}

}  // namespace

std::string render_process() {
    std::string out;
    rusage used{};
    if (::getrusage(RUSAGE_SELF, &used) == 0)
        add(out, "cpu_seconds_total", "counter", "CPU time used, user and system.", seconds(used.ru_utime) + seconds(used.ru_stime));
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) == 0) add(out, "max_fds", "gauge", "How many files may be open.", static_cast<double>(files.rlim_cur));
    if (auto open = open_files()) add(out, "open_fds", "gauge", "How many files are open.", *open);
    if (auto bytes = resident_bytes()) add(out, "resident_memory_bytes", "gauge", "Memory in use.", *bytes);
    if (auto after = began_after_boot(), at = booted(); after && at) add(out, "start_time_seconds", "gauge", "When it began, since 1970.", *at + *after);
    return out;
}

}  // namespace pingjing::metrics
