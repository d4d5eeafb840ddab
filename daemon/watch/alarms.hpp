// The alarms of the service itself: their names, and when one is raised, told and cleared. Pure; time comes in. (An emergency of a citizen
// is another thing: daemon/desk.)
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/store/watch.hpp"

namespace pingjing::watch {

enum class Severity { error, warning };  // error: wakes somebody; warning: for the morning
struct Kind {
    std::string_view name;     // systemd/README.md has a page of this name
    Severity severity;
    std::string_view meaning;
    Millis raise_after;        // it has to hold for that long, so that a hiccup wakes nobody
    Millis clear_after;        // and to be gone for that long, so that one that comes and goes does not either
};
std::span<const Kind> kinds();
const Kind* find_kind(std::string_view name);

// What is wrong now.
struct Finding { std::string name{}, about{}, detail{}; };

class Alarms {
public:
    // Those that were raised before the restart.
    void remember(std::vector<store::WatchAlarm> raised);

    struct Change { bool raised = false; store::WatchAlarm alarm{}; };
    // What was raised or cleared now. A finding whose name is not in kinds() throws std::logic_error.
    std::vector<Change> look(const std::vector<Finding>& findings, Instant now);

    // Raised, and cleared ones of which nobody was told yet.
    const std::vector<store::WatchAlarm>& all() const { return raised_; }
    bool is_raised(std::string_view name, std::string_view about) const;

    enum class News { none, raised, still, cleared };
    static News news_of(const store::WatchAlarm& alarm, Millis remind_after, Instant now);
    // The news of this alarm reached everybody. True: it is over, and its row can go.
    bool told(std::string_view name, std::string_view about, News news, Instant now);

private:
    struct Pending { Finding finding{}; Instant since{}; };
    std::vector<Pending> pending_;
    struct Gone { std::string name{}, about{}; Instant since{}; };
    std::vector<Gone> gone_;
    std::vector<store::WatchAlarm> raised_;
};

// Of this news of this alarm, however often it is pushed: letters and digits.
std::string news_id(const store::WatchAlarm& alarm, Alarms::News news);
std::string_view news_name(Alarms::News news);
// {"alarm","about","state":"raised|still|cleared","severity","meaning","detail","since","at","page"}
std::string news_json(const store::WatchAlarm& alarm, Alarms::News news, Instant now);

}  // namespace pingjing::watch
