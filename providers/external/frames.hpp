// What goes over the socket: four octets of length, most significant first, then that many octets of a JSON object.
// Pure; the table of frames is in the README.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "daemon/core/result.hpp"
#include "providers/external/settings.hpp"
#include "providers/provider.hpp"

namespace pingjing::external {

constexpr int version = 1;
constexpr std::size_t most_octets = 1u << 20;  // of a frame, its length not counted
constexpr std::size_t head_octets = 4;

std::size_t read_length(std::string_view head);  // of what follows; `head` has head_octets

std::string hello_frame(const Settings& settings);
std::string submit_frame(const Settings& settings, std::uint64_t seq, const provider::Submission& submission);
std::string kept_frame(std::uint64_t batch, bool kept);

struct Hello {
    int version = 0;
};
struct Answered {
    std::uint64_t seq = 0;
    provider::Outcome outcome{};
};
struct Items {
    std::uint64_t batch = 0;
};  // the frame itself is what read_items() reads
using Said = std::variant<Hello, Answered, Items>;
// An error: nothing that an adapter says. An outcome of its own invention is Ambiguous, for the text may be on its way;
// its words come cleaned: they go to logs and pages, and whoever wrote the adapter may have put a number in.
Result<Said> read_frame(std::string_view body);

// The items of such a frame, one by one.
Result<provider::CallbackRead> read_items(const provider::Callback& callback);

}  // namespace pingjing::external
