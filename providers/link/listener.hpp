// Where a carrier calls us: connections from the addresses that may, each with a session of its own. What goes wrong with one guest
// ends that guest; the door stays open for the next.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/async/task_group.hpp"
#include "providers/link/conversation.hpp"

namespace pingjing::link {

// "10.1.2.3", "10.1.2.0/24", "2001:db8::/32".
struct Network {
    asio::ip::address address{};
    unsigned short prefix = 0;
    bool has(asio::ip::address guest) const;
};
std::optional<Network> read_network(const std::string& text);
std::optional<asio::ip::tcp::endpoint> read_endpoint(const std::string& text);  // "0.0.0.0:8801", "[::]:8801"

struct ListenSettings {
    std::string channel{};
    asio::ip::tcp::endpoint at{};
    std::vector<Network> peers{};
    SessionRules session{};
    int most_links = 16;      // that were let in
};

class Listener {
public:
    // `full` tells a session that is about to let its guest in whether there is no more room.
    using MakeDialect = std::function<std::unique_ptr<Dialect>(std::function<bool()> full)>;
    Listener(ListenSettings settings, provider::World& world, MakeDialect make);
    ~Listener();

    // Until it is cancelled; then what is being kept is still answered. An address that cannot be had is tried again and again.
    asio::awaitable<void> serve(provider::Sink& sink);
    int open_links() const;
    // Why nobody gets in: the address cannot be had, or who calls is turned away again and again and nobody was let in since. Else empty.
    std::string why_closed() const;

private:
    using Guests = std::list<std::unique_ptr<Conversation>>;
    bool open();
    asio::awaitable<void> accept(provider::Sink& sink);
    void admit(asio::ip::tcp::socket socket, provider::Sink& sink);
    asio::awaitable<void> converse(Guests::iterator guest, std::string from);
    void turn_away(const std::string& from, const char* kind, const std::string& why);

    ListenSettings settings_;
    asio::any_io_executor executor_;
    const Clock& clock_;
    MakeDialect make_dialect_;
    asio::ip::tcp::acceptor acceptor_;
    Guests guests_;
    std::unique_ptr<TaskGroup> tasks_{};
    Signal stop_;
    std::optional<Steady> told_turned_away_{};
    struct TurnedAway { int times = 0; Steady last{}; std::string why{}; } turned_away_{};  // since somebody was let in
    std::string cannot_listen_{};
    bool stopping_ = false;
};

}  // namespace pingjing::link
