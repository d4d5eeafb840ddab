#include "daemon/http/server.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <cstring>
#include <optional>

#include "daemon/async/task_group.hpp"
#include "daemon/async/value_or_error.hpp"
#include "daemon/async/within.hpp"
#include "daemon/http/connection.hpp"
#include "daemon/http/streams.hpp"
#include "daemon/log/log.hpp"
#include "daemon/log/metrics.hpp"

namespace pingjing::http {
namespace {

using Tcp = asio::ip::tcp;
using Local = asio::local::stream_protocol;
using boost::system::error_code;

constexpr auto finish_limit = 5s;
constexpr auto accept_pause = 100ms;  // without descriptors it would fail again at once, for ever
constexpr std::size_t most_leaving = 64;   // at one time, above the limit
constexpr std::uint64_t full_said_every = 10000;

// Where to listen, from the settings.
struct Place {
    std::string path{};  // of a unix socket, or
    Tcp::endpoint endpoint{};
};

Result<Place> read_place(const std::string& listen) {
    Place place;
    if (listen.starts_with("unix:")) {
        place.path = listen.substr(5);
        if (place.path.empty() || place.path.size() > 107)
            return fail(Error::Kind::invalid_input, fmt::format("cannot listen on '{}': the path of a socket has 1 to 107 bytes", listen));
        return place;
    }
    auto expected = fmt::format("cannot listen on '{}': expected \"127.0.0.1:8110\", \"[::1]:8110\" or \"unix:/path\"", listen);
    auto colon = listen.rfind(':');
    if (colon == std::string::npos) return fail(Error::Kind::invalid_input, expected);
    auto host = listen.substr(0, colon), port = listen.substr(colon + 1);
    bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);
    error_code error;
    auto address = asio::ip::make_address(host, error);
    bool digits = !port.empty() && port.size() <= 5 && port.find_first_not_of("0123456789") == std::string::npos;
    if (error || address.is_v6() != bracketed || !digits || std::stoi(port) > 65535) return fail(Error::Kind::invalid_input, expected);
    place.endpoint = Tcp::endpoint(address, static_cast<std::uint16_t>(std::stoi(port)));
    return place;
}

bool is_loopback(const asio::ip::address& address) {
    if (address.is_v6() && address.to_v6().is_v4_mapped())
        return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).is_loopback();
    return address.is_loopback();
}

bool may_control(Socket& socket) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
    return peer.uid == 0 || peer.uid == ::geteuid();
}

}  // namespace

struct Server::Impl {
    Impl(asio::any_io_executor ex, ServerSettings s, Router r)
        : executor(std::move(ex)), shared(std::move(s), std::move(r)), settings(shared.settings), doors(executor, report), connections(executor, report) {}

    static void report(const std::string& task, std::exception_ptr thrown) {
        try {
            std::rethrow_exception(thrown);
        } catch (const std::exception& e) {
            log::error("http.failed", {{"task", task}, {"why", e.what()}});
        }
    }

    Result<void> open() {
        if (settings.tls_cert.empty() != settings.tls_key.empty())
            return fail(Error::Kind::invalid_input, "cannot serve TLS: tls_cert and tls_key go together; set both or none");
        if (!settings.tls_cert.empty()) {
            auto loaded = load_tls(settings.tls_cert, settings.tls_key);
            if (!loaded) return tl::unexpected(loaded.error());
            tls.emplace(std::move(*loaded));
        }
        if (settings.inherited_fd >= 0) return inherit();
        auto place = read_place(settings.listen);
        if (!place) return tl::unexpected(place.error());
        if (settings.control && place->path.empty())
            return fail(Error::Kind::invalid_input, fmt::format("cannot take commands on '{}': the control socket is a \"unix:/path\"", settings.listen));
        return place->path.empty() ? listen_tcp(place->endpoint) : listen_local(place->path);
    }

    Result<void> failed(std::string_view did, const error_code& error, std::string_view advice) {
        tcp.reset();
        local.reset();
        return fail(Error::Kind::unavailable, fmt::format("cannot {} {}: {}; {}", did, settings.listen, error.message(), advice));
    }

    Result<void> inherit() {
        sockaddr_storage name{};
        socklen_t size = sizeof name;
        int listening = 0;
        socklen_t listening_size = sizeof listening;
        bool usable = ::getsockname(settings.inherited_fd, reinterpret_cast<sockaddr*>(&name), &size) == 0 &&
                      ::getsockopt(settings.inherited_fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &listening_size) == 0 && listening != 0;
        bool is_local = name.ss_family == AF_UNIX;
        if (!usable || (!is_local && name.ss_family != AF_INET && name.ss_family != AF_INET6) || (settings.control && !is_local))
            return fail(Error::Kind::invalid_input,
                        fmt::format("cannot use the inherited descriptor {}: it is no listening socket of the right kind; look at the .socket unit",
                                    settings.inherited_fd));
        error_code error;
        if (is_local) {
            local.emplace(executor);
            local->assign(Local(), settings.inherited_fd, error);
            if (!error) taken_address = "unix:" + local->local_endpoint(error).path();
        } else {
            tcp.emplace(executor);
            tcp->assign(name.ss_family == AF_INET ? Tcp::v4() : Tcp::v6(), settings.inherited_fd, error);
            if (!error) taken_address = fmt::format("{}", to_text(tcp->local_endpoint(error)));
        }
        if (error) return failed("take over", error, "look at the .socket unit");
        return {};
    }

    static std::string to_text(const Tcp::endpoint& endpoint) {
        auto host = endpoint.address().to_string();
        return endpoint.address().is_v6() ? fmt::format("[{}]:{}", host, endpoint.port()) : fmt::format("{}:{}", host, endpoint.port());
    }

    Result<void> listen_tcp(const Tcp::endpoint& endpoint) {
        error_code error;
        tcp.emplace(executor);
        tcp->open(endpoint.protocol(), error);
        if (!error) tcp->set_option(asio::socket_base::reuse_address(true), error);
        if (!error) tcp->bind(endpoint, error);
        if (!error) tcp->listen(asio::socket_base::max_listen_connections, error);
        if (error) return failed("listen on", error, "is another daemon running there, or the port below 1024?");
        taken_address = to_text(tcp->local_endpoint());
        return {};
    }

    // A file left by a daemon that died is replaced; one that somebody answers behind, or that is no socket, is not ours.
    Result<void> listen_local(const std::string& path) {
        Local::endpoint endpoint(path);
        error_code error;
        local.emplace(executor);
        for (bool again = true;; again = false) {
            local->open(endpoint.protocol(), error);
            // Linux gives the file the mode of the unbound socket, less the umask: there is no moment when others may connect.
            if (!error && ::fchmod(local->native_handle(), settings.control ? 0600 : 0660) != 0) error.assign(errno, boost::system::system_category());
            if (!error) local->bind(endpoint, error);
            if (error != asio::error::address_in_use || !again) break;
            if (!is_stale(endpoint)) return failed("listen on", error, "another daemon answers there, or the file is no socket of ours");
            ::unlink(path.c_str());
            error_code ignored;
            local->close(ignored);
        }
        if (!error) local->listen(asio::socket_base::max_listen_connections, error);
        if (error) return failed("listen on", error, "its directory must exist and be writable for the daemon");
        taken_address = settings.listen;
        own_path = path;
        struct stat file {};
        if (::stat(path.c_str(), &file) == 0) own_inode = file.st_ino;
        return {};
    }

    bool is_stale(const Local::endpoint& endpoint) {
        struct stat file {};
        if (::lstat(endpoint.path().c_str(), &file) != 0 || !S_ISSOCK(file.st_mode)) return false;
        Local::socket probe(executor);
        error_code error;
        probe.open(endpoint.protocol(), error);
        if (!error) probe.non_blocking(true, error);
        if (!error) probe.connect(endpoint, error);
        return error == asio::error::connection_refused;
    }

    void start() {
        if (tcp) doors.spawn("http.accept", accept(*tcp));
        if (local) doors.spawn("http.accept", accept(*local));
    }

    void stop_accepting() {
        doors.stop();
        error_code ignored;
        if (tcp) tcp->close(ignored);
        if (local) local->close(ignored);
        struct stat file {};
        if (!own_path.empty() && ::stat(own_path.c_str(), &file) == 0 && file.st_ino == own_inode) ::unlink(own_path.c_str());
        own_path.clear();
    }

    template <class Acceptor>
    asio::awaitable<void> accept(Acceptor& acceptor) {
        for (;;) {
            Socket socket(executor);
            auto [error] = co_await acceptor.async_accept(socket, value_or_error);
            if (error) {
                if (!acceptor.is_open()) co_return;
                log::warn("http.accept_failed", {{"listen", taken_address}, {"why", error.message()}});
                co_await sleep_for(accept_pause);
                continue;
            }
            // Whatever goes wrong with one guest, the door stays open for the next.
            try {
                bool near = peer_is_near(acceptor, socket);
                admit(std::move(socket), near);
            } catch (const std::exception& e) {
                log::error("http.failed", {{"listen", taken_address}, {"why", e.what()}});
            }
        }
    }

    static bool peer_is_near(Local::acceptor&, Socket&) { return true; }
    static bool peer_is_near(Tcp::acceptor&, Socket& socket) {
        error_code error;
        auto peer = socket.remote_endpoint(error);
        if (error || peer.size() > sizeof(sockaddr_storage)) return false;
        Tcp::endpoint endpoint;
        std::memcpy(endpoint.data(), peer.data(), std::min(peer.size(), endpoint.capacity()));
        endpoint.resize(std::min(peer.size(), endpoint.capacity()));
        return is_loopback(endpoint.address());
    }

    void admit(Socket socket, bool near) {
        if (settings.control && !may_control(socket)) {
            log::warn("http.control_refused", {{"listen", taken_address}});
            return;
        }
        if (connections.size() >= settings.most_connections && !make_room()) {
            refuse_one(socket);
            return;
        }
        auto stream = tls ? tls_stream(std::move(socket), *tls) : plain_stream(std::move(socket));
        connections.spawn("http.connection", serve(std::make_unique<Connection>(shared, std::move(stream), near)));
    }

    static asio::awaitable<void> serve(std::unique_ptr<Connection> connection) { co_await connection->serve(); }

    // Whoever fills us up with requests that never end pushes out himself, not those who have something to say: the guest whom we wait
    // for longest goes. What has come of him is still served. False: all of them are being served, or are leaving already.
    bool make_room() {
        say_full();
        if (connections.size() >= settings.most_connections + most_leaving || !shared.dismiss_longest_waiter()) return false;
        metrics::count("http_dismissed_total", {});
        return true;
    }

    // Once in a while: a flood must not fill the log.
    void say_full() {
        if (full_said++ % full_said_every == 0) log::warn("http.full", {{"listen", taken_address}, {"connections", connections.size()}});
    }

    // Said without waiting: it must not cost us a coroutine each.
    void refuse_one(Socket& socket) {
        metrics::count("http_refused_total", {{"status", "503"}});
        if (tls) return;
        auto response = problem(503, "Service Unavailable", "too many connections");
        response.headers.emplace_back("Retry-After", "5");
        auto bytes = build_head(response, true) + response.body;
        (void)::send(socket.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        error_code ignored;
        socket.shutdown(Socket::shutdown_send, ignored);
    }

    asio::awaitable<void> stop() {
        stop_accepting();
        shared.ending = true;
        co_await doors.join();
        // Those who wait for a next request wake up and find the end; the others finish theirs.
        for (auto* connection : shared.present) connection->hurry();
        auto finished = co_await within(finish_limit, join_connections());
        if (!finished) log::warn("http.cut_off", {{"listen", taken_address}, {"connections", connections.size()}});
        connections.stop();
        co_await connections.join();
    }

    asio::awaitable<bool> join_connections() {
        co_await connections.join();
        co_return true;
    }

    asio::any_io_executor executor;
    Shared shared;
    const ServerSettings& settings;
    std::optional<asio::ssl::context> tls;
    std::optional<Tcp::acceptor> tcp;
    std::optional<Local::acceptor> local;
    std::string taken_address;
    std::string own_path;
    ino_t own_inode = 0;
    std::uint64_t full_said = 0;
    TaskGroup doors;
    TaskGroup connections;
};

Server::Server(asio::any_io_executor executor, ServerSettings settings, Router router)
    : impl_(std::make_unique<Impl>(std::move(executor), std::move(settings), std::move(router))) {}
Server::~Server() = default;
Result<void> Server::open() { return impl_->open(); }
std::string Server::address() const { return impl_->taken_address; }
void Server::start() { impl_->start(); }
void Server::stop_accepting() { impl_->stop_accepting(); }
asio::awaitable<void> Server::stop() { co_await impl_->stop(); }

}  // namespace pingjing::http
