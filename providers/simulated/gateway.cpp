#include "providers/simulated/gateway.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/text/octets.hpp"
#include "providers/link/bytes.hpp"

namespace pingjing::simulated {

using link::Asked;
using link::Door;
using link::Submitted;
using link::Verdict;

namespace {

constexpr Steady hold_at_most = std::chrono::seconds(1), call_again = std::chrono::seconds(1), before_its_answer = std::chrono::milliseconds(300);

std::string_view name_of(Verdict::Kind kind) {
    switch (kind) {
        case Verdict::Kind::taken: return "taken";
        case Verdict::Kind::slower: return "slower";
        case Verdict::Kind::full: return "full";
        case Verdict::Kind::refused: return "refused";
    }
    return "";
}

bool is(const Fault* fault, Wrong what) { return fault && fault->what == what; }
std::string word_of(const Fault* fault) { return fault ? simulated::name_of(fault->what) : std::string(); }

// The octets of a frame that nobody can take for anything: an answer to what does not exist.
std::string rubbish(std::size_t header) { return std::move(link::Writer().u32(header).u32(0x80000F0F).octets(std::string(header - 8, '\x7F'))).take(); }

std::string with_length(std::string frame, std::uint32_t length) { return frame.replace(0, 4, std::move(link::Writer().u32(length)).take()); }

}  // namespace

Gateway::Gateway(GatewaySettings settings, const Clock& clock, Journal& journal)
    : settings_(std::move(settings)), clock_(clock), journal_(journal), citizens_(settings_.citizens, settings_.seed), schedule_(habits_.faults), random_(settings_.seed), began_(clock.steady()),
      speaker_(settings_.protocol.dialect(false)), messages_(settings_.first_id + habits_.first_id), deliveries_(static_cast<std::uint32_t>(settings_.first_id)) {
    for (const auto& account : settings_.accounts) users_[account.name].secret = account.secret;
}

Gateway::Connection* Gateway::find(Id id) {
    auto found = connections_.find(id);
    return found == connections_.end() ? nullptr : &found->second;
}
const Gateway::Connection* Gateway::find(Id id) const {
    auto found = connections_.find(id);
    return found == connections_.end() ? nullptr : &found->second;
}

Line Gateway::line(Id id, std::string_view direction, std::string_view kind) const {
    Line out(clock_.now(), direction, kind);
    out.count("connection", id);
    if (const auto* c = find(id)) out.add("user", c->user);
    return out;
}

// ── connections ──

Gateway::Id Gateway::connected(std::string from) {
    auto id = ++last_connection_;
    journal_.count("connections");
    auto& c = connections_.emplace(std::piecewise_construct, std::tuple(id), std::tuple(from, settings_.protocol.dialect(false), clock_.steady())).first->second;
    journal_.write(line(id, "in", "connected").add("peer", c.from));
    if (stopping_ || schedule_.outage(since_start())) end(id, "outage");
    return id;
}

Gateway::Id Gateway::called(const std::string& user, std::string to) {
    auto id = ++last_connection_;
    journal_.count("calls");
    auto& c = connections_.emplace(std::piecewise_construct, std::tuple(id), std::tuple(to, settings_.protocol.dialect(true), clock_.steady())).first->second;
    c.ours = true, c.user = user;
    journal_.write(line(id, "out", "connected").add("peer", c.from));
    write(c, c.dialect->open(user, users_[user].secret, ++deliveries_, clock_.now()));
    journal_.write(line(id, "out", "login"));
    return id;
}

void Gateway::call_failed(const std::string& user, const std::string& why) {
    auto& u = users_[user];
    --u.calling;
    u.no_call_before = clock_.steady() + call_again;
    journal_.count("calls_failed");
    journal_.write(Line(clock_.now(), "out", "call_failed").add("user", user).add("why", why));
    later(u.no_call_before, [this, user] { pump(user); });
}

void Gateway::strange(const std::string& peer, const std::string& why) {
    journal_.count("odd");
    journal_.write(Line(clock_.now(), "in", "odd").add("peer", peer).add("why", why));
}

void Gateway::end(Id id, const std::string& why) {
    auto* c = find(id);
    if (!c || c->state == State::ended) return;
    if (c->ours && c->state == State::opening) --users_[c->user].calling, users_[c->user].no_call_before = clock_.steady() + call_again;
    c->state = State::ended, c->why = why;
    journal_.write(line(id, "out", "closed").add("why", why));
    auto& user = users_[c->user];
    // What was not answered is said again elsewhere, before all that is newer.
    for (auto at = c->in_flight.rbegin(); at != c->in_flight.rend(); ++at) user.queue.push_front(at->second);
    c->in_flight.clear();
    if (!user.queue.empty()) later(clock_.steady() + (c->ours ? call_again : Steady{}), [this, name = c->user] { pump(name); });
}

void Gateway::gone(Id id) {
    end(id, "the peer hung up");
    connections_.erase(id);
}

std::vector<Gateway::Id> Gateway::connections() const {
    std::vector<Id> out;
    for (const auto& [id, c] : connections_) out.push_back(id);
    return out;
}

bool Gateway::has_output(Id id) const {
    const auto* c = find(id);
    return c && !c->out.empty();
}

bool Gateway::ended(Id id) const {
    const auto* c = find(id);
    return !c || c->state == State::ended;
}

std::vector<std::string> Gateway::take_output(Id id) {
    std::vector<std::string> out;
    auto* c = find(id);
    bool apart = true;
    while (c && !c->out.empty()) {
        auto& chunk = c->out.front();
        if (apart || chunk.apart || out.empty()) out.emplace_back();
        out.back() += chunk.octets;
        apart = chunk.apart;
        c->out.pop_front();
    }
    return out;
}

std::vector<std::string> Gateway::take_calls() { return std::exchange(calls_, {}); }

void Gateway::receive(Id id, std::string_view bytes) {
    auto* c = find(id);
    if (!c || c->state == State::ended) return;
    c->heard = clock_.steady();
    c->asked_alive.reset();
    c->frames.feed(bytes);
    while ((c = find(id)) && c->state != State::ended) {
        auto frame = c->frames.next();
        if (!frame) break;
        hear(id, *frame);
    }
    if (!c || c->state == State::ended || !c->frames.broken()) return;
    if (auto word = c->dialect->to_bad_length(); !word.empty()) write(*c, word);
    end(id, "a frame with an impossible length");
}

void Gateway::hear(Id id, std::string_view frame) {
    auto& c = *find(id);
    auto asked = c.dialect->hear(frame, c.state == State::open || c.state == State::leaving);
    if (!asked.reply.empty()) write(c, asked.reply);
    switch (asked.kind) {
        case Asked::Kind::nothing:
            journal_.count("odd");
            journal_.write(line(id, "in", "odd").add("why", asked.why));
            break;
        case Asked::Kind::login: admit(id, asked); break;
        case Asked::Kind::submit: submit(id, std::move(asked.submitted)); break;
        case Asked::Kind::taken: settle(id, asked.number, asked.status); break;
        case Asked::Kind::alive: journal_.write(line(id, "in", "alive")); break;
        case Asked::Kind::leaving:
            journal_.write(line(id, "in", "leave"));
            end(id, "the peer left");
            break;
        case Asked::Kind::left: end(id, "left"); break;
        case Asked::Kind::let_in:
            journal_.write(line(id, "in", "login").count("code", asked.status).add("status", asked.status == 0 ? "taken" : "refused"));
            if (asked.status != 0) return end(id, "the peer did not let us in");
            if (c.state != State::opening) break;
            --users_[c.user].calling;
            c.state = State::open, c.busy = clock_.steady();
            pump(c.user);
            break;
        case Asked::Kind::broken: end(id, asked.why); break;
    }
}

int Gateway::links_of(const std::string& user) const {
    return static_cast<int>(std::count_if(connections_.begin(), connections_.end(), [&](const auto& c) { return c.second.user == user && !c.second.ours && c.second.state == State::open; }));
}

void Gateway::admit(Id id, const Asked& asked) {
    auto& c = *find(id);
    const auto* fault = schedule_.next(At::login, since_start(), random_);
    auto found = users_.find(asked.user);
    auto door = found == users_.end() ? Door::wrong_user : !asked.proves(found->second.secret) ? Door::wrong_secret : links_of(asked.user) >= habits_.links ? Door::too_many : Door::open;
    if (is(fault, Wrong::refuse_login)) door = Door::too_many;
    constexpr const char* words[] = {"taken", "wrong user", "wrong secret", "too many"};
    auto said = line(id, "in", "login").add("user", asked.user).add("status", words[static_cast<int>(door)]).add("fault", word_of(fault));
    journal_.write(said);
    journal_.count(door == Door::open ? "logins" : "logins_refused");
    if (fault) journal_.count("fault_" + name_of(fault->what));
    if (is(fault, Wrong::silent_login)) return;
    write(c, c.dialect->answer_login(door, door == Door::open ? found->second.secret : ""));
    if (door != Door::open) return end(id, "not let in");
    c.state = State::open, c.user = asked.user;
    pump(c.user);
}

// ── texts ──

Verdict Gateway::judge(Connection& c, const Fault*& fault, std::string& why) {
    auto now = clock_.steady();
    auto& taken = users_[c.user].taken;
    while (!taken.empty() && now - taken.front() >= std::chrono::seconds(1)) taken.pop_front();
    if (c.unanswered >= habits_.window) return why = "window", Verdict{Verdict::Kind::slower};
    if (habits_.tps > 0 && static_cast<int>(taken.size()) >= habits_.tps) return why = "tps", Verdict{Verdict::Kind::slower};
    fault = schedule_.next(At::submit, since_start(), random_);
    if (!fault) return {};
    why = name_of(fault->what);
    switch (fault->what) {
        case Wrong::throttle: return {Verdict::Kind::slower};
        case Wrong::queue_full: return {Verdict::Kind::full};
        case Wrong::refuse: return {Verdict::Kind::refused, fault->code};
        default: return {};
    }
}

std::string Gateway::shown_name(const Submitted& submitted, const std::string& name) const {
    return name.empty() ? name : speaker_->shown(submitted, name, habits_.answers);
}

void Gateway::submit(Id id, Submitted submitted) {
    auto& c = *find(id);
    const Fault* fault = nullptr;
    std::string why;
    auto verdict = judge(c, fault, why);
    bool taken = verdict.kind == Verdict::Kind::taken && (!fault || fault->taken);
    auto name = taken ? c.dialect->name(submitted, messages_++, clock_.now()) : std::string();
    auto shown = shown_name(submitted, name);
    auto said = line(id, "in", "submit").add("id", shown).add("from", submitted.from);
    if (submitted.to.size() == 1) said.add("to", submitted.to.front());
    else said.add("to", submitted.to);
    said.add("text", read_octets(submitted.octets, submitted.charset)).count("data_coding", submitted.coding).add("validity", submitted.validity);
    if (submitted.place) said.count("part", static_cast<std::uint64_t>(submitted.place->number)).count("parts", static_cast<std::uint64_t>(submitted.place->total));
    said.add("status", taken || verdict.kind != Verdict::Kind::taken ? name_of(verdict.kind) : "lost").add("fault", why);
    journal_.write(said);
    if (!submitted.odd.empty()) {
        journal_.count("odd");
        journal_.write(line(id, "in", "odd").add("id", shown).add("why", submitted.odd));
    }
    journal_.count("submits");
    journal_.count(taken ? "taken" : verdict.kind == Verdict::Kind::taken ? "lost" : std::string(name_of(verdict.kind)));
    if (!why.empty()) journal_.count("fault_" + why);

    auto now = clock_.steady();
    auto due = std::max(now + Steady(somewhere(habits_.latency, random_)), c.last_answer);
    bool report_first = is(fault, Wrong::report_first);
    if (taken) {
        users_[c.user].taken.push_back(now);
        take(id, submitted, name, shown, due, report_first);
    }
    plan_answer(id, submitted, name, verdict, fault, due);
}

void Gateway::plan_answer(Id id, const Submitted& submitted, const std::string& name, Verdict verdict, const Fault* fault, Steady due) {
    auto& c = *find(id);
    if (is(fault, Wrong::no_response)) return;
    if (is(fault, Wrong::drop)) return end(id, "a fault: drop");
    ++c.unanswered;
    if (is(fault, Wrong::late_response)) due += fault->after;
    else if (is(fault, Wrong::report_first)) due += Steady(habits_.report.most) + before_its_answer;
    else c.last_answer = due;
    auto work = [this, id, submitted, name, verdict, fault] { answer(id, submitted, name, verdict, fault); };
    if (is(fault, Wrong::out_of_order)) {
        c.held.push_back(work);
        auto release = [this, id] {
            if (auto* held = find(id))
                for (auto& one : std::exchange(held->held, {})) one();
        };
        return later(due + hold_at_most, release);
    }
    if (due <= clock_.steady()) return work();
    later(due, work);
}

void Gateway::answer(Id id, const Submitted& submitted, const std::string& name, Verdict verdict, const Fault* fault) {
    auto* c = find(id);
    if (!c || c->state == State::ended) return;
    --c->unanswered;
    auto octets = c->dialect->answer(submitted, name, verdict, habits_.answers);
    journal_.write(line(id, "out", "response").add("id", shown_name(submitted, name)).add("status", name_of(verdict.kind)).add("fault", word_of(fault)));
    journal_.count("responses");
    if (is(fault, Wrong::half_pdu)) {
        write(*c, octets.substr(0, octets.size() / 2));
        return end(id, "a fault: half_pdu");
    }
    if (is(fault, Wrong::wrong_length)) octets = with_length(std::move(octets), messages_ % 2 ? 0x7FFFFFFF : 3);
    if (is(fault, Wrong::rubbish))
        for (int i = 0; i < 2; ++i) write(*c, rubbish(c->dialect->frame_limits().least));
    if (is(fault, Wrong::pieces))
        for (std::size_t at = 0; at < octets.size(); at += 5) write(*c, octets.substr(at, 5), true);
    else write(*c, octets);
    if (is(fault, Wrong::duplicate_response))
        later(clock_.steady() + fault->after, [this, id, octets] {
            if (auto* still = find(id); still && still->state == State::open) write(*still, octets);
        });
    if (!is(fault, Wrong::out_of_order))
        for (auto& held : std::exchange(c->held, {})) held();
}

std::string Gateway::state_for(const std::string& to) {
    double sum = 0;
    for (const auto& [state, share] : habits_.states) sum += share;
    SeededRandom random(seed_of(settings_.seed, "state " + to, ++texts_[to]));
    double at = random.unit() * sum;
    for (const auto& [state, share] : habits_.states) {
        if (at < share) return state;
        at -= share;
    }
    return "DELIVRD";
}

void Gateway::take(Id id, const Submitted& submitted, const std::string& name, const std::string& shown, Steady due, bool report_first) {
    for (const auto& to : submitted.to) take_for(id, submitted, to, name, shown, due, report_first);
}

void Gateway::take_for(Id id, const Submitted& submitted, const std::string& to, const std::string& name, const std::string& shown, Steady due, bool report_first) {
    auto place = submitted.place.value_or(link::Place{});
    auto key = fmt::format("{} {} {} {} {}", find(id)->user, submitted.from, to, place.reference, place.total);
    auto& join = joins_[key];
    if (join.state.empty()) join.state = state_for(to);
    join.pieces[place.number] = {submitted.octets, submitted.charset, shown};
    bool failed = join.state != "DELIVRD";
    bool wanted = submitted.report == link::Wants::always || (submitted.report == link::Wants::failures && failed) || (submitted.report == link::Wants::successes && !failed);
    if (wanted) plan_reports(id, submitted, to, name, shown, join.state, report_first ? clock_.steady() : due);
    if (static_cast<int>(join.pieces.size()) < place.total) return;
    hand_over(id, submitted, to, join, due);
    joins_.erase(key);
}

void Gateway::plan_reports(Id id, const Submitted& submitted, const std::string& to, const std::string& name, const std::string& shown, const std::string& state, Steady due) {
    if (random_.unit() >= habits_.report_share) return;
    const auto* fault = schedule_.next(At::report, since_start(), random_);
    if (fault) journal_.count("fault_" + simulated::name_of(fault->what));
    if (is(fault, Wrong::no_report)) return;
    due += Steady(somewhere(habits_.report, random_));
    link::Report report;
    report.id = name, report.phone = to, report.number_of_sp = submitted.from, report.submitted = clock_.now();
    if (random_.unit() < habits_.waiting_share) {
        report.state = "ACCEPTD";
        add_report(id, report, shown, nullptr, due);
        due += std::chrono::milliseconds(200);
    }
    report.state = state;
    if (is(fault, Wrong::foreign_report)) {
        auto foreign = report;
        Submitted nobody = submitted;
        nobody.number = std::string(8, '\x7F') + std::move(link::Writer().u32(reports_)).take();  // where the number is the name
        foreign.id = speaker_->name(nobody, messages_ + 7'000'000, clock_.now() - std::chrono::days(40));
        add_report(id, foreign, shown_name(nobody, foreign.id), fault, due);
        fault = nullptr;
    }
    if (is(fault, Wrong::late_report)) due += fault->after;
    add_report(id, report, shown, fault, due);
}

void Gateway::add_report(Id id, const link::Report& report, const std::string& shown, const Fault* fault, Steady due) {
    auto parcel = std::make_shared<Outgoing>();
    parcel->user = find(id)->user, parcel->origin = id, parcel->shown = shown;
    parcel->spelling = habits_.spellings[reports_++ % habits_.spellings.size()];
    parcel->fault = word_of(fault);
    parcel->elsewhere = is(fault, Wrong::other_connection);
    if (is(fault, Wrong::duplicate_report)) parcel->again = fault->after;
    parcel->what = report;
    later(due, [this, parcel] { queue(parcel); });
}

// The whole text is on the phone: its owner reads it.
void Gateway::hand_over(Id id, const Submitted& submitted, const std::string& to, const Join& join, Steady due) {
    std::string octets, charset;
    std::vector<std::string> ids;
    for (const auto& [number, piece] : join.pieces) octets += piece.octets, charset = piece.charset, ids.push_back(piece.shown);
    auto text = read_octets(octets, charset);
    bool question = citizens_.is_question(text);
    journal_.write(line(id, "in", "text").add("ids", ids).add("from", submitted.from).add("to", to).add("text", text).count("parts", join.pieces.size()).add("status", join.state).flag("question", question));
    journal_.count("texts");
    if (question) journal_.count("questions");
    if (join.state != "DELIVRD") return;
    auto phone = Phone::sender(to);
    auto from = habits_.number_prefix.empty() ? to : habits_.number_prefix + phone.reveal();
    auto user = find(id)->user;
    for (auto& answer : citizens_.read(phone, text))
        later(due + Steady(answer.after), [this, user, id, from, sp = submitted.from, said = std::move(answer.text)] { reply(user, id, from, sp, said); });
}

// ── what goes back ──

void Gateway::reply(const std::string& user, Id origin, const std::string& from, const std::string& to, const std::string& text) {
    const auto* fault = schedule_.next(At::reply, since_start(), random_);
    auto word = word_of(fault);
    if (fault) journal_.count("fault_" + word);
    auto count = replies_++;
    auto parts = speaker_->cut(text, habits_.long_texts[count % habits_.long_texts.size()], static_cast<std::uint16_t>(count + 1));
    journal_.write(Line(clock_.now(), "out", "citizen").add("user", user).add("from", from).add("to", to).add("text", text).count("parts", parts.size()).add("fault", word));
    journal_.count("answers");
    if (is(fault, Wrong::backwards)) std::reverse(parts.begin(), parts.end());
    for (auto& part : parts) {
        auto parcel = std::make_shared<Outgoing>();
        part.phone = from, part.number_of_sp = to, part.at = clock_.now();
        parcel->user = user, parcel->origin = origin, parcel->text = text, parcel->fault = word;
        if (is(fault, Wrong::duplicate_reply)) parcel->again = fault->after;
        parcel->what = std::move(part);
        if (is(fault, Wrong::late_reply)) later(clock_.steady() + fault->after, [this, parcel] { queue(parcel); });
        else queue(parcel);
    }
}

void Gateway::queue(Parcel parcel) {
    if (parcel->number == 0) parcel->number = ++deliveries_ & 0x7FFFFFFF;
    auto user = parcel->user;
    users_[user].queue.push_back(std::move(parcel));
    pump(user);
}

// Where it came from, if that can be; where it must not go there, anywhere else first.
std::optional<Gateway::Id> Gateway::connection_for(const Outgoing& parcel) const {
    std::optional<Id> best;
    auto worse = [&](Id id, const Connection& c) {
        bool there = id == parcel.origin;
        return std::pair(there == parcel.elsewhere, c.in_flight.size());
    };
    for (const auto& [id, c] : connections_) {
        bool can = c.state == State::open && c.user == parcel.user && c.dialect->delivers() && static_cast<int>(c.in_flight.size()) < habits_.delivery_window;
        if (can && (!best || worse(id, c) < worse(*best, *find(*best)))) best = id;
    }
    return best;
}

void Gateway::pump(const std::string& user) {
    auto& queue = users_[user].queue;
    while (!queue.empty() && !stopping_) {
        auto to = connection_for(*queue.front());
        if (!to) break;
        auto parcel = queue.front();
        queue.pop_front();
        say(*to, parcel);
    }
    call_if_needed(user);
}

void Gateway::call_if_needed(const std::string& user) {
    auto& u = users_[user];
    auto now = clock_.steady();
    if (!settings_.protocol.calls || !settings_.may_call || stopping_ || u.queue.empty() || now < u.no_call_before) return;
    if (schedule_.outage(since_start())) {
        u.no_call_before = now + call_again;
        return later(u.no_call_before, [this, user] { pump(user); });
    }
    auto open = std::count_if(connections_.begin(), connections_.end(), [&](const auto& c) { return c.second.ours && c.second.user == user && c.second.state == State::open; });
    // One call at a time: what it brings may be enough.
    if (u.calling > 0 || open >= habits_.call_links) return;
    ++u.calling;
    calls_.push_back(user);
}

void Gateway::say(Id id, const Parcel& parcel) {
    auto& c = *find(id);
    auto tries = ++parcel->tries;
    c.busy = clock_.steady();
    bool is_report = std::holds_alternative<link::Report>(parcel->what);
    auto said = line(id, "out", is_report ? "report" : "reply");
    said.count("delivery", parcel->number);
    if (auto* report = std::get_if<link::Report>(&parcel->what)) {
        report->number = parcel->number, report->done = clock_.now();
        write(c, c.dialect->say(*report, parcel->spelling));
        said.add("id", parcel->shown).add("from", report->phone).add("to", report->number_of_sp).add("status", report->state).add("spelling", parcel->spelling);
    } else {
        auto& part = std::get<link::ReplyPart>(parcel->what);
        part.number = parcel->number;
        write(c, c.dialect->say(part));
        said.add("from", part.phone).add("to", part.number_of_sp).add("text", parcel->text);
        if (part.place) said.count("part", static_cast<std::uint64_t>(part.place->number)).count("parts", static_cast<std::uint64_t>(part.place->total)).add("spelling", part.way);
    }
    if (tries > 1) said.count("try", static_cast<std::uint64_t>(tries)), journal_.count("said_again");
    journal_.write(said.add("fault", parcel->fault));
    journal_.count(is_report ? "reports" : "replies");
    c.in_flight[parcel->number] = parcel;
    later(clock_.steady() + habits_.taken_within, [this, id, parcel, tries] {
        auto* still = find(id);
        if (!still || parcel->tries != tries || still->in_flight.erase(parcel->number) == 0) return;
        journal_.count("not_taken");
        queue(parcel);
    });
}

void Gateway::settle(Id id, std::uint32_t number, std::uint32_t status) {
    auto& c = *find(id);
    auto found = c.in_flight.find(number);
    auto said = line(id, "in", "taken").count("delivery", number).count("code", status).add("status", status == 0 ? "taken" : "refused");
    journal_.write(said);
    if (found == c.in_flight.end()) return journal_.count("odd");
    auto parcel = found->second;
    c.in_flight.erase(found);
    c.busy = clock_.steady();
    auto again = status == 0 ? std::exchange(parcel->again, {}) : std::optional(habits_.again_after);
    bool is_report = std::holds_alternative<link::Report>(parcel->what);
    journal_.count(status != 0 ? "not_taken" : is_report ? "reports_taken" : "replies_taken");
    if (again) later(clock_.steady() + *again, [this, parcel] { queue(parcel); });
    pump(parcel->user);
}

// ── time ──

// When something has to be done about a connection on which nothing happens.
std::optional<Steady> Gateway::due_of(const Connection& c) const {
    switch (c.state) {
        case State::opening: return c.began + habits_.login_within;
        case State::open:
            if (c.asked_alive) return *c.asked_alive + habits_.alive_within;
            if (c.ours) return c.in_flight.empty() ? std::optional(c.busy + habits_.call_idle) : std::nullopt;
            return c.heard + std::min(habits_.idle, settings_.protocol.calls ? habits_.idle : habits_.keep_alive);
        case State::leaving: return c.began + habits_.alive_within;
        case State::ended: break;
    }
    return std::nullopt;
}

void Gateway::keep(Id id) {
    auto& c = *find(id);
    auto now = clock_.steady();
    auto due = due_of(c);
    if (!due || now < *due) return;
    if (c.state == State::opening) return end(id, "no login in time");
    if (c.state == State::leaving) return end(id, "no answer to our leaving");
    if (c.asked_alive) return end(id, "no answer to whether it lives");
    auto question = c.ours ? std::string() : c.dialect->ask_alive(++deliveries_);
    if (!question.empty() && now < c.heard + habits_.idle) {
        c.asked_alive = now;
        write(c, question);
        return journal_.write(line(id, "out", "alive"));
    }
    if (!c.ours) return end(id, "nothing was heard for too long");
    c.state = State::leaving, c.began = now;
    write(c, c.dialect->leave(++deliveries_));
    journal_.write(line(id, "out", "leave"));
}

void Gateway::tick() {
    auto now = clock_.steady();
    if (schedule_.outage(since_start()))
        for (auto id : connections()) end(id, "a fault: outage");
    while (!events_.empty() && events_.begin()->first <= now) {
        auto work = std::move(events_.begin()->second);
        events_.erase(events_.begin());
        work();
    }
    for (auto id : connections()) keep(id);
}

std::optional<Steady> Gateway::next_tick() const {
    std::optional<Steady> next;
    auto sooner = [&](std::optional<Steady> at) {
        if (at && (!next || *at < *next)) next = at;
    };
    if (!events_.empty()) sooner(events_.begin()->first);
    if (auto edge = schedule_.next_outage_edge(since_start())) sooner(began_ + *edge);
    for (const auto& [id, c] : connections_) sooner(due_of(c));
    return next;
}

void Gateway::stop() {
    stopping_ = true;
    for (auto id : connections()) {
        auto& c = *find(id);
        if (c.state == State::opening) end(id, "stopped");
        if (c.state != State::open) continue;
        c.state = State::leaving, c.began = clock_.steady();
        write(c, c.dialect->leave(++deliveries_));
        journal_.write(line(id, "out", "leave"));
    }
}

}  // namespace pingjing::simulated
