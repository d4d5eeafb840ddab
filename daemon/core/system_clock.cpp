#include "daemon/core/system_clock.hpp"

#include <fmt/format.h>

#include <charconv>
#include <fstream>

namespace pingjing {
namespace {

Instant real_now() { return std::chrono::floor<Millis>(std::chrono::system_clock::now()); }

class RunningClock final : public Clock {
public:
    RunningClock(Instant real_start, Instant start, double speed) : real_start_(real_start), start_(start), speed_(speed) {}
    Instant now() const override {
        auto passed = static_cast<double>((real_now() - real_start_).count());
        return start_ + Millis(static_cast<std::int64_t>(passed * speed_));
    }
    Steady steady() const override { return std::chrono::steady_clock::now().time_since_epoch(); }
    double speed() const override { return speed_; }

private:
    Instant real_start_, start_;
    double speed_;
};

}  // namespace

std::unique_ptr<Clock> system_clock() { return std::make_unique<RunningClock>(Instant{}, Instant{}, 1.0); }

Result<ClockSpec> read_clock_spec(std::string_view spec) {
    double speed = 1.0;
    auto start_text = spec;
    if (auto x = spec.find('x'); x != std::string_view::npos) {
        auto number = spec.substr(x + 1);
        auto [end, bad] = std::from_chars(number.data(), number.data() + number.size(), speed);
        if (bad != std::errc{} || end != number.data() + number.size() || speed <= 0 || speed > 100'000) speed = 0;
        start_text = spec.substr(0, x);
    }
    auto start = parse_rfc3339(start_text);
    if (!start || speed == 0)
        return fail(Error::Kind::invalid_input, fmt::format("PINGJING_CLOCK={}: expected 2026-11-21T00:30:00+08:00 or …x60", spec));
    return ClockSpec{*start, speed};
}

Result<std::unique_ptr<Clock>> test_clock(std::string_view spec, const std::filesystem::path& state_dir) {
    auto said = read_clock_spec(spec);
    if (!said) return tl::unexpected(said.error());
    auto file = state_dir / "test_clock";
    std::error_code ignored;
    std::filesystem::create_directories(state_dir, ignored);
    if (!std::filesystem::exists(file)) std::ofstream(file) << format_utc(real_now()) << '\n';
    std::string line;
    std::ifstream in(file);
    std::getline(in, line);
    auto real_start = parse_rfc3339(line);
    if (!real_start) return fail(Error::Kind::invalid_input, fmt::format("{}: expected one time in UTC", file.string()));
    return std::make_unique<RunningClock>(*real_start, said->start, said->speed);
}

}  // namespace pingjing
