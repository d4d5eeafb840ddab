#include "daemon/store/parts.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/store/outbox.hpp"

namespace pingjing::store {
namespace {

// A carrier repeats what was not acknowledged for hours; a phone's reference comes round after 256 long texts.
constexpr Millis repetition_window = std::chrono::hours(24);

std::string context(std::int64_t id) { return fmt::format("inbound_parts:{}", id); }

JoinedParts hand_on(Connection& db, const Seal& seal, std::string_view channel, std::string_view text_key, Instant now) {
    JoinedParts joined;
    joined.channel = channel;
    Statement find(db, "SELECT id, number, total, part FROM inbound_parts WHERE channel = ?1 AND text_key = ?2 AND joined_at IS NULL ORDER BY number");
    find.bind(1, channel).bind_blob(2, text_key);
    while (find.step()) {
        joined.total = static_cast<int>(find.integer(2));
        auto payload = seal.open(find.text(3), context(find.integer(0)));
        if (payload) joined.pieces.push_back({static_cast<int>(find.integer(1)), std::move(*payload)});
    }
    joined.complete = static_cast<int>(joined.pieces.size()) == joined.total;
    Statement done(db, "UPDATE inbound_parts SET joined_at = ?3, part = NULL WHERE channel = ?1 AND text_key = ?2 AND joined_at IS NULL");
    done.bind(1, channel).bind_blob(2, text_key).bind(3, now).run();
    return joined;
}

}  // namespace

PartKept keep_part(Connection& db, const Seal& seal, std::string_view channel, const NewPart& part, Instant now) {
    PartKept kept;
    auto text_key = seal.keyed_hash(part.text);
    auto content_key = seal.keyed_hash(part.payload);
    bool waiting = false;
    {
        Statement same(db, "SELECT content_key, joined_at, received_at FROM inbound_parts WHERE channel = ?1 AND text_key = ?2 AND number = ?3");
        same.bind(1, channel).bind_blob(2, text_key).bind(3, part.number);
        while (same.step()) {
            bool equal = same.text(0) == content_key;
            if (equal && (same.is_null(1) || same.instant(2) > now - repetition_window)) kept.repeated = true;
            waiting = waiting || same.is_null(1);
        }
    }
    if (kept.repeated) return kept;
    // Another piece in the same place: the reference has come round, and the text before it will not be whole any more.
    if (waiting) kept.joined.push_back(hand_on(db, seal, channel, text_key, now));

    auto id = db.next_id("inbound_parts");
    Statement add(db, R"sql(
        INSERT INTO inbound_parts(id, channel, text_key, number, total, content_key, part, received_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8))sql");
    add.bind(1, id).bind(2, channel).bind_blob(3, text_key).bind(4, part.number).bind(5, part.total).bind_blob(6, content_key);
    add.bind_blob(7, seal.seal(part.payload, context(id))).bind(8, now).run();
    append(db, now, "part", std::nullopt, fmt::format(R"({{"id":{},"number":{},"total":{}}})", id, part.number, part.total));

    std::int64_t there = 0;
    {
        Statement count(db, "SELECT count(*) FROM inbound_parts WHERE channel = ?1 AND text_key = ?2 AND joined_at IS NULL");
        if (count.bind(1, channel).bind_blob(2, text_key).step()) there = count.integer(0);
    }
    if (there >= part.total) kept.joined.push_back(hand_on(db, seal, channel, text_key, now));
    return kept;
}

std::vector<JoinedParts> give_up_waiting_parts(Connection& db, const Seal& seal, Instant before, Instant now) {
    struct Text {
        std::string channel{}, key{};
        bool operator==(const Text&) const = default;
    };
    std::vector<Text> old;
    {
        // Most of the time there is nothing to look at, and the index says so.
        Statement find(db, "SELECT channel, text_key FROM inbound_parts WHERE joined_at IS NULL AND received_at < ?1 AND received_at >= ?2 ORDER BY received_at");
        find.bind(1, before).bind(2, ages_count_from(db));
        while (find.step())
            if (Text text{find.text(0), find.text(1)}; std::find(old.begin(), old.end(), text) == old.end()) old.push_back(std::move(text));
    }
    std::vector<JoinedParts> out;
    for (const auto& text : old) out.push_back(hand_on(db, seal, text.channel, text.key, now));
    return out;
}

}  // namespace pingjing::store
