// A port of 127.0.0.1 on which nobody listens.
#pragma once
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>

namespace pingjing::test {

// Below those that the kernel gives to whoever calls out (32768 and up): among them any call of another test could take it before it is
// listened on, and keep it.
inline int free_port(boost::asio::io_context& io) {
    namespace ip = boost::asio::ip;
    constexpr std::uint32_t first = 15000, count = 17000;
    static std::uint32_t next = static_cast<std::uint32_t>(::getpid()) * 7919;
    for (;;) {
        auto port = static_cast<std::uint16_t>(first + next++ % count);
        boost::system::error_code taken;
        ip::tcp::acceptor door(io, ip::tcp::v4());
        door.bind({ip::make_address("127.0.0.1"), port}, taken);
        if (!taken) return port;
    }
}

}  // namespace pingjing::test
