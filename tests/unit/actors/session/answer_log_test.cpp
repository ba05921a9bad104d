#include "actors/session/answer_log.hpp"
#include "tests/unit/support/log_reading.hpp"

#include <doctest/doctest.h>

#include <future>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace nekod;

deltas pieces(const std::vector<std::string>& all) {
  deltas result;
  for (const auto& piece : all)
    result.push_back(piece);
  return result;
}

/// Reads up to *limit* pieces a call, and joins them. Does not own the log, which owns it.
struct greedy_reader : answer_reader {
  greedy_reader(answer_log& log, answer_log::reader_id number) : answer(&log), id(number) {}

  void on_more() override {
    ++calls;
    auto room = limit;
    last = answer->read(id, [&](deltas::form, std::string_view piece) {
      if (room == 0)
        return false;
      --room;
      text += piece;
      return true;
    });
  }

  answer_log* answer;
  answer_log::reader_id id;
  std::size_t limit = 1000;
  std::size_t calls = 0;
  std::string text;
  answer_log::progress last;
};

struct fixture {
  fixture() {
    log->on_room([this](std::size_t bytes) { room += bytes; });
  }

  std::shared_ptr<greedy_reader> reader(answer_log::reader_id id,
                                        answer_log::flow flow = answer_log::flow::paced) {
    auto result = std::make_shared<greedy_reader>(*log, id);
    log->add_reader(id);
    log->attach(id, result, {}, flow);
    return result;
  }

  std::size_t room = 0;
  std::shared_ptr<answer_log> log =
      std::make_shared<answer_log>(answer_identity{"id", 7}, home_loop{}, 10);
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a reader is called as pieces arrive, and reads each once") {
  auto a = reader(1);
  CHECK(a->calls == 0);
  log->append(pieces({"one ", "two "}), 5);
  log->append(pieces({"three"}), 5);
  CHECK(a->calls == 2);
  CHECK(a->text == "one two three");
  CHECK(a->last.pieces == 3);
  CHECK(a->last.unread == 0);
}

TEST_CASE_FIXTURE(fixture, "a late reader reads from the beginning") {
  auto a = reader(1);
  log->append(pieces({"one ", "two "}), 5);
  auto b = reader(2);
  CHECK(b->text == "one two ");
  log->append(pieces({"three"}), 5);
  CHECK(a->text == b->text);
}

TEST_CASE_FIXTURE(fixture, "a reader that stops continues where it stopped") {
  auto a = reader(1);
  a->limit = 1;
  log->append(pieces({"one ", "two "}), 5);
  CHECK(a->last.waiting == 1);
  CHECK(a->last.unread == 4);
  a->on_more();
  CHECK(a->text == "one two ");
}

TEST_CASE_FIXTURE(fixture, "the slowest reader decides when the window has room") {
  auto a = reader(1);
  auto b = reader(2);
  log->append(pieces({"text"}), 10);
  test::pieces_left(*log, 1);
  CHECK(room == 0);
  test::pieces_left(*log, 2);
  CHECK(room == 10);
}

TEST_CASE_FIXTURE(fixture, "text that was read but has not left uses the window") {
  auto a = reader(1);
  log->append(pieces({"text"}), 10);
  CHECK(a->last.unread == 0);
  CHECK(a->last.room == 10);
  CHECK(room == 0);
}

TEST_CASE_FIXTURE(fixture, "room is reported in steps, and none of it is lost") {
  auto a = reader(1);
  for (int i = 0; i < 7; ++i) {
    log->append(pieces({"text"}), 4);
    test::pieces_left(*log, 1);
  }
  CHECK(room == 24);
}

TEST_CASE_FIXTURE(fixture, "a reader that has left holds nothing up") {
  auto a = reader(1);
  auto b = reader(2);
  log->append(pieces({"text"}), 10);
  test::pieces_left(*log, 1);
  log->remove_reader(2);
  CHECK(room == 10);
  log->append(pieces({"more"}), 10);
  CHECK(b->text == "text");
  log->remove_reader(1);
  CHECK(room == 20);
  log->append(pieces({"for nobody"}), 10);
  CHECK(room == 30);
}

TEST_CASE_FIXTURE(fixture,
                  "a reader holds the window before it is attached, a collecting one never does") {
  log->add_reader(1);
  log->append(pieces({"text"}), 10);
  CHECK(room == 0);
  auto a = std::make_shared<greedy_reader>(*log, 1);
  a->limit = 0;
  log->attach(1, a, {}, answer_log::flow::unpaced);
  CHECK(room == 10);
  log->append(pieces({"more"}), 10);
  CHECK(room == 20);
  CHECK(log->progress_of(1).unread == 8);
  CHECK(log->pieces().text == "textmore");
}

TEST_CASE_FIXTURE(fixture,
                  "a long answer drops what all readers have read, and cannot be replayed") {
  auto a = reader(1);
  auto b = reader(2);
  b->limit = 0;
  const std::string piece(max_rereadable_bytes / 4, 'x');
  for (int i = 0; i < 5; ++i)
    log->append(pieces({piece}), 0);
  CHECK_FALSE(log->repeatable());
  CHECK(log->pieces().text.size() == 5 * piece.size());
  b->limit = 4;
  b->on_more();
  CHECK(log->pieces().text.size() == piece.size());
  CHECK(log->size() == 5 * piece.size());
  b->on_more();
  CHECK(b->text.size() == 5 * piece.size());
  CHECK(b->text == a->text);
}

TEST_CASE_FIXTURE(fixture, "an answer just below that length can be replayed") {
  log->append(pieces({std::string(max_rereadable_bytes - 1, 'x')}), 0);
  CHECK(log->repeatable());
  log->append(pieces({"x"}), 0);
  CHECK_FALSE(log->repeatable());
}

TEST_CASE_FIXTURE(fixture, "all readers see the same identity and the same upstream") {
  log->answered_by("other", "model");
  CHECK(log->identity().id == "id");
  CHECK(log->identity().created == 7);
  CHECK(log->answerer() == std::pair<std::string, std::string>{"other", "model"});
}

TEST_CASE("a reader on another loop is woken there, once until it runs, and reads everything") {
  event_loops loops{2};
  auto log = std::make_shared<answer_log>(answer_identity{}, home_loop{loops, 0}, 1);
  auto reader = std::make_shared<greedy_reader>(*log, 1);
  std::size_t room = 0;
  loops.run();
  std::promise<void> appended;
  home_loop{loops, 0}.run([&] {
    log->on_room([&](std::size_t bytes) { room += bytes; });
    log->add_reader(1);
    log->attach(1, reader, home_loop{loops, 1}, answer_log::flow::paced);
    appended.set_value();
  });
  appended.get_future().wait();
  // Its loop is held up while pieces come.
  std::promise<void> held;
  std::promise<void> let_go;
  home_loop{loops, 1}.run([&] {
    held.set_value();
    let_go.get_future().wait();
  });
  held.get_future().wait();
  std::promise<void> written;
  home_loop{loops, 0}.run([&] {
    for (int i = 0; i < 100; ++i)
      log->append(pieces({"x"}), 1);
    written.set_value();
  });
  written.get_future().wait();
  let_go.set_value();
  std::promise<void> done;
  home_loop{loops, 1}.run([&] {
    test::pieces_left(*log, 1);
    home_loop{loops, 0}.run([&] { done.set_value(); });
  });
  done.get_future().wait();
  loops.stop();
  CHECK(reader->calls == 1);
  CHECK(reader->text == std::string(100, 'x'));
  CHECK(room == 100);
}
