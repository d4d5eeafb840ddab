#include "daemon/http/body.hpp"

#include <boost/asio/buffer.hpp>
#include <iterator>

namespace pingjing::http {
namespace {

namespace asio = boost::asio;
namespace beast_http = boost::beast::http;
using boost::system::error_code;

constexpr std::size_t most_extension_bytes = 256;        // of one request's chunks together
constexpr std::size_t least_chunk_bytes = 5;             // "0", CRLF, CRLF: no chunked body ends with fewer
constexpr std::size_t most_chunk_line_bytes = 4u << 10;  // a chunk's head, or what follows the last chunk

Refusal read_parser_error(const error_code& error) {
    if (error == beast_http::error::body_limit || error == beast_http::error::buffer_overflow) return {413, "the body is too long"};
    if (error == beast_http::error::header_limit) return {431, "the head is too long"};
    return {400, "the request cannot be parsed"};
}

}  // namespace

BodyReader::BodyReader(const Head& head, std::string head_bytes, std::size_t body_limit) : head_(head), head_bytes_(std::move(head_bytes)) {
    on_chunk_ = [this](std::uint64_t, boost::beast::string_view extension, error_code& error) {
        extension_bytes_ += extension.size();
        if (extension_bytes_ > most_extension_bytes) error = beast_http::error::bad_chunk_extension;
    };
    parser_.body_limit(body_limit);
    parser_.header_limit(static_cast<std::uint32_t>(head_bytes_.size() + most_chunk_line_bytes));
    parser_.eager(true);
    parser_.on_chunk_header(on_chunk_);
}

std::optional<Refusal> BodyReader::begin() {
    error_code error;
    auto used = parser_.put(asio::buffer(head_bytes_), error);
    if (error && error != beast_http::error::need_more) return read_parser_error(error);
    bool same = used == head_bytes_.size() && parser_.is_header_done() && parser_.chunked() == head_.chunked &&
                std::string_view(parser_.get().method_string()) == head_.method && std::string_view(parser_.get().target()) == head_.target &&
                parser_.content_length().value_or(0) == head_.content_length && fields() == head_.headers.size();
    if (!same) return Refusal(400, "the request can be read in two ways");
    return std::nullopt;
}

tl::expected<bool, Refusal> BodyReader::feed(std::string& received) {
    // Beast 1.81 aborts the program when the last chunk is the first one and comes in pieces smaller than this.
    if (head_.chunked && !parser_.is_done() && received.size() < least_chunk_bytes) return false;
    while (!parser_.is_done() && !received.empty()) {
        error_code error;
        auto used = parser_.put(asio::buffer(received), error);
        received.erase(0, used);
        if (error == beast_http::error::need_more || (!error && used == 0)) {
            if (received.size() > most_chunk_line_bytes) return tl::unexpected(Refusal(400, "a chunk's head is too long"));
            return false;
        }
        if (error) return tl::unexpected(read_parser_error(error));
    }
    if (!parser_.is_done()) return false;
    if (fields() != head_.headers.size()) return tl::unexpected(Refusal(400, "headers after the body"));
    return true;
}

std::size_t BodyReader::fields() const { return static_cast<std::size_t>(std::distance(parser_.get().begin(), parser_.get().end())); }

}  // namespace pingjing::http
