// SMGP: frames, reports, streams and texts that anybody may have made up.
#include "daemon/text/utf.hpp"
#include "providers/link/coding.hpp"
#include "providers/smgp/session.hpp"
#include "providers/smgp/text.hpp"
#include "tests/fuzz/links.hpp"

namespace pingjing::fuzz {
namespace {

using namespace provider;
using namespace pingjing::smgp;

std::shared_ptr<const Settings> make_settings(bool gbk) {
    Settings s;
    s.client_id = "10690001", s.password = "s3cret", s.link.source = "10690001", s.gbk = gbk;
    return std::make_shared<const Settings>(std::move(s));
}
const std::shared_ptr<const Settings>& settings(bool gbk) {
    static const auto with = make_settings(true), without = make_settings(false);
    return gbk ? with : without;
}

void frame(std::string_view bytes, Version version) {
    auto read = decode(bytes, version);
    if (!read.readable) return;
    if (auto* d = std::get_if<Deliver>(&read.body))
        if (auto inbound = read_delivery(*settings(false), *d)) whole(*inbound);
    auto written = encode({read.header.command, read.header.sequence, read.body}, version);
    if (!written) return;  // no destination, say
    auto again = decode(*written, version);
    auto twice = encode({again.header.command, again.header.sequence, again.body}, version);
    must(again.readable && !again.broken_tlvs && twice && *twice == *written, "an SMGP PDU written again is the same");
}

void report(std::string_view content) {
    auto read = read_report(content);
    if (!read) return;
    must(read->id.size() == 10 && read->stat.size() <= 7 && read->error.size() <= 3 && read->done.size() <= 10, "fields of a report have their sizes");
    read->text.clear();
    auto again = read_report(write_report(*read));
    must(again && again->id == read->id, "a report written again has its id");
    // A date or a state with a key in it, or a state that is cut, cannot be written as it was.
    bool plain = read->stat.size() == 7 && (read->stat + read->done + read->submitted + read->error).find(':') == std::string::npos;
    if (plain) must(again->stat == read->stat && again->error == read->error && again->done == read->done, "and says the same", read->stat);
}

// What goes out in parts is what would come back.
void there_and_back(std::string_view text, bool gbk) {
    const auto& with = settings(gbk);
    Fixed chance(7);
    link::References references(chance);
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
        must(s && pdu.readable && !pdu.broken_tlvs && s->content.size() <= 140, "a PDU has its bounds");
        auto header = frames->size() > 1 ? link::read_header_of(s->content) : std::nullopt;
        must(frames->size() == 1 || (header && header->place && header->place->number == static_cast<int>(i + 1) && tlv_octet(s->tlvs, pk_number) == i + 1), "each part knows its place");
        octets += s->content.substr(header ? header->size : 0), format = s->format;
    }
    auto charset = link::charset_of_format(format);
    auto expected = utf8_to_charset(text, charset);
    must(expected && *expected == octets, "the parts together are the text", octets);
}

}  // namespace

// How it is cut; the rest is all of it.
void smgp(std::string_view input) {
    Input in(input);
    auto piece = 1 + in.choice(200);
    auto bytes = in.rest();
    frame(bytes, Version::v30);
    frame(bytes, Version::v13);
    report(bytes);
    there_and_back(bytes.substr(0, 300), piece % 2 == 0);  // two or three parts are enough
    Link how;
    how.make = [] { return std::make_unique<Sp>(settings(false), Mode::both); };
    how.let_in = encode({login | response_bit, 1, LoginAnswer{}}).value();
    how.survey = encode({submit, 0, Submit{.destinations = {"13812345678"}}}).value();
    how.can_read = [](std::string_view frame) { return decode(frame).readable; };
    however_cut(how, bytes, piece);
}

}  // namespace pingjing::fuzz
