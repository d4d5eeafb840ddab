// One pass over the cases of a period, counted for officers, units and the force at once.
//
// Each case is in one class of the books: excluded (no survey, or a cancelled one), waiting, surveyed. It counts for whom its
// standing rating names, for that was true when the citizen answered; without one, for whom the record names now.
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/core/clock.hpp"
#include "daemon/core/message.hpp"
#include "daemon/reports/score.hpp"

namespace pingjing::store { class Connection; }

namespace pingjing::reports {
struct CaseRow;

enum class Standing { excluded, waiting, surveyed };
// nullopt: the case has no survey. A survey that is proved not to be sent waits to become due again.
Standing standing_of(std::optional<MessageState> survey);
// A carrier took it, or may have: refused before that is not sent.
bool was_sent(MessageState survey, bool accepted_once);

// A code that stands in the record because somebody at the station wrote it there, not because of the number or the time.
bool is_chosen(std::string_view code);

struct Period {
    Instant from{}, to{};    // to is excluded
    bool by_answer = false;  // the day of the answer, not of closing
    std::size_t service = 0; // which of the site's services is counted
    std::optional<Instant> answered_before{};  // ratings since then are not looked at yet
};

inline constexpr std::array all_grades = {Grade::satisfied, Grade::basically_satisfied, Grade::dissatisfied};

// Of one kind of work, by category and time band. An officer's have no `eligible`: nobody asks for it.
struct Work {
    std::int64_t eligible = 0, rated = 0;
    std::array<std::int64_t, 3> grades{};  // of `rated`
    double sum = 0;                        // of their weights; 0 until it is finished
    bool operator==(const Work&) const = default;
};
using Works = std::map<std::pair<std::string, int>, Work>;
// A rating that counts no more: taken out by an upheld appeal, or its case was re-coded after it.
struct Withdrawn {
    Instant at{};
    std::int64_t case_id = 0;
    bool recoded = false, ended = false, unconfirmed = false;
    Grade grade = Grade::satisfied;
    std::pair<std::string, int> kind{};  // category and time band
    bool operator==(const Withdrawn&) const = default;
};
// What is watched for `signals` beside the tally: cases closed, refused by a code that a person wrote, rated by those whose window has ended, however
// the rating stands, ratings whose survey's time is known, and of those the ones that came sooner than anybody reads, thinks and types.
struct Watched {
    std::int64_t closed = 0, chosen = 0, rated = 0, timed = 0, quick = 0;
    bool operator==(const Watched&) const = default;
};

// Of one officer, one unit or the force.
struct Counted {
    Tally tally{};
    Works work{};                    // for the case mix and the post-stratified rate
    std::int64_t recoded_after = 0;  // answers left out because the case was re-coded after them
    // Appeals about these cases, and the ratings that do not count here because of them: until it is decided, and for good.
    std::int64_t filed = 0, open = 0, overdue = 0, upheld = 0, not_upheld = 0, taken_back = 0, left_out = 0, taken_out = 0;
    std::vector<Instant> open_due{};     // of the open ones: by when they are to be decided
    std::vector<Withdrawn> withdrawn{};  // of these, what was re-coded or taken out; of the force none
    Watched watched{};
    std::int64_t last_case = 0;
    std::string unit{};              // officers: where the last of these cases was
    bool operator==(const Counted&) const = default;
};

struct Figures {
    std::map<std::optional<std::string>, Counted> officers{};  // nullopt: nobody was at the scene, or the unit alone is rated
    std::map<std::string, Counted> units{};                    // as the records name them
    Counted force{};
    stats::CaseMix mix{};
    std::map<std::string, std::map<std::string, std::int64_t>> excluded{};  // unit, code
    std::map<std::string, std::int64_t> cases{};                            // all of a unit
};

// Counts cases in whole numbers, so that the days of a period add up to it exactly, in whatever order. Nothing is weighed, left out or
// summed for the force yet: `finished` does that.
class Count {
public:
    Count(const Rules& rules, const std::string& zone, Instant as_of);
    void add(const CaseRow& c);
    Figures take() { return std::move(figures_); }

private:
    void add_to(Counted& counted, const CaseRow& c, Standing standing, bool rating_counts, bool for_strata) const;
    void watch(Watched& watched, const CaseRow& c, bool ended) const;
    bool is_withdrawn(const CaseRow& c) const;
    bool is_left_out(const CaseRow& c) const;

    Figures figures_{};
    const std::string& zone_;
    Instant as_of_;
    Millis quick_;
    bool raw_;
    int band_ = 0;  // of the case at hand: 00–06, 06–12, 12–18, 18–24 of the day it was reported
};
// Both not finished.
void add_figures(Figures& sum, const Figures& more);
Figures finished(Figures figures, const Rules& rules, Instant as_of);

// The cases of the period in the order of their ids, read in slices that hold no reader long.
void each_case(store::Connection& db, const Period& period, const Services& services, const std::function<void(const CaseRow&)>& take);

// With `rules.raw` as it is. Else as whoever was rated may know it: what he can bring about himself (an appeal that is filed, a case that is
// re-coded) must not tell what was rated. So an appeal changes nothing until it is decided, and what is withdrawn leaves a row by whole
// steps of `least.counts`, in the order in which it was; the force leaves out what its units do.
// `as_of` decides whose answer window has ended. A case that is not closed (any more) belongs to the day it was reported.
Figures count_period(store::Connection& db, const Period& period, const Rules& rules, const std::string& zone, Instant as_of);

}  // namespace pingjing::reports
