// What a protocol says and hears, frame by frame: all that a Session has to be told about CMPP, SGIP, SMGP or SMPP. Pure; one for
// each connection.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "providers/link/frame.hpp"
#include "providers/provider.hpp"

namespace pingjing::link {

enum class State {
    opening,  // we asked to be let in
    open,
    closing,  // nothing new goes out; what is under way comes to its end
    closed
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
        answer,    // to the part with `number`
        alive,     // to a keep-alive of ours
        delivery,
        leaving,   // the peer wants to end
        left,      // the peer agrees that we end
        broken     // nothing more can be said on this connection
    };
    Kind kind = Kind::nothing;
    std::uint32_t number = 0;
    std::string reply{};         // said at once
    std::string why{};
    bool credentials = false;    // refused: for what we are, not for the moment
    bool again = false;          // answer: our place in this connection is lost, it has to be opened anew
    PartEnd end{};
    Delivery delivery{};
};

class Dialect {
public:
    virtual ~Dialect() = default;
    virtual FrameLimits frame_limits() const = 0;
    virtual bool sends() const { return true; }  // false: this connection only receives
    virtual std::string open(std::uint32_t number, Instant now) = 0;
    virtual std::string keep_alive(std::uint32_t number) = 0;
    virtual std::string close(std::uint32_t number) = 0;
    // The frame of a part with its number in it.
    virtual std::string numbered(std::string frame, std::uint32_t number) = 0;
    virtual Heard hear(std::string_view frame, State state, Instant now) = 0;
    virtual std::string to_bad_length() { return {}; }  // said before we hang up
};

}  // namespace pingjing::link
