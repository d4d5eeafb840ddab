// Cases with what came of them: the survey, the standing rating, the newest text, the appeal. A stretch of cases is read as one pass over each
// table, side by side in the order of the cases: looked up one by one they would take three times as long.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/appeal.hpp"
#include "daemon/core/clock.hpp"
#include "daemon/core/message.hpp"
#include "daemon/core/rating.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::reports {

struct CaseRow {
    struct Rating {
        Grade grade = Grade::satisfied;
        bool from_words = false, confirmed = false;  // a person has read the words too
        Instant at{};
        std::optional<std::string> officer{};
        std::string unit{};
    };

    std::int64_t id = 0;
    std::string unit{}, category{};  // its first two characters
    std::string source{};
    bool attended = false;           // the record names an officer at the scene
    Instant reported_at{};
    std::optional<Instant> closed_at{};
    std::optional<std::string> officer{}, code{};  // why it was not asked, of the case or of its survey
    bool recoded_after = false, accepted_once = false;
    Instant recoded_at{};            // when it was, after the answer
    std::optional<MessageState> survey{};
    std::optional<Instant> asked_at{}, answer_until{};  // when a carrier had it
    std::int64_t asked_phone = 0;
    std::optional<Rating> rating{};
    struct Appeal {
        AppealState state = AppealState::filed;
        Instant due_at{}, decided_at{};
        bool takes_out = false;  // it was upheld, and about the rating that stands
    };
    std::optional<Appeal> appeal{};
    bool under_appeal() const { return appeal && !is_settled(appeal->state); }
    bool taken_out() const { return appeal && appeal->takes_out; }
    std::string newest_class{};  // empty: no text was matched to it
    std::optional<Instant> newest_at{};
};

class CaseRows {
public:
    // The cases whose ids lie between, both included. Within a transaction of the caller.
    CaseRows(store::Connection& db, std::int64_t first, std::int64_t last);
    bool next(CaseRow& row);  // false: that was the last

private:
    // The rows of a table that name a case, in the order of the cases.
    class OfCases {
    public:
        OfCases(store::Connection& db, const char* sql, std::int64_t first, std::int64_t last);
        template <class Take> void of(std::int64_t id, Take take) {
            while (more_ && rows_.integer(0) < id) more_ = rows_.step();
            for (; more_ && rows_.integer(0) == id; more_ = rows_.step()) take(rows_);
        }

    private:
        store::Statement rows_;
        bool more_;
    };

    store::Statement cases_;
    OfCases surveys_, ratings_, texts_, decided_, appeals_;
    struct Words { std::optional<std::int64_t> text{}; bool confirmed = false; };
    std::vector<Words> words_{};  // of the case at hand: what a person said of ratings from words
};

}  // namespace pingjing::reports
