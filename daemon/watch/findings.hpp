// What is wrong now, looked up: in the store, on its disk, on the channels. No state; what is worth an alarm is Alarms' business.
#pragma once
#include <string>
#include <vector>

#include "daemon/config/settings.hpp"
#include "daemon/watch/alarms.hpp"

namespace pingjing::watch {

// What of the configuration a look needs: a copy, for it runs beside a reload.
struct Site {
    explicit Site(const config::Settings& s)
        : alarms(s.alarms), zone(s.service.timezone), hours(s.survey.hours), spread(s.survey.spread),
          sends(s.survey.mode != config::Mode::off && s.survey.mode != config::Mode::shadow), export_nightly(s.reports.export_nightly),
          desk_answers(s.desk.main.kind != config::Desk::Kind::log || s.desk.escalate), canaries(!s.canary.phones.empty()), nightly_at(s.reports.nightly_at),
          ack_within(s.desk.main.ack_within),
          canary_within(s.canary.answer_within), writes_back(s.writeback.to != config::Writeback::To::nobody), writes_every(s.writeback.every) {
        for (const auto& delivery : s.reports.deliveries) deliveries.push_back(delivery.name);
        for (const auto& route : s.routes) {
            auto& open = routes.emplace_back();
            for (const auto& name : route.channels)
                if (const auto* channel = s.channel(name)) open.push_back(channel->hours.value_or(hours));
        }
    }
    config::Alarms alarms;
    std::string zone;
    config::Hours hours;
    Millis spread;
    bool sends, export_nightly, desk_answers, canaries;
    Millis nightly_at, ack_within, canary_within;
    double speed = 1;  // of the site's clock
    bool writes_back;
    Millis writes_every;
    std::vector<std::string> deliveries{};  // names of targets
    std::vector<std::vector<config::Hours>> routes{};  // of each [[route]]: the hours of its channels
};

// links_down: in words, empty where all of its links are up, or it has none.
struct ChannelLook {
    std::string name{}, state{}, why{}, way_back_closed{}, links_down{};
    bool no_link = false, all_refused = false;
};
std::vector<Finding> about_channels(const std::vector<ChannelLook>& channels);
std::vector<Finding> about_disk(const std::string& database, const config::Alarms& limits);
// Reads all ratings of 30 days: for now and then.
std::vector<Finding> about_appeals(store::Connection& db, const Site& site, Instant now);
// Works on any connection. `signs`: there is a key to sign the ledger with.
std::vector<Finding> about_store(store::Connection& db, const Site& site, bool signs, Instant now);

}  // namespace pingjing::watch
