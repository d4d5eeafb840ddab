#include "daemon/http/server.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstring>
#include <iterator>
#include <optional>
#include <set>
#include <variant>

#include "daemon/async/task_group.hpp"
#include "daemon/async/within.hpp"
#include "daemon/http/head.hpp"
#include "daemon/log/log.hpp"
#include "daemon/log/metrics.hpp"

namespace pingjing::http {
namespace {

namespace beast_http = boost::beast::http;
using Socket = asio::generic::stream_protocol::socket;
using Tcp = asio::ip::tcp;
using Local = asio::local::stream_protocol;
using boost::system::error_code;

constexpr auto value_or_error = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t piece_bytes = 64u << 10;
constexpr std::size_t most_extension_bytes = 256;       // of one request's chunks together
constexpr std::size_t most_chunk_line_bytes = 4u << 10;  // a chunk's head, or what follows the last chunk
constexpr std::size_t most_bodies = 16;                 // of the longest kind, in memory at one time
constexpr auto drain_limit = 2s;                        // for the client to read why it was refused
constexpr auto finish_limit = 5s;
constexpr auto accept_pause = 100ms;                    // without descriptors it would fail again at once, for ever

// Bytes in and out, with TLS or without. An error and the end look alike: the connection is of no more use.
class Stream {
public:
    virtual ~Stream() = default;
    virtual asio::awaitable<bool> open() = 0;
    virtual asio::awaitable<std::size_t> read(char* into, std::size_t size) = 0;  // 0: the end
    virtual asio::awaitable<bool> write(const char* from, std::size_t size) = 0;
    virtual asio::awaitable<bool> finish() = 0;  // says that no more comes from us
    virtual Socket& socket() = 0;
};

class PlainStream final : public Stream {
public:
    explicit PlainStream(Socket socket) : socket_(std::move(socket)) {}
    asio::awaitable<bool> open() override { co_return true; }
    asio::awaitable<std::size_t> read(char* into, std::size_t size) override {
        auto [error, count] = co_await socket_.async_read_some(asio::buffer(into, size), value_or_error);
        co_return error ? 0 : count;
    }
    asio::awaitable<bool> write(const char* from, std::size_t size) override {
        auto [error, count] = co_await asio::async_write(socket_, asio::buffer(from, size), value_or_error);
        co_return !error && count == size;
    }
    asio::awaitable<bool> finish() override {
        error_code error;
        socket_.shutdown(Socket::shutdown_send, error);
        co_return !error;
    }
    Socket& socket() override { return socket_; }

private:
    Socket socket_;
};

class TlsStream final : public Stream {
public:
    TlsStream(Socket socket, asio::ssl::context& context) : tls_(std::move(socket), context) {}
    asio::awaitable<bool> open() override {
        auto [error] = co_await tls_.async_handshake(asio::ssl::stream_base::server, value_or_error);
        co_return !error;
    }
    asio::awaitable<std::size_t> read(char* into, std::size_t size) override {
        auto [error, count] = co_await tls_.async_read_some(asio::buffer(into, size), value_or_error);
        co_return error ? 0 : count;
    }
    asio::awaitable<bool> write(const char* from, std::size_t size) override {
        auto [error, count] = co_await asio::async_write(tls_, asio::buffer(from, size), value_or_error);
        co_return !error && count == size;
    }
    asio::awaitable<bool> finish() override {
        auto [error] = co_await tls_.async_shutdown(value_or_error);
        co_return !error;
    }
    Socket& socket() override { return tls_.next_layer(); }

private:
    asio::ssl::stream<Socket> tls_;
};

struct Connection {
    Connection(std::unique_ptr<Stream> s, bool near) : stream(std::move(s)), loopback(near) {}
    std::unique_ptr<Stream> stream;
    bool loopback;
    bool busy = false;       // between the first byte of a request and the last of its answer
    std::string received{};  // read, but not yet used
};

// Reads what has come behind `received`; false at the end.
asio::awaitable<bool> read_more(Connection& c) {
    auto size = c.received.size();
    c.received.resize(size + piece_bytes);
    auto count = co_await c.stream->read(c.received.data() + size, piece_bytes);
    c.received.resize(size + count);
    co_return count > 0;
}

using HeadBytes = tl::expected<std::string, Refusal>;

asio::awaitable<HeadBytes> receive_head(Connection& c, std::size_t limit) {
    for (;;) {
        auto end = find_head_end(c.received, limit);
        if (!end) co_return tl::unexpected(end.error());
        if (*end > 0) {
            auto bytes = c.received.substr(0, *end);
            c.received.erase(0, *end);
            co_return bytes;
        }
        if (!co_await read_more(c)) co_return tl::unexpected(Refusal(0, "the client left"));
    }
}

Refusal read_parser_error(const error_code& error) {
    if (error == beast_http::error::body_limit || error == beast_http::error::buffer_overflow) return {413, "the body is too long"};
    if (error == beast_http::error::header_limit) return {431, "the head is too long"};
    return {400, "the request cannot be parsed"};
}

// Bodies are read before anybody knows who sends them: together they must not fill the memory. What has come counts, not
// what was promised, or a few who promise and do not send would keep everybody else out.
class Share {
public:
    Share(std::size_t& all, std::size_t most) : all_(all), most_(most) {}
    ~Share() { all_ -= mine_; }
    Share(const Share&) = delete;
    bool hold(std::size_t bytes) {
        all_ += bytes - mine_;
        mine_ = bytes;
        return all_ <= most_;
    }

private:
    std::size_t& all_;
    std::size_t most_;
    std::size_t mine_ = 0;
};

using Body = tl::expected<std::string, Refusal>;

// Gives Beast the same head again and reads the body with it. What it understands must be what we understood.
class BodyReader {
public:
    BodyReader(const Head& head, std::string head_bytes, std::size_t body_limit) : head_(head), head_bytes_(std::move(head_bytes)) {
        parser_.body_limit(body_limit);
        parser_.header_limit(static_cast<std::uint32_t>(head_bytes_.size() + most_chunk_line_bytes));
        parser_.eager(true);
        parser_.on_chunk_header(on_chunk_);
    }
    BodyReader(const BodyReader&) = delete;

    std::optional<Refusal> begin() {
        error_code error;
        auto used = parser_.put(asio::buffer(head_bytes_), error);
        if (error && error != beast_http::error::need_more) return read_parser_error(error);
        bool same = used == head_bytes_.size() && parser_.is_header_done() && parser_.chunked() == head_.chunked &&
                    std::string_view(parser_.get().method_string()) == head_.method && std::string_view(parser_.get().target()) == head_.target &&
                    parser_.content_length().value_or(0) == head_.content_length && fields() == head_.headers.size();
        if (!same) return Refusal(400, "the request can be read in two ways");
        return std::nullopt;
    }

    // Uses up the front of `received`; true when the body is complete.
    tl::expected<bool, Refusal> feed(std::string& received) {
        while (!parser_.is_done() && !received.empty()) {
            error_code error;
            auto used = parser_.put(asio::buffer(received), error);
            received.erase(0, used);
            if (error == beast_http::error::need_more || (!error && used == 0)) {
                if (received.size() > most_chunk_line_bytes) return tl::unexpected(Refusal(400, "a chunk's head is too long"));
                return false;
            }
            if (error) return tl::unexpected(read_parser_error(error));
        }
        if (!parser_.is_done()) return false;
        if (fields() != head_.headers.size()) return tl::unexpected(Refusal(400, "headers after the body"));
        return true;
    }

    bool done() const { return parser_.is_done(); }
    std::size_t held() const { return parser_.get().body().size(); }
    std::string take() { return std::move(parser_.get().body()); }

private:
    std::size_t fields() const { return static_cast<std::size_t>(std::distance(parser_.get().begin(), parser_.get().end())); }

    const Head& head_;
    std::string head_bytes_;
    std::size_t extension_bytes_ = 0;
    std::function<void(std::uint64_t, boost::beast::string_view, error_code&)> on_chunk_ =
        [this](std::uint64_t, boost::beast::string_view extension, error_code& error) {
            extension_bytes_ += extension.size();
            if (extension_bytes_ > most_extension_bytes) error = beast_http::error::bad_chunk_extension;
        };
    beast_http::request_parser<beast_http::string_body> parser_;
};

asio::awaitable<Body> receive_body(Connection& c, const Head& head, std::string head_bytes, std::size_t limit, Share& share) {
    BodyReader reader(head, std::move(head_bytes), limit);
    if (auto refusal = reader.begin()) co_return tl::unexpected(*refusal);
    if (reader.done()) co_return reader.take();

    if (head.expects_continue && c.received.empty()) {
        static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        if (!co_await c.stream->write(go_on.data(), go_on.size())) co_return tl::unexpected(Refusal(0, "the client left"));
    }
    for (;;) {
        auto complete = reader.feed(c.received);
        if (!complete) co_return tl::unexpected(complete.error());
        if (!share.hold(reader.held())) co_return tl::unexpected(Refusal(503, "too many bodies at once"));
        if (*complete) co_return reader.take();
        if (!co_await read_more(c)) co_return tl::unexpected(Refusal(0, "the client left"));
    }
}

bool is_clean(std::string_view text) {
    for (char c : text)
        if (c == '\r' || c == '\n' || c == '\0') return false;
    return true;
}

// A target that means another path than it seems to is refused before anybody routes it.
tl::expected<Request, Refusal> build_request(Head head, std::string body) {
    Request request;
    request.method = std::move(head.method);
    request.target = std::move(head.target);
    request.headers = std::move(head.headers);
    request.body = std::move(body);

    auto question = request.target.find('?');
    if (question != std::string::npos) request.query = request.target.substr(question + 1);
    auto path = percent_decode(std::string_view(request.target).substr(0, question), false);
    if (!path || !percent_decode(request.query, true)) return tl::unexpected(Refusal(400, "a broken % escape in the target"));
    for (char c : *path)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return tl::unexpected(Refusal(400, "a control character in the path"));
    auto segments = *path + "/";
    if (segments.find("/./") != std::string::npos || segments.find("/../") != std::string::npos)
        return tl::unexpected(Refusal(400, "a path with dot segments"));
    request.path = std::move(*path);
    request.parameters = parse_query(request.query);
    return request;
}

std::string build_head(const Response& response, bool close) {
    auto reason = beast_http::obsolete_reason(beast_http::int_to_status(static_cast<unsigned>(response.status)));
    auto head = fmt::format("HTTP/1.1 {} {}\r\n", response.status, std::string_view(reason.data(), reason.size()));
    bool bodiless = response.status == 204 || response.status == 304;
    if (!bodiless) head += fmt::format("Content-Length: {}\r\n", response.body.size());
    if (!bodiless && !response.content_type.empty()) head += fmt::format("Content-Type: {}\r\n", response.content_type);
    for (const auto& [name, value] : response.headers) head += fmt::format("{}: {}\r\n", name, value);
    if (close) head += "Connection: close\r\n";
    return head + "\r\n";
}

// No line of an answer may be written by whoever supplied a value in it.
Response checked(Response response) {
    bool clean = is_clean(response.content_type) && response.status >= 200 && response.status <= 599;
    for (const auto& [name, value] : response.headers) clean = clean && is_clean(name) && is_clean(value);
    if (clean) return response;
    log::error("http.failed", {{"why", "an answer with a line break in a header, or without a proper status"}});
    return problem(500, "Internal Server Error", "the daemon could not answer; its log has the reason");
}

Response build_refusal(const Refusal& refusal) {
    auto reason = beast_http::obsolete_reason(beast_http::int_to_status(static_cast<unsigned>(refusal.status)));
    return problem(refusal.status, std::string_view(reason.data(), reason.size()), refusal.why);
}

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
        : executor(std::move(ex)), settings(std::move(s)), router(std::move(r)), doors(executor, report), connections(executor, report) {}

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
        if (!settings.tls_cert.empty())
            if (auto loaded = load_tls(); !loaded) return loaded;
        if (settings.inherited_fd >= 0) return inherit();
        auto place = read_place(settings.listen);
        if (!place) return tl::unexpected(place.error());
        if (settings.control && place->path.empty())
            return fail(Error::Kind::invalid_input, fmt::format("cannot take commands on '{}': the control socket is a \"unix:/path\"", settings.listen));
        return place->path.empty() ? listen_tcp(place->endpoint) : listen_local(place->path);
    }

    Result<void> load_tls() {
        try {
            tls.emplace(asio::ssl::context::tls_server);
            tls->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1 |
                             asio::ssl::context::no_compression);
            tls->use_certificate_chain_file(settings.tls_cert);
            tls->use_private_key_file(settings.tls_key, asio::ssl::context::pem);
        } catch (const boost::system::system_error& e) {
            return fail(Error::Kind::invalid_input,
                        fmt::format("cannot load the certificate {} with the key {}: {}; both must be readable PEM files that belong together",
                                    settings.tls_cert, settings.tls_key, e.code().message()));
        }
        return {};
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
        if (connections.size() >= settings.most_connections) {
            refuse_one(socket);
            return;
        }
        full_was_told = false;
        std::unique_ptr<Stream> stream;
        if (tls)
            stream = std::make_unique<TlsStream>(std::move(socket), *tls);
        else
            stream = std::make_unique<PlainStream>(std::move(socket));
        connections.spawn("http.connection", serve(std::make_unique<Connection>(std::move(stream), near)));
    }

    // Said without waiting: whoever fills us up must not cost us a coroutine each.
    void refuse_one(Socket& socket) {
        metrics::count("http_refused_total", {{"status", "503"}});
        if (!full_was_told) log::warn("http.full", {{"listen", taken_address}, {"connections", connections.size()}});
        full_was_told = true;
        if (tls) return;
        auto response = problem(503, "Service Unavailable", "too many connections");
        response.headers.emplace_back("Retry-After", "5");
        auto bytes = build_head(response, true) + response.body;
        (void)::send(socket.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        error_code ignored;
        socket.shutdown(Socket::shutdown_send, ignored);
    }

    // Registers a connection for as long as its coroutine lives.
    struct Presence {
        Presence(std::set<Connection*>& s, Connection* c) : all(s), one(c) { all.insert(one); }
        ~Presence() { all.erase(one); }
        Presence(const Presence&) = delete;
        std::set<Connection*>& all;
        Connection* one;
    };

    asio::awaitable<void> serve(std::unique_ptr<Connection> owned) {
        auto& c = *owned;
        Presence presence(present, &c);
        auto ready = co_await within(settings.header_timeout, c.stream->open());
        if (!ready || !*ready) co_return;
        if (ending) co_return;

        for (bool first = true;; first = false) {
            c.busy = false;
            if (c.received.empty()) {
                auto some = co_await within(first ? settings.header_timeout : settings.idle_timeout, read_more(c));
                if (!some || !*some) co_return;  // nothing was asked, nothing is answered
            }
            c.busy = true;
            if (!co_await serve_one(c)) co_return;
            if (ending) co_return;
        }
    }

    // One request and its answer; false when the connection ends with it.
    asio::awaitable<bool> serve_one(Connection& c) {
        auto bytes = co_await within(settings.header_timeout, receive_head(c, settings.header_limit));
        if (!bytes) co_return co_await refuse(c, Refusal(408, "the head did not come in time"));
        if (!*bytes) co_return co_await refuse(c, bytes->error());
        auto head = read_head(**bytes, settings.body_limit);
        if (!head) co_return co_await refuse(c, head.error());

        Share share(body_bytes, most_bodies * settings.body_limit);
        auto body = co_await within(settings.body_timeout, receive_body(c, *head, std::move(**bytes), settings.body_limit, share));
        if (!body) co_return co_await refuse(c, Refusal(408, "the body did not come in time"));
        if (!*body) co_return co_await refuse(c, body->error());

        bool keep_alive = head->keep_alive;
        auto request = build_request(std::move(*head), std::move(**body));
        if (!request) co_return co_await refuse(c, request.error());
        request->trusted = settings.control;
        request->loopback = c.loopback;
        bool head_only = request->method == "HEAD";

        auto response = co_await router.handle(std::move(*request));
        response = checked(std::move(response));
        metrics::count("http_requests_total", {{"status", std::to_string(response.status)}});
        bool close = !keep_alive || ending;
        if (!co_await answer(c, std::move(response), close, head_only)) co_return false;
        if (close) co_await part(c, !c.received.empty());
        co_return !close;
    }

    asio::awaitable<bool> refuse(Connection& c, Refusal refusal) {
        if (refusal.status == 0) co_return false;
        metrics::count("http_refused_total", {{"status", std::to_string(refusal.status)}});
        auto response = build_refusal(refusal);
        if (refusal.status == 503) response.headers.emplace_back("Retry-After", "5");
        if (co_await answer(c, std::move(response), true, false)) co_await part(c, true);
        co_return false;
    }

    // In pieces, each with its own limit: a slow reader of a long report is welcome, one who stopped reading is not.
    asio::awaitable<bool> answer(Connection& c, Response response, bool close, bool head_only) {
        auto bytes = build_head(response, close);
        bool bodiless = head_only || response.status == 204 || response.status == 304;
        if (!bodiless) bytes += response.body;
        for (std::size_t at = 0; at < bytes.size(); at += piece_bytes) {
            auto size = std::min(piece_bytes, bytes.size() - at);
            auto written = co_await within(settings.idle_timeout, c.stream->write(bytes.data() + at, size));
            if (!written || !*written) co_return false;
        }
        co_return true;
    }

    // A socket closed with unread bytes sends a reset, which can overtake the answer: so say goodbye, then read on a little.
    asio::awaitable<void> part(Connection& c, bool more_may_come) {
        auto farewell = co_await within(drain_limit, c.stream->finish());
        // Asio, told once that a stream has ended, waits for ever when asked again: no second look after a failure.
        if (!farewell || !*farewell || !more_may_come) co_return;
        auto drained = co_await within(drain_limit, drain(c));
        (void)drained;
    }

    static asio::awaitable<bool> drain(Connection& c) {
        auto& socket = c.stream->socket();
        c.received.resize(piece_bytes);
        for (;;) {
            auto [error, count] = co_await socket.async_read_some(asio::buffer(c.received.data(), piece_bytes), value_or_error);
            if (error || count == 0) co_return true;
        }
    }

    asio::awaitable<void> stop() {
        stop_accepting();
        ending = true;
        co_await doors.join();
        // Those who wait for a next request wake up and find the end; the others finish theirs.
        for (auto* c : present) {
            error_code ignored;
            if (!c->busy) c->stream->socket().shutdown(Socket::shutdown_receive, ignored);
        }
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
    ServerSettings settings;
    Router router;
    std::optional<asio::ssl::context> tls;
    std::optional<Tcp::acceptor> tcp;
    std::optional<Local::acceptor> local;
    std::string taken_address;
    std::string own_path;
    ino_t own_inode = 0;
    std::size_t body_bytes = 0;  // of all connections
    bool ending = false;
    bool full_was_told = false;
    std::set<Connection*> present;
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
