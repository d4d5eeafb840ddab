// The JSON of a callback, item by item: one that is broken keeps none of the others from being read. Pure.
#pragma once
#include <boost/json/value.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/result.hpp"

namespace pingjing::generic_http {

class Document {
public:
    struct Element {
        std::string place{};                      // "/items/2"; "": the document
        std::size_t number = 0;                   // counted from 1; 0: the document
        const boost::json::value* json = nullptr;  // null: it is none
        std::string_view raw{};                   // where it is none, as it was written
        std::string problem{};                    // why
    };

    // nullopt: no JSON. `lists`: pointers to those lists whose elements may be broken one by one. An error: it is JSON that two readers
    // could understand differently, beyond such an element.
    static Result<std::optional<Document>> read(std::string_view text, const std::vector<std::string>& lists);

    // Without the elements of its lists, where one was broken.
    const boost::json::value& whole() const { return *whole_; }
    // The elements of the list at `pointer`. Without a pointer: the document, or where it is a list its elements. An error: there is no list.
    Result<std::vector<Element>> elements(const std::string& pointer) const;

private:
    struct Piece { std::string_view raw{}; std::unique_ptr<boost::json::value> json{}; std::string problem{}; };
    struct List { std::string pointer{}; std::vector<Piece> pieces{}; };
    bool take_apart(const std::vector<std::string>& lists);

    std::unique_ptr<std::string> text_{};
    std::unique_ptr<boost::json::value> whole_{};
    std::vector<List> lists_{};  // those that were read piece by piece
};

}  // namespace pingjing::generic_http
