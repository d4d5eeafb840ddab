// Any vendor that speaks HTTP, by configuration alone. Presets in templates/http/.
#pragma once
#include "providers/registry.hpp"

namespace pingjing::generic_http {

provider::Make read(config::Section& section, provider::ChannelFacts facts);

}  // namespace pingjing::generic_http
