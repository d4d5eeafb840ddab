// Octets of the carriers' protocols, big-endian. What is read never lies beyond the end: a Reader that was asked for more says so
// once, by failed(), and gives nothing from then on.
#pragma once
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace pingjing::link {

class Reader {
public:
    explicit Reader(std::string_view bytes) : left_(bytes) {}

    std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
    std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
    std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
    std::uint64_t u64() { return number(8); }
    std::string_view octets(std::size_t size) {
        if (size > left_.size()) return fail(), std::string_view();
        auto taken = left_.substr(0, size);
        left_.remove_prefix(size);
        return taken;
    }
    // A fixed field, without what pads it: NULs, or blanks as some gateways have it.
    std::string padded(std::size_t size) {
        auto field = octets(size);
        field = field.substr(0, field.find('\0'));
        while (field.ends_with(' ')) field.remove_suffix(1);
        return std::string(field);
    }
    // Up to a NUL, which must come within `most` octets, itself included.
    std::string terminated(std::size_t most) {
        auto end = left_.substr(0, most).find('\0');
        if (end == left_.npos) return fail(), std::string();
        auto text = std::string(octets(end));
        left_.remove_prefix(1);
        return text;
    }
    std::string_view rest() const { return left_; }
    bool at_end() const { return left_.empty(); }
    bool failed() const { return failed_; }

private:
    void fail() { failed_ = true, left_ = {}; }
    std::uint64_t number(std::size_t size) {
        std::uint64_t value = 0;
        for (unsigned char octet : octets(size)) value = value << 8 | octet;
        return value;
    }

    std::string_view left_;
    bool failed_ = false;
};

class Writer {
public:
    Writer& u8(std::uint64_t value) { return number(value, 1); }
    Writer& u16(std::uint64_t value) { return number(value, 2); }
    Writer& u32(std::uint64_t value) { return number(value, 4); }
    Writer& u64(std::uint64_t value) { return number(value, 8); }
    Writer& octets(std::string_view bytes) { return out_ += bytes, *this; }
    Writer& terminated(std::string_view text) { return out_ += text, out_ += '\0', *this; }
    // Exactly `size` octets; the caller has checked that the text is no longer.
    Writer& padded(std::string_view text, std::size_t size) {
        text = text.substr(0, size);
        out_ += text;
        out_.append(size - text.size(), '\0');
        return *this;
    }
    // The length of a whole frame, known when it is finished, stands in its first four octets.
    std::string framed() && {
        auto size = out_.size();
        for (std::size_t i = 0; i < 4; ++i) out_[i] = static_cast<char>(static_cast<unsigned char>(size >> (8 * (3 - i))));
        return std::move(out_);
    }
    std::string take() && { return std::move(out_); }
    std::size_t size() const { return out_.size(); }

private:
    Writer& number(std::uint64_t value, std::size_t size) {
        for (std::size_t i = size; i-- > 0;) out_ += static_cast<char>(static_cast<unsigned char>(value >> (8 * i)));
        return *this;
    }

    std::string out_;
};

}  // namespace pingjing::link
