// Files in folders that others read too: whole, or not there. What fails at them throws std::system_error, which names the file.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace pingjing {

// nullopt: it is not there, no plain file (a link is none), larger than that many bytes, or cannot be read.
std::optional<std::string> read_plain_file(const std::filesystem::path& path, std::uintmax_t largest);

// On the disk when it returns, with `mode` as the umask lets it be. In the place of whatever stood there, which is ours from before or no
// file at all.
void write_new_file(const std::filesystem::path& path, std::string_view bytes, unsigned mode = 0640);
void sync_folder(const std::filesystem::path& path);
// With the folder that it comes into on the disk.
void put_in_place(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace pingjing
