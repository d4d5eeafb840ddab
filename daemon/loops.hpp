// The loops of a daemon, none of which may end: what one throws is logged and counted, and it begins again. A loop that fails time and
// again looks alive and does nothing, so who asks within the minute after hears of it.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "daemon/async/task_group.hpp"
#include "daemon/core/clock.hpp"

namespace pingjing {

// Outlives the groups that it is given.
class Loops {
public:
    explicit Loops(const Clock& clock) : clock_(clock) {}

    // `loop` makes the coroutine anew each time it begins; what it refers to outlives the group. Several may have one name.
    void keep(TaskGroup& group, std::string name, std::function<asio::awaitable<void>()> loop);

    // "'receipts' fails and begins again: disk I/O error", one for each name that failed within the last minute.
    std::vector<std::string> failing() const;

private:
    struct Failure { Steady at{}; std::string why{}; };
    const Clock& clock_;
    std::map<std::string, Failure> last_;  // by name
};

}  // namespace pingjing
