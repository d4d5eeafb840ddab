// Channels of vendors that send approved templates alone, and a text of ours that has one.
#pragma once
#include <fstream>
#include <string>

#include "providers/aliyun/aliyun.hpp"
#include "providers/tencent/tencent.hpp"
#include "tests/providers/http_channel.hpp"
#include "tests/support/source.hpp"
#include "tests/support/temp_folder.hpp"

namespace pingjing::test {

// The file of templates is needed only while the settings are read.
struct TemplateChannel {
    TemplateChannel(std::string name, const generic_http::Scheme& scheme, const std::string& base, const std::string& tables)
        : channel{name, "https://pj.example.cn/v1/hooks/" + name + "/0123456789abcdef", "", &scheme} {
        std::ofstream(folder / "ids.toml") << tables;
        channel.base = base + "template_ids = \"" + (folder / "ids.toml").string() + "\"\n";
    }
    TempFolder folder;
    HttpChannel channel;
};

inline const std::string survey_templates =
    "[[aliyun]]\ntext = \"survey\"\nid = \"SMS_154950909\"\nvalues = { no = \"{{month}}\", unit = \"{{day}}\" }\n"
    "[[tencent]]\ntext = \"survey\"\nid = \"1110\"\nvalues = [\"{{month}}\", \"{{day}}\"]\n";

inline generic_http::Settings of_templates(const std::string& name, const generic_http::Scheme& scheme, const std::string& base) {
    return TemplateChannel(name, scheme, base, survey_templates).channel.site();
}

// A survey with the values of the vendors' vectors in it.
inline provider::Submission asked(std::string extension = "", std::string ref = "rs-0001") {
    provider::Submission s(std::move(ref), *Phone::mobile("13800138000"), Text("【某市公安局】…"), std::move(extension), std::chrono::hours(1));
    s.text_name = "survey";
    s.values = {{"sign", "某市公安局"}, {"month", "JJD20260301001"}, {"day", "城东派出所"}};
    return s;
}

}  // namespace pingjing::test
