// One connection of a carrier's protocol, fed by an invented peer: however its octets are cut on their way, the same is said, kept and
// settled.
#pragma once
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/text/octets.hpp"
#include "providers/link/long_text.hpp"
#include "providers/link/session.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace pingjing::fuzz {

struct Fixed final : Random {
    explicit Fixed(std::uint64_t v) : value(v) {}
    std::uint64_t operator()() override { return value; }
    std::uint64_t value;
};

inline void whole(const provider::Inbound& inbound) {
    if (auto* receipt = std::get_if<provider::Receipt>(&inbound)) {
        must(!receipt->code.empty() && receipt->code.size() < 70'000, "a report says something");
        must(receipt->meaning == provider::Receipt::Meaning::none || receipt->state != provider::ReceiptState::delivered, "a number that got a text is one", receipt->code);
    }
    if (auto* text = std::get_if<provider::InboundText>(&inbound))
        if (text->part) must(text->part->number >= 1 && text->part->number <= text->part->total && text->part->total > 1, "a part has a place");
}

struct Link {
    std::function<std::unique_ptr<link::Dialect>()> make{};
    std::string let_in{};                                // what opens it
    std::string survey{};                                // a frame that is under way; empty: this side sends none
    std::function<bool(std::string_view)> can_read{};    // what we said
};

// What came of it, in an order that does not depend on what came in one piece.
inline std::string story_of(const Link& how, std::string_view bytes, std::size_t piece) {
    auto dialect = how.make();
    const Steady now = std::chrono::hours(1);
    const Instant wall = *parse_rfc3339("2026-11-22T12:00:00+08:00");
    link::Session session(*dialect, {}, now, wall);
    std::vector<std::string> story;
    auto note_said = [&] {
        link::FrameReader frames({4, 1 << 20});
        auto said = session.take_output();
        frames.feed(said);
        while (auto frame = frames.next()) {
            must(how.can_read(*frame), "what we say can be read");
            story.push_back(fmt::format("said {}", *frame));
        }
        must(frames.waiting() == 0, "we say whole frames");
    };
    note_said();
    session.receive(how.let_in, now, wall);
    must(session.state() == link::State::open, "it is let in");
    if (!how.survey.empty()) session.submit(1, {how.survey}, now);
    note_said();
    while (!bytes.empty() && session.state() != link::State::closed) {
        session.receive(bytes.substr(0, piece), now, wall);
        bytes.remove_prefix(std::min(piece, bytes.size()));
        for (const auto& kept : session.take_deliveries()) {
            for (const auto& one : kept.delivery.inbound) whole(one);
            story.push_back("kept");
            session.answered(kept.id, true);
        }
        session.tick(now);
        note_said();
    }
    for (const auto& settled : session.take_settled()) story.push_back(fmt::format("settled {} {}", provider::outcome_name(settled.outcome), provider::outcome_detail(settled.outcome)));
    std::sort(story.begin(), story.end());
    std::string out = session.state() == link::State::closed ? "closed: " + session.why() : "open";
    for (const auto& line : story) out += "\n" + line;
    return out;
}

inline void however_cut(const Link& how, std::string_view bytes, std::size_t piece) {
    bytes = bytes.substr(0, 600);
    auto whole_story = story_of(how, bytes, std::max<std::size_t>(bytes.size(), 1));
    // An end that is heard in the middle of a piece leaves what stands before it unanswered or not, as it was cut.
    if (whole_story.starts_with("closed")) {
        must(story_of(how, bytes, piece).starts_with("closed"), "however it is cut it ends");
        return;
    }
    must(story_of(how, bytes, piece) == whole_story, "however it is cut it is the same", whole_story);
}

}  // namespace pingjing::fuzz
