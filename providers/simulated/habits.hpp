// What a simulated gateway does as a rule, and what it does wrong and when: the file behind `pingjing simulate --faults`. Pure.
#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/config/section.hpp"
#include "daemon/core/clock.hpp"
#include "daemon/core/random.hpp"
#include "providers/link/server.hpp"
#include "providers/simulated/citizens.hpp"

namespace pingjing::simulated {

// Where something can go wrong.
enum class At { login, submit, report, reply };

enum class Wrong {
    // login
    refuse_login, silent_login,
    // submit
    throttle, queue_full, refuse,                       // answered so, and not taken
    no_response, late_response, drop, half_pdu, wrong_length,  // taken or not, as `taken` says
    duplicate_response, out_of_order, report_first, pieces, rubbish,
    // report
    no_report, late_report, duplicate_report, foreign_report, other_connection,
    // reply
    late_reply, duplicate_reply, backwards,
    // from … until
    outage
};
std::string name_of(Wrong wrong);

struct Fault {
    Wrong what = Wrong::throttle;
    Steady from{};
    std::optional<Steady> until{};          // since the start
    std::optional<double> share{};          // of what happens there
    std::uint64_t every = 1, first = 1;     // the first-th, and every so many after it
    std::uint64_t most = 0;                 // 0: no limit
    bool taken = true;
    Steady after = std::chrono::seconds(4);  // late, and said again
    std::uint32_t code = 0;                 // refuse: the protocol's own; 0: a number that does not exist
};

struct Habits {
    int window = 16;                        // unanswered texts of a connection; beyond it: slower
    int tps = 0;                            // texts of a user in a second; 0: no limit
    int links = 100;                        // of a user
    Range latency{};                        // of an answer
    Steady login_within = std::chrono::seconds(30), keep_alive = std::chrono::seconds(30), alive_within = std::chrono::seconds(10), idle = std::chrono::minutes(5);
    int delivery_window = 16;               // of a connection
    Steady taken_within = std::chrono::seconds(10), again_after = std::chrono::seconds(1);
    int call_links = 2;                     // where the gateway calls
    Steady call_idle = std::chrono::seconds(3);
    std::uint64_t first_id = 0;             // the count in ids begins behind it
    std::string answers{};                  // how ids are spelled there

    double report_share = 1, waiting_share = 0;  // waiting: an intermediate report before the final one
    Range report{std::chrono::seconds(1), std::chrono::seconds(3)};
    std::vector<std::string> spellings{};   // of reports, in turn
    std::map<std::string, double> states{{"DELIVRD", 100}};

    std::vector<std::string> long_texts{};  // of answers in several parts, in turn
    std::string number_prefix{};            // before a citizen's number; as the text had it if there was one

    std::vector<Fault> faults{};
};
Habits read_habits(config::Section& section, const link::ServerProtocol& protocol);  // a whole file; problems go to the section
Habits usual(const link::ServerProtocol& protocol);

// Which fault it is this time. Every fault sees everything that happens at its place while it is due, so that one does not move another.
class Schedule {
public:
    explicit Schedule(std::vector<Fault> faults) : counts_(faults.size()), faults_(std::move(faults)) {}
    const Fault* next(At at, Steady since_start, Random& random);  // null: none
    bool outage(Steady since_start) const;
    std::optional<Steady> next_outage_edge(Steady since_start) const;

private:
    struct Counts { std::uint64_t seen = 0, done = 0; };
    std::vector<Counts> counts_;
    std::vector<Fault> faults_;
};

}  // namespace pingjing::simulated
