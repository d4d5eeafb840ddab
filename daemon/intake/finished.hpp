// What becomes of files that are through: where they are put and under which number, whether their writer went on after all, and when
// they go. They hold numbers in clear, so none of them stays for ever.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "daemon/config/settings.hpp"
#include "daemon/core/clock.hpp"
#include "daemon/core/result.hpp"
#include "daemon/intake/file_copy.hpp"
#include "daemon/intake/held_file.hpp"

namespace pingjing::intake {

class FinishedFiles {
public:
    FinishedFiles(config::Intake settings, const Clock& clock) : settings_(std::move(settings)), clock_(clock) {}

    // The file that is claimed as NAME.taking, and its result, which is NAME.result.csv.tmp so far. `taken`: how it was when it was read.
    // unavailable: both are where they were. To another disk it may take its time.
    asio::awaitable<Result<void>> put_away(std::string name, HeldFile file, FileLook taken);
    // The same for one that cannot be read, with the reason beside it. `file`: unless we may not even open it.
    Result<void> put_aside(const std::string& name, const std::string& why, std::optional<HeldFile> file);

    // Whose writer went on is claimed again, as NAME.taking; once a minute lets go what is old, unless the clock that says so is not to be trusted.
    asio::awaitable<void> look(bool may_erase = true);

    struct Refused { config::Path path{}; std::string why{}; std::optional<Instant> erased_at{}; };  // without: it stays, for it may not be ours
    const std::vector<Refused>& refused() const { return refused_; }  // those that lie there, in the order of their names
    const std::string& trouble() const { return trouble_; }           // what cannot be erased or taken again; empty: nothing

private:
    // One that we still have open. `last`: how it was at the last look, since then.
    struct Watched {
        std::string name{};
        config::Path path{};
        HeldFile file;
        FileLook taken{}, last{};
        Steady since{}, until{};
    };

    const config::Path& done_folder() const { return settings_.done_folder.empty() ? settings_.folder : settings_.done_folder; }
    bool is_done_elsewhere() const { return !settings_.done_folder.empty(); }
    config::Path done_path(const std::string& stem) const;
    Millis answers_stay() const;
    int next_number(const std::string& name) const;
    void watch(const std::string& name, config::Path path, HeldFile file, const FileLook& taken);
    bool is_watched(const FileLook& look) const;
    bool has_gone_on(Watched& file);
    asio::awaitable<bool> is_through(Watched& file);
    asio::awaitable<bool> take_again(Watched& file);
    // Where the finished file and its result come from, both on one disk with where they go.
    struct Pair { config::Path result{}, file{}; };
    Result<std::string> place(const std::string& name, const Pair& from, std::error_code& failed);
    asio::awaitable<Result<void>> bring_over(Pair from, Pair to);
    bool claim_again(const std::string& name, const config::Path& path);
    void sweep();
    void sweep_files(const config::Path& folder, const std::set<std::string>& names);
    void sweep_copies(const config::Path& folder, const std::set<std::string>& names, bool is_start);
    void sweep_answers(const config::Path& folder, const std::set<std::string>& names);
    void look_at_done(const config::Path& path, const std::string& name, const config::Path& answer);
    void look_at_bad(const config::Path& path, const config::Path& error);
    void erase(const config::Path& path);

    config::Intake settings_;
    const Clock& clock_;
    FileCopies copies_;
    std::vector<Watched> watched_;
    std::set<std::pair<std::uint64_t, std::int64_t>> read_again_;  // inode and time: one that claims to be of tomorrow is read once more, not for ever
    std::vector<Refused> refused_;
    std::string trouble_;
    std::optional<Steady> sweep_at_;
    bool has_swept_ = false, may_erase_ = true;
};

}  // namespace pingjing::intake
