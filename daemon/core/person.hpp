// Who takes a step. "Two people" means two persons: not two spellings of a name, nor two tokens of one holder.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace pingjing {

struct Identity {
    std::int64_t token = 0;  // 0: he came without one
    std::string name{}, badge{};
};
// Of "3/张三", "control/张三", "control": as it stands beside a step. `badge`: of the token's holder, where it says one.
Identity identity_of(std::string_view who, std::string_view badge = "");
// One token is one person. Where both have a badge it decides, for two may share a name; else the name, however it is spelled.
bool same_person(const Identity& one, const Identity& other);

// NFKC, without case, without outer spaces, inner ones as one and none between Hanzi. Broken UTF-8 stays as it is.
std::string alike(std::string_view name);
std::string_view trimmed(std::string_view text);  // without outer spaces of any script, nor what cannot be seen

}  // namespace pingjing
