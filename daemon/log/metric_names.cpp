#include "daemon/log/metric_names.hpp"

#include <algorithm>

namespace pingjing::metrics {
namespace {

constexpr Metric every_one[] = {
    {"alarm", "name about severity", "1 while an alarm of the service is raised, 0 when it is over; each name has a page in systemd/README.md."},
    {"alarm_pushes_total", "outcome", "Pushes of alarms to the people on call: received, failed."},
    {"answers_total", "class", "Replies of citizens that were read, by what they say."},
    {"assist_total", "outcome", "Opinions asked of the assisting program: suggested, failed."},
    {"build_info", "version", "1; which version this is."},
    {"console_sign_in_total", "outcome", "People who signed in at the console: signed_in, refused."},
    {"deliveries_total", "outcome target", "Versions of nightly files taken to a target, or not: delivered, failed."},
    {"desk_alarms_unanswered", "", "Emergencies that nobody acknowledged in time."},
    {"desk_alarms_waiting", "", "Emergencies that the desk has not received yet."},
    {"desk_escalations_total", "", "Emergencies that went a level up."},
    {"desk_failures_total", "", "Emergencies that the desk could not be told, tries counted."},
    {"desk_open", "", "Emergencies that nobody has acknowledged."},
    {"disk_free_bytes", "", "Space left where the store is."},
    {"followups_open", "", "Complaints whose follow-up is not closed."},
    {"hook_unkept_total", "channel", "Callbacks that could not be kept; the vendor was told to send them again."},
    {"http_dismissed_total", "", "Idle connections closed to let others in."},
    {"http_refused_total", "status", "Requests refused before anybody looked at what they want."},
    {"http_requests_total", "status", "Requests answered."},
    {"inbound_total", "channel kind", "What carriers brought: receipt, text, repeated, quarantined."},
    {"intake_files_total", "outcome", "Files of the drop folder: done, bad."},
    {"intake_store_failures_total", "", "Calls that could not be stored; the 110 system was told to send them again."},
    {"letters_answered_total", "", "Letters of citizens answered by a person."},
    {"letters_open", "", "Letters of citizens that nobody has answered or closed."},
    {"link_cannot_listen_total", "channel", "Tries to listen for a gateway that failed."},
    {"link_ignored_total", "channel", "PDUs of a carrier that mean nothing to us."},
    {"link_odd_total", "channel", "PDUs of a carrier that are not as its protocol says, and could be read."},
    {"link_turned_away_total", "channel kind", "Gateways that connected to us and were not let in."},
    {"links_listening", "channel", "Connections that a gateway has opened to us."},
    {"links_open", "channel", "Connections that are bound to a carrier."},
    {"links_refused", "channel", "Connections that a carrier refuses, for good or for now."},
    {"links_wanted", "channel", "Connections to a carrier that there should be."},
    {"loop_failures_total", "loop", "Parts of the daemon that failed and began again."},
    {"messages", "state", "Messages that are under way: later, due, held, sending, in_doubt."},
    {"not_in_lists", "what", "Units and officers of calls that no list of the site names."},
    {"oldest_due_seconds", "", "How long the message that is due longest has waited; 0: none is due."},
    {"oldest_in_doubt_seconds", "", "How long ago the message that is in doubt longest was handed over; 0: none is in doubt."},
    {"reviews_decided_total", "decision", "Replies that no rule could read, decided by a person."},
    {"reviews_open", "", "Replies that no rule could read and no person has decided."},
    {"submitted_total", "channel outcome", "Messages handed to a carrier, by what it said."},
    {"texts_unread", "", "Texts of citizens that are kept and not read yet."},
    {"writeback_left_total", "", "Lines that left for the 110 system."},
    {"writeback_waiting", "", "Lines that wait for the 110 system."},
};

}  // namespace

std::span<const Metric> table() { return every_one; }

const Metric* find(std::string_view name) {
    auto found = std::lower_bound(std::begin(every_one), std::end(every_one), name, [](const Metric& m, std::string_view n) { return m.name < n; });
    return found != std::end(every_one) && found->name == name ? &*found : nullptr;
}

}  // namespace pingjing::metrics
