// What a protocol says and hears, frame by frame: all that a Session has to be told about CMPP, SGIP, SMGP or SMPP. One for each
// connection; without sockets.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "providers/link/codes.hpp"
#include "providers/link/frame.hpp"
#include "providers/provider.hpp"

namespace pingjing::link {

enum class State {
    opening,  // we asked to be let in
    open,
    closing,  // nothing new goes out; what is under way comes to its end
    closed
};

// What follows when nothing was heard for a while.
enum class Quiet {
    ask,     // whether the peer lives: keep_alive()
    leave,   // in order; there will be another connection when there is something to say
    hang_up  // it is the peer's connection
};

// How one part of a message ended.
struct PartEnd {
    enum class Kind { taken, refused, doubt } kind = Kind::doubt;
    std::string id{};                          // taken: the carrier's
    provider::Outcome outcome = provider::Ambiguous{};  // refused, doubt
};

// Something to be kept before it is answered.
struct Delivery {
    std::vector<provider::Inbound> inbound{};
    std::string if_kept{}, if_not{};  // the answer
};

// What a frame means to us.
struct Heard {
    enum class Kind {
        nothing,   // of no consequence; `why` says so
        opened,    // we were let in; `why` says what was odd about it
        refused,   // we were not
        answer,    // to the part with `number`; `why` says what was odd about it
        alive,     // to a keep-alive of ours
        delivery,  // `why` says what was odd about it
        leaving,   // the peer wants to end
        left,      // the peer agrees that we end
        broken     // nothing more can be said on this connection
    };
    Kind kind = Kind::nothing;
    std::uint32_t number = 0;
    std::string reply{};         // said at once
    std::string why{};
    bool credentials = false;    // refused: for what we are, not for the moment
    Steady not_before{};         // refused: another try is of no use sooner
    bool again = false;          // answer: our place in this connection is lost, it has to be opened anew
    PartEnd end{};
    Delivery delivery{};
};

inline Heard heard_as(Heard::Kind kind, std::string reply = {}) {
    Heard heard;
    heard.kind = kind;
    heard.reply = std::move(reply);
    return heard;
}
inline Heard nothing(std::string why, std::string reply = {}) {
    auto heard = heard_as(Heard::Kind::nothing, std::move(reply));
    heard.why = std::move(why);
    return heard;
}
inline Heard refused(std::string why, bool credentials = false) {
    auto heard = heard_as(Heard::Kind::refused);
    heard.why = std::move(why);
    heard.credentials = credentials;
    return heard;
}
// The carrier has it, under this id.
inline Heard taken(std::uint32_t number, std::string id) {
    auto heard = heard_as(Heard::Kind::answer);
    heard.number = number;
    heard.end = {PartEnd::Kind::taken, std::move(id), {}};
    return heard;
}
// Answered when it is kept, or cannot be.
inline Heard to_keep(provider::Inbound inbound, std::string if_kept, std::string if_not) {
    auto heard = heard_as(Heard::Kind::delivery);
    heard.delivery.inbound.push_back(std::move(inbound));
    heard.delivery.if_kept = std::move(if_kept), heard.delivery.if_not = std::move(if_not);
    return heard;
}
// A part that was not taken, or not for sure.
inline Heard refusal(std::uint32_t number, provider::Outcome outcome) {
    auto heard = heard_as(Heard::Kind::answer);
    heard.number = number;
    heard.end.kind = std::holds_alternative<provider::Ambiguous>(outcome) ? PartEnd::Kind::doubt : PartEnd::Kind::refused;
    heard.end.outcome = std::move(outcome);
    return heard;
}

// A code that is in no table is said aloud: somebody can ask the carrier.
inline Heard refusal(std::uint32_t number, Refusal code) {
    auto heard = refusal(number, std::move(code.outcome));
    if (!code.known) heard.why = provider::outcome_detail(heard.end.outcome);
    return heard;
}
// A frame with its number where it belongs.
inline std::string with_number(std::string frame, std::size_t at, std::uint32_t number) {
    for (std::size_t i = 0; i < 4; ++i) frame[at + i] = static_cast<char>(static_cast<unsigned char>(number >> (8 * (3 - i))));
    return frame;
}

class Dialect {
public:
    virtual ~Dialect() = default;
    virtual FrameLimits frame_limits() const = 0;
    virtual bool sends() const { return true; }     // false: this connection only receives
    virtual bool receives() const { return true; }  // false: reports and replies come on another one
    virtual std::string open(std::uint32_t number, Instant now) = 0;  // empty: the peer has to say who it is
    virtual Quiet when_quiet() const { return Quiet::ask; }
    virtual std::string keep_alive(std::uint32_t number) = 0;
    virtual std::string close(std::uint32_t number) = 0;              // empty: it is not ours to say
    // The frame of a part with its number in it.
    virtual std::string numbered(std::string frame, std::uint32_t number) = 0;
    // By which a report will name it, where that is known before the answer: what was numbered last.
    virtual std::string id_of_last() const { return {}; }
    virtual Heard hear(std::string_view frame, State state, Instant now) = 0;
    virtual std::string to_bad_length() { return {}; }  // said before we hang up
};

}  // namespace pingjing::link
