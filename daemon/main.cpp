// The command line: one table feeds help and dispatch; what is not built yet says so.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include "daemon/commands/commands.hpp"
#include "daemon/commands/demo.hpp"
#include "daemon/commands/parse.hpp"

namespace {

using namespace pingjing;

struct Command { const char* name; const char* does; bool built; };
constexpr Command table[] = {
    {"parse", "read replies as the daemon would", true},
    {"init", "make keys and store", true},
    {"check", "check the whole configuration", true},
    {"import", "take closed calls from files", true},
    {"optout", "numbers that do not want to be asked", true},
    {"verify", "recompute the ledger and the books", true},
    {"demo", "a day on this machine", true},
    {"serve", "the daemon", false},
    {"report", "officers, units, force, balance, exclusions", false},
    {"export", "the nightly files", false},
    {"explain", "the story of one case", false},
    {"status", "what one needs at 3 a.m.", false},
    {"hold", "stop sending", false},
    {"release", "resume sending", false},
    {"cancel", "call a survey off before it is sent", false},
    {"resend", "the one override of 'never twice'", false},
    {"token", "access for people and systems", false},
    {"simulate", "the carrier's end of a protocol", false},
    {"backup", "copy the store", false},
    {"restore", "take a backup into use", false},
};

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("pingjing (评警): the caller of 110 rates how the call was handled");
    app.set_version_flag("--version", "pingjing 0.1.0");
    app.require_subcommand(1);
    std::map<std::string, CLI::App*> subs;
    for (const auto& command : table) {
        auto* sub = app.add_subcommand(command.name, command.built ? command.does : fmt::format("{} (not built yet)", command.does));
        if (!command.built) sub->allow_extras();
        subs[command.name] = sub;
    }
    std::string config;
    for (const char* name : {"init", "check", "import", "verify", "optout"}) subs[name]->add_option("-c,--config", config, "pingjing.toml")->required();

    std::string scale = "110-3";
    std::vector<std::string> texts;
    bool jsonl = false;
    subs["parse"]->add_option("--scale", scale, "the scale that was asked")->check(CLI::IsMember({"110-3", "csat-5"}));
    subs["parse"]->add_flag("--jsonl", jsonl, "a JSON object a line in and out");
    subs["parse"]->add_option("TEXT", texts, "what a citizen wrote");

    commands::ImportOptions options;
    auto* import = subs["import"];
    import->add_option("FILE", options.files, "exports of the 110 system")->required();
    import->add_option("--mapping", options.mapping, "mapping by name; default by the head row");
    import->add_option("--encoding", options.encoding, "")->check(CLI::IsMember({"auto", "utf-8", "gb18030"}));
    import->add_option("--format", options.format, "")->check(CLI::IsMember({"csv", "jsonl"}));
    import->add_flag("--dry-run", options.dry_run, "answer every row, store nothing");
    import->add_flag("--strict", options.strict, "exit 1 if any row was rejected");

    subs["optout"]->fallthrough();
    std::string optout_file;
    auto* optout = subs["optout"]->add_subcommand("import", "numbers, one a line");
    subs["optout"]->require_subcommand(1);
    optout->add_option("FILE", optout_file, "")->required();
    optout->fallthrough();

    commands::DemoOptions demo;
    subs["demo"]->add_option("--calls", demo.calls, "calls of the last day; each of the thirty days before has a quarter")->check(CLI::Range(4, 1'000'000));
    subs["demo"]->add_option("--seed", demo.seed, "the same seed, the same city");
    subs["demo"]->add_option("--keep", demo.keep, "a folder to leave the site in");

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    auto name = app.get_subcommands().front()->get_name();
    try {
        if (name == "parse") return commands::parse(*parse_scale(scale), texts, jsonl, std::cin, std::cout);
        if (name == "demo") return commands::demo(demo);
        if (name == "init") return commands::init(config);
        if (name == "check") return commands::check(config);
        if (name == "verify") return commands::verify(config);
        if (name == "import") return commands::import(config, options);
        if (name == "optout") return commands::optout_import(config, optout_file);
    } catch (const std::exception& error) {
        fmt::print(stderr, "pingjing {}: {}\n", name, error.what());
        return 1;
    }
    fmt::print(stderr, "pingjing {}: not built yet\n", name);
    return 2;
}
