// Settings of an SMPP channel as a site writes them.
#pragma once
#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "daemon/config/section.hpp"
#include "providers/smpp/settings.hpp"

namespace pingjing::test {

struct SmppRead {
    std::optional<smpp::Settings> settings{};
    std::string problems{};
};

inline SmppRead read_smpp(const std::string& toml) {
    config::Problems problems;
    auto document = config::Document::parse(toml, "p.toml", problems);
    REQUIRE(document);
    config::Section section(*document, problems);
    SmppRead out;
    out.settings = smpp::read_settings(section, {"main"});
    section.finish();
    out.problems = problems.text();
    return out;
}

inline std::shared_ptr<const smpp::Settings> smpp_settings(const std::string& more = "", int port = 2775) {
    auto read = read_smpp("host = \"127.0.0.1\"\nport = " + std::to_string(port) +
                          "\nsystem_id = \"pingjing\"\npassword = \"secret\"\nsource = \"106900110\"\nextension_digits = 2\n" + more);
    REQUIRE_MESSAGE(read.problems.empty(), read.problems);
    return std::make_shared<const smpp::Settings>(std::move(*read.settings));
}

}  // namespace pingjing::test
