#pragma once

#include "http/server/api/answer/answer_writer.hpp"

#include <cstdint>
#include <memory>

namespace nekod::http {

/// A writer of the same stream as *writer*, without its first events, for a client that has them.
/// @param events How many; comments, heartbeats and `[DONE]` do not count.
std::unique_ptr<answer_writer> make_resumed_writer(std::unique_ptr<answer_writer> writer,
                                                   std::uint64_t events);

} // namespace nekod::http
