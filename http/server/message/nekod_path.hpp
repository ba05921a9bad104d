#pragma once

#include "http/server/message/exchange.hpp"

#include <cstddef>
#include <string>
#include <string_view>

/// The nekods that a request came through: each adds its instance's id to `X-Nekod-Via`, so that a
/// nekod whose upstream leads back to it notices at once. Ids are separated by commas, the first
/// nekod first.
namespace nekod::http {

/// The most nekods that a request may come through.
inline constexpr std::size_t most_nekods = 16;

/// The ids in all `X-Nekod-Via` fields of *r*, in one list; empty for none.
std::string nekods_before(const request& r);

/// Whether a request with that list has been at the nekod with that id before, or has come through
/// more nekods than any sensible chain has.
bool leads_back(std::string_view list, std::string_view instance);

} // namespace nekod::http
