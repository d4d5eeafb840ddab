// What a stretch of work took: time, processor, memory. Of this process alone; whoever makes the load is another one.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

#include "daemon/core/clock.hpp"

namespace pingjing::bench {

struct Memory { double now_mb = 0, peak_mb = 0; };
Memory memory();

class Stopwatch {
public:
    explicit Stopwatch(const Clock& clock);
    double seconds() const;       // since it was made
    double user_seconds() const;  // of all our threads
    double system_seconds() const;
    double store_seconds() const;  // user and system, of the store's thread
    // User and system, without the thread of reports: what a missed night takes to be written and verified is not the work measured.
    double seconds_without_reader() const;

private:
    const Clock& clock_;
    Steady from_;
    double user_, system_, store_, reader_;
};

// One line of the result: "name: 12000 rows in 4.1 s = 2927/s; CPU 250 + 60 us each; …".
void tell(const std::string& name, const char* what, std::int64_t count, double seconds, const Stopwatch& used, const std::string& more = "");

// How often a second this disk can be made to write. Everything that is acknowledged waits for it.
double syncs_per_second(const std::filesystem::path& folder, const Clock& clock);

}  // namespace pingjing::bench
