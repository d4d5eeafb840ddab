// Octets, frames, headers of long texts, reports: the pure small parts.
#include <doctest/doctest.h>

#include "daemon/text/gsm7.hpp"
#include "providers/link/bytes.hpp"
#include "providers/link/frame.hpp"
#include "providers/link/long_text.hpp"
#include "providers/link/receipt.hpp"
#include "providers/link/settings.hpp"
#include "tests/support/vectors.hpp"

using namespace pingjing;
using namespace pingjing::link;
using provider::ReceiptState;
using test::from_hex;
using test::hex_of;

TEST_CASE("a reader that was asked for too much gives nothing from then on") {
    Reader in("\x01\x02\x03");
    CHECK(in.u16() == 0x0102);
    CHECK(in.u32() == 0);
    CHECK(in.failed());
    CHECK(in.u8() == 0);
    CHECK(in.at_end());

    Reader text(std::string_view("ab\0cd", 5));
    CHECK(text.terminated(3) == "ab");
    CHECK(text.terminated(10).empty());  // no NUL any more
    CHECK(text.failed());
    Reader longer(std::string_view("abc\0", 4));
    CHECK(longer.terminated(3).empty());  // it comes too late
    CHECK(longer.failed());
    Reader fixed(std::string_view("ab\0\0cd  ", 8));
    CHECK(fixed.padded(4) == "ab");
    CHECK(fixed.padded(4) == "cd");
    CHECK_FALSE(fixed.failed());

    CHECK(hex_of(std::move(Writer().u32(0).u8(0x1ff).u16(2).u64(3).terminated("a").padded("b", 3)).framed()) == "00000014ff000200000000000000036100620000");
}

TEST_CASE("frames are cut by their length, however the octets come") {
    std::string stream = from_hex("00000005aa") + from_hex("00000004") + from_hex("00000006bbcc");
    for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
        FrameReader frames({4, 100});
        std::string got;
        for (std::size_t at = 0; at < stream.size(); at += piece) {
            frames.feed(std::string_view(stream).substr(at, piece));
            while (auto one = frames.next()) got += hex_of(*one) + " ";
        }
        CHECK(got == "00000005aa 00000004 00000006bbcc ");
        CHECK(frames.waiting() == 0);
    }
    FrameReader short_one({16, 100});
    short_one.feed(from_hex("0000000f0000"));
    CHECK_FALSE(short_one.next());
    CHECK(short_one.broken());
}

TEST_CASE("the header of a part, both ways, as in the vectors of every protocol") {
    struct { const char* hex; std::optional<Place> place; std::size_t size; } rows[] = {
        {"050003a502014f60597d", Place{0xa5, false, 2, 1}, 6},
        {"0608041a2b02024e16754c", Place{0x1a2b, true, 2, 2}, 7},
        {"0500037e0201", Place{0x7e, false, 2, 1}, 6},
        {"060504c34f00004f60", std::nullopt, 7},                               // ports
        {"0b0504c34f000000030002016161", Place{0, false, 2, 1}, 12},
        {"0a0504c34f0000000300024f60", std::nullopt, 11},                     // its place is cut
        {"0b0504c34f00000003070302", Place{7, false, 3, 2}, 12},              // ports and a place
        {"0500030002004f60", std::nullopt, 6}, {"0500030000014f60", std::nullopt, 6}, {"0500030002034f60", std::nullopt, 6},  // impossible places
        {"00" "4f60", std::nullopt, 1},
    };
    for (const auto& row : rows) {
        CAPTURE(row.hex);
        auto header = read_header_of(from_hex(row.hex));
        REQUIRE(header);
        CHECK(header->size == row.size);
        CHECK(header->place.has_value() == row.place.has_value());
        if (!header->place || !row.place) continue;
        CHECK(header->place->reference == row.place->reference);
        CHECK(header->place->total == row.place->total);
        CHECK(header->place->number == row.place->number);
        if (row.size <= 7) CHECK(hex_of(header_for(*row.place)) == std::string(row.hex).substr(0, row.size * 2));
    }
    auto both = read_header_of(from_hex("0b" "0003010201" "0804aabb0302"));
    REQUIRE(both);
    REQUIRE(both->place);
    CHECK(both->place->reference == 0xaabb);
    CHECK_FALSE(read_header_of(from_hex("05000301")));  // longer than what is there
    CHECK_FALSE(read_header_of(""));
    for (int first = 0; first < 256; ++first)  // nothing is read beyond the end
        for (int second = 0; second < 256; second += 3) {
            char octets[3] = {static_cast<char>(first), static_cast<char>(second), 4};
            (void)read_header_of({octets, 3});
        }
}

TEST_CASE("septets as the air packs them: the vectors of other people's packers, both ways") {
    auto v = test::vectors_of("text");
    struct { const char *vector, *text; std::optional<Place> place; } rows[] = {
        {"V-TXT-02.1", "hello", {}}, {"V-TXT-02.2", "hellohello", {}}, {"V-TXT-02.3", "Test 1234567", {}}, {"V-TXT-02.4", "12345678", {}}, {"V-TXT-02.5", "€[]{}", {}},
        {"V-TXT-03.1", "hello", Place{0xA5, false, 2, 1}}, {"V-TXT-03.2", "hello", Place{0x1A2B, true, 2, 1}},
    };
    for (const auto& row : rows) {
        CAPTURE(row.vector);
        auto septets = *to_gsm7(row.text);
        auto out = row.place ? header_for(*row.place) : std::string();
        auto before = out.size() * 8, first = (before + 6) / 7 * 7;  // the text begins with a septet of the whole
        out.resize((first + septets.size() * 7 + 7) / 8);
        for (std::size_t i = 0; i < septets.size() * 7; ++i)
            if (septets[i / 7] >> (i % 7) & 1) out[(first + i) / 8] = static_cast<char>(out[(first + i) / 8] | 1 << (first + i) % 8);
        CHECK(hex_of(out) == hex_of(v.at(row.vector)));
        std::string back(septets.size(), '\0');
        for (std::size_t i = 0; i < back.size() * 7; ++i)
            if (v.at(row.vector)[(first + i) / 8] >> (first + i) % 8 & 1) back[i / 7] = static_cast<char>(back[i / 7] | 1 << i % 7);
        CHECK(from_gsm7(back) == row.text);
        if (!row.place) continue;
        auto header = read_header_of(v.at(row.vector));
        REQUIRE(header);
        CHECK(header->size == before / 8);
        CHECK(header->place->reference == row.place->reference);
    }
}

TEST_CASE("a text is counted as it is cut") {
    SeededRandom random(5);
    References references(random);
    std::string ascii, chinese, mixed;
    for (int i = 0; i < 300; ++i) {
        for (auto* text : {&ascii, &mixed}) *text += 'a';
        chinese += "中", mixed += i % 7 == 0 ? "文" : "b";
        for (const auto& text : {ascii, chinese, mixed, chinese + "😀"})
            for (bool gbk : {false, true})
                for (bool wide : {false, true}) {
                    auto cut = cut_text(text, gbk, wide, references);
                    REQUIRE(cut);
                    REQUIRE(count_parts(text, gbk, wide) == static_cast<int>(cut->parts.size()));
                }
    }
    CHECK(count_parts("", false, false) == 0);
    CHECK(count_parts("\xff", false, false) == 0);
    CHECK(count_parts(std::string(134 * 255, 'a'), false, false) == 255);
    CHECK(count_parts(std::string(134 * 255 + 1, 'a'), false, false) == 0);
}

TEST_CASE("references follow each other, eight bits or sixteen") {
    SeededRandom random(1);
    References references(random);
    auto first = references.next(true);
    CHECK(references.next(true) == static_cast<std::uint16_t>(first + 1));
    std::set<std::uint16_t> seen;
    for (int i = 0; i < 256; ++i) seen.insert(references.next(false));
    CHECK(seen.size() == 256);
    CHECK(*seen.rbegin() == 255);
}

TEST_CASE("a report's text is read in every spelling that is known to live") {
    struct { const char *text, *id, *stat, *error, *done; } rows[] = {
        {"id:0059113978 sub:001 dlvrd:001 submit date:1002101730 done date:1002101731 stat:DELIVRD err:000 text:@$#!%&/:", "0059113978", "DELIVRD", "000", "1002101731"},
        {"id:9425143093 sub:001 dlvrd:001 submit date:0911040124 done date:0911040124 stat:ACCEPTD err:107 text: &F102", "9425143093", "ACCEPTD", "107", "0911040124"},
        {"id:1526758174 submit date:1804111101 done date:1804111102 stat:DELIVRD err:000 text:hellow", "1526758174", "DELIVRD", "000", "1804111102"},
        {"sub:001 id:74e02ee1-1111 err:000 dlvrd:001 done date:1002101731 submit date:1002101730 text: stat:DELIVRD", "74e02ee1-1111", "DELIVRD", "000", "1002101731"},
        {"id:1 submitdate:180122230957 donedate:000000000000 stat:UNDELIV err:1", "1", "UNDELIV", "1", "000000000000"},
        {"ID:AB-1 Submit_Date:1 Done_Date:2 STAT:REJECTED ERR: 7 Text:id:2 stat:DELIVRD", "AB-1", "REJECTED", "7", "2"},
        {"id:5 sub:001 dlvrd:000 submit date:1 done date:180711070003912+ stat:EXPIRED err:A1b", "5", "EXPIRED", "A1b", "180711070003912+"},
        {"id:0000003005 sub:001 dlvrd:001 submit date:1010181431 done date:1010181431 stat:DELIVRD err:000 te", "0000003005", "DELIVRD", "000", "1010181431"},
        {"id: stat:DELIVRD err: text:x", "", "DELIVRD", "", ""},
        {"myid:3 id:4 stat:MK:0001", "4", "MK:0001", "", ""},
        {"a text of a citizen", "", "", "", ""}, {"", "", "", "", ""}, {"id:", "", "", "", ""},
    };
    for (const auto& row : rows) {
        CAPTURE(row.text);
        auto read = read_receipt_text(row.text);
        CHECK(read.id == row.id);
        CHECK(read.stat == row.stat);
        CHECK(read.error == row.error);
        CHECK(read.done == row.done);
    }
    CHECK(read_receipt_text(std::string_view("id:1 stat:DELIVRD\0", 18)).stat == "DELIVRD");
}

TEST_CASE("a word or code of a carrier says what it says, and an unknown one nothing") {
    using Meaning = provider::Receipt::Meaning;
    struct { const char* word; ReceiptState state; Meaning meaning; } rows[] = {
        {"DELIVRD", ReceiptState::delivered, Meaning::none}, {"delivrd", ReceiptState::delivered, Meaning::none}, {"EXPIRED", ReceiptState::expired, Meaning::none},
        {"ACCEPTD", ReceiptState::buffered, Meaning::none}, {"ENROUTE", ReceiptState::buffered, Meaning::none}, {"UNDELIV", ReceiptState::failed, Meaning::none},
        {"REJECTED", ReceiptState::failed, Meaning::none}, {"UNKNOWN", ReceiptState::unknown, Meaning::none}, {"BADSTAT", ReceiptState::unknown, Meaning::none},
        {"MK:0001", ReceiptState::failed, Meaning::number_invalid}, {"MK:0005", ReceiptState::failed, Meaning::none}, {"DB:0141", ReceiptState::failed, Meaning::opted_out},
        {"BLACKLIST", ReceiptState::failed, Meaning::opted_out}, {"AF:4", ReceiptState::failed, Meaning::none}, {"IC:0151", ReceiptState::expired, Meaning::none},
        // Every other word that the protocols' documents have.
        {"DELETED", ReceiptState::failed, Meaning::none}, {"ACCEPTED", ReceiptState::buffered, Meaning::none}, {"REJECTD", ReceiptState::failed, Meaning::none},
        {"BUFFRED", ReceiptState::buffered, Meaning::none}, {"BUFFERD", ReceiptState::buffered, Meaning::none}, {"ACKED", ReceiptState::buffered, Meaning::none},
        {"SCHEDLD", ReceiptState::buffered, Meaning::none}, {"SKIPPED", ReceiptState::failed, Meaning::none}, {"MA:0001", ReceiptState::failed, Meaning::none},
        {"MB:0008", ReceiptState::failed, Meaning::none}, {"MC:0054", ReceiptState::failed, Meaning::none}, {"CA:0001", ReceiptState::failed, Meaning::none},
        {"CB:0002", ReceiptState::failed, Meaning::none}, {"DA:0001", ReceiptState::failed, Meaning::none}, {"DB:0001", ReceiptState::failed, Meaning::none},
        {"SA:0001", ReceiptState::failed, Meaning::none}, {"SB:0001", ReceiptState::failed, Meaning::none}, {"IA:0001", ReceiptState::failed, Meaning::none},
        {"IB:0001", ReceiptState::failed, Meaning::none}, {"IC:0001", ReceiptState::failed, Meaning::none}, {"MK:0012", ReceiptState::failed, Meaning::none},
        {"MI:0024", ReceiptState::failed, Meaning::none}, {"HD:0001", ReceiptState::failed, Meaning::none}, {"MN:0001", ReceiptState::failed, Meaning::none},
        {"GG:0024", ReceiptState::failed, Meaning::none},
        {"", ReceiptState::unknown, Meaning::none}, {"id:1", ReceiptState::failed, Meaning::none},
    };
    for (const auto& row : rows) {
        CAPTURE(row.word);
        auto read = read_receipt_word(row.word);
        CHECK(read.state == row.state);
        CHECK(read.meaning == row.meaning);
    }
}

TEST_CASE("a report's time is read with the offset that it or the channel names") {
    auto utc = [](const char* text, int hours = 8) {
        auto at = read_receipt_time(text, std::chrono::hours(hours));
        return at ? format_utc(*at) : "none";
    };
    CHECK(utc("1002101731") == "2010-02-10T09:31:00Z");
    CHECK(utc("261231235959") == "2026-12-31T15:59:59Z");
    CHECK(utc("180711070003912+") == "2018-07-11T04:00:03Z");
    CHECK(utc("261231235959032+", 0) == "2026-12-31T15:59:59Z");
    CHECK(utc("261231235959004-", 8) == "2027-01-01T00:59:59Z");
    for (const char* bad : {"", "0000000000", "000000000000", "1002101", "1002311731", "1013101731", "1002102531", "10021017xx", "1002101731x2", "180711070003949+", "180711070003912R"}) {
        CAPTURE(bad);
        CHECK(utc(bad) == "none");
    }
}

TEST_CASE("the digits behind our number, however a carrier writes it") {
    struct { const char *to, *extension; } rows[] = {
        {"10690011007", "07"}, {"+10690011007", "07"}, {"8610690011007", "07"}, {"+8610690011007", "07"}, {"008610690011007", "07"}, {"106900110", ""}, {"10690011", ""},
        {"106900119", ""}, {"", ""}, {"106900110ab", ""}, {"x106900110", ""},
    };
    for (const auto& row : rows) {
        CAPTURE(row.to);
        CHECK(extension_of(row.to, "106900110") == row.extension);
    }
    CHECK(extension_of("07", "").empty());
}
