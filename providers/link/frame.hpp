// A stream of octets cut into frames: four octets of length, which counts itself, then the rest. Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "providers/link/bytes.hpp"

namespace pingjing::link {

struct FrameLimits { std::size_t least = 16, most = 65536 + 1024; };

class FrameReader {
public:
    explicit FrameReader(FrameLimits limits) : limits_(limits) {}

    void feed(std::string_view bytes) {
        if (at_ > 0 && (at_ == bytes_.size() || at_ > 65536)) bytes_.erase(0, at_), at_ = 0;
        bytes_ += bytes;
    }
    // The next whole frame; valid until the next feed(). nullopt: more octets are needed, or the stream is broken().
    std::optional<std::string_view> next() {
        auto left = std::string_view(bytes_).substr(at_);
        if (broken_ || left.size() < 4) return std::nullopt;
        std::size_t length = Reader(left).u32();
        // A length that cannot be leaves no way to find the next frame.
        if (length < limits_.least || length > limits_.most) {
            broken_ = true;
            return std::nullopt;
        }
        if (left.size() < length) return std::nullopt;
        at_ += length;
        return left.substr(0, length);
    }
    bool broken() const { return broken_; }
    std::size_t waiting() const { return bytes_.size() - at_; }  // octets of a frame that is not whole yet

private:
    FrameLimits limits_;
    std::string bytes_;
    std::size_t at_ = 0;
    bool broken_ = false;
};

}  // namespace pingjing::link
