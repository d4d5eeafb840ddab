// Callbacks that nobody could read, from the terminal: quarantine list, show, reread.
#include <fmt/format.h>

#include "daemon/commands/ask.hpp"
#include "daemon/commands/commands.hpp"
#include "daemon/http/router.hpp"

namespace pingjing::commands {
namespace {

namespace json = boost::json;

void print_row(const json::value& c) {
    auto urgent = c.at("alarm").as_bool() ? "  警 the desk has words of it" : "";
    fmt::print("{:>6}  {}  {}  {} bytes  {}{}\n", readable(c.at("id")), readable(c.at("at")), readable(c.at("channel")), readable(c.at("bytes")),
               readable(c.at("why")), urgent);
}

void print_call(const json::value& c) {
    print_row(c);
    auto method = c.at("method").is_null() ? "(its query or its body: an earlier version kept one)" : readable(c.at("method"));
    fmt::print("        {} /{}?{}\n", method, readable(c.at("path")), readable(c.at("query")));
    fmt::print("        Content-Type: {}\n", readable(c.at("content_type")));
    for (const auto& h : c.at("headers").as_array()) fmt::print("        {}: {}\n", readable(h.at("name")), readable(h.at("value")));
    fmt::print("        「{}」\n", readable(c.at("body")));
    for (const auto& look : c.at("looks").as_array())
        fmt::print("        看过 seen at {} by {} 「{}」\n", readable(look.at("at")), readable(look.at("who")), readable(look.at("reason")));
}

void print_list(const json::value& v) {
    const auto& callbacks = v.at("callbacks").as_array();
    for (const auto& c : callbacks) print_row(c);
    fmt::print(stderr, "{} callbacks{}; `pingjing quarantine show ID --reason …`, after mending the mapping `pingjing quarantine reread`\n",
               callbacks.size(), v.at("more").as_bool() ? " and more behind them" : "");
}

void print_reread(const json::value& v) {
    auto some = [&](const char* key, const char* before, const char* behind) {
        return v.at(key).as_int64() > 0 ? before + readable(v.at(key)) + behind : std::string();
    };
    fmt::print("{} callbacks: {} read{}, {} still unread{}; {} texts and {} receipts taken, {} known already{}\n", readable(v.at("callbacks")),
               readable(v.at("read")), some("ignored", ", ", " of no concern by the mapping"), readable(v.at("still_unread")),
               some("in_part", ", more of ", " of them read"), readable(v.at("texts")), readable(v.at("receipts")), readable(v.at("repeated")),
               v.at("more").as_bool() ? "; there are more: ask again" : "");
}

}  // namespace

int quarantine(const std::string& config, const QuarantineOptions& o) {
    const std::string all = "/control/quarantine";
    auto who = person_header(o.as);
    auto tell = [&](const json::value& answer, Line& line) {
        auto v = on_the_wall(answer, line);
        if (o.format == "json") fmt::print("{}\n", json::serialize(answer));
        else if (o.action == "list") print_list(v);
        else if (o.action == "show") print_call(v);
        else print_reread(v);
        return 0;
    };
    if (o.action == "list") return ask(config, "GET", Query().add("channel", o.channel).target(all), "", tell, who);
    if (o.action == "reread") return ask(config, "POST", Query().add("channel", o.channel).target(all + "/reread"), "", tell, who);
    json::object reason{{"reason", o.reason}};
    return ask(config, "POST", all + "/" + http::percent_encode(o.id) + "/show", json::serialize(reason), tell, who);
}

}  // namespace pingjing::commands
