// One connection: request after request, each from its head to its answer, until one side has had enough.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "daemon/http/head.hpp"
#include "daemon/http/router.hpp"
#include "daemon/http/server.hpp"
#include "daemon/http/streams.hpp"

namespace pingjing::http {

class Connection;
class Share;

// What the connections of one server have in common; it outlives them.
struct Shared {
    Shared(ServerSettings s, Router r) : settings(std::move(s)), router(std::move(r)) {}
    ServerSettings settings;
    Router router;
    std::size_t body_bytes = 0;  // in memory, of all of them
    bool ending = false;         // what runs is finished, nothing new begins
    std::set<Connection*> present{};
    std::map<std::uint64_t, Connection*> waiting{};  // for the rest of a request, or for the next one; who waits longest stands first
    std::uint64_t waits = 0;
    bool dismiss_longest_waiter();  // false: nobody waits
};

class Connection {
public:
    Connection(Shared& shared, std::unique_ptr<Stream> stream, bool loopback);
    ~Connection();
    Connection(const Connection&) = delete;

    asio::awaitable<void> serve();
    void hurry();    // if it waits for a next request, it finds the end instead
    void dismiss();  // whatever it waits for, it finds the end behind what has come

private:
    void begin_to_wait();
    void end_waiting();
    asio::awaitable<bool> serve_one();
    asio::awaitable<bool> read_more();
    asio::awaitable<tl::expected<std::string, Refusal>> receive_head();
    asio::awaitable<tl::expected<std::string, Refusal>> receive_body(const Head& head, std::string head_bytes, Share& share);
    asio::awaitable<bool> refuse(Refusal refusal);
    asio::awaitable<bool> answer(Response response, bool close, bool head_only);
    asio::awaitable<bool> answer_in_pieces(Response response);
    asio::awaitable<bool> write(std::string bytes);
    asio::awaitable<void> part(bool more_may_come);
    asio::awaitable<bool> drain();

    Shared& shared_;
    const ServerSettings& settings_;
    std::unique_ptr<Stream> stream_;
    bool loopback_;
    std::size_t piece_;       // how much the next read may bring
    bool busy_ = false;       // between the first byte of a request and the last of its answer
    std::uint64_t wait_ = 0;  // its key in `waiting`; 0: not there
    std::string received_{};  // read, but not yet used
};

std::string build_head(const Response& response, bool close);

}  // namespace pingjing::http
