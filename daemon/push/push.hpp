// A JSON document pushed to somebody else's system: posted to an address, or given to a program. Tries once and says whether the other side
// has it; trying again is the business of whoever calls.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <string>
#include <vector>

#include "daemon/core/clock.hpp"
#include "daemon/core/result.hpp"
#include "daemon/http/client.hpp"

namespace pingjing::push {
namespace asio = boost::asio;

struct Address {
    std::string url{}, token{}, signing_secret{};  // the token goes as Bearer, the secret signs; both may be empty
    Millis timeout{10'000};
};
// Any 2xx is a receipt. `id` is the same each time the same thing is posted again. The error is for the log: no secret, nothing of the body.
asio::awaitable<Result<void>> post(http::Client& http, Address to, std::string id, std::string json, Instant now);
// The JSON on its standard input, without a shell; exit 0 is a receipt. One that runs longer than `timeout` is killed with everything it
// started.
asio::awaitable<Result<void>> run_program(std::vector<std::string> command, std::string json, Millis timeout);
// The same, and what it wrote to its standard output, at most `most` bytes; more is a failure. Whatever it has started ends with it.
asio::awaitable<Result<std::string>> ask_program(std::vector<std::string> command, std::string json, Millis timeout, std::size_t most);

// Whatever an attempt throws is a failed attempt; but whoever stops us stops us.
asio::awaitable<Result<void>> try_once(std::function<asio::awaitable<Result<void>>()> attempt);

}  // namespace pingjing::push
