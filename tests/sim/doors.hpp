// The doors that people work at, with the daemon's own routes and scopes and without sockets; and the people.
#pragma once
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string>

#include "daemon/http/router.hpp"
#include "tests/sim/life.hpp"

namespace pingjing::sim {

// 王杰 is the officer of every call, once with his own right and once with more than he should have; 张督察 comes with two tokens.
namespace people {
inline const http::Asker zhang{"3/张督察", "张督察", "320102000000", "900001", {"inspect", "desk"}}, zhang_again{"8/张 督察", "张 督察", "320102000000", "900001", {"inspect", "desk"}},
    li{"4/李督察", "李督察", "320100000000", "900002", {"inspect", "desk"}}, officer{"9/王杰", "王杰", "320102430000", "01", {"officer"}},
    officer_inspects{"5/王杰", "王杰", "", "01", {"inspect", "desk"}}, station{"11/所长", "所长", "320102430000", "", {"unit"}}, keeper{"control/赵六", "赵六", "", "", {"admin"}};
}  // namespace people

struct Answer {
    int status = 0;                       // 0: the life ended before it came
    boost::json::value body{};
    std::string text(std::string_view key) const;  // of an object; "" where it is none
};

class Doors {
public:
    Doors(City& city, Life& life);

    asio::awaitable<Answer> ask(const http::Asker& who, std::string method, std::string target, std::string body = {});
    // The tokens of all these people, where this store does not know them: it is new, or was restored.
    asio::awaitable<void> hand_out_tokens();
    // What a person may do and asks for properly is done, or comes too late, or fails with the store; counted by its name.
    bool done(const Answer& answer, const char* name);
    // What he may not do is refused.
    void refused(const Answer& answer, const char* name);

    City& city;
    Life& life;

private:
    bool failed(const Answer& answer);
    http::Router router_{};
};

std::string json_of(boost::json::object object);
std::string word(const boost::json::value& object, std::string_view key);  // "" where there is none
std::int64_t number(const boost::json::value& object, std::string_view key);
bool flag(const boost::json::value& object, std::string_view key);

}  // namespace pingjing::sim
