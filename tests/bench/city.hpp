// A store as a large city leaves it after some days: planted by SQL, a day at a time, always the same. 100 stations and 2000 officers; of eleven
// calls ten are asked about and one is not, three of ten answer, a few numbers call often, half of the records come a second time when they are
// closed. Texts and records are blobs of a usual size that nobody can open.
#pragma once
#include <string>

#include "daemon/store/sqlite.hpp"

namespace pingjing::bench {

constexpr const char* city_zone = "Asia/Shanghai";

// `days` of them, the last of them `last`, each with as many surveys; into an empty store of the newest schema. What a ledger line would say of them
// is not there: nobody verifies this store.
void plant_city(store::Connection& db, const std::string& last, int days, int surveys);

}  // namespace pingjing::bench
