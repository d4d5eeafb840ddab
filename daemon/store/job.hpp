// A piece of work on its way through the store: done on the store's thread, on disk after the flusher, then answered.
#pragma once
#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <vector>

namespace pingjing {
namespace asio = boost::asio;
}

namespace pingjing::store {

class Connection;

struct Job {
    virtual ~Job() = default;
    virtual void work(Connection& db) = 0;
    std::exception_ptr error;
    bool sends = false;  // called will_send()
    // Boost 1.81's move assignment of this type calls itself for ever; constructing in place does not.
    std::optional<asio::any_completion_handler<void()>> done;
    asio::any_io_executor executor;
};
using Group = std::vector<std::shared_ptr<Job>>;

// Resumes the caller on its own executor; once. From then on the job is the caller's alone: whatever it holds ends on his thread.
void answer(std::shared_ptr<Job> job);

}  // namespace pingjing::store
