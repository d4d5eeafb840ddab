// The body of a request, read by Beast from the bytes behind a head that `head` has already read. Pure.
#pragma once
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "daemon/http/head.hpp"

namespace pingjing::http {

// Bodies are read before anybody knows who sends them: together they must not fill the memory. What has come counts, not
// what was promised, or a few who promise and do not send would keep everybody else out.
class Share {
public:
    Share(std::size_t& all, std::size_t most) : all_(all), most_(most) {}
    ~Share() { all_ -= mine_; }
    Share(const Share&) = delete;
    bool hold(std::size_t bytes) {
        all_ += bytes - mine_;
        mine_ = bytes;
        return all_ <= most_;
    }

private:
    std::size_t& all_;
    std::size_t most_;
    std::size_t mine_ = 0;
};

// Gives Beast the same head again and reads the body with it. What it understands must be what we understood.
class BodyReader {
public:
    BodyReader(const Head& head, std::string head_bytes, std::size_t body_limit);
    BodyReader(const BodyReader&) = delete;

    std::optional<Refusal> begin();
    tl::expected<bool, Refusal> feed(std::string& received);  // uses up the front of `received`; true when the body is complete
    bool done() const { return parser_.is_done(); }
    std::size_t held() const { return parser_.get().body().size(); }
    std::string take() { return std::move(parser_.get().body()); }

private:
    std::size_t fields() const;

    const Head& head_;
    std::string head_bytes_;
    std::size_t extension_bytes_ = 0;
    std::function<void(std::uint64_t, boost::beast::string_view, boost::system::error_code&)> on_chunk_;
    boost::beast::http::request_parser<boost::beast::http::string_body> parser_;
};

}  // namespace pingjing::http
