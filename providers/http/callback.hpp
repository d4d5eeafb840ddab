// A vendor's callback in, receipts and replies out. Pure.
#pragma once
#include "providers/http/settings.hpp"

namespace pingjing::generic_http {

// An error: nothing in it is what the mapping expects. Nothing taken and nothing left but on purpose: understood, and of no concern (a ping).
Result<provider::CallbackRead> read_callback(const Settings& settings, const provider::Callback& callback);
// HMAC-SHA256 over the raw body and the timestamp header, lower-case hex. True where no signing key was given.
bool is_signed(const Settings& settings, const provider::Callback& callback);
std::string header(const provider::Callback& callback, std::string_view name);  // names are compared without case; empty: it has none

}  // namespace pingjing::generic_http
