// Where an alarm leaves us. A sink tries once and says whether the other side has it; trying again is the desk's business.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <memory>

#include "daemon/config/settings.hpp"
#include "daemon/core/result.hpp"
#include "daemon/desk/alarm.hpp"
#include "daemon/http/client.hpp"

namespace pingjing::desk {
namespace asio = boost::asio;

class Sink {
public:
    virtual ~Sink() = default;
    // The error is for the log: no number, no text, no secret.
    virtual asio::awaitable<Result<void>> deliver(Alarm alarm) = 0;
};

// webhook: a POST, any 2xx is a receipt. exec: a program with the JSON on its standard input, exit 0 is a receipt; one that runs
// longer than `timeout` is killed with everything it started. log: a line with the id at level error, for desks that read logs.
std::unique_ptr<Sink> make_sink(const config::Desk& settings, http::Client& http, const Clock& clock);

}  // namespace pingjing::desk
