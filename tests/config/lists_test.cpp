#include <doctest/doctest.h>

#include "daemon/config/lists.hpp"
#include "daemon/config/section.hpp"

using namespace pingjing;
using namespace pingjing::config;

TEST_CASE("lists are read by the names in their head, with a line for every problem") {
    Problems problems;
    auto officers = read_officers("\xEF\xBB\xBFunit,badge,name\r\n320302210000,073944,王杰\r\n\r\n# left\n320302210000,073944,twice\n320302210000,1\n", "o.csv", problems);
    REQUIRE(officers.size() == 1);
    CHECK(officers[0].badge == "073944");
    CHECK(officers[0].name == "王杰");
    CHECK(problems.text() == "o.csv:5: badge 073944 stands twice\no.csv:6: 2 fields where the head has 3");
}

TEST_CASE("a rule is one of those that exist") {
    Problems problems;
    auto rows = read_categories("code,name,rule\n0101,\"a, \"\"b\"\"\",survey\n0102,b,survey_neutral\n0103,c,dv\n0104,d,maybe\n0101,e,survey_unit\n", "c.csv", problems);
    REQUIRE(rows.size() == 3);
    CHECK(rows[0].name == "a, \"b\"");
    CHECK(problems.lines().size() == 2);
    auto flags = read_flags("flag,rule\n家暴,dv\n勿联系,unsafe_flag\nx,survey\n", "f.csv", problems);
    REQUIRE(flags.size() == 2);
    CHECK(flags[1].code == Code::unsafe_flag);
    CHECK(problems.text().find("f.csv:4: rule \"survey\"") != std::string::npos);

    Problems none;
    auto toml = read_categories_toml("\"0101\" = \"survey\"\n\"02\" = { name = \"b\", rule = \"dv\" }\n\"03\" = \"maybe\"\n", "c.toml", none);
    REQUIRE(toml.size() == 2);
    CHECK(toml[1].rule == "dv");
    CHECK(none.lines().size() == 1);
    CHECK(none.text().starts_with("c.toml:3: 03 = \"maybe\""));
}

TEST_CASE("staff phones are read in every spelling and never shown") {
    Problems problems;
    auto phones = read_staff_phones("13044306233\n+86 153-6835-9790\n051683211234\n13800138000x\n", "s.txt", problems);
    REQUIRE(phones.size() == 3);
    CHECK(phones[1].reveal() == "15368359790");
    CHECK(problems.text() == "s.txt:4: not a phone number; expected one number a line");
    CHECK(read_staff_phones("\xb2\xe2\n", "g.txt", problems).empty());
    CHECK(problems.text().find("g.txt: not UTF-8") != std::string::npos);
    Problems once;
    CHECK(read_units("unit,name\n320102430000,\xb2\xe2\n", "u.csv", once).empty());
    CHECK(once.text() == "u.csv: not UTF-8; save the list as UTF-8");
}

TEST_CASE("a number plan is read by prefix and carrier, whatever else stands beside them") {
    Problems problems;
    auto plan = read_number_plan("prefix,province,carrier\n1391234,江苏,联通\n1705,,移动\n139123x,江苏,联通\n13,,移动\n1349,,\n1705,江苏,电信\n", "p.csv", problems);
    CHECK(plan.prefixes() == 3);
    CHECK(plan.carrier_of("13912345678") == "联通");
    CHECK(problems.text() == "p.csv: prefix 1705 stands twice\np.csv:4: prefix \"139123x\": expected 3 to 9 digits\np.csv:5: prefix \"13\": expected 3 to 9 digits\np.csv:6: no carrier");
}
