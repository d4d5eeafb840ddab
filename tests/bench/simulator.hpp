// `pingjing simulate smpp` in a process of its own: takes every text at once, reports on it, and its citizens all answer "1".
#pragma once
#include <filesystem>

namespace pingjing::bench {

class Simulator {
public:
    // Forks: to be made before anything that has threads.
    explicit Simulator(const std::filesystem::path& folder);
    ~Simulator();
    Simulator(const Simulator&) = delete;
    Simulator& operator=(const Simulator&) = delete;
    int port() const { return port_; }

private:
    int child_ = -1, port_ = 0;
};

}  // namespace pingjing::bench
