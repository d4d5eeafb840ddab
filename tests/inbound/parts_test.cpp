#include "daemon/inbound/parts.hpp"

#include "providers/link/long_text.hpp"
#include "tests/flow/world.hpp"
#include "tests/providers/simulated/town.hpp"
#include "tests/support/vectors.hpp"

using namespace pingjing;
using namespace std::chrono_literals;
using test::from_hex;

namespace {

provider::InboundText piece(const std::string& octets, int number, int total, const std::string& charset = "UTF-16BE", int reference = 5,
                            const std::string& from = "13812345678", const std::string& extension = "00") {
    provider::InboundText text;
    text.from = Phone::sender(from), text.to = "106900110" + extension, text.extension = extension, text.text = Text("?");
    link::Place place;
    place.reference = static_cast<std::uint16_t>(reference), place.total = total, place.number = number;
    text.part = link::text_part(place, "udh", octets, charset);
    return text;
}

// What the pieces with these numbers say together.
std::string joined(const std::vector<provider::InboundText>& pieces) {
    store::JoinedParts parts;
    parts.total = pieces.front().part->total;
    for (const auto& one : pieces) parts.pieces.push_back({one.part->number, inbound::as_part(one).payload});
    auto text = inbound::join(parts);
    if (!text) return "nothing";
    CHECK(text->from.reveal() == "13812345678");
    CHECK(text->to == "10690011000");
    CHECK(text->extension == "00");
    return text->text.reveal();
}

const std::string long_answer = [] {
    std::string text = "3 ";
    for (int i = 0; i < 30; ++i) text += "等了两个小时才有人来。";
    return text;
}();

// The pieces of that answer as a gateway of this protocol cuts it and our end of the link reads them, as if they came to this number.
std::vector<provider::InboundText> pieces_by(const std::string& protocol, const std::string& way, const std::string& extension) {
    test::Town town(test::protocol_of(protocol), "[replies]\nlong_texts = [\"" + way + "\"]\n", "[[rule]]\nanswers = [\"" + long_answer + "\"]\nafter_least = \"20ms\"\nafter_most = \"20ms\"\n");
    town.submit(town.connect(), 1, "【XX公安】请回复。回T退订", "13812345678");
    town.pass(std::chrono::seconds(5));
    auto texts = town.texts();
    for (auto& text : texts) text.to = "106900110" + extension, text.extension = extension;
    return texts;
}

}  // namespace

TEST_CASE("pieces are read together: a character may be cut between two of them") {
    CHECK(joined({piece(from_hex("4f60d83d"), 1, 2), piece(from_hex("de00597d"), 2, 2)}) == "你😀好");
    CHECK(joined({piece(from_hex("4f"), 1, 2), piece(from_hex("60"), 2, 2)}) == "你");
    CHECK(joined({piece("a\x1b", 1, 2, "GSM"), piece("eb", 2, 2, "GSM")}) == "a€b");
    CHECK(joined({piece(from_hex("cd"), 1, 2, "GBK"), piece(from_hex("cb"), 2, 2, "GBK")}) == "退");
    // As a live capture has it: the last piece in another coding.
    CHECK(joined({piece(from_hex("4f60"), 1, 2), piece("abc10085", 2, 2, "ASCII")}) == "你abc10085");
    // What stands in them may look like our own separators.
    CHECK(joined({piece(std::string("a\0b\0", 4), 1, 2, "GSM"), piece("c", 2, 2, "GSM")}) == "a@b@c");
}

TEST_CASE("a missing piece leaves a mark, wherever it is") {
    CHECK(joined({piece("b", 2, 3, "GSM"), piece("c", 3, 3, "GSM")}) == "[…]bc");
    CHECK(joined({piece("a", 1, 3, "GSM"), piece("c", 3, 3, "GSM")}) == "a[…]c");
    CHECK(joined({piece("a", 1, 3, "GSM"), piece("b", 2, 3, "GSM")}) == "ab[…]");
    CHECK(joined({piece("b", 2, 4, "GSM"), piece("d", 4, 4, "GSM")}) == "[…]b[…]d");
    CHECK_FALSE(inbound::join({}));
}

TEST_CASE("pieces of one text have its sender, its number and its reference") {
    auto same = inbound::as_part(piece("a", 1, 2)).text;
    CHECK(inbound::as_part(piece("b", 2, 2)).text == same);
    CHECK(inbound::as_part(piece("a", 1, 2, "GSM")).text == same);
    CHECK(inbound::as_part(piece("a", 1, 3)).text != same);
    CHECK(inbound::as_part(piece("a", 1, 2, "UTF-16BE", 6)).text != same);
    CHECK(inbound::as_part(piece("a", 1, 2, "UTF-16BE", 5, "13912345678")).text != same);
    CHECK(inbound::as_part(piece("a", 1, 2, "UTF-16BE", 5, "13812345678", "01")).text != same);
}

TEST_CASE("a rating in two parts, with a crash between them, is one answer, a part that comes again is none") {
    test::World before("2026-11-22T10:00:00+08:00");
    before.call("A", "13812345678");
    before.pass(4h);
    REQUIRE(before.sent.size() == 1);
    auto extension = before.sent[0].extension;
    before.hear(piece("3 waited two ho", 1, 2, "GSM", 5, "13812345678", extension));
    before.pass(1min);
    CHECK(before.value("SELECT count(*) FROM inbound") == "0");
    auto after = before.crash();
    after->hear(piece("urs", 2, 2, "GSM", 5, "13812345678", extension));
    after->hear(piece("3 waited two ho", 1, 2, "GSM", 5, "13812345678", extension));
    after->pass(1min);
    CHECK(after->value("SELECT class FROM inbound") == "rated");
    CHECK(after->value("SELECT count(*) FROM inbound") == "1");
    CHECK(after->value("SELECT grade FROM ratings") == "dissatisfied");
    CHECK(after->value("SELECT count(*) FROM inbound_parts WHERE part IS NOT NULL") == "0");
    CHECK(after->books_balance());
}

TEST_CASE("in every protocol and every way to cut it an answer is one, its pieces backwards, twice and a restart between any two, where one is missing it is heard with a gap") {
    for (const char* protocol : {"smpp", "cmpp2", "cmpp3", "smgp", "sgip"})
        for (const auto& way : test::protocol_of(protocol).server.long_texts) {
            if (way == "payload") continue;  // in one piece
            CAPTURE(protocol);
            CAPTURE(way);
            auto world = std::make_unique<test::World>("2026-11-22T10:00:00+08:00");
            world->call("A", "13812345678");
            world->pass(4h);
            REQUIRE(world->sent.size() == 1);
            auto pieces = pieces_by(protocol, way, world->sent[0].extension);
            REQUIRE(pieces.size() >= 3);
            auto other = pieces;  // the next text of the same phone, whose middle never comes
            for (auto& piece : other) piece.part->group += "'", piece.key += "'";
            for (auto piece = pieces.rbegin(); piece != pieces.rend(); ++piece) {
                CHECK(world->value("SELECT count(*) FROM inbound") == "0");
                world->hear(*piece);
                world->hear(*piece);
                world->pass(1min);
                world = world->crash();
            }
            CHECK(world->value("SELECT class FROM inbound") == "rated");
            CHECK(world->value("SELECT grade FROM ratings") == "dissatisfied");
            for (std::size_t i = 0; i < other.size(); ++i)
                if (i != 1) world->hear(other[i]);
            world->pass(9min);
            CHECK(world->value("SELECT count(*) FROM inbound") == "1");
            world = world->crash();
            world->pass(3min);
            CHECK(world->value("SELECT count(*) FROM inbound") == "2");
            CHECK(world->value("SELECT count(*) FROM inbound_parts WHERE part IS NOT NULL") == "0");
            CHECK(world->books_balance());
        }
}

TEST_CASE("a cry for help whose end is missing is heard all the same") {
    test::World world("2026-11-22T10:00:00+08:00");
    world.hear(piece(from_hex("6551547d"), 1, 2));  // 救命
    world.pass(9min);
    CHECK(world.value("SELECT count(*) FROM alarms") == "0");
    world.pass(3min);
    CHECK(world.value("SELECT count(*) FROM alarms") == "1");
    CHECK(world.books_balance());
}
