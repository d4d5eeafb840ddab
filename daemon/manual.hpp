// The manual page and the shells' completion, from the table that the command line itself is made of. Pure.
#pragma once
#include <CLI/CLI.hpp>
#include <string>

namespace pingjing {

std::string manual_page(const CLI::App& app);  // for man(1), by man(7)'s macros
// What a shell reads to complete our words. `shell`: bash, zsh, fish.
std::string completion(const CLI::App& app, const std::string& shell);

}  // namespace pingjing
