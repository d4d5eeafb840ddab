// Long texts in pieces: what is cut for the air and what phones send in parts is joined again, whatever is missing or cut badly.
#include <algorithm>

#include "daemon/inbound/parts.hpp"
#include "daemon/text/octets.hpp"
#include "daemon/text/utf.hpp"
#include "providers/link/coding.hpp"
#include "providers/smpp/text.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace pingjing::fuzz {
namespace {

using namespace provider;

constexpr std::string_view missing = "[…]";

std::size_t marks_in(std::string_view text) {
    std::size_t count = 0;
    for (auto at = text.find(missing); at != text.npos; at = text.find(missing, at + missing.size())) ++count;
    return count;
}

InboundText piece_of(const link::Place& place, std::string_view octets, const std::string& charset) {
    InboundText text;
    text.from = Phone::sender("13812345678"), text.to = "10690011007", text.extension = "07";
    text.part = link::text_part(place, "udh", octets, charset);
    return text;
}

store::NewText joined(const std::vector<InboundText>& pieces, int total) {
    store::JoinedParts parts;
    parts.total = total;
    std::string group;
    for (const auto& piece : pieces) {
        auto kept = inbound::as_part(piece);
        must(group.empty() || group == kept.text, "pieces of one text belong together", kept.text);
        group = kept.text;
        parts.pieces.push_back({kept.number, kept.payload});
    }
    std::sort(parts.pieces.begin(), parts.pieces.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
    auto text = inbound::join(parts);
    must(text.has_value() != pieces.empty(), "pieces make a text");
    must(decode_utf8(text->text.reveal()).has_value(), "a joined text is UTF-8", text->text.reveal());
    must(text->from == pieces[0].from && text->to == pieces[0].to && text->extension == pieces[0].extension, "it comes from whom the pieces came from");
    return *text;
}

// Octets cut anywhere, all of them there; then without one of them.
void cut_anywhere(std::string_view octets, const std::string& charset, std::size_t size) {
    auto total = static_cast<int>(std::min<std::size_t>((octets.size() + size - 1) / size, 255));
    if (total < 2) return;
    std::vector<InboundText> pieces;
    for (int n = 1; n <= total; ++n) {
        link::Place place{.reference = 7, .wide = size % 2 == 0, .total = total, .number = n};
        auto at = static_cast<std::size_t>(n - 1) * size;
        pieces.push_back(piece_of(place, octets.substr(at, n == total ? octets.npos : size), charset));
    }
    auto whole = joined(pieces, total).text.reveal();
    must(whole == read_octets(octets, charset), "octets cut anywhere say what they say together", whole);
    auto lost = static_cast<std::ptrdiff_t>(octets.size() % pieces.size());
    pieces.erase(pieces.begin() + lost);
    auto rest = joined(pieces, total).text.reveal();
    must(marks_in(rest) >= 1, "a missing piece leaves its mark", rest);
    must(marks_in(rest) <= 1 + marks_in(read_octets(octets, charset)) + octets.size() / 3, "one mark for one gap");
}

// A mark of byte order at the begin is read as one, and goes.
bool begins_with_mark(std::string_view text) { return text.starts_with("\xEF\xBB\xBF") || text.starts_with("\xEF\xBF\xBE"); }

// What we send in parts is what would come back in parts.
void there_and_back(std::string_view text, smpp::LongTexts how, std::uint16_t reference) {
    smpp::Settings settings;
    settings.long_texts = how;
    settings.link.source = "106900110";
    struct Fixed final : Random {
        explicit Fixed(std::uint64_t v) : value(v) {}
        std::uint64_t operator()() override { return value; }
        std::uint64_t value;
    } chance(reference);
    link::References references(chance);
    Submission submission("rs0001", *Phone::mobile("13812345678"), Text(std::string(text)), "07", std::chrono::hours(2));
    auto frames = smpp::build_submits(settings, submission, references, *parse_rfc3339("2026-11-22T12:00:00+08:00"));
    auto characters = decode_utf8(text);
    if (!frames) {
        must(text.empty() || !characters || characters->find(U'\0') != characters->npos || text.size() > 15'000, "a text can be sent", frames.error().detail);
        return;
    }
    if (begins_with_mark(text)) return;
    std::vector<InboundText> pieces;
    for (const auto& frame : *frames) {
        auto decoded = smpp::decode(frame);
        auto* message = std::get_if<smpp::Message>(&decoded.body);
        must(message && decoded.problem == smpp::ok, "what is encoded can be decoded");
        must(message->text.size() <= 254 && frame.size() < 4096, "a PDU has its bounds");
        auto read = smpp::read_delivery(settings, *message);
        must(std::holds_alternative<InboundText>(read), "a text is read as one");
        pieces.push_back(std::get<InboundText>(std::move(read)));
    }
    if (pieces.size() == 1) {
        must(!pieces[0].part && pieces[0].text.reveal() == text, "a short text comes back as it was", pieces[0].text.reveal());
        return;
    }
    for (const auto& piece : pieces) must(piece.part && piece.part->total == static_cast<int>(pieces.size()), "each part knows how many there are");
    auto back = joined(pieces, static_cast<int>(pieces.size()));
    must(back.text.reveal() == text, "a long text comes back as it was", back.text.reveal());
}

void headers(std::string_view octets) {
    auto header = link::read_header_of(octets);
    if (!header) return;
    must(header->size >= 1 && header->size <= octets.size(), "a header ends within the text");
    if (!header->place) return;
    const auto& place = *header->place;
    must(place.number >= 1 && place.number <= place.total && place.total <= 255, "a place is possible");
    must(place.wide || place.reference <= 255, "a reference has its width");
    auto again = link::read_header_of(link::header_for(place));
    must(again && again->place && again->place->reference == place.reference && again->place->wide == place.wide && again->place->total == place.total && again->place->number == place.number,
         "a header written again says the same");
}

}  // namespace

// Size of the pieces, charset; the rest is the text, once as octets and once as what we send.
void joiner(std::string_view input) {
    Input in(input);
    auto size = 1 + in.choice(140);
    static const std::string charsets[] = {"GSM", "UTF-16BE", "GBK", "ASCII", "ISO-8859-1", "EUC-KR"};
    auto charset = charsets[in.choice(6)];
    auto octets = in.rest();
    headers(octets);
    cut_anywhere(octets, charset, size);
    for (auto how : {smpp::LongTexts::udh, smpp::LongTexts::udh16, smpp::LongTexts::sar}) there_and_back(octets, how, static_cast<std::uint16_t>(octets.size() * 257));
    if (auto cut = link::cut_octets(octets, "UTF-16BE", 140, 134)) {
        std::string together;
        for (const auto& part : *cut) together += part;
        must(utf16be_to_utf8(together) == octets || begins_with_mark(octets), "parts in octets joined are the text");
    }
}

}  // namespace pingjing::fuzz
