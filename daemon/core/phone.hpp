// A phone number as we hold it in memory. It has no formatter on purpose: a log line that tries does not compile.
#pragma once
#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace pingjing {

class Phone {
public:
    Phone() = default;
    // A Chinese mobile number in any spelling of design.md A3: NFKC, spaces and '-' out, one of +86 0086 86 0
    // before 1[3-9] and nine digits. nullopt for everything else: fixed lines, service and IoT numbers, letters, two numbers.
    static std::optional<Phone> mobile(std::string_view raw);
    // The address of whoever wrote to us: a mobile number in its normal form, or what stands there (short code,
    // alphabetic sender) trimmed. Never fails; is_mobile() tells which.
    static Phone sender(std::string_view raw);

    bool is_mobile() const;
    bool empty() const { return digits_.empty(); }
    const std::string& reveal() const { return digits_; }  // 11 digits for a mobile number
    std::string masked() const;                            // 138****8000; others keep two characters at each end

    auto operator<=>(const Phone&) const = default;

private:
    explicit Phone(std::string digits) : digits_(std::move(digits)) {}
    std::string digits_;
};

// What a vendor says of a failure, before it is kept or logged: he likes to name the number. Eleven digits in a row and more are
// taken out, all but the first two.
std::string without_numbers(std::string text);

}  // namespace pingjing
