#include "daemon/log/metrics.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/regex.hpp>
#include <map>
#include <string>

#include "daemon/core/version.hpp"
#include "daemon/log/metric_names.hpp"
#include "daemon/log/process_metrics.hpp"
#include "tests/support/source.hpp"

using namespace pingjing;

namespace {

std::string value_of(const std::string& rendered, const std::string& series) {
    auto at = ("\n" + rendered).find("\n" + series + " ");
    if (at == std::string::npos) return "none";
    return rendered.substr(at + series.size() + 1, rendered.find('\n', at) - at - series.size() - 1);
}

}  // namespace

TEST_CASE("every metric that is measured stands in the table with its labels, and every one of the table is measured") {
    boost::regex call(R"re(metrics::(count|gauge)\("(\w+)"([^;]*);)re"), label(R"re(\{"(\w+)", )re");
    std::map<std::string, std::string> labels;
    std::string everything;
    for (const auto& path : test::tree({"daemon", "providers"})) {
        if (!test::is_cpp(path) || path.starts_with("daemon/log/metric_names")) continue;
        auto source = test::read_source(path);
        everything += source;
        for (boost::sregex_iterator it(source.begin(), source.end(), call), end; it != end; ++it) {
            std::string name = (*it)[2], rest = (*it)[3], said;
            CAPTURE(path);
            CAPTURE(name);
            for (boost::sregex_iterator l(rest.begin(), rest.end(), label); l != end; ++l) said += (said.empty() ? "" : " ") + (*l)[1].str();
            const auto* told = metrics::find(name);
            REQUIRE(told != nullptr);
            CHECK(std::string(told->labels) == said);
            CHECK(told->is_counter() == ((*it)[1] == "count"));
        }
    }
    for (const auto& m : metrics::table()) {
        CAPTURE(m.name);
        CHECK(everything.find(fmt::format("\"{}\"", m.name)) != std::string::npos);
        CHECK(m.help.ends_with('.'));
    }
    CHECK(std::ranges::is_sorted(metrics::table(), {}, &metrics::Metric::name));
    CHECK(std::ranges::adjacent_find(metrics::table(), {}, &metrics::Metric::name) == metrics::table().end());
}

TEST_CASE("metrics are rendered with what they mean, sorted, their labels escaped") {
    metrics::clear();
    metrics::count("answers_total", {{"class", "di\"s\\s\n"}}, 2);
    metrics::count("answers_total", {{"class", "di\"s\\s\n"}});
    metrics::gauge("links_open", {{"channel", "mobile"}}, 3);
    auto rendered = metrics::render();
    CHECK(rendered.find("# HELP pingjing_links_open Connections that are bound to a carrier.\n# TYPE pingjing_links_open gauge\npingjing_links_open{channel=\"mobile\"} 3\n") != std::string::npos);
    CHECK(rendered.find("# TYPE pingjing_answers_total counter\npingjing_answers_total{class=\"di\\\"s\\\\s\\n\"} 3\n") != std::string::npos);
    CHECK(value_of(rendered, "pingjing_build_info{version=\"" + std::string(version) + "\"}") == "1");
    // From nothing to 1 would be no rise; what has labels is not known before.
    CHECK(value_of(rendered, "pingjing_desk_escalations_total") == "0");
    CHECK(rendered.find("pingjing_inbound_total") == std::string::npos);
    CHECK(value_of(rendered, "pingjing_desk_open") == "none");
    metrics::clear();
}

TEST_CASE("the process says of itself what Prometheus' own clients say") {
    auto rendered = metrics::render_process();
    for (const char* name : {"process_cpu_seconds_total", "process_max_fds", "process_open_fds", "process_resident_memory_bytes", "process_start_time_seconds"}) {
        CAPTURE(name);
        CHECK(std::stod(value_of(rendered, name)) > 0);
    }
    // A file opened is one more.
    auto before = std::stod(value_of(rendered, "process_open_fds"));
    auto* file = std::fopen("/dev/null", "r");
    CHECK(std::stod(value_of(metrics::render_process(), "process_open_fds")) == before + 1);
    std::fclose(file);
    auto began = std::stod(value_of(rendered, "process_start_time_seconds"));
    CHECK(began > 1.7e9);
    CHECK(began < 4e9);
}

TEST_CASE("rules and pages for those who watch us name metrics that there are") {
    boost::regex named(R"re(pingjing_(\w+))re");
    for (const char* path : {"templates/monitoring/alerts.yml", "templates/monitoring/dashboard.json"}) {
        auto text = test::read_source(path);
        int found = 0;
        for (boost::sregex_iterator it(text.begin(), text.end(), named), end; it != end; ++it, ++found) {
            CAPTURE(path);
            CAPTURE((*it)[1].str());
            CHECK(metrics::find((*it)[1].str()) != nullptr);
        }
        CHECK(found > 0);
    }
}

TEST_CASE("the program and its build say the same version") {
    CHECK(test::read_source("CMakeLists.txt").find(fmt::format("project(pingjing VERSION {} ", version)) != std::string::npos);
}
