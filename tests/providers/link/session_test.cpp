// The machine of one connection, on times that are arguments. Its protocol is a toy: a frame is length, kind, number and a rest.
#include "providers/link/session.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace pingjing;
using namespace pingjing::link;

namespace {

// Kinds: B bind, b bound, S submit, t taken (rest: id), r refused, x throttled, d in doubt, A alive?, a alive, U unbind, u unbound, D delivery, k kept, n not kept.
std::string frame(char kind, std::uint32_t number, std::string_view rest = "") {
    return std::move(Writer().u32(0).u8(static_cast<unsigned char>(kind)).u32(number).octets(rest)).framed();
}

class Toy final : public Dialect {
public:
    FrameLimits frame_limits() const override { return {9, 1000}; }
    std::string open(std::uint32_t number, Instant) override { return frame('B', number); }
    std::string keep_alive(std::uint32_t number) override { return frame('A', number); }
    std::string close(std::uint32_t number) override { return frame('U', number); }
    std::string numbered(std::string part, std::uint32_t number) override { return frame('S', number, part); }
    std::string to_bad_length() override { return frame('!', 0); }
    Heard hear(std::string_view bytes, State, Instant) override {
        Reader in(bytes);
        (void)in.u32();
        auto kind = static_cast<char>(in.u8());
        Heard heard;
        heard.number = in.u32();
        std::string rest(in.rest());
        switch (kind) {
            case 'b': heard.kind = Heard::Kind::opened; break;
            case 'f': heard.kind = Heard::Kind::refused, heard.why = "no", heard.credentials = rest == "password"; break;
            case 't': heard.kind = Heard::Kind::answer, heard.end = {PartEnd::Kind::taken, rest, {}}; break;
            case 'r': heard.kind = Heard::Kind::answer, heard.end = {PartEnd::Kind::refused, {}, provider::Permanent{provider::Permanent::number, "r"}}; break;
            case 'x': heard.kind = Heard::Kind::answer, heard.end = {PartEnd::Kind::refused, {}, provider::Throttled{}}; break;
            case 'd': heard.kind = Heard::Kind::answer, heard.end = {PartEnd::Kind::doubt, {}, provider::Ambiguous{"d"}}; break;
            case 'A': heard.kind = Heard::Kind::alive, heard.reply = frame('a', heard.number); break;
            case 'a': heard.kind = Heard::Kind::alive; break;
            case 'U': heard.kind = Heard::Kind::leaving, heard.reply = frame('u', heard.number); break;
            case 'u': heard.kind = Heard::Kind::left; break;
            case 'D':
                heard.kind = Heard::Kind::delivery;
                heard.delivery = {{}, frame('k', heard.number), frame('n', heard.number)};
                break;
            default: heard.why = "what is that"; break;
        }
        return heard;
    }
};

// A peer's view: what was said to it as "B1 S2:one".
struct Peer {
    explicit Peer(SessionRules r = {}) : rules(r), session(toy, rules, now, wall) {}
    Peer& open() {
        CHECK(said() == "B1");
        says('b', 1);
        REQUIRE(session.state() == State::open);
        return *this;
    }
    void says(char kind, std::uint32_t number, std::string_view rest = "") { session.receive(frame(kind, number, rest), now, wall); }
    void pass(Steady time) {
        auto end = now + time;
        // As the shell does it: at every moment that the machine has asked for.
        while (auto next = session.next_tick()) {
            if (*next > end) break;
            now = std::max(now, *next);
            session.tick(now);
            if (now == end) break;
        }
        now = end;
        session.tick(now);
    }
    std::string said() {
        std::string out;
        FrameReader frames({9, 1000});
        auto bytes = session.take_output();
        frames.feed(bytes);
        while (auto one = frames.next()) {
            Reader in(*one);
            (void)in.u32();
            auto kind = static_cast<char>(in.u8());
            auto number = in.u32();
            out += fmt::format("{}{}{}{}", out.empty() ? "" : " ", kind, number, in.at_end() ? "" : ":" + std::string(in.rest()));
        }
        return out;
    }
    std::string settled() {
        std::string out;
        for (const auto& s : session.take_settled()) {
            out += fmt::format("{}{} {}{}", out.empty() ? "" : ", ", s.ticket, provider::outcome_name(s.outcome), s.last ? "" : " so far");
            if (const auto* taken = std::get_if<provider::Accepted>(&s.outcome))
                for (const auto& id : taken->vendor_ids) out += " " + id;
            if (const auto* some = std::get_if<provider::Partial>(&s.outcome))
                for (const auto& id : some->vendor_ids) out += " " + id;
        }
        return out;
    }
    void submit(std::uint64_t ticket, std::vector<std::string> parts) { session.submit(ticket, std::move(parts), now); }

    Toy toy;
    SessionRules rules;
    Steady now = std::chrono::hours(1);
    Instant wall = *parse_rfc3339("2026-11-21T08:00:00+08:00");
    Session session;
};

SessionRules window(int n) {
    SessionRules rules;
    rules.window = n;
    return rules;
}

}  // namespace

TEST_CASE("a link says who it is, and sends nothing before it was let in") {
    Peer peer;
    CHECK(peer.session.room() == 0);
    CHECK(peer.said() == "B1");
    peer.submit(7, {"one"});  // nobody does this while there is no room
    CHECK(peer.said().empty());
    CHECK(peer.settled() == "7 retry");
    peer.says('b', 1);
    CHECK(peer.session.state() == State::open);
    CHECK(peer.session.room() == 16);
    peer.submit(8, {"one"});
    CHECK(peer.said() == "S2:one");
    CHECK(peer.session.in_flight() == 1);
    peer.says('t', 2, "id1");
    CHECK(peer.settled() == "8 accepted id1");
    CHECK(peer.session.in_flight() == 0);
}

TEST_CASE("what is said not to have left does not leave with the last words") {
    Peer peer;
    peer.open();
    peer.submit(1, {"one"});
    CHECK(peer.said() == "S2:one");
    peer.says('A', 9);
    peer.submit(2, {"two"});
    peer.says('A', 10);
    peer.submit(3, {"three", "four"});
    peer.session.receive(std::string_view("\x7F\xFF\xFF\xFF", 4), peer.now, peer.wall);  // no frame is as long
    REQUIRE(peer.session.state() == State::closed);
    CHECK(peer.settled() == "1 ambiguous, 2 retry, 3 retry");
    CHECK(peer.said() == "a9 a10 !0");
}

TEST_CASE("a link that is not let in ends, and says whether another try can help") {
    for (const auto& [rest, refused] : {std::pair{"password", true}, {"later", false}}) {
        Peer peer;
        peer.says('f', 1, rest);
        CHECK(peer.session.state() == State::closed);
        CHECK(peer.session.refused() == refused);
        CHECK_FALSE(peer.session.was_open());
    }
    Peer silent;
    silent.pass(std::chrono::milliseconds(9'999));
    CHECK(silent.session.state() == State::opening);
    silent.pass(std::chrono::milliseconds(1));
    CHECK(silent.session.state() == State::closed);
    CHECK_FALSE(silent.session.refused());
}

TEST_CASE("never more than a window without an answer, and the rest goes in order as answers come") {
    Peer peer(window(2));
    peer.open();
    peer.submit(1, {"a", "b", "c"});
    CHECK(peer.said() == "S2:a S3:b");
    CHECK(peer.session.room() < 0);  // somebody waits already
    peer.says('t', 3, "B");
    CHECK(peer.said() == "S4:c");
    CHECK(peer.settled().empty());
    peer.says('t', 2, "A");
    peer.says('t', 4, "C");
    CHECK(peer.settled() == "1 accepted A B C");  // in the order of the parts, whatever that of the answers
}

TEST_CASE("what its parts say of a message") {
    struct { const char *answers, *expected; } rows[] = {
        {"t t", "1 accepted 2 3"}, {"r r", "1 permanent_number"}, {"t r", "1 partial 2"}, {"r t", "1 partial 3"}, {"t d", "1 ambiguous"}, {"d r", "1 ambiguous"}, {"d d", "1 ambiguous"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.answers);
        Peer peer;
        peer.open();
        peer.submit(1, {"a", "b"});
        for (std::uint32_t i = 0; i < 2; ++i) peer.says(row.answers[i * 2], i + 2, std::to_string(i + 2));
        CHECK(peer.settled() == row.expected);
    }
}

TEST_CASE("after a refusal the rest of a message stays here") {
    Peer peer(window(1));
    peer.open();
    peer.submit(1, {"a", "b"});
    CHECK(peer.said() == "S2:a");
    peer.says('r', 2);
    CHECK(peer.said().empty());
    CHECK(peer.settled() == "1 permanent_number");
}

TEST_CASE("what was never given to the socket has not left, what was may have arrived") {
    Peer peer(window(2));
    peer.open();
    peer.submit(1, {"a"});
    (void)peer.session.take_output();
    peer.submit(2, {"b"});
    peer.session.lost("cut");
    CHECK(peer.settled() == "1 ambiguous, 2 retry");

    Peer half(window(2));
    half.open();
    half.submit(1, {"a", "b"});
    CHECK(half.said() == "S2:a S3:b");
    half.says('t', 2, "A");
    half.session.lost("cut");
    CHECK(half.settled() == "1 ambiguous");

    Peer waiting(window(1));
    waiting.open();
    waiting.submit(1, {"a", "b"});
    CHECK(waiting.said() == "S2:a");
    waiting.says('t', 2, "A");        // b is in the buffer now
    waiting.session.lost("cut");
    CHECK(waiting.settled() == "1 partial A");
}

TEST_CASE("an answer that does not come is doubt, one that comes late settles it, and frees its slot only then") {
    Peer peer(window(2));
    peer.open();
    peer.submit(1, {"a"});
    CHECK(peer.said() == "S2:a");
    peer.pass(std::chrono::seconds(25));
    peer.submit(2, {"b"});
    CHECK(peer.said() == "S3:b");
    peer.pass(std::chrono::milliseconds(4'999));
    CHECK(peer.settled().empty());
    peer.pass(std::chrono::milliseconds(1));
    CHECK(peer.settled() == "1 ambiguous so far");
    CHECK(peer.session.room() == 0);
    CHECK(peer.said() == "A4");
    peer.says('t', 2, "late");
    CHECK(peer.settled() == "1 accepted late");
    CHECK(peer.session.room() == 1);
    peer.says('r', 3);
    CHECK(peer.settled() == "2 permanent_number");
}

TEST_CASE("a window that is overdue as a whole is closed, and what is in doubt stays so") {
    Peer peer(window(2));
    peer.open();
    peer.submit(1, {"a"});
    peer.pass(std::chrono::seconds(1));
    peer.submit(2, {"b"});
    (void)peer.said();
    for (int i = 0; i < 3; ++i) {  // it lives, it only does not answer these
        peer.pass(std::chrono::milliseconds(9'900));
        peer.says('A', 9);
    }
    (void)peer.said();
    peer.pass(std::chrono::milliseconds(200));
    CHECK(peer.session.state() == State::open);
    CHECK(peer.settled() == "1 ambiguous so far");
    peer.pass(std::chrono::seconds(1));
    CHECK(peer.session.state() == State::closing);
    CHECK(peer.said() == "U4");
    CHECK(peer.settled() == "2 ambiguous so far");
    peer.says('t', 3, "late");  // still heard
    CHECK(peer.settled() == "2 accepted late");
    peer.says('u', 4);
    CHECK(peer.session.state() == State::closed);
    CHECK(peer.settled() == "1 ambiguous");
}

TEST_CASE("silence is asked about, and then it is the end") {
    Peer peer;
    peer.open();
    peer.pass(std::chrono::milliseconds(29'999));
    CHECK(peer.said().empty());
    peer.pass(std::chrono::milliseconds(1));
    CHECK(peer.said() == "A2");
    peer.pass(std::chrono::seconds(9));
    peer.says('a', 2);
    peer.pass(std::chrono::seconds(29));
    CHECK(peer.said().empty());
    peer.pass(std::chrono::seconds(1));
    CHECK(peer.said() == "A3");
    peer.pass(std::chrono::seconds(10));
    CHECK(peer.session.state() == State::closed);
    CHECK(peer.session.why() == "silence");
}

TEST_CASE("asked to be slower, we pause, and a text that was begun is said to its end") {
    Peer peer(window(4));
    peer.open();
    peer.submit(1, {"a", "b"});
    CHECK(peer.said() == "S2:a S3:b");
    peer.says('t', 2, "A");
    peer.says('x', 3);
    CHECK(peer.said().empty());
    peer.submit(2, {"c"});
    CHECK(peer.said().empty());  // nothing at all leaves in the pause
    peer.pass(std::chrono::seconds(1));
    CHECK(peer.said() == "S4:b S5:c");
    peer.says('t', 4, "B");
    CHECK(peer.settled() == "1 accepted A B");
    peer.says('x', 5);
    CHECK(peer.settled() == "2 throttled_channel");  // one that was not begun goes back

    // It does not do so for ever.
    peer.pass(std::chrono::seconds(1));
    peer.submit(3, {"d", "e"});
    CHECK(peer.said() == "S6:d S7:e");
    peer.says('t', 6, "D");
    for (std::uint32_t number = 7; number < 12; ++number) {
        peer.says('x', number);
        CHECK(peer.settled().empty());
        peer.pass(std::chrono::seconds(1));
        CHECK(peer.said() == fmt::format("S{}:e", number + 1));
    }
    peer.says('x', 12);
    CHECK(peer.settled() == "3 partial D");
}

TEST_CASE("closing waits for what is under way, says so, and waits for the peer") {
    Peer peer(window(2));
    peer.open();
    peer.submit(1, {"a", "b", "c"});
    peer.submit(2, {"d"});
    CHECK(peer.said() == "S2:a S3:b");
    peer.session.close(peer.now);
    CHECK(peer.said().empty());
    CHECK(peer.session.room() == 0);
    CHECK(peer.settled() == "2 retry");  // it has not begun
    peer.says('t', 2, "A");
    CHECK(peer.said() == "S4:c");
    peer.says('D', 77);
    auto delivered = peer.session.take_deliveries();
    REQUIRE(delivered.size() == 1);
    peer.says('t', 3, "B");
    peer.says('t', 4, "C");
    CHECK(peer.settled() == "1 accepted A B C");
    CHECK(peer.said().empty());  // a delivery is being kept
    peer.session.answered(delivered[0].id, true);
    peer.pass(std::chrono::milliseconds(1));
    peer.says('A', 5);
    CHECK(peer.said() == "k77 U5 a5");
    peer.says('u', 5);
    CHECK(peer.session.state() == State::closed);

    Peer deaf(window(2));
    deaf.open();
    deaf.submit(1, {"a"});
    CHECK(deaf.said() == "S2:a");
    deaf.session.close(deaf.now);
    deaf.pass(std::chrono::seconds(5));
    CHECK(deaf.said() == "U3");
    deaf.pass(std::chrono::seconds(3));
    CHECK(deaf.session.state() == State::closed);
    CHECK(deaf.settled() == "1 ambiguous");
}

TEST_CASE("a peer that leaves is answered at once, and may still answer us") {
    Peer peer;
    peer.open();
    peer.submit(1, {"a"});
    CHECK(peer.said() == "S2:a");
    peer.says('U', 50);
    CHECK(peer.said() == "u50");
    CHECK(peer.session.state() == State::closing);
    peer.says('t', 2, "A");
    CHECK(peer.settled() == "1 accepted A");
    CHECK(peer.session.state() == State::closed);
    CHECK(peer.said().empty());  // we have nothing to ask

    Peer early;
    early.says('U', 1);
    CHECK(early.session.state() == State::closed);
}

TEST_CASE("a delivery is answered when it is kept, and asked for again when it is not") {
    Peer peer;
    peer.open();
    peer.says('D', 10);
    peer.says('D', 11);
    auto all = peer.session.take_deliveries();
    REQUIRE(all.size() == 2);
    CHECK(peer.said().empty());
    peer.session.answered(all[1].id, false);
    peer.session.answered(all[0].id, true);
    peer.session.answered(all[0].id, true);
    CHECK(peer.said() == "n11 k10");
}

TEST_CASE("a peer that floods us is not read any more until we have kept what came") {
    Peer peer;
    peer.open();
    for (std::uint32_t i = 0; i < 1000; ++i) {
        CHECK(peer.session.wants_input());
        peer.says('D', i);
    }
    CHECK_FALSE(peer.session.wants_input());
    peer.session.answered(peer.session.take_deliveries().front().id, true);
    CHECK(peer.session.wants_input());
}

TEST_CASE("a peer that asks and asks and does not hear the answers is not read any more until he has taken them") {
    Peer peer;
    peer.open();
    std::string questions;
    for (std::uint32_t i = 0; i < 1000; ++i) questions += frame('A', i);
    int rounds = 0;
    while (peer.session.wants_input() && rounds < 1000) peer.session.receive(questions, peer.now, peer.wall), ++rounds;
    CHECK(rounds > 100);
    CHECK(rounds < 130);  // a mebibyte of answers
    CHECK(peer.session.take_output().size() < 1024 * 1024 + 9000);
    CHECK(peer.session.wants_input());
}

TEST_CASE("answers to nothing, and frames that nobody knows, change nothing") {
    Peer peer;
    peer.open();
    peer.submit(1, {"a"});
    (void)peer.said();
    for (std::uint32_t number : {0u, 1u, 3u, 0x7FFFFFFFu, 0xFFFFFFFFu}) peer.says('t', number, "x");
    peer.says('?', 2);
    CHECK(peer.session.take_ignored().size() == 6);
    CHECK(peer.settled().empty());
    CHECK(peer.session.in_flight() == 1);
}

TEST_CASE("octets may come one at a time or all at once") {
    std::string all = frame('b', 1) + frame('D', 5) + frame('A', 6) + frame('t', 99, "x");
    for (std::size_t piece : {std::size_t(1), std::size_t(3), all.size()}) {
        Peer peer;
        (void)peer.said();
        for (std::size_t at = 0; at < all.size(); at += piece) peer.session.receive(std::string_view(all).substr(at, piece), peer.now, peer.wall);
        CHECK(peer.session.state() == State::open);
        CHECK(peer.session.take_deliveries().size() == 1);
        CHECK(peer.said() == "a6");
    }
}

TEST_CASE("a length that cannot be ends the connection with a last word") {
    for (std::uint32_t length : {0u, 8u, 1001u, 0x80000000u, 0xFFFFFFFFu}) {
        CAPTURE(length);
        Peer peer;
        peer.open();
        peer.submit(1, {"a"});
        (void)peer.said();
        auto bytes = frame('A', 5) + std::move(Writer().u32(length).octets("rest")).take();
        peer.session.receive(bytes, peer.now, peer.wall);
        CHECK(peer.session.state() == State::closed);
        CHECK(peer.said() == "a5 !0");
        CHECK(peer.settled() == "1 ambiguous");
    }
}

TEST_CASE("numbers come round without meeting one that is still unanswered") {
    InFlight table(3);
    table.add(5, {1, 0, {}, false});
    CHECK(table.has(5));
    CHECK(table.room() == 2);
    CHECK_FALSE(table.take(6));
    CHECK(table.take(5));
    CHECK_FALSE(table.take(5));
    CHECK(table.room() == 3);
}

TEST_CASE("what is in doubt brings the ids of its parts only if they are all known") {
    auto ids = [](std::vector<PartEnd> parts, std::size_t never_left = 0) {
        auto outcome = whole(parts, never_left);
        std::string out;
        for (const auto& id : std::get<provider::Ambiguous>(outcome).vendor_ids) out += id;
        return out;
    };
    PartEnd taken{PartEnd::Kind::taken, "a", {}}, named{PartEnd::Kind::doubt, "b", provider::Ambiguous{"?", {}}}, nameless{PartEnd::Kind::doubt, "", provider::Ambiguous{"?", {}}},
        refused{PartEnd::Kind::refused, "c", provider::Retry{"no"}};
    CHECK(ids({named}) == "b");
    CHECK(ids({taken, named}) == "ab");
    CHECK(ids({nameless}).empty());
    CHECK(ids({taken, nameless}).empty());
    CHECK(ids({named}, 1).empty());
    CHECK(ids({named, refused}).empty());
}
