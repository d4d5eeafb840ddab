// The people who work with what came in, each by his name and right at the daemon's own doors: the desk takes emergencies, 督察 decides what
// reading left open, answers letters, follows up and judges appeals, somebody sends notices. What they do is drawn by the seed, also what
// they may not do and must be refused.
#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/sim/doors.hpp"

namespace pingjing::sim {

class Office {
public:
    explicit Office(City& city) : city_(city) {}
    asio::awaitable<void> work(Life& life);  // until it ends

private:
    asio::awaitable<void> look_around(Doors& doors);
    asio::awaitable<void> watch_limits(Doors& doors);
    bool draws(std::uint64_t one_in) { return city_.random.below(one_in) == 0; }
    // What is planned later than that might still wait when the story is over.
    bool may_text() const { return city_.clock.steady() < city_.plan.end_of_trouble - std::chrono::hours(4); }

    // office.cpp
    asio::awaitable<void> take_alarms(Doors& doors);
    asio::awaitable<void> decide_reviews(Doors& doors);
    asio::awaitable<void> decide(Doors& doors, std::string target, const http::Asker& who);
    asio::awaitable<void> read_letters(Doors& doors);
    asio::awaitable<void> answer(Doors& doors, std::string target, std::string text);
    asio::awaitable<void> send_notices(Doors& doors);
    asio::awaitable<void> stop_notice(Doors& doors, std::string name);
    boost::json::object draw_notice(std::string& name);
    // complaints.cpp
    asio::awaitable<void> follow_up(Doors& doors);
    asio::awaitable<void> next_step(Doors& doors, std::string target);
    asio::awaitable<void> review_step(Doors& doors, std::string target, const http::Asker& by);
    asio::awaitable<void> tell_caller(Doors& doors, std::string target);
    asio::awaitable<void> file_appeals(Doors& doors);
    asio::awaitable<void> judge_appeals(Doors& doors);
    asio::awaitable<void> judge(Doors& doors, boost::json::value appeal);

    City& city_;
    int answers_ = 0;
    std::map<std::string, std::set<std::string>> lists_{};  // of each notice: who was to get it
};

}  // namespace pingjing::sim
