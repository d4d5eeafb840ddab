// GET /console/events: server-sent events that say that something changed and nothing of what, so that a page asks again by its own rights.
// `alarm`: an emergency came or was taken; `change`: any other fact was committed.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "daemon/core/clock.hpp"
#include "daemon/http/router.hpp"
#include "daemon/store/read_thread.hpp"

namespace pingjing::console {
namespace asio = boost::asio;

// What stands in the store, as two numbers that grow. Looks at people's data are facts too, but a page that asks again because somebody
// looked would never rest.
struct Marks {
    std::int64_t fact = 0, alarm = 0;
    bool operator==(const Marks&) const = default;
};
Marks read_marks(store::Connection& db);

class Events {
public:
    explicit Events(store::Reader read) : read_(std::move(read)) {}  // what it reads through outlives it

    asio::awaitable<void> run();  // looks once a second while somebody listens
    void end() { ended_ = true; }  // every stream ends within a moment
    void add_route(http::Router& router, const std::function<http::Handler(http::Handler)>& signed_in);

    std::size_t listeners() const { return *listeners_; }

private:
    struct Listener;
    http::Response listen();

    store::Reader read_;
    Marks marks_{};
    bool ended_ = false;
    std::shared_ptr<std::size_t> listeners_ = std::make_shared<std::size_t>(0);
};

}  // namespace pingjing::console
