// The other side of the network in a process of its own, so that its work is not counted as ours.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <string>
#include <vector>

#include "daemon/core/clock.hpp"

namespace pingjing::bench {
namespace asio = boost::asio;

struct Push {
    std::string target{}, content_type{}, token{};
    std::vector<std::string> bodies{};
    int connections = 1;
    int per_second = 0;  // 0: each as soon as the one before it is answered
    static constexpr const char* sent = "@SENT@";  // in a body: the moment at which it was to leave, as_letters()
};

// A moment of the steady clock, which all processes share.
std::string as_letters(Steady moment);
Steady from_letters(std::string text);

struct Answered {
    std::int64_t good = 0, refused = 0;
    double seconds = 0;                // from the first request to the last answer
    double median_ms = 0, p99_ms = 0;  // of one request
    std::string latency() const;
};

// Forks in the constructor: to be made before anything that has threads. The child makes its push when it is told to go on.
class Load {
public:
    explicit Load(std::function<Push(std::string token)> make);
    ~Load();
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;
    asio::awaitable<Answered> run(std::string address, std::string token);

private:
    int child_ = -1, to_child_ = -1, from_child_ = -1;
};

// Runs `work` in a process of its own and waits for its end; throws if it did not go well.
void in_a_process(const std::function<void()>& work);

}  // namespace pingjing::bench
