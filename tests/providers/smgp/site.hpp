// Settings of an SMGP channel as a site writes them.
#pragma once
#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "daemon/config/section.hpp"
#include "providers/smgp/settings.hpp"

namespace pingjing::test {

struct SmgpRead {
    std::optional<smgp::Settings> settings{};
    std::string problems{};
};

inline SmgpRead read_smgp(const std::string& toml) {
    config::Problems problems;
    auto document = config::Document::parse(toml, "p.toml", problems);
    REQUIRE(document);
    config::Section section(*document, problems);
    SmgpRead out;
    out.settings = smgp::read_settings(section, {"main"});
    section.finish();
    out.problems = problems.text();
    return out;
}

inline std::shared_ptr<const smgp::Settings> smgp_settings(const std::string& more = "") {
    auto read = read_smgp("host = \"127.0.0.1\"\nclient_id = \"10690001\"\npassword = \"s3cret\"\nservice_id = \"SVC01\"\nsource = \"10690001\"\nextension_digits = 2\n" + more);
    REQUIRE_MESSAGE(read.problems.empty(), read.problems);
    return std::make_shared<const smgp::Settings>(std::move(*read.settings));
}

}  // namespace pingjing::test
