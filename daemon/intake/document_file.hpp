// A file of calls, read piece by piece in constant memory: each piece is a document of its own. The charset is decided once, by the first piece
// with a character beyond ASCII. One JSON document (an array, or an object over several lines) is one piece, and has a limit.
#pragma once
#include <cstdint>
#include <deque>
#include <filesystem>
#include <optional>
#include <string_view>
#include <string>

#include "daemon/core/result.hpp"
#include "daemon/intake/csv.hpp"
#include "daemon/intake/record.hpp"

namespace pingjing::intake {

struct FileForm {
    std::optional<bool> lines{};    // NDJSON, or CSV; else its beginning says: '{' NDJSON or an object over several lines, '[' an array
    std::string encoding = "auto";  // auto | utf-8 | gb18030
    std::string mapping{};          // a name, or empty: by the head row
    bool follow_links = true;       // false: whoever may put a file here may not make us read another one
};

inline constexpr std::size_t max_json_bytes = 64u << 20;  // of one JSON document; JSON lines have no limit

class DocumentFile {
public:
    // invalid_input: we may not read it, it is no file, or a link that must not be followed. unavailable: not just now.
    static Result<DocumentFile> open(const std::filesystem::path& path, FileForm form);
    DocumentFile(DocumentFile&& other) noexcept;
    ~DocumentFile();

    // nullopt: that was all. unavailable: it broke off. invalid_input: a JSON document beyond its limit.
    Result<std::optional<Piece>> next();
    // How a piece is read; valid as long as the piece and this file.
    Document document(const Piece& piece) const;
    std::int64_t bytes_read() const { return read_; }

private:
    void learn_form(std::string_view beginning);
    Result<void> take_whole(std::string_view bytes);
    DocumentFile(int fd, std::string name, FileForm form);
    int fd_;
    std::string name_;
    FileForm form_;
    Splitter splitter_ = CsvSplitter();  // until the form is known
    std::optional<std::string> whole_{};  // so far, of one JSON document
    std::deque<Piece> pieces_;
    std::int64_t read_ = 0;
    bool ended_ = false;
};

}  // namespace pingjing::intake
