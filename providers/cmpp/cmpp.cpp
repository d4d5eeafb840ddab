#include "providers/cmpp/cmpp.hpp"

#include <fmt/format.h>

#include "providers/cmpp/session.hpp"
#include "providers/cmpp/settings.hpp"
#include "providers/cmpp/text.hpp"
#include "providers/link/carrier.hpp"

namespace pingjing::cmpp {
namespace {

using namespace provider;

link::Speech speech_of(std::shared_ptr<const Settings> s, World&) {
    link::Speech speech;
    speech.channel = s->link.channel;
    speech.abilities = link::abilities_of(s->link, s->receipts, [s](const std::string& text) { return link::count_parts(text, s->gbk, s->wide_reference); });
    speech.description = fmt::format("CMPP {}.0 as {} to {}; Chinese texts as {}", s->version == Version::v3 ? 3 : 2, s->sp_id, link::describe_link(s->link),
                                     s->gbk ? "GBK where it has them, else UCS-2" : "UCS-2");
    speech.frames = [s](const Submission& submission, link::References& references, Instant now) { return build_submits(*s, submission, references, now); };
    speech.dialect = [s](std::size_t) { return std::make_unique<Sp>(s); };
    return speech;
}

}  // namespace

Make read_2(config::Section& section, ChannelFacts facts) { return link::carrier_maker(read_settings(section, facts, Version::v2), speech_of); }
Make read_3(config::Section& section, ChannelFacts facts) { return link::carrier_maker(read_settings(section, facts, Version::v3), speech_of); }

}  // namespace pingjing::cmpp
