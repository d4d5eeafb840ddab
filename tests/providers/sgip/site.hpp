// Settings of an SGIP channel as a site writes them.
#pragma once
#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "daemon/config/section.hpp"
#include "providers/sgip/settings.hpp"

namespace pingjing::test {

struct SgipRead {
    std::optional<sgip::Settings> settings{};
    std::string problems{};
};

inline SgipRead read_sgip(const std::string& toml) {
    config::Problems problems;
    auto document = config::Document::parse(toml, "p.toml", problems);
    REQUIRE(document);
    config::Section section(*document, problems);
    SgipRead out;
    out.settings = sgip::read_settings(section, {"main"});
    section.finish();
    out.problems = problems.text();
    return out;
}

inline std::shared_ptr<const sgip::Settings> sgip_settings(const std::string& more = "") {
    auto read = read_sgip("host = \"127.0.0.1\"\nnode = 3010012345\nlogin_name = \"sp123\"\npassword = \"pw456\"\nlisten = \"127.0.0.1:8801\"\npeers = [\"127.0.0.1\"]\nlisten_name = \"smg\"\n"
                          "listen_password = \"smgpw\"\ncorporation = \"12345\"\nservice_type = \"SVC01\"\nsource = \"10655001\"\nextension_digits = 2\n" + more);
    REQUIRE_MESSAGE(read.problems.empty(), read.problems);
    return std::make_shared<const sgip::Settings>(std::move(*read.settings));
}

}  // namespace pingjing::test
