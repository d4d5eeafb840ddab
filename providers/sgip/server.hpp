// The gateway's end of SGIP 1.2, for `pingjing simulate`. Pure.
#pragma once
#include "providers/link/server.hpp"

namespace pingjing::sgip {

link::ServerProtocol server();

}  // namespace pingjing::sgip
