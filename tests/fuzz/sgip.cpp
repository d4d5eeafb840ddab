// SGIP: frames, streams on either connection, and texts that anybody may have made up.
#include "daemon/async/timer.hpp"
#include "daemon/text/utf.hpp"
#include "providers/link/coding.hpp"
#include "providers/sgip/session.hpp"
#include "providers/sgip/text.hpp"
#include "tests/fuzz/links.hpp"

namespace pingjing::fuzz {
namespace {

using namespace provider;
using namespace pingjing::sgip;

std::shared_ptr<const Settings> make_settings(bool gbk) {
    Settings s;
    s.name = s.guest_name = "sp123", s.password = s.guest_password = "pw456", s.corporation = "12345", s.link.source = "10655001", s.gbk = gbk;
    return std::make_shared<const Settings>(std::move(s));
}
const std::shared_ptr<const Settings>& settings(bool gbk) {
    static const auto with = make_settings(true), without = make_settings(false);
    return gbk ? with : without;
}

void frame(std::string_view bytes) {
    auto read = decode(bytes);
    if (!read.readable) return;
    if (auto* d = std::get_if<Deliver>(&read.body)) whole(Inbound(read_delivery(*settings(false), read.header.sequence, *d)));
    if (auto* r = std::get_if<Report>(&read.body)) whole(Inbound(read_report(*r)));
    auto written = encode({read.header.command, read.header.sequence, read.body});
    if (!written) return;  // no user, say
    auto again = decode(*written);
    auto twice = encode({again.header.command, again.header.sequence, again.body});
    must(again.readable && twice && *twice == *written, "an SGIP PDU written again is the same");
    must(decode(with_sequence(*written, {1, 2, 3})).header.sequence == Sequence{1, 2, 3}, "a number stands where it belongs");
}

void there_and_back(std::string_view text, bool gbk) {
    Fixed chance(7);
    link::References references(chance);
    const auto& with = settings(gbk);
    Submission submission("r1", *Phone::mobile("13812345678"), Text(std::string(text)), "07", std::chrono::hours(2));
    auto frames = build_submits(*with, submission, references, *parse_rfc3339("2026-11-22T12:00:00+08:00"));
    auto characters = decode_utf8(text);
    if (!frames) {
        must(text.empty() || !characters || characters->find(U'\0') != characters->npos || text.size() > 15'000, "a text can be sent", frames.error().detail);
        return;
    }
    std::string octets;
    std::uint8_t format = 0;
    for (std::size_t i = 0; i < frames->size(); ++i) {
        auto pdu = decode((*frames)[i]);
        auto* s = std::get_if<Submit>(&pdu.body);
        must(s && pdu.readable && s->content.size() <= 140 && s->udhi == (frames->size() > 1 ? 1 : 0), "a PDU has its bounds");
        auto header = s->udhi ? link::read_header_of(s->content) : std::nullopt;
        must(frames->size() == 1 || (header && header->place && header->place->number == static_cast<int>(i + 1)), "each part knows its place");
        octets += s->content.substr(header ? header->size : 0), format = s->format;
    }
    auto expected = utf8_to_charset(text, link::charset_of_format(format));
    must(expected && *expected == octets, "the parts together are the text", octets);
}

}  // namespace

// How it is cut; the rest is all of it.
void sgip(std::string_view input) {
    Input in(input);
    auto piece = 1 + in.choice(200);
    auto bytes = in.rest();
    frame(bytes);
    there_and_back(bytes.substr(0, 300), piece % 2 == 0);  // two or three parts are enough
    static const VirtualClock clock(*parse_rfc3339("2026-12-31T23:59:59+08:00"));
    Link ours;
    ours.make = [] { return std::make_unique<Sp>(settings(false), std::make_shared<Sequences>(clock, 3010012345u, 1)); };
    ours.let_in = encode({bind_link | response_bit, {3010012345u, 1231235959, 1}, Answer{}}).value();
    ours.survey = encode({submit, {}, Submit{.users = {"8613812345678"}}}).value();  // its number: as in the vectors
    ours.can_read = [](std::string_view frame) { return decode(frame).readable; };
    however_cut(ours, bytes, piece);
    Link theirs;
    theirs.make = [] { return std::make_unique<Host>(settings(false), [] { return false; }); };
    theirs.let_in = encode({bind_link, {100101, 1, 1}, Bind{2, "sp123", "pw456", ""}}).value();
    theirs.can_read = ours.can_read;
    however_cut(theirs, bytes, piece);
}

}  // namespace pingjing::fuzz
