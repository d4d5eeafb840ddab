// Any vendor that speaks HTTP, by configuration alone. Presets in templates/http/.
#pragma once
#include "daemon/config/section.hpp"
#include "providers/provider.hpp"

namespace pingjing::generic_http {

provider::Make read(config::Section& section, provider::ChannelFacts facts);

}  // namespace pingjing::generic_http
