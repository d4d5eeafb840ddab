// SMGP 3.0: a gateway of China Telecom over TCP.
#pragma once
#include "daemon/config/section.hpp"
#include "providers/provider.hpp"

namespace pingjing::smgp {

provider::Make read(config::Section& section, provider::ChannelFacts facts);

}  // namespace pingjing::smgp
