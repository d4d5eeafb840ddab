// The sub-commands, one function each; the result is the exit code (0 done, 1 what was asked for failed, 2 usage or configuration).
#pragma once
#include <string>
#include <vector>

namespace pingjing::commands {

int init(const std::string& config);
int check(const std::string& config);
int verify(const std::string& config);
struct ImportOptions {
    std::vector<std::string> files{};
    std::string mapping{}, encoding = "auto", format = "csv";
    bool dry_run = false, strict = false;
};
int import(const std::string& config, const ImportOptions& options);
int optout_import(const std::string& config, const std::string& file);

}  // namespace pingjing::commands
