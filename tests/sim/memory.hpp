// Memory for SQLite from lists of pieces that were used before: a story asks for half a million, and one thread needs no locks.
#pragma once

namespace pingjing::sim {

// Before SQLite is first used, and only where one thread uses it: it goes without its locks, too.
void give_sqlite_quick_memory();

}  // namespace pingjing::sim
