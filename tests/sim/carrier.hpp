// A carrier and its citizens that outlive the daemon: what it took stays taken whoever crashed, and what nobody acknowledged it
// says again. It counts for itself what reached whom.
#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "daemon/async/signal.hpp"
#include "daemon/async/timer.hpp"
#include "providers/provider.hpp"

namespace pingjing::sim {

// Shares of all submissions, receipts or replies. Each that happened is counted under its name.
struct Faults {
    double retry = 0, throttled = 0, refused = 0, opted_out = 0, config = 0;  // answered, not taken
    double swallowed = 0, answer_lost = 0, answer_late = 0;                   // not taken and silent; taken and silent; taken, answered too late
    double receipt_lost = 0, receipt_early = 0, receipt_doubled = 0, receipt_contradicts = 0, receipt_without_ref = 0, receipt_by_phone = 0;
    double reply_doubled = 0, reply_twice = 0, reply_late = 0, reply_without_extension = 0, reply_without_key = 0;
    double undelivered = 0.03, answers = 0.6;
};

struct Reached {
    std::string ref, phone;
    Instant at;
    Steady steady;
    int parts = 1;
    bool question = false;
};

class Carrier {
public:
    Carrier(asio::any_io_executor executor, VirtualClock& clock, Random& random, Faults faults)
        : clock_(clock), random_(random), faults_(faults), more_(executor) {}

    // What the wire would have done, decided when the first byte leaves.
    struct Fate { Steady answer_after{}; std::optional<provider::Outcome> outcome{}; std::optional<provider::Outcome> late{}; };
    Fate take(const provider::Submission& submission, const std::string& access_number);

    // Says what is due to `sink`, again until it is acknowledged. One life at a time.
    asio::awaitable<void> serve(provider::Sink& sink, std::string channel, const bool& dead);
    void say_late(Steady after, std::string ref, provider::Outcome outcome);

    void outage(Steady from, Steady to) { outages_.emplace_back(from, to); }
    void black_hole(Steady from, Steady to) { black_holes_.emplace_back(from, to); }

    const std::vector<Reached>& reached() const { return reached_; }
    const std::set<std::string>& acknowledged_texts() const { return acknowledged_texts_; }
    const std::map<std::string, Instant>& opted_out() const { return opted_out_; }  // by phone: when the text that says so was acknowledged
    const std::map<std::string, int>& fired() const { return fired_; }
    std::size_t waiting() const { return events_.size(); }

private:
    struct Event { std::optional<provider::Inbound> said{}; std::string late_ref{}; std::optional<provider::Outcome> late{}; };
    bool happens(double share, const char* name);
    Steady between(Steady least, Steady most) { return least + Steady(static_cast<std::int64_t>(random_.unit() * static_cast<double>((most - least).count()))); }
    void say(Steady after, provider::Inbound inbound);
    void reach(const provider::Submission& submission, const std::vector<std::string>& ids, const std::string& access_number, Steady response_after);

    VirtualClock& clock_;
    Random& random_;
    Faults faults_;
    Signal more_;
    std::multimap<Steady, Event> events_;
    std::vector<std::pair<Steady, Steady>> outages_, black_holes_;
    std::vector<Reached> reached_;
    std::set<std::string> acknowledged_texts_;
    std::map<std::string, Instant> opted_out_;
    std::map<std::string, int> fired_;
    int next_ = 0;
};

}  // namespace pingjing::sim
