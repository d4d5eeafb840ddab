// One connection to a carrier as a machine without sockets: it is told what came and what time it is, and says what to write, how
// each message ended, and what has to be kept. Pure; the same for every protocol, whose words a Dialect knows.
//
// A message never leaves twice. A part whose octets were given to the socket and that is not answered is in doubt; one that was
// refused in so many words, or whose octets never left, is not.
#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "providers/link/dialect.hpp"
#include "providers/link/in_flight.hpp"

namespace pingjing::link {

struct SessionRules {
    int window = 16;                                    // parts without an answer
    Steady open_within = std::chrono::seconds(10);      // from the connection to the answer
    Steady answer_within = std::chrono::seconds(30);    // then the message is in doubt
    Steady idle = std::chrono::seconds(30);             // of silence, then Dialect::when_quiet()
    Steady alive_within = std::chrono::seconds(10);     // it has to answer that
    Steady drain_within = std::chrono::seconds(5);      // of closing: for what is under way
    Steady leave_within = std::chrono::seconds(3);      // and for the peer to agree
    Steady throttle_pause = std::chrono::seconds(1);    // after the peer asked us to be slower
    int throttled_again = 5;                            // of a later part of a message that was begun
};

struct Settled {
    std::uint64_t ticket = 0;
    provider::Outcome outcome{};
    bool last = true;  // false: in doubt because it is overdue, and its answer may still come
};

struct Kept { std::uint64_t id = 0; Delivery delivery{}; };

class Session {
public:
    // Connected: the first thing to write is there.
    Session(Dialect& dialect, SessionRules rules, Steady now, Instant wall);

    void receive(std::string_view bytes, Steady now, Instant wall);
    void tick(Steady now);
    void close(Steady now);                  // orderly: what is under way first
    void lost(const std::string& why);       // the connection broke
    // `frames`: one for each part, without their numbers. Only while room() says so.
    void submit(std::uint64_t ticket, std::vector<std::string> frames, Steady now);
    void answered(std::uint64_t delivery, bool durable);  // of a Kept

    State state() const { return state_; }
    const std::string& why() const { return why_; }  // it ended
    bool was_open() const { return was_open_; }
    bool refused() const { return refused_; }        // for what we are: another try will hardly help
    Steady not_before() const { return not_before_; }
    bool ended_idle() const { return ended_idle_; }  // it was open, and nothing of ours was under way
    int room() const { return state_ == State::open && dialect_.sends() ? in_flight_.room() - static_cast<int>(queue_.size()) : 0; }
    int window() const { return rules_.window; }
    int in_flight() const { return rules_.window - in_flight_.room(); }
    bool wants_input() const { return deliveries_open_ < most_deliveries && output_.size() < most_output; }
    std::optional<Steady> next_tick() const;

    bool has_output() const { return !output_.empty(); }
    std::string take_output();  // counts as written from now on
    std::vector<Settled> take_settled() { return std::exchange(settled_, {}); }
    std::vector<Kept> take_deliveries() { return std::exchange(deliveries_, {}); }
    std::vector<std::string> take_ignored() { return std::exchange(ignored_, {}); }
    std::vector<std::string> take_warnings() { return std::exchange(warnings_, {}); }

private:
    static constexpr int most_deliveries = 1000;               // unanswered ones; then we stop reading
    static constexpr std::size_t most_output = 1024 * 1024;    // octets that the peer has not taken from us; likewise

    struct Part {
        enum class State { waiting, sent, taken, refused, doubt, unsent } state = State::waiting;
        std::string frame{}, id{};  // its id: ours as soon as it is numbered, where we give it, else the carrier's
        provider::Outcome outcome{};
        int tries = 0;
    };
    struct Message {
        std::vector<Part> parts{};
        bool told = false;  // that it is in doubt
    };
    struct Turn { std::uint64_t ticket; std::size_t part; };

    void hear(std::string_view frame, Steady now, Instant wall);
    void end_part(const InFlightPart& place, PartEnd end, Steady now);
    void conclude(std::uint64_t ticket);
    provider::Ambiguous doubt(std::uint64_t ticket, std::string why) const;
    void drop_waiting(std::uint64_t ticket);
    std::vector<std::uint64_t> tickets() const;
    bool may_write() const { return state_ == State::open || (state_ == State::closing && drain_ && !leave_said_); }
    std::optional<Steady> quiet_at() const;
    void be_quiet(Steady now);
    void write_queue(Steady now);
    void begin_closing(Steady now, bool drain, bool say_so);
    void go_on_closing(Steady now);
    bool drained() const { return in_flight_.empty() && answers_.empty() && queue_.empty(); }
    std::uint32_t next_number();

    Dialect& dialect_;
    SessionRules rules_;
    State state_ = State::opening;
    std::string why_;
    bool opens_ = true, was_open_ = false, refused_ = false, ended_idle_ = false;
    Steady not_before_{};
    FrameReader frames_;
    std::string output_;
    struct Span { std::size_t at = 0, size = 0; };
    std::vector<Span> unwritten_;  // where parts of messages stand in it
    std::uint32_t last_number_ = 0;
    InFlight in_flight_;
    std::map<std::uint64_t, Message> messages_;
    std::deque<Turn> queue_;
    Steady quiet_until_{};                 // throttled
    Steady began_, last_heard_;
    std::optional<Steady> asked_alive_;
    std::optional<Steady> closing_since_, leave_said_;
    bool drain_ = true, say_leave_ = true;
    std::uint64_t last_delivery_ = 0;
    std::map<std::uint64_t, Delivery> answers_;
    int deliveries_open_ = 0;
    std::vector<Settled> settled_;
    std::vector<Kept> deliveries_;
    std::vector<std::string> ignored_, warnings_;
};

// What its parts say of the whole message.
provider::Outcome whole(const std::vector<PartEnd>& parts, std::size_t never_left);

}  // namespace pingjing::link
