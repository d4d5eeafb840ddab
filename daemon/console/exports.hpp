// GET /console/exports: the nightly files that there are, the newest day first. GET /console/exports/{day}/{version}/{file}: one of them.
#pragma once
#include <filesystem>
#include <functional>

#include "daemon/http/router.hpp"
#include "daemon/store/read_thread.hpp"

namespace pingjing::console {

struct ExportParts {
    store::Reader read;                             // whose thread may wait for a disk
    std::function<std::filesystem::path()> folder;  // as configured now
};

// What `parts` refers to outlives the router.
void add_export_routes(http::Router& router, const http::Guard& guard, ExportParts parts);

}  // namespace pingjing::console
