// What a simulated gateway writes down: a JSON object for each message, and what it counted.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/clock.hpp"

namespace pingjing::simulated {

// One line, its fields in the order in which they were added. What is empty is left out.
class Line {
public:
    Line(Instant at, std::string_view direction, std::string_view kind);
    Line& add(std::string_view key, std::string_view value);
    Line& add(std::string_view key, const std::vector<std::string>& values);
    Line& count(std::string_view key, std::uint64_t value);
    Line& flag(std::string_view key, bool value);
    std::string text() const { return text_ + "}\n"; }

private:
    void key(std::string_view name);
    std::string text_ = "{";
};

class Journal {
public:
    explicit Journal(std::function<void(const std::string& line)> write) : write_(std::move(write)) {}
    void write(const Line& line) const { write_(line.text()); }
    void count(const std::string& name, std::uint64_t by = 1) { counts_[name] += by; }
    const std::map<std::string, std::uint64_t>& counts() const { return counts_; }
    std::uint64_t count_of(const std::string& name) const;

private:
    std::function<void(const std::string&)> write_;
    std::map<std::string, std::uint64_t> counts_{};
};

}  // namespace pingjing::simulated
