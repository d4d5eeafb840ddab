// SMPP 3.4: a short message centre over TCP or TLS.
#pragma once
#include "daemon/config/section.hpp"
#include "providers/provider.hpp"

namespace pingjing::smpp {

provider::Make read(config::Section& section, provider::ChannelFacts facts);

}  // namespace pingjing::smpp
