// A read-only connection on a thread of its own, for reports and stories: they take seconds and must hold up neither the
// io thread nor the one writer.
#pragma once
#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "daemon/store/sqlite.hpp"

namespace pingjing::store {
namespace asio = boost::asio;

class Store;

class ReadThread {
public:
    explicit ReadThread(std::string path);
    ~ReadThread();  // after the last run() was answered; before the io_context of its callers

    // Runs work(connection) there, one after the other, and resumes the caller here. What work throws is rethrown here. Whoever is
    // cancelled waits no longer than the statement in hand needs to hear of it, and throws operation_aborted: what was not read is not read.
    asio::awaitable<void> run(std::function<void(Connection&)> work);

private:
    struct Job {
        std::function<void(Connection&)> work;
        std::exception_ptr error;
        std::optional<asio::any_completion_handler<void()>> done;
        asio::any_io_executor executor;
        asio::cancellation_slot slot;
        bool cancelled = false;  // both threads: with the mutex of Shared
    };
    struct Shared;
    struct Impl;
    void enqueue(std::shared_ptr<Job> job);
    std::unique_ptr<Impl> impl_;
};

// How a stage reads without knowing where: on the ReadThread in service, through the store itself where it lives in memory.
using Reader = std::function<asio::awaitable<void>(std::function<void(Connection&)>)>;
Reader read_on(ReadThread& thread);
Reader read_on(Store& store);

}  // namespace pingjing::store
