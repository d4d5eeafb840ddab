#!/usr/bin/env python3
"""The manual page and what shells complete, both made from the command line's own table. Usage: manual.py PROGRAM"""
import re, shutil, subprocess, sys, tempfile

PROGRAM = sys.argv[1]
ASK = r'''source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _pingjing; printf '%s\n' "${COMPREPLY[@]}"'''


def check(holds, what, *seen):
    if not holds:
        sys.exit("\n".join(["FAILED: " + what, *map(str, seen)]))


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, timeout=30, **options)


# Every command of --help is in the manual, with every option of its own help.
commands = re.findall(r"^  ([a-z]+) +", run(PROGRAM, "--help").stdout.split("Subcommands:")[1], re.M)
check(len(commands) > 30, "--help names the commands", commands)
page = run(PROGRAM, "manual").stdout
plain = page.replace("\\-", "-")
options = lambda help: set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", "\n".join(line[:40] for line in help.splitlines() if line.startswith("  -")))) - {"--help", "--config"}
for command in commands:
    section = re.search(rf"^\.SS {command}( .*)?\n((?:(?!\.S[SH] ).*\n)*)", plain, re.M)
    check(section, f"the manual tells of {command}")
    help = run(PROGRAM, command, "--help").stdout
    for option in options(help):
        check(f"{option}\\fR" in section.group(2), f"and of its {option}", section.group(0))
    actions = re.findall(r"^  ([a-z]+) +", help.split("Subcommands:")[1], re.M) if "Subcommands:" in help else []
    for action in actions:
        check(f"\\fB{action}" in section.group(2), f"and of {command} {action}")
if shutil.which("mandoc"):
    lint = run("mandoc", "-T", "lint", "-W", "warning", input=page)
    check(lint.returncode == 0 and not lint.stdout, "mandoc finds nothing", lint.stdout)
    shown = run("mandoc", "-T", "utf8", input=page).stdout
    check("report -c pingjing.toml REPORT" in re.sub("(?s).\b", "", shown), "it can be read", shown[:500])

with tempfile.TemporaryDirectory() as folder:
    path = {shell: f"{folder}/{shell}" for shell in ("bash", "zsh", "fish")}
    for shell, file in path.items():
        with open(file, "w", encoding="utf-8") as out:
            out.write(run(PROGRAM, "completion", shell).stdout)
    open(f"{folder}/calls.csv", "w").close()

    def bash(*words):
        done = run("bash", "--norc", "-c", ASK, "bash", path["bash"], *words, cwd=folder)
        check(done.returncode == 0 and not done.stderr, "bash can read it", done.stderr)
        return done.stdout.split()

    check(bash("pingjing", "rel") == ["release"], "a command", bash("pingjing", "rel"))
    check(set(commands) < set(bash("pingjing", "")), "all commands")
    check("officers" in bash("pingjing", "report", ""), "which report")
    check(bash("pingjing", "report", "officers", "--format", "xl") == ["xlsx"], "a choice of an option")
    check("rectify" in bash("pingjing", "followup", "-c", "x.toml", ""), "an action, behind an option")
    check("--outcome" in bash("pingjing", "followup", "call", "--") and "--outcome" not in bash("pingjing", "followup", "list", "--"), "an action's own options")
    check(bash("pingjing", "import", "-c", "ca") == ["calls.csv"] and bash("pingjing", "import", "ca") == ["calls.csv"], "files")
    check(open(path["zsh"]).readline() == "#compdef pingjing\n", "zsh knows whose it is")
    if shutil.which("fish"):
        fish = lambda words: [line.split("\t")[0] for line in run("fish", "-c", f"source {path['fish']}; complete -C'{words}'", env={"HOME": folder, "PATH": "/usr/bin:/bin"}).stdout.splitlines()]
        check(fish("pingjing rel") == ["release"], "fish: a command", fish("pingjing rel"))
        check(fish("pingjing report officers --format xl") == ["xlsx"], "fish: a choice")
        check("rectify" in fish("pingjing followup ") and "--outcome" in fish("pingjing followup call --"), "fish: actions and their options")
check(run(PROGRAM, "completion", "tcsh").returncode == 2, "another shell is refused")
print("ok")
