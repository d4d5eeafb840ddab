#include "daemon/http/connection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/status.hpp>

#include "daemon/async/value_or_error.hpp"
#include "daemon/async/within.hpp"
#include "daemon/http/body.hpp"
#include "daemon/log/log.hpp"
#include "daemon/log/metrics.hpp"

namespace pingjing::http {
namespace {

namespace beast_http = boost::beast::http;
using boost::system::error_code;

constexpr std::size_t piece_bytes = 64u << 10;
constexpr std::size_t least_piece_bytes = 4u << 10;  // a thousand who hardly say anything must hardly cost anything
constexpr std::size_t most_bodies = 16;  // of the longest kind, in memory at one time
constexpr auto drain_limit = 2s;         // for the client to read why it was refused

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

}  // namespace

std::string build_head(const Response& response, bool close) {
    auto reason = beast_http::obsolete_reason(beast_http::int_to_status(static_cast<unsigned>(response.status)));
    auto head = fmt::format("HTTP/1.1 {} {}\r\n", response.status, std::string_view(reason.data(), reason.size()));
    bool bodiless = response.status == 204 || response.status == 304;
    if (!bodiless && !response.pieces) head += fmt::format("Content-Length: {}\r\n", response.body.size());
    if (!bodiless && !response.content_type.empty()) head += fmt::format("Content-Type: {}\r\n", response.content_type);
    for (const auto& [name, value] : response.headers) head += fmt::format("{}: {}\r\n", name, value);
    if (close) head += "Connection: close\r\n";
    return head + "\r\n";
}

Connection::Connection(Shared& shared, std::unique_ptr<Stream> stream, bool loopback)
    : shared_(shared), settings_(shared.settings), stream_(std::move(stream)), loopback_(loopback), piece_(least_piece_bytes) {
    shared_.present.insert(this);
    begin_to_wait();
}
Connection::~Connection() {
    end_waiting();
    shared_.present.erase(this);
}

void Connection::begin_to_wait() {
    end_waiting();
    wait_ = ++shared_.waits;
    shared_.waiting.emplace(wait_, this);
}

void Connection::end_waiting() {
    shared_.waiting.erase(wait_);
    wait_ = 0;
}

bool Shared::dismiss_longest_waiter() {
    if (waiting.empty()) return false;
    waiting.begin()->second->dismiss();
    return true;
}

void Connection::dismiss() {
    error_code ignored;
    end_waiting();
    stream_->socket().shutdown(Socket::shutdown_receive, ignored);
}

void Connection::hurry() {
    error_code ignored;
    if (!busy_) stream_->socket().shutdown(Socket::shutdown_receive, ignored);
}

asio::awaitable<void> Connection::serve() {
    auto ready = co_await within(settings_.header_timeout, stream_->open());
    if (!ready || !*ready) co_return;
    if (shared_.ending) co_return;

    for (bool first = true;; first = false) {
        busy_ = false;
        if (!first) begin_to_wait();
        if (received_.empty()) {
            received_ = std::string();  // and the memory of a long request with it
            piece_ = least_piece_bytes;
            auto some = co_await within(first ? settings_.header_timeout : settings_.idle_timeout, read_more());
            if (!some || !*some) co_return;  // nothing was asked, nothing is answered
        }
        busy_ = true;
        if (!co_await serve_one()) co_return;
        if (shared_.ending) co_return;
    }
}

// One request and its answer; false when the connection ends with it.
asio::awaitable<bool> Connection::serve_one() {
    auto bytes = co_await within(settings_.header_timeout, receive_head());
    if (!bytes) co_return co_await refuse(Refusal(408, "the head did not come in time"));
    if (!*bytes) co_return co_await refuse(bytes->error());
    auto head = read_head(**bytes, settings_.body_limit);
    if (!head) co_return co_await refuse(head.error());

    Share share(shared_.body_bytes, most_bodies * settings_.body_limit);
    auto body = co_await within(settings_.body_timeout, receive_body(*head, std::move(**bytes), share));
    if (!body) co_return co_await refuse(Refusal(408, "the body did not come in time"));
    if (!*body) co_return co_await refuse(body->error());

    end_waiting();
    bool keep_alive = head->keep_alive;
    auto request = build_request(std::move(*head), std::move(**body));
    if (!request) co_return co_await refuse(request.error());
    request->trusted = settings_.control;
    request->loopback = loopback_;
    bool head_only = request->method == "HEAD";

    auto response = co_await shared_.router.handle(std::move(*request));
    response = checked(std::move(response));
    metrics::count("http_requests_total", {{"status", std::to_string(response.status)}});
    bool close = !keep_alive || shared_.ending;
    if (response.pieces && !head_only) {
        if (co_await answer_in_pieces(std::move(response))) co_await part(!received_.empty());
        co_return false;
    }
    if (!co_await answer(std::move(response), close, head_only)) co_return false;
    if (close) co_await part(!received_.empty());
    co_return !close;
}

asio::awaitable<tl::expected<std::string, Refusal>> Connection::receive_head() {
    for (;;) {
        auto end = find_head_end(received_, settings_.header_limit);
        if (!end) co_return tl::unexpected(end.error());
        if (*end > 0) {
            auto bytes = received_.substr(0, *end);
            received_.erase(0, *end);
            co_return bytes;
        }
        if (!co_await read_more()) co_return tl::unexpected(Refusal(0, "the client left"));
    }
}

asio::awaitable<tl::expected<std::string, Refusal>> Connection::receive_body(const Head& head, std::string head_bytes, Share& share) {
    BodyReader reader(head, std::move(head_bytes), settings_.body_limit);
    if (auto refusal = reader.begin()) co_return tl::unexpected(*refusal);
    if (reader.done()) co_return reader.take();

    if (head.expects_continue && received_.empty()) {
        static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        if (!co_await stream_->write(go_on.data(), go_on.size())) co_return tl::unexpected(Refusal(0, "the client left"));
    }
    for (;;) {
        auto complete = reader.feed(received_);
        if (!complete) co_return tl::unexpected(complete.error());
        if (!share.hold(reader.held())) co_return tl::unexpected(Refusal(503, "too many bodies at once"));
        if (*complete) co_return reader.take();
        if (!co_await read_more()) co_return tl::unexpected(Refusal(0, "the client left"));
    }
}

// Reads what has come behind `received_`; false at the end.
asio::awaitable<bool> Connection::read_more() {
    auto size = received_.size(), room = piece_;
    received_.resize(size + room);
    auto count = co_await stream_->read(received_.data() + size, room);
    received_.resize(size + count);
    if (count == room) piece_ = std::min(room * 2, piece_bytes);  // more is there already
    co_return count > 0;
}

asio::awaitable<bool> Connection::refuse(Refusal refusal) {
    if (refusal.status == 0) co_return false;
    metrics::count("http_refused_total", {{"status", std::to_string(refusal.status)}});
    auto response = build_refusal(refusal);
    if (refusal.status == 503) response.headers.emplace_back("Retry-After", "5");
    if (co_await answer(std::move(response), true, false)) co_await part(true);
    co_return false;
}

// In pieces, each with its own limit: a slow reader of a long report is welcome, one who stopped reading is not.
asio::awaitable<bool> Connection::answer(Response response, bool close, bool head_only) {
    auto bytes = build_head(response, close);
    bool bodiless = head_only || response.status == 204 || response.status == 304;
    if (!bodiless) bytes += response.body;
    co_return co_await write(std::move(bytes));
}

// Its end is the end of the connection; whoever makes the pieces sees to it that one comes now and then, for only so do we learn that nobody listens.
asio::awaitable<bool> Connection::answer_in_pieces(Response response) {
    auto bytes = build_head(response, true);
    while (!bytes.empty()) {
        if (!co_await write(std::move(bytes))) co_return false;
        if (shared_.ending) co_return true;
        bytes = co_await response.pieces();
    }
    co_return true;
}

asio::awaitable<bool> Connection::write(std::string bytes) {
    for (std::size_t at = 0; at < bytes.size(); at += piece_bytes) {
        auto size = std::min(piece_bytes, bytes.size() - at);
        auto written = co_await within(settings_.idle_timeout, stream_->write(bytes.data() + at, size));
        if (!written || !*written) co_return false;
    }
    co_return true;
}

// A socket closed with unread bytes sends a reset, which can overtake the answer: so say goodbye, then read on a little.
asio::awaitable<void> Connection::part(bool more_may_come) {
    auto farewell = co_await within(drain_limit, stream_->finish());
    // Asio, told once that a stream has ended, waits for ever when asked again: no second look after a failure.
    if (!farewell || !*farewell || !more_may_come) co_return;
    auto drained = co_await within(drain_limit, drain());
    (void)drained;
}

asio::awaitable<bool> Connection::drain() {
    auto& socket = stream_->socket();
    received_.resize(least_piece_bytes);
    for (;;) {
        auto [error, count] = co_await socket.async_read_some(asio::buffer(received_.data(), least_piece_bytes), value_or_error);
        if (error || count == 0) co_return true;
    }
}

}  // namespace pingjing::http
