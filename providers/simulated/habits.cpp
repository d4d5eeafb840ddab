#include "providers/simulated/habits.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pingjing::simulated {
namespace {

using namespace std::chrono_literals;

struct Row { const char* name; Wrong wrong; std::optional<At> at; };
constexpr Row table[] = {
    {"refuse_login", Wrong::refuse_login, At::login}, {"silent_login", Wrong::silent_login, At::login},
    {"throttle", Wrong::throttle, At::submit}, {"queue_full", Wrong::queue_full, At::submit}, {"refuse", Wrong::refuse, At::submit},
    {"no_response", Wrong::no_response, At::submit}, {"late_response", Wrong::late_response, At::submit}, {"drop", Wrong::drop, At::submit},
    {"half_pdu", Wrong::half_pdu, At::submit}, {"wrong_length", Wrong::wrong_length, At::submit}, {"duplicate_response", Wrong::duplicate_response, At::submit},
    {"out_of_order", Wrong::out_of_order, At::submit}, {"report_first", Wrong::report_first, At::submit}, {"pieces", Wrong::pieces, At::submit}, {"rubbish", Wrong::rubbish, At::submit},
    {"no_report", Wrong::no_report, At::report}, {"late_report", Wrong::late_report, At::report}, {"duplicate_report", Wrong::duplicate_report, At::report},
    {"foreign_report", Wrong::foreign_report, At::report}, {"other_connection", Wrong::other_connection, At::report},
    {"late_reply", Wrong::late_reply, At::reply}, {"duplicate_reply", Wrong::duplicate_reply, At::reply}, {"backwards", Wrong::backwards, At::reply},
    {"outage", Wrong::outage, std::nullopt},
};

const Row& row_of(Wrong wrong) {
    return *std::find_if(std::begin(table), std::end(table), [&](const Row& r) { return r.wrong == wrong; });
}

Fault read_fault(config::Section& s) {
    std::vector<std::string> names;
    for (const auto& row : table) names.push_back(row.name);
    auto name = s.one_of("what", "", names);
    Fault f;
    auto row = std::find_if(std::begin(table), std::end(table), [&](const Row& r) { return name == r.name; });
    if (row == std::end(table)) {
        if (!s.has("what")) s.problem("what", "a fault needs 'what'");
        s.skip_rest();
        return f;
    }
    f.what = row->wrong;
    f.from = s.duration("from", 0ms, 0ms, 24h * 30);
    if (s.has("until")) f.until = s.duration("until", 0ms, 0ms, 24h * 30);
    if (f.until && *f.until <= f.from) s.problem("until", "until is not after from");
    if (f.what == Wrong::outage) {
        if (!f.until) s.problem("what", "an outage needs 'until'");
        s.finish();
        return f;
    }
    if (s.has("share")) f.share = s.real("share", 0, 0, 1);
    if (f.share && s.has("every")) s.problem("every", "every and share: expected one of them");
    f.every = static_cast<std::uint64_t>(s.integer("every", 1, 1, 1'000'000'000));
    f.first = static_cast<std::uint64_t>(s.integer("first", static_cast<std::int64_t>(f.every), 1, 1'000'000'000));
    f.most = static_cast<std::uint64_t>(s.integer("most", 0, 0, 1'000'000'000));
    bool may_be_taken = f.what == Wrong::no_response || f.what == Wrong::drop || f.what == Wrong::half_pdu || f.what == Wrong::wrong_length;
    if (may_be_taken) f.taken = s.flag("taken", true);
    bool later = f.what == Wrong::late_response || f.what == Wrong::late_report || f.what == Wrong::late_reply || f.what == Wrong::duplicate_report || f.what == Wrong::duplicate_reply ||
                 f.what == Wrong::duplicate_response;
    if (later) f.after = s.duration("after", 4s, 0ms, 24h);
    if (f.what == Wrong::refuse) f.code = static_cast<std::uint32_t>(s.integer("code", 0, 0, 0xFFFFFFFF));
    s.finish();
    return f;
}

// Each of a list that stands in another one; `fallback` where there is none.
std::vector<std::string> some_of(config::Section& s, const std::string& key, const std::vector<std::string>& allowed, std::vector<std::string> fallback) {
    auto said = s.texts(key);
    for (const auto& one : said)
        if (std::find(allowed.begin(), allowed.end(), one) == allowed.end()) s.problem(key, fmt::format("{}: \"{}\": expected some of \"{}\"", key, one, fmt::join(allowed, "\", \"")));
    return said.empty() ? fallback : said;
}

void read_gateway(config::Section& s, const link::ServerProtocol& protocol, Habits& h) {
    auto whole = [&](const char* key, int fallback, int least, int most) { return static_cast<int>(s.integer(key, fallback, least, most)); };
    h.window = whole("window", h.window, 1, 100'000);
    h.tps = whole("tps", h.tps, 0, 1'000'000);
    h.links = whole("links", h.links, 1, 100'000);
    h.latency = read_range(s, "latency", h.latency);
    h.login_within = s.duration("login_within", 30s, 100ms, 1h);
    h.keep_alive = s.duration("keep_alive", 30s, 100ms, 24h);
    h.alive_within = s.duration("alive_within", 10s, 100ms, 1h);
    h.idle = s.duration("idle", protocol.calls ? 60'000ms : 300'000ms, 100ms, 24h);
    h.delivery_window = whole("delivery_window", h.delivery_window, 1, 10'000);
    h.taken_within = s.duration("taken_within", 10s, 100ms, 1h);
    h.again_after = s.duration("again_after", 1s, 10ms, 1h);
    if (protocol.calls) {
        h.call_links = whole("call_links", h.call_links, 1, 100);
        h.call_idle = s.duration("call_idle", 3s, 10ms, 1h);
    }
    h.first_id = static_cast<std::uint64_t>(s.integer("first_id", 0, 0, 1'000'000'000'000));
    if (protocol.answers.size() > 1) h.answers = s.one_of("answered_ids", h.answers, protocol.answers);
    s.finish();
}

}  // namespace

std::string name_of(Wrong wrong) { return row_of(wrong).name; }

Habits usual(const link::ServerProtocol& protocol) {
    Habits h;
    h.answers = protocol.answers.front();
    h.spellings = {protocol.reports.front()};
    h.long_texts = {protocol.long_texts.front()};
    if (protocol.calls) h.idle = std::chrono::seconds(60);
    return h;
}

Habits read_habits(config::Section& s, const link::ServerProtocol& protocol) {
    auto h = usual(protocol);
    auto gateway = s.child("gateway"), reports = s.child("reports"), replies = s.child("replies");
    read_gateway(gateway, protocol, h);
    h.report_share = reports.real("share", h.report_share, 0, 1);
    h.waiting_share = reports.real("waiting_share", h.waiting_share, 0, 1);
    h.report = read_range(reports, "after", h.report);
    h.spellings = some_of(reports, "spellings", protocol.reports, h.spellings);
    auto states = reports.child("states");
    if (reports.has("states")) h.states.clear();
    for (const auto& state : states.keys()) {
        h.states[state] = states.real(state, 0, 0, 1'000'000);
        if (state.empty() || state.size() > 7) states.problem(state, fmt::format("{}: expected a state of at most seven characters", state));
    }
    states.finish();
    reports.finish();
    h.long_texts = some_of(replies, "long_texts", protocol.long_texts, h.long_texts);
    h.number_prefix = replies.text("number_prefix", h.number_prefix);
    replies.finish();
    for (auto& fault : s.children("fault")) h.faults.push_back(read_fault(fault));
    s.finish();
    return h;
}

const Fault* Schedule::next(At at, Steady since_start, Random& random) {
    const Fault* found = nullptr;
    for (std::size_t i = 0; i < faults_.size(); ++i) {
        const auto& fault = faults_[i];
        auto& count = counts_[i];
        if (row_of(fault.what).at != at || since_start < fault.from || (fault.until && since_start >= *fault.until)) continue;
        ++count.seen;
        bool due = fault.share ? random.unit() < *fault.share : count.seen >= fault.first && (count.seen - fault.first) % fault.every == 0;
        if (!due || found || (fault.most > 0 && count.done >= fault.most)) continue;
        ++count.done;
        found = &fault;
    }
    return found;
}

bool Schedule::outage(Steady since_start) const {
    return std::any_of(faults_.begin(), faults_.end(), [&](const Fault& f) { return f.what == Wrong::outage && since_start >= f.from && since_start < *f.until; });
}

std::optional<Steady> Schedule::next_outage_edge(Steady since_start) const {
    std::optional<Steady> next;
    for (const auto& f : faults_)
        if (f.what == Wrong::outage && f.from > since_start && (!next || f.from < *next)) next = f.from;
    return next;
}

}  // namespace pingjing::simulated
