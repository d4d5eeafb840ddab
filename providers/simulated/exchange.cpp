#include "providers/simulated/exchange.hpp"

#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>

#include "daemon/async/within.hpp"

namespace pingjing::simulated {
namespace {

using boost::system::error_code;
using asio::ip::tcp;

constexpr Steady for_ever = std::chrono::hours(1), write_within = std::chrono::seconds(10), connect_within = std::chrono::seconds(5), between_pieces = std::chrono::milliseconds(3),
                 accept_pause = std::chrono::milliseconds(100), good_bye_within = std::chrono::seconds(1);

std::string say(const tcp::endpoint& at) {
    return at.address().is_v6() ? fmt::format("[{}]:{}", at.address().to_string(), at.port()) : fmt::format("{}:{}", at.address().to_string(), at.port());
}

}  // namespace

std::optional<link::Endpoint> read_place(const std::string& text) {
    auto colon = text.rfind(':');
    if (colon == text.npos) return std::nullopt;
    link::Endpoint out;
    out.host = colon == 0 ? "127.0.0.1" : text.substr(0, colon);
    if (out.host.size() > 2 && out.host.front() == '[' && out.host.back() == ']') out.host = out.host.substr(1, out.host.size() - 2);
    auto port = text.substr(colon + 1);
    auto [stop, bad] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (port.empty() || bad != std::errc{} || stop != port.data() + port.size()) return std::nullopt;
    return out;
}

Exchange::Exchange(const asio::any_io_executor& executor, const Clock& clock, Gateway& gateway, std::optional<link::Endpoint> call, std::shared_ptr<asio::ssl::context> tls)
    : executor_(executor), clock_(clock), gateway_(gateway), call_(std::move(call)), tls_(std::move(tls)), acceptor_(executor), time_(executor), stop_(executor),
      tasks_(executor, [this](const std::string& task, std::exception_ptr error) {
          try {
              std::rethrow_exception(error);
          } catch (const std::exception& e) {
              failed_ = task + ": " + e.what();
          }
          stop_.notify();
      }) {}

Result<tcp::endpoint> Exchange::open(const link::Endpoint& at) {
    error_code error;
    tcp::resolver resolver(executor_);
    auto places = resolver.resolve(at.host, std::to_string(at.port), tcp::resolver::passive, error);
    if (error) return fail(Error::Kind::unavailable, fmt::format("{}:{}: {}", at.host, at.port, error.message()));
    auto place = places.begin()->endpoint();
    acceptor_.open(place.protocol(), error);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(place, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) return fail(Error::Kind::unavailable, fmt::format("cannot listen on {}: {}", say(place), error.message()));
    return acceptor_.local_endpoint();
}

void Exchange::look() {
    look_at_wires();
    time_.notify();
}

void Exchange::look_at_wires() {
    for (auto& [id, wire] : wires_)
        if (gateway_.has_output(id) || gateway_.ended(id)) wire->output.notify();
    for (const auto& user : gateway_.take_calls()) tasks_.spawn("call", call(user));
}

void Exchange::attach(Gateway::Id id, std::unique_ptr<link::Stream> stream) {
    auto wire = std::make_shared<Wire>(executor_, std::move(stream));
    wires_[id] = wire;
    tasks_.spawn("read", read(id, wire));
    tasks_.spawn("write", write(id, wire));
    look();
}

// Whoever leaves first takes the other one along.
void Exchange::left(Gateway::Id id, const Shared& wire) {
    wire->stream->close();
    gateway_.gone(id);
    wire->output.notify();
    if (--wire->tasks == 0) wires_.erase(id);
    look();
}

asio::awaitable<void> Exchange::accept() {
    for (;;) {
        tcp::socket socket(executor_);
        auto [error] = co_await acceptor_.async_accept(socket, asio::as_tuple(asio::use_awaitable));
        if (error && !acceptor_.is_open()) co_return;
        if (error) {
            co_await sleep_for(accept_pause);
            continue;
        }
        error_code ignored;
        auto peer = socket.remote_endpoint(ignored);
        if (ignored) continue;  // gone before it was there
        socket.set_option(tcp::no_delay(true), ignored);
        if (tls_) tasks_.spawn("welcome", welcome_by_tls(std::make_shared<tcp::socket>(std::move(socket)), say(peer)));
        else welcome(link::tcp_stream(std::move(socket)), say(peer));
    }
}

void Exchange::welcome(std::unique_ptr<link::Stream> stream, const std::string& peer) {
    auto id = gateway_.connected(peer);
    attach(id, std::move(stream));
}

// Whoever gets no further than this was never there: he has said nothing of the protocol.
asio::awaitable<void> Exchange::welcome_by_tls(std::shared_ptr<tcp::socket> socket, std::string peer) {
    auto opened = co_await link::accept_tls(std::move(*socket), tls_, connect_within);
    if (opened) welcome(std::move(*opened), peer);
    else gateway_.strange(peer, opened.error().detail);
}

asio::awaitable<void> Exchange::call(std::string user) {
    auto opened = co_await link::connect(*call_, nullptr, connect_within);
    if (!opened) {
        gateway_.call_failed(user, opened.error().detail);
        look();
        co_return;
    }
    auto id = gateway_.called(user, fmt::format("{}:{}", call_->host, call_->port));
    attach(id, std::move(*opened));
}

asio::awaitable<void> Exchange::read(Gateway::Id id, Shared wire) {
    std::vector<char> piece(65536);
    for (;;) {
        auto count = co_await wire->stream->read(piece.data(), piece.size());
        if (count == 0) break;
        gateway_.receive(id, std::string_view(piece.data(), count));
        look();
    }
    left(id, wire);
}

asio::awaitable<bool> Exchange::write_all(Gateway::Id id, Shared wire) {
    auto chunks = gateway_.take_output(id);
    for (std::size_t i = 0; i < chunks.size(); ++i) {
        if (i > 0) co_await sleep_for(between_pieces);
        auto written = co_await within(write_within, wire->stream->write(chunks[i].data(), chunks[i].size()));
        if (!written || !*written) co_return false;
    }
    co_return true;
}

asio::awaitable<void> Exchange::write(Gateway::Id id, Shared wire) {
    for (;;) {
        if (gateway_.has_output(id)) {
            bool written = co_await write_all(id, wire);
            if (!written) break;
        } else if (gateway_.ended(id)) {
            break;
        } else {
            co_await wire->output.wait(for_ever);
        }
    }
    left(id, wire);
}

asio::awaitable<void> Exchange::keep_time() {
    for (;;) {
        auto next = gateway_.next_tick();
        auto pause = next ? std::max(*next - clock_.steady(), Steady(std::chrono::milliseconds(1))) : for_ever;
        co_await time_.wait(std::min(pause, for_ever));
        gateway_.tick();
        look_at_wires();
    }
}

asio::awaitable<void> Exchange::run() {
    tasks_.spawn("accept", accept());
    tasks_.spawn("time", keep_time());
    try {
        co_await stop_.wait(Steady(std::chrono::hours(24 * 365 * 10)));
    } catch (const boost::system::system_error&) {
    }
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    error_code ignored;
    acceptor_.close(ignored);
    gateway_.stop();
    look();
    for (auto until = clock_.steady() + good_bye_within; !wires_.empty() && clock_.steady() < until;) co_await sleep_for(between_pieces);
    tasks_.stop();
    for (auto& [id, wire] : wires_) wire->stream->close();
    co_await tasks_.join();
}

}  // namespace pingjing::simulated
