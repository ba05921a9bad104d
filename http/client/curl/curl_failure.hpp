#pragma once

#include "actors/upstream/transport.hpp"

#include <curl/curl.h>

namespace nekod::http {

/// The meaning of libcurl's result of a transfer.
/// @param connected Whether the connection stood, its TLS included: tells a connection that took
/// too long from an answer that did.
transfer_failure failure_of(CURLcode code, bool connected) noexcept;

} // namespace nekod::http
