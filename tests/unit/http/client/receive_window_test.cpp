#include "http/client/receive_window.hpp"

#include <doctest/doctest.h>

using nekod::http::receive_window;

TEST_CASE("a window pauses when it is used up, and room resumes it") {
  receive_window w{10};
  w.use(9);
  CHECK_FALSE(w.pause_if_full());
  w.use(4); // What came at once is taken as a whole.
  CHECK(w.room() == -3);
  CHECK(w.pause_if_full());
  CHECK(w.is_paused());
  CHECK_FALSE(w.grant(3)); // Not enough.
  CHECK(w.grant(1));
  w.resume();
  CHECK_FALSE(w.is_paused());
  CHECK_FALSE(w.grant(1)); // Nothing waits for it.
}

TEST_CASE("room that was taken back has to be granted again") {
  receive_window w{10};
  w.grant(5);
  w.take_back(15);
  CHECK(w.pause_if_full());
  CHECK(w.grant(1));
}
