// GET /v1/reports/NAME for each of report_names() and GET /v1/reports/mine, GET /v1/reports/audit, GET /v1/calls/{id} (?format=json|text). Who may ask is
// decided outside: each handler is handed to `guard` with the scope it needs.
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "daemon/core/clock.hpp"
#include "daemon/http/router.hpp"
#include "daemon/reports/export.hpp"
#include "daemon/reports/public_summary.hpp"
#include "daemon/reports/queries.hpp"
#include "daemon/reports/story.hpp"
#include "daemon/store/read_thread.hpp"
#include "daemon/store/seal.hpp"

namespace pingjing::store { class Store; }

namespace pingjing::reports {

// What a reload may change.
struct ReportSite {
    Names names{};
    Rules rules{};
    std::string zone = "Asia/Shanghai";
    EvidenceOf evidence{};
    Millis answers_until = std::chrono::hours(24 * 6);  // after a call was closed
};

struct ApiParts {
    store::Reader read{};
    store::Store& store;  // only to record who looked at what
    const store::Seal& seal;
    const Clock& clock;
    std::function<std::shared_ptr<const ReportSite>()> site{};
};

// POST /control/export?date&out, for trusted requests: the day's files, written by whoever owns the store. `folder`: the default for
// `out`; `rules_sha256`: of the configuration in force.
struct ExportPlace { std::filesystem::path folder{}; std::string rules_sha256{}; };

// What is to be written of that day, as it is asked for by hand and each night. `seal` outlives it.
ExportWish export_wish(const ReportSite& site, const ExportPlace& place, const store::Seal& seal, std::string day);

using Guard = std::function<http::Handler(std::string scope, http::Handler handler)>;

// `parts` refers to what outlives the router. Whoever passes the guard is named by it in the header x-pingjing-who.
void add_routes(http::Router& router, ApiParts parts, const Guard& guard);
void add_export_route(http::Router& router, ApiParts parts, std::function<ExportPlace()> place);
// POST /control/public, likewise: the summary for the public, written now.
void add_public_route(http::Router& router, ApiParts parts, std::function<PublicWish()> wish);

}  // namespace pingjing::reports
