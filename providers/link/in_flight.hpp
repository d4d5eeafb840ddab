// The window: what was said and is not answered, by its number. A slot is free again only with the answer or the end of the
// connection, however late it is. Pure.
#pragma once
#include <cstdint>
#include <map>
#include <optional>

#include "daemon/core/clock.hpp"

namespace pingjing::link {

struct InFlightPart {
    std::uint64_t ticket = 0;
    std::size_t part = 0;
    Steady since{};
    bool written = false;  // its octets were given to the socket: from then on it may have arrived
};

class InFlight {
public:
    explicit InFlight(int window) : window_(window) {}

    int room() const { return window_ - static_cast<int>(parts_.size()); }
    bool empty() const { return parts_.empty(); }
    void add(std::uint32_t number, InFlightPart part) { parts_.emplace(number, part); }
    std::optional<InFlightPart> take(std::uint32_t number) {
        auto found = parts_.find(number);
        if (found == parts_.end()) return std::nullopt;
        auto part = found->second;
        parts_.erase(found);
        return part;
    }
    bool has(std::uint32_t number) const { return parts_.contains(number); }
    void all_written() {
        for (auto& [number, part] : parts_) part.written = true;
    }
    // Nothing in a whole window was answered since `before`.
    bool full_since(Steady before) const {
        for (const auto& [number, part] : parts_)
            if (part.since > before) return false;
        return room() <= 0;
    }
    const std::map<std::uint32_t, InFlightPart>& parts() const { return parts_; }
    void clear() { parts_.clear(); }

private:
    int window_;
    std::map<std::uint32_t, InFlightPart> parts_;
};

}  // namespace pingjing::link
