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
#include "tests/sim/disk.hpp"
#include "tests/sim/watch.hpp"

namespace pingjing::sim {

// Shares of all submissions, receipts, replies or pushes. Each that happened is counted under its name.
struct Faults {
    double retry = 0, throttled = 0, refused = 0, opted_out = 0, words = 0, config = 0, down = 0, part = 0;  // answered, not (wholly) taken
    double swallowed = 0, answer_lost = 0, answer_late = 0, slow = 0;        // not taken and silent; taken and silent; taken, answered too late; slow
    double http_5xx_taken = 0, http_5xx_not_taken = 0, http_garbage = 0, http_503 = 0, http_never_left = 0;
    double receipt_lost = 0, receipt_early = 0, receipt_doubled = 0, receipt_contradicts = 0, receipt_without_ref = 0, receipt_by_phone = 0, receipt_elsewhere = 0,
           receipt_spelled = 0, receipt_buffered = 0, receipt_empty_number = 0, id_recurs = 0;
    double reply_doubled = 0, reply_twice = 0, reply_late = 0, reply_without_extension = 0, reply_without_key = 0, reply_early = 0, reply_old_slot = 0, reply_disordered = 0,
           reply_in_parts = 0, part_disordered = 0, part_doubled = 0, part_lost = 0, unasked = 0, short_code = 0;
    double link_broke = 0, push_many = 0, push_unheard = 0;
    double undelivered = 0.03, answers = 0.6;
};

bool inside(const std::vector<std::pair<Steady, Steady>>& spans, Steady t);

class Carrier {
public:
    struct World { asio::any_io_executor executor; VirtualClock& clock; Random& random; Fired& fired; Watch& watch; };
    Carrier(World world, std::string name, std::string access_number, Faults faults, bool hooks);

    // What the wire would have done, decided when the first byte leaves.
    struct Fate { Steady answer_after{}; std::optional<provider::Outcome> outcome{}; std::optional<provider::Outcome> late{}; };
    Fate take(const provider::Submission& submission);

    // Says what is due to `sink`, again until it is acknowledged. One life at a time.
    asio::awaitable<void> serve(provider::Sink& sink, const bool& dead);
    void say_late(Steady after, std::string ref, provider::Outcome outcome);

    void outage(Steady from, Steady to) { outages_.emplace_back(from, to); }
    void black_hole(Steady from, Steady to) { black_holes_.emplace_back(from, to); }
    Carrier* other = nullptr;  // whose link carries a receipt now and then

    struct Said { std::string phone{}, text{}, ref{}; bool keyed = false; };  // ref: the question it answers, with our digits
    const std::map<std::string, Said>& acknowledged_texts() const { return acknowledged_texts_; }  // whole ones, by the vendor's id, or one made up
    const std::map<std::string, Said>& acknowledged_pieces() const { return acknowledged_pieces_; }  // of long texts, by the mark that each bears
    bool has_reported(const std::string& ref) const { return reported_.contains(ref); }  // and was heard
    const std::string& name() const { return name_; }

private:
    struct Event { std::optional<provider::Inbound> said{}; std::string late_ref{}; std::optional<provider::Outcome> late{}; std::string id{}, answers{}; };  // id: of a text, or the mark of a piece
    bool happens(double share, const char* name);
    Steady between(Steady least, Steady most) { return least + Steady(static_cast<std::int64_t>(world_.random.unit() * static_cast<double>((most - least).count()))); }
    void say(Steady after, provider::Inbound inbound, std::string answers = {});
    void reach(const provider::Submission& submission, const std::vector<std::string>& ids, Steady response_after);
    void report(const provider::Submission& submission, const std::vector<std::string>& ids, Steady after, bool delivered);
    void answer(const provider::Submission& submission, bool question, Steady receipt_after);
    void say_in_parts(Steady after, const provider::InboundText& whole);
    void write_unasked(const provider::Submission& submission);
    provider::Outcome http(int status, const char* body) const;
    asio::awaitable<void> push(provider::Sink& sink, std::vector<provider::Inbound> inbound);
    void acknowledged(const Event& event);

    World world_;
    std::string name_, access_number_;
    Faults faults_;
    bool hooks_;
    Signal more_;
    std::multimap<Steady, Event> events_;
    std::vector<std::pair<Steady, Steady>> outages_, black_holes_;
    std::map<std::string, std::string> old_digits_;  // by phone
    std::map<std::string, Said> acknowledged_texts_, acknowledged_pieces_;
    std::set<std::string> reported_;  // by our ref
    int next_ = 0;
};

}  // namespace pingjing::sim
