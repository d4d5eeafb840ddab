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

// Words of people and machines that may quote a number, before they go where everybody can read them. A mobile number that
// stands for itself, in any spelling, becomes 138****8000; the digits of a record's number or a unit stay.
std::string hide_mobiles(std::string_view text);
// For what a person wrote freely: besides, seven digits in a row are a number of somebody.
std::string hide_numbers(std::string_view text);
// For what a carrier's machine says, which stands in the open: codes, statuses, names of fields. Between the two: besides mobiles every
// number that can be dialled from afar goes, and codes stay. A number is what begins with '+' and a digit and has seven digits at least; a 0
// and an area code before seven or eight digits, however grouped; any ten digits in a row, for so long is the shortest of a neighbour with
// its country code (65 and eight), or in groups behind such a code; and seven digits behind the name of a number ("mobile":"91234567").
// Other nine digits and fewer are a code ("40012345"): dialled alone they reach nobody who is not in the same town. Between its groups may
// stand what people put there, also as addresses, JSON and pages write it (%20, \u00a0, &nbsp;).
std::string hide_phones(std::string_view text);

}  // namespace pingjing
