// CMPP 2.0 and 3.0: a gateway of China Mobile over TCP.
#pragma once
#include "daemon/config/section.hpp"
#include "providers/provider.hpp"

namespace pingjing::cmpp {

provider::Make read_2(config::Section& section, provider::ChannelFacts facts);
provider::Make read_3(config::Section& section, provider::ChannelFacts facts);

}  // namespace pingjing::cmpp
