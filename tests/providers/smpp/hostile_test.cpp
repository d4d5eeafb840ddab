// What a hostile or broken centre can say, made from the vectors by rule: cut anywhere, with lengths that lie, TLV bombs, numbers and
// states that cannot be. For each PDU it is written down what must follow; besides, nothing may be settled or kept that was not said.
#include <fmt/format.h>

#include <set>
#include <vector>

#include "providers/link/session.hpp"
#include "providers/smpp/session.hpp"
#include "tests/providers/smpp/site.hpp"
#include "tests/support/vectors.hpp"

using namespace pingjing;
using namespace pingjing::smpp;

namespace {

enum class Must {
    answer,       // with its own response, whatever the status
    keep,         // handed on, then answered with ok
    refuse,       // its own response with a status that is not ok, and nothing handed on
    nack,         // generic_nack
    be_silent,    // nothing is said
    hang_up,      // generic_nack 0x02 with number 0, and the end
    wait          // it is no whole frame yet
};

constexpr std::uint32_t nobody = 0x7777;  // no request of ours has this number

struct Evil { std::string why, octets; Must must; bool bound; };

std::string with_length(std::string octets, std::size_t length) {
    for (std::size_t i = 0; i < 4; ++i) octets[i] = static_cast<char>(static_cast<unsigned char>(length >> (8 * (3 - i))));
    return octets;
}
std::string with_number(std::string octets, std::uint32_t number) {
    for (std::size_t i = 0; i < 4; ++i) octets[12 + i] = static_cast<char>(static_cast<unsigned char>(number >> (8 * (3 - i))));
    return octets;
}
bool is_delivery(std::string_view octets) {
    auto command = read_header(octets)->command;
    return command == deliver_sm || command == data_sm;
}
bool is_response(std::string_view octets) { return read_header(octets)->command & response_bit; }

// Whether a body that was cut at `size` can still be read, decided without the decoder: all of its mandatory fields are there.
std::size_t mandatory_size(std::string_view octets) {
    std::size_t at = 16;
    auto text = [&] { at = octets.find('\0', at) + 1; };
    text();                                          // service_type
    at += 2, text(), at += 2, text();                // the addresses
    if (read_header(octets)->command == data_sm) return at + 3;
    at += 3, text(), text();                         // esm_class …, the times
    at += 4;                                         // registered_delivery …
    return at + 1 + static_cast<unsigned char>(octets[at]);
}

std::vector<Evil> corpus() {
    std::vector<Evil> all;
    auto vectors = test::vectors_of("smpp");
    SeededRandom random(11);
    for (const auto& [name, vector] : vectors) {
        if (vector.size() < 16 || vector.size() != read_header(vector)->length || !is_known(read_header(vector)->command)) continue;
        auto octets = is_response(vector) ? with_number(vector, nobody) : vector;
        auto unanswered = [&] { return is_response(octets) || read_header(octets)->command == outbind || read_header(octets)->command == alert_notification; };
        auto leaves = (read_header(octets)->command & ~response_bit) == unbind;
        // Cut, the length still saying what was promised: the rest may come later.
        for (std::size_t size : {std::size_t(3), std::size_t(4), std::size_t(15), octets.size() - 1})
            if (size < octets.size()) all.push_back({name + " cut at " + std::to_string(size), octets.substr(0, size), Must::wait, true});
        // Cut, the length telling the truth.
        for (std::size_t size = 16; size < octets.size() && !leaves; size += size < 40 ? 3 : 17) {
            auto cut = with_length(octets.substr(0, size), size);
            auto must = unanswered() ? Must::be_silent : !is_delivery(octets) ? Must::answer : size >= mandatory_size(octets) ? Must::keep : Must::refuse;
            all.push_back({name + " shortened to " + std::to_string(size), cut, must, true});
        }
        // Lengths that lie.
        for (std::size_t length : {std::size_t(0), std::size_t(15), std::size_t(66561), std::size_t(0x7fffffff), std::size_t(0xffffffff)})
            all.push_back({fmt::format("{} of length {}", name, length), with_length(octets, length), Must::hang_up, length % 2 == 0});
        // Numbers above the range, and none.
        for (std::uint32_t number : {0u, 0x80000000u, 0xFFFFFFFFu})
            if (!leaves && !is_response(octets))
                all.push_back({fmt::format("{} numbered {:x}", name, number), with_number(octets, number), unanswered() ? Must::be_silent : is_delivery(octets) ? Must::keep : Must::answer, true});
        // In the wrong state.
        if (!leaves && !is_response(octets)) all.push_back({name + " before we are bound", octets, unanswered() ? Must::be_silent : is_delivery(octets) ? Must::refuse : Must::answer, false});
        if (!is_delivery(octets)) continue;
        // TLV bombs: a length beyond the end, a thousand empty ones, one of 64 KiB, half a head, the same again.
        auto longer = [&](const std::string& tail) { return with_length(octets + tail, octets.size() + tail.size()); };
        std::string thousand;
        for (int i = 0; i < 1000; ++i) thousand += std::string("\x14\x00\x00\x00", 4);
        for (const auto& tail : {std::string("\x04\x24\xff\xff", 4), std::string("\x00\x1e\x00\x41" "abc", 7), thousand, std::string("\x14\x01\xff\x00", 4) + std::string(0xff00, 'x'), std::string("\x00", 1),
                                 std::string("\x04\x27", 2), std::string("\x04\x27\x00", 3), std::string("\x04\x27\x00\x00", 4), std::string("\x02\x0e\x00\x01\x00\x02\x0f\x00\x01\xff", 10)})
            all.push_back({fmt::format("{} with {} octets of TLVs", name, tail.size()), longer(tail), Must::keep, true});
        // Any octet of it may be any other: only the link's life is promised, and one answer or none.
        for (int i = 0; i < 6; ++i) {
            auto changed = octets;
            auto at = 16 + random.below(octets.size() - 16);
            changed[at] = static_cast<char>(random.below(256));
            all.push_back({fmt::format("{} with another octet at {}", name, at), changed, Must::answer, true});
        }
        auto data_coding = octets;
        for (int coding = 0; coding < 256; coding += 51) {
            if (read_header(octets)->command != deliver_sm) break;
            data_coding[mandatory_size(octets) - 1 - static_cast<unsigned char>(octets[mandatory_size(octets) - 1 - std::get<Message>(decode(octets).body).text.size()]) - 2] = static_cast<char>(coding);
            all.push_back({fmt::format("{} in coding {}", name, coding), data_coding, Must::keep, true});
        }
    }
    // Commands that nobody knows, and answers that nobody may give.
    for (std::uint32_t command : {0x0Au, 0x0Cu, 0x16u, 0x104u, 0x110u, 0x111u, 0x112u, 0x7FFFFFFFu})
        for (std::size_t size : {std::size_t(16), std::size_t(17), std::size_t(400)})
            for (bool bound : {false, true})
                all.push_back({fmt::format("command {:x} of {} octets", command, size),
                               std::move(link::Writer().u32(size).u32(command).u32(0).u32(7).octets(std::string(size - 16, '\x01'))).take(), Must::nack, bound});
    for (std::uint32_t command : {0x8000000Au, 0x80000110u, 0xFFFFFFFFu, 0x80000005u, 0x80000021u})
        for (std::size_t size : {std::size_t(16), std::size_t(90)})
            all.push_back({fmt::format("answer {:x} of {} octets", command, size),
                           std::move(link::Writer().u32(size).u32(command).u32(0).u32(nobody).octets(std::string(size - 16, '\xff'))).take(), Must::be_silent, true});
    return all;
}

}  // namespace

TEST_CASE("SMPP: a hostile centre is answered or hung up on, as it is written") {
    auto settings = test::smpp_settings();
    auto all = corpus();
    MESSAGE("PDUs: " << all.size());
    CHECK(all.size() >= 500);
    std::map<Must, int> kinds;
    for (const auto& evil : all) {
        CAPTURE(evil.why);
        ++kinds[evil.must];
        Steady now = std::chrono::hours(1);
        Instant wall{};
        Esme esme(settings, bind_transceiver);
        link::Session session(esme, {}, now, wall);
        if (evil.bound) session.receive(encode({bind_transceiver | response_bit, ok, 1, BindAnswer{"SMSC", {}}}).value(), now, wall);
        // One message of ours is under way: nothing here is its answer.
        if (evil.bound) session.submit(1, {encode({submit_sm, ok, 0, Message{}}).value()}, now);
        (void)session.take_output();
        // In memory of exactly that size.
        std::vector<char> exact(evil.octets.begin(), evil.octets.end());
        auto header = evil.octets.size() >= 16 ? *read_header(evil.octets) : Header{};
        session.receive({exact.data(), exact.size()}, now, wall);
        auto deliveries = session.take_deliveries();
        for (const auto& one : deliveries) session.answered(one.id, true);
        std::vector<Header> said;
        link::FrameReader frames({16, 70000});
        frames.feed(session.take_output());
        while (auto frame = frames.next()) said.push_back(*read_header(*frame));
        CHECK(frames.waiting() == 0);

        if (evil.must == Must::hang_up) {
            REQUIRE(said.size() == 1);
            CHECK(said[0].command == generic_nack);
            CHECK(said[0].status == invalid_command_length);
            CHECK(said[0].sequence == 0);
            CHECK(session.state() == link::State::closed);
            continue;
        }
        CHECK(session.state() == (evil.bound ? link::State::open : link::State::opening));
        if (evil.must == Must::wait || evil.must == Must::be_silent) {
            CHECK(said.empty());
            CHECK(deliveries.empty());
            continue;
        }
        REQUIRE(said.size() == 1);
        CHECK(said[0].sequence == header.sequence);
        CHECK(said[0].command == (evil.must == Must::nack ? static_cast<std::uint32_t>(generic_nack) : header.command | response_bit));
        CHECK(deliveries.size() == (evil.must == Must::keep || (evil.must == Must::answer && said[0].status == ok && is_delivery(evil.octets)) ? 1 : 0));
        if (evil.must == Must::keep) CHECK(said[0].status == ok);
        if (evil.must == Must::refuse) CHECK(said[0].status != ok);
        // Our message still waits for its answer, and gets it.
        if (!evil.bound) continue;
        CHECK(session.take_settled().empty());
        session.receive(encode({submit_sm | response_bit, ok, 2, MessageAnswer{"id", {}}}).value(), now, wall);
        CHECK(session.take_settled().size() == 1);
    }
    for (auto must : {Must::answer, Must::keep, Must::refuse, Must::nack, Must::be_silent, Must::hang_up, Must::wait}) CHECK(kinds[must] >= 8);
}
