#include "daemon/http/operations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace pingjing::http {

const std::vector<Operation>& operations() {
    using enum Door;
    static const std::vector<Operation> all = {
        // What belongs to nobody.
        {"GET", "/openapi.json", open, "", "describe", "This document", "", "", "Description", ""},
        {"GET", "/healthz", near, "report", "isAlive", "Lives", "", "", "Alive", ""},
        {"GET", "/readyz", near, "report", "isReady", "Can take work; else what holds it back", "", "", "Ready", "503=NotReady"},
        {"GET", "/metrics", near, "report", "readMetrics", "Counters for Prometheus", "", "", "Metrics", ""},
        {"GET", "/v1/status", scopes, "report,desk,inspect", "readStatus",
         "Queues, doubt, last signs of life, holds, disk", "", "", "Status", ""},

        // From the 110 system, and back from the carriers.
        {"POST", "/v1/calls", scopes, "intake", "postCalls",
         "Closed calls; answered when they are on disk, one result a row in order",
         "mapping source", "Calls", "CallResults", "400 413 415"},
        {"GET", "/v1/calls/{id}", scopes, "inspect", "readCall",
         "The story of one case; written down as a look", "format:story_format", "", "Story", "400 404"},
        {"GET", "/v1/hooks/{channel}/{secret}", secret, "", "hookByGet",
         "A carrier's report or a citizen's text; answered when it is on disk, in the vendor's own form",
         "", "", "Vendor", "404 503=NotKept"},
        {"POST", "/v1/hooks/{channel}/{secret}", secret, "", "hookByPost",
         "A carrier's report or a citizen's text; answered when it is on disk, in the vendor's own form",
         "", "VendorBody", "Vendor", "404 503=NotKept"},
        {"GET", "/v1/hooks/{channel}/{secret}/{rest*}", secret, "", "hookByGetBelow",
         "The same, below a path of the vendor's such as dlr or mo", "", "", "Vendor", "404 503=NotKept"},
        {"POST", "/v1/hooks/{channel}/{secret}/{rest*}", secret, "", "hookByPostBelow",
         "The same, below a path of the vendor's such as dlr or mo", "", "VendorBody", "Vendor", "404 503=NotKept"},

        // Reports.
        {"GET", "/v1/reports/officers", scopes, "report", "reportOfficers",
         "Officers, with n and interval", "from to basis service format raw", "", "Report", "400", "inspect"},
        {"GET", "/v1/reports/units", scopes, "report,leader,unit", "reportUnits",
         "Units, with n and interval; to a unit its own", "from to basis service format raw", "", "Report", "400", "inspect"},
        {"GET", "/v1/reports/force", scopes, "report,leader", "reportForce",
         "The force", "from to basis service format raw", "", "Report", "400", "inspect"},
        {"GET", "/v1/reports/balance", scopes, "report,leader", "reportBalance",
         "The books", "format raw", "", "Books", "400", "inspect"},
        {"GET", "/v1/reports/exclusions", scopes, "report,leader", "reportExclusions",
         "Who was not asked, by code", "from to service format raw", "", "Report", "400", "inspect"},
        {"GET", "/v1/reports/paths", scopes, "report", "reportPaths",
         "Channels and groups of numbers, what came back", "from to format raw", "", "Report", "400", "inspect"},
        {"GET", "/v1/reports/desk", scopes, "report,leader", "reportDesk",
         "Emergencies, and how long until a person had them", "from to format raw", "", "Report", "400", "inspect"},
        {"GET", "/v1/reports/appeals", scopes, "report,leader", "reportAppeals",
         "Appeals by unit, and the share of ratings that they took out", "from to basis format raw", "", "Report", "400", "inspect"},
        {"GET", "/v1/reports/register", scopes, "report,leader", "reportRegister",
         "What people complain of, where, and what comes again", "from to week format raw cases", "", "Report", "400", "inspect"},
        {"GET", "/v1/reports/funnel", scopes, "inspect", "reportFunnel",
         "Who is outside the limits", "from to service format raw", "", "Report", "400", "inspect"},
        {"GET", "/v1/reports/trend", scopes, "report,leader", "reportTrend",
         "Units week by week, beside themselves", "from to service format raw", "", "Report", "400", "inspect"},
        {"GET", "/v1/reports/response", scopes, "report,leader", "reportResponse",
         "Who answers at all", "from to service format raw", "", "Report", "400", "inspect"},
        {"GET", "/v1/reports/assessment", scopes, "report,leader", "reportAssessment",
         "Units by their components", "from to service format raw", "", "Report", "400", "inspect"},
        {"GET", "/v1/reports/signals", scopes, "inspect", "reportSignals",
         "What looks like gaming", "from to service format raw cases", "", "Report", "400", "inspect"},
        {"GET", "/v1/reports/audit", scopes, "audit", "reportAudit",
         "Who looked at whom, who did what by hand, and why; no number in it; written down as a look",
         "from to format:audit_format", "", "Audit", "400"},
        {"GET", "/v1/reports/mine", scopes, "officer", "reportMine",
         "One's own ratings, by the badge of the token", "format", "", "Report", "400"},

        // What people do.
        {"GET", "/v1/followups", scopes, "inspect,unit", "listFollowups",
         "Who is owed an answer; of a unit its work orders", "state", "", "Followups", "400"},
        {"GET", "/v1/followups/{id}", scopes, "inspect,unit", "readFollowup",
         "One of them; written down as a look", "", "", "Followup", "404"},
        {"POST", "/v1/followups/{id}/reveal", scopes, "inspect", "revealCaller",
         "The caller's number, to a person and for a reason, which are kept", "", "Reason", "FollowupNumber", "400 404"},
        {"POST", "/v1/followups/{id}/{step}", scopes, "inspect,unit", "stepFollowup",
         "The next step: call, verify, order, rectify, review, tell, close, drop", "", "FollowupStep", "Followup", "400 404 409"},
        {"POST", "/v1/appeals", scopes, "officer,unit", "fileAppeal",
         "An officer's or a unit's appeal against a rating", "", "NewAppeal", "AppealOutcome", "400 404 409"},
        {"GET", "/v1/appeals", scopes, "inspect,officer,unit", "listAppeals",
         "Appeals; of an officer and a unit their own", "state", "", "Appeals", "400"},
        {"GET", "/v1/appeals/{id}", scopes, "inspect,officer,unit", "readAppeal", "One of them", "", "", "AppealOutcome", "404"},
        {"POST", "/v1/appeals/{id}/withdraw", scopes, "officer,unit", "withdrawAppeal",
         "Takes back what was filed", "", "AppealWithdrawal", "AppealOutcome", "400 404 409"},
        {"POST", "/v1/appeals/{id}/{step}", scopes, "inspect", "stepAppeal",
         "Inspection's steps: propose, confirm, return", "", "AppealStep", "AppealOutcome", "400 404 409"},
        {"GET", "/v1/review", scopes, "inspect", "listReviews", "Texts that a person has to read", "kind:review_kind", "", "Reviews", "400"},
        {"GET", "/v1/review/{id}", scopes, "inspect", "readReview",
         "One of them, with what there is to choose from", "", "", "Review", "400 404"},
        {"POST", "/v1/review/{id}", scopes, "inspect", "decideReview",
         "A person's decision", "", "Decision", "ReviewDecided", "400 404 409"},
        {"GET", "/v1/letters", scopes, "inspect,desk", "listLetters", "Texts that belong to no survey", "state", "", "Letters", "400"},
        {"GET", "/v1/letters/{id}", scopes, "inspect,desk", "readLetter", "One of them; written down as a look", "", "", "Letter", "404"},
        {"POST", "/v1/letters/{id}/answer", scopes, "inspect", "answerLetter",
         "A person's answer, which goes out as a text", "", "Words", "Letter", "400 404 409"},
        {"POST", "/v1/letters/{id}/close", scopes, "inspect", "closeLetter",
         "Closed without an answer", "", "Words", "Letter", "400 404 409"},
        {"POST", "/v1/letters/{id}/alarm", scopes, "inspect,desk", "alarmLetter",
         "Hands it to the desk as an emergency", "", "", "Letter", "404 409"},
        {"POST", "/v1/letters/{id}/reveal", scopes, "inspect,desk", "revealSender",
         "The sender's number, to a person and for a reason, which are kept", "", "Reason", "LetterNumber", "400 404"},
        {"POST", "/v1/notices", scopes, "admin", "sendNotice",
         "A text of the site's to people who agreed to it, once a number", "", "NewNotice", "NoticePlanned", "400 409"},
        {"GET", "/v1/notices", scopes, "admin", "listNotices", "Notices, the newest first", "", "", "Notices", ""},
        {"GET", "/v1/notices/{name}", scopes, "admin", "readNotice",
         "One of them, with what became of each number", "after", "", "Notice", "400 404"},
        {"POST", "/v1/notices/{name}/stop", scopes, "admin", "stopNotice",
         "What has not left is called off", "", "Reason", "NoticeStopped", "400 404"},
        {"GET", "/v1/desk", scopes, "desk,inspect", "listAlarms", "Emergencies", "", "", "Alarms", ""},
        {"GET", "/v1/desk/{alarm_id}", scopes, "desk,inspect", "readAlarm",
         "One of them; written down as a look", "", "", "Alarm", "404"},
        {"POST", "/v1/desk/{alarm_id}/ack", scopes, "desk,inspect", "takeAlarm",
         "A person has it", "", "WordsOrNone", "AlarmTaken", "404"},
        {"POST", "/v1/desk/{alarm_id}/reveal", scopes, "desk,inspect", "revealAlarm",
         "The number behind it, to a person and for a reason, which are kept", "", "Reason", "AlarmNumber", "400 404"},

        // The page in a browser.
        {"GET", "/", open, "", "openConsole", "The console", "", "", "Page", ""},
        {"GET", "/console/{file*}", open, "", "readConsoleFile", "What belongs to its page", "", "", "Page", "404"},
        {"POST", "/console/session", open, "", "signIn",
         "Signs in by a token; answers with a cookie", "page origin", "SignIn", "SignedIn", "400 401 403 429 503"},
        {"GET", "/console/session", anybody, "", "whoAmI", "Who is signed in, and what he may", "", "", "WhoAmI", ""},
        {"DELETE", "/console/session", open, "", "signOut", "Signs out", "page origin", "", "SignedIn", "403"},
        {"GET", "/console/site", anybody, "", "readSite", "Whose police it is, and what day it is there", "", "", "SiteShown", ""},
        {"GET", "/console/events", anybody, "", "listen", "Something changed: ask again", "", "", "Events", ""},
        {"GET", "/console/exports", scopes, "report", "listExports", "The nightly files", "", "", "Exports", ""},
        {"GET", "/console/exports/{day}/{version}/{file}", scopes, "report", "readExport",
         "One of them, to take along", "", "", "ExportFile", "404"},
        {"GET", "/console/settings", scopes, "admin", "readSettings",
         "The configuration in force, without its secrets", "", "", "Settings", ""},

        // Behind the control socket: what the commands ask.
        {"POST", "/control/dry-run", control, "", "tryCalls",
         "Reads documents as /v1/calls would, and keeps nothing", "", "Documents", "DocumentResults", "400 403"},
        {"POST", "/control/export", control, "", "exportDay", "Writes the files of a day", "date out", "", "Exported", "400"},
        {"POST", "/control/public", control, "", "publish", "Writes the summary for the public", "", "", "Published", "400"},
        {"GET", "/control/deliveries", control, "", "listDeliveries", "Nightly files: taken where, when, with which hash", "", "", "Deliveries", ""},
        {"POST", "/control/hold", control, "", "hold", "Stops sending", "of channel reason", "", "Held", "400"},
        {"POST", "/control/release", control, "", "release", "Sends again", "of channel reason", "", "Released", "400"},
        {"POST", "/control/release-restored", control, "", "releaseRestored",
         "Lets go what a restore holds", "reason all accept_possible_double", "Lines", "ReleasedCases", "400 404 409"},
        {"POST", "/control/release-refused", control, "", "releaseRefused",
         "Lets go what carriers refused for its words", "reason", "", "ReleasedTexts", "400"},
        {"POST", "/control/cancel", control, "", "cancel",
         "Calls a survey off before it was sent", "case reason", "", "CaseState", "400 404 409"},
        {"POST", "/control/resend", control, "", "resend",
         "Sends what is in doubt once more: it may arrive twice", "case reason", "", "CaseState", "400 404 409"},
        {"POST", "/control/optout", control, "", "setOptOuts",
         "Numbers that are not asked any more, or again", "out source reason", "Lines", "OptOutsSet", ""},
        {"GET", "/control/optout", control, "", "listOptOuts", "Numbers that are not asked, masked", "", "", "OptOuts", ""},
        {"POST", "/control/tokens", control, "", "makeToken",
         "A token, shown once", "scope name unit badge expires_days", "", "TokenMade", "400"},
        {"GET", "/control/tokens", control, "", "listTokens", "Tokens, without themselves", "", "", "Tokens", ""},
        {"POST", "/control/tokens/{id}/revoke", control, "", "revokeToken", "Ends one", "", "", "TokenRevoked", "400 404"},
        {"GET", "/control/status", control, "", "readControlStatus", "As /v1/status", "", "", "Status", ""},
        {"GET", "/control/verify", control, "", "verify", "The ledger recomputed, every row against it", "", "", "Verified", ""},
        {"POST", "/control/verify", control, "", "verifyAgainst",
         "The same, and against checkpoints that were kept elsewhere", "", "Checkpoints", "Verified", "400"},
        {"POST", "/control/checkpoint", control, "", "makeCheckpoint",
         "Signs the head of the ledger", "since", "", "CheckpointMade", "400 409"},
        {"POST", "/control/proof", control, "", "prove", "That a row is in the ledger", "seq size", "", "Proof", "400 404 409"},
        {"POST", "/control/cosign", control, "", "cosign",
         "Keeps what others put under a checkpoint", "", "Cosigned", "CheckpointKept", "400 409"},
        {"POST", "/control/forget", control, "", "forget",
         "Erases a number and what it wrote", "reason", "Number", "Forgotten", "400 404"},
        {"GET", "/control/quarantine", control, "admin", "listQuarantine",
         "Callbacks that nobody could read", "channel", "", "Quarantine", ""},
        {"POST", "/control/quarantine/reread", control, "admin", "rereadQuarantine",
         "Read again by today's mappings", "channel", "", "Reread", "409"},
        {"POST", "/control/quarantine/{id}/show", control, "admin", "showQuarantined",
         "One of them, to a person and for a reason, which are kept", "", "Reason", "QuarantinedCall", "400 403 404"},
    };
    return all;
}

std::vector<std::string_view> parameters_of(const Operation& operation) {
    std::vector<std::string_view> names;
    for (auto list = operation.query; !list.empty();) {
        auto word = list.substr(0, list.find(' '));
        list.remove_prefix(std::min(list.size(), word.size() + 1));
        names.push_back(word.substr(0, word.find(':')));
    }
    return names;
}

const Operation& operation(std::string_view method, std::string_view pattern) {
    const auto& all = operations();
    auto found = std::ranges::find_if(all, [&](const Operation& o) { return o.method == method && o.pattern == pattern; });
    if (found == all.end()) throw std::logic_error(fmt::format("{} {} is not described in operations.cpp", method, pattern));
    return *found;
}

}  // namespace pingjing::http
