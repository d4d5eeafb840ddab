// A file of calls, read piece by piece in constant memory: each piece is a document of its own. The charset is decided once, where
// the first octet beyond ASCII stands: until then there is nothing to decide. JSON that is not an object a line cannot be cut, so it
// is one document, and as long as one that is posted.
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
    enum class Written { csv, lines, json };
    std::optional<Written> written{};      // else its beginning says
    std::size_t longest_json = 16u << 20;  // bytes of an array, or of an object over several lines
    std::string encoding = "auto";  // auto | utf-8 | gb18030
    std::string mapping{};          // a name, or empty: by the head row
    bool follow_links = true;       // false: whoever may put a file here may not make us read another one
};

class DocumentFile {
public:
    // invalid_input: we may not read it, it is no file, or a link that must not be followed. unavailable: not just now.
    static Result<DocumentFile> open(const std::filesystem::path& path, FileForm form);
    DocumentFile(DocumentFile&& other) noexcept;
    ~DocumentFile();

    // nullopt: that was all. unavailable: it broke off. invalid_input: longer than JSON may be.
    Result<std::optional<Piece>> next();
    // How a piece is read; valid as long as the piece and this file.
    Document document(const Piece& piece) const;
    std::int64_t bytes_read() const { return read_; }

private:
    void learn_form(std::string_view beginning);
    Result<void> learn_charset(std::string& bytes);
    Result<void> read_more(std::string& bytes);
    Result<void> take(std::string bytes);
    DocumentFile(int fd, std::string name, FileForm form);
    int fd_;
    std::string name_;
    FileForm form_;
    Splitter splitter_ = CsvSplitter();  // until the form is known
    std::deque<Piece> pieces_;
    std::string json_;  // the whole of it, as far as it was read
    std::int64_t read_ = 0;
    bool ended_ = false;
};

}  // namespace pingjing::intake
