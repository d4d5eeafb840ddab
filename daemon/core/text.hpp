// What a citizen wrote or reads. Like Phone it cannot be printed by accident: whoever wants the words says reveal().
#pragma once
#include <string>
#include <utility>

namespace pingjing {

class Text {
public:
    Text() = default;
    explicit Text(std::string utf8) : utf8_(std::move(utf8)) {}
    const std::string& reveal() const { return utf8_; }
    bool empty() const { return utf8_.empty(); }
    bool operator==(const Text&) const = default;

private:
    std::string utf8_;
};

}  // namespace pingjing
