// What the lists for people have in common: how a row is shown, and what is said when the store fails.
#pragma once
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "daemon/http/router.hpp"
#include "daemon/store/seal.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::followup {

boost::json::value text_or_null(const store::Statement& row, int column);
// `column` holds the id of a number; null where it is erased.
boost::json::value masked_phone(store::Connection& db, const store::Seal& seal, const store::Statement& row, int column);
http::Response tell(boost::json::value body);  // not to be kept by whoever is between
http::Response store_failed(const store::SqlError& error);

}  // namespace pingjing::followup
