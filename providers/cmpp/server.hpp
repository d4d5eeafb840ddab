// The gateway's end of CMPP 2.0 and 3.0, for `pingjing simulate`. Pure.
#pragma once
#include "providers/cmpp/pdu.hpp"
#include "providers/link/server.hpp"

namespace pingjing::cmpp {

link::ServerProtocol server(Version version);

}  // namespace pingjing::cmpp
