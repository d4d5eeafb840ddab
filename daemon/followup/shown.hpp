// What the lists for people have in common: how a row is shown, and what is said when the store fails.
#pragma once
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "daemon/http/router.hpp"
#include "daemon/store/reveals.hpp"
#include "daemon/store/seal.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::followup {

boost::json::value text_or_null(const store::Statement& row, int column);
// `column` holds the id of a number; null where it is erased.
boost::json::value masked_phone(store::Connection& db, const store::Seal& seal, const store::Statement& row, int column);
http::Response tell(boost::json::value body);  // not to be kept by whoever is between
http::Response store_failed(const store::SqlError& error);
// 503 where the store fails: nothing was done, and asking again is safe.
http::Handler or_unavailable(http::Handler handler);
http::Response refuse(const Error& error);                // by its kind

// [{"at","who","reason"}]
boost::json::array shown_reveals(const std::vector<store::Reveal>& reveals);

// What the caller wrote about a case, in his own words: [{"at","text","label"}]. Whoever shows it records the look.
boost::json::array said(store::Connection& db, const store::Seal& seal, std::int64_t case_id);

}  // namespace pingjing::followup
