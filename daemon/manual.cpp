#include "daemon/manual.hpp"

#include <fmt/format.h>

#include <functional>
#include <vector>

#include "daemon/core/version.hpp"

namespace pingjing {
namespace {

using Options = std::vector<const CLI::Option*>;

// Without --help, which every command has.
Options options_of(const CLI::App& app) {
    Options out;
    for (const auto* option : app.get_options())
        if (!option->check_lname("help") && !option->check_lname("version")) out.push_back(option);
    return out;
}

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
    std::vector<const CLI::App*> out;
    for (const auto* sub : app.get_subcommands([](const CLI::App*) { return true; })) out.push_back(sub);
    return out;
}

// From CLI11's name of a type: "TEXT:{csv,json}".
std::vector<std::string> choices_of(const CLI::Option& option) {
    auto type = option.get_type_name();
    auto open = type.find('{'), close = type.find('}', open == type.npos ? 0 : open);
    if (open == type.npos || close == type.npos) return {};
    return CLI::detail::split(type.substr(open + 1, close - open - 1), ',');
}

bool takes_value(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

std::vector<std::string> dashed(const CLI::Option& option) {
    std::vector<std::string> out;
    for (const auto& name : option.get_snames()) out.push_back("-" + name);
    for (const auto& name : option.get_lnames()) out.push_back("--" + name);
    return out;
}

std::string joined(const std::vector<std::string>& words, std::string_view between) {
    std::string out;
    for (const auto& word : words) out.append(out.empty() ? "" : between).append(word);
    return out;
}

// The man page. A line that begins with a dot or an apostrophe would be a macro; a bare '-' would be typeset as a hyphen.
std::string roff(std::string_view text) {
    std::string out;
    for (char c : text) {
        if (c == '\\') out += "\\e";
        else if (c == '-') out += "\\-";
        else if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) out += fmt::format("\\&{}", c);
        else out += c;
    }
    return out;
}

std::string value_of(const CLI::Option& option) {
    if (!takes_value(option)) return "";
    auto choices = choices_of(option);
    return choices.empty() ? "VALUE" : joined(choices, "|");
}

std::string spelled(const CLI::Option& option) { return option.get_positional() ? option.get_name(true, false) : joined(dashed(option), ", "); }

std::string described(const CLI::Option& option) {
    auto choices = choices_of(option);
    std::string out = option.get_description();
    if (option.get_positional() && !choices.empty()) out += (out.empty() ? "" : ": ") + joined(choices, ", ");
    if (!option.get_default_str().empty()) out += fmt::format("{}default: {}", out.empty() ? "" : "; ", option.get_default_str());
    return out;
}

std::string manual_of(const Options& options) {
    std::string out;
    for (const auto* option : options) {
        auto value = option->get_positional() ? "" : value_of(*option);
        out += fmt::format(".TP\n\\fB{}\\fR{}\n{}\n", roff(spelled(*option)), value.empty() ? "" : fmt::format(" \\fI{}\\fR", roff(value)), roff(described(*option)));
    }
    return out;
}

std::string synopsis_of(const CLI::App& sub) {
    std::string out = sub.get_name();
    for (const auto* option : options_of(sub))
        if (option->get_required() && !option->get_positional()) out += fmt::format(" {} {}", dashed(*option).front(), option->check_lname("config") ? "pingjing.toml" : "VALUE");
    if (!commands_of(sub).empty()) out += " ACTION";
    for (const auto* option : options_of(sub))
        if (option->get_positional()) out += (option->get_required() ? " " : " [") + option->get_name(true, false) + (option->get_required() ? "" : "]");
    return out;
}

std::string manual_of(const CLI::App& sub) {
    auto out = fmt::format(".SS {}\n{}\n", roff(synopsis_of(sub)), roff(sub.get_description()));
    auto options = options_of(sub);
    std::erase_if(options, [](const auto* option) { return option->check_lname("config"); });  // the synopsis says it
    out += manual_of(options);
    for (const auto* action : commands_of(sub)) {
        out += fmt::format(".TP\n\\fB{}\\fR\n{}\n", roff(synopsis_of(*action)), roff(action->get_description()));
        if (auto more = options_of(*action); !more.empty()) out += ".RS\n" + manual_of(more) + ".RE\n";
    }
    return out;
}

// The shells. What may stand after a command: its actions, its options, the choices of those.
struct Words {
    std::string command{}, action{};  // action: empty, or one of the command's
    std::vector<std::string> actions{}, plain{};
    Options options{};
};

std::vector<Words> words_of(const CLI::App& app) {
    std::vector<Words> out;
    for (const auto* sub : commands_of(app)) {
        Words words{sub->get_name(), {}, {}, {}, options_of(*sub)};
        for (const auto* action : commands_of(*sub)) words.actions.push_back(action->get_name());
        for (const auto* option : words.options)
            if (option->get_positional())
                for (const auto& choice : choices_of(*option)) words.plain.push_back(choice);
        out.push_back(words);
        for (const auto* action : commands_of(*sub)) {
            Words more{sub->get_name(), action->get_name(), {}, {}, words.options};
            for (const auto* option : options_of(*action)) more.options.push_back(option);
            out.push_back(std::move(more));
        }
    }
    return out;
}

std::vector<std::string> dashed(const Options& options) {
    std::vector<std::string> out;
    for (const auto* option : options)
        for (auto& name : dashed(*option)) out.push_back(std::move(name));
    out.push_back("--help");
    return out;
}

std::vector<std::string> names_of(const CLI::App& app) {
    std::vector<std::string> out;
    for (const auto* sub : commands_of(app)) out.push_back(sub->get_name());
    return out;
}

// `case "$command $action"`: which words and, behind an option, which values. Files where nothing else is known.
std::string bash(const CLI::App& app, const char* opening) {
    std::string out = opening;
    out += fmt::format(R"sh(_pingjing() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}} command=${{COMP_WORDS[1]-}} action='' words='' values='' at
  COMPREPLY=()
  if [ "$COMP_CWORD" = 1 ]; then
    COMPREPLY=( $(compgen -W '{} --help --version' -- "$word") )
    return
  fi
  case $command in
)sh", joined(names_of(app), " "));
    for (const auto& words : words_of(app))
        if (words.action.empty() && !words.actions.empty())
            out += fmt::format("    {}) for at in \"${{COMP_WORDS[@]:2:$((COMP_CWORD - 2))}}\"; do case $at in {}) action=$at ;; esac; done ;;\n", words.command, joined(words.actions, " | "));
    out += "  esac\n  case \"$command $action $before\" in\n";
    for (const auto& words : words_of(app))
        for (const auto* option : words.options)
            if (auto choices = choices_of(*option); !option->get_positional() && takes_value(*option))
                for (const auto& name : dashed(*option)) out += fmt::format("    '{} {} {}') values='{}' ;;\n", words.command, words.action, name, choices.empty() ? "FILE" : joined(choices, " "));
    out += "  esac\n  case \"$command $action\" in\n";
    for (const auto& words : words_of(app)) {
        auto all = words.actions;
        all.insert(all.end(), words.plain.begin(), words.plain.end());
        auto options = dashed(words.options);
        all.insert(all.end(), options.begin(), options.end());
        out += fmt::format("    '{} {}') words='{}' ;;\n", words.command, words.action, joined(all, " "));
    }
    out += R"sh(  esac
  if [ "$values" = FILE ]; then COMPREPLY=( $(compgen -f -- "$word") )
  elif [ -n "$values" ]; then COMPREPLY=( $(compgen -W "$values" -- "$word") )
  else
    COMPREPLY=( $(compgen -W "$words" -- "$word") )
    [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=( $(compgen -f -- "$word") )
  fi
}
complete -o filenames -F _pingjing pingjing
)sh";
    return out;
}

std::string fish(const CLI::App& app) {
    auto quoted = [](std::string_view text) {
        std::string out = "'";
        for (char c : text) out += c == '\'' || c == '\\' ? fmt::format("\\{}", c) : std::string(1, c);
        return out + "'";
    };
    std::string out = "# fish completion of pingjing: ~/.config/fish/completions/pingjing.fish\n";
    for (const auto* sub : commands_of(app)) out += fmt::format("complete -c pingjing -f -n __fish_use_subcommand -a {} -d {}\n", sub->get_name(), quoted(sub->get_description()));
    for (const auto& words : words_of(app)) {
        auto where = fmt::format("__fish_seen_subcommand_from {}", words.command);
        if (!words.action.empty()) where += fmt::format("; and __fish_seen_subcommand_from {}", words.action);
        for (const auto& word : words.actions) out += fmt::format("complete -c pingjing -f -n '{}; and not __fish_seen_subcommand_from {}' -a {}\n", where, joined(words.actions, " "), word);
        for (const auto& word : words.plain) out += fmt::format("complete -c pingjing -f -n '{}' -a {}\n", where, quoted(word));
        for (const auto* option : words.options) {
            if (option->get_positional()) continue;
            std::string names;
            for (const auto& name : option->get_snames()) names += " -s " + name;
            for (const auto& name : option->get_lnames()) names += " -l " + name;
            auto choices = choices_of(*option);
            std::string value = !takes_value(*option) ? "" : choices.empty() ? " -r" : fmt::format(" -x -a {}", quoted(joined(choices, " ")));
            out += fmt::format("complete -c pingjing -n '{}'{}{} -d {}\n", where, names, value, quoted(option->get_description()));
        }
    }
    return out;
}

}  // namespace

std::string manual_page(const CLI::App& app) {
    auto out = fmt::format(".TH PINGJING 8 {} \"pingjing {}\" pingjing\n.SH NAME\npingjing \\- {}\n", version_of, version, "the caller of 110 rates how the call was handled");
    out += ".SH SYNOPSIS\n\\fBpingjing\\fR \\fICOMMAND\\fR \\fB\\-c\\fR \\fIpingjing.toml\\fR [\\fIOPTIONS\\fR]\n";
    out += ".SH DESCRIPTION\nAfter each closed 110 call the caller gets one text message and may rate how the call was handled. pingjing sends the question "
           "through any carrier, reads what comes back, keeps a score for officer and unit, and reports nightly.\n.PP\n"
           "Commands that ask the running daemon speak to its control socket; without a daemon those that only read, read the store themselves.\n.SH COMMANDS\n";
    for (const auto* sub : commands_of(app)) out += manual_of(*sub);
    out += ".SH FILES\n.TP\n/etc/pingjing/pingjing.toml\nthe configuration; `pingjing check` says what is wrong in it\n"
           ".SH EXIT STATUS\n0: done. 1: it could not be done, or what was looked at does not hold. 2: the command line is wrong.\n"
           ".SH ENVIRONMENT\n.TP\nPINGJING_CLOCK\na clock to try things out by, where the configuration allows it (test_clock): 2026\\-11\\-21T10:00:00+08:00x60\n";
    return out;
}

std::string completion(const CLI::App& app, const std::string& shell) {
    if (shell == "fish") return fish(app);
    if (shell == "zsh") return bash(app, "#compdef pingjing\n# zsh completion of pingjing, by its bash mode: a folder of $fpath, as _pingjing\nautoload -U +X bashcompinit && bashcompinit\n");
    return bash(app, "# bash completion of pingjing: /usr/share/bash-completion/completions/pingjing\n");
}

}  // namespace pingjing
