// What every command on a configuration begins with: settings, clock, keys, store. Errors are printed as people read them.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "daemon/config/settings.hpp"
#include "daemon/core/clock.hpp"
#include "daemon/core/result.hpp"
#include "daemon/store/seal.hpp"
#include "daemon/store/store.hpp"

namespace pingjing::commands {

// invalid_input: all problems, a line each.
Result<config::Settings> read_settings(const std::string& file);
// nullopt: the problems stand on stderr (PINGJING_CLOCK, where it is obeyed, is one of them), the caller exits with 2.
std::optional<config::Settings> load_settings(const std::string& file);

struct Site {
    config::Settings settings;
    std::unique_ptr<Clock> clock;
    store::Seal seal;
    std::unique_ptr<store::Store> store;
};
// Said on stderr where not. The store remembers by which keys it lives, and tells in the ledger when it is signed by another one from now on.
bool is_of_these_keys(store::Store& store, const store::Seal& seal, Instant now);
// Who was asked before is known to the store alone: a lost one is not made anew in passing. False: said on stderr.
bool has_store(const config::Settings& settings);
// Without a daemon: opens the store itself, and where there is none makes one for `init` alone. nullopt: said on stderr.
enum class Missing { refused, made };
std::optional<Site> open_site(config::Settings settings, Missing missing = Missing::refused);
std::unique_ptr<Clock> make_clock(const config::Settings& settings);  // null: said on stderr

}  // namespace pingjing::commands
