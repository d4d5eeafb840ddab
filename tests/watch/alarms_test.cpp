#include "daemon/watch/alarms.hpp"

#include <doctest/doctest.h>

#include <set>
#include <sstream>

#include "daemon/config/settings.hpp"
#include "daemon/watch/alarm_words.hpp"
#include "daemon/watch/findings.hpp"
#include "tests/support/source.hpp"

using namespace pingjing;
using namespace pingjing::watch;

namespace {

const Instant noon = *parse_rfc3339("2026-11-21T12:00:00+08:00");
std::string told(const std::vector<Alarms::Change>& changes) {
    std::string out;
    for (const auto& c : changes) out += (c.raised ? "+" : "-") + c.alarm.name + " ";
    return out;
}

}  // namespace

TEST_CASE("every alarm has its page, and every page its alarm") {
    std::set<std::string> names, pages;
    for (const auto& kind : kinds()) CHECK(names.insert(std::string(kind.name)).second);
    for (const auto& kind : kinds()) {
        CAPTURE(kind.name);
        REQUIRE(alarm_words(kind.name));
        CHECK_FALSE(alarm_words(kind.name)->title.empty());
        CHECK_FALSE(alarm_words(kind.name)->meaning.empty());
    }
    CHECK_FALSE(alarm_words("an alarm of tomorrow"));
    std::istringstream lines(test::read_source("systemd/README.md"));
    std::string page;
    std::map<std::string, std::set<std::string>> parts;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("### ")) page = line.substr(4), pages.insert(page);
        for (const char* part : {"It means: ", "Look at: ", "Do: ", "Do not: "})
            if (line.starts_with(part) && line.size() > std::string(part).size() + 20) parts[page].insert(part);
    }
    CHECK(names == pages);
    for (const auto& name : pages) CHECK_MESSAGE(parts[name].size() == 4, name << " lacks a part of its page");
}

TEST_CASE("an alarm is raised once when it has lasted, and is over when it has been gone for a while") {
    Alarms alarms;
    std::vector<Finding> down{{"channel_down", "main", "refused"}};
    CHECK(told(alarms.look(down, noon)).empty());
    CHECK(told(alarms.look({}, noon + 1min)).empty());
    CHECK(told(alarms.look(down, noon + 2min)).empty());
    CHECK(told(alarms.look(down, noon + 6min)).empty());  // the hiccup before does not count
    CHECK(told(alarms.look(down, noon + 7min)) == "+channel_down ");
    CHECK(told(alarms.look(down, noon + 8min)).empty());
    CHECK(told(alarms.look({}, noon + 9min)).empty());
    CHECK(told(alarms.look(down, noon + 10min)).empty());  // it flaps: neither over nor new
    CHECK(told(alarms.look({}, noon + 11min)).empty());
    CHECK(alarms.is_raised("channel_down", "main"));
    CHECK_FALSE(alarms.is_raised("channel_down", "other"));
    CHECK(told(alarms.look({}, noon + 13min)) == "-channel_down ");
    CHECK_FALSE(alarms.is_raised("channel_down", "main"));
    CHECK_THROWS(alarms.look({{"no_such_alarm", "", ""}}, noon));
}

TEST_CASE("people are told when it begins, from time to time, and when it is over") {
    using enum Alarms::News;
    Alarms alarms;
    std::vector<Finding> held{{"clock_held", "", "why"}};
    alarms.look(held, noon);
    auto news = [&](Instant now) { return Alarms::news_of(alarms.all().at(0), 4h, now); };
    CHECK(news(noon) == raised);
    CHECK_FALSE(alarms.told("clock_held", "", raised, noon + 1min));
    CHECK(news(noon + 3h) == none);
    CHECK(news(noon + 4h + 1min) == still);
    CHECK(news(noon - 24h) == still);  // told by a clock that was ahead
    alarms.look({}, noon + 5h);
    CHECK(news(noon + 5h) == cleared);
    CHECK_FALSE(alarms.told("clock_held", "", still, noon + 5h));  // overtaken: the end is still to be told
    CHECK(news(noon + 5h) == cleared);
    CHECK(alarms.told("clock_held", "", cleared, noon + 5h));
    CHECK(alarms.all().empty());
}

TEST_CASE("a restart repeats nothing") {
    Alarms alarms;
    alarms.remember({{"disk_nearly_full", "", "10 MiB", noon, noon, noon, std::nullopt}});
    CHECK(alarms.look({{"disk_nearly_full", "", "9 MiB"}}, noon + 1min).empty());
    CHECK(Alarms::news_of(alarms.all().at(0), 4h, noon + 1min) == Alarms::News::none);
    CHECK(alarms.look({}, noon + 2min).empty());
    CHECK(told(alarms.look({}, noon + 13min)) == "-disk_nearly_full ");
}

TEST_CASE("what is pushed") {
    store::WatchAlarm alarm{"channel_down", "main", "refused", noon, noon + 5min, std::nullopt, std::nullopt};
    CHECK(news_json(alarm, Alarms::News::raised, noon + 6min) ==
          R"({"alarm":"channel_down","about":"main","state":"raised","severity":"error","meaning":"a channel refuses us or cannot be reached",)"
          R"("detail":"refused","since":"2026-11-21T04:00:00Z","at":"2026-11-21T04:06:00Z","page":"systemd/README.md#channel_down"})");
}

TEST_CASE("the same news has the same id, other news another") {
    using enum Alarms::News;
    store::WatchAlarm alarm{"channel_down", "main", "refused", noon, noon + 5min, std::nullopt, std::nullopt};
    auto first = news_id(alarm, raised);
    CHECK(first.size() == 38);
    auto later = alarm;
    later.detail = "refused again";
    CHECK(news_id(later, raised) == first);
    std::set<std::string> ids{first, news_id(alarm, cleared)};
    later.told_at = noon + 1h;
    ids.insert(news_id(later, still));
    later.told_at = noon + 5h;
    ids.insert(news_id(later, still));
    later.about = "other";
    ids.insert(news_id(later, still));
    later.since = noon + 6h;
    ids.insert(news_id(later, still));
    CHECK(ids.size() == 6);
}

TEST_CASE("a channel's state becomes the alarm that says what to do") {
    auto name = [](const char* state, const char* why) {
        auto found = about_channels({{"main", state, why}});
        return found.empty() ? std::string() : found.front().name;
    };
    CHECK(name("up", "").empty());
    CHECK(name("paused", "throttled").empty());
    CHECK(name("down", "retry no authority at this address") == "channel_down");
    CHECK(name("down", "channel_down_auth 401") == "channel_refuses_us");
    CHECK(name("down", "channel_down_balance 402") == "channel_balance");
    CHECK(name("suspect", "no answer in time") == "channel_black_hole");
    CHECK(name("stopped", "two windows in doubt") == "channel_black_hole");
    auto closed = about_channels({{"main", "up", "", "cannot listen"}});
    REQUIRE(closed.size() == 1);
    CHECK(closed[0].name == "way_back_closed");
    CHECK(closed[0].detail == "cannot listen");
    auto with_links = [](const char* state, const char* links, bool none, bool all_refused) {
        std::string names;
        for (const auto& finding : about_channels({{"main", state, "channel_down_auth x", "", links, none, all_refused}})) names += finding.name + "(" + finding.detail + ") ";
        return names;
    };
    CHECK(with_links("up", "", false, false).empty());
    CHECK(with_links("up", "1 of 4 links up; 3 refused: x", false, false) == "links_down(1 of 4 links up; 3 refused: x) ");
    // At night nothing is sent that would find it out, and no answer comes in.
    CHECK(with_links("up", "0 of 2 links up: refused", true, false) == "channel_down(0 of 2 links up: refused) ");
    CHECK(with_links("up", "0 of 2 links up; 2 refused: x", true, true) == "channel_refuses_us(0 of 2 links up; 2 refused: x) ");
    CHECK(with_links("down", "0 of 2 links up; 2 refused: x", true, true) == "channel_refuses_us(channel_down_auth x) ");
}
