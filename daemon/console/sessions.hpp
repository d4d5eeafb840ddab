// Who is signed in at the console: a random word in a cookie, and the number of the token that he showed. In memory only: a restart signs everybody
// out. What a session may do is decided with each request by the token's row, so one that is revoked ends its sessions at once.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "daemon/core/clock.hpp"
#include "daemon/core/random.hpp"
#include "daemon/http/router.hpp"

namespace pingjing::console {
namespace asio = boost::asio;

inline constexpr const char* session_cookie = "pingjing_session";
// A page of another origin cannot set it without asking us first, which we never allow.
inline constexpr const char* page_header = "X-Pingjing-Console";

// A watch of twelve hours; an hour without a request.
struct Lifetime { Steady whole = std::chrono::hours(12), idle = std::chrono::hours(1); };

class Sessions {
public:
    Sessions(Random& random, const Clock& clock, Lifetime lifetime = {}) : random_(random), clock_(clock), lifetime_(lifetime) {}

    std::string open(std::int64_t token);                           // the word for the cookie, 52 letters of five bits each
    std::optional<std::int64_t> find(const std::string& word);      // its token; the session has been used with it
    void close(const std::string& word);
    std::size_t size() const { return open_.size(); }

    // Wrong tokens in a row are told to wait. A right one never is, or whoever types nonsense would keep a desk out of its emergencies.
    bool too_many_wrong();  // counts one

private:
    struct Open { std::int64_t token = 0; Steady since{}, used{}; };
    bool is_over(const Open& session) const;
    void forget_old();

    Random& random_;
    const Clock& clock_;
    Lifetime lifetime_;
    std::map<std::string, Open> open_;  // by the hash of the word, so that how long a look takes tells nothing of it
    double wrong_left_ = most_wrong;
    Steady wrong_at_{};
    static constexpr double most_wrong = 10;  // and one more every six seconds
};

std::string cookie_of(const http::Request& request);  // the word, or ""

// Why a request with our cookie is not taken for one of our page, or nothing. `public_origin`: "https://host" where a proxy stands before us.
std::optional<std::string> is_foreign(const http::Request& request, const std::string& public_origin);

// "https://host:port" of an address, in lower case; "": none.
std::string origin_of(const std::string& url);

}  // namespace pingjing::console
