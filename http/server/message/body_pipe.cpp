#include "http/server/message/body_pipe.hpp"

#include <algorithm>
#include <utility>

namespace nekod::http {

void body_pipe::push(std::string_view bytes) {
  if (bytes.empty())
    return;
  std::function<void()> more;
  {
    std::lock_guard guard{mutex_};
    held_.erase(0, std::exchange(read_, 0));
    held_.append(bytes);
    more = std::exchange(when_more_, nullptr);
  }
  if (more)
    more();
}

void body_pipe::end(ending how) {
  std::function<void()> more;
  {
    std::lock_guard guard{mutex_};
    how_ = how;
    more = std::exchange(when_more_, nullptr);
  }
  if (more)
    more();
}

bool body_pipe::full() const {
  std::lock_guard guard{mutex_};
  return held_.size() - read_ >= capacity;
}

void body_pipe::when_room(std::function<void()> f) {
  {
    std::lock_guard guard{mutex_};
    if (held_.size() - read_ >= capacity) {
      when_room_ = std::move(f);
      return;
    }
  }
  f();
}

body_pipe::piece body_pipe::read(char* to, std::size_t room,
                                 const std::function<void()>& when_more) {
  piece result;
  std::function<void()> freed;
  {
    std::lock_guard guard{mutex_};
    result.size = std::min(room, held_.size() - read_);
    std::copy_n(held_.data() + read_, result.size, to);
    read_ += result.size;
    if (result.size == 0) {
      result.how = how_;
      if (how_ == ending::none) {
        when_more_ = when_more;
        starving_since_ = std::chrono::steady_clock::now();
      }
    }
    // Not for every byte: the socket reads many at once.
    if (held_.size() - read_ <= capacity / 2)
      freed = std::exchange(when_room_, nullptr);
  }
  if (freed)
    freed();
  return result;
}

body_pipe::ending body_pipe::how() const {
  std::lock_guard guard{mutex_};
  return how_;
}

std::chrono::steady_clock::duration
body_pipe::starving(std::chrono::steady_clock::time_point now) const {
  std::lock_guard guard{mutex_};
  return when_more_ ? now - starving_since_ : std::chrono::steady_clock::duration::zero();
}

} // namespace nekod::http
