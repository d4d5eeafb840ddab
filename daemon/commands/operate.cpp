// What an operator does to a running or a resting site: hold, release, cancel, resend, optout, token, status.
#include <fmt/format.h>

#include <cstdio>
#include <set>

#include "daemon/commands/ask.hpp"
#include "daemon/commands/commands.hpp"
#include "daemon/http/router.hpp"
#include "daemon/watch/alarm_words.hpp"
#include "daemon/watch/alarms.hpp"

namespace pingjing::commands {
namespace {

namespace json = boost::json;

std::string release_command(const std::string& config, const std::string& of, const std::string& channel) {
    return fmt::format("pingjing release -c {}{}{} --reason …", config, of == "stop" ? "" : " --of " + of, channel.empty() ? "" : " --channel " + channel);
}

// What holds everything back comes first: the rest may look healthy beside it.
void tell_readiness(const json::object& v) {
    if (const auto* reasons = v.if_contains("not_ready"))
        for (const auto& why : reasons->as_array()) fmt::print("NOT READY       {}\n", text_of(why));
    auto mode = text_of(v.at("mode"));
    auto meaning = mode == "shadow" ? "surveys wait, nobody is asked" : mode == "off" ? "nobody is asked" : mode == "pilot" ? "only units of the pilot are asked about" : "";
    fmt::print("mode            {}{}{}\n", mode, *meaning ? ": " : "", meaning);
}

// Its name as the pages about alarms have it, and what it means; both for who knows the one language or the other.
void tell_alarm(const json::value& a) {
    auto name = text_of(a.at("name"));
    const auto* words = watch::alarm_words(name);
    const auto* kind = watch::find_kind(name);
    fmt::print("ALARM           {}{}{} since {}: {}\n", name, a.at("about").as_string().empty() ? "" : " ", text_of(a.at("about")), text_of(a.at("since")), text_of(a.at("detail")));
    if (words && kind) fmt::print("  告警          {}: {}. {}\n", words->title, words->meaning, kind->meaning);
}

// A slip of the pen at three in the morning must not look as if something had been stopped, or goes again. Empty: all of them.
bool is_channel(const std::string& config, const std::string& name) {
    auto settings = name.empty() ? std::nullopt : load_settings(config);
    if (!settings || settings->channel(name)) return true;
    std::string names;
    for (const auto& c : settings->channels) names += (names.empty() ? "" : ", ") + c.name;
    fmt::print(stderr, "there is no channel of this name; the configuration has {}\n", names);
    return false;
}

}  // namespace

int hold(const std::string& config, const HoldOptions& o) {
    if (!is_channel(config, o.channel)) return 2;
    auto target = Query().add("channel", o.channel).add("of", o.of).add("reason", o.reason).target("/control/hold");
    return ask(config, "POST", target, "", [&](const json::value& v, Line&) {
        fmt::print("on hold ({}{}), number {}; it ends with: {}\n", o.of, o.channel.empty() ? "" : ", channel " + o.channel, text_of(v.at("hold")), release_command(config, o.of, o.channel));
        return 0;
    }, person_header(o.by));
}

// A text that is held by itself, and no hold of sending: what lets it go.
std::string_view ends_held(std::string_view why) {
    if (why == "restored") return "they wait for `pingjing release --restored CASE… | --all-restored --reason …`";
    if (why == "no_route") return "they wait for a [[route]] that matches their numbers, and a reload";
    if (why == "content") return "they wait for `pingjing release --refused --reason …`, once their text is corrected or registered";
    if (why == "number_erased") return "their numbers are erased; `pingjing cancel` calls them off";
    return "they wait for what refused them to be put right; `pingjing explain` says what it was";
}

int release(const std::string& config, const HoldOptions& o) {
    if (o.all_restored || !o.restored.empty()) {
        std::string cases;
        for (const auto& record : o.restored) cases += record + "\n";
        auto target = Query().add("all", o.all_restored ? "1" : "").add("accept_possible_double", o.accept_possible_double ? "1" : "").add("reason", o.reason).target("/control/release-restored");
        return ask(config, "POST", target, cases, [](const json::value& v, Line&) {
            fmt::print("released {} that the restore held; they are due\n", text_of(v.at("released")));
            const auto& left = v.at("left").as_array();
            if (left.empty()) return 0;
            fmt::print("left {}, which may have been asked: after the backup a text went to their numbers of which this store knows nothing. Ask the carrier; "
                       "`release --restored CASE --accept-possible-double` releases one all the same:\n", left.size());
            for (const auto& record : left) fmt::print("  {}\n", text_of(record));
            return 0;
        }, person_header(o.by));
    }
    if (o.refused)
        return ask(config, "POST", Query().add("reason", o.reason).target("/control/release-refused"), "", [](const json::value& v, Line&) {
            fmt::print("released {} that carriers refused for their words; they are due\n", text_of(v.at("released")));
            return 0;
        }, person_header(o.by));
    if (!is_channel(config, o.channel)) return 2;
    auto target = Query().add("channel", o.channel).add("of", o.of).add("reason", o.reason).target("/control/release");
    return ask(config, "POST", target, "", [&](const json::value& answer, Line& line) {
        auto v = on_the_wall(answer, line);
        auto released = v.at("released").as_int64();
        const auto& left = v.at("remaining").as_array();
        if (released > 0 || !left.empty()) fmt::print("released {} hold{} of '{}'{}\n", released, released == 1 ? "" : "s", o.of, o.channel.empty() ? "" : ", channel " + o.channel);
        else fmt::print("nothing is on hold\n");
        for (const auto& hold : left) {
            auto of = text_of(hold.at("of")), channel = hold.at("channel").is_null() ? std::string() : text_of(hold.at("channel"));
            fmt::print("STILL ON HOLD ({}{}) since {}: {}; it ends with: {}\n", of, channel.empty() ? "" : ", channel " + channel, text_of(hold.at("since")), text_of(hold.at("reason")), release_command(config, of, channel));
        }
        for (const auto& [why, messages] : v.at("held").as_object()) fmt::print("HELD {}: {}; {}\n", why, text_of(messages), ends_held(why));
        if (line.through_daemon()) fmt::print("{} tried at once\n", o.channel.empty() ? "every channel is" : "channel " + o.channel + " is");
        return released == 0 && !left.empty() ? 1 : 0;
    }, person_header(o.by));
}

int cancel(const std::string& config, const std::string& record, const std::string& reason, const std::string& by) {
    return ask(config, "POST", Query().add("case", record).add("reason", reason).target("/control/cancel"), "", [&](const json::value&, Line&) {
        fmt::print("case {} will not be asked\n", record);
        return 0;
    }, person_header(by));
}

int resend(const std::string& config, const std::string& record, const std::string& reason, const std::string& by) {
    return ask(config, "POST", Query().add("case", record).add("reason", reason).target("/control/resend"), "", [&](const json::value&, Line&) {
        fmt::print("case {} is due again; the citizen may get a second text\n", record);
        return 0;
    }, person_header(by));
}

int optout(const std::string& config, const std::string& action, const std::string& what, const std::string& reason, const std::string& by) {
    if (action == "list")
        return ask(config, "GET", "/control/optout", "", [](const json::value& answer, Line& line) {
            auto v = on_the_wall(answer, line);
            for (const auto& row : v.as_array())
                fmt::print("{}  {}  {}  {}\n", text_of(row.at("phone")), text_of(row.at("at")), text_of(row.at("source")), text_of(row.at("reason")));
            return 0;
        });
    std::string numbers = what;
    if (action == "import" || what == "-") {
        auto all = read_whole(what);
        if (!all) return 1;
        numbers = *all;
    }
    auto target = Query().add("out", action == "remove" ? "0" : "1").add("source", action == "import" ? "import" : "operator").add("reason", reason).target("/control/optout");
    return ask(config, "POST", target, numbers, [&](const json::value& v, Line&) {
        const auto& bad = v.at("bad_lines").as_array();
        for (const auto& line : bad) fmt::print(stderr, "{}: expected a mobile number\n", action == "import" ? fmt::format("{}:{}", what, text_of(line)) : "PHONE");
        fmt::print(stderr, "{} {}, known {}, not a number {}\n", action == "remove" ? "removed" : "added", text_of(v.at("changed")), text_of(v.at("known")), bad.size());
        bool typed = action != "import" && what != "-";  // then it is the command line that is wrong
        return bad.empty() ? 0 : typed ? 2 : 1;
    }, person_header(by));
}

int token(const std::string& config, const std::string& action, const TokenOptions& o) {
    if (action == "list")
        return ask(config, "GET", "/control/tokens", "", [](const json::value& answer, Line& line) {
            auto v = on_the_wall(answer, line);
            for (const auto& row : v.as_array()) {
                std::string scopes;
                for (const auto& scope : row.at("scopes").as_array()) scopes += (scopes.empty() ? "" : ",") + text_of(scope);
                fmt::print("{}  {}  {}  made {}  expires {}  revoked {}\n", text_of(row.at("id")), scopes, text_of(row.at("name")), text_of(row.at("made_at")),
                           text_of(row.at("expires_at")), text_of(row.at("revoked_at")));
            }
            return 0;
        });
    if (action == "revoke")
        return ask(config, "POST", fmt::format("/control/tokens/{}/revoke", http::percent_encode(o.id)), "", [&](const json::value&, Line&) {
            fmt::print("token {} is revoked\n", o.id);
            return 0;
        });
    auto days = o.expires;
    if (days.ends_with('d')) days.pop_back();
    auto target = Query().add("scope", o.scope).add("name", o.name).add("unit", o.unit).add("badge", o.badge).add("expires_days", days).target("/control/tokens");
    return ask(config, "POST", target, "", [](const json::value& v, Line&) {
        fmt::print("{}\n", text_of(v.at("token")));
        std::string scopes;
        for (const auto& scope : v.at("scopes").as_array()) scopes += (scopes.empty() ? "" : ",") + text_of(scope);
        fmt::print(stderr, "token {} for {}; it is shown this once\n", text_of(v.at("id")), scopes);
        if (v.at("of_nowhere").as_bool())
            fmt::print(stderr, "warning: it inspects and says neither --unit nor --badge: its holder reads and decides about his own calls too, for nobody can tell\n");
        return 0;
    });
}

int status(const std::string& config) {
    return ask(config, "GET", "/control/status", "", [](const json::value& answer, Line& line) {
        auto v = on_the_wall(answer, line);
        const auto& queue = v.at("queue");
        fmt::print("daemon          {}\n", line.through_daemon() ? "running" : "NOT RUNNING");
        fmt::print("now             {}\n", text_of(v.at("now")));
        tell_readiness(v.as_object());
        if (const auto* channels = v.as_object().if_contains("channels"))
            for (const auto& c : channels->as_array())
                fmt::print("channel         {}: {}{}, {} under way\n", text_of(c.at("name")), text_of(c.at("state")),
                           c.at("why").as_string().empty() ? "" : " (" + text_of(c.at("why")) + ")", text_of(c.at("in_flight")));
        fmt::print("queue           {} due, {} later, {} held, {} being sent; oldest due {}\n", text_of(queue.at("due")), text_of(queue.at("later")),
                   text_of(queue.at("held")), text_of(queue.at("sending")), text_of(queue.at("oldest_due_at")));
        fmt::print("in doubt        {}; oldest {}\n", text_of(v.at("in_doubt").at("count")), text_of(v.at("in_doubt").at("oldest_at")));
        for (const auto& d : v.at("in_doubt").at("by").as_array())
            fmt::print("  {:<14}{} on {}: {}; oldest {}\n", text_of(d.at("state")), text_of(d.at("count")), text_of(d.at("channel")), text_of(d.at("why")), text_of(d.at("oldest_at")));
        std::set<std::string> doubted;
        for (const auto& d : v.at("in_doubt").at("by").as_array()) doubted.insert(text_of(d.at("channel")));
        if (const auto* channels = v.as_object().if_contains("channels"))
            for (const auto& c : channels->as_array())
                if (doubted.contains(text_of(c.at("name")))) fmt::print("  {} is settled by: {}\n", text_of(c.at("name")), text_of(c.at("evidence")));
        fmt::print("last receipt    {}\nlast reply      {}\nlast fact       {}\n", text_of(v.at("last_receipt_at")), text_of(v.at("last_reply_at")), text_of(v.at("last_fact_at")));
        fmt::print("unread texts    {}\nemergencies     {} open\ndisk free       {} MiB\n", text_of(v.at("unread_texts")), text_of(v.at("open_alarms")), text_of(v.at("disk").at("free_mib")));
        const auto& desk = v.at("desk");
        fmt::print("desk            {} not taken ({} not received), oldest {}; {} taken within a day, the longest after {} s\n", text_of(desk.at("open")), text_of(desk.at("not_received")),
                   text_of(desk.at("oldest_open_at")), text_of(desk.at("acknowledged_24h")), text_of(desk.at("longest_seconds_24h")));
        const auto& strangers = v.at("strangers_7d");
        if (strangers.at("units").as_int64() + strangers.at("officers").as_int64() > 0)
            fmt::print("NOT IN THE LISTS {} units of {} calls, {} officers of {} calls, within 7 days\n", text_of(strangers.at("units")), text_of(strangers.at("calls_of_units")),
                       text_of(strangers.at("officers")), text_of(strangers.at("calls_of_officers")));
        fmt::print("letters         {} wait, oldest {}\n", text_of(v.at("letters").at("open")), text_of(v.at("letters").at("oldest_at")));
        fmt::print("appeals         {} open, {} overdue\n", text_of(v.at("appeals").at("open")), text_of(v.at("appeals").at("overdue")));
        const auto& deliveries = v.at("deliveries");
        const auto& last = deliveries.at("last");
        auto newest = last.is_null() ? std::string("none yet") : fmt::format("{} v{} to {} at {}", text_of(last.at("day")), text_of(last.at("version")), text_of(last.at("target")), text_of(last.at("at")));
        if (!last.is_null() || deliveries.at("waiting").as_int64() > 0)
            fmt::print("deliveries      {} wait, oldest {}; last {}\n", text_of(deliveries.at("waiting")), text_of(deliveries.at("oldest_at")), newest);
        for (const auto& a : v.at("alarms").as_array())
            tell_alarm(a);
        for (const auto& hold : v.at("holds").as_array())
            fmt::print("HOLD            {} {} since {}: {}\n", text_of(hold.at("of")), text_of(hold.at("channel")), text_of(hold.at("since")), text_of(hold.at("reason")));
        return 0;
    });
}

}  // namespace pingjing::commands
