// The finished configuration: plain structs, checked and complete. Nothing downstream asks for a string key. Every number
// that domain.md and design.md give as a default is a key here; the default stands beside it.
#pragma once
#include <any>
#include <array>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/config/lists.hpp"
#include "daemon/config/section.hpp"
#include "daemon/core/clock.hpp"
#include "daemon/core/rating.hpp"
#include "daemon/core/services.hpp"

namespace pingjing::config {

using Days = std::chrono::duration<std::int64_t, std::ratio<86400>>;
using Path = std::filesystem::path;

// Minutes after local midnight; "00:00-24:00" is always open. `to` is the first minute outside.
struct Hours {
    std::chrono::minutes from{8 * 60}, to{21 * 60};
    bool always() const { return from.count() == 0 && to.count() == 24 * 60; }
};

struct Service {
    std::string sign;                        // 签名, without brackets
    std::string timezone = "Asia/Shanghai";
    std::string language = "zh-CN";          // folder of templates/ whose texts are sent
    std::vector<std::string> languages;      // further ones, for calls that name them
    Path state_dir = "/var/lib/pingjing";
    Path key_dir = "/etc/pingjing/keys";     // or $CREDENTIALS_DIRECTORY; never inside state_dir
    Path templates_dir;                      // a site's own texts; empty: those built in. A file found here replaces its namesake
    std::string sms_alarm = "12110";
    bool test_clock = false;                 // PINGJING_CLOCK is obeyed; never beside a channel with production = true
};

struct Http {
    std::string listen = "127.0.0.1:8110";   // or unix:/path
    std::string public_url;                  // what carriers call; no '/' at its end
    std::size_t body_limit = 16u << 20;
    std::size_t most_connections = 1024;
    std::string tls_cert, tls_key;           // paths; both or none
};

struct Store {
    std::string kind = "sqlite";
    std::string url;                         // "postgresql" only
};

// Another service than the 110 call, asked about as well: [[survey.service]]. What it does not say is as in [survey] and [intake].
struct OtherService {
    PoliceService service{};                 // its name, whose records, on which scale, by which texts
    enum class Rated { officer, call_taker, unit } rated = Rated::officer;
    Millis delay = 120min;
    Hours hours;
    Millis spread = 30min;
    std::string categories_text;             // empty: those of [categories]
};

enum class Mode { off, shadow, pilot, on };
constexpr std::string_view mode_name(Mode mode) { return std::array<std::string_view, 4>{"off", "shadow", "pilot", "on"}[static_cast<std::size_t>(mode)]; }
struct Survey {
    Mode mode = Mode::on;
    std::vector<std::string> pilot_units;    // `units`, with mode = "pilot"
    std::string since;                       // YYYY-MM-DD as written, local; empty: the moment of `init`
    std::vector<std::string> sources;        // what records of the 110 call say as `source`, beside "110" and nothing; asked where there are other services
    Scale scale = Scale::three_110;
    Millis delay = 120min, min_delay = 30min;
    Hours hours;
    Millis spread = 30min;                   // what waited for the opening goes out over that long
    Millis answer_window = 72h;              // from acceptance by the carrier
    Millis late_window = Days(14);           // later answers are letters, not ratings
    Millis correction_window = 30min;        // after the first answer
    Millis max_age = 72h;
    int per_phone_24h = 1, per_phone_30d = 3;
    Millis safety_hold = Days(30);
    int adult_age = 18;
    std::int64_t daily_ceiling = 5000;       // per channel
    bool extension_reply_code = true;        // reply_code = "extension" | "off"
    Millis slot_rest = Days(30);             // a reply slot is reused only after answer_window and this
    Millis in_doubt_rest = 24h;              // in doubt becomes unknown after validity and this
    Millis answer_within = 10min;            // an answer to a citizen's own text goes out by then or not at all
    Millis confirm_again_after = 24h;        // emergency answer and opt-out confirmation: once each in that time
    Millis opt_out_replay = 24h;             // equal opt-out and opt-in texts without a vendor id count once in it
    bool thanks = true;                      // false saves a text: only who gave a 3 is answered, and told that somebody will call
    bool opt_out_zero = false;               // the template offers "0" as opt-out
    Services services() const;               // the 110 call and `others`, in their order
    std::vector<OtherService> others;
};

struct Desk {
    enum class Kind { webhook, exec, log } kind = Kind::log;
    std::string url;                         // webhook
    std::string token;                       // Bearer, secret, may be empty
    std::string signing_secret;              // "whsec_…", may be empty
    std::vector<std::string> command;        // exec, JSON on stdin
    bool unattended = false;                 // has to be said where kind = "log"
    Millis ack_within = 3min;
    Millis timeout = 10s;                    // of one delivery
};
// Reading replies; a second opinion on those that stay open, see daemon/assist.
struct Reader {
    std::vector<std::string> assist;         // a program and its arguments; empty: none
    Millis assist_timeout = 5s;
};
struct DeskSettings {
    Desk main;
    std::optional<Desk> escalate;            // [desk.escalate]: after ack_within without an acknowledgement
};

// Of the service itself: a channel is down, the disk is full, replies do not come back.
struct Alarms {
    std::string webhook;                     // an address; empty: none
    std::string token;                       // Bearer, secret, may be empty
    std::string signing_secret;              // "whsec_…", may be empty
    std::vector<std::string> exec;           // a program, JSON on stdin; empty: none
    Millis timeout = 10s;                    // of one push
    Millis remind_after = 4h;                // what is not over is said again
    int in_doubt = 50;                       // more messages in doubt are too many
    Millis backlog = 30min;                  // what is due for longer does not go out
    int unreadable = 0;                      // more callbacks of a channel within an hour that nobody can read
    int disk_free_mib = 2048;
    int wal_mib = 512;
    Millis replies_after = 12h, receipts_after = 2h;  // a text that is younger has not had its time
    double taken_out_share = 0.05;           // of a unit's or the force's ratings in 30 days: more taken out by appeals, or left out for them, are too many
    double silence_threshold = 1e-6;         // probability below which so few replies are no chance
    double reply_share = 0.05, receipt_share = 0.5;   // of a channel without a history
};

// Test texts to members of staff who agreed: is the way back open?
struct Canary {
    std::vector<Phone> phones;               // empty: none are sent
    std::optional<int> weekday;              // 0 Sunday … 6; none: every day
    std::chrono::minutes at{10 * 60};        // after local midnight
    Millis answer_within = 4h;               // later the way back counts as closed
};

struct Followup {
    bool staffed = true;                     // false: a 3 gets the plain thanks, still opens a follow-up
    bool basically_with_complaint = true;    // a 2 whose comment complains opens one too, at lower priority
    bool question = false;                   // after a 2 or 3 one more text asks what it was about
    Millis call_back = 24h;
    int call_attempts = 3;
    int rectify_days = 5, review_days = 2, told_days = 1;  // working days
    int appeal_days = 5, appeal_decision_days = 5;         // working days
    int appeals_open = 10;                                 // undecided ones of one officer or one unit
    int confirm_days = 3;                                  // working days a words-only rating waits for a person
    WorkingDays working_days;                // of `holidays`, else of templates/calendars/cn.csv
};

// 平安短信 to people who agreed to get them.
struct Notices {
    std::vector<std::string> texts;          // names of texts that may be sent; empty: none
    int most = 5000;                         // numbers in one request
    Millis stands = 72h;                     // what has not left by then is stale
};

// What the 110 system gets back: off unless it is said where to.
struct Writeback {
    enum class To { nobody, folder, http } to = To::nobody;
    Path folder;                             // to = "file"
    std::string url;                         // to = "http"
    std::string token;                       // Bearer, secret, may be empty
    std::string signing_secret;              // "whsec_…", may be empty
    Millis timeout = 10s;                    // of one delivery
    Millis every = 1min;                     // a file at most that often
    bool by_case = false;                    // ratings = "case"; else "unit"
    bool words = false;                      // with what the caller said when he was called back; only with by_case
};

struct Intake {
    Path folder;                             // drop folder; empty: none
    std::string pattern = "*.csv";
    std::string done_suffix = ".done", bad_suffix = ".bad";
    Path done_folder;                        // empty: renamed in place
    Millis settle = 5s;                      // a file that has not grown for that long is complete
    Millis poll = 2s;
    std::string mapping;                     // by name: built in, or a site's own; empty: by the head row
    std::string mapping_at;                  // FILE:LINE where that is said, for messages
    std::string encoding = "auto";           // auto | utf-8 | gb18030
    Millis keep_done = Days(7);              // finished and bad files: they hold numbers in clear; 0: finished ones go at once
    std::string source;                      // of rows that name none; empty: it stays so
};

// [[reports.delivery]]: where finished versions of the nightly files are taken.
struct Delivery {
    std::string name;                        // ours, for receipts and alarms
    enum class To { folder, sftp, http, webdav } to = To::folder;
    Path folder;                             // to = "folder"
    std::string url;                         // the others: sftp://host:22/path, https://host/path; no '/' at its end
    std::string user;
    std::string password;                    // secret; beside `user`
    std::string token;                       // Bearer, secret, instead of them
    Path key_file;                           // sftp: a private key, instead of a password
    Path known_hosts;                        // sftp: the keys of hosts that we believe
    bool inspection = false;                 // signals and funnel too
    Millis timeout = 2min;                   // of one file
    Millis retry = 1min;                     // after the first failure; doubles up to an hour
};

struct Reports {
    double weight_satisfied = 1, weight_basically = 0.5, weight_dissatisfied = 0;
    double prior_m = 20;
    bool estimate_m = false;                 // by moments from officers with n >= 10, clipped to 10 … 200
    double z = 1.96, funnel_warn = 1.96, funnel_alarm = 3.09;
    int least_n = 5, least_n_rate = 10, least_n_flag = 30, least_rows_funnel = 10, least_cell = 30;
    double exact_warn = 0.05, exact_alarm = 0.002;  // both tails together, where limits are binomial
    double most_unconfirmed = 0.10;          // no flag above this share of words-only ratings
    std::chrono::minutes nightly_at{30};     // after local midnight, for the day before
    Path export_dir;                         // default: state_dir/exports
    bool export_nightly = true;
    Path public_dir;                         // the summary for the public; empty: none
    int public_least_n = 100;                // a unit with fewer ratings in twelve months is not in it
    std::vector<Delivery> deliveries;
    Days keep_texts{180};                    // numbers and texts, after closing of case and follow-up
    int keep_ratings_years = 3;
};

// 综合考评 of units: what counts how much.
struct Assessment {
    double satisfaction = 0.5, response = 0.1, followup = 0.25, repeats = 0.15;
    double response_target = 0.25;           // a response rate above it gains nothing
};

// What looks like gaming: from where on it is listed.
struct Signals {
    Millis quick = 60s;                      // an answer sooner than that
    int number_cases = 6, number_officer = 3;  // cases of one number within a period: of all, and with one officer
    int officer_cases = 2;                   // single things by one officer, from which on they are a warning
    Millis open_after = Days(7);             // a record that is not closed since its report
};

// What the gateway knows of a channel. What the adapter knows of its vendor is in `adapter`.
struct Channel {
    std::string name, provider;
    std::string source;                      // access number; extension digits follow it
    int extension_digits = 0;
    int window = 16;                         // unanswered submissions
    int tps = 50;                            // per second over all links, parts counted
    std::optional<Hours> hours;              // narrower than [survey] hours
    std::optional<std::int64_t> daily_ceiling;
    bool production = false;
    bool carrier_adds_sign = false;          // the gateway puts 【sign】 in front itself: then we do not, but count it
    int most_parts = 0;                      // 0: what the adapter says
    Millis submit_timeout = 35s;
    Millis validity = 0s;                    // 0: until the end of opening hours or the answer window, whichever the carrier can
    Millis no_report_after = 72h;            // accepted without a receipt: no_report
    std::vector<std::string> hook_secrets;   // the first is the one we hand out; the others are still taken
    Path hook_secret_file;                   // where `init` writes a new one when there is none yet
    std::string hook_url;                    // public_url/v1/hooks/NAME/SECRET; secret; empty while there is no secret or no public_url
    std::string file;                        // where it stands, for messages
    int line = 0;
    std::any adapter;                        // filled by the ChannelReader: provider::Make
    std::string template_ids;                // the file of that name: by which ids its vendor knows our texts; empty: it names none
    std::string adapter_digest;              // of all that was given to it: what changed there is in force with a restart
    bool takes_callbacks() const;            // false: what this carrier says comes over a link, or from nobody
};

struct Route {
    std::vector<std::string> prefixes{};     // of 11-digit numbers
    std::vector<std::string> carriers{};     // by the number plan; neither: every number
    std::vector<std::string> channels{};     // failover order
    std::vector<int> weights{};              // of each channel: how many of the numbers it is the first one for; empty: all for the first
    bool known_numbers_too = false;          // also for numbers that are known to be reached by another channel
};

struct Settings {
    Path file;
    Service service;
    Http http;
    Store store;
    Lists lists;
    Survey survey;
    DeskSettings desk;
    Reader reader;
    Alarms alarms;
    Canary canary;
    Followup followup;
    Notices notices;
    Writeback writeback;
    Intake intake;
    std::vector<Intake> service_intakes;     // drop folders of other services
    Reports reports;
    Assessment assessment;
    Signals signals;
    std::vector<Channel> channels;
    std::vector<Route> routes;               // never empty: without [[route]] one that names all channels in file order
    std::map<std::string, std::string> texts;      // "survey" → its template, without the newline at the end; not yet checked
    std::map<std::string, std::map<std::string, std::string>> texts_of;  // the same for [service] languages
    std::map<std::string, std::string> mappings;   // the site's own mappings of 110 systems: name → TOML, not yet checked
    std::map<std::string, std::string> mapping_files;
    std::map<std::string, std::string> text_files; // "survey" → where it came from
    std::string open_text;                   // the configuration as canonical TOML, secrets left out: two loads are compared by its lines
    std::string rules_sha256;                // over configuration (secrets left out), lists and texts: names which rules were in force
    std::vector<std::string> warnings;       // FILE:LINE: …; nothing that forbids a start

    const Channel* channel(const std::string& name) const;
};

// Reads the channel's remaining keys (those of its vendor) and puts the adapter's maker in place.
using ChannelReader = std::function<void(Section&, Channel&)>;

// Every problem at once. Missing hook secrets are warnings, for `init` makes them.
tl::expected<Settings, Problems> load(const Path& path, const ChannelReader& reader);

}  // namespace pingjing::config
