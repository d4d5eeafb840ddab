// SMPP: frames and streams that anybody may have made up.
#include "providers/smpp/session.hpp"
#include "providers/smpp/text.hpp"
#include "tests/fuzz/links.hpp"

namespace pingjing::fuzz {
namespace {

using namespace pingjing::smpp;

std::shared_ptr<const Settings> settings() {
    static const auto made = [] {
        Settings s;
        s.system_id = "pingjing", s.password = "secret", s.link.source = "106900110";
        return std::make_shared<const Settings>(std::move(s));
    }();
    return made;
}

void frame(std::string_view bytes) {
    if (bytes.size() < 16) return;
    auto read = decode(bytes);
    if (auto* message = std::get_if<Message>(&read.body)) whole(read_delivery(*settings(), *message));
    if (auto* data = std::get_if<Data>(&read.body)) whole(read_delivery(*settings(), as_message(*data)));
    if (read.problem != ok || !is_known(read.header.command)) return;
    auto written = encode({read.header.command, read.header.status, read.header.sequence, read.body});
    if (!written) return;
    auto again = decode(*written);
    auto twice = encode({again.header.command, again.header.status, again.header.sequence, again.body});
    must(again.problem == ok && twice && *twice == *written, "an SMPP PDU written again is the same");
}

}  // namespace

// How it is cut; the rest is all of it.
void smpp(std::string_view input) {
    Input in(input);
    auto piece = 1 + in.choice(200);
    auto bytes = in.rest();
    frame(bytes);
    Link how;
    how.make = [] { return std::make_unique<Esme>(settings(), bind_transceiver); };
    how.let_in = encode({bind_transceiver | response_bit, ok, 1, BindAnswer{"centre", {}}}).value();
    Message survey;
    survey.destination.digits = "8613812345678", survey.text = "1";
    how.survey = encode({submit_sm, ok, 0, survey}).value();
    how.can_read = [](std::string_view said) { return decode(said).problem == ok; };
    however_cut(how, bytes, piece);
}

}  // namespace pingjing::fuzz
