// China Mobile's Yun MAS. All of it is its preset, templates/http/yunmas.toml; here are the keys of the channel that fill it.
#pragma once
#include "daemon/config/section.hpp"
#include "providers/http/settings.hpp"
#include "providers/provider.hpp"

namespace pingjing::yunmas {

extern const generic_http::Scheme scheme;
provider::Make read(config::Section& section, provider::ChannelFacts facts);

}  // namespace pingjing::yunmas
