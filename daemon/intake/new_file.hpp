// A file that we write where others may write too: a new one under its name, never what stood there before. A link of that name would
// make us write over another file, and a pipe would stop us until somebody reads it.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "daemon/core/result.hpp"

namespace pingjing::intake {

class NewFile {
public:
    // What stands under this name is removed, unless it is a folder. unavailable: it stands there still, or we may not write here.
    static Result<NewFile> open(const std::filesystem::path& path);
    NewFile(NewFile&& other) noexcept;
    ~NewFile();

    void write(std::string_view bytes);
    // False: not all of it could be written. Nothing may be written afterwards.
    [[nodiscard]] bool close();

private:
    explicit NewFile(int fd) : fd_(fd) {}
    void flush();
    int fd_;
    bool good_ = true;
    std::string waiting_{};  // not written yet
};

}  // namespace pingjing::intake
