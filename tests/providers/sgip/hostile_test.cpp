// What a hostile or broken gateway can say on either connection, made from the vectors by rule: cut anywhere, with lengths that lie, in
// the wrong state, with commands and numbers that cannot be. For each PDU it is written down what must follow.
#include <fmt/format.h>

#include <vector>

#include "daemon/async/timer.hpp"
#include "providers/link/bytes.hpp"
#include "providers/link/session.hpp"
#include "providers/sgip/session.hpp"
#include "tests/providers/sgip/site.hpp"
#include "tests/support/vectors.hpp"

using namespace pingjing;
using namespace pingjing::sgip;

namespace {

const Instant noon = *parse_rfc3339("2026-11-22T12:00:00+08:00");

enum class Must {
    keep,       // handed on, then answered with 0
    answer,     // with its own response, and nothing handed on
    be_silent,
    hang_up,    // without a word
    leave,      // answered, and the end
    wait        // it is no whole frame yet
};
enum class Where { ours, theirs, ours_opening, theirs_opening };

struct Evil { std::string why, octets; Must must; Where where; };

std::string with_length(std::string octets, std::size_t length) {
    for (std::size_t i = 0; i < 4; ++i) octets[i] = static_cast<char>(static_cast<unsigned char>(length >> (8 * (3 - i))));
    return octets;
}
std::uint32_t number_at(std::string_view octets, std::size_t at) { return link::Reader(octets.substr(at)).u32(); }

// Up to where a PDU has to be there, decided without the decoder: all but the Reserve.
std::size_t mandatory_size(std::string_view octets) {
    auto users = octets.size() > 62 ? static_cast<unsigned char>(octets[62]) : 0u;
    switch (number_at(octets, 4)) {
        case bind_link: return 53;
        case submit: return 135 + 21u * users + number_at(octets, 131 + 21u * users);
        case deliver: return 69 + number_at(octets, 65);
        case report: return 56;
        case user_report: return 63;
        case unbind: case unbind | response_bit: return 20;
        default: return 21;
    }
}

// What a PDU that can be read means.
Must meaning_of(std::uint32_t command, Where where) {
    if (where == Where::ours_opening || where == Where::theirs_opening) return Must::hang_up;
    if (command & response_bit) return Must::be_silent;
    if (command == deliver || command == report) return Must::keep;
    return command == unbind ? Must::leave : Must::answer;
}

std::vector<Evil> corpus() {
    std::vector<Evil> all;
    SeededRandom random(13);
    for (auto where : {Where::ours, Where::theirs, Where::ours_opening, Where::theirs_opening})
        for (const auto& [name, octets] : test::vectors_of("sgip")) {
            if (octets.size() < 20 || octets.size() != number_at(octets, 0)) continue;
            auto command = number_at(octets, 4);
            bool lies = name == "V-SGIP-13.2";
            // What opens the connection has tests of its own.
            bool opens = (where == Where::theirs_opening && command == bind_link) || (where == Where::ours_opening && command == (bind_link | response_bit));
            // An Unbind_Resp means nothing unless we have said that we leave.
            auto must = lies ? Must::hang_up : meaning_of(command, where);
            if (!opens) all.push_back({name, octets, must, where});
            for (std::size_t size : {std::size_t(1), std::size_t(19), octets.size() - 1}) all.push_back({name + " cut", octets.substr(0, size), Must::wait, where});
            for (std::size_t length : {std::size_t(0), std::size_t(19), std::size_t(2049), std::size_t(0xffffffff)}) all.push_back({name + " of another length", with_length(octets, length), Must::hang_up, where});
            for (std::size_t size = 20; size < octets.size() && !lies && !opens; size += 4)
                all.push_back({fmt::format("{} shortened to {}", name, size), with_length(octets.substr(0, size), size), size >= mandatory_size(octets) ? must : Must::hang_up, where});
            if (!opens) all.push_back({name + " with a huge number", with_sequence(octets, {0xffffffff, 0xffffffff, 0xffffffff}), must, where});
            for (std::size_t more : {1u, 100u, 1500u})
                if (!opens && !lies) all.push_back({name + " with a long tail", with_length(octets + std::string(more, 'x'), octets.size() + more), must, where});
            if (command != deliver) continue;
            for (std::uint32_t length : {5u, 13u, 0x7fffffffu, 0xffffffffu}) {  // with 12 the Reserve is part of it
                auto changed = octets;
                changed.replace(65, 4, std::move(link::Writer().u32(length)).take());
                all.push_back({fmt::format("{} with MessageLength {:x}", name, length), changed, length <= 12 ? must : Must::hang_up, where});
            }
        }
    for (auto where : {Where::ours, Where::theirs})
        for (std::uint32_t command : {0u, 6u, 7u, 0x10u, 0x1234u, 0x80000009u, 0x7fffffffu, 0xffffffffu})
            for (std::size_t size : {20u, 21u, 100u, 2048u})
                all.push_back({fmt::format("command {:x}", command), std::move(link::Writer().u32(size).u32(command).u32(1).u32(2).u32(3).octets(std::string(size - 20, '\x01'))).take(), meaning_of(command, where), where});
    return all;
}

struct Side {
    explicit Side(Where where) {
        static const VirtualClock clock(noon);
        bool ours = where == Where::ours || where == Where::ours_opening;
        if (ours) dialect = std::make_unique<Sp>(test::sgip_settings(), std::make_shared<Sequences>(clock, 3010012345u, 1));
        else dialect = std::make_unique<Host>(test::sgip_settings(), [] { return false; });
        session = std::make_unique<link::Session>(*dialect, link::SessionRules{}, now, noon);
        auto asked = session->take_output();
        if (where == Where::ours) hear(encode({bind_link | response_bit, decode(asked).header.sequence, Answer{}}).value());
        if (where == Where::theirs) hear(test::vectors_of("sgip").at("V-SGIP-07.1"));
        if (where == Where::ours) session->submit(1, {encode({submit, {}, Submit{.users = {"1"}}}).value()}, now);
        (void)session->take_output();
    }
    void hear(std::string_view octets) { session->receive(octets, now, noon); }
    Steady now = std::chrono::hours(1);
    std::unique_ptr<link::Dialect> dialect;
    std::unique_ptr<link::Session> session;
};

}  // namespace

TEST_CASE("SGIP: a hostile gateway is answered, ignored or hung up on, as it is written, and nothing is settled by it") {
    auto all = corpus();
    MESSAGE("PDUs: " << all.size());
    CHECK(all.size() >= 500);
    for (const auto& evil : all) {
        CAPTURE(evil.why);
        CAPTURE(static_cast<int>(evil.where));
        Side side(evil.where);
        auto before = side.session->state();
        std::vector<char> exact(evil.octets.begin(), evil.octets.end());
        side.hear({exact.data(), exact.size()});
        auto kept = side.session->take_deliveries();
        auto said = side.session->take_output();
        if (evil.must == Must::hang_up) {
            CHECK(side.session->state() == link::State::closed);
            CHECK(said.empty());
            CHECK(kept.empty());
            continue;
        }
        CHECK(side.session->state() == (evil.must == Must::leave ? evil.where == Where::ours ? link::State::closing : link::State::closed : before));
        CHECK(side.session->take_settled().empty());
        CHECK(kept.size() == (evil.must == Must::keep ? 1 : 0));
        CHECK(said.empty() == (evil.must == Must::keep || evil.must == Must::wait || evil.must == Must::be_silent));
        for (const auto& one : kept) {
            side.session->answered(one.id, true);
            said = side.session->take_output();
        }
        if (said.empty()) continue;
        auto answer = decode(said);
        CHECK(answer.readable);
        CHECK(answer.header.command == (number_at(evil.octets, 4) | response_bit));
        CHECK(answer.header.sequence == decode(evil.octets).header.sequence);
        if (evil.must == Must::keep) CHECK(std::get<Answer>(answer.body).result == 0);
    }
}
