// SMGP 3.0, and the older layout of 1.3, octets ↔ structs. Strict in what is sent, tolerant in what is read, and never beyond a length.
// Pure.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "daemon/core/result.hpp"

namespace pingjing::smgp {

enum class Version : std::uint8_t { v13 = 0x13, v20 = 0x20, v30 = 0x30 };  // 1.3: a Submit without FixedFee

enum Command : std::uint32_t { login = 1, submit = 2, deliver = 3, active_test = 4, forward = 5, exit_link = 6, query = 7 };
constexpr std::uint32_t response_bit = 0x80000000;

enum Tag : std::uint16_t {
    tp_pid = 1, tp_udhi = 2, link_id = 3, charge_user_type = 4, charge_term_type = 5, dest_term_type = 7, pk_total = 9, pk_number = 10, submit_msg_type = 11, sp_deal_result = 12,
    src_term_type = 13, msg_src = 16, mservice_id = 18
};
struct Tlv { std::uint16_t tag = 0; std::string value{}; };
using Tlvs = std::vector<Tlv>;
std::optional<std::string_view> find_tlv(const Tlvs& tlvs, std::uint16_t tag);
// Of whatever width: its last octet.
std::optional<std::uint8_t> tlv_octet(const Tlvs& tlvs, std::uint16_t tag);

struct Empty {};
struct Login { std::string client{}, authenticator{}; std::uint8_t mode = 2; std::uint32_t timestamp = 0; std::uint8_t version = 0x30; };
struct LoginAnswer { std::uint32_t status = 0; std::string authenticator{}; std::uint8_t version = 0x30; };
struct Submit {
    std::uint8_t type = 6, report = 0, priority = 0;
    std::string service{}, fee_type{}, fee_code{}, fixed_fee{};
    std::uint8_t format = 0;
    std::string valid_until{}, at{}, source{}, charge{};
    std::vector<std::string> destinations{};
    std::string content{}, reserve{};
    Tlvs tlvs{};
};
struct Deliver {
    std::string id{};  // ten octets
    std::uint8_t report = 0, format = 0;
    std::string received{}, source{}, destination{}, content{}, reserve{};
    Tlvs tlvs{};
};
struct MessageAnswer { std::string id{}; std::uint32_t status = 0; };  // to Submit and Deliver
struct Query { std::string day{}; std::uint8_t type = 0; std::string code{}; };
struct QueryAnswer { std::string day{}; std::uint8_t type = 0; std::string code{}; std::array<std::uint32_t, 8> counts{}; std::string reserve{}; };

using Body = std::variant<Empty, Login, LoginAnswer, Submit, Deliver, MessageAnswer, Query, QueryAnswer>;

struct Pdu {
    std::uint32_t command = active_test, sequence = 0;
    Body body{};
};

// An error names the field that does not fit.
Result<std::string> encode(const Pdu& pdu, Version version = Version::v30);

struct Header { std::uint32_t length = 0, command = 0, sequence = 0; };
struct Decoded {
    Header header{};
    Body body{};
    bool readable = true;
    bool broken_tlvs = false;  // what stands behind the body is no row of TLVs: the first of them that could be read are there
};
Decoded decode(std::string_view frame, Version version = Version::v30);

// The content of a Deliver that is a report. Its id is ten raw octets among what is text otherwise.
struct Report { std::string id{}, submitted{}, done{}, stat{}, error{}, text{}; };
std::optional<Report> read_report(std::string_view content);
std::string write_report(const Report& report);

// Both logins' digests, 16 octets.
std::string authenticator_of(std::string_view client, std::string_view secret, std::uint32_t timestamp);
std::string answer_authenticator_of(std::uint32_t status, std::string_view authenticator, std::string_view secret);

}  // namespace pingjing::smgp
