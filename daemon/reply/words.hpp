// Praise and complaint in a normalised text, each read with the whole phrase around it.
#pragma once
#include <string_view>

#include "daemon/core/rating.hpp"
#include "daemon/reply/tables.hpp"

namespace pingjing::reply {

// How much a word proves. A detail tells ("等了2个小时"), a judgement judges ("太差了"), a verdict is the scale's own
// word ("不满意").
enum class Weight { weak, detail, judgement, verdict };

struct Mood {
    struct Side {
        int count = 0;  // outside 但是…
        bool any = false, strong = false;  // strong: 非常…
        Weight weight = Weight::weak;
        bool firm = false;  // a judgement or verdict outside 但是…, which a contrary code cannot explain away
    };
    Side good, fair, bad;
    bool undecided = false;  // 不是不满意, 抓到人就满意, 满意吗
    bool riddle = false;     // and it is the scale's own word that is undecided
    bool doubtful = false;   // praise, but something in the text denies or conditions we know not what
    bool unclear = false;    // of us, and something is wrong, in words that we do not know
    bool contrast = false;   // praise followed by 但是…
    bool conceded = false;  // something middling followed by 就是…
    bool negated = false, emoji_only = false;
    bool question = false;
    bool told = false;      // a complaint stands in a clause of its own that asks nothing
    bool stranger = false;  // a complaint about something that we have no name for
    bool nothing = false;   // a phrase that only looks like a rating was found
};

Mood read_mood(std::string_view text);
// Everything that may stand beside a code without a space: words of judgement, and of the service ("接警1处警3").
// "要是能找回来就给1": what is said of the code hangs on what has not happened.
bool hangs_on_condition(std::string_view text, Span code);
std::vector<Span> find_neighbours(std::string_view text);

}  // namespace pingjing::reply
