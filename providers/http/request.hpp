// Submission in, HTTP request out. Pure. Each slot is escaped by what it is: URL, form, JSON text, header.
#pragma once
#include "daemon/http/client.hpp"
#include "providers/http/settings.hpp"

namespace pingjing::generic_http {

// An error: what cannot be said to this vendor (an empty text, a character its charset lacks, a text that it has not approved). `nonce`: never
// the same twice, for those who sign.
Result<http::FetchRequest> build_request(const Settings& settings, const provider::Submission& submission, Instant now, const std::string& nonce = {});

// One text to nobody in particular as it would leave, for people: a line each for the request, its headers, its body. Secrets are masked.
std::string without_secret(std::string hook_url);
std::vector<std::string> sample_request(const Settings& settings, Instant now);

std::string percent_encode(std::string_view bytes);  // RFC 3986 unreserved characters stay
// '+' is a space; a broken escape stands for itself. What comes out are bytes, in whatever charset the peer has.
std::vector<std::pair<std::string, std::string>> decode_parameters(std::string_view query);

}  // namespace pingjing::generic_http
