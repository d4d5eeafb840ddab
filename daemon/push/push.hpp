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

// Any 2xx is a receipt. `token` goes as Bearer where there is one. The error is for the log: no secret, nothing of the body.
asio::awaitable<Result<void>> post(http::Client& http, std::string url, std::string token, std::string json, Millis timeout);
// The JSON on its standard input, without a shell; exit 0 is a receipt. One that runs longer than `timeout` is killed with everything it
// started.
asio::awaitable<Result<void>> run_program(std::vector<std::string> command, std::string json, Millis timeout);

// Whatever an attempt throws is a failed attempt; but whoever stops us stops us.
asio::awaitable<Result<void>> try_once(std::function<asio::awaitable<Result<void>>()> attempt);

}  // namespace pingjing::push
