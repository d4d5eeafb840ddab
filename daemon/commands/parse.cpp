#include "daemon/commands/parse.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <istream>
#include <ostream>

#include "daemon/core/result.hpp"
#include "daemon/reply/read.hpp"
#include "daemon/text/strict_json.hpp"

namespace pingjing::commands {
namespace {

namespace json = boost::json;

json::object answer(const json::value& id, const reply::Verdict& v, Scale scale) {
    json::object out;
    out["id"] = id;
    if (scale == Scale::csat_5 && v.label == reply::Label::rating)
        out["label"] = v.rating.value();
    else
        out["label"] = reply::label_text(v, scale);
    if (v.rating)
        out["rating"] = *v.rating;
    else
        out["rating"] = nullptr;
    out["emergency"] = v.emergency;
    out["comment"] = v.comment;
    out["method"] = reply::method_name(v.method);
    out["confidence"] = v.confidence;
    out["why"] = v.why;
    return out;
}

Result<json::object> answer_line(const json::value& line, const json::value& id, Scale scale) {
    const auto* fields = line.if_object();
    if (!fields) return fail(Error::Kind::invalid_input, "not a JSON object");
    const auto* text = fields->if_contains("text");
    if (!text || !text->is_string()) return fail(Error::Kind::invalid_input, "no \"text\", which must be a string");
    if (const auto* asked = fields->if_contains("scale"); asked && !asked->is_null()) {
        auto known = asked->is_string() ? parse_scale(asked->get_string()) : std::nullopt;
        if (!known) return fail(Error::Kind::invalid_input, "\"scale\" must be \"110-3\" or \"csat-5\"");
        scale = *known;
    }
    return answer(id, reply::read(scale, text->get_string()), scale);
}

Result<json::object> answer_strictly(const Result<StrictJson>& read, const json::value& id, Scale scale) {
    if (!read) return fail(Error::Kind::invalid_input, read.error().detail);
    if (read->problems.empty()) return answer_line(read->value, id, scale);
    const auto& problem = read->problems.begin()->second;
    return fail(Error::Kind::invalid_input, fmt::format("\"{}\": expected {}", problem.field, problem.detail));
}

int parse_lines(Scale scale, std::istream& in, std::ostream& out) {
    int exit_code = 0;
    bool first = true;
    for (std::string line; std::getline(in, line);) {
        if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
        if (first && line.starts_with("\xEF\xBB\xBF")) line.erase(0, 3);
        first = false;
        auto read = parse_strict(line, Nul::kept);
        json::value id = nullptr;
        if (const auto* fields = read ? read->value.if_object() : nullptr; fields && fields->contains("id")) id = fields->at("id");
        auto result = answer_strictly(read, id, scale);
        if (!result) {
            exit_code = 1;
            result = json::object{{"id", id}, {"error", result.error().detail}};
        }
        out << json::serialize(*result) << '\n' << std::flush;
    }
    return exit_code;
}

}  // namespace

int parse(Scale scale, const std::vector<std::string>& texts, bool jsonl, std::istream& in, std::ostream& out) {
    for (const auto& text : texts) {
        auto v = reply::read(scale, text);
        out << fmt::format("{}  {}{}{}  ({}, {:.2f})\n", v.normalised, reply::label_text(v, scale),
                           v.label == reply::Label::opt_out && v.rating ? fmt::format(" + {}", *v.rating) : "",
                           v.emergency ? " EMERGENCY" : "", v.why, v.confidence);
    }
    return jsonl ? parse_lines(scale, in, out) : 0;
}

}  // namespace pingjing::commands
