// A simulated gateway and clients of ours at its connections, without sockets and on virtual time: what one writes the other reads.
#pragma once
#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/async/timer.hpp"
#include "daemon/text/octets.hpp"
#include "providers/link/session.hpp"
#include "providers/simulated/gateway.hpp"

namespace pingjing::test {

struct Protocol {
    link::ServerProtocol server{};
    simulated::Account account{};
    std::function<std::unique_ptr<link::Dialect>(const Clock&)> client{};
    std::function<std::unique_ptr<link::Dialect>()> host{};  // where the gateway calls
    std::function<Result<std::vector<std::string>>(const provider::Submission&, link::References&, Instant)> frames{};
    std::string number{};  // the access number, extension included
};
Protocol protocol_of(const std::string& name, const std::string& secret = "");

inline simulated::Habits read_habits(const std::string& toml, const link::ServerProtocol& protocol, std::string* problems = nullptr) {
    config::Problems all;
    auto document = config::Document::parse(toml, "h.toml", all);
    REQUIRE(document);
    config::Section section(*document, all);
    auto habits = simulated::read_habits(section, protocol);
    if (problems) *problems = all.text();
    else REQUIRE_MESSAGE(all.empty(), all.text());
    return habits;
}

inline simulated::CitizenSettings read_citizens(const std::string& toml, std::string* problems = nullptr) {
    config::Problems all;
    auto document = config::Document::parse(toml, "c.toml", all);
    REQUIRE(document);
    config::Section section(*document, all);
    auto citizens = simulated::read_citizens(section);
    if (problems) *problems = all.text();
    else REQUIRE_MESSAGE(all.empty(), all.text());
    return citizens;
}

class Town {
public:
    struct Client {
        std::unique_ptr<link::Dialect> dialect{};
        std::unique_ptr<link::Session> session{};
        simulated::Gateway::Id id = 0;
        bool durable = true, reads = true;  // what it keeps, and whether it hears anything
    };

    Town(Protocol p, const std::string& habits, const std::string& citizens, std::uint64_t seed = 5)
        : protocol(std::move(p)), journal([this](const std::string& line) { lines.push_back(line); }),
          gateway({protocol.server, read_habits(habits, protocol.server), read_citizens(citizens), {protocol.account}, seed, 1, true}, clock, journal) {}

    Client& connect() {
        auto& c = add(protocol.client(clock));
        c.id = gateway.connected("peer");
        settle();
        return c;
    }
    void submit(Client& c, std::uint64_t ticket, const std::string& text, const std::string& phone = "13800138000") {
        provider::Submission submission("r", *Phone::mobile(phone), Text(text), "07", std::chrono::hours(1));
        auto frames = protocol.frames(submission, references, clock.now());
        REQUIRE(frames);
        c.session->submit(ticket, std::move(*frames), clock.steady());
        settle();
    }
    void cut(Client& c) {
        c.session->lost("cut");
        gateway.gone(c.id);
        settle();
    }
    // Everybody says what there is to say, and time goes on from one moment at which somebody has something to do to the next.
    void pass(Steady time) {
        auto end = clock.steady() + time;
        for (settle();;) {
            auto next = gateway.next_tick();
            for (auto& c : clients)
                if (auto at = c->session->next_tick(); at && (!next || *at < *next)) next = at;
            if (!next || *next > end) break;
            clock.move_to(std::max(*next, clock.steady()));
            gateway.tick();
            for (auto& c : clients) c->session->tick(clock.steady());
            settle();
        }
        clock.move_to(end);
    }
    void settle() {
        for (bool moved = true; moved;) {
            moved = answer_calls();
            for (auto& c : clients) moved = exchange(*c) || moved;
        }
    }
    std::vector<std::string> kinds(const std::string& kind) const {
        std::vector<std::string> out;
        for (const auto& line : lines)
            if (line.find("\"kind\":\"" + kind + "\"") != line.npos) out.push_back(line);
        return out;
    }
    std::string outcomes() {
        std::string out;
        for (const auto& [ticket, outcome] : ended) out += fmt::format("{}{} {}", out.empty() ? "" : ", ", ticket, provider::outcome_name(outcome));
        return out;
    }
    std::vector<provider::Receipt> receipts() const { return only<provider::Receipt>(); }
    std::vector<provider::InboundText> texts() const { return only<provider::InboundText>(); }
    // The pieces of the only text in parts, joined.
    std::string joined() const {
        std::map<int, std::string> pieces;
        std::string charset;
        for (const auto& text : texts()) {
            if (!text.part) return text.text.reveal();
            pieces[text.part->number] = text.part->octets, charset = text.part->charset;
        }
        std::string octets;
        for (const auto& [number, piece] : pieces) octets += piece;
        return read_octets(octets, charset);
    }
    std::uint64_t count(const std::string& name) const { return journal.count_of(name); }

    Protocol protocol;
    VirtualClock clock{*parse_rfc3339("2026-11-22T12:00:00+08:00")};
    SeededRandom random{9};
    link::References references{random};
    std::vector<std::string> lines{};
    simulated::Journal journal;
    simulated::Gateway gateway;
    std::vector<std::unique_ptr<Client>> clients{};
    std::vector<std::pair<std::uint64_t, provider::Outcome>> ended{};
    std::vector<provider::Inbound> inbound{};
    link::SessionRules rules{};
    bool answers_calls = true;

private:
    Client& add(std::unique_ptr<link::Dialect> dialect) {
        clients.push_back(std::make_unique<Client>());
        auto& c = *clients.back();
        c.dialect = std::move(dialect);
        c.session = std::make_unique<link::Session>(*c.dialect, rules, clock.steady(), clock.now());
        return c;
    }
    bool answer_calls() {
        auto calls = gateway.take_calls();
        for (const auto& user : calls) {
            if (answers_calls) add(protocol.host()).id = gateway.called(user, "host");
            else gateway.call_failed(user, "nobody there");
        }
        return !calls.empty();
    }
    bool exchange(Client& c) {
        bool moved = false;
        if (c.session->has_output()) {
            auto octets = c.session->take_output();
            gateway.receive(c.id, octets);
            moved = true;
        }
        for (const auto& octets : gateway.take_output(c.id)) {
            if (c.reads) c.session->receive(octets, clock.steady(), clock.now());
            moved = true;
        }
        for (auto& kept : c.session->take_deliveries()) {
            if (c.durable)
                for (auto& one : kept.delivery.inbound) inbound.push_back(one);
            c.session->answered(kept.id, c.durable);
        }
        for (auto& settled : c.session->take_settled()) ended.emplace_back(settled.ticket, settled.outcome);
        if (gateway.ended(c.id) && c.session->state() != link::State::closed) c.session->lost("hung up"), moved = true;
        if (c.session->state() == link::State::closed && !gateway.ended(c.id)) gateway.gone(c.id), moved = true;
        return moved || c.session->has_output();
    }
    template <class T>
    std::vector<T> only() const {
        std::vector<T> out;
        for (const auto& i : inbound)
            if (const auto* one = std::get_if<T>(&i)) out.push_back(*one);
        return out;
    }
};

}  // namespace pingjing::test
