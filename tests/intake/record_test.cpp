#include <doctest/doctest.h>

#include "daemon/intake/record.hpp"

using namespace pingjing;
using namespace pingjing::intake;

namespace {

RecordRules rules() {
    RecordRules r;
    r.flags = *read_flags("flag,rule\n家暴,dv\n勿联系,unsafe_flag\n");
    r.now = *parse_rfc3339("2026-11-21T12:00:00+08:00");
    return r;
}

const std::string good =
    R"({"id":"A1","state":"closed","calling_line":"13812345678","category":"0102","unit":"320102430000",)"
    R"("reported_at":"2026-11-21T09:12:00+08:00","closed_at":"2026-11-21T10:02:11+08:00"})";

// `good` with one member set to `value` (JSON), or without it where `value` is empty.
std::string with(const std::string& key, const std::string& value) {
    auto text = good;
    if (auto at = text.find("\"" + key + "\":"); at != std::string::npos) {
        auto end = text.find_first_of(",}", text.find(':', at) + 1);
        if (text[text.find(':', at) + 1] == '"') end = text.find('"', text.find(':', at) + 2) + 1;
        bool last = text[end] == '}';
        text.erase(last ? at - 1 : at, end - at + 1);
    }
    if (!value.empty()) text.insert(1, "\"" + key + "\":" + value + ",");
    return text;
}

std::vector<ParsedRow> read(const std::string& bytes, const std::string& type, const RecordRules& r = rules(), const std::string& mapping = "") {
    std::vector<ParsedRow> rows;
    Document document{.bytes = bytes, .content_type = type, .mapping = mapping};
    auto done = read_document(document, r, [&](ParsedRow row) { rows.push_back(std::move(row)); });
    INFO((done ? std::string() : done.error().detail));
    REQUIRE(done);
    return rows;
}
bool refuses(const std::string& bytes, const std::string& type) {
    bool called = false;
    auto done = read_document({.bytes = bytes, .content_type = type}, rules(), [&](ParsedRow) { called = true; });
    return !done && !called;
}
ParsedRow one(const std::string& text) {
    auto rows = read(text, "application/json");
    REQUIRE(rows.size() == 1);
    return rows[0];
}
std::string fault(const ParsedRow& row) { return row.call ? "" : row.call.error().field; }

}  // namespace

TEST_CASE("JSON: a record is read as the contract shows it") {
    auto row = one(with("officers", R"([{"badge":"F1","role":"auxiliary"},{"badge":"012345","role":"lead"}])"));
    REQUIRE(row.call);
    CHECK(row.id == "A1");
    CHECK(row.line == 1);
    CHECK(row.call->calling->reveal() == "13812345678");
    CHECK(row.call->lead()->badge == "012345");
    CHECK(format_utc(*row.call->closed_at) == "2026-11-21T02:02:11Z");
}

TEST_CASE("JSON: a reason names the field at fault") {
    struct { const char *key, *value, *expected; } cases[] = {
        {"id", "", "id"}, {"id", "\"\"", "id"}, {"id", "7", "id"}, {"id", "\"a\\u0000b\"", "id"},
        {"state", "\"done\"", "state"}, {"state", "", "state"}, {"unit", "", "unit"}, {"category", "", "category"}, {"category", "10203", "category"},
        {"reported_at", "", "reported_at"}, {"reported_at", "\"2026-11-21T09:12:00\"", "reported_at"}, {"reported_at", "\"2026-02-30T09:12:00Z\"", "reported_at"},
        {"reported_at", "\"1970-01-01T00:00:00Z\"", "reported_at"}, {"closed_at", "", "closed_at"}, {"closed_at", "\"2026-11-21T09:00:00+08:00\"", "closed_at"},
        {"closed_at", "\"2026-11-22T10:00:00+08:00\"", "closed_at"}, {"version", "-1", "version"}, {"version", "1.5", "version"}, {"version", "\"1\"", "version"},
        {"flags", "\"dv\"", "flags"}, {"flags", "[1]", "flags"}, {"officers", "[{}]", "officers"}, {"officers", "[{\"badge\":\"1\",\"role\":\"boss\"}]", "officers"},
        {"calling_line", "13812345678", "calling_line"}, {"caller_birth", "\"1990-13-01\"", "caller_birth"}, {"extra", "1e400", "extra"},
        {"extra", "{\"a\":1,\"a\":2}", "extra"}, {"extra", "\"\\u0000\"", "extra"}, {"language", "null", ""}, {"extra", "{\"a\":[1.5]}", ""}, {"extra", "5", "extra"}, {"extra", "[]", "extra"}, {"extra", "null", ""},
    };
    for (auto& c : cases) {
        CAPTURE(c.key);
        CAPTURE(c.value);
        CHECK(fault(one(with(c.key, c.value))) == c.expected);
    }
    CHECK(fault(one(with("id", "\"" + std::string(65, '1') + "\""))) == "id");
    auto twice = good;
    twice.insert(1, "\"state\":\"open\",");
    CHECK(fault(one(twice)) == "state");
}

TEST_CASE("JSON: a bad record leaves its neighbours alone, what is no JSON leaves nothing") {
    auto deep = with("extra", "{\"a\":" + std::string(31, '[') + std::string(31, ']') + "}");
    auto rows = read("[" + good + ",7," + with("extra", "1e999") + "," + good + "," + deep + "," + good + "]", "application/json");
    REQUIRE(rows.size() == 6);
    CHECK(rows[0].call);
    CHECK(fault(rows[1]) == "record");
    CHECK(fault(rows[2]) == "extra");
    CHECK(rows[3].call);
    CHECK(rows[3].line == 4);
    CHECK(fault(rows[4]) == "extra");
    CHECK(rows[5].call);
    CHECK(read("[]", "application/json").empty());
    for (auto& bad : {std::string(""), std::string("{"), std::string("7"), good + good, "[" + good + ",]", std::string("\"\xff\""),
                      std::string(1001, '[') + std::string(1001, ']')}) {
        CAPTURE(bad);
        CHECK(refuses(bad, "application/json"));
    }
}

TEST_CASE("NDJSON: lines count as they stand, blank ones too") {
    auto rows = read(good + "\n\nnonsense\n" + good, "application/x-ndjson");
    REQUIRE(rows.size() == 3);
    CHECK(rows[1].line == 3);
    CHECK(fault(rows[1]) == "json");
    CHECK(rows[2].line == 4);
    CHECK(refuses("nonsense\n", "application/x-ndjson"));
}

TEST_CASE("JSON: a fault says which member of a list, what is there and what was expected, and never the value") {
    auto many = [](std::size_t n, const std::string& one) {
        std::string out = "[" + one;
        for (std::size_t i = 1; i < n; ++i) out += "," + one;
        return out + "]";
    };
    struct { std::string key, value, detail; } cases[] = {
        {"flags", "\"dv\"", "a list of at most 64 texts; found a text"},
        {"flags", many(65, "\"dv\""), "a list of at most 64 texts; found 65"},
        {"flags", "[\"dv\",1]", "flags[1]: a text; found a number"},
        {"flags", "[null]", "flags[0]: a text; found null"},
        {"flags", "[\"" + std::string(5000, 'x') + "\"]", "flags[0]: a text of at most 4000 bytes; found 5000"},
        {"officers", "{}", "a list of at most 64 officers; found an object"},
        {"officers", many(65, R"({"badge":"1"})"), "a list of at most 64 officers; found 65"},
        {"officers", "[[]]", R"(officers[0]: {"badge", "role"}; found a list)"},
        {"officers", R"([{"badge":"1"},{"badge":")" + std::string(5000, '9') + "\"}]", "officers[1].badge: at most 64 bytes; found 5000"},
        {"officers", R"([{"badge":12}])", "officers[0].badge: a text; found a number"},
        {"officers", R"([{"role":"lead"}])", "officers[0].badge: a text that is not empty"},
        {"officers", R"([{"badge":"1","role":"13812345678"}])", "officers[0].role: lead, co or auxiliary; found another text"},
        {"officers", R"([{"badge":"1","role":true}])", "officers[0].role: a text; found true or false"},
        {"category", "10203", "a text; found a number"},
    };
    for (auto& c : cases) {
        auto row = one(with(c.key, c.value));
        REQUIRE_FALSE(row.call);
        CHECK(row.call.error().field == c.key);
        CHECK(row.call.error().detail == c.detail);
    }
}

TEST_CASE("JSON: a lone half of a character is refused under its field, for two ids would become one") {
    auto half = [](const char* key) { return one(with(key, R"("A\ud800B")")); };
    for (const char* key : {"id", "unit", "category", "result", "linked_to", "language"}) {
        CAPTURE(key);
        CHECK(fault(half(key)) == key);
        CHECK(half(key).call.error().detail == "a text without halves of characters (\\ud800 to \\udfff alone)");
    }
    CHECK(half("id").id.empty());
    CHECK(half("unit").id == "A1");
    CHECK(fault(one(with("id", R"("A\uDC00B")"))) == "id");
    CHECK(fault(one(with("flags", R"(["dv","\udc00\ud800"])"))) == "flags");
    CHECK(fault(one(with("officers", R"([{"badge":"1\ud83d"}])"))) == "officers");
    CHECK(fault(one(with("extra", R"({"a":["\ud83d"]})"))) == "extra");
    CHECK(fault(one(with("\\ud83d", "1"))) == "record");
    CHECK(one(with("result", R"("\ud83d\ude00 \\ud83d")")).call->result == "\xF0\x9F\x98\x80 \\ud83d");
    auto rows = read("[" + good + "," + with("id", R"("\ud800")") + "," + with("id", "\"\\u0000\"") + "," + good + "]", "application/json");
    REQUIRE(rows.size() == 4);
    CHECK(rows[0].call);
    CHECK(rows[1].call.error().detail.starts_with("a text without halves"));
    CHECK(rows[2].call.error().detail == "a text without NUL characters");
    CHECK(rows[3].call);
}

TEST_CASE("JSON: what is none says where, in lines and characters from 1") {
    auto why = [](const std::string& bytes, const std::string& type = "application/json") {
        auto done = read_document({.bytes = bytes, .content_type = type}, rules(), [](ParsedRow) {});
        return done ? std::string() : done.error().detail;
    };
    CHECK(why("{\"id\":closed}") == "not JSON: syntax error at line 1, column 7");
    CHECK(why("[" + good + ",\n " + good + ",\n{\"id\":\"x\",\"state\":closed}]") == "not JSON: syntax error at line 3, column 19");
    CHECK(why("\xEF\xBB\xBF{\"家暴\":x}") == "not JSON: syntax error at line 1, column 7");
    CHECK(why("{\"id\":\"A1\",\n") == "not JSON: incomplete JSON at line 2, column 1");
    CHECK(why("{}\n\n x") == "not JSON: extra data at line 3, column 2");
    CHECK(why("{\"id\":\"家\xFF\"}") == "not JSON: an octet that is no UTF-8 at line 1, column 9");
    CHECK(why("{\"id\":\"\xE5\xAE") == "not JSON: an octet that is no UTF-8 at line 1, column 8");
    CHECK(why("[{\"id\":\"\\ud800\"},\n{\"id\":x}]") == "not JSON: syntax error at line 2, column 7");
    CHECK(why("nonsense\n", "application/x-ndjson") == "not JSON: syntax error at line 1, column 1");
    auto rows = read(good + "\n\n  {\"id\":y}\n" + good, "application/x-ndjson");
    REQUIRE(rows.size() == 3);
    CHECK(rows[1].call.error().detail == "not JSON: syntax error at line 3, column 9");
}

TEST_CASE("JSON in GB18030 is read where it is declared, and each line that is not costs itself") {
    auto gb = with("flags", "[\"\xbc\xd2\xb1\xa9\"]");  // 家暴
    auto utf8 = with("flags", R"(["家暴"])");
    auto read_in = [](const std::string& bytes, const std::string& charset, const std::string& type = "application/x-ndjson") {
        std::vector<std::string> out;
        auto done = read_document({.bytes = bytes, .content_type = type, .charset = charset}, rules(),
                                  [&](ParsedRow r) { out.push_back(r.call ? r.call->flags.empty() ? "taken" : r.call->flags[0] : r.call.error().field + ": " + r.call.error().detail); });
        if (!done) out.push_back("error: " + done.error().detail);
        return out;
    };
    using Said = std::vector<std::string>;
    for (const char* charset : {"gb18030", "auto"}) {
        CHECK(read_in(gb + "\n" + good + "\n", charset) == Said{"dv", "taken"});
        CHECK(read_in("[" + gb + "," + good + "]", charset, "application/json") == Said{"dv", "taken"});
    }
    CHECK(read_in(utf8 + "\n" + good, "auto") == Said{"dv", "taken"});
    CHECK(read_in(good + "\n" + gb + "\n" + good, "utf-8")[1].starts_with("json: not JSON: an octet that is no UTF-8 at line 2, column"));
    CHECK(read_in(good + "\n{\"a\":\"\xff\xff\"}\n" + gb, "gb18030") == Said{"taken", "json: text in gb18030", "dv"});
    const std::string instead = "text in gb18030, as it was declared or as the rest of it is; this is UTF-8";
    CHECK(read_in(good + "\n" + utf8, "gb18030") == Said{"taken", "json: " + instead});
    CHECK(read_in("[" + utf8 + "," + good + "]", "gb18030", "application/json") == Said{"error: not JSON: expected " + instead});
    CHECK(read_in(good, "latin1")[0].starts_with("error: charset"));
}

TEST_CASE("flags: codes, words, and anything else is a warning") {
    CHECK(one(with("flags", R"(["dv"])")).call->flags == std::vector<std::string>{"dv"});
    CHECK(one(with("flags", R"(["家暴","dv","cancelled"])")).call->flags == std::vector<std::string>{"dv", "unsafe_flag"});
    CHECK(one(with("flags", R"(["whatever"])")).call->flags == std::vector<std::string>{"unsafe_flag"});
    CHECK_FALSE(read_flags("家暴,nonsense\n"));
}

TEST_CASE("content: equal whatever the order of keys, different when an unknown field changes, the version stands apart") {
    auto content = [](const std::string& text) { return one(text).call->content.reveal(); };
    CHECK(content(with("extra", R"({"b":1,"a":2})")) == content(with("extra", R"({ "a":2,"b":1})")));
    CHECK(content(with("extra", R"({"a":1})")) != content(with("extra", R"({"a":2})")));
    CHECK(content(with("version", "1")) == content(with("version", "2")));
    CHECK(content(with("linked_to", "null")) == content(good));
}

TEST_CASE("CSV: pinyin and English heads are told apart, in any order of columns") {
    auto rows = read("bz,scfksj,bjsj,cjdwdm,gxdwdm,bjlbdm,bjdh,jjdzt,jjdbh,cdry,cjybh,extra\r\n"
                     "\"\xe6\x9c\x89\xe5\xae\xb6\xe6\x9a\xb4\xe5\x8f\xb2\",2026/11/21 10:02,2026-11-21 9:12:00,,3201,0605,+86 13812345678,05,A1,F1;F2,044338,x\r\n"
                     "\"two\nlines\",2026-11-21 10:02:00,2026-11-21 09:12:00,3202,3201,01,1,05,A2,,,\r\n"
                     "short,row\r\n"
                     ",2026-11-21 10:02:00,yesterday,3202,3201,01,1,05,A3,,,\r\n", "text/csv");
    REQUIRE(rows.size() == 4);
    REQUIRE(rows[0].call);
    CHECK(rows[0].line == 2);
    CHECK(rows[0].call->flags == std::vector<std::string>{"dv"});
    CHECK(rows[0].call->unit == "3201");
    CHECK(rows[0].call->officers.size() == 3);
    CHECK(rows[0].call->lead()->badge == "044338");
    CHECK(format_utc(*rows[0].call->closed_at) == "2026-11-21T02:02:00Z");
    CHECK(rows[1].line == 3);
    REQUIRE(rows[1].call);
    CHECK(rows[1].call->unit == "3202");
    CHECK_FALSE(rows[1].call->calling);
    CHECK(rows[2].line == 5);
    CHECK(fault(rows[2]) == "columns");
    CHECK(rows[3].line == 6);
    CHECK(fault(rows[3]) == "bjsj");
    CHECK(rows[3].id == "A3");

    rows = read("\xEF\xBB\xBFid,state,unit,category,reported_at,closed_at,officers,flags\n"
                "A1,closed,3201,01,2026-11-21T09:12:00+08:00,2026-11-21 10:02:00,012345;F1:auxiliary,dv\n\n", "text/csv");
    REQUIRE(rows.size() == 1);
    REQUIRE(rows[0].call);
    CHECK(rows[0].call->officers[1].role == "auxiliary");
    CHECK(rows[0].call->flags == std::vector<std::string>{"dv"});
}

TEST_CASE("CSV: a cell that is broken in its charset costs its own row") {
    std::string head = "id,state,unit,category,reported_at,closed_at,result\n", row = ",open,1,1,2026-11-20 01:30:00,,";
    std::vector<ParsedRow> rows;
    for (std::string charset : {"gb18030", "utf-8"}) {
        CAPTURE(charset);
        rows.clear();
        auto bytes = head + "A1" + row + "\xff\xff\n" + "A2" + row + "fine\n";
        REQUIRE(read_document({.bytes = bytes, .content_type = "text/csv", .charset = charset}, rules(), [&](ParsedRow r) { rows.push_back(std::move(r)); }));
        REQUIRE(rows.size() == 2);
        CHECK(fault(rows[0]) == "result");
        CHECK(rows[0].id == "A1");
        CHECK(rows[1].call);
    }
}

TEST_CASE("CSV: what is declared GB18030 and is UTF-8 is refused, row by row, and loses no warning") {
    const std::string head = "id,state,unit,category,reported_at,closed_at,flags,result\n", row = ",open,1,1,2026-11-20 01:30:00,,";
    auto read_in = [&](const std::string& bytes, const std::string& charset = "gb18030") {
        std::vector<std::string> out;
        auto done = read_document({.bytes = bytes, .content_type = "text/csv", .charset = charset}, rules(),
                                  [&](ParsedRow r) { out.push_back(r.call ? r.call->flags.empty() ? "taken" : r.call->flags[0] : r.call.error().field + ": " + r.call.error().detail); });
        if (!done) out.push_back("error: " + done.error().detail);
        return out;
    };
    using Said = std::vector<std::string>;
    const std::string instead = ": text in gb18030, as it was declared or as the rest of it is; this is UTF-8";
    const std::string gb_dv = "\xbc\xd2\xb1\xa9", gb_long = "\xc3\xc5\xbf\xda\xb7\xa2\xcf\xd6\xbf\xc9\xd2\xc9\xc8\xcb\xd4\xb1";  // 家暴, 门口发现可疑人员
    CHECK(read_in(head + "1" + row + "家暴,\n2" + row + ",\n") == Said{"flags" + instead, "taken"});
    CHECK(read_in(head + "1" + row + ",夫妻吵架家暴中\n") == Said{"result" + instead});
    // One broken octet makes the rest no GB18030.
    CHECK(read_in(head + "1" + row + "家暴,\n2" + row + ",\xe5\xae\n3" + row + "勿联系,\n") == Said{"flags" + instead, "result" + instead, "flags" + instead});
    // Two files joined: each row is what it is, also where nobody declared anything.
    auto joined = head;
    for (int i = 1; i < 9; ++i) joined += std::to_string(i) + row + "," + gb_long + "\n";
    joined += "9" + row + "家暴,\n10" + row + gb_dv + ",\n";
    for (const char* charset : {"gb18030", "auto"}) {
        auto said = read_in(joined, charset);
        REQUIRE(said.size() == 10);
        CHECK(said[0] == "taken");
        CHECK(said[8] == "flags" + instead);
        CHECK(said[9] == "dv");
    }
    CHECK(read_in("编号说明,id,state,unit,category,reported_at,closed_at\n,1,open,1,1,2026-11-20 01:30:00,\n") == Said{"error: no usable head row" + instead});

    // Honest GB18030 whose octets are UTF-8, all of them or nearly: 联通, 烟, 闸息, 楼, 瑷解都.
    for (const char* honest : {"\xc1\xaa\xcd\xa8", "\xd1\xcc", "\xd5\xa2\xcf\xa2", "\xc2\xa5", "\xe8\xa8\xbd\xe2\xb6\xbc"}) {
        CAPTURE(honest);
        CHECK(read_in(head + "1" + row + "," + honest + "\n2" + row + ",\n") == Said{"taken", "taken"});
    }
    CHECK(read_in(head + "1" + row + gb_dv + "," + gb_long + "\n") == Said{"dv"});
}

TEST_CASE("CSV: a NUL costs its row, also in a column that nobody reads") {
    std::string row = ",open,01,u,2026-11-20 09:00:00,,a";
    auto rows = read("id,state,category,unit,reported_at,closed_at,remark\n1" + row + '\0' + "\n2" + row + "\n", "text/csv");
    REQUIRE(rows.size() == 2);
    CHECK(fault(rows[0]) == "remark");
    CHECK(rows[1].call.has_value());
    CHECK(refuses(std::string("id,state,category,unit,reported_at,closed_at,x") + '\0' + "\n1" + row + "\n", "text/csv"));
}

TEST_CASE("CSV: no usable head row is an error of the whole") {
    CHECK(refuses("", "text/csv"));
    CHECK(refuses("a,b,c\n1,2,3\n", "text/csv"));
    CHECK(refuses("id,state\nA1,closed\n", "text/csv"));
    CHECK(refuses("id,id,state,unit,category,reported_at,closed_at\n", "text/csv"));
}

TEST_CASE("CSV: an hour that comes twice or never is refused") {
    auto r = rules();
    r.zone = "America/New_York";
    const std::string head = "id,state,unit,category,reported_at,closed_at\n";
    CHECK(fault(read(head + "A1,open,1,1,2026-11-01 01:30:00,\n", "text/csv", r).at(0)) == "reported_at");
    CHECK(fault(read(head + "A1,open,1,1,2026-03-08 02:30:00,\n", "text/csv", r).at(0)) == "reported_at");
    CHECK(fault(read(head + "A1,open,1,1,2026-11-01T01:30:00-04:00,\n", "text/csv", r).at(0)) == "");
}

TEST_CASE("a mapping's problems come together, each with its line") {
    auto bad = read_mapping("m.toml", "times = []\n[columns]\nx = \"nonsense\"\n[states]\n1 = \"gone\"\n");
    REQUIRE_FALSE(bad);
    CHECK(bad.error().detail.find("m.toml:3:") != std::string::npos);
    CHECK(bad.error().detail.find("m.toml:5:") != std::string::npos);
    CHECK(Mappings::built_in().find("gat"));
}
