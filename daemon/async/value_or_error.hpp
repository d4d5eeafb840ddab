#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace pingjing {

/// For `co_await`: what a socket answers as (error, …), where an error is news and no exception.
inline constexpr auto value_or_error = boost::asio::as_tuple(boost::asio::use_awaitable);

}  // namespace pingjing
