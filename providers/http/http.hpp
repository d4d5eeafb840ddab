// Any vendor that speaks HTTP: by configuration alone, or with a scheme of its own beside its preset. Presets in templates/http/.
#pragma once
#include "daemon/config/section.hpp"
#include "providers/http/settings.hpp"
#include "providers/provider.hpp"

namespace pingjing::generic_http {

provider::Make read(config::Section& section, provider::ChannelFacts facts);
provider::Make read_with(const Scheme& scheme, config::Section& section, const provider::ChannelFacts& facts);  // which outlives what it makes

}  // namespace pingjing::generic_http
