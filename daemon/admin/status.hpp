// What one needs at three in the morning: queues, doubt, last signs of life, holds, disk, clock.
#pragma once
#include <boost/json/value.hpp>
#include <string>

#include "daemon/core/clock.hpp"

namespace pingjing::store {
class Connection;
class Seal;
}

namespace pingjing::admin {

// `path`: of the database file, for the disk it lies on.
boost::json::value read_status(store::Connection& db, const store::Seal& seal, const std::string& path, Instant now);

}  // namespace pingjing::admin
