#pragma once

#include <optional>
#include <string>
#include <string_view>

/// The content of compaction items: the id of a stored response, with a seal under the store's key,
/// so that only what nekod made for a tenant stands for something of that tenant's.
namespace nekod::http {

struct request_context;

/// The content that stands for the response with that id and all before it.
std::string sealed_compaction(const request_context& c, std::string_view id);

/// The id in *content*; nothing if it was not made here for the caller's tenant.
std::optional<std::string> unsealed_compaction(const request_context& c, std::string_view content);

} // namespace nekod::http
