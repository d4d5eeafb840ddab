// Settings of a CMPP channel as a site writes them.
#pragma once
#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "daemon/config/section.hpp"
#include "providers/cmpp/settings.hpp"

namespace pingjing::test {

struct CmppRead {
    std::optional<cmpp::Settings> settings{};
    std::string problems{};
};

inline CmppRead read_cmpp(const std::string& toml, cmpp::Version version = cmpp::Version::v2) {
    config::Problems problems;
    auto document = config::Document::parse(toml, "p.toml", problems);
    REQUIRE(document);
    config::Section section(*document, problems);
    CmppRead out;
    out.settings = cmpp::read_settings(section, {"main"}, version);
    section.finish();
    out.problems = problems.text();
    return out;
}

inline std::shared_ptr<const cmpp::Settings> cmpp_settings(cmpp::Version version = cmpp::Version::v2, const std::string& more = "") {
    auto read = read_cmpp("host = \"127.0.0.1\"\nsp_id = \"901234\"\npassword = \"s3cret\"\nservice_id = \"HELP\"\nsource = \"10690001\"\nextension_digits = 2\n" + more, version);
    REQUIRE_MESSAGE(read.problems.empty(), read.problems);
    return std::make_shared<const cmpp::Settings>(std::move(*read.settings));
}

}  // namespace pingjing::test
