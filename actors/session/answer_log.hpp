#pragma once

#include "actors/runtime/home_loop.hpp"
#include "protocol/chat/deltas.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nekod {

/// Bytes of an answer up to which it can be read again from its beginning.
inline constexpr std::size_t max_rereadable_bytes = 1u << 20;

/// The id and the time of an answer, the same for all of its readers.
struct answer_identity {
  /// Random characters, to which each API adds a prefix of its own.
  std::string id;
  /// Seconds since the epoch.
  std::int64_t created = 0;
};

/// A reader of a log. It is called when there are new pieces.
class answer_reader {
public:
  virtual ~answer_reader() = default;

  /// There are pieces to read. Called on the reader's loop, while the log is not locked; the log
  /// may be read, and the reader may leave it.
  virtual void on_more() = 0;
};

/// The one copy of a running answer: pieces in their order, written where they arrive and read by
/// any number of readers, each at its own pace.
///
/// The writer is called on the log's loop, each reader on its own. A reader on the log's loop is
/// called when pieces are appended; one on another loop is woken, once until it has run. Pieces
/// take up the window of the transfer that brought them until the slowest reader is done with them.
/// A reader that collects the answer holds nothing up. An answer shorter than
/// `max_rereadable_bytes` can be read from its beginning; of a longer one, pieces that all have
/// read are forgotten, unless the log is to keep them.
class answer_log : public std::enable_shared_from_this<answer_log> {
public:
  /// Names a reader, uniquely within the log.
  using reader_id = std::uint64_t;

  enum class flow : std::uint8_t {
    /// The transfer waits for it.
    paced,
    /// The transfer does not: it reads all of the answer at its end, or all pieces are kept.
    unpaced,
  };

  /// @param credit_step Bytes of the window that have to be free before the writer hears of it.
  answer_log(answer_identity identity, home_loop home, std::size_t credit_step);
  answer_log(const answer_log&) = delete;
  answer_log& operator=(const answer_log&) = delete;

  const answer_identity& identity() const noexcept { return identity_; }

  // -- the writer --------------------------------------------------------------------------------

  /// Sets *f*, which is called on the log's loop with the free bytes of the window. Set it to null
  /// when writing ends.
  void on_room(std::function<void(std::size_t)> f) { on_room_ = std::move(f); }

  /// Appends pieces, which took *bytes* of the window.
  void append(deltas pieces, std::size_t bytes);

  /// Another upstream than the turn's own answers, with that model. To be called before the first
  /// piece is appended.
  void answered_by(std::string upstream, std::string model);

  /// Keeps all pieces from now on, however long the answer is. To be called before the first one.
  void keep();

  /// Adds a reader, at the answer's beginning. It holds the transfer up from now on.
  /// @pre `repeatable()`, or nothing was appended yet.
  void add_reader(reader_id id);

  /// Forgets a reader, which must be on the same loop or have ended.
  void remove_reader(reader_id id);

  // -- both --------------------------------------------------------------------------------------

  /// Whether it can be read from its beginning.
  bool repeatable() const;

  /// Bytes of all pieces so far.
  std::size_t size() const;

  /// All pieces. If the answer is not repeatable, its beginning is missing.
  deltas pieces() const;

  /// The upstream and the model that answer, if another upstream than the turn's own does; else
  /// empty.
  std::pair<std::string, std::string> answerer() const;

  // -- a reader, on its own loop -----------------------------------------------------------------

  /// Calls *who* whenever there is more to read, and at once if there is something.
  void attach(reader_id id, std::shared_ptr<answer_reader> who, home_loop home, flow f);

  /// How far a reader is.
  struct progress {
    /// Pieces appended so far.
    std::size_t pieces = 0;
    /// The pieces that this reader has not read, and their bytes.
    std::size_t waiting = 0;
    std::size_t unread = 0;
    deltas::form form = deltas::form::text;
    /// Bytes of the window that are free once the pieces that were read have left, and whether they
    /// are enough to tell the writer.
    std::size_t room = 0;
    bool tells_room = false;
  };

  progress progress_of(reader_id id) const;

  /// Calls *f* with the form of the pieces and each piece that the reader has not read, until it
  /// returns false. The log is locked meanwhile.
  template <class F>
  progress read(reader_id id, F f) {
    std::lock_guard guard{mutex_};
    auto* r = find(id);
    return r ? read_on(*r, f) : progress{};
  }

  /// The pieces that the reader has read have left: frees their room in the window, then reads on
  /// as `read` does, under one lock. Calls *begin* with the progress before, while the log is
  /// locked.
  template <class Begin, class F>
  progress leave_and_read(reader_id id, Begin begin, F f) {
    progress result;
    std::size_t room = 0;
    {
      std::lock_guard guard{mutex_};
      auto* r = find(id);
      if (!r)
        return result;
      r->left = r->next;
      room = take_free();
      begin(progress_of(*r));
      result = read_on(*r, f);
    }
    give_room(room);
    return result;
  }

private:
  struct reader {
    reader_id id = 0;
    flow how = flow::paced;
    std::shared_ptr<answer_reader> who;
    home_loop home;
    /// Whether it was woken and has not run since.
    bool woken = false;
    /// Numbers of pieces: the next to read, and the first that has not left.
    std::size_t next = 0;
    std::size_t left = 0;
  };

  /// The bytes of the window that the pieces of one append take.
  struct cost {
    /// The number of the piece after its last one.
    std::size_t end = 0;
    std::size_t bytes = 0;
  };

  std::size_t end() const noexcept { return first_ + kept_.ends.size(); }
  reader* find(reader_id id);
  progress progress_of(const reader& r) const;

  template <class F>
  progress read_on(reader& r, F& f) {
    while (r.next < end() && f(kept_.what, kept_.piece(r.next - first_)))
      ++r.next;
    forget_what_was_read();
    return progress_of(r);
  }

  void forget_what_was_read();
  std::size_t take_free();
  void give_room(std::size_t bytes);
  void wake(reader_id id);

  const answer_identity identity_;
  const home_loop home_;
  const std::size_t credit_step_;
  /// Touched on the log's loop only.
  std::function<void(std::size_t)> on_room_;

  mutable std::mutex mutex_;
  deltas kept_;
  /// The number of the first piece that is kept.
  std::size_t first_ = 0;
  /// Bytes of all pieces there were.
  std::size_t size_ = 0;
  bool keeps_all_ = false;
  std::vector<reader> readers_;
  std::vector<cost> costs_;
  /// Bytes of the window that are free and that the writer has not been told.
  std::size_t free_ = 0;
  std::string upstream_;
  std::string model_;
};

/// The text of all pieces of *log*; empty if they are members.
std::string text_of(const answer_log& log);

} // namespace nekod
