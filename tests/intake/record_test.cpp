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

TEST_CASE("CSV: what is declared GB18030 and is UTF-8 is refused, for its safety words would be others") {
    const std::string csv = "id,state,calling_line,category,unit,reported_at,closed_at,flags\nA1,closed,13812345678,0102,320102430000,2026-11-21 09:12:00,2026-11-21 10:02:11,家暴\n";
    std::vector<ParsedRow> rows;
    auto take = [&](ParsedRow row) { rows.push_back(std::move(row)); };
    auto done = read_document({.bytes = csv, .content_type = "text/csv", .charset = "gb18030"}, rules(), take);
    REQUIRE_FALSE(done);
    CHECK(done.error().detail == "charset: declared gb18030, and it is UTF-8; expected the charset that it is in, or auto");
    CHECK(rows.empty());
    auto honest = csv.substr(0, csv.find("家暴")) + "\xbc\xd2\xb1\xa9\n";
    REQUIRE(read_document({.bytes = honest, .content_type = "text/csv", .charset = "gb18030"}, rules(), take));
    REQUIRE(rows.size() == 1);
    REQUIRE(rows[0].call);
    CHECK(rows[0].call->flags == std::vector<std::string>{"dv"});
}

TEST_CASE("JSON: each fault says what it is, and where") {
    auto detail = [](const std::string& text) {
        auto row = one(text);
        return row.call ? "" : row.call.error().field + ": " + row.call.error().detail;
    };
    CHECK(detail(with("flags", "\"dv\"")) == "flags: a list of texts");
    CHECK(detail(with("flags", "[\"a\",1]")) == "flags: a text at place 2");
    CHECK(detail(with("flags", "[\"" + std::string(5000, 'x') + "\"]")).starts_with("flags: a text of at most "));
    CHECK(detail(with("officers", R"([{"badge":"1"},{"badge":"2","role":"boss"}])")) == "officers: lead, co or auxiliary as role at place 2");
    CHECK(detail(with("officers", R"([{"badge":")" + std::string(200, '1') + R"("}])")).starts_with("officers: a badge, which is "));
    CHECK(detail(with("officers", "[1]")) == R"(officers: {"badge", "role"} at place 1)");
    // Two ids that differ by half a character would be one case.
    CHECK(detail(with("id", R"("A\ud800B")")) == "id: a text without halves of characters");
    CHECK(detail(with("id", R"("A😀B")")) == "");
    auto broken = [](const std::string& text) { return read_document({.bytes = text, .content_type = "application/json"}, rules(), [](ParsedRow) {}).error().detail; };
    CHECK(broken("{\"id\": x}") == "not JSON: syntax error at octet 8");
    CHECK(broken("{\n \"id\": \"\xff\"}").ends_with(" of line 2"));
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
