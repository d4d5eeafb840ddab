// Whether a folder of nightly files is as it was written, asked without a store: by whoever was given it, on any machine.
// scripts/check-export asks the same without our program.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "daemon/core/signed_note.hpp"

namespace pingjing::reports {

struct ExportsChecked {
    std::vector<std::string> held{}, failed{};
    std::vector<std::string> open{};  // what these files alone do not say, and what would
    int versions = 0;
};

// `folder`: of all days, of one, or one version. `keys`: those that may have signed, at least one. `proofs`: texts of `pingjing proof
// DAY/vN` and `pingjing checkpoint --since`; those that lie beside a version as vN.proof are read too.
ExportsChecked check_exports(const std::filesystem::path& folder, const std::vector<NoteVerifier>& keys, std::vector<std::string> proofs);

}  // namespace pingjing::reports
