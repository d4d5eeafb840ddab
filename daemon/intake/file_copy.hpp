// Copies of delivered files, which may have hundreds of MiB: made piece by piece on a thread of their own, so that the loop turns meanwhile
// and nobody who is told to stop waits for a disk.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <filesystem>

#include "daemon/async/aside.hpp"
#include "daemon/core/result.hpp"
#include "daemon/intake/held_file.hpp"

namespace pingjing::intake {

class FileCopies {
public:
    // All of it as it is now, into a new file there, with its rights. unavailable: not possible; nothing is left. Nothing is left either
    // when whoever waits is told to stop.
    asio::awaitable<Result<void>> copy(const HeldFile& from, std::filesystem::path to);

private:
    Aside aside_{"copies"};
};

}  // namespace pingjing::intake
