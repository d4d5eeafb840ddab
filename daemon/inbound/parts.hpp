// Pieces of a citizen's long text: what is kept of each, and the text they make together. Pure.
#pragma once
#include <optional>
#include <string>

#include "daemon/store/inbox.hpp"
#include "daemon/store/parts.hpp"
#include "providers/provider.hpp"

namespace pingjing::inbound {

store::NewPart as_part(const provider::InboundText& text);
// Octets are joined before they are read, where all pieces have one charset: bad senders cut characters. A missing piece leaves a
// mark, so that nobody takes the rest for the whole. nullopt: there is nothing to read.
std::optional<store::NewText> join(const store::JoinedParts& parts);

}  // namespace pingjing::inbound
