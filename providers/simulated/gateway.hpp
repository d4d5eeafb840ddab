// A carrier's gateway with all its users and connections, as a machine without sockets: it is told who connected and what came, and
// says what to write, whom to hang up on and whom to call. With one seed, and the same things heard in the same order, it does the
// same. The protocol is a ServerDialect's, what people answer is Citizens', what goes wrong is in Habits.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "daemon/core/clock.hpp"
#include "daemon/core/random.hpp"
#include "providers/link/frame.hpp"
#include "providers/link/server.hpp"
#include "providers/simulated/citizens.hpp"
#include "providers/simulated/habits.hpp"
#include "providers/simulated/journal.hpp"

namespace pingjing::simulated {

struct Account { std::string name{}, secret{}; };

struct GatewaySettings {
    link::ServerProtocol protocol{};
    Habits habits{};
    CitizenSettings citizens{};
    std::vector<Account> accounts{};
    std::uint64_t seed = 1;
    std::uint64_t first_id = 1;  // of messages and deliveries: a second gateway on one log must not give them again
    bool may_call = true;        // somebody told us where
};

class Gateway {
public:
    using Id = std::uint64_t;
    Gateway(GatewaySettings settings, const Clock& clock, Journal& journal);

    Id connected(std::string from);                                     // somebody called
    Id called(const std::string& user, std::string to);                 // we did, for take_calls()
    void call_failed(const std::string& user, const std::string& why);
    void strange(const std::string& peer, const std::string& why);  // somebody who never came as far as the protocol
    void receive(Id id, std::string_view bytes);
    void gone(Id id);  // the connection is no more
    void tick();
    void stop();       // in order: says good-bye on every connection

    std::optional<Steady> next_tick() const;
    std::vector<Id> connections() const;
    bool has_output(Id id) const;
    std::vector<std::string> take_output(Id id);  // more than one: to be written one by one, with a pause between
    bool ended(Id id) const;                      // to be hung up on when its output is written
    std::vector<std::string> take_calls();        // users to be called

private:
    enum class State { opening, open, leaving, ended };
    struct Outgoing {
        std::uint32_t number = 0;
        std::string user{};
        std::variant<link::Report, link::ReplyPart> what{};
        std::string spelling{}, shown{}, text{}, fault{};
        Id origin = 0;                  // where the text came from that this is about
        bool elsewhere = false;         // rather not there
        std::optional<Steady> again{};  // so long after it was taken it is said once more
        int tries = 0;
    };
    using Parcel = std::shared_ptr<Outgoing>;
    struct Chunk { std::string octets{}; bool apart = false; };
    struct Connection {
        Connection(std::string f, std::unique_ptr<link::ServerDialect> d, Steady now) : from(std::move(f)), dialect(std::move(d)), frames(dialect->frame_limits()), began(now), heard(now), busy(now) {}
        std::string from;
        std::unique_ptr<link::ServerDialect> dialect;
        link::FrameReader frames;
        bool ours = false;
        State state = State::opening;
        std::string user{}, why{};
        std::deque<Chunk> out{};
        int unanswered = 0;
        Steady last_answer{};                          // when the last of them is due
        std::vector<std::function<void()>> held{};     // answers that wait for another one to go first
        std::map<std::uint32_t, Parcel> in_flight{};
        Steady began, heard, busy;
        std::optional<Steady> asked_alive{};
    };
    struct User {
        std::string secret{};
        std::deque<Parcel> queue{};
        std::deque<Steady> taken{};  // within the last second
        int calling = 0;             // calls that are not yet answered
        Steady no_call_before{};
    };
    struct Piece { std::string octets{}, charset{}, shown{}; };
    struct Join { std::map<int, Piece> pieces{}; std::string state{}; };

    Connection* find(Id id);
    const Connection* find(Id id) const;
    Line line(Id id, std::string_view direction, std::string_view kind) const;
    void later(Steady at, std::function<void()> work) { events_.emplace(at, std::move(work)); }
    void write(Connection& c, std::string octets, bool apart = false) { c.out.push_back({std::move(octets), apart}); }
    void end(Id id, const std::string& why);
    void hear(Id id, std::string_view frame);
    void admit(Id id, const link::Asked& asked);
    int links_of(const std::string& user) const;
    void submit(Id id, link::Submitted submitted);
    link::Verdict judge(Connection& c, const Fault*& fault, std::string& why);
    void plan_answer(Id id, const link::Submitted& submitted, const std::string& name, link::Verdict verdict, const Fault* fault, Steady due);
    void answer(Id id, const link::Submitted& submitted, const std::string& name, link::Verdict verdict, const Fault* fault);
    void take(Id id, const link::Submitted& submitted, const std::string& name, const std::string& shown, Steady due, bool report_first);
    void take_for(Id id, const link::Submitted& submitted, const std::string& to, const std::string& name, const std::string& shown, Steady due, bool report_first);
    void plan_reports(Id id, const link::Submitted& submitted, const std::string& to, const std::string& name, const std::string& shown, const std::string& state, Steady due);
    void add_report(Id id, const link::Report& report, const std::string& shown, const Fault* fault, Steady due);
    void hand_over(Id id, const link::Submitted& submitted, const std::string& to, const Join& join, Steady due);
    void reply(const std::string& user, Id origin, const std::string& from, const std::string& to, const std::string& text);
    std::string state_for(const std::string& to);
    void queue(Parcel parcel);
    void pump(const std::string& user);
    std::optional<Id> connection_for(const Outgoing& parcel) const;
    void call_if_needed(const std::string& user);
    void say(Id id, const Parcel& parcel);
    void settle(Id id, std::uint32_t number, std::uint32_t status);
    void keep(Id id);
    std::optional<Steady> due_of(const Connection& c) const;
    Steady since_start() const { return clock_.steady() - began_; }
    std::string shown_name(const link::Submitted& submitted, const std::string& name) const;

    GatewaySettings settings_;
    const Clock& clock_;
    Journal& journal_;
    Habits& habits_ = settings_.habits;
    Citizens citizens_;
    Schedule schedule_;
    SeededRandom random_;
    Steady began_;
    std::unique_ptr<link::ServerDialect> speaker_;  // for what no connection has a part in
    std::map<Id, Connection> connections_{};
    std::map<std::string, User> users_{};
    std::map<std::string, Join> joins_{};
    std::map<std::string, std::uint64_t> texts_{};  // that each number got
    std::multimap<Steady, std::function<void()>> events_{};
    std::vector<std::string> calls_{};
    Id last_connection_ = 0;
    std::uint64_t messages_, reports_ = 0, replies_ = 0;
    std::uint32_t deliveries_;
    bool stopping_ = false;
};

}  // namespace pingjing::simulated
