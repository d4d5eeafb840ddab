// The invented city of the demonstration: its police, and the calls that its people make. Everything from one seed.
#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "daemon/core/clock.hpp"
#include "daemon/core/phone.hpp"
#include "daemon/core/random.hpp"

namespace pingjing::commands {

struct DemoOfficer {
    std::string badge, name, unit;
    double temper = 1;  // of the people he deals with: 2 makes them dissatisfied twice as often
};

class DemoCity {
public:
    DemoCity(Random& random, int officers, int phones);

    // The lists a site keeps beside its configuration.
    std::string categories_csv() const;
    std::string flags_csv() const;
    std::string officers_csv() const;
    std::string units_csv() const;

    // What the 110 system closed in the hour that begins at `from`, as NDJSON.
    std::string closed_calls(Instant from, int calls);
    // Of a day's calls, how many are closed in each local hour.
    static std::vector<int> by_hour(int calls);
    const DemoOfficer& officer(std::size_t number) const { return officers_.at(number); }
    // Of the owner of this phone, after his last call.
    double temper(const Phone& phone) const;

private:
    Random& random_;
    int phones_;
    std::vector<std::pair<std::string, std::string>> units_;
    std::vector<DemoOfficer> officers_;
    std::map<std::string, double> tempers_;
    std::int64_t next_ = 1;
};

}  // namespace pingjing::commands
