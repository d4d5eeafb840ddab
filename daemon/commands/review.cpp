// What a person has to decide about citizens' texts: review list, show, decide.
#include <fmt/format.h>

#include <cstdio>

#include "daemon/commands/ask.hpp"
#include "daemon/commands/commands.hpp"
#include "daemon/http/router.hpp"
#include "daemon/reports/render.hpp"

namespace pingjing::commands {
namespace {

namespace json = boost::json;

std::string shown(const json::value& v) { return reports::printable(text_of(v)); }

int as_json(const json::value& v) {
    fmt::print("{}\n", json::serialize(v));
    return 0;
}

void print_row(const json::value& row) {
    fmt::print("{:>6}  {:<18}  {}  {}  {}  {}  {}\n", shown(row.at("id")), shown(row.at("kind")), shown(row.at("at")), shown(row.at("case_id")), shown(row.at("unit")),
               shown(row.at("officer")), shown(row.at("phone")));
    fmt::print("        「{}」  读作 read as {}\n", shown(row.at("text")), shown(row.at("label")));
    if (!row.at("suggestion").is_null()) fmt::print("        程序建议 suggested by the program of [reader] assist: {}\n", shown(row.at("suggestion")));
}

int list(const std::string& config, const ReviewOptions& o) {
    return ask(config, "GET", Query().add("kind", o.kind).target("/v1/review"), "", [&](const json::value& answer, Line& line) {
        if (o.format == "json") return as_json(answer);
        auto v = on_the_wall(answer, line);
        const auto& rows = v.at("reviews").as_array();
        for (const auto& row : rows) print_row(row);
        fmt::print(stderr, "待判定 {} to decide; `pingjing review show ID` says what there is to choose from\n", rows.size());
        return 0;
    });
}

void print_decided(const json::value& d) {
    if (d.is_null()) return;
    fmt::print("已判定 decided at {} by {}: {}{}{}\n", shown(d.at("at")), shown(d.at("by")), shown(d.at("decision")), d.at("grade").is_null() ? "" : " " + shown(d.at("grade")),
               d.at("note").is_null() ? "" : " 「" + shown(d.at("note")) + "」");
}

int show(const std::string& config, const ReviewOptions& o) {
    return ask(config, "GET", "/v1/review/" + http::percent_encode(o.id), "", [&](const json::value& answer, Line& line) {
        if (o.format == "json") return as_json(answer);
        auto v = on_the_wall(answer, line);
        print_row(v);
        for (const auto& c : v.at("cases").as_array())
            fmt::print("        警情 call {}  发于 asked at {}  评价 rating {}\n", shown(c.at("case_id")), shown(c.at("asked_at")), shown(c.at("rating")));
        print_decided(v.at("decided"));
        if (!v.at("decided").is_null()) return 0;
        for (const auto& c : v.at("choices").as_array())
            fmt::print("可选 pingjing review decide {} {}{}\n", o.id, shown(c.at("decision")), c.at("grade").as_bool() ? " --grade satisfied|basically_satisfied|dissatisfied" : "");
        return 0;
    });
}

int decide(const std::string& config, const ReviewOptions& o) {
    json::object body{{"decision", o.decision}};
    for (const auto& [key, value] : {std::pair{"grade", &o.grade}, std::pair{"case_id", &o.record}, std::pair{"note", &o.note}})
        if (!value->empty()) body[key] = *value;
    return ask(config, "POST", "/v1/review/" + http::percent_encode(o.id), json::serialize(body), [&](const json::value& answer, Line& line) {
        if (o.format == "json") return as_json(answer);
        auto v = on_the_wall(answer, line);
        print_decided(v.at("decided"));
        if (v.at("followup_opened").as_bool()) fmt::print("开始回访 a follow-up is open: the caller is owed a call\n");
        if (v.at("read_again").as_bool()) fmt::print("重新判读 the daemon reads the text again\n");
        return 0;
    }, person_header(o.as));
}

}  // namespace

int review(const std::string& config, const ReviewOptions& options) {
    return options.action == "list" ? list(config, options) : options.action == "show" ? show(config, options) : decide(config, options);
}

}  // namespace pingjing::commands
