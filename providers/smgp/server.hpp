// The gateway's end of SMGP 3.0, for `pingjing simulate`. Pure.
#pragma once
#include "providers/link/server.hpp"

namespace pingjing::smgp {

link::ServerProtocol server();

}  // namespace pingjing::smgp
