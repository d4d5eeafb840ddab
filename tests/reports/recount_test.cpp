// The reports against a recount by hand: random calls, surveys and answers are kept in plain vectors beside the store, and
// counted there the slow way.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "daemon/core/local_time.hpp"
#include "daemon/core/random.hpp"
#include "daemon/reports/queries.hpp"
#include "tests/support/planter.hpp"

using namespace pingjing;
using test::Planter;

namespace {

const std::string zone = "Asia/Shanghai";
const auto as_of = *parse_rfc3339("2026-11-25T10:00:00+08:00");

struct Heard {
    std::string cls;            // of the text
    std::string effect, grade;  // empty: no rating
    std::string method = "code", at, officer, unit;
    bool confirmed = false;
};

struct Happened {
    test::Call call;
    std::optional<test::Survey> survey;
    std::vector<Heard> heard;
    std::string appeal;          // its state; empty: none
    int judged = 0;              // so many answers were there when it was decided

    // The rating that stands counts in no score: under appeal, or the one that was judged.
    bool under_appeal() const { return appeal == "filed" || appeal == "proposed"; }
    bool taken_out() const { return appeal == "upheld" && standing() && standing() - heard.data() < judged; }

    bool excluded() const { return !survey || survey->state == "cancelled"; }
    const Heard* standing() const {
        const Heard* found = nullptr;
        for (const auto& h : heard)
            if (h.effect == "first" || h.effect == "replaces") found = &h;
        return found;
    }
    const Heard* newest() const {
        const Heard* found = nullptr;
        for (const auto& h : heard)
            if (h.cls != "unmatched" && h.cls != "quarantined" && !h.cls.empty()) found = &h;
        return found;
    }
    std::string officer() const {
        if (auto* rating = standing()) return rating->officer;
        return call.kind == "survey_unit" ? "" : call.officer.value_or("");
    }
    std::string unit() const { return standing() ? standing()->unit : call.unit; }
};

class World {
public:
    World(std::uint64_t seed, store::Connection& db) : random_(seed), plant_(db) {
        for (int i = 0; i < 700; ++i) happen();
    }
    std::vector<Happened> all;

private:
    template <class T> T one_of(std::vector<T> choices) { return choices[random_.below(choices.size())]; }
    bool chance(int percent) { return random_.below(100) < static_cast<std::uint64_t>(percent); }
    std::string moment(int first_day, int days) {
        return fmt::format("2026-11-{:02}T{:02}:{:02}:00+08:00", first_day + static_cast<int>(random_.below(static_cast<std::uint64_t>(days))), random_.below(24),
                           random_.below(60));
    }

    void happen() {
        Happened h;
        h.call.unit = one_of<std::string>({"320102430000", "320102440000", "320105010000", "320105020000", "320102000000", "X1"});
        h.call.officer = one_of<std::optional<std::string>>({"a", "b", "c", "d", "e", std::nullopt});
        h.call.category = one_of<std::string>({"010203", "019999", "020101", "09"});
        h.call.kind = one_of<std::string>({"survey", "survey", "survey", "survey_neutral", "survey_unit"});
        h.call.reported = moment(16, 6);
        if (!chance(3)) h.call.closed = moment(17, 6);
        else h.call.closed = std::nullopt;
        h.call.recoded_after = chance(5);
        if (chance(30)) h.call.code = one_of<std::string>({"dv", "invalid", "duplicate"});
        auto id = plant_.call(h.call);
        if (!chance(25)) {
            h.survey.emplace();
            h.survey->state = one_of<std::string>({"due", "held", "not_sent", "cancelled", "sending", "accepted", "in_doubt", "failed", "expired", "no_report",
                                                   "unknown", "delivered", "delivered", "delivered", "delivered", "delivered"});
            h.survey->accepted = chance(50);
            h.survey->answer_until = moment(22, 6);
            if (h.survey->state == "cancelled" && chance(50)) h.survey->code = "stale";
            plant_.survey(id, *h.survey);
            while (chance(45)) hear(h, id);
        }
        if (chance(20)) plant_appeal(h, id);
        all.push_back(h);
    }

    void hear(Happened& h, std::int64_t id) {
        Heard heard;
        heard.at = moment(20, 5);
        if (chance(40)) {
            heard.cls = one_of<std::string>({"late", "ambiguous", "opt_out", "help", "none", "unmatched", "quarantined", ""});
            plant_.text(id, heard.cls, heard.at);
        } else {
            auto rated_before = h.standing() != nullptr;
            heard.effect = chance(10) ? "late" : !rated_before ? "first" : one_of<std::string>({"replaces", "repeated", "second", "review"});
            heard.cls = heard.effect == "first" || heard.effect == "replaces" ? "rated" : heard.effect == "late" ? "late" : "repeated";
            heard.grade = one_of<std::string>({"satisfied", "satisfied", "satisfied", "basically_satisfied", "dissatisfied"});
            heard.method = one_of<std::string>({"code", "code", "words", "emoji"});
            heard.officer = h.call.kind == "survey_unit" ? "" : h.call.officer.value_or("");
            if (chance(5)) heard.officer = "gone";
            heard.unit = h.call.unit;
            auto text = plant_.answer(id, {.grade = heard.grade, .method = heard.method, .effect = heard.effect, .at = heard.at,
                                           .officer = heard.officer.empty() ? std::nullopt : std::optional(heard.officer), .unit = heard.unit});
            heard.confirmed = chance(40);
            if (heard.confirmed) plant_.review(id, text, "confirmed");
        }
        h.heard.push_back(heard);
    }

    // Sometimes one that was decided before the last answers came.
    void plant_appeal(Happened& h, std::int64_t id) {
        h.appeal = one_of<std::string>({"filed", "proposed", "upheld", "upheld", "not_upheld", "withdrawn"});
        h.judged = static_cast<int>(h.heard.size());
        plant_.appeal(id, h.appeal);
        if (h.survey && chance(30)) hear(h, id);
    }

    SeededRandom random_;
    Planter plant_;
};

using Row = std::map<std::string, std::int64_t>;

bool in_period(const Happened& h, bool by_answer, const std::string& from, const std::string& to) {
    std::string day;
    if (!by_answer) day = (h.call.closed ? *h.call.closed : h.call.reported).substr(0, 10);
    else if (auto* rating = h.standing()) day = rating->at.substr(0, 10);
    else if (auto* text = h.newest()) day = text->at.substr(0, 10);
    return day >= from && day <= to;
}

// `mine` picks the cases of the row; `officer`: words need a person.
template <class Mine> Row recount(const std::vector<Happened>& all, bool by_answer, const std::string& from, const std::string& to, bool officer, Mine mine) {
    Row row;
    for (const auto& h : all) {
        if (!mine(h) || !in_period(h, by_answer, from, to)) continue;
        const auto* rating = h.standing();
        const auto* text = h.newest();
        row["answered"] += text != nullptr;
        row["late"] += !rating && text && text->cls == "late";
        row["ambiguous"] += !rating && text && text->cls == "ambiguous";
        bool words = rating && rating->method != "code" && !rating->confirmed;
        row["filed"] += !h.appeal.empty(), row["open"] += h.under_appeal(), row["upheld"] += h.appeal == "upheld", row["not_upheld"] += h.appeal == "not_upheld", row["withdrawn"] += h.appeal == "withdrawn";
        bool appealed = rating && !h.call.recoded_after && (h.under_appeal() || h.taken_out());
        row["left_out"] += appealed && h.under_appeal(), row["taken_out"] += appealed && h.taken_out();
        if (rating && !h.call.recoded_after && !appealed) {
            row["unconfirmed"] += words;
            if (!words || !officer) row[rating->grade] += 1, row["n"] += 1;
        }
        if (by_answer) continue;
        row["eligible"] += !h.excluded();
        if (!h.survey) continue;
        const auto& state = h.survey->state;
        row["delivered"] += state == "delivered";
        row["sent"] += state == "accepted" || state == "delivered" || state == "expired" || state == "no_report" || state == "in_doubt" ||
                       state == "unknown" || (state == "failed" && h.survey->accepted);
    }
    return row;
}

void agree(const boost::json::value& row, Row expected, bool by_answer) {
    CAPTURE(boost::json::serialize(row));
    for (const char* key : {"answered", "late", "ambiguous", "unconfirmed", "satisfied", "basically_satisfied", "dissatisfied", "n"}) {
        CAPTURE(key);
        CHECK(row.at(key).as_int64() == expected[key]);
    }
    if (by_answer) return;
    for (const char* key : {"eligible", "sent", "delivered"}) {
        CAPTURE(key);
        CHECK(row.at(key).as_int64() == expected[key]);
    }
}

}  // namespace

TEST_CASE("reports agree with a recount by hand, whatever happened") {
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
        CAPTURE(seed);
        store::Connection db(":memory:");
        REQUIRE(store::migrate(db));
        World world(seed, db);
        for (bool by_answer : {false, true}) {
            CAPTURE(by_answer);
            std::string from = "2026-11-18", to = by_answer ? "2026-11-22" : "2026-11-20";
            auto report = [&](const char* name) {
                reports::Request request{.report = name, .from = from, .to = to, .basis = by_answer ? "answered" : "closed", .raw = true};
                return boost::json::parse(reports::render_json(*reports::make_report(db, {}, {}, request, zone, as_of)));
            };
            auto officers = report("officers"), units = report("units");
            std::size_t badges = 0;
            for (const char* badge : {"a", "b", "c", "d", "e", "gone", ""})
                badges += std::any_of(world.all.begin(), world.all.end(), [&](auto& h) { return h.officer() == badge && in_period(h, by_answer, from, to); });
            CHECK(officers.at("rows").as_array().size() == badges);
            for (const auto& row : officers.at("rows").as_array()) {
                std::string badge = row.at("officer").is_null() ? "" : std::string(row.at("officer").as_string());
                agree(row, recount(world.all, by_answer, from, to, true, [&](auto& h) { return h.officer() == badge; }), by_answer);
            }
            for (auto appeals = report("appeals"); const auto& row : appeals.at("rows").as_array()) {
                CAPTURE(boost::json::serialize(row));
                std::string unit = row.at("unit").is_null() ? "" : std::string(row.at("unit").as_string());
                bool sub_bureau = row.at("level") == "sub_bureau";
                auto mine = [&](auto& h) { return unit.empty() || (sub_bureau ? h.unit().substr(0, 6) == unit.substr(0, 6) : h.unit() == unit); };
                auto expected = recount(world.all, by_answer, from, to, false, mine);
                for (const char* key : {"filed", "open", "upheld", "not_upheld", "withdrawn", "left_out", "taken_out"}) {
                    CAPTURE(key);
                    CHECK(row.at(key).as_int64() == expected[key]);
                }
                auto all = expected["n"] + expected["left_out"] + expected["taken_out"];
                CHECK(row.at("rated").as_int64() == all);
                if (all > 0) CHECK(row.at("taken_out_share").to_number<double>() == doctest::Approx(static_cast<double>(expected["taken_out"]) / static_cast<double>(all)));
            }
            for (const auto& row : units.at("rows").as_array()) {
                std::string unit = row.at("unit").is_null() ? "" : std::string(row.at("unit").as_string());
                bool sub_bureau = row.at("level") == "sub_bureau";
                auto mine = [&](auto& h) { return unit.empty() || (sub_bureau ? h.unit().substr(0, 6) == unit.substr(0, 6) : h.unit() == unit); };
                agree(row, recount(world.all, by_answer, from, to, false, mine), by_answer);
            }
        }

        auto books = boost::json::parse(reports::render_json(*reports::make_report(db, {}, {}, {.report = "balance"}, zone, as_of)));
        CHECK(books.at("holds").as_bool());
        auto count = [&](auto which) { return std::count_if(world.all.begin(), world.all.end(), which); };
        CHECK(books.at("cases").as_int64() == 700);
        CHECK(books.at("excluded").as_int64() == count([](auto& h) { return h.excluded(); }));
        CHECK(books.at("waiting").as_int64() == count([](auto& h) { return h.survey && (h.survey->state == "due" || h.survey->state == "held" || h.survey->state == "not_sent"); }));

        auto excluded = boost::json::parse(reports::render_json(*reports::make_report(db, {}, {}, {.report = "exclusions"}, zone, as_of)));
        std::int64_t of_force = 0, of_units = 0;
        for (const auto& row : excluded.at("rows").as_array()) (row.at("unit").is_null() ? of_force : of_units) += row.at("count").as_int64();
        CHECK(of_force == books.at("excluded").as_int64());
        CHECK(of_units == of_force);
    }
}
