// SGIP 1.2, octets ↔ structs. Strict in what is sent, tolerant in what is read, and never beyond a length. Pure.
#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "daemon/core/result.hpp"

namespace pingjing::sgip {

enum Command : std::uint32_t { bind_link = 1, unbind = 2, submit = 3, deliver = 4, report = 5, user_report = 0x11, trace = 0x1000 };
constexpr std::uint32_t response_bit = 0x80000000;
constexpr std::size_t head_size = 20;

// Of an Answer: those we give, and those we act on. 88 is of vendors, and in no text.
enum Outcome : std::uint8_t {
    ok = 0, illegal_login = 1, bound_already = 2, too_many = 3, wrong_type = 4, wrong_format = 5, wrong_number = 6, not_served = 7, busy = 11, too_often = 34,
    slower_please = 88
};

// Three numbers that tell one command of the whole network from all others, and a Submit's id: who, when (MMDDhhmmss), the how-manieth.
struct Sequence {
    std::uint32_t node = 0, time = 0, count = 0;
    auto operator<=>(const Sequence&) const = default;
};
std::string shown(const Sequence& sequence);  // 24 hexadecimal digits

struct Empty {};
struct Bind { std::uint8_t type = 1; std::string name{}, password{}, reserve{}; };
struct Answer { std::uint8_t result = 0; std::string reserve{}; };  // to everything but Unbind and Trace
struct Submit {
    std::string source{}, charge{};
    std::vector<std::string> users{};
    std::string corporation{}, service{};
    std::uint8_t fee_type = 0;
    std::string fee{}, given{};
    std::uint8_t agent = 0, cause = 0, priority = 0;  // cause: MorelatetoMTFlag
    std::string expires{}, at{};
    std::uint8_t report = 0, pid = 0, udhi = 0, format = 0, type = 0;
    std::string content{}, reserve{};
};
struct Deliver {
    std::string user{}, number{};
    std::uint8_t pid = 0, udhi = 0, format = 0;
    std::string content{}, reserve{};
};
struct Report {
    Sequence submitted{};
    std::uint8_t type = 0;
    std::string user{};
    std::uint8_t state = 0, error = 0;
    std::string reserve{};
};
struct UserReport { std::string number{}, user{}; std::uint8_t condition = 0; std::string reserve{}; };
struct Trace { Sequence submitted{}; std::string user{}, reserve{}; };
struct TraceRow { std::uint8_t result = 0; std::string node{}, received{}, sent{}, reserve{}; };
struct TraceAnswer { std::vector<TraceRow> rows{}; };

using Body = std::variant<Empty, Bind, Answer, Submit, Deliver, Report, UserReport, Trace, TraceAnswer>;

struct Pdu {
    std::uint32_t command = unbind;
    Sequence sequence{};
    Body body{};
};

// An error names the field that does not fit.
Result<std::string> encode(const Pdu& pdu);
// A frame with its number where it belongs.
std::string with_sequence(std::string frame, const Sequence& sequence);

struct Header { std::uint32_t length = 0, command = 0; Sequence sequence{}; };
struct Decoded {
    Header header{};
    Body body{};
    bool readable = true;
};
Decoded decode(std::string_view frame);
bool is_known(std::uint32_t command);

}  // namespace pingjing::sgip
