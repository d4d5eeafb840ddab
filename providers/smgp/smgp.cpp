#include "providers/smgp/smgp.hpp"

#include <fmt/format.h>

#include "providers/link/carrier.hpp"
#include "providers/smgp/session.hpp"
#include "providers/smgp/settings.hpp"
#include "providers/smgp/text.hpp"

namespace pingjing::smgp {
namespace {

using namespace provider;

Mode mode_of(const Settings& settings, std::size_t link) { return !settings.pair ? Mode::both : link % 2 == 0 ? Mode::send : Mode::receive; }

link::Speech speech_of(std::shared_ptr<const Settings> s, World&) {
    link::Speech speech;
    speech.channel = s->link.channel;
    if (s->pair) speech.channel.links *= 2;
    speech.abilities = link::abilities_of(s->link, s->receipts, [s](const std::string& text) { return link::count_parts(text, s->gbk, s->wide_reference); });
    auto version = static_cast<unsigned>(s->version);
    speech.description = fmt::format("SMGP {}.{} as {} to {}{}; Chinese texts as {}", version >> 4, version & 15, s->client_id, link::describe_link(s->link),
                                     s->pair ? ", each a sending and a receiving one" : "", s->gbk ? "GBK where it has them, else UCS-2" : "UCS-2");
    speech.frames = [s](const Submission& submission, link::References& references, Instant now) { return build_submits(*s, submission, references, now); };
    speech.dialect = [s](std::size_t link) { return std::make_unique<Sp>(s, mode_of(*s, link)); };
    return speech;
}

}  // namespace

Make read(config::Section& section, ChannelFacts facts) { return link::carrier_maker(read_settings(section, facts), speech_of); }

}  // namespace pingjing::smgp
