// SMPP 3.4, octets ↔ structs. Strict in what is sent, tolerant in what is read, and never beyond a length. Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "daemon/core/result.hpp"

namespace pingjing::smpp {

enum Command : std::uint32_t {
    bind_receiver = 0x01, bind_transmitter = 0x02, query_sm = 0x03, submit_sm = 0x04, deliver_sm = 0x05, unbind = 0x06, replace_sm = 0x07, cancel_sm = 0x08,
    bind_transceiver = 0x09, outbind = 0x0B, enquire_link = 0x15, submit_multi = 0x21, alert_notification = 0x102, data_sm = 0x103,
    generic_nack = 0x80000000
};
constexpr std::uint32_t response_bit = 0x80000000;

enum Status : std::uint32_t {
    ok = 0, invalid_message_length = 0x01, invalid_command_length = 0x02, invalid_command_id = 0x03, invalid_bind_state = 0x04, already_bound = 0x05,
    system_error = 0x08, message_queue_full = 0x14, throttled = 0x58, temporary_application_error = 0x64, invalid_tlv_stream = 0xC0
};

// esm_class: what kind of message it is (message_kinds), and that a header stands before its text.
enum EsmClass : std::uint8_t { receipt_inside = 0x04, intermediate = 0x20, message_kinds = 0x3C, udh_present = 0x40 };
constexpr std::uint8_t ucs2 = 0x08;  // of data_coding

// The few tags we act on; every other one is carried along.
enum Tag : std::uint16_t {
    receipted_message_id = 0x001E, user_message_reference = 0x0204, sar_msg_ref_num = 0x020C, sar_total_segments = 0x020E, sar_segment_seqnum = 0x020F,
    sc_interface_version = 0x0210, network_error_code = 0x0423, message_payload = 0x0424, message_state = 0x0427
};
struct Tlv {
    std::uint16_t tag = 0;
    std::string value{};
    bool operator==(const Tlv&) const = default;
};
using Tlvs = std::vector<Tlv>;
std::optional<std::string_view> find_tlv(const Tlvs& tlvs, std::uint16_t tag);
std::optional<std::uint32_t> tlv_number(const Tlvs& tlvs, std::uint16_t tag);  // of one, two or four octets

struct Address {
    std::uint8_t ton = 0, npi = 0;
    std::string digits{};
    bool operator==(const Address&) const = default;
};

struct Empty {};  // unbind, enquire_link, generic_nack and the answers without a body
struct Bind {     // all three
    std::string system_id{}, password{}, system_type{};
    std::uint8_t interface_version = 0x34;
    Address range{};
};
struct BindAnswer { std::string system_id{}; Tlvs tlvs{}; };
struct Message {  // submit_sm, deliver_sm
    std::string service_type{};
    Address source{}, destination{};
    std::uint8_t esm_class = 0, protocol_id = 0, priority = 0;
    std::string schedule{}, validity{};
    std::uint8_t registered_delivery = 0, replace_if_present = 0, data_coding = 0, default_message = 0;
    std::string text{};
    Tlvs tlvs{};
    bool broken_tlvs = false;  // read: the last of them was not whole, and was left out
};
struct MessageAnswer { std::string message_id{}; Tlvs tlvs{}; };  // submit_sm_resp, deliver_sm_resp, data_sm_resp, submit_multi_resp is another
struct Data {
    std::string service_type{};
    Address source{}, destination{};
    std::uint8_t esm_class = 0, registered_delivery = 0, data_coding = 0;
    Tlvs tlvs{};
    bool broken_tlvs = false;
};
struct Query { std::string message_id{}; Address source{}; };
struct QueryAnswer { std::string message_id{}, final_date{}; std::uint8_t state = 0, error = 0; };
struct Cancel { std::string service_type{}, message_id{}; Address source{}, destination{}; };
struct Replace {
    std::string message_id{};
    Address source{};
    std::string schedule{}, validity{};
    std::uint8_t registered_delivery = 0, default_message = 0;
    std::string text{};
};
struct Destination { std::optional<Address> address{}; std::string list{}; };  // one of them
struct SubmitMulti {
    Message message{};  // its `destination` is not used
    std::vector<Destination> destinations{};
};
struct Unsuccessful { Address address{}; std::uint32_t status = 0; };
struct SubmitMultiAnswer { std::string message_id{}; std::vector<Unsuccessful> unsuccessful{}; };
struct Outbind { std::string system_id{}, password{}; };
struct Alert { Address source{}, esme{}; Tlvs tlvs{}; };

using Body = std::variant<Empty, Bind, BindAnswer, Message, MessageAnswer, Data, Query, QueryAnswer, Cancel, Replace, SubmitMulti, SubmitMultiAnswer, Outbind, Alert>;

struct Pdu {
    std::uint32_t command = enquire_link, status = ok, sequence = 0;
    Body body{};
};

// An error names the field that does not fit.
Result<std::string> encode(const Pdu& pdu);

// `header` is there whenever sixteen octets are. `problem` ≠ 0: the body is not readable, and this is the status to answer with.
struct Header { std::uint32_t length = 0, command = 0, status = 0, sequence = 0; };
std::optional<Header> read_header(std::string_view frame);
struct Decoded {
    Header header{};
    Body body{};
    std::uint32_t problem = ok;
};
// `frame`: as FrameReader cuts it. An unknown command gives Empty and no problem: see is_known().
Decoded decode(std::string_view frame);
bool is_known(std::uint32_t command);

}  // namespace pingjing::smpp
