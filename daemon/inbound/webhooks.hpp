// /v1/hooks/{channel}/{secret}[/…]: what carriers call. Kept, then answered in the vendor's own form; whoever does not know the
// secret learns nothing, not even whether the channel exists.
#pragma once
#include <functional>
#include <map>
#include <memory>
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

// By channel name. A reload makes new ones; a request keeps those it began with.
using Hooks = std::map<std::string, Hook>;
using HooksNow = std::function<std::shared_ptr<const Hooks>()>;

// By the mapping that the channel has then.
ReadAgain read_again(HooksNow hooks);

// Everything outlives the router.
void add_hooks(http::Router& router, Inbox& inbox, HooksNow hooks);

}  // namespace pingjing::inbound
