// The message centre's end of SMPP 3.4, for `pingjing simulate`. Pure.
#pragma once
#include "providers/link/server.hpp"

namespace pingjing::smpp {

link::ServerProtocol server();

}  // namespace pingjing::smpp
