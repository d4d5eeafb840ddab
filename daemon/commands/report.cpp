// What leaders and inspectors ask for: report, explain, export.
#include <fmt/format.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cstdio>
#include <fstream>

#include "daemon/commands/ask.hpp"
#include "daemon/commands/commands.hpp"
#include "daemon/commands/line.hpp"
#include "daemon/commands/site.hpp"
#include "daemon/http/router.hpp"

namespace pingjing::commands {
namespace {

// To FILE, complete or not at all, or to the terminal.
int put(const std::string& body, const std::string& output) {
    if (output.empty()) {
        fmt::print("{}", body);
        return 0;
    }
    auto unfinished = output + ".unfinished";
    std::ofstream out(unfinished, std::ios::binary | std::ios::trunc);
    out << body;
    out.close();
    if (!out || ::rename(unfinished.c_str(), output.c_str()) != 0) {
        fmt::print(stderr, "cannot write {}\n", output);
        return 1;
    }
    return 0;
}

int fetch(const std::string& config, const std::string& target, const std::string& output) {
    auto settings = load_settings(config);
    if (!settings) return 2;
    auto line = Line::open(*settings);
    if (!line) return 1;
    auto answer = line->ask("GET", target);
    return answer.ok() ? put(answer.body, output) : complain(answer);
}

}  // namespace

int report(const std::string& config, const ReportOptions& o) {
    if (o.format == "xlsx" && o.output.empty() && ::isatty(STDOUT_FILENO)) {
        fmt::print(stderr, "--format xlsx: expected -o FILE, for a terminal shows no workbook\n");
        return 2;
    }
    auto target = Query().add("from", o.from).add("to", o.to).add("week", o.week).add("cases", o.cases ? "1" : "").add("basis", o.report == "audit" ? "" : o.basis).add("service", o.service).add("format", o.format).add("raw", o.raw ? "1" : "").target("/v1/reports/" + o.report);
    return fetch(config, target, o.output);
}

int explain(const std::string& config, const std::string& record, const std::string& format) {
    if (record.empty()) {
        fmt::print(stderr, "CASE: expected the number of a 110 record\n");
        return 2;
    }
    return fetch(config, Query().add("format", format).target("/v1/calls/" + http::percent_encode(record)), "");
}

int export_day(const std::string& config, const std::string& day, const std::string& folder) {
    auto settings = load_settings(config);
    if (!settings) return 2;
    auto line = Line::open(*settings);
    if (!line) return 1;
    // The daemon's working directory is not ours.
    auto out = folder.empty() ? "" : std::filesystem::absolute(folder).string();
    auto answer = line->ask("POST", Query().add("date", day).add("out", out).target("/control/export"));
    if (!answer.ok()) return complain(answer);
    auto v = boost::json::parse(answer.body);
    fmt::print("{}\n", std::string(v.at("folder").as_string()));
    fmt::print(stderr, "{}\n", v.at("fresh").as_bool() ? "written" : "nothing has changed since this version");
    return 0;
}

int export_public(const std::string& config) {
    return ask(config, "POST", "/control/public", "", [](const boost::json::value& v, Line&) {
        fmt::print("{}\n", text_of(v.at("folder")));
        fmt::print(stderr, "{}\n", v.at("changed").as_bool() ? "written" : "nothing has changed since it was written");
        return 0;
    });
}

// Receipts, and what is on its way: the newest first.
int deliveries(const std::string& config) {
    return ask(config, "GET", "/control/deliveries", "", [](const boost::json::value& answer, Line& line) {
        auto v = on_the_wall(answer, line);
        for (const auto& d : v.at("deliveries").as_array()) {
            auto what = fmt::format("{} {} v{}", text_of(d.at("target")), text_of(d.at("day")), text_of(d.at("version")));
            if (!d.at("delivered_at").is_null())
                fmt::print("{}  delivered {}  {} files, {} bytes  {}  sha256 {}\n", what, text_of(d.at("delivered_at")), text_of(d.at("files")), text_of(d.at("bytes")), readable(d.at("place")), text_of(d.at("sha256")));
            else fmt::print("{}  WAITS since {}  tried {} times, last {}  {}\n", what, text_of(d.at("planned_at")), text_of(d.at("attempts")), text_of(d.at("tried_at")), readable(d.at("why")));
        }
        return 0;
    });
}

}  // namespace pingjing::commands
