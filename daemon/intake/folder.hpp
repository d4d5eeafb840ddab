// The drop folder: for 110 systems that can write a file and nothing else. A file that has stopped growing is claimed by a
// rename to NAME.taking, taken piece by piece, and answered by NAME.result.csv beside the finished one. Taking a file again
// changes nothing, so a crash costs only the time: what it left as NAME.taking is taken from its beginning.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "daemon/config/settings.hpp"
#include "daemon/intake/api.hpp"
#include "daemon/intake/document_file.hpp"
#include "daemon/intake/intake.hpp"

namespace pingjing::intake {

// May a file of this name be taken: it matches the pattern, is not hidden, not temporary, and nothing that we write ourselves.
bool is_for_us(const std::string& name, const config::Intake& settings);

class Folder {
public:
    Folder(Intake& intake, config::Intake settings, RulesNow rules, const Clock& clock, std::function<void()> arrived = {})
        : intake_(intake), settings_(std::move(settings)), rules_(std::move(rules)), clock_(clock), arrived_(std::move(arrived)) {}

    asio::awaitable<void> run();   // until it is cancelled
    asio::awaitable<void> look();  // once: first what was begun, then what is complete

private:
    struct Seen {
        std::int64_t size = 0, changed_at = 0;
        Steady since{};
    };
    enum class End { done, bad, later };

    std::set<std::string> names();
    bool may_retry(const std::string& name);
    bool is_complete(const std::string& name);
    bool claim(const std::string& name);
    asio::awaitable<void> take(std::string name);
    asio::awaitable<End> take_rows(std::string name, DocumentFile file, std::string& problem);
    void finish(const std::string& name);
    void put_aside(const std::string& name, const std::string& why);
    void complain(const std::string& about, const std::string& why);
    void try_later(const std::string& name, const std::string& why);

    Intake& intake_;
    config::Intake settings_;
    RulesNow rules_;
    const Clock& clock_;
    std::function<void()> arrived_;
    std::map<std::string, Seen> seen_;
    std::map<std::string, Steady> not_before_;       // of files whose taking failed through no fault of theirs
    std::map<std::string, std::string> complaints_;  // said once, until it is another one
};

}  // namespace pingjing::intake
