#include "http/server/message/inbox.hpp"

#include <utility>

namespace nekod::http {

void inbox::take(std::string_view bytes) {
  if (broken())
    return;
  if ((!busy_ || reader_.streaming()) && held_.empty())
    bytes.remove_prefix(reader_.take(bytes));
  if (bytes.empty())
    return;
  held_.append(bytes);
  counted_.force(held_.capacity());
}

bool inbox::ready() {
  if (busy_)
    return false;
  if (!reader_.whole() && !held_.empty())
    read_held();
  return reader_.whole();
}

void inbox::read_held() {
  held_.erase(0, reader_.take(held_));
  if (held_.empty())
    drop_held();
}

request inbox::release() {
  busy_ = true;
  auto result = reader_.release();
  last_ = is_last(result);
  if (reader_.streaming())
    held_.erase(0, reader_.take(held_));
  if (broken() || held_.empty())
    drop_held();
  return result;
}

void inbox::drop_held() {
  held_ = std::string{};
  counted_.force(0);
}

void inbox::when_room(std::function<void()> f) {
  if (reader_.stream_is_full())
    reader_.when_room(std::move(f));
}

void inbox::answered() {
  if (reader_.streaming())
    reader_.forsake(); // Its answer closes the connection.
  if (broken())
    return;
  busy_ = false;
  used_ = true;
  if ((!held_.empty() || reader_.whole() || over()) && wake)
    wake();
}

void inbox::leave() {
  leaving_ = true;
  if (over() && wake)
    wake();
}

bool inbox::end() {
  ended_ = true;
  if (reader_.streaming())
    return false;
  if (busy_ && !reader_.whole() && !held_.empty())
    read_held();
  return (busy_ && last_) || (reader_.whole() && held_.empty() && reader_.is_last());
}

void inbox::give_way() {
  gives_way_ = true;
  if (over() && wake)
    wake();
}

bool inbox::over() const noexcept {
  if (busy_ || reader_.whole())
    return false;
  if (ended_ || (gives_way_ && !used_ && !reader_.has_head()))
    return true;
  return leaving_ && used_ && held_.empty() && reader_.untouched();
}

} // namespace nekod::http
