// The drop folder: for 110 systems that can write a file and nothing else. A file that has stopped growing and that nobody has open
// for writing is claimed by a rename to NAME.taking, taken piece by piece, and answered by NAME.result.csv beside the finished one.
// Taking a file again changes nothing, so a crash costs only the time: what it left as NAME.taking is taken from its beginning.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "daemon/config/settings.hpp"
#include "daemon/intake/api.hpp"
#include "daemon/intake/document_file.hpp"
#include "daemon/intake/drop_names.hpp"
#include "daemon/intake/finished.hpp"
#include "daemon/intake/held_file.hpp"
#include "daemon/intake/intake.hpp"

namespace pingjing::intake {

class Folder {
public:
    // `may_erase`: is the clock to be trusted? What goes by its age stays while it is not. Without: always.
    using MayErase = std::function<asio::awaitable<bool>()>;
    Folder(Intake& intake, config::Intake settings, RulesNow rules, const Clock& clock, std::function<void()> arrived = {}, MayErase may_erase = {})
        : intake_(intake), settings_(std::move(settings)), rules_(std::move(rules)), clock_(clock), arrived_(std::move(arrived)), may_erase_(std::move(may_erase)),
          finished_(settings_, clock) {}

    asio::awaitable<void> run();   // until it is cancelled
    asio::awaitable<void> look();  // once: first what was begun, then what is complete

    // What a person has to hear of. refused: a file was put aside as bad; `about` is its name, behind that of the service. waits: the folder cannot be read or written,
    // or a file waits for longer than `backlog`; `about` is the source of a service's folder, empty for the 110 call's.
    struct Trouble { enum class Kind { refused, waits } kind{}; std::string about{}, detail{}; };
    std::vector<Trouble> troubles(Millis backlog) const;

private:
    struct Seen {
        FileLook last{};
        Steady since{};
    };
    enum class End { done, bad, later };
    struct Reading {
        End end = End::later;
        std::string problem{};  // where it is bad
        std::map<std::string, std::int64_t> outcomes{};
    };

    std::set<std::string> names();
    void note_waiting(const std::set<std::string>& names);
    bool may_retry(const std::string& name);
    bool is_complete(const std::string& name);
    bool claim(const std::string& name);
    asio::awaitable<void> take(std::string name);
    asio::awaitable<void> take_rows(std::string name, DocumentFile file, Reading& reading);
    asio::awaitable<void> finish(std::string name, Reading reading, HeldFile held, FileLook before);
    void put_aside(const std::string& name, const std::string& why, std::optional<HeldFile> held);
    void complain(const std::string& about, const std::string& why);
    void try_later(const std::string& name, const std::string& why);
    std::string say_waiting(Millis backlog) const;

    Intake& intake_;
    config::Intake settings_;
    RulesNow rules_;
    const Clock& clock_;
    std::function<void()> arrived_;
    MayErase may_erase_;
    FinishedFiles finished_;
    std::map<std::string, Seen> seen_;
    std::map<std::string, Steady> waiting_;          // files that are not through, and since when we see them
    std::map<std::string, Steady> not_before_;       // of files whose taking failed through no fault of theirs
    std::map<std::string, std::string> complaints_;  // said once, until it is another one
    bool has_looked_ = false;
    std::string unreadable_;                         // why the folder cannot be read; empty: it can
};

}  // namespace pingjing::intake
