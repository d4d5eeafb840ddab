#include "providers/link/listener.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>

#include "daemon/async/within.hpp"
#include "daemon/log/log.hpp"
#include "daemon/log/metrics.hpp"

namespace pingjing::link {
namespace {

using boost::system::error_code;
namespace ip = asio::ip;

constexpr Steady door_pause = std::chrono::seconds(5), stop_within = std::chrono::seconds(12), tell_again = std::chrono::minutes(1);
constexpr Steady accept_pause = std::chrono::milliseconds(100);  // without descriptors it would fail again at once, for ever
constexpr int knocks = 3;
constexpr Steady knocked_within = std::chrono::hours(1);
constexpr std::size_t strangers = 64;                            // connections that have not said yet who they are

ip::address plain(ip::address address) {
    return address.is_v6() && address.to_v6().is_v4_mapped() ? ip::make_address_v4(ip::v4_mapped, address.to_v6()) : address;
}

std::string say(const ip::tcp::endpoint& at) {
    return at.address().is_v6() ? fmt::format("[{}]:{}", at.address().to_string(), at.port()) : fmt::format("{}:{}", at.address().to_string(), at.port());
}

std::optional<int> number_of(std::string_view text, int most) {
    int value = 0;
    auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || bad != std::errc{} || end != text.data() + text.size() || value < 0 || value > most) return std::nullopt;
    return value;
}

}  // namespace

bool Network::has(ip::address guest) const {
    guest = plain(guest);
    if (guest.is_v4() != address.is_v4()) return false;
    if (guest.is_v4()) return ip::network_v4(guest.to_v4(), prefix).canonical() == ip::network_v4(address.to_v4(), prefix).canonical();
    return ip::network_v6(guest.to_v6(), prefix).canonical() == ip::network_v6(address.to_v6(), prefix).canonical();
}

std::optional<Network> read_network(const std::string& text) {
    auto slash = text.find('/');
    error_code error;
    auto address = plain(ip::make_address(text.substr(0, slash), error));
    if (error) return std::nullopt;
    int whole = address.is_v4() ? 32 : 128;
    auto prefix = slash == text.npos ? std::optional(whole) : number_of(std::string_view(text).substr(slash + 1), whole);
    if (!prefix) return std::nullopt;
    return Network{address, static_cast<unsigned short>(*prefix)};
}

std::optional<ip::tcp::endpoint> read_endpoint(const std::string& text) {
    auto colon = text.rfind(':');
    if (colon == text.npos) return std::nullopt;
    auto host = text.substr(0, colon);
    bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    error_code error;
    auto address = ip::make_address(bracketed ? host.substr(1, host.size() - 2) : host, error);
    auto port = number_of(std::string_view(text).substr(colon + 1), 65535);
    if (error || address.is_v6() != bracketed || !port || *port == 0) return std::nullopt;
    return ip::tcp::endpoint(address, static_cast<std::uint16_t>(*port));
}

Listener::Listener(ListenSettings settings, provider::World& world, MakeDialect make)
    : settings_(std::move(settings)), executor_(world.executor), clock_(world.clock), make_dialect_(std::move(make)), acceptor_(executor_), stop_(executor_) {}

Listener::~Listener() = default;

int Listener::open_links() const {
    return static_cast<int>(std::count_if(guests_.begin(), guests_.end(), [](const auto& guest) { return guest->session().state() == State::open; }));
}

std::string Listener::why_closed() const {
    if (!cannot_listen_.empty()) return cannot_listen_;
    // Now and then a stranger knocks; the gateway does it again and again.
    bool keeps_knocking = turned_away_.times >= knocks && clock_.steady() - turned_away_.last < knocked_within && open_links() == 0;
    return keeps_knocking ? turned_away_.why : std::string();
}

bool Listener::open() {
    error_code error;
    acceptor_.open(settings_.at.protocol(), error);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(settings_.at, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (!error) {
        cannot_listen_.clear();
        log::info("link.listening", {{"channel", settings_.channel}, {"listen", say(settings_.at)}});
        return true;
    }
    if (cannot_listen_.empty()) log::error("link.cannot_listen", {{"channel", settings_.channel}, {"listen", say(settings_.at)}, {"why", error.message()}});
    cannot_listen_ = fmt::format("cannot listen on {}: {}", say(settings_.at), error.message());
    metrics::count("link_cannot_listen_total", {{"channel", settings_.channel}});
    error_code ignored;
    acceptor_.close(ignored);
    return false;
}

asio::awaitable<void> Listener::accept(provider::Sink& sink) {
    while (!open()) co_await sleep_for(door_pause);
    for (;;) {
        ip::tcp::socket socket(executor_);
        auto [error] = co_await acceptor_.async_accept(socket, asio::as_tuple(asio::use_awaitable));
        if (error) {
            if (stopping_ || !acceptor_.is_open()) co_return;
            log::warn("link.accept_failed", {{"channel", settings_.channel}, {"why", error.message()}});
            co_await sleep_for(accept_pause);
            continue;
        }
        try {
            admit(std::move(socket), sink);
        } catch (const std::exception& e) {
            log::error("link.task_failed", {{"channel", settings_.channel}, {"task", "admit"}, {"why", e.what()}});
        }
    }
}

// Said once a minute: who knocks without end must not fill the log.
void Listener::turn_away(const std::string& from, const char* kind, const std::string& why) {
    metrics::count("link_turned_away_total", {{"channel", settings_.channel}, {"kind", kind}});
    auto now = clock_.steady();
    // One that finds us full is not kept out: others are in.
    if (kind != std::string_view("full")) turned_away_ = {turned_away_.times + 1, now, fmt::format("{} is turned away: {}", from, why)};
    if (told_turned_away_ && now - *told_turned_away_ < tell_again) return;
    told_turned_away_ = now;
    log::warn("link.turned_away", {{"channel", settings_.channel}, {"from", from}, {"why", why}});
}

void Listener::admit(ip::tcp::socket socket, provider::Sink& sink) {
    error_code error;
    auto peer = socket.remote_endpoint(error);
    if (error) return;  // gone before it was there
    auto from = plain(peer.address()).to_string();
    if (std::none_of(settings_.peers.begin(), settings_.peers.end(), [&](const Network& n) { return n.has(peer.address()); })) return turn_away(from, "address", "an address that may not call");
    if (guests_.size() >= static_cast<std::size_t>(settings_.most_links) + strangers) return turn_away(from, "full", "too many connections");
    socket.set_option(ip::tcp::no_delay(true), error);
    socket.set_option(asio::socket_base::keep_alive(true), error);
    auto full = [this] { return open_links() >= settings_.most_links; };
    auto changed = [this] {
        if (open_links() > 0) turned_away_ = {};
        metrics::gauge("links_listening", {{"channel", settings_.channel}}, open_links());
    };
    auto guest = guests_.insert(guests_.end(), std::make_unique<Conversation>(settings_.channel, executor_, clock_, tcp_stream(std::move(socket)), make_dialect_(full), settings_.session, sink, changed));
    tasks_->spawn("guest", converse(guest, std::move(from)));
}

asio::awaitable<void> Listener::converse(Guests::iterator guest, std::string from) {
    bool cancelled = co_await (*guest)->run();
    const auto& session = (*guest)->session();
    if (!session.was_open() && !stopping_) turn_away(from, "login", session.why());
    else log::write(log::Level::debug, "link.guest_left", {{"channel", settings_.channel}, {"from", from}, {"why", session.why()}});  // some call for each message
    guests_.erase(guest);
    if (cancelled) throw boost::system::system_error(asio::error::operation_aborted);
}

asio::awaitable<void> Listener::serve(provider::Sink& sink) {
    stopping_ = false;
    tasks_ = std::make_unique<TaskGroup>(executor_, [this](const std::string& task, std::exception_ptr error) {
        try {
            std::rethrow_exception(error);
        } catch (const std::exception& e) {
            log::error("link.task_failed", {{"channel", settings_.channel}, {"task", task}, {"why", e.what()}});
        }
        if (task == "accept") stop_.notify();
    });
    tasks_->spawn("accept", accept(sink));
    bool cancelled = false;
    try {
        co_await stop_.wait(Steady(std::chrono::hours(24 * 365 * 10)));
    } catch (const boost::system::system_error&) {
        cancelled = true;
    }
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    stopping_ = true;
    error_code ignored;
    acceptor_.close(ignored);
    for (auto& guest : guests_) guest->close();
    auto join = [](TaskGroup& group) -> asio::awaitable<bool> {
        co_await group.join();
        co_return true;
    };
    if (!guests_.empty()) (void)co_await within(stop_within, join(*tasks_));
    tasks_->stop();
    co_await tasks_->join();
    if (!cancelled) throw std::runtime_error("the door of channel '" + settings_.channel + "' failed");
}

}  // namespace pingjing::link
