#include "http/server/inbox.hpp"

#include <utility>

namespace nekod::http {

void inbox::take(std::string_view bytes) {
  if (broken())
    return;
  if (!busy_ && held_.empty())
    bytes.remove_prefix(reader_.take(bytes));
  if (bytes.empty())
    return;
  held_.append(bytes);
  counted_.force(held_.capacity());
}

bool inbox::ready() {
  if (busy_)
    return false;
  if (!reader_.whole() && !held_.empty()) {
    held_.erase(0, reader_.take(held_));
    if (held_.empty())
      drop_held();
  }
  return reader_.whole();
}

request inbox::release() {
  busy_ = true;
  auto result = reader_.release();
  if (broken())
    drop_held();
  return result;
}

void inbox::drop_held() {
  held_ = std::string{};
  counted_.force(0);
}

void inbox::answered() {
  if (broken())
    return;
  busy_ = false;
  used_ = true;
  if ((!held_.empty() || over()) && wake)
    wake();
}

void inbox::leave() {
  leaving_ = true;
  if (over() && wake)
    wake();
}

bool inbox::over() const noexcept {
  return leaving_ && used_ && !busy_ && held_.empty() && reader_.untouched();
}

} // namespace nekod::http
