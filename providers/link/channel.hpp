// Several links to one carrier as one way to send: a queue that goes to whichever link has room, connections that come back, and
// what was said on any of them. Every protocol's provider holds one.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/async/signal.hpp"
#include "daemon/async/task_group.hpp"
#include "providers/link/conversation.hpp"

namespace pingjing::link {

struct ChannelSettings {
    std::string name{};
    Endpoint endpoint{};
    int links = 1;
    bool on_demand = false;                                   // a link that ended idle comes back when there is something to send
    SessionRules session{};                                   // its window: of one link
    Steady connect_within = std::chrono::seconds(10);
    Steady wait_for_room = std::chrono::seconds(4);           // shorter than the dispatcher's patience: what has not left must be told apart
    Steady first_pause = std::chrono::seconds(1), longest_pause = std::chrono::seconds(30);
    Steady first_pause_refused = std::chrono::seconds(120), longest_pause_refused = std::chrono::minutes(10);
};

class Channel {
public:
    using MakeDialect = std::function<std::unique_ptr<Dialect>(std::size_t link)>;
    Channel(ChannelSettings settings, std::shared_ptr<asio::ssl::context> tls, provider::World& world, MakeDialect make);
    ~Channel();

    // `frames`: one for each part. Cancelled, it leaves the answer to Sink::late().
    asio::awaitable<provider::Outcome> submit(std::string ref, std::vector<std::string> frames);
    // Until it is cancelled; then what is under way comes to its end and the links are closed in order.
    asio::awaitable<void> serve(provider::Sink& sink);

    void try_now();  // every link that waits connects at once, and a refusal is forgotten

    int open_links() const;
    provider::Links links() const;
    std::string way_back_closed() const;  // some link sends, and none of those that receive is up: why. Empty: not so
    std::optional<int> room() const;  // free places in the windows behind what waits already; nullopt while no link is open or could be
    int in_flight() const;
    std::string why_down() const { return why_; }

private:
    struct Link {
        Link(std::size_t i, const asio::any_io_executor& executor) : index(i), pause(executor) {}
        std::size_t index;
        std::unique_ptr<Conversation> conversation{};
        int failures = 0;
        bool resting = false;  // nothing is wrong with it, and nothing to send
        bool receives = true;  // as its last dialect said
        bool refused = false;  // the last time, for what we are
        std::string why = "not connected yet";  // it is not open
        Signal pause;
    };
    // Somebody's message, from submit() until the carrier's last word on it.
    struct Message {
        Message(const asio::any_io_executor& executor, std::string r, std::vector<std::string> f) : ref(std::move(r)), frames(std::move(f)), news(executor) {}
        std::string ref;
        std::vector<std::string> frames;
        std::optional<provider::Outcome> outcome{};
        bool left_queue = false, given_up = false;
        bool followed = false;  // by another attempt at the same message
        Signal news;
    };

    asio::awaitable<void> keep_link(std::size_t index, provider::Sink& sink);
    asio::awaitable<Steady> hold_conversation(Link& link, provider::Sink& sink);
    Steady pause_after(Link& link, bool was_open, bool refused);
    asio::awaitable<void> tell_late(provider::Sink& sink);
    void ended(Link& link, std::string why, bool refused);
    void tell_metrics() const;
    void changed();
    void feed();
    void wake_a_link();
    Conversation* roomiest(std::size_t parts) const;
    void settle(Settled settled);

    ChannelSettings settings_;
    std::shared_ptr<asio::ssl::context> tls_;
    asio::any_io_executor executor_;
    const Clock& clock_;
    Random& random_;
    MakeDialect make_dialect_;
    std::deque<Link> links_;
    std::map<std::uint64_t, std::shared_ptr<Message>> messages_;
    std::deque<std::uint64_t> queue_;
    std::uint64_t last_ticket_ = 0;
    struct Late { std::string ref{}; provider::Outcome outcome{}; };
    std::deque<Late> late_;
    Signal late_news_, stop_;
    std::string why_ = "not connected yet";
    bool refused_ = false, stopping_ = false, feeding_ = false;
};

}  // namespace pingjing::link
