// GET /console/site: whose police this is, its units by name, what day it is there, and the last day on which a call was closed.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "daemon/core/clock.hpp"
#include "daemon/http/router.hpp"
#include "daemon/store/read_thread.hpp"

namespace pingjing::console {
namespace asio = boost::asio;

struct Site {
    std::string sign{}, zone{}, mode{};
    std::map<std::string, std::string> units{};  // number to name
};
struct SiteParts {
    store::Reader read;
    const Clock& clock;
    std::function<Site()> site;  // as configured now
};

// GET /console/settings, scope `admin`: what is in force, read only.
struct SettingsShown {
    std::string text{};                    // as canonical TOML, secrets left out
    std::string sha256{};                  // names these rules in the ledger
    std::vector<std::string> warnings{};   // what `check` says of them
    struct Text { std::string name{}; std::size_t units = 0, parts = 0; std::string whole{}; };  // each part is charged
    std::vector<Text> texts{};
    struct Channel { std::string name{}, what{}; std::vector<std::string> lines{}; };
    std::vector<Channel> channels{};
};
void add_settings_route(http::Router& router, const http::Guard& guard, std::function<SettingsShown()> shown);

// What `parts` refers to outlives the router.
void add_site_route(http::Router& router, const std::function<http::Handler(http::Handler)>& signed_in, SiteParts parts);

}  // namespace pingjing::console
