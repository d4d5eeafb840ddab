// The files of templates/, compiled into the program so that a site copies one file. A site's own folder may replace any of them.
#pragma once
#include <string_view>
#include <optional>

namespace pingjing {

// `path` as under templates/, e.g. "language/zh.toml". nullopt: no such file was built in.
std::optional<std::string_view> built_in_template(std::string_view path);

}  // namespace pingjing
