#include "providers/registry.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "providers/aliyun/aliyun.hpp"
#include "providers/cmpp/cmpp.hpp"
#include "providers/ctyun/ctyun.hpp"
#include "providers/external/external.hpp"
#include "providers/http/http.hpp"
#include "providers/huawei/huawei.hpp"
#include "providers/sgip/sgip.hpp"
#include "providers/simulated/simulated.hpp"
#include "providers/smgp/smgp.hpp"
#include "providers/smpp/smpp.hpp"
#include "providers/tencent/tencent.hpp"
#include "providers/twilio/twilio.hpp"
#include "providers/vonage/vonage.hpp"
#include "providers/yunmas/yunmas.hpp"

namespace pingjing::provider {
namespace {

constexpr Entry entries[] = {
    {"http", "any vendor that speaks HTTP, by configuration; presets kannel, android-sms-gateway", generic_http::read},
    {"aliyun", "Aliyun's SMS service (阿里云短信)", aliyun::read},
    {"tencent", "Tencent Cloud's SMS service (腾讯云短信)", tencent::read},
    {"ctyun", "China Telecom's cloud SMS (天翼云): out alone, until its manual says how it pushes", ctyun::read},
    {"huawei", "Huawei Cloud's Message & SMS (华为云短信)", huawei::read},
    {"vonage", "Vonage's SMS API, once Nexmo", vonage::read},
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
    section.problem("provider", fmt::format("provider = \"{}\": not one of {}", provider, names));
    section.skip_rest();
    return nullptr;
}

}  // namespace pingjing::provider
