#include <doctest/doctest.h>

#include "daemon/config/lists.hpp"
#include "daemon/config/section.hpp"
#include "daemon/core/followup.hpp"
#include "daemon/core/local_time.hpp"
#include "daemon/core/templates.hpp"
#include "daemon/core/working_days.hpp"

using namespace pingjing;

namespace {

const std::string zone = "Asia/Shanghai";
Instant at(const char* text) { return *parse_rfc3339(text); }

WorkingDays china() {
    config::Problems problems;
    auto days = config::read_working_days(built_in_template("calendars/cn.csv").value(), "cn.csv", problems);
    REQUIRE(problems.empty());
    return days;
}

}  // namespace

TEST_CASE("working days are Monday to Friday, but for holidays and worked weekends") {
    WorkingDays plain;
    CHECK(plain.contains("2026-11-20"));        // Friday
    CHECK_FALSE(plain.contains("2026-11-21"));  // Saturday
    CHECK_FALSE(plain.contains("2026-11-22"));
    CHECK_FALSE(plain.contains("nonsense"));
    auto days = china();
    CHECK_FALSE(days.contains("2026-10-01"));
    CHECK(days.contains("2026-10-08"));
    CHECK(days.contains("2026-10-10"));         // a Saturday that is worked
    CHECK_FALSE(days.contains("2026-10-11"));
    CHECK(days.knows_year("2026"));
    CHECK_FALSE(days.knows_year("2027"));
}

TEST_CASE("so many working days later is the same time of that day") {
    auto days = china();
    CHECK(format_local(days.later(at("2026-11-20T23:30:00+08:00"), 1, zone), zone) == "2026-11-23T23:30:00+08:00");
    CHECK(format_local(days.later(at("2026-11-21T10:00:00+08:00"), 2, zone), zone) == "2026-11-24T10:00:00+08:00");
    CHECK(format_local(days.later(at("2026-09-30T15:00:00+08:00"), 5, zone), zone) == "2026-10-13T15:00:00+08:00");  // over the golden week: 8, 9, 10, 12, 13
    CHECK(days.later(at("2026-10-01T10:00:00+08:00"), 0, zone) == at("2026-10-01T10:00:00+08:00"));
}

TEST_CASE("a calendar that cannot be read says which line") {
    config::Problems problems;
    config::read_working_days("date,working\n2026-13-01,no\n2026-10-01,maybe\n2026-10-01,no\n2026-10-01,no\n", "days.csv", problems);
    auto all = problems.text();
    CAPTURE(all);
    CHECK(problems.lines().size() == 3);
    CHECK(all.find("2026-13-01") != std::string::npos);
    CHECK(all.find("maybe") != std::string::npos);
    CHECK(all.find("twice") != std::string::npos);
}

TEST_CASE("a follow-up goes forward, and back only from a review or a text that did not go") {
    int arrows = 0;
    for (int from = 0; from < 8; ++from)
        for (int to = 0; to < 8; ++to) {
            auto a = static_cast<FollowupState>(from), b = static_cast<FollowupState>(to);
            if (!may_follow(a, b)) continue;
            ++arrows;
            if (to <= from) CHECK((a == FollowupState::verified || a == FollowupState::rectified || a == FollowupState::told));
        }
    CHECK(arrows == 13);
    for (int s = 0; s < 8; ++s) CHECK(parse_followup_state(followup_state_name(static_cast<FollowupState>(s))) == static_cast<FollowupState>(s));
    CHECK_FALSE(parse_followup_state("escalated"));
    CHECK(parse_finding("partly") == Finding::partly);
    CHECK(is_topic("attitude"));
    CHECK_FALSE(is_topic("态度"));
}
