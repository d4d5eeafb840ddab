// From counts to the numbers a report may show, and what it must not show. Pure: no store, no clock.
//
// Sources. Headline (S + 0.5·B)/n: the only weighting that gives the 88.93 % which 东莞 published for 6554/731/496. Smallest n: AHRQ and
// HCAHPS practice; below it a rate says more about chance than about a person. The formulas and where they come from: daemon/stats.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/core/clock.hpp"
#include "daemon/core/rating.hpp"
#include "daemon/core/services.hpp"
#include "daemon/reports/render.hpp"
#include "daemon/stats/funnel.hpp"
#include "daemon/stats/strata.hpp"

namespace pingjing::reports {

struct Weights {
    double satisfied = 1, basically_satisfied = 0.5, dissatisfied = 0;
    double of(Grade grade) const;
};

// Everything counted for one row. n, sum and the squares are of the ratings that count for this row:
// words-only ratings without a person's yes are in them for units and the force, not for an officer.
struct Tally {
    std::int64_t eligible = 0, sent = 0, delivered = 0, answered = 0;
    std::int64_t satisfied = 0, basically_satisfied = 0, dissatisfied = 0;
    std::int64_t unconfirmed = 0, late = 0, ambiguous = 0;
    double sum = 0, sum_of_squares = 0;   // of the weight of each rating
    double expected_sum = 0;              // of stats::CaseMix::expected for each rating
    std::int64_t ended_delivered = 0, ended_rated = 0;  // surveys whose window has ended

    std::int64_t n() const { return satisfied + basically_satisfied + dissatisfied; }
    std::optional<double> mean() const;
    double variance() const;              // of single ratings, by n − 1; 0 of fewer than two
    void rate(Grade grade, const Weights& weights, std::int64_t times = 1);
    Tally& operator+=(const Tally& other);
    bool operator==(const Tally&) const = default;
};

enum class Level { officer, station, sub_bureau, force };
std::string_view level_name(Level level);

struct Subject {
    std::optional<std::string> code{};    // badge or unit; null: nobody was at the scene, or the force
    std::optional<std::string> name{};
    std::optional<std::string> parent{};  // code of the next level up
    Level level = Level::officer;
    Tally tally{};
};

// Under `counts` only n is shown, under `rates` no rate, under `flags` no comparison; a funnel needs `comparable_rows`.
struct Smallest {
    std::int64_t counts = 5, rates = 10, flags = 30, cell = 30;
    std::size_t comparable_rows = 10;
};

// 综合考评: what counts how much, and the response rate above which nothing is gained: a high one is no merit but a signal.
struct Assessment {
    double satisfaction = 0.5, response = 0.1, followup = 0.25, repeats = 0.15;
    double response_target = 0.25;
};

// What looks like gaming (domain.md §12): from where on it is listed.
struct SignalRules {
    Millis quick = std::chrono::seconds(60);         // an answer sooner than that
    std::int64_t number_cases = 6, number_officer = 3;  // cases of one number in a period: of all, and with one officer
    std::int64_t officer_cases = 2;                  // single things by one officer, from which on they are a warning
    Millis open_after = std::chrono::hours(24 * 7);  // a record that is not closed since its report
    std::vector<std::string> staff_keys{};           // phone keys of the internal list
};

struct Rules {
    Weights weights{};
    Assessment assessment{};
    SignalRules signals{};
    Smallest least{};
    double z = 1.96, funnel_z = 1.96, funnel_alarm = 3.09;
    double exact_warn = 0.05, exact_alarm = 0.002;  // both tails together, where limits are binomial
    double most_unconfirmed = 0.10;     // no flag where words-only ratings without a person's yes are more than that share
    std::optional<double> prior = 20;   // null: by moments
    bool raw = false;                   // shows what the smallest n would hide; the caller records the access
    bool by_answer = false;             // basis `answered`: eligible, sent, delivered and the response rate have no meaning
    Services services{};        // the 110 call, and what else the site asks about: each is counted by itself
};

// As far as the formulas know them.
stats::FunnelRules funnel_rules(const Rules& rules);

using Funnel = stats::Place;
enum class Note { none, under_5, under_10, small_sample, withheld };
std::string_view note_code(Note note);

// One row of design.md A5; nullopt is shown as null or an empty field.
struct ReportRow {
    std::optional<std::string> code{}, name{}, parent{};
    Level level = Level::officer;
    std::optional<std::int64_t> eligible{}, sent{}, delivered{}, answered{}, satisfied{}, basically_satisfied{}, dissatisfied{}, unconfirmed{}, late{}, ambiguous{};
    std::int64_t n = 0;
    std::optional<double> rate{}, wilson_low{}, wilson_high{}, satisfied_share{}, positive_share{}, positive_low{}, positive_high{}, dissatisfied_share{};
    std::optional<double> shrunk{}, expected{};
    std::optional<Funnel> funnel{};
    std::optional<double> response_rate{};
    Note note = Note::none;
};

// One row per subject, in the same order. The force is the target of the funnel whether or not it is among the subjects.
std::vector<ReportRow> score(const std::vector<Subject>& subjects, const Tally& force, const Rules& rules);

Cell cell(const std::optional<Funnel>& funnel);
Cell cell(Note note);

// `report` is officers, units or force: the first column is `officer` or `unit`, the rest is A5 in its order.
Table score_table(std::string_view report, const std::vector<ReportRow>& rows);
// `exclusions` {"unit","code","count","share"} and the books of A6, without rows.
Table exclusions_table();
Table balance_table();

}  // namespace pingjing::reports
