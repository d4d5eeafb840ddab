// The head of a request, read strictly: a proxy before us and Beast behind us must understand it as we do, or it is refused.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

namespace pingjing::http {

struct Refusal {
    Refusal(int s, std::string w) : status(s), why(std::move(w)) {}
    int status;
    std::string why;
};

struct Head {
    std::string method{};
    std::string target{};  // origin form
    std::vector<std::pair<std::string, std::string>> headers{};
    std::uint64_t content_length = 0;
    bool chunked = false;
    bool expects_continue = false;
    bool keep_alive = false;
};

// How many bytes the head takes with its empty line; 0: it goes on. Refused as soon as it cannot become a good one.
tl::expected<std::size_t, Refusal> find_head_end(std::string_view received, std::size_t limit);

// `bytes` end with the empty line.
tl::expected<Head, Refusal> read_head(std::string_view bytes, std::size_t body_limit);

}  // namespace pingjing::http
