#include "providers/ctyun/ctyun.hpp"

#include <algorithm>

#include "daemon/core/signed_note.hpp"
#include "daemon/core/tree.hpp"
#include "daemon/http/client.hpp"
#include "providers/http/http.hpp"
#include "providers/signing/signing.hpp"

namespace pingjing::ctyun {
namespace {

using signing::Hash;

constexpr std::string_view own_keys[] = {"access_key"};
constexpr std::string_view own_secrets[] = {"secret_key"};
constexpr std::string_view zones[] = {"+08:00", "Z"};
constexpr generic_http::Default other_keys[] = {{"eop_zone", "+08:00", zones}};

std::string compact(Instant t) {
    auto written = format_utc(std::chrono::floor<std::chrono::seconds>(t));
    std::erase_if(written, [](char c) { return c == '-' || c == ':'; });
    return written;
}

// As a UUID looks.
std::string request_id(std::string_view nonce) {
    auto hex = to_hex(signing::digest(Hash::sha256, nonce)).substr(0, 32);
    for (std::size_t at : {20, 16, 12, 8}) hex.insert(at, "-");
    return hex;
}

}  // namespace

const generic_http::Scheme scheme{"ctyun", own_keys, nullptr, own_secrets, other_keys, sign, {}};

std::string authorization(const Keys& keys, std::string_view request_id, std::string_view date, std::string_view query, std::string_view body) {
    auto text = "ctyun-eop-request-id:" + std::string(request_id) + "\neop-date:" + std::string(date) + "\n\n" + signing::sorted_query(query) + "\n" +
                to_hex(signing::digest(Hash::sha256, body));
    auto key = signing::hmac(Hash::sha256, keys.secret, date);
    key = signing::hmac(Hash::sha256, key, keys.access);
    key = signing::hmac(Hash::sha256, key, date.substr(0, 8));
    return std::string(keys.access) + " Headers=ctyun-eop-request-id;eop-date Signature=" + to_base64(signing::hmac(Hash::sha256, key, text));
}

void sign(const generic_http::Settings& settings, http::FetchRequest& request, const generic_http::Signing& signing) {
    const auto ahead = settings.values.at("eop_zone") == "Z" ? 0h : 8h;
    const auto date = compact(signing.now + ahead), id = request_id(signing.nonce);
    const Keys keys{settings.values.at("access_key"), settings.secrets.at("secret_key")};
    request.headers.push_back("ctyun-eop-request-id: " + id);
    request.headers.push_back("eop-date: " + date);
    request.headers.push_back("Eop-Authorization: " + authorization(keys, id, date, signing::address_of(request.url).query, request.body));
}

provider::Make read(config::Section& section, provider::ChannelFacts facts) { return generic_http::read_with(scheme, section, facts); }

}  // namespace pingjing::ctyun
