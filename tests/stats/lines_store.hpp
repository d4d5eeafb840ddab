// Calls and ratings into a store, a report out of it.
#pragma once
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace pingjing::test {

// {"calls":[{"officer","unit","category","hour","grade"|null,"delivered":bool}],"report":NAME,"estimate":bool} → the report's JSON.
boost::json::value report_of(const boost::json::object& question);

}  // namespace pingjing::test
