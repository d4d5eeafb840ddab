// Bytes in and out of one connection, over TCP or a unix socket, with TLS or without.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <cstddef>
#include <memory>
#include <string>

#include "daemon/core/result.hpp"

namespace pingjing::http {
namespace asio = boost::asio;

using Socket = asio::generic::stream_protocol::socket;

// An error and the end look alike: the connection is of no more use.
class Stream {
public:
    virtual ~Stream() = default;
    virtual asio::awaitable<bool> open() = 0;
    virtual asio::awaitable<std::size_t> read(char* into, std::size_t size) = 0;  // 0: the end
    virtual asio::awaitable<bool> write(const char* from, std::size_t size) = 0;
    virtual asio::awaitable<bool> finish() = 0;  // says that no more comes from us
    virtual Socket& socket() = 0;
};

std::unique_ptr<Stream> plain_stream(Socket socket);
std::unique_ptr<Stream> tls_stream(Socket socket, asio::ssl::context& context);  // the context outlives the stream
Result<asio::ssl::context> load_tls(const std::string& certificate, const std::string& key);

}  // namespace pingjing::http
