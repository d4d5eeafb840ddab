// A call as the 110 system describes it, read from whatever it sent (design.md A3). Pure values.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/clock.hpp"
#include "daemon/core/phone.hpp"
#include "daemon/core/text.hpp"

namespace pingjing {

enum class CaseState { open, dispatched, on_scene, fed_back, closed, cancelled, reopened };
std::string_view case_state_name(CaseState s);
std::optional<CaseState> parse_case_state(std::string_view name);

struct Officer {
    Officer(std::string b, std::string r) : badge(std::move(b)), role(std::move(r)) {}
    std::string badge;
    std::string role;  // lead, co, auxiliary
};

// Keyed hashes of what does not stand in the open. Made where there is time for it; empty: not made yet.
struct CallKeys {
    std::string calling{}, contact{}, content{};
    std::string sealed_calling{};  // and the calling number itself, sealed, for nearly every one is new
};

struct ClosedCall {
    std::string id;                       // the 110 system's record number
    std::optional<std::int64_t> version;  // absent: content decides what is new
    CaseState state = CaseState::open;
    std::optional<Phone> calling;         // set only for a mobile number: the only one that is ever texted
    std::optional<Phone> contact;         // compared, never texted
    std::string category;
    std::vector<std::string> flags;       // exclusion codes, already translated through flags.csv
    std::string result;
    std::string linked_to;                // not empty: a repeated call
    std::string source;                   // 110, 122, 119, …
    std::string unit;                     // attending, else responsible
    std::vector<Officer> officers;        // the lead comes first
    std::string call_taker;
    Instant reported_at{};
    std::optional<Instant> arrived_at, closed_at;
    std::string caller_birth;             // YYYY-MM-DD or empty
    std::string language;                 // BCP 47, empty: the service's own
    Text content;                         // the whole record as canonical JSON, unknown fields included; sealed before it is stored
    CallKeys keys{};

    const Officer* lead() const { return officers.empty() || officers.front().role == "auxiliary" ? nullptr : &officers.front(); }
};

}  // namespace pingjing
