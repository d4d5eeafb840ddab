// backup and restore: the store as one file, and back.
#include "daemon/store/backup.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "daemon/commands/commands.hpp"
#include "daemon/commands/site.hpp"

namespace pingjing::commands {
namespace {

// What was done, what may have happened to people, what waits, and what a person does next.
void tell_restored(const store::Restored& done) {
    fmt::print("restored: {} ledger entries of the backup are the store now", done.facts);
    if (done.facts_before > done.facts) fmt::print("; this state_dir had had {}: calls, answers and ratings that came in between are lost here", done.facts_before);
    fmt::print("\nin doubt: {} surveys and answers were claimed after the backup: nobody is texted again, and what their citizens answer still counts\n", done.maybe_sent);
    if (!done.journal_whole)
        fmt::print("WARNING:  the sent journal does not reach from the backup to today without a gap: more texts may have gone out than it knows. Whoever releases what is "
                   "held asks the carrier first\n");
    if (done.unknown > 0) fmt::print("unknown:  {} texts went out about calls that this backup does not know; their calls, pushed again, are held\n", done.unknown);
    fmt::print("held:     {} surveys and texts that waited in the backup are sent to nobody until a person releases them, and so is every call closed before now that comes again\n", done.held);
    if (done.doubtful > 0)
        fmt::print("          {} of them are to numbers that were texted since: they may have been asked, and --all-restored leaves them out\n", done.doubtful);
    if (!done.aside.empty()) fmt::print("aside:    the store that was here lies in {}; it has numbers in it: delete it when nobody needs it any more\n", done.aside.string());
    fmt::print("next:     1. start the daemon and look at `pingjing status`\n"
               "          2. let the 110 system push again the calls of the days that are lost\n"
               "          3. `pingjing release --restored CASE… | --all-restored --reason …` lets go what is held\n"
               "          4. who unsubscribed or was forgotten after the backup is not in it: `pingjing optout import`, `pingjing forget` again\n");
}

}  // namespace

int backup(const std::string& config, const std::string& to) {
    auto settings = load_settings(config);
    if (!settings) return 2;
    auto seal = store::Seal::load(settings->service.key_dir);
    auto copy = seal ? store::write_backup(settings->service.state_dir, *seal, to) : tl::unexpected(seal.error());
    if (!copy) {
        fmt::print(stderr, "{}\n", copy.error().detail);
        return 1;
    }
    fmt::print("{}: {} bytes, {} ledger entries, root {}\n", to, copy->bytes, copy->facts, copy->root);
    fmt::print(stderr, "Without the keys of {} nobody reads the numbers in it: keep them apart. {} stays where it is; it must outlive every backup.\n",
               settings->service.key_dir.string(), (settings->service.state_dir / "journal").string());
    return 0;
}

int restore(const std::string& config, const std::string& from) {
    auto settings = load_settings(config);
    if (!settings) return 2;
    auto clock = make_clock(*settings);
    if (!clock) return 2;
    auto seal = store::Seal::load(settings->service.key_dir);
    if (!seal) {
        fmt::print(stderr, "{}\n", seal.error().detail);
        return 1;
    }
    auto done = store::restore(settings->service.state_dir, *seal, from, settings->survey.answer_window, clock->now());
    if (!done) {
        fmt::print(stderr, "{}\nnothing was changed that running it again does not complete\n", done.error().detail);
        return 1;
    }
    tell_restored(*done);
    return 0;
}

}  // namespace pingjing::commands
