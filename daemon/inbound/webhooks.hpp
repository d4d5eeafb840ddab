// /v1/hooks/{channel}/{secret}[/…]: what carriers call. Kept, then answered in the vendor's own form; whoever does not know the
// secret learns nothing, not even whether the channel exists.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "daemon/http/router.hpp"
#include "daemon/inbound/inbox.hpp"
#include "providers/provider.hpp"

namespace pingjing::inbound {

struct Hook {
    provider::Provider* provider = nullptr;
    std::vector<std::string> secrets{};
};

// `hooks` by channel name. Everything outlives the router.
void add_hooks(http::Router& router, Inbox& inbox, std::map<std::string, Hook> hooks);

}  // namespace pingjing::inbound
