// Into a folder, of another machine's perhaps: a version is there as a whole or not at all.
#pragma once
#include <filesystem>
#include <functional>

#include "daemon/delivery/parcel.hpp"

namespace pingjing::delivery {

// What is there with the same bytes stays, finished or not. `before_step` is called before each thing done to the disk: a test kills us there.
// conflict: another version of that name is finished there; not_found: the folder is not there (a disk that is not mounted). Throws
// std::system_error. Returns how many files were written.
Result<int> put_into_folder(const std::filesystem::path& folder, const Parcel& parcel, const std::function<void()>& before_step = {});

}  // namespace pingjing::delivery
