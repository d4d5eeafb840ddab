#include "providers/link/session.hpp"

#include <algorithm>
#include <utility>

namespace pingjing::link {

using namespace provider;

Session::Session(Dialect& dialect, SessionRules rules, Steady now, Instant wall)
    : dialect_(dialect), rules_(rules), frames_(dialect.frame_limits()), in_flight_(rules.window), began_(now), last_heard_(now) {
    output_ = dialect_.open(next_number(), wall);
    opens_ = !output_.empty();
}

std::uint32_t Session::next_number() {
    do last_number_ = last_number_ >= 0x7FFFFFFF ? 1 : last_number_ + 1;
    while (in_flight_.has(last_number_));  // after a whole turn one may still be unanswered
    return last_number_;
}

std::string Session::take_output() {
    in_flight_.all_written();
    unwritten_.clear();
    return std::exchange(output_, {});
}

void Session::receive(std::string_view bytes, Steady now, Instant wall) {
    if (state_ == State::closed) return;
    last_heard_ = now;
    asked_alive_.reset();
    frames_.feed(bytes);
    while (state_ != State::closed) {
        auto frame = frames_.next();
        if (!frame) break;
        hear(*frame, now, wall);
    }
    if (frames_.broken() && state_ != State::closed) {
        output_ += dialect_.to_bad_length();
        lost("a frame with an impossible length");
    }
    write_queue(now);
    go_on_closing(now);
}

void Session::hear(std::string_view frame, Steady now, Instant wall) {
    auto heard = dialect_.hear(frame, state_, wall);
    output_ += heard.reply;
    using Kind = Heard::Kind;
    switch (heard.kind) {
        case Kind::nothing: ignored_.push_back(std::move(heard.why)); break;
        case Kind::alive: break;
        case Kind::opened:
            if (state_ == State::opening) state_ = State::open, was_open_ = true;
            if (!heard.why.empty()) warnings_.push_back(std::move(heard.why));
            break;
        case Kind::refused:
            if (state_ != State::opening) break;
            refused_ = heard.credentials, not_before_ = heard.not_before;
            lost(heard.why);
            break;
        case Kind::answer:
            if (!heard.why.empty()) warnings_.push_back(std::move(heard.why));
            if (auto place = in_flight_.take(heard.number)) end_part(*place, std::move(heard.end), now);
            else ignored_.push_back("an answer to nothing");
            if (heard.again) begin_closing(now, false, true);
            break;
        case Kind::delivery: {
            if (!heard.why.empty()) warnings_.push_back(std::move(heard.why));
            auto id = ++last_delivery_;
            ++deliveries_open_;
            Kept kept{id, std::move(heard.delivery)};
            answers_[id] = {{}, kept.delivery.if_kept, kept.delivery.if_not};
            deliveries_.push_back(std::move(kept));
            break;
        }
        case Kind::leaving: begin_closing(now, true, false); break;
        case Kind::left:
            if (leave_said_) lost("closed");
            break;
        case Kind::broken: lost(heard.why); break;
    }
}

void Session::submit(std::uint64_t ticket, std::vector<std::string> frames, Steady now) {
    Message message;
    for (auto& frame : frames) {
        queue_.push_back({ticket, message.parts.size()});
        message.parts.emplace_back();
        message.parts.back().frame = std::move(frame);
    }
    messages_.emplace(ticket, std::move(message));
    if (state_ != State::open) return drop_waiting(ticket);
    write_queue(now);
}

void Session::write_queue(Steady now) {
    if (!may_write() || now < quiet_until_) return;
    while (!queue_.empty() && in_flight_.room() > 0) {
        auto turn = queue_.front();
        queue_.pop_front();
        auto found = messages_.find(turn.ticket);
        if (found == messages_.end()) continue;
        auto& part = found->second.parts[turn.part];
        if (part.state != Part::State::waiting) continue;
        auto number = next_number();
        auto frame = dialect_.numbered(part.frame, number);
        unwritten_.push_back({output_.size(), frame.size()});
        output_ += frame;
        part.id = dialect_.id_of_last();
        part.state = Part::State::sent;
        in_flight_.add(number, {turn.ticket, turn.part, now, false});
    }
}

void Session::end_part(const InFlightPart& place, PartEnd end, Steady now) {
    auto found = messages_.find(place.ticket);
    if (found == messages_.end()) return;
    auto& message = found->second;
    auto& part = message.parts[place.part];
    const auto* slower = std::get_if<Throttled>(&end.outcome);
    bool throttled = end.kind == PartEnd::Kind::refused && slower && slower->scope == Throttled::channel;
    if (throttled) quiet_until_ = std::max(quiet_until_, now + rules_.throttle_pause);
    // The carrier has the beginning of this text: its end is said again, for it was refused and not lost.
    bool begun = std::any_of(message.parts.begin(), message.parts.end(), [&](const Part& p) {
        return &p != &part && (p.state == Part::State::taken || p.state == Part::State::sent || p.tries > 0);
    });
    if (throttled && begun && may_write() && ++part.tries <= rules_.throttled_again) {
        part.state = Part::State::waiting;
        queue_.push_front({place.ticket, place.part});
        return;
    }
    part.state = end.kind == PartEnd::Kind::taken ? Part::State::taken : end.kind == PartEnd::Kind::refused ? Part::State::refused : Part::State::doubt;
    if (!end.id.empty()) part.id = std::move(end.id);
    part.outcome = std::move(end.outcome);
    if (part.state == Part::State::refused)
        for (auto& other : message.parts)
            if (other.state == Part::State::waiting) other.state = Part::State::unsent;
    conclude(place.ticket);
}

// With the ids of all its parts, if they have them: a report on some of them would else speak for the whole.
Ambiguous Session::doubt(std::uint64_t ticket, std::string why) const {
    Ambiguous out{std::move(why), {}};
    const auto& parts = messages_.at(ticket).parts;
    if (std::any_of(parts.begin(), parts.end(), [](const Part& p) { return p.id.empty(); })) return out;
    for (const auto& part : parts) out.vendor_ids.push_back(part.id);
    return out;
}

// What has not left will not leave here any more.
void Session::drop_waiting(std::uint64_t ticket) {
    auto found = messages_.find(ticket);
    if (found == messages_.end()) return;
    for (auto& part : found->second.parts)
        if (part.state == Part::State::waiting) part.state = Part::State::unsent;
    std::erase_if(queue_, [&](const Turn& turn) { return turn.ticket == ticket; });
    conclude(ticket);
}

std::vector<std::uint64_t> Session::tickets() const {
    std::vector<std::uint64_t> all;
    for (const auto& [ticket, message] : messages_) all.push_back(ticket);
    return all;
}

// Settles the message if every part of it has ended, or if there is nobody any more to end them.
void Session::conclude(std::uint64_t ticket) {
    auto found = messages_.find(ticket);
    if (found == messages_.end()) return;
    auto& message = found->second;
    std::vector<PartEnd> ends;
    std::size_t never_left = 0;
    for (auto& part : message.parts) {
        switch (part.state) {
            case Part::State::waiting: case Part::State::sent: return;
            case Part::State::taken: ends.push_back({PartEnd::Kind::taken, part.id, {}}); break;
            case Part::State::refused: ends.push_back({PartEnd::Kind::refused, {}, part.outcome}); break;
            case Part::State::doubt: ends.push_back({PartEnd::Kind::doubt, part.id, part.outcome}); break;
            case Part::State::unsent: ++never_left; break;
        }
    }
    settled_.push_back({ticket, whole(ends, never_left), true});
    messages_.erase(found);
}

void Session::answered(std::uint64_t delivery, bool durable) {
    auto found = answers_.find(delivery);
    if (found == answers_.end()) return;
    if (state_ != State::closed) output_ += durable ? found->second.if_kept : found->second.if_not;
    answers_.erase(found);
    --deliveries_open_;
}

void Session::close(Steady now) {
    if (state_ == State::opening) return lost("stopped before it was open");
    if (state_ == State::open) begin_closing(now, true, true);
}

void Session::begin_closing(Steady now, bool drain, bool say_so) {
    if (state_ == State::opening && !say_so) return lost("the peer closed");
    if (state_ != State::open) {
        if (state_ == State::closing && !say_so) say_leave_ = false;  // both at once: theirs is answered, ours needs no answer
        return;
    }
    state_ = State::closing;
    closing_since_ = now;
    drain_ = drain, say_leave_ = say_so;
    // What waits for its turn will not get it here, but a text that was begun is said to its end.
    for (auto ticket : tickets()) {
        const auto& parts = messages_.at(ticket).parts;
        bool begun = std::any_of(parts.begin(), parts.end(), [](const Part& p) { return p.state != Part::State::waiting; });
        if (!begun || !drain) drop_waiting(ticket);
    }
    go_on_closing(now);
}

void Session::go_on_closing(Steady now) {
    if (state_ != State::closing) return;
    bool enough = drained() || !drain_ || now - *closing_since_ >= rules_.drain_within;
    if (!enough) return;
    if (!say_leave_) return lost("the peer closed");
    if (!leave_said_) {
        leave_said_ = now;
        for (auto ticket : tickets()) drop_waiting(ticket);
        auto goodbye = dialect_.close(next_number());
        if (goodbye.empty()) return lost("closed");
        output_ += goodbye;
    } else if (now - *leave_said_ >= rules_.leave_within) {
        lost("closed without an answer");
    }
}

void Session::lost(const std::string& why) {
    if (state_ == State::closed) return;
    ended_idle_ = was_open_ && messages_.empty();
    state_ = State::closed;
    why_ = why;
    for (const auto& [number, place] : in_flight_.parts()) {
        auto found = messages_.find(place.ticket);
        if (found == messages_.end()) continue;
        auto& part = found->second.parts[place.part];
        part.state = place.written ? Part::State::doubt : Part::State::unsent;
        part.outcome = Ambiguous{"the link ended before its answer: " + why};
    }
    in_flight_.clear();
    for (auto ticket : tickets()) drop_waiting(ticket);
    // What is said not to have left must not leave with our last words, or it is sent twice.
    for (; !unwritten_.empty(); unwritten_.pop_back()) output_.erase(unwritten_.back().at, unwritten_.back().size);
}

// nullopt: not yet, whatever time passes.
std::optional<Steady> Session::quiet_at() const {
    if (asked_alive_) return std::nullopt;
    auto at = last_heard_ + rules_.idle;
    if (dialect_.when_quiet() == Quiet::ask) return at;
    if (state_ != State::open || !queue_.empty() || !answers_.empty()) return std::nullopt;
    // An answer that is overdue may still come, and settles its message: it is waited for as long again.
    for (const auto& [number, place] : in_flight_.parts()) at = std::max(at, place.since + std::max(rules_.idle, 2 * rules_.answer_within));
    return at;
}

void Session::be_quiet(Steady now) {
    switch (dialect_.when_quiet()) {
        case Quiet::ask:
            output_ += dialect_.keep_alive(next_number());
            asked_alive_ = now;
            break;
        case Quiet::leave: begin_closing(now, false, true); break;
        case Quiet::hang_up: lost("silence"); break;
    }
}

void Session::tick(Steady now) {
    if (state_ == State::opening && now - began_ >= rules_.open_within) return lost(opens_ ? "no answer to our opening" : "nobody said who he is");
    if (state_ == State::open || state_ == State::closing) {
        if (asked_alive_ && now - *asked_alive_ >= rules_.alive_within) return lost("silence");
        if (auto at = quiet_at(); at && now >= *at) be_quiet(now);
    }
    for (const auto& [number, place] : in_flight_.parts()) {
        auto found = messages_.find(place.ticket);
        if (found == messages_.end() || found->second.told || now - place.since < rules_.answer_within) continue;
        found->second.told = true;
        settled_.push_back({place.ticket, doubt(place.ticket, "no answer in time"), false});
    }
    // Each slot waits for an answer that is overdue: only a new connection gives them back.
    if (state_ == State::open && in_flight_.full_since(now - rules_.answer_within)) begin_closing(now, false, true);
    write_queue(now);
    go_on_closing(now);
}

std::optional<Steady> Session::next_tick() const {
    if (state_ == State::closed) return std::nullopt;
    if (state_ == State::opening) return began_ + rules_.open_within;
    auto next = asked_alive_ ? *asked_alive_ + rules_.alive_within : quiet_at().value_or(last_heard_ + std::chrono::hours(24));
    for (const auto& [number, place] : in_flight_.parts()) {
        auto found = messages_.find(place.ticket);
        if (found != messages_.end() && !found->second.told) next = std::min(next, place.since + rules_.answer_within);
    }
    if (!queue_.empty() && in_flight_.room() > 0) next = std::min(next, quiet_until_);
    if (state_ == State::closing) next = std::min(next, leave_said_ ? *leave_said_ + rules_.leave_within : drained() ? *closing_since_ : *closing_since_ + rules_.drain_within);
    return next;
}

Outcome whole(const std::vector<PartEnd>& parts, std::size_t never_left) {
    std::vector<std::string> ids;
    const PartEnd* refused = nullptr;
    const PartEnd* doubt = nullptr;
    std::size_t taken = 0;
    for (const auto& part : parts) {
        if (part.kind == PartEnd::Kind::taken) {
            ++taken;
            if (!part.id.empty()) ids.push_back(part.id);
        } else if (part.kind == PartEnd::Kind::refused) {
            if (!refused) refused = &part;
        } else if (!doubt) {
            doubt = &part;
        }
    }
    if (doubt) {
        auto outcome = doubt->outcome;
        bool named = never_left == 0 && std::all_of(parts.begin(), parts.end(), [](const PartEnd& p) { return p.kind != PartEnd::Kind::refused && !p.id.empty(); });
        if (auto* ambiguous = std::get_if<Ambiguous>(&outcome); ambiguous && named)
            for (const auto& part : parts) ambiguous->vendor_ids.push_back(part.id);
        return outcome;
    }
    if (taken == parts.size() && never_left == 0) return Accepted{std::move(ids)};
    auto why = refused ? std::string(outcome_name(refused->outcome)) + " " + outcome_detail(refused->outcome) : "the link ended before it left";
    if (taken > 0) return Partial{std::move(ids), why};
    return refused ? refused->outcome : Outcome(Retry{why});
}

}  // namespace pingjing::link
