// The command line: one table feeds help and dispatch; what is not built yet says so.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include "daemon/admin/trusted.hpp"
#include "daemon/commands/commands.hpp"
#include "daemon/commands/demo.hpp"
#include "daemon/commands/parse.hpp"
#include "daemon/core/version.hpp"
#include "daemon/manual.hpp"
#include "daemon/reports/queries.hpp"
#include "daemon/store/sqlite.hpp"

namespace {

using namespace pingjing;

struct Command { const char* name; const char* does; bool built; };
constexpr Command table[] = {
    {"parse", "read replies as the daemon would", true},
    {"init", "make keys and store", true},
    {"check", "check the whole configuration", true},
    {"import", "take closed calls from files", true},
    {"optout", "numbers that do not want to be asked", true},
    {"followup", "what is owed to dissatisfied callers, and the next step", true},
    {"verify", "recompute the ledger and the books", true},
    {"demo", "a day on this machine", true},
    {"serve", "the daemon", true},
    {"report", "officers, units, force, balance, exclusions, paths, desk, appeals, register, funnel, trend, response, assessment, signals, audit", true},
    {"export", "the nightly files", true},
    {"explain", "the story of one case", true},
    {"review", "texts that a person has to decide", true},
    {"desk", "emergencies, and who has taken them", true},
    {"letter", "texts that belong to no survey, and a person's answer", true},
    {"quarantine", "carriers' callbacks that nobody could read", true},
    {"notice", "平安短信 to people who agreed to get them", true},
    {"appeal", "ratings that officers ask to be taken out (申诉)", true},
    {"status", "what one needs at 3 a.m.", true},
    {"hold", "stop sending", true},
    {"release", "resume sending", true},
    {"cancel", "call a survey off before it is sent", true},
    {"resend", "the one override of 'never twice'", true},
    {"token", "access for people and systems", true},
    {"checkpoint", "sign the ledger as it is", true},
    {"proof", "that a ledger row is in a checkpoint", true},
    {"cosign", "keep a second party's signature under a checkpoint", true},
    {"forget", "erase a number and every text of it", true},
    {"simulate", "the carrier's end of a protocol, and the citizens behind it", true},
    {"backup", "copy the store", true},
    {"restore", "take a backup into use", true},
    {"manual", "the manual page: pingjing manual | man -l -", true},
    {"completion", "what a shell reads to complete these words", true},
};

const std::set<std::string> needs_no_site = {"parse", "demo", "simulate", "manual", "completion"};

std::string options_of(const CLI::App& sub) {
    std::string out;
    for (const auto* option : sub.get_options())
        if (option->get_name() != "--help") out += fmt::format("\n  {} {}", option->get_name(false, true), option->get_description());
    return out;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("pingjing (评警): the caller of 110 rates how the call was handled");
    app.set_version_flag("--version", fmt::format("pingjing {}", version));
    app.require_subcommand(1);
    std::map<std::string, CLI::App*> subs;
    for (const auto& command : table) {
        auto* sub = app.add_subcommand(command.name, command.built ? command.does : fmt::format("{} (not built yet)", command.does));
        if (!command.built) sub->allow_extras();
        subs[command.name] = sub;
    }
    std::string config;
    for (auto& [name, sub] : subs)
        if (!needs_no_site.contains(name)) sub->add_option("-c,--config", config, "pingjing.toml")->required(name != "verify");

    std::string scale = "110-3";
    std::vector<std::string> texts;
    bool jsonl = false;
    subs["parse"]->add_option("--scale", scale, "the scale that was asked")->check(CLI::IsMember({"110-3", "csat-5"}));
    subs["parse"]->add_flag("--jsonl", jsonl, "a JSON object a line in and out");
    subs["parse"]->add_option("TEXT", texts, "what a citizen wrote");

    commands::InitOptions init;
    subs["init"]->add_flag("--escrow", init.escrow, "print the key sheet");
    bool show_texts = false;
    subs["check"]->add_flag("--templates", show_texts, "print each text as a citizen reads it");

    commands::ImportOptions options;
    auto* import = subs["import"];
    import->add_option("FILE", options.files, "exports of the 110 system: CSV, JSON lines, or JSON (an array, an object), which is read whole: "
                       "at most [http] body_limit (16 MiB); JSON lines may be longer")->required();
    import->add_option("--mapping", options.mapping, "mapping by name; default by the head row");
    import->add_option("--encoding", options.encoding, "of CSV and JSON alike; auto: UTF-8 or GB18030, by the first characters beyond ASCII")
        ->check(CLI::IsMember({"auto", "utf-8", "gb18030"}));
    import->add_option("--format", options.format, "of the answers")->check(CLI::IsMember({"csv", "jsonl", "table"}));
    import->add_flag("--dry-run", options.dry_run, "answer every row, store nothing; files of together at most 100000 rows and 45 MiB");
    import->add_flag("--strict", options.strict, "exit 1 if any row was rejected");

    commands::ReportOptions report;
    auto* reports = subs["report"];
    auto report_names = reports::report_names();
    report_names.emplace_back("audit");
    reports->add_option("REPORT", report.report, "audit: who looked at whom, who did what by hand, and why")->required()->check(CLI::IsMember(report_names));
    reports->add_option("--from", report.from, "first local day, 2026-11-01; default: the last 30 days");
    reports->add_option("--to", report.to, "last local day");
    reports->add_option("--service", report.service, "another service than the 110 call, by the name of its [[survey.service]]");
    reports->add_option("--week", report.week, "register: 2026-W48 instead of days; default: the last 7 days");
    reports->add_flag("--cases", report.cases, "register, signals: one row a case; recorded as an access");
    reports->add_option("--basis", report.basis, "day of closing or of the answer")->check(CLI::IsMember({"closed", "answered"}));
    reports->add_option("--format", report.format, "")->check(CLI::IsMember({"table", "csv", "json", "xlsx", "html"}));
    reports->add_flag("--raw", report.raw, "also what the smallest n would hide; recorded as an access");
    reports->add_option("-o,--output", report.output, "a file instead of the terminal; a workbook (xlsx) needs one");

    std::string record, format = "text";
    subs["explain"]->add_option("CASE", record, "the 110 record's number")->required();
    subs["explain"]->add_option("--format", format, "")->check(CLI::IsMember({"text", "json"}));
    subs["verify"]->add_option("--format", format, "")->check(CLI::IsMember({"text", "json"}));
    std::string day, folder;
    subs["export"]->add_option("--date", day, "local day; default: yesterday");
    subs["export"]->add_option("--out", folder, "default: [reports] export_dir");
    bool list_deliveries = false, for_public = false;
    auto* receipts = subs["export"]->add_flag("--deliveries", list_deliveries, "write nothing: list what was taken where, and what waits ([[reports.delivery]])");
    subs["export"]->add_flag("--public", for_public, "the summary for the public instead, into [reports] public_dir")->excludes(receipts);

    // Of everything that overrides what the program would do.
    const char* by_help = "who does it; else who is logged in";
    std::string by;
    commands::HoldOptions hold;
    for (const char* name : {"hold", "release"}) {
        subs[name]->add_option("--channel", hold.channel, "one channel; default all");
        subs[name]->add_option("--of", hold.of, "")->check(CLI::IsMember({"stop", "clock", "ceiling"}));
        subs[name]->add_option("--reason", hold.reason, "kept sealed with the hold; status shows it")->required();
        subs[name]->add_option("--by", hold.by, by_help);
    }
    subs["release"]->add_option("--restored", hold.restored, "cases that a restore holds");
    subs["release"]->add_flag("--all-restored", hold.all_restored, "all of them that cannot have been asked");
    subs["release"]->add_flag("--refused", hold.refused, "texts that a carrier refused for their words, once these are corrected or registered");
    subs["release"]->add_flag("--accept-possible-double", hold.accept_possible_double, "of those restored also the ones that may have been asked; kept in the ledger");
    std::string place;
    subs["backup"]->add_option("DEST", place, "a file that is not there yet")->required();
    subs["restore"]->add_option("SRC", place, "what backup wrote")->required();
    std::string reason;
    bool double_accepted = false;
    for (const char* name : {"cancel", "resend"}) {
        subs[name]->add_option("CASE", record, "the 110 record's number")->required();
        subs[name]->add_option("--reason", reason, "kept sealed; explain shows it")->required();
        subs[name]->add_option("--by", by, by_help);
    }
    subs["resend"]->add_flag("--accept-possible-double", double_accepted, "the citizen may get a second text")->required();

    std::vector<std::string> checkpoints, verifiers;
    std::string since, row, size, note, phone;
    commands::ExportsAsked exports;
    subs["verify"]->add_option("--export", exports.folder, "instead, without a store: a folder of nightly files, of all days, of one, or one version");
    subs["verify"]->add_option("--key", exports.keys, "with it: the verifier key that init printed; several where it was changed");
    subs["verify"]->add_option("--proof", exports.proofs, "with it: a file with what proof or checkpoint --since printed; as often as there are");
    subs["verify"]->add_option("--checkpoint", checkpoints, "a file with a checkpoint that was kept elsewhere; as often as there are");
    subs["checkpoint"]->add_option("--since", since, "rows of an earlier one: also the proof that this one goes on from it");
    subs["proof"]->add_option("ROW", row, "number of a ledger row, as explain tells it; or a version of the nightly files, 2026-11-20/v1")->required();
    subs["proof"]->add_option("--size", size, "rows of a checkpoint kept here; default: one made now");
    subs["cosign"]->add_option("NOTE", note, "a file with the checkpoint and their signature; - is stdin")->required();
    subs["cosign"]->add_option("--verifier", verifiers, "their verifier key, name+id+key")->required();
    subs["forget"]->add_option("PHONE", phone, "a mobile number; - is stdin, and no shell remembers it")->required();
    subs["forget"]->add_option("--reason", reason, "kept sealed")->required();
    subs["forget"]->add_option("--by", by, by_help);

    std::string optout_action, optout_what;
    subs["optout"]->fallthrough();
    subs["optout"]->require_subcommand(1);
    for (const auto& [name, what] : {std::pair{"import", "FILE"}, std::pair{"add", "PHONE"}, std::pair{"remove", "PHONE"}, std::pair{"list", ""}}) {
        auto* action = subs["optout"]->add_subcommand(name, *what == 'F' ? "a number a line, in the first column" : *what ? "one number" : "all of them, the numbers in part");
        if (*what) action->add_option(what, optout_what, *what == 'F' ? "- is stdin" : "a mobile number; - is stdin")->required();
        if (*what) action->add_option("--reason", reason, "kept sealed with the number");
        if (*what) action->add_option("--by", by, by_help);
        action->fallthrough();
        action->callback([&optout_action, action] { optout_action = action->get_name(); });
    }

    commands::FollowupOptions followup;
    subs["followup"]->fallthrough();
    subs["followup"]->require_subcommand(1);
    subs["followup"]->add_option("--as", followup.as, "whose step it is; else who is logged in");
    subs["followup"]->add_option("--format", followup.format, "")->check(CLI::IsMember({"text", "json"}));
    auto followup_action = [&](const char* name, const char* does, bool of_one) {
        auto* action = subs["followup"]->add_subcommand(name, does);
        if (of_one) action->add_option("ID", followup.id, "the follow-up's number")->required();
        action->fallthrough();
        action->callback([&followup, action] { followup.action = action->get_name(); });
        return action;
    };
    followup_action("list", "the open ones, the most pressing first", false)->add_flag("--all", followup.all, "the closed ones too");
    followup_action("show", "one with its steps", true);
    followup_action("reveal", "the caller's number; the look is recorded", true)->add_option("--reason", followup.reason, "why it is needed")->required();
    auto* step = followup_action("call", "the caller was rung up", true);
    step->add_option("--outcome", followup.outcome, "")->required()->check(CLI::IsMember({"reached", "no_answer", "declined"}));
    step->add_option("--note", followup.note, "what he said");
    step = followup_action("verify", "whether he is right", true);
    step->add_option("--finding", followup.finding, "")->required()->check(CLI::IsMember({"valid", "partly", "invalid", "unreachable"}));
    step->add_option("--topic", followup.topic, "what it is about");
    step->add_option("--place", followup.place, "");
    step->add_option("--note", followup.note, "what it rests on")->required();
    step = followup_action("order", "who is to put it right", true);
    step->add_option("--unit", followup.unit, "12 digits; else the unit of the call");
    step->add_option("--person", followup.person, "")->required();
    step->add_option("--note", followup.note, "");
    followup_action("rectify", "what the unit did", true)->add_option("--note", followup.note, "")->required();
    step = followup_action("review", "whether another level agrees", true);
    step->add_option("--agreed", followup.agreed, "")->required()->check(CLI::IsMember({"yes", "no"}));
    step->add_option("--note", followup.note, "");
    step = followup_action("tell", "the caller is told (回告)", true);
    step->add_option("--how", followup.how, "")->required()->check(CLI::IsMember({"sms", "call", "letter"}));
    step->add_option("--note", followup.note, "");
    followup_action("close", "nothing is owed any more", true)->add_option("--note", followup.note, "");
    followup_action("drop", "it was no complaint: another person said so of its words", true)->add_option("--note", followup.note, "why nothing is owed")->required();

    std::string token_action;
    commands::TokenOptions token;
    subs["token"]->fallthrough();
    subs["token"]->require_subcommand(1);
    for (const char* name : {"create", "list", "revoke"}) {
        bool create = std::string(name) == "create", revoke = std::string(name) == "revoke";
        auto* action = subs["token"]->add_subcommand(name, create ? "a new one, shown once" : revoke ? "from now on it opens nothing" : "whose they are, without the tokens themselves");
        if (revoke) action->add_option("ID", token.id, "as `token list` names it")->required();
        if (create) {
            action->add_option("--scope", token.scope, "intake,report,desk,inspect,unit,officer,leader,audit,admin")->required();
            action->add_option("--name", token.name, "whose it is");
            action->add_option("--unit", token.unit, "12 digits; needed for unit");
            action->add_option("--badge", token.badge, "needed for officer");
            action->add_option("--expires", token.expires, "90d; default: never");
        }
        action->fallthrough();
        action->callback([&token_action, action] { token_action = action->get_name(); });
    }

    commands::ReviewOptions review;
    subs["review"]->fallthrough();
    subs["review"]->require_subcommand(1);
    subs["review"]->add_option("--as", review.as, "whose decision it is; else who is logged in");
    subs["review"]->add_option("--format", review.format, "")->check(CLI::IsMember({"table", "json"}));
    for (const char* name : {"list", "show", "decide"}) {
        auto* action = subs["review"]->add_subcommand(name, "");
        bool decide = std::string(name) == "decide";
        if (std::string(name) == "list") action->add_option("--kind", review.kind, "words, ambiguous, unknown_words, several_open, better_after_worse, set_aside, data_error");
        else action->add_option("ID", review.id, "number of the review")->required();
        if (decide) {
            action->add_option("DECISION", review.decision, "as `review show` names them")->required();
            action->add_option("--grade", review.grade, "")->check(CLI::IsMember({"satisfied", "basically_satisfied", "dissatisfied"}));
            action->add_option("--case", review.record, "which call it is about, where it can be several");
            action->add_option("--note", review.note, "why; kept sealed");
        }
        action->fallthrough();
        action->callback([&review, action] { review.action = action->get_name(); });
    }

    commands::DeskOptions desk;
    subs["desk"]->fallthrough();
    subs["desk"]->require_subcommand(1);
    subs["desk"]->add_option("--as", desk.as, "who does it; else who is logged in");
    subs["desk"]->add_option("--format", desk.format, "")->check(CLI::IsMember({"text", "json"}));
    auto desk_action = [&](const char* name, const char* does) {
        auto* action = subs["desk"]->add_subcommand(name, does);
        if (std::string(name) != "list") action->add_option("ID", desk.id, "the alarm's id")->required();
        action->fallthrough();
        action->callback([&desk, action] { desk.action = action->get_name(); });
        return action;
    };
    desk_action("list", "those that nobody has taken, and the newest others");
    desk_action("show", "one of them");
    desk_action("ack", "somebody has it; the first one stands")->add_option("--words", desk.words, "what is done; kept sealed");
    desk_action("reveal", "the number, where no sink has carried it; the look is recorded")->add_option("--reason", desk.reason, "why it is needed")->required();

    commands::NoticeOptions notice;
    subs["notice"]->fallthrough();
    subs["notice"]->require_subcommand(1);
    subs["notice"]->add_option("--as", notice.as, "who does it; else who is logged in");
    subs["notice"]->add_option("--format", notice.format, "")->check(CLI::IsMember({"text", "json"}));
    auto notice_action = [&](const char* name, const char* does) {
        auto* action = subs["notice"]->add_subcommand(name, does);
        if (std::string(name) != "list") action->add_option("NAME", notice.name, "the notice's, such as 2026-11-29-flood")->required();
        action->callback([&notice, action] { notice.action = action->get_name(); });
        return action;
    };
    auto* send_notice = notice_action("send", "a text to each number of a list; given again, only to those that are new");
    send_notice->add_option("LIST", notice.list, "CSV: phone,consented_on; - is stdin")->required();
    send_notice->add_option("--text", notice.text, "one of [notices] texts")->required();
    send_notice->add_option("--reason", notice.reason, "why these people get it; kept sealed")->required();
    send_notice->add_flag("--accept-possible-double", notice.accept_possible_double, "after a restore: who got one since the backup may get it again");
    notice_action("list", "what was sent, and how much of it arrived");
    notice_action("show", "its numbers, masked, with what became of each");
    notice_action("stop", "what has not left does not leave")->add_option("--reason", notice.reason, "why")->required();

    commands::LetterOptions letter;
    subs["letter"]->fallthrough();
    subs["letter"]->require_subcommand(1);
    subs["letter"]->add_option("--as", letter.as, "who does it; else who is logged in");
    subs["letter"]->add_option("--format", letter.format, "")->check(CLI::IsMember({"text", "json"}));
    auto letter_action = [&](const char* name, const char* does) {
        auto* action = subs["letter"]->add_subcommand(name, does);
        if (std::string(name) != "list") action->add_option("ID", letter.id, "the letter's number")->required();
        action->fallthrough();
        action->callback([&letter, action] { letter.action = action->get_name(); });
        return action;
    };
    letter_action("list", "what waits, emergencies first")->add_flag("--all", letter.all, "the settled ones too");
    letter_action("show", "one of them");
    letter_action("answer", "by a text, once")->add_option("--words", letter.words, "what the citizen reads, without the sign")->required();
    letter_action("close", "nothing is answered by text")->add_option("--words", letter.words, "why; kept sealed");
    letter_action("alarm", "somebody is in danger after all: to the desk");
    letter_action("reveal", "the number; the look is recorded")->add_option("--reason", letter.reason, "why it is needed")->required();

    commands::QuarantineOptions quarantine;
    subs["quarantine"]->fallthrough();
    subs["quarantine"]->require_subcommand(1);
    subs["quarantine"]->add_option("--as", quarantine.as, "who does it; else who is logged in");
    subs["quarantine"]->add_option("--format", quarantine.format, "")->check(CLI::IsMember({"text", "json"}));
    auto quarantine_action = [&](const char* name, const char* does) {
        auto* action = subs["quarantine"]->add_subcommand(name, does);
        action->fallthrough();
        action->callback([&quarantine, action] { quarantine.action = action->get_name(); });
        return action;
    };
    quarantine_action("list", "those that wait, the oldest first")->add_option("--channel", quarantine.channel, "of one channel");
    auto* show_callback = quarantine_action("show", "what was delivered, with numbers and words; the look is recorded");
    show_callback->add_option("ID", quarantine.id, "the callback's number")->required();
    show_callback->add_option("--reason", quarantine.reason, "why it has to be seen")->required();
    quarantine_action("reread", "after the mapping was mended: read all of them again")->add_option("--channel", quarantine.channel, "of one channel");

    commands::AppealOptions appeal;
    subs["appeal"]->fallthrough();
    subs["appeal"]->require_subcommand(1);
    subs["appeal"]->add_option("--as", appeal.as, "whose step it is; else who is logged in");
    subs["appeal"]->add_option("--format", appeal.format, "")->check(CLI::IsMember({"text", "json"}));
    auto appeal_action = [&](const char* name, const char* does, bool of_one) {
        auto* action = subs["appeal"]->add_subcommand(name, does);
        if (of_one) action->add_option("ID", appeal.id, "the appeal's number")->required();
        action->fallthrough();
        action->callback([&appeal, action] { appeal.action = action->get_name(); });
        return action;
    };
    auto* filing = appeal_action("file", "type in what an officer or a unit handed in", false);
    filing->add_option("CASE", appeal.record, "the 110 record's number")->required();
    filing->add_option("--ground", appeal.ground, "that the result is unwelcome is none")->required()->check(CLI::IsMember({"wrong_person", "other_service", "malice", "slip"}));
    filing->add_option("--note", appeal.note, "what it rests on; kept sealed")->required();
    auto* for_officer = filing->add_option("--badge", appeal.badge, "of the officer whose appeal it is");
    filing->add_option("--unit", appeal.unit, "or the unit")->excludes(for_officer);
    appeal_action("list", "the open ones, the most pressing first", false)->add_flag("--all", appeal.all, "the decided ones too");
    appeal_action("show", "one with its steps, the rating and what the caller wrote; recorded", true);
    auto* deciding = appeal_action("propose", "the first person says how it should end", true);
    deciding->add_option("--outcome", appeal.outcome, "")->required()->check(CLI::IsMember({"upheld", "not_upheld"}));
    deciding->add_option("--note", appeal.note, "what it rests on; kept sealed")->required();
    appeal_action("confirm", "a second person agrees: it is decided", true)->add_option("--note", appeal.note, "");
    appeal_action("return", "a second person does not agree", true)->add_option("--note", appeal.note, "why; kept sealed")->required();
    auto* withdrawing = appeal_action("withdraw", "type in that an officer or a unit takes his back, until it is decided", true);
    withdrawing->add_option("--note", appeal.note, "why; kept sealed")->required();
    auto* by_officer = withdrawing->add_option("--badge", appeal.badge, "of the officer whose appeal it is");
    withdrawing->add_option("--unit", appeal.unit, "or the unit")->excludes(by_officer);

    commands::DemoOptions demo;
    subs["demo"]->add_option("--calls", demo.calls, "calls of the last day; each of the thirty days before has a quarter")->check(CLI::Range(4, 1'000'000));
    subs["demo"]->add_option("--seed", demo.seed, "the same seed, the same city");
    subs["demo"]->add_flag("--serve", demo.serve, "then go on living in that city, with its console in a browser");
    subs["demo"]->add_option("--keep", demo.keep, "a folder to leave the site in, new or empty");

    commands::SimulateOptions simulate;
    // The guide without the marks around its examples.
    subs["simulate"]->footer([] {
        std::string out;
        std::istringstream lines{std::string(commands::simulate_guide())};
        for (std::string line; std::getline(lines, line);)
            if (!line.starts_with("```")) out += line + "\n";
        return out;
    });
    auto* carrier = subs["simulate"];
    carrier->add_option("PROTOCOL", simulate.protocol, "smpp, cmpp2, cmpp3, sgip or smgp; http is not built yet")->required()->check(CLI::IsMember({"smpp", "cmpp2", "cmpp3", "sgip", "smgp", "http"}));
    carrier->add_option("--listen", simulate.listen, "ADDRESS:PORT; port 0 takes a free one; which is said on stdout")->capture_default_str();
    carrier->add_option("--log", simulate.log, "a JSON object a line for every message; added to; - for stdout, the rest is said on stderr then")->required();
    carrier->add_option("--citizens", simulate.citizens, "TOML: what people answer, by shares, numbers or rules");
    carrier->add_option("--faults", simulate.faults, "TOML: the gateway's habits, its reports, and what goes wrong when");
    carrier->add_option("--seed", simulate.seed, "the same seed, the same citizens and mishaps");
    carrier->add_option("--users", simulate.users, "NAME:SECRET of who may log in, as often as there are; default pingjing:secret, by CMPP 901234:secret")->allow_extra_args(false);
    carrier->add_option("--users-file", simulate.users_file, "the same, one a line, from a file: who sees the processes sees no secret");
    carrier->add_option("--tls-cert", simulate.tls_cert, "PEM: TLS for whoever connects, with this certificate chain and --tls-key");
    carrier->add_option("--tls-key", simulate.tls_key, "PEM: its key");
    carrier->add_option("--call-back", simulate.call_back, "sgip: ADDRESS:PORT where the other end listens for reports and replies");

    std::string shell;
    subs["completion"]->add_option("SHELL", shell, "")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));

    // Their help would not say what stands with the command above them.
    for (auto& [name, sub] : subs)
        for (auto* action : sub->get_subcommands({})) action->footer("Beside them:" + options_of(*sub));

    // What CLI11 says of it is that a sub-command is required.
    if (argc > 1 && *argv[1] && *argv[1] != '-' && !subs.contains(argv[1])) {
        fmt::print(stderr, "there is no sub-command '{}'; `pingjing --help` names them\n", argv[1]);
        return 2;
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    auto name = app.get_subcommands().front()->get_name();
    if (name == "parse" && texts.empty() && !jsonl) {
        fmt::print(stderr, "pingjing parse: expected TEXT, or --jsonl and lines on standard input\n");
        return 2;
    }
    try {
        if (name == "parse") return commands::parse(*parse_scale(scale), texts, jsonl, std::cin, std::cout);
        if (name == "simulate") return commands::simulate(simulate);
        if (name == "manual") return fmt::print("{}", manual_page(app)), 0;
        if (name == "completion") return fmt::print("{}", completion(app, shell)), 0;
        if (name == "demo") return commands::demo(demo);
        if (name == "init") return commands::init(config, init);
        if (name == "check") return commands::check(config, show_texts);
        if (name == "serve") return commands::serve(config);
        if (name == "import") return commands::import(config, options);
        if (name == "report") return commands::report(config, report);
        if (name == "explain") return commands::explain(config, record, format);
        if (name == "export") return list_deliveries ? commands::deliveries(config) : for_public ? commands::export_public(config) : commands::export_day(config, day, folder);
        if (name == "hold") return commands::hold(config, hold);
        if (name == "release") return commands::release(config, hold);
        if (name == "backup") return commands::backup(config, place);
        if (name == "restore") return commands::restore(config, place);
        if (name == "cancel") return commands::cancel(config, record, reason, by);
        if (name == "resend") return commands::resend(config, record, reason, by);
        if (name == "optout") return commands::optout(config, optout_action, optout_what, reason, by);
        if (name == "token") return commands::token(config, token_action, token);
        if (name == "review") return commands::review(config, review);
        if (name == "desk") return commands::desk(config, desk);
        if (name == "letter") return commands::letter(config, letter);
        if (name == "quarantine") return commands::quarantine(config, quarantine);
        if (name == "notice") return commands::notice(config, notice);
        if (name == "appeal") return commands::appeal(config, appeal);
        if (name == "status") return commands::status(config);
        if (name == "followup") return commands::followup(config, followup);
        if (name == "verify" && !exports.folder.empty()) return commands::verify_exports(exports, format);
        if (name == "verify") return commands::verify(config, format, checkpoints);
        if (name == "checkpoint") return commands::checkpoint(config, since);
        if (name == "proof") return commands::proof(config, row, size);
        if (name == "cosign") return commands::cosign(config, note, verifiers);
        if (name == "forget") return commands::forget(config, phone, reason, by);
    } catch (const store::SqlError& error) {
        fmt::print(stderr, "pingjing {}: the store failed, nothing was changed: {}\n", name, admin::what_failed(error));
        return 1;
    } catch (const std::exception& error) {
        fmt::print(stderr, "pingjing {}: {}\n", name, error.what());
        return 1;
    }
    fmt::print(stderr, "pingjing {}: not built yet\n", name);
    return 2;
}
