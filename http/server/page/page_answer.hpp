#pragma once

#include "http/server/message/exchange.hpp"
#include "http/server/page/page_files.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// Which file of the page answers a request, and with which header fields. Pure.
namespace nekod::http {

/// Where the files of the page are; what follows is the version, a slash and the name.
inline constexpr std::string_view page_path = "/page/";

/// An answer to be sent; without a body if its status is 304.
struct page_answer {
  std::uint16_t status = 200;
  fields headers;
  std::string_view body;
};

/// The file at *place*, which is the part of the path after `page_path`; null if there is none: a
/// file of another version, too, since browsers would keep it as one of that version.
const page_file* find_page_file(std::string_view place);

/// The file of that name; null if there is none.
const page_file* page_file_named(std::string_view name);

/// The answer to *r* with *file*, which may be kept for ever; `index.html`, which names the others,
/// must be asked for again each time.
/// @param secure Whether the client reached us over TLS.
page_answer answer_with(const page_file& file, const request& r, bool secure);

} // namespace nekod::http
