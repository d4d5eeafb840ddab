// A channel over HTTP as a site writes it, and what its answers prove.
#pragma once
#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "providers/http/response.hpp"
#include "providers/http/settings.hpp"

namespace pingjing::test {

struct HttpChannel {
    std::string name, hook_url, base{};            // `base`: what none of its kind goes without, as TOML
    const generic_http::Scheme* scheme = nullptr;  // of a vendor of its own name
    std::string said{};                            // what was wrong with the last settings

    std::optional<generic_http::Settings> read(const std::string& toml) {
        config::Problems problems;
        auto document = config::Document::parse(toml, "p.toml", problems);
        REQUIRE(document);
        config::Section section(*document, problems);
        auto settings = generic_http::read_settings(section, {name, hook_url}, scheme);
        section.finish();
        said = problems.text();
        return problems.empty() ? std::move(settings) : std::nullopt;
    }
    generic_http::Settings site(const std::string& more = "") {
        auto settings = read(base + more);
        REQUIRE_MESSAGE(settings, said);
        return std::move(*settings);
    }
    provider::Outcome answered(int status, std::string body, const std::string& more = "") {
        http::FetchResponse response;
        response.status = status;
        response.body = std::move(body);
        return generic_http::read_response(site(more), response);
    }
    std::string outcome(int status, std::string body) {
        auto o = answered(status, std::move(body));
        return std::string(outcome_name(o)) + " " + outcome_detail(o);
    }
};

// All of it was read; words beside it, such as what a code means, are only heard.
inline bool is_all_read(const provider::CallbackRead& read) {
    return std::all_of(read.left.begin(), read.left.end(), [](const auto& left) { return left.kind == provider::CallbackRead::Kind::beside; });
}

inline HttpChannel plain_channel(std::string base = {}) { return {"k", "https://pj.example.cn/v1/hooks/k/0123456789abcdef", std::move(base)}; }
inline generic_http::Settings kannel(const std::string& more = "") {
    return plain_channel("preset = \"kannel\"\nurl = \"http://127.0.0.1:13013/cgi-bin/sendsms\"\nusername = \"pj\"\npassword = \"p&w\"\n"
                         "source = \"106900110\"\nextension_digits = 2\n").site(more);
}
inline generic_http::Settings android(const std::string& more = "") {
    return plain_channel("preset = \"android-sms-gateway\"\nurl = \"https://127.0.0.1/messages\"\nusername = \"u\"\npassword = \"p\"\n").site(more);
}

}  // namespace pingjing::test
