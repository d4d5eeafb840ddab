#include "providers/http/approved.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "providers/http/request.hpp"
#include "tests/providers/template_channel.hpp"

using namespace pingjing;
using namespace pingjing::provider;
namespace gh = pingjing::generic_http;

namespace {

const std::string tables = R"([[aliyun]]
text = "survey"
id = "SMS_1"
values = { month = "{{month}}", day = "{{day}}" }
[[aliyun]]
text = "thanks"
id = "SMS_2"
sign = "某市公安局"
[[aliyun]]
text = "en/survey"
id = "SMS_3"
values = { when = "{{month}}/{{day}}" }
[[tencent]]
text = "survey"
id = "1110"
values = ["{{day}}", "{{month}}"]
)";

// As they stand in templates/.
const std::map<std::string, std::string> texts = {{"survey", "【{{sign}}】您{{month}}月{{day}}日的报警"}, {"thanks", "【{{sign}}】谢谢"}, {"en/survey", "【{{sign}}】your call of {{month}}/{{day}}"}};

Submission survey(const std::string& name = "survey") {
    Submission s("rs0001", *Phone::mobile("13800138000"), Text("【测试】…"), "", std::chrono::hours(1));
    s.text_name = name;
    s.values = {{"sign", "测试公安"}, {"month", "11"}, {"day", "21"}};
    return s;
}

struct Read {
    std::optional<gh::ApprovedTexts> texts{};
    std::string said{};
};
Read read(const std::string& file, const std::string& table, gh::Parameters parameters) {
    test::TempFolder folder;
    std::ofstream(folder / "ids.toml") << file;
    config::Problems problems;
    auto document = config::Document::parse(fmt::format("template_ids = \"{}\"\n", (folder / "ids.toml").string()), "p.toml", problems);
    config::Section section(*document, problems);
    auto read = gh::read_approved(section, table, parameters);
    return {problems.empty() ? std::move(read) : std::nullopt, problems.text()};
}

}  // namespace

TEST_CASE("a text leaves as the vendor's id and its values, by name or in order, and the sign is the text's own unless the vendor has another") {
    auto aliyun = read(tables, "aliyun", gh::Parameters::by_name);
    REQUIRE_MESSAGE(aliyun.texts, aliyun.said);
    auto wording = gh::wording_of(*aliyun.texts, survey());
    REQUIRE(wording);
    CHECK(wording->id == "SMS_1");
    CHECK(wording->sign == "测试公安");
    CHECK(wording->values == R"({"day":"21","month":"11"})");
    CHECK(gh::wording_of(*aliyun.texts, survey("thanks"))->sign == "某市公安局");
    CHECK(gh::wording_of(*aliyun.texts, survey("thanks"))->values.empty());
    CHECK(gh::wording_of(*aliyun.texts, survey("en/survey"))->values == R"({"when":"11/21"})");

    auto tencent = read(tables, "tencent", gh::Parameters::in_order);
    REQUIRE_MESSAGE(tencent.texts, tencent.said);
    CHECK(gh::wording_of(*tencent.texts, survey())->values == R"(["21","11"])");
}

TEST_CASE("what no template says is refused as content before anything leaves") {
    auto aliyun = read(tables, "aliyun", gh::Parameters::by_name);
    REQUIRE(aliyun.texts);
    auto error = [&](const Submission& s) {
        auto wording = gh::wording_of(*aliyun.texts, s);
        return wording ? std::string() : wording.error().detail;
    };
    CHECK(error(survey("")) == "words of a person: this vendor sends approved templates alone");
    CHECK(error(survey("help")) == "no template for the text help");
    auto undated = survey();
    undated.values.erase("day");
    CHECK(error(undated) == "the text survey: nothing to put in place of {{day}}");
    auto unsigned_text = survey();
    unsigned_text.values.erase("sign");
    CHECK(error(unsigned_text) == "no sign for the text survey");
}

TEST_CASE("check says which text has no template, which template has no text, and where the vendor's wording is not ours") {
    auto unlike = [](const std::string& file) {
        auto found = read(file, "aliyun", gh::Parameters::by_name);
        REQUIRE_MESSAGE(found.texts, found.said);
        auto lines = gh::unlike(*found.texts, texts);
        for (auto& line : lines) line = line.substr(line.find("ids.toml"));
        return lines;
    };
    CHECK(unlike(tables).empty());
    CHECK(unlike("[[aliyun]]\ntext = \"survay\"\nid = \"SMS_1\"\n") ==
          std::vector<std::string>{"ids.toml: no template for the text 'en/survey', which would be held: expected [[aliyun]] with text = \"en/survey\" and its id",
                                   "ids.toml: no template for the text 'survey', which would be held: expected [[aliyun]] with text = \"survey\" and its id",
                                   "ids.toml: no template for the text 'thanks', which would be held: expected [[aliyun]] with text = \"thanks\" and its id",
                                   "ids.toml:1: text = \"survay\": no text of this name is sent"});
    auto others = tables + "[[aliyun]]\ntext = \"other\"\nid = \"1\"\n";
    CHECK(unlike(others) == std::vector<std::string>{"ids.toml:17: text = \"other\": no text of this name is sent"});

    auto worded = tables;
    worded.insert(worded.find("id = \"SMS_1\""), "wording = \"您${month}月${day}日的报警\"\n");
    CHECK(unlike(worded).empty());
    worded.replace(worded.find("报警\"\n"), 7, "求助\"\n");
    REQUIRE(unlike(worded).size() == 1);
    CHECK(unlike(worded)[0] == "ids.toml:1: text 'survey': the vendor's wording is not ours: expected \"您${month}月${day}日的报警\"");

    auto strange = tables;
    strange.replace(strange.find("{{month}}/{{day}}"), 17, "{{officer}}");
    REQUIRE(unlike(strange).size() == 1);
    CHECK(unlike(strange)[0] == "ids.toml:9: text 'en/survey', value when: {{officer}} does not stand in the text: expected one of its placeholders");
}

TEST_CASE("a file of templates is read with all that is wrong in it") {
    CHECK(read("[[aliyun]]\ntext = \"survey\"\n", "aliyun", gh::Parameters::by_name).said.find("ids.toml:1: [[aliyun]] needs 'id'") != std::string::npos);
    CHECK(read("[[aliyun]]\ntext = \"survey\"\nid = \"1\"\nvalue = {}\n", "aliyun", gh::Parameters::by_name).said.find("ids.toml:4: [[aliyun]] has no setting 'value'") != std::string::npos);
    CHECK(read("[[aliyun]]\ntext = \"survey\"\nid = \"1\"\n[[aliyun]]\ntext = \"survey\"\nid = \"2\"\n", "aliyun", gh::Parameters::by_name).said.find("ids.toml:5: text = \"survey\": stands twice in [[aliyun]]") != std::string::npos);
    CHECK(read("[[aliyun]]\ntext = \"survey\"\nid = \"1\"\nvalues = { a = \"{{month\" }\n", "aliyun", gh::Parameters::by_name).said.find("ids.toml:4: values: a: '{{' without '}}' behind it") != std::string::npos);
    CHECK(read("aliyun = 3\n", "aliyun", gh::Parameters::by_name).said.find("expected tables, each under [[aliyun]]") != std::string::npos);
}

TEST_CASE("a channel of a vendor that sends approved templates names their file") {
    test::HttpChannel channel{"ali", "", "", &aliyun::scheme};
    CHECK_FALSE(channel.read("access_key_id = \"a\"\naccess_key_secret = \"b\"\n"));
    CHECK(channel.said.find("needs 'template_ids'") != std::string::npos);
    CHECK_FALSE(channel.read("access_key_id = \"a\"\naccess_key_secret = \"b\"\ntemplate_ids = \"/none/ids.toml\"\n"));
    CHECK(channel.said.find("p.toml:3: template_ids: cannot read /none/ids.toml") != std::string::npos);
    auto settings = test::of_templates("ali", aliyun::scheme, "access_key_id = \"a\"\naccess_key_secret = \"b\"\n");
    CHECK_FALSE(settings.abilities.free_text);
    // Nothing can be built of it, so nothing leaves.
    Submission letter("rs0001", *Phone::mobile("13800138000"), Text("您好,您的来信"), "", std::chrono::hours(1));
    CHECK_FALSE(gh::build_request(settings, letter, Instant()));
    CHECK(gh::build_request(settings, test::asked(), Instant(), "n"));
    CHECK(test::kannel().abilities.free_text);
}

TEST_CASE("the example of templates is one, for every vendor in it and for our own texts") {
    auto example = test::read_source("templates/vendor_ids.toml");
    auto survey_text = test::read_source("templates/zh-CN/survey.txt");
    while (survey_text.ends_with('\n')) survey_text.pop_back();
    for (const auto& [table, parameters] : {std::pair{"aliyun", gh::Parameters::by_name}, std::pair{"tencent", gh::Parameters::in_order}}) {
        CAPTURE(table);
        auto found = read(example, table, parameters);
        REQUIRE_MESSAGE(found.texts, found.said);
        for (const auto& line : gh::unlike(*found.texts, {{"survey", survey_text}})) CHECK(line.find("wording") == std::string::npos);
    }
}
