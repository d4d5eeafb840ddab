// Stands in for the HTTP client in a build without it.
#include "daemon/http/client.hpp"

namespace pingjing::http {

asio::awaitable<FetchResult> Client::fetch(FetchRequest) { co_return tl::unexpected(Failure(Failure::When::before_send, "built without an HTTP client")); }

}  // namespace pingjing::http
