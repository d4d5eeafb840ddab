// SGIP 1.2: a gateway of China Unicom over TCP, in both directions.
#pragma once
#include "daemon/config/section.hpp"
#include "providers/provider.hpp"

namespace pingjing::sgip {

provider::Make read(config::Section& section, provider::ChannelFacts facts);

}  // namespace pingjing::sgip
