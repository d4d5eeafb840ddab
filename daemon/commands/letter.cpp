// 网上信箱 from the terminal: letter list, show, answer, close, alarm, reveal.
#include <fmt/format.h>

#include "daemon/commands/ask.hpp"
#include "daemon/commands/commands.hpp"
#include "daemon/http/router.hpp"

namespace pingjing::commands {
namespace {

namespace json = boost::json;

void print_done(const char* what, const json::value& done) {
    if (done.is_null()) return;
    fmt::print("        {} at {} by {}{}\n", what, readable(done.at("at")), readable(done.at("by")), done.at("words").is_null() ? "" : " 「" + readable(done.at("words")) + "」");
}

void print_letter(const json::value& l) {
    auto urgent = !l.at("emergency").as_bool() ? "" : l.at("alarm_acknowledged").as_bool() ? " 警 EMERGENCY, taken" : " 警 EMERGENCY, NOT TAKEN: pingjing desk list";
    fmt::print("{:>6}  {}  {}  {}{}\n", readable(l.at("id")), readable(l.at("at")), readable(l.at("phone")), readable(l.at("state")), urgent);
    fmt::print("        「{}」\n", readable(l.at("text")));
    print_done("答复 answered", l.at("answered"));
    if (!l.at("answer_state").is_null()) fmt::print("        短信 the text is {}\n", readable(l.at("answer_state")));
    print_done("办结 closed", l.at("closed"));
}

}  // namespace

int letter(const std::string& config, const LetterOptions& o) {
    auto one = "/v1/letters/" + http::percent_encode(o.id);
    auto who = person_header(o.as);
    bool list = o.action == "list", reveal = o.action == "reveal";
    auto tell = [&](const json::value& answer, Line& line) {
        auto v = on_the_wall(answer, line);
        if (o.format == "json") {
            fmt::print("{}\n", json::serialize(answer));
        } else if (list) {
            const auto& letters = v.at("letters").as_array();
            for (const auto& l : letters) print_letter(l);
            fmt::print(stderr, "来信 {} letters; `pingjing letter answer ID --words …` or `letter close ID`\n", letters.size());
        } else if (reveal) {
            fmt::print("{}\n", readable(v.at("phone")));
        } else {
            print_letter(v);
        }
        return 0;
    };
    if (list) return ask(config, "GET", Query().add("state", o.all ? "all" : "").target("/v1/letters"), "", tell, who);
    if (o.action == "show") return ask(config, "GET", one, "", tell, who);
    json::object body;
    if (!o.words.empty()) body["words"] = o.words;
    if (reveal) body["reason"] = o.reason;
    return ask(config, "POST", one + "/" + o.action, body.empty() ? "" : json::serialize(body), tell, who);
}

}  // namespace pingjing::commands
