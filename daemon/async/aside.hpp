// Work that may never end, such as a write into a folder on a network that has gone, on a thread of its own. Whoever waits for it may be told
// to stop: then it is left behind with all that it touches, and nobody waits for it any more, the end of the process neither.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <string>

namespace pingjing {
namespace asio = boost::asio;

class Aside {
public:
    explicit Aside(std::string thread_name);
    ~Aside();  // after the last run() was answered, and before the io_context of its callers; does not wait for work
    Aside(const Aside&) = delete;
    Aside& operator=(const Aside&) = delete;

    // Runs work() there, one after the other, and resumes the caller here; what it throws is rethrown. It may outlive its caller, so it owns
    // whatever it touches. Throws operation_aborted as soon as the caller is cancelled.
    asio::awaitable<void> run(std::function<void()> work);

private:
    struct Job;
    struct Queue;
    static void answer(Queue& queue, Job& job);
    std::shared_ptr<Queue> queue_;
};

}  // namespace pingjing
