#include "providers/registry.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "providers/cmpp/cmpp.hpp"
#include "providers/external/external.hpp"
#include "providers/http/http.hpp"
#include "providers/sgip/sgip.hpp"
#include "providers/simulated/simulated.hpp"
#include "providers/smgp/smgp.hpp"
#include "providers/smpp/smpp.hpp"
#include "providers/twilio/twilio.hpp"
#include "providers/yunmas/yunmas.hpp"

namespace pingjing::provider {
namespace {

constexpr Entry entries[] = {
    {"http", "any vendor that speaks HTTP, by configuration; presets kannel, android-sms-gateway", generic_http::read},
    {"twilio", "Twilio, and those who offer its API", twilio::read},
    {"yunmas", "China Mobile's Yun MAS (云MAS)", yunmas::read},
    {"smpp", "a short message centre by SMPP 3.4, over TCP or TLS", smpp::read},
    {"cmpp2", "a gateway of China Mobile by CMPP 2.0", cmpp::read_2},
    {"cmpp3", "the same by CMPP 3.0", cmpp::read_3},
    {"sgip", "a gateway of China Unicom by SGIP 1.2", sgip::read},
    {"smgp", "a gateway of China Telecom by SMGP 3.0", smgp::read},
    {"external", "an adapter of the site's own, in a process of its own", external::read},
    {"simulated", "a carrier and its citizens inside the process: sends nothing to anybody", simulated::read},
};

// Announced, and to be told apart from a slip of the pen.
constexpr std::string_view planned[] = {"aliyun", "tencent", "vonage", "ctyun", "huawei"};

}  // namespace

std::span<const Entry> all() { return entries; }

const Entry* find(std::string_view name) {
    auto at = std::find_if(std::begin(entries), std::end(entries), [&](const Entry& e) { return e.name == name; });
    return at == std::end(entries) ? nullptr : at;
}

Make read_channel(config::Section& section, std::string_view provider, ChannelFacts facts) {
    if (auto* entry = find(provider)) return entry->read(section, std::move(facts));
    std::string names;
    for (const auto& entry : entries) names += (names.empty() ? "" : ", ") + std::string(entry.name);
    bool later = std::find(std::begin(planned), std::end(planned), provider) != std::end(planned);
    section.problem("provider", later ? fmt::format("provider = \"{}\": not built yet; there are {}", provider, names) : fmt::format("provider = \"{}\": not one of {}", provider, names));
    section.skip_rest();
    return nullptr;
}

}  // namespace pingjing::provider
