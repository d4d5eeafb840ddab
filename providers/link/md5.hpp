// What CMPP and SMGP prove a password with. Not for anything that has to be safe.
#pragma once
#include <string>
#include <string_view>

namespace pingjing::link {

std::string md5(std::string_view bytes);  // 16 octets

}  // namespace pingjing::link
