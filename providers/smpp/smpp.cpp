#include "providers/smpp/smpp.hpp"

#include <fmt/format.h>

#include "providers/link/carrier.hpp"
#include "providers/smpp/session.hpp"
#include "providers/smpp/settings.hpp"
#include "providers/smpp/text.hpp"

namespace pingjing::smpp {
namespace {

using namespace provider;

std::uint32_t bind_of(const Settings& settings, std::size_t link) {
    if (settings.binding == Binding::transceiver) return bind_transceiver;
    return link % 2 == 0 ? bind_transmitter : bind_receiver;
}

link::Speech speech_of(std::shared_ptr<const Settings> s, World&) {
    constexpr const char* long_texts[] = {"UDH", "UDH with 16-bit references", "SAR fields", "message_payload"};
    link::Speech speech;
    speech.channel = s->link.channel;
    if (s->binding == Binding::pair) speech.channel.links *= 2;
    speech.tls = s->link.tls;
    speech.abilities = link::abilities_of(s->link, s->receipts, [s](const std::string& text) { return count_parts(*s, text); });
    speech.description = fmt::format("SMPP 3.4 as {} to {}; long texts by {}", s->system_id, link::describe_link(s->link), long_texts[static_cast<int>(s->long_texts)]);
    speech.frames = [s](const Submission& submission, link::References& references, Instant now) { return build_submits(*s, submission, references, now); };
    speech.dialect = [s](std::size_t link) { return std::make_unique<Esme>(s, bind_of(*s, link)); };
    return speech;
}

}  // namespace

Make read(config::Section& section, ChannelFacts facts) { return link::carrier_maker(read_settings(section, facts), speech_of); }

}  // namespace pingjing::smpp
