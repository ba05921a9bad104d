#pragma once

#include "bench/simulator/json_object.hpp"
#include "http/server/message/exchange.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace nekod::sim {

inline void answer_json(http::exchange& x, std::uint16_t status, std::string body) {
  x.respond(status, {{"Content-Type", "application/json"}}, std::move(body));
}

inline void answer_error(http::exchange& x, std::uint16_t status, std::string_view code,
                         std::string_view detail) {
  answer_json(x, status, error_json(code, detail));
}

inline void answer_not_found(http::exchange& x) {
  answer_error(x, 404, "not_found", "there is nothing at " + x.req().path);
}

} // namespace nekod::sim
