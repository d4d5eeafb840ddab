// From counts to the numbers a report may show, and what it must not show. Pure: no store, no clock.
//
// Sources. Headline (S + 0.5·B)/n: the only weighting that gives the 88.93 % which 东莞 published for 6554/731/496.
// Interval: E. B. Wilson, JASA 22 (1927), z = 1.96. Shrinkage: beta-binomial by moments (Efron & Morris, JASA 70 (1975)),
// but toward the score expected from the case mix: shrinking to the force mean punishes units with hard work.
// Funnel: D. Spiegelhalter, Statistics in Medicine 24 (2005), "Funnel plots for comparing institutional performance",
// overdispersion after winsorising. Smallest n: AHRQ and HCAHPS practice; below it a rate says more about chance than about a person.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/core/rating.hpp"
#include "daemon/core/services.hpp"
#include "daemon/reports/render.hpp"

namespace pingjing::reports {

struct Weights {
    double satisfied = 1, basically_satisfied = 0.5, dissatisfied = 0;
    double of(Grade grade) const;
};

struct Interval { double low = 0, high = 1; };
// At p for n ratings. For a mean of values in [0,1] it is conservative: none varies more than a yes or no with that mean.
Interval wilson(double p, std::int64_t n, double z = 1.96);

// Everything counted for one row. n, sum and the squares are of the ratings that count for this row:
// words-only ratings without a person's yes are in them for units and the force, not for an officer.
struct Tally {
    std::int64_t eligible = 0, sent = 0, delivered = 0, answered = 0;
    std::int64_t satisfied = 0, basically_satisfied = 0, dissatisfied = 0;
    std::int64_t unconfirmed = 0, late = 0, ambiguous = 0;
    double sum = 0, sum_of_squares = 0;   // of the weight of each rating
    double expected_sum = 0;              // of CaseMix::expected for each rating
    std::int64_t ended_delivered = 0, ended_rated = 0;  // surveys whose window has ended

    std::int64_t n() const { return satisfied + basically_satisfied + dissatisfied; }
    std::optional<double> mean() const;
    double variance() const;              // of single ratings; 0 without any
    void rate(Grade grade, const Weights& weights, std::int64_t times = 1);
    Tally& operator+=(const Tally& other);
};

// The force mean by kind of work. Filled with all ratings first, asked afterwards.
class CaseMix {
public:
    explicit CaseMix(std::int64_t least_cell = 30) : least_cell_(least_cell) {}
    void add(const std::string& category, int time_band, double sum, std::int64_t n);
    // The mean of the cell; of the category where the cell has fewer ratings than `least_cell`; of the force where that has too; 0.5 without any.
    double expected(const std::string& category, int time_band) const;

private:
    struct Mean { double sum = 0; std::int64_t n = 0; };
    std::int64_t least_cell_;
    std::map<std::pair<std::string, int>, Mean> cells_;
    std::map<std::string, Mean> categories_;
    Mean force_;
};

// (m·e + Σx)/(m + n)
double shrink(double expected, double prior, double sum, std::int64_t n);
// m = σ²/v̂ from rows with at least `least_n` ratings; 20 where fewer than two of them exist.
double prior_by_moments(const std::vector<Tally>& rows, double variance_of_ratings, std::int64_t least_n = 10);
// φ: the mean of the squared z-scores after winsorising a tenth on each side; at least 1.
double overdispersion(std::vector<double> z_scores);

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

struct Rules {
    Weights weights{};
    Smallest least{};
    double z = 1.96, funnel_z = 1.96;
    double most_unconfirmed = 0.10;     // no flag where words-only ratings without a person's yes are more than that share
    std::optional<double> prior = 20;   // null: by moments
    bool raw = false;                   // shows what the smallest n would hide; the caller records the access
    bool by_answer = false;             // basis `answered`: eligible, sent, delivered and the response rate have no meaning
    Services services{};        // the 110 call, and what else the site asks about: each is counted by itself
};

enum class Funnel { below, within, above };
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

// `report` is officers, units or force: the first column is `officer` or `unit`, the rest is A5 in its order.
Table score_table(std::string_view report, const std::vector<ReportRow>& rows);
// `exclusions` {"unit","code","count","share"} and the books of A6, without rows.
Table exclusions_table();
Table balance_table();

}  // namespace pingjing::reports
