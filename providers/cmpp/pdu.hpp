// CMPP 2.0 and 3.0, octets ↔ structs. Strict in what is sent, tolerant in what is read, and never beyond a length. Pure.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "daemon/core/result.hpp"

namespace pingjing::cmpp {

enum class Version : std::uint8_t { v2 = 0x20, v3 = 0x30 };

enum Command : std::uint32_t { connect = 1, terminate = 2, submit = 4, deliver = 5, query = 6, cancel = 7, active_test = 8 };
constexpr std::uint32_t response_bit = 0x80000000;

struct Empty {};
struct Connect { std::string source{}, authenticator{}; std::uint8_t version = 0x20; std::uint32_t timestamp = 0; };
struct ConnectAnswer { std::uint32_t status = 0; std::string authenticator{}; std::uint8_t version = 0x20; };
struct Submit {
    std::uint64_t id = 0;
    std::uint8_t total = 1, number = 1, report = 0, level = 0;
    std::string service{};
    std::uint8_t fee_user = 0;
    std::string fee_terminal{};
    std::uint8_t fee_terminal_type = 0, pid = 0, udhi = 0, format = 0;
    std::string account{}, fee_type{}, fee_code{}, valid_until{}, at{}, source{};
    std::vector<std::string> destinations{};
    std::uint8_t destination_type = 0;
    std::string content{}, trailer{};
};
struct SubmitAnswer { std::uint64_t id = 0; std::uint32_t result = 0; };
struct Deliver {
    std::uint64_t id = 0;
    std::string destination{}, service{};
    std::uint8_t pid = 0, udhi = 0, format = 0;
    std::string source{};
    std::uint8_t source_type = 0, report = 0;
    std::string content{}, trailer{};
};
struct DeliverAnswer { std::uint64_t id = 0; std::uint32_t result = 0; };
struct Query { std::string day{}; std::uint8_t type = 0; std::string code{}, reserve{}; };
struct QueryAnswer { std::string day{}; std::uint8_t type = 0; std::string code{}; std::array<std::uint32_t, 8> counts{}; };
struct Cancel { std::uint64_t id = 0; };
struct CancelAnswer { std::uint32_t failed = 0; };
struct ActiveTestAnswer {};

using Body = std::variant<Empty, Connect, ConnectAnswer, Submit, SubmitAnswer, Deliver, DeliverAnswer, Query, QueryAnswer, Cancel, CancelAnswer, ActiveTestAnswer>;

struct Pdu {
    std::uint32_t command = active_test, sequence = 0;
    Body body{};
};

// An error names the field that does not fit.
Result<std::string> encode(const Pdu& pdu, Version version);

struct Header { std::uint32_t length = 0, command = 0, sequence = 0; };
struct Decoded {
    Header header{};
    Body body{};
    bool readable = true;
};
// What differs between the versions is told by its length where that can be (answers, reports), else by `version`.
Decoded decode(std::string_view frame, Version version);

// The content of a Deliver that is a report.
struct Report {
    std::uint64_t id = 0;
    std::string stat{}, submitted{}, done{}, phone{};
    std::uint32_t smsc_sequence = 0;
};
std::optional<Report> read_report(std::string_view content);
std::string write_report(const Report& report, Version version);

// Both logins' digests, 16 octets.
std::string authenticator_of(std::string_view account, std::string_view secret, std::uint32_t timestamp);
std::string answer_authenticator_of(std::uint32_t status, std::string_view authenticator, std::string_view secret, Version version);

}  // namespace pingjing::cmpp
