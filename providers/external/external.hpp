// An adapter that is a process of its own, as another user, and speaks a few frames of JSON over a socket of this
// machine. What it says is a stranger's word: nothing of it can do more than settle a text or hand in an item.
#pragma once
#include "daemon/config/section.hpp"
#include "providers/provider.hpp"

namespace pingjing::external {

provider::Make read(config::Section& section, provider::ChannelFacts facts);

}  // namespace pingjing::external
