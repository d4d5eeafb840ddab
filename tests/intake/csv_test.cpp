#include <doctest/doctest.h>

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "daemon/core/random.hpp"
#include "daemon/intake/charset.hpp"
#include "daemon/intake/csv.hpp"
#include "daemon/intake/document_file.hpp"

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
    for (auto* bad : {"\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff", "\xe5\xae"}) CHECK_FALSE(is_utf8(bad));
}

TEST_CASE("honest GB18030 is never taken for UTF-8, whatever everyday words stand in its lines") {
    pingjing::SeededRandom random(11);
    // GB2312, first level: what everyday text is made of.
    auto character = [&] { return std::string{static_cast<char>(0xB0 + random.below(0xD8 - 0xB0)), static_cast<char>(0xA1 + random.below(94))}; };
    int mistaken = 0;
    for (int i = 0; i < 200'000; ++i) {
        std::string text = "1,";
        for (auto n = 1 + random.below(6); n > 0; --n) text += character();
        mistaken += Utf8Instead(text + "\n").anywhere();
    }
    CHECK(mistaken == 0);
    CHECK(Utf8Instead("1,家暴\n").in("1,家暴"));
    CHECK_FALSE(Utf8Instead("1,家暴\n").in("1,2"));
    CHECK_FALSE(Utf8Instead("plain").anywhere());
}

namespace {

struct TestFile {
    explicit TestFile(const std::string& bytes) : path(std::filesystem::temp_directory_path() / ("pingjing-document-" + std::to_string(::getpid()))) {
        std::ofstream(path, std::ios::binary) << bytes;
    }
    ~TestFile() { std::filesystem::remove(path); }
    std::filesystem::path path;
};

struct WholeFile {
    std::string type{}, charset{}, problem{}, last{};
    std::size_t pieces = 0;
};
WholeFile read_file(const std::string& bytes, FileForm form = {}) {
    TestFile file(bytes);
    auto opened = DocumentFile::open(file.path, std::move(form));
    REQUIRE(opened);
    WholeFile out;
    for (;;) {
        auto piece = opened->next();
        if (!piece) {
            out.problem = piece.error().detail;
            return out;
        }
        if (!*piece) return out;
        auto document = opened->document(**piece);
        out.type = document.content_type, out.charset = document.charset, out.last = document.bytes;
        ++out.pieces;
    }
}

}  // namespace

TEST_CASE("the charset of a file is decided where its first octet beyond ASCII stands, however far behind") {
    const std::string gb = "x,\xbc\xd2\xb1\xa9\n", head = "id,text\n";
    for (std::size_t size : {std::size_t(100), std::size_t(127'000), std::size_t(293'000), std::size_t(262'144), std::size_t(3'000'000)}) {
        CAPTURE(size);
        std::string ascii = head;
        while (ascii.size() + 24 < size) ascii += "1,some plain text here\n";
        for (std::size_t shift = 0; shift < 4; ++shift) {  // the border of what is read at once may cut a character
            auto before = ascii + "1," + std::string(shift, 'x') + "\n";
            CHECK(read_file(before + gb).charset == "gb18030");
            CHECK(read_file(before + "x,家暴\n").charset == "utf-8");
            if (size < 300'000) continue;
            break;
        }
        CHECK(read_file(ascii).charset == "auto");
        CHECK(read_file(ascii + gb, {.encoding = "utf-8"}).charset == "utf-8");
    }
    std::string lines;
    for (int i = 0; i < 40'000; ++i) lines += "{\"id\":\"A1\"}\n";
    CHECK(read_file(lines + "{\"id\":\"\xbc\xd2\xb1\xa9\"}\n").charset == "gb18030");
}

TEST_CASE("a file says itself whether it is CSV, an object a line, or one JSON document") {
    const std::string csv = "text/csv", lines = "application/x-ndjson", whole = "application/json";
    struct { std::string bytes, type; } cases[] = {
        {"id,state\n", csv},
        {"", csv},
        {"{\"id\":\"1\"}\n{\"id\":\"2\"}\n", lines},
        {"{\"id\":\"1\"}", lines},
        {"{\"id\":\"1\",\"state\":\"clo\n{\"id\":\"2\"}\n", lines},
        {"{\"id\":\"1\",\"extra\":{\"a\":1}\n{\"id\":\"2\"}\n", lines},
        {"{\"id\":\"1\",\n{\"id\":\"2\"}\n", lines},
        {"{\"id\":\"1\",\"officers\":[{\"badge\":\"1\"}\n{\"id\":\"2\"}\n", lines},
        {"[{\"id\":\"1\"}]", whole},
        {"\xEF\xBB\xBF\r\n [", whole},
        {"\x84\x31\x95\x33[]", whole},
        {"{\n  \"id\": \"1\"\n}\n", whole},
        {"{\"id\":\"1{\\\"\",\r\n\r\n \"state\":\"open\"}", whole},
        {"{\"extra\":\n{}}", whole},
        {"{\"officers\":[{\"badge\":\"1\"},\n{\"badge\":\"2\"}]}", whole},
        {"{\"id\":\"1\"\n}", whole},
    };
    for (auto& c : cases) {
        CAPTURE(c.bytes);
        auto file = read_file(c.bytes);
        CHECK(file.type == c.type);
        CHECK(file.pieces == 1);
    }
    CHECK(read_file("[1,2]", {.written = FileForm::Written::csv}).type == csv);
    auto long_array = "[\n" + std::string(700'000, ' ') + "]";
    CHECK(read_file(long_array).last == long_array);
    CHECK(read_file(long_array, {.longest_json = 600'000}).problem.find("at most 600000 bytes; one object a line") != std::string::npos);
}
