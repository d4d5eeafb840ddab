// What a hostile or broken gateway can say, made from the vectors by rule: cut anywhere, with lengths that lie, rows of TLVs without
// end, in the wrong state, with commands and numbers that cannot be. For each PDU it is written down what must follow.
#include <fmt/format.h>

#include <vector>

#include "providers/link/bytes.hpp"
#include "providers/link/session.hpp"
#include "providers/smgp/session.hpp"
#include "tests/providers/smgp/site.hpp"
#include "tests/support/vectors.hpp"

using namespace pingjing;
using namespace pingjing::smgp;

namespace {

const Instant noon = *parse_rfc3339("2026-11-22T12:00:00+08:00");

enum class Must {
    keep,       // handed on, then answered with 0
    refuse,     // answered with a Status, and nothing handed on
    answer,
    be_silent,
    hang_up,    // without a word
    wait        // it is no whole frame yet
};

struct Evil { std::string why, octets; Must must; bool open; };

std::string with_length(std::string octets, std::size_t length) {
    for (std::size_t i = 0; i < 4; ++i) octets[i] = static_cast<char>(static_cast<unsigned char>(length >> (8 * (3 - i))));
    return octets;
}
std::string grown(const std::string& octets, const std::string& tail) { return with_length(octets + tail, octets.size() + tail.size()); }
std::uint32_t number_at(std::string_view octets, std::size_t at) { return link::Reader(octets.substr(at)).u32(); }

Must meaning_of(std::uint32_t command, bool open) {
    if (command == active_test) return Must::answer;
    return command == deliver && open ? Must::keep : Must::be_silent;
}

std::vector<Evil> corpus() {
    std::vector<Evil> all;
    for (bool open : {true, false})
        for (const auto& [name, vector] : test::vectors_of("smgp")) {
            if (vector.size() < 12 || vector.size() != number_at(vector, 0)) continue;
            auto command = number_at(vector, 4);
            if ((command & ~response_bit) == exit_link || (!open && command == (login | response_bit))) continue;  // these have tests of their own
            auto octets = vector;
            if (command & response_bit) octets[8] = 0x33;  // the number of no request of ours
            auto must = meaning_of(command, open);
            all.push_back({name, octets, must, open});
            for (std::size_t size : {std::size_t(3), std::size_t(11), octets.size() - 1}) all.push_back({name + " cut", octets.substr(0, size), Must::wait, open});
            for (std::size_t length : {std::size_t(0), std::size_t(11), std::size_t(4097), std::size_t(0xffffffff)}) all.push_back({name + " of another length", with_length(octets, length), Must::hang_up, open});
            // A Deliver is whole with its content: the Reserve and what follows may be missing.
            auto content_ends = command == deliver ? 81 + static_cast<unsigned char>(octets[80]) : 0u;
            for (std::size_t size = 12; size < octets.size(); size += 2)
                all.push_back({fmt::format("{} shortened to {}", name, size), with_length(octets.substr(0, size), size), must == Must::keep && size < content_ends ? Must::refuse : must, open});
            auto other = octets;
            other.replace(8, 4, "\xff\xff\xff\xff");
            all.push_back({name + " with a huge number", other, must, open});
            std::string many, nested;
            for (int i = 0; i < 900; ++i) many += std::string("\0\2\0\0", 4);
            for (int i = 0; i < 300; ++i) nested += std::string("\0\2\0\1\1\0\x0a\0\0", 9);
            for (const auto& tail : {std::string(1, '\0'), std::string(3, '\xff'), std::string("\0\2\xff\xff", 4), std::string("\0\2\0\5xxxx", 8), std::string(3000, 'x'), many, nested})
                all.push_back({fmt::format("{} and {} octets more", name, tail.size()), grown(octets, tail), must, open});
            if (command != deliver || !open) continue;
            bool report = octets[22] == 1;
            for (int length : {0, 1, 255}) {
                auto changed = octets;
                changed[80] = static_cast<char>(length);
                all.push_back({fmt::format("{} with MsgLength {}", name, length), changed, length == 255 || report ? Must::refuse : Must::keep, open});
            }
        }
    for (bool open : {true, false})
        for (std::uint32_t command : {0u, 5u, 7u, 8u, 0x1234u, 0x80000009u, 0x7fffffffu, 0xffffffffu})
            for (std::size_t size : {12u, 13u, 100u, 4096u})
                all.push_back({fmt::format("command {:x}", command), std::move(link::Writer().u32(size).u32(command).u32(7).octets(std::string(size - 12, '\x01'))).take(), Must::be_silent, open});
    return all;
}

}  // namespace

TEST_CASE("SMGP: a hostile gateway is answered, ignored or hung up on, as it is written, and nothing is settled by it") {
    auto all = corpus();
    MESSAGE("PDUs: " << all.size());
    CHECK(all.size() >= 500);
    const Steady now = std::chrono::hours(1);
    for (const auto& evil : all) {
        CAPTURE(evil.why);
        CAPTURE(evil.open);
        Sp sp(test::smgp_settings(), Mode::both);
        link::Session session(sp, {}, now, noon);
        (void)session.take_output();
        if (evil.open) {
            session.receive(encode({login | response_bit, 1, LoginAnswer{0, std::string(16, 'x'), 0x30}}).value(), now, noon);
            session.submit(1, {encode({submit, 0, Submit{.destinations = {"1"}}}).value()}, now);
            (void)session.take_output();
        }
        std::vector<char> exact(evil.octets.begin(), evil.octets.end());
        session.receive({exact.data(), exact.size()}, now, noon);
        auto kept = session.take_deliveries();
        auto said = session.take_output();
        CHECK(kept.size() == (evil.must == Must::keep ? 1 : 0));
        if (evil.must == Must::hang_up) {
            CHECK(session.state() == link::State::closed);
            CHECK(said.empty());
            continue;
        }
        CHECK(session.state() == (evil.open ? link::State::open : link::State::opening));
        CHECK(session.take_settled().empty());
        CHECK(said.empty() == (evil.must != Must::refuse && evil.must != Must::answer));
        for (const auto& one : kept) {
            session.answered(one.id, true);
            said = session.take_output();
        }
        if (said.empty()) continue;
        auto answer = decode(said);
        CHECK(answer.readable);
        CHECK(answer.header.command == (number_at(evil.octets, 4) | response_bit));
        CHECK(answer.header.sequence == number_at(evil.octets, 8));
        if (evil.must == Must::keep) CHECK(std::get<MessageAnswer>(answer.body).status == 0);
        if (evil.must == Must::refuse) CHECK(std::get<MessageAnswer>(answer.body).status != 0);
    }
}
