// CMPP 2.0 and 3.0: frames and streams that anybody may have made up.
#include "providers/cmpp/session.hpp"
#include "providers/cmpp/text.hpp"
#include "tests/fuzz/links.hpp"

namespace pingjing::fuzz {
namespace {

using namespace pingjing::cmpp;

std::shared_ptr<const Settings> make_settings(Version version) {
    Settings s;
    s.version = version, s.sp_id = "901234", s.password = "s3cret", s.link.source = "10690001";
    return std::make_shared<const Settings>(std::move(s));
}
const std::shared_ptr<const Settings>& settings(Version version) {
    static const auto two = make_settings(Version::v2), three = make_settings(Version::v3);
    return version == Version::v2 ? two : three;
}

void frame(std::string_view bytes, Version version) {
    auto read = decode(bytes, version);
    if (!read.readable) return;
    if (auto* d = std::get_if<Deliver>(&read.body))
        if (auto inbound = read_delivery(*settings(version), *d)) whole(*inbound);
    auto written = encode({read.header.command, read.header.sequence, read.body}, version);
    if (!written) return;
    auto again = decode(*written, version);
    auto twice = encode({again.header.command, again.header.sequence, again.body}, version);
    must(again.readable && twice && *twice == *written, "a CMPP PDU written again is the same");
}

}  // namespace

// How it is cut, which version; the rest is all of it.
void cmpp(std::string_view input) {
    Input in(input);
    auto choice = in.choice(256);
    auto piece = 1 + choice / 2;
    auto version = choice % 2 == 0 ? Version::v2 : Version::v3;
    auto bytes = in.rest();
    frame(bytes, Version::v2);
    frame(bytes, Version::v3);
    Link how;
    how.make = [version] { return std::make_unique<Sp>(settings(version)); };
    how.let_in = encode({connect | response_bit, 1, ConnectAnswer{.version = static_cast<std::uint8_t>(version)}}, version).value();
    how.survey = encode({submit, 0, Submit{.destinations = {"13812345678"}, .content = "1"}}, version).value();
    how.can_read = [version](std::string_view said) { return decode(said, version).readable; };
    however_cut(how, bytes, piece);
}

}  // namespace pingjing::fuzz
