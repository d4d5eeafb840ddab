// The other end: what a gateway hears and says on one connection, for `pingjing simulate`. A protocol puts it into the PDUs that its
// client side reads and writes; who is let in, what is taken and what comes back when is decided elsewhere. Pure.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/clock.hpp"
#include "providers/link/frame.hpp"
#include "providers/link/long_text.hpp"

namespace pingjing::link {

// On which ends a report is wanted.
enum class Wants { nothing, always, failures, successes };

// A text, or one part of it, that somebody wants to send.
struct Submitted {
    std::uint32_t command = 0;
    std::string number{};              // of its frame, as it stands there: the answer repeats it
    std::string from{};
    std::vector<std::string> to{};     // as written
    std::string octets{}, charset{};   // its header not among them
    std::optional<Place> place{};      // where it is one of several
    Wants report = Wants::nothing;
    std::uint8_t coding = 0;           // its data coding, and how long it is valid, as they stand there
    std::string validity{};
    std::string odd{};                 // what a real gateway might not take; it is taken all the same
};

// What a frame means to a gateway.
struct Asked {
    enum class Kind {
        nothing,  // of no consequence; `why` says so
        login,    // answered by answer_login()
        submit,   // answered by answer()
        taken,    // our delivery `number`, or not, as `status` says
        alive,    // asks whether we live: answered; or answers us
        leaving,  // answered
        left,     // agrees that we leave
        let_in,   // there, where it is we who called; `status`: or not
        broken    // nothing more can be said on this connection
    };
    Kind kind = Kind::nothing;
    std::string reply{}, why{};
    std::string user{};                                    // login
    std::function<bool(const std::string& secret)> proves{};  // login
    Submitted submitted{};
    std::uint32_t number = 0, status = 0;
};
inline Asked asked_as(Asked::Kind kind, std::string reply = {}, std::string why = {}) {
    Asked asked;
    asked.kind = kind, asked.reply = std::move(reply), asked.why = std::move(why);
    return asked;
}

enum class Door { open, wrong_user, wrong_secret, too_many };

// What becomes of a Submitted. `code`: the protocol's own.
struct Verdict {
    enum class Kind { taken, slower, full, refused } kind = Kind::taken;
    std::uint32_t code = 0;
};

// What a gateway brings. `number` is the same for each time that it is said.
struct Report {
    std::uint32_t number = 0;
    std::string id{};         // as name() gave it
    std::string phone{};      // as the Submitted had it
    std::string number_of_sp{};
    std::string state{};      // "DELIVRD", "UNDELIV", …
    Instant submitted{}, done{};
    std::string text{};       // the beginning of what it is about
};
struct ReplyPart {
    std::uint32_t number = 0;
    std::string phone{}, number_of_sp{};
    std::uint8_t format = 0;  // the protocol's data coding
    std::string octets{};     // its header among them, if `way` has one
    std::optional<Place> place{};
    std::string way{};
    Instant at{};
};

class ServerDialect {
public:
    virtual ~ServerDialect() = default;
    virtual FrameLimits frame_limits() const = 0;
    virtual Asked hear(std::string_view frame, bool let_in) = 0;

    virtual bool delivers() const = 0;  // reports and replies may go here
    // Where it is we who call: the first thing that is said.
    virtual std::string open(const std::string&, const std::string&, std::uint32_t, Instant) { return {}; }
    virtual std::string answer_login(Door door, const std::string& secret) = 0;  // of the login heard last
    // The message's name here: what answer(), say() and the log call it.
    virtual std::string name(const Submitted& submitted, std::uint64_t count, Instant now) const = 0;
    // As the other end will know it. `spelling`: of ServerProtocol::answers.
    virtual std::string shown(const Submitted&, const std::string& name, const std::string&) const { return name; }
    virtual std::string answer(const Submitted& submitted, const std::string& name, Verdict verdict, const std::string& spelling) = 0;
    virtual std::string say(const Report& report, const std::string& spelling) = 0;
    virtual std::vector<ReplyPart> cut(const std::string& utf8, const std::string& way, std::uint16_t reference) const = 0;
    virtual std::string say(const ReplyPart& part) = 0;
    virtual std::string ask_alive(std::uint32_t) { return {}; }  // empty: the protocol has no such question
    virtual std::string leave(std::uint32_t number) = 0;
    virtual std::string to_bad_length() { return {}; }  // said before it hangs up
};

struct ServerProtocol {
    std::string name{};
    bool calls = false;  // reports and replies go over connections that the gateway opens
    // Spellings, the usual one first: ids in answers; reports; texts in several parts.
    std::vector<std::string> answers{}, reports{}, long_texts{};
    std::function<std::unique_ptr<ServerDialect>(bool ours)> dialect{};  // ours: it is we who called
};

// A citizen's text as the Chinese protocols carry it; ways "udh", "udh16", and "gbk" for GBK where it has every character.
std::vector<ReplyPart> cut_reply(const std::string& utf8, const std::string& way, std::uint16_t reference);
// Hexadecimal, as ids of octets are named.
std::string hex_of(std::string_view octets);
std::string octets_of_hex(std::string_view hex);
std::string report_stamp(Instant t);  // YYMMDDhhmm in China
// What the three digits of "err:" say beside a state.
std::string error_of(const std::string& state);
// An MT's text without the header in front of its part. What is longer than the air takes at once is odd.
void put_octets(Submitted& submitted, std::string_view octets, std::string charset, bool has_header);

}  // namespace pingjing::link
