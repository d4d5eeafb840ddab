// The sub-commands, one function each; the result is the exit code (0 done, 1 what was asked for failed or does not hold, 2 usage
// or configuration).
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pingjing::commands {

struct InitOptions { bool escrow = false; };
int init(const std::string& config, const InitOptions& options);
int check(const std::string& config, bool templates);
int serve(const std::string& config);

struct ImportOptions {
    std::vector<std::string> files{};
    std::string mapping{}, encoding = "auto", format = "csv";
    bool dry_run = false, strict = false;
};
int import(const std::string& config, const ImportOptions& options);

struct ReportOptions {
    std::string report{}, from{}, to{}, week{}, basis = "closed", service{}, format = "table", output{};
    bool raw = false, cases = false;
};
int report(const std::string& config, const ReportOptions& options);
int explain(const std::string& config, const std::string& record, const std::string& format);
int export_day(const std::string& config, const std::string& day, const std::string& folder);
int export_public(const std::string& config);
int deliveries(const std::string& config);

struct HoldOptions {
    std::string channel{}, of = "stop", reason{}, by{};
    std::vector<std::string> restored{};  // release: cases that a restore holds
    bool refused = false;                 // release: what carriers refused for its words
    bool all_restored = false, accept_possible_double = false;
};
int hold(const std::string& config, const HoldOptions& options);
int release(const std::string& config, const HoldOptions& options);
int backup(const std::string& config, const std::string& to);
int restore(const std::string& config, const std::string& from);
// `by`: who does it; empty: who is logged in.
int cancel(const std::string& config, const std::string& record, const std::string& reason, const std::string& by);
int resend(const std::string& config, const std::string& record, const std::string& reason, const std::string& by);
int optout(const std::string& config, const std::string& action, const std::string& what, const std::string& reason, const std::string& by);
struct TokenOptions { std::string scope{}, name{}, unit{}, badge{}, expires{}; std::string id{}; };
int token(const std::string& config, const std::string& action, const TokenOptions& options);
int status(const std::string& config);
struct ReviewOptions { std::string action{}, id{}, kind{}, decision{}, grade{}, record{}, note{}, as{}, format = "table"; };
int review(const std::string& config, const ReviewOptions& options);
int verify(const std::string& config, const std::string& format, const std::vector<std::string>& checkpoints);
struct ExportsAsked { std::string folder{}; std::vector<std::string> keys{}, proofs{}; };
int verify_exports(const ExportsAsked& asked, const std::string& format);
int checkpoint(const std::string& config, const std::string& since);
int proof(const std::string& config, const std::string& row, const std::string& size);
int cosign(const std::string& config, const std::string& note, const std::vector<std::string>& verifiers);
int forget(const std::string& config, const std::string& phone, const std::string& reason, const std::string& by);  // PHONE: - is stdin

struct FollowupOptions {
    std::string action{};  // list, show, reveal, or a step
    std::string id{}, as{}, outcome{}, finding{}, topic{}, place{}, unit{}, person{}, how{}, agreed{}, note{}, reason{}, format = "text";
    bool all = false;
};
int followup(const std::string& config, const FollowupOptions& options);

struct DeskOptions { std::string action{}, id{}, as{}, words{}, reason{}, format = "text"; };
int desk(const std::string& config, const DeskOptions& options);
struct LetterOptions { std::string action{}, id{}, as{}, words{}, reason{}, format = "text"; bool all = false; };
int letter(const std::string& config, const LetterOptions& options);

struct QuarantineOptions { std::string action{}, id{}, as{}, channel{}, reason{}, format = "text"; };
int quarantine(const std::string& config, const QuarantineOptions& options);

struct NoticeOptions { std::string action{}, name{}, list{}, text{}, reason{}, as{}, format = "text"; bool accept_possible_double = false; };
int notice(const std::string& config, const NoticeOptions& options);

struct AppealOptions {
    std::string action{};  // file, list, show, propose, confirm, return, withdraw
    std::string id{}, as{}, record{}, ground{}, badge{}, unit{}, outcome{}, note{}, format = "text";
    bool all = false;
};
int appeal(const std::string& config, const AppealOptions& options);

struct SimulateOptions {
    std::string protocol{}, listen = "127.0.0.1:0", log{}, citizens{}, faults{}, call_back{}, users_file{}, tls_cert{}, tls_key{};
    std::vector<std::string> users{};  // NAME:SECRET
    std::uint64_t seed = 1;
};
int simulate(const SimulateOptions& options);
std::string_view simulate_guide();  // Markdown: accounts, log, citizens, faults

}  // namespace pingjing::commands
