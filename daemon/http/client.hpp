// libcurl's multi interface as one cancellable coroutine that knows whether a request had left.
#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/core/clock.hpp"
#include "daemon/core/result.hpp"
#include "daemon/http/reach.hpp"

namespace pingjing::http {
namespace asio = boost::asio;

struct FetchRequest {
    std::string method = "GET";
    std::string url{};
    std::vector<std::string> headers{};  // "Name: value"
    std::string body{};
    std::string user_password{};         // Basic, "user:password"; empty: none
    std::chrono::milliseconds connect_timeout{5'000};
    std::chrono::milliseconds timeout{30'000};
    std::shared_ptr<const Reach> reach{};  // of a carrier's channel: goes nowhere else; null: wherever the URL leads
};

struct FetchResponse {
    int status = 0;
    std::string content_type{};
    std::string retry_after{};
    std::optional<Instant> date{};       // by the peer's clock, where it says it
    std::string body{};                  // at most 1 MiB; a longer one is a Failure after_send
};

// Why no response came. The distinction that matters to an SMS gateway: did the request leave?
struct Failure {
    enum class When { before_send, after_send };
    Failure(When w, std::string what) : when(w), detail(std::move(what)) {}
    When when;
    std::string detail;
};
using FetchResult = tl::expected<FetchResponse, Failure>;

// http and https only, redirects and environment proxies off, HTTP/1.1, `Expect:` empty. Connections are kept alive and a
// request on a kept connection that dies before any byte of the answer counts as after_send. With a `reach` the address is looked at
// once its name is resolved, before anything is connected, and again on a kept connection: what is not allowed is a Failure before_send.
class Client {
public:
    explicit Client(asio::any_io_executor executor);
    ~Client();  // every fetch() must have finished
    asio::awaitable<FetchResult> fetch(FetchRequest request);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace pingjing::http
