#include <doctest/doctest.h>

#include <algorithm>

#include "daemon/intake/charset.hpp"
#include "daemon/intake/csv.hpp"

using namespace pingjing::intake;

TEST_CASE("CSV: cells are cut as RFC 4180 says, and a stray quote is a character") {
    struct { const char* row; std::vector<std::string> expected; } cases[] = {
        {"a,b\r\n", {"a", "b"}},
        {"a,,", {"a", "", ""}},
        {"\"a,b\",c", {"a,b", "c"}},
        {"\"say \"\"no\"\"\",x", {"say \"no\"", "x"}},
        {"5\" pipe,x", {"5\" pipe", "x"}},
        {"\"two\nlines\",x\n", {"two\nlines", "x"}},
        {"\"\",x", {"", "x"}},
    };
    for (auto& c : cases) {
        CAPTURE(c.row);
        CHECK(split_row(c.row) == c.expected);
    }
}

TEST_CASE("CSV: a row ends outside quotes, and a quote never closed costs one line") {
    CHECK(find_row_end("a,\"b\nc\"\nd\n", 0, false)->end == 8);
    CHECK_FALSE(find_row_end("a,\"b\nc", 0, false));
    CHECK(find_row_end("a,b", 0, true)->end == 3);
    auto broken = find_row_end("a,\"b\nc,d\n", 0, true);
    CHECK(broken->broken_quote);
    CHECK(broken->end == 5);
    std::string long_text = "a,\"b\n" + std::string(max_row_bytes, 'x');
    CHECK(find_row_end(long_text, 0, false)->end == 5);
}

TEST_CASE("CSV: a line may end with CR alone, which is no line end before its LF, nor within quotes") {
    CHECK(find_row_end("a,b\rc,d\r", 0, false)->end == 4);
    CHECK_FALSE(find_row_end("a,b\r", 0, false));  // the LF may still come
    CHECK(find_row_end("a,b\r", 0, true)->end == 4);
    CHECK(find_row_end("a,b\r\nc,d\r\n", 0, false)->end == 5);
    CHECK(find_row_end("a,\"b\rc\"\rd\r", 0, false)->end == 8);
    CHECK(split_row("a,b\r") == std::vector<std::string>{"a", "b"});
    CHECK(count_lines("a\rb\r\nc\nd") == 3);
    for (std::size_t step : {std::size_t(1), std::size_t(7), std::size_t(4096)}) {
        CAPTURE(step);
        std::string text = "id,text\r1,\"two\rlines\"\r2,x\r\n3,y\r", all;
        CsvSplitter splitter;
        std::vector<Piece> pieces;
        for (std::size_t at = 0; at < text.size(); at += step)
            for (auto& piece : splitter.feed(std::string_view(text).substr(at, step))) pieces.push_back(piece);
        for (auto& piece : splitter.finish()) pieces.push_back(piece);
        REQUIRE(pieces.size() == 1);
        CHECK(pieces[0].bytes == text);
        CHECK(pieces[0].first_line == 1);
    }
}

TEST_CASE("CSV: pieces of a stream carry the head and the right line, wherever it was cut") {
    std::string text = "id,text\r\n", expected;
    for (int i = 0; i < 60000; ++i) text += std::to_string(i) + (i % 7 == 0 ? ",\"two\nlines, and more\"\r\n" : ",some plain text here\r\n");
    for (std::size_t step : {std::size_t(4096), std::size_t(65537), text.size()}) {
        CAPTURE(step);
        CsvSplitter splitter;
        std::vector<Piece> pieces;
        for (std::size_t at = 0; at < text.size(); at += step)
            for (auto& piece : splitter.feed(std::string_view(text).substr(at, step))) pieces.push_back(piece);
        for (auto& piece : splitter.finish()) pieces.push_back(piece);
        std::string joined = "id,text\r\n";
        std::int64_t line = 1;
        for (auto& piece : pieces) {
            CHECK(piece.bytes.size() <= max_document_bytes);
            REQUIRE(piece.bytes.starts_with("id,text\r\n"));
            CHECK(piece.first_line == line);
            auto rows = piece.bytes.substr(9);
            line += std::count(rows.begin(), rows.end(), '\n');
            joined += rows;
        }
        CHECK(pieces.size() >= 2);
        CHECK(joined == text);
    }
}

TEST_CASE("NDJSON: lines are handed on whole") {
    LineSplitter splitter;
    CHECK(splitter.feed("{\"a\":1}\n{\"b").empty());
    CHECK(splitter.feed("\":2}").empty());
    auto rest = splitter.finish();
    REQUIRE(rest.size() == 1);
    CHECK(rest[0].bytes == "{\"a\":1}\n{\"b\":2}");
    CHECK(rest[0].first_line == 1);
    CHECK(LineSplitter().finish().empty());

}

TEST_CASE("a line without end is one row, refused once, and costs none behind it") {
    for (bool csv : {false, true}) {
        CAPTURE(csv);
        CsvSplitter cells;
        LineSplitter lines;
        Splitter& endless = csv ? static_cast<Splitter&>(cells) : lines;
        std::vector<Piece> pieces;
        auto feed = [&](std::string_view bytes) {
            for (auto& piece : endless.feed(bytes)) pieces.push_back(std::move(piece));
        };
        if (csv) feed("id,state\n");
        for (int i = 0; i < 60; ++i) feed(std::string(100'000, 'x'));
        feed("\nthen,closed\n");
        for (auto& piece : endless.finish()) pieces.push_back(std::move(piece));
        std::size_t bytes = 0, rows = 0;
        for (const auto& piece : pieces) {
            bytes += piece.bytes.size();
            rows += static_cast<std::size_t>(std::count(piece.bytes.begin(), piece.bytes.end(), 'x') > 0) + (piece.bytes.find("then") != std::string::npos);
        }
        CHECK(bytes < 2'000'000);  // nothing is hoarded, and what was cut off is no row of its own
        CHECK(rows == 2);
        REQUIRE_FALSE(pieces.empty());
        CHECK(pieces.back().bytes.ends_with("then,closed\n"));
    }
}

TEST_CASE("charsets: strict, and told apart") {
    std::string gb = "\xbc\xd2\xb1\xa9";  // 家暴
    CHECK(to_utf8(gb, "gb18030") == "家暴");
    CHECK_FALSE(to_utf8(gb, "utf-8"));
    CHECK_FALSE(to_utf8("\xbc", "gb18030"));
    CHECK(detect_charset(gb + gb) == "gb18030");
    CHECK(detect_charset("家暴") == "utf-8");
    CHECK(detect_charset("plain") == "utf-8");
    CHECK(detect_charset(std::string("家暴家暴家暴").substr(0, 16)) == "utf-8");
    CHECK(is_utf8_beyond_doubt("a,家暴\n"));
    for (std::string_view honest : {std::string_view("plain"), std::string_view(gb), std::string_view("\xc2\xb7"), std::string_view("\xc1\xaa\xcd\xa8"), std::string_view("é")}) CHECK_FALSE(is_utf8_beyond_doubt(honest));
    for (auto* bad : {"\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff", "\xe5\xae"}) CHECK_FALSE(is_utf8(bad));
}
