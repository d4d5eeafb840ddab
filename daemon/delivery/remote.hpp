// A version to another machine: by SFTP, by PUT, or by WebDAV. Waits; for a thread of its own.
#pragma once
#include <atomic>

#include "daemon/config/settings.hpp"
#include "daemon/delivery/parcel.hpp"

namespace pingjing::delivery {

// Sends what is missing there; whatever it finds there with the same bytes stays. conflict: another version of that name is finished there.
// unavailable: try again; the text holds no secret. Returns how many bytes were sent.
Result<std::int64_t> send(const config::Delivery& to, const Parcel& parcel, const std::atomic<bool>& stop);

}  // namespace pingjing::delivery
