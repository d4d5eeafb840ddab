// The guard before a handler: who asks, and may he. Tokens are looked up in a table in memory, so that intake under load does
// not wait for the store; design.md A2 wants a token effective at once, so the table never outlives a change.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "daemon/admin/tokens.hpp"
#include "daemon/http/router.hpp"
#include "daemon/store/store.hpp"

namespace pingjing::admin {

// The header in which a handler finds who asked: "3/张三" (token id and name), "control", "loopback". One that comes
// from outside is taken away.
inline constexpr const char* who_header = "x-pingjing-who";
// By which a command names the person at the keyboard; heard through the control socket only.
inline constexpr const char* person_header = "x-pingjing-person";

// Who asks without a token: through the control socket, or from the machine itself.
http::Asker near_asker(const http::Request& request);

// Another way in than a token in the request: the number of the token by which somebody signed in before, or what he is answered instead;
// nullopt: the request does not come that way.
using SignedInBy = std::function<std::optional<tl::expected<std::int64_t, http::Response>>(const http::Request&)>;

class Access {
public:
    Access(store::Store& store, const Clock& clock) : store_(store), clock_(clock) {}  // both outlive every handler made here

    // `scopes`: "inspect", or "inspect,desk" where one of them is enough. The control socket needs no token; `admin` may everything.
    http::Handler guard(std::string scopes, http::Handler handler);
    // The same for what is harmless on the machine itself; not for what a proxy there hands on.
    http::Handler loopback_or(std::string scopes, http::Handler handler);
    http::Guard guards();
    // The same for everybody who has a token or a session, whatever he may.
    http::Handler anybody(http::Handler handler);

    // From now on a request without a token may also come by this. What is answered to it holds no whole mobile number, except to a
    // reason given (POST …/reveal).
    void also_by(SignedInBy signed_in) { signed_in_ = std::move(signed_in); }
    // The number of a token that counts now. unavailable: the store does not answer; another error says why it does not count.
    asio::awaitable<Result<std::int64_t>> check(std::string token);

private:
    struct Table {
        std::vector<TokenRow> rows{};
        std::uint64_t changes = 0;
        Steady read_at{};
    };
    asio::awaitable<http::Response> pass(std::string scopes, bool loopback_passes, http::Handler handler, http::Request request);
    asio::awaitable<http::Response> enter(const TokenRow* row, std::string scopes, http::Handler handler, http::Request request);
    asio::awaitable<std::shared_ptr<const Table>> table();

    store::Store& store_;
    const Clock& clock_;
    std::shared_ptr<const Table> table_;
    SignedInBy signed_in_{};
};

}  // namespace pingjing::admin
