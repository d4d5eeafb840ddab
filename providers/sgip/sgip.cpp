#include "providers/sgip/sgip.hpp"

#include <fmt/format.h>

#include "providers/link/carrier.hpp"
#include "providers/sgip/session.hpp"
#include "providers/sgip/settings.hpp"
#include "providers/sgip/text.hpp"

namespace pingjing::sgip {
namespace {

using namespace provider;

link::Speech speech_of(std::shared_ptr<const Settings> s, World& world) {
    link::Speech speech;
    speech.channel = s->link.channel;
    speech.abilities = link::abilities_of(s->link, s->receipts, [s](const std::string& text) { return link::count_parts(text, s->gbk, s->wide_reference); });
    speech.abilities.own_ids = true;
    auto sequences = std::make_shared<Sequences>(world.clock, s->node, static_cast<std::uint32_t>(world.random()));
    auto host = s->listen.at.address().to_string();
    speech.description = fmt::format("SGIP 1.2 as {}, {}, to {}, closed when idle for {} s; the gateway calls back to {}:{} from {} address{}; Chinese texts as {}", s->name, describe_node(s->node, s->corporation),
                                     link::describe_link(s->link), std::chrono::duration_cast<std::chrono::seconds>(s->link.channel.session.idle).count(), s->listen.at.address().is_v6() ? "[" + host + "]" : host,
                                     s->listen.at.port(), s->listen.peers.size(), s->listen.peers.size() == 1 ? "" : "es", s->gbk ? "GBK where it has them, else UCS-2" : "UCS-2");
    speech.frames = [s](const Submission& submission, link::References& references, Instant now) { return build_submits(*s, submission, references, now); };
    speech.dialect = [s, sequences](std::size_t) { return std::make_unique<Sp>(s, sequences); };
    speech.listen = s->listen;
    speech.guest = [s](std::function<bool()> full) { return std::make_unique<Host>(s, std::move(full)); };
    return speech;
}

}  // namespace

Make read(config::Section& section, ChannelFacts facts) { return link::carrier_maker(read_settings(section, facts), speech_of); }

}  // namespace pingjing::sgip
