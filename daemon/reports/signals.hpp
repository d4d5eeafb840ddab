// `report signals`, for 督察 alone: what looks as if somebody made the figures better than the service (domain.md §12), with the cases
// behind it. A signal is a reason to look, never a finding. By severity: `look` is a single thing, `warn` is more of it than chance or
// habit explains, `alarm` is outside 99.8 % of what peers show in this period and in the one before.
//
// Who reads it is not told of himself or of his unit.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/reports/queries.hpp"

namespace pingjing::reports {
class Counting;

enum class Severity { look, warn, alarm };
std::string_view severity_name(Severity severity);

struct SignalKind { std::string_view name{}, chinese{}, does{}; };
const std::vector<SignalKind>& signal_kinds();

// About one officer or unit.
struct Signal {
    std::string signal{};
    Level level = Level::officer;
    std::string code{};
    std::string unit{};                            // of an officer, or the unit itself
    Severity severity = Severity::look;
    std::int64_t count = 0;                        // of the things themselves …
    std::optional<std::int64_t> of{};              // … among so many, where they are a share
    std::optional<double> share{}, expected{}, z{};
    std::vector<std::int64_t> cases{};             // behind it: of shares and rates only where the request asks for cases
};

// One case behind a signal.
struct Behind { std::string signal{}, code{}, detail{}; std::int64_t case_id = 0; };

struct Signals {
    std::vector<Signal> found{};
    std::vector<Behind> details{};  // of cases of which there is something to say
};

// Of a request that complete() has completed. Without a seal nobody looks whether a number was edited.
Signals read_signals(Counting& counting, const Names& names, const Request& request);
Signals read_signals(store::Connection& db, const store::Seal* seal, const Names& names, const Rules& rules, const Request& request, const std::string& zone, Instant as_of);

// One row a signal, with `cases` one a case, the newest 200 of each signal and subject.
Table signals_report(Counting& counting, const Names& names, const Request& request);
Table signals_report(store::Connection& db, const store::Seal* seal, const Names& names, const Rules& rules, const Request& request, const std::string& zone, Instant as_of);

}  // namespace pingjing::reports
