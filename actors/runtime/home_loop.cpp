#include "actors/runtime/home_loop.hpp"

#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include <utility>

namespace nekod {

void home_loop::run(std::function<void()> f) const {
  if (is_here())
    f();
  else
    asio::post((*loops_)[index_], std::move(f));
}

} // namespace nekod
