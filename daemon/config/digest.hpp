// By what two loads of a configuration are compared, and named in every decision.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "daemon/config/settings.hpp"

namespace pingjing::config {

std::string without_secrets(const toml::table& table);  // as canonical TOML

using ListTexts = std::vector<std::pair<std::string, std::string>>;  // key of the configuration, the file's bytes
// SHA-256 over the configuration without its secrets, the lists, the texts and the mappings.
std::string digest_of(const Settings& settings, const ListTexts& lists);

}  // namespace pingjing::config
