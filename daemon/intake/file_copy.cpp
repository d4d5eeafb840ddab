#include "daemon/intake/file_copy.hpp"

#include <fmt/format.h>

#include <boost/system/system_error.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "daemon/intake/new_file.hpp"

namespace pingjing::intake {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t piece_bytes = 1024 * 1024;

// One that may be left behind in the middle of a piece: it owns both files.
struct Copy {
    HeldFile from;
    NewFile to;
    std::int64_t at = 0;
    bool ended = false, good = true;

    void next_piece() {
        std::string piece(piece_bytes, '\0');
        auto count = from.read(at, piece);
        if (count) to.write(std::string_view(piece).substr(0, *count)), at += static_cast<std::int64_t>(*count);
        if (count && *count > 0) return;
        ended = true;
        good = to.close() && count.has_value();
    }
};

void take_away(const fs::path& path) {
    std::error_code ignored;
    fs::remove(path, ignored);
}

}  // namespace

asio::awaitable<Result<void>> FileCopies::copy(const HeldFile& from, fs::path to) {
    auto cannot = [&to] { return fail(Error::Kind::unavailable, fmt::format("cannot copy it to {}", to.filename().string())); };
    auto source = from.again();
    auto rights = from.rights();
    auto target = NewFile::open(to);
    if (!target) co_return tl::unexpected(target.error());
    if (!source) {
        take_away(to);
        co_return cannot();
    }
    auto copy = std::make_shared<Copy>(Copy{std::move(*source), std::move(*target)});
    std::function<void()> next = [copy] { copy->next_piece(); };
    std::optional<boost::system::system_error> stopped;
    try {
        while (!copy->ended) {
            auto piece = aside_.run(next);
            co_await std::move(piece);
        }
    } catch (const boost::system::system_error& error) {
        stopped = error;
    }
    if (stopped || !copy->good) take_away(to);
    if (stopped) throw *stopped;
    if (!copy->good) co_return cannot();
    std::error_code ignored;
    if (rights) fs::permissions(to, *rights, ignored);
    co_return Result<void>();
}

}  // namespace pingjing::intake
