#include "tests/bench/simulator.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "daemon/commands/commands.hpp"

namespace pingjing::bench {
namespace {

constexpr const char* citizens = R"toml(
[[rule]]
text = "回T退订"
answers = ["1"]
after_least = "100ms"
after_most = "500ms"
)toml";

constexpr const char* habits = R"toml(
[gateway]
window = 1000
delivery_window = 500
[reports]
after_least = "200ms"
after_most = "500ms"
)toml";

}  // namespace

Simulator::Simulator(const std::filesystem::path& folder) {
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "citizens.toml") << citizens;
    std::ofstream(folder / "habits.toml") << habits;
    int out[2];
    if (::pipe(out) != 0) throw std::runtime_error("no pipe");
    std::fflush(nullptr);
    child_ = ::fork();
    if (child_ < 0) throw std::runtime_error("cannot fork");
    if (child_ == 0) {
        ::dup2(out[1], STDOUT_FILENO);
        ::close(out[0]), ::close(out[1]);
        commands::SimulateOptions options;
        options.protocol = "smpp";
        options.log = "/dev/null";
        options.citizens = (folder / "citizens.toml").string(), options.faults = (folder / "habits.toml").string();
        ::_exit(commands::simulate(options));
    }
    ::close(out[1]);
    std::FILE* said = ::fdopen(out[0], "r");
    char line[200] = "";
    bool listens = std::fgets(line, sizeof line, said) && std::sscanf(line, "listening on 127.0.0.1:%d", &port_) == 1;
    std::fclose(said);
    if (!listens) throw std::runtime_error("the simulator does not listen");
}

Simulator::~Simulator() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
}

}  // namespace pingjing::bench
