#include <fmt/format.h>

#include <algorithm>

#include <stdexcept>

#include "daemon/admin/verify.hpp"
#include "daemon/core/system_clock.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/scenarios.hpp"
#include "tests/bench/site.hpp"

namespace pingjing::bench {

// A store of real surveys, asked, answered and rated by the daemon; then `pingjing verify` as an operator runs it without one.
void verify_facts(const std::filesystem::path& empty, int facts, const std::filesystem::path& planted) {
    constexpr int facts_a_survey = 7;
    const auto& folder = planted.empty() ? empty : planted;
    if (!std::filesystem::exists(folder / "state" / "pingjing.db")) plant_rated_surveys(folder, (facts + facts_a_survey - 1) / facts_a_survey);
    auto clock = system_clock();
    auto path = (folder / "state" / "pingjing.db").string();
    store::Connection db(path, store::Connection::Access::read_only);
    Stopwatch used(*clock);
    admin::Verifier verifier;
    admin::Beside rest(verifier, path);
    double longest = 0, before = 0;
    for (bool more = true; more; before = used.seconds()) {
        more = verifier.step(db);
        longest = std::max(longest, used.seconds() - before);
    }
    while (!rest.has_ended(std::chrono::seconds(1))) {}
    const auto& result = verifier.result();
    tell("verify", "facts", static_cast<int>(result.ledger_entries), used.seconds(), used);
    fmt::print("    {} rows compared with them; the longest step {:.2f} s\n", result.rows, longest);
    for (const auto& failure : result.failures) throw std::runtime_error(failure.check + ": " + failure.detail);
    if (result.ledger_entries < facts) throw std::runtime_error(fmt::format("only {} facts", result.ledger_entries));
}

}  // namespace pingjing::bench
