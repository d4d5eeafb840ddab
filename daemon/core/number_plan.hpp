// Whose a number is: by a site's number plan (号段表) where it has one, by the allocation of the first three digits otherwise. A ported
// number (携号转网) keeps its digits: what was seen of a number is worth more than this.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pingjing {

// 移动 联通 电信 广电, or 虚商 for the resellers' numbers, by the first three digits; "" where they are nobody's.
std::string_view carrier_of(std::string_view prefix);

// A city's table has half a million rows of seven digits: 8 bytes each.
class NumberPlan {
public:
    static constexpr std::size_t shortest = 3, longest = 9;  // digits of a prefix

    // In any order. Digits only, of that length.
    void add(std::string_view prefix, std::string_view carrier);
    // When all are there. Returns the prefixes that came twice.
    std::vector<std::string> finish();
    // Of an 11-digit number: the longest prefix that is known. "" where it is nobody's.
    std::string_view carrier_of(std::string_view number) const;
    std::size_t prefixes() const;
    // Some number is this carrier's.
    bool knows(std::string_view carrier) const;

private:
    struct Row { std::uint32_t prefix; std::uint32_t carrier; };
    std::vector<std::vector<Row>> by_length_ = std::vector<std::vector<Row>>(longest + 1);  // each in order when finished
    std::vector<std::string> carriers_;
    std::map<std::string, std::uint32_t, std::less<>> numbers_;  // of the carriers
};

}  // namespace pingjing
