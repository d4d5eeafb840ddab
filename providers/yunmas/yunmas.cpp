#include "providers/yunmas/yunmas.hpp"

#include "providers/http/http.hpp"

namespace pingjing::yunmas {
namespace {

constexpr std::string_view own_keys[] = {"ec_name", "ap_id", "sign_code"};

}  // namespace

const generic_http::Scheme scheme{"yunmas", own_keys, nullptr};

provider::Make read(config::Section& section, provider::ChannelFacts facts) { return generic_http::read_with(scheme, section, facts); }

}  // namespace pingjing::yunmas
