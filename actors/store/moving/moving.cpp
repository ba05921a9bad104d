#include "actors/store/moving/moving.hpp"

#include "actors/store/moving/line_reader.hpp"
#include "actors/store/moving/record_parser.hpp"
#include "actors/store/store_error.hpp"

#include <ostream>
#include <string_view>
#include <utility>
#include <variant>

namespace nekod::moving {

namespace {

/// The largest batch. Each batch waits for the disk once.
constexpr std::size_t batch_records = 200;
constexpr std::size_t batch_bytes = std::size_t{8} << 20;

void count(moved_counts& counts, const session_record& r) {
  ++counts.sessions;
  counts.messages += r.transcript.size();
}

void count(moved_counts& counts, const response_record& /*r*/) { ++counts.responses; }

void add(moved_counts& sum, const moved_counts& more) {
  sum.sessions += more.sessions;
  sum.messages += more.messages;
  sum.responses += more.responses;
}

/// An import under way.
class running_import {
public:
  explicit running_import(movable_store& store) : store_(store) {}

  /// Takes a line.
  /// @returns the error, to follow the number of the line; empty for none.
  std::string take(std::string_view text) {
    auto line = parse_line(text);
    if (!line)
      return std::move(line.error());
    if (ended_)
      return "comes after the end";
    auto problem = std::visit([this](const auto& record) { return take_record(record); }, *line);
    written_bytes_ += text.size();
    if (written_records_ >= batch_records || written_bytes_ >= batch_bytes)
      write();
    return problem;
  }

  /// Makes the lines durable that were taken.
  void write() {
    store_.write_batch();
    add(report.added, std::exchange(added_, {}));
    add(report.present, std::exchange(present_, {}));
    written_records_ = 0;
    written_bytes_ = 0;
  }

  bool has_ended() const noexcept { return ended_; }

  import_report report;

private:
  std::string take_record(const head& h) {
    if (std::exchange(begun_, true))
      return "is a second head";
    const auto problem = store_.adopt(h.digest_key);
    return problem.empty() ? problem
                           : "has a digest key that the store cannot take: it " + problem +
                                 ". Conversations are recognised by their digests, so sessions of "
                                 "two keys cannot be in one store: import into an empty one";
  }

  template <class Record>
  std::string take_record(const Record& r) {
    if (!begun_)
      return "comes before the head";
    count(store_.add(r) ? added_ : present_, r);
    count(read_, r);
    ++written_records_;
    return {};
  }

  std::string take_record(const end& e) {
    if (!begun_)
      return "comes before the head";
    ended_ = true;
    if (e == end{read_.sessions, read_.responses})
      return {};
    return "names " + std::to_string(e.sessions) + " sessions and " + std::to_string(e.responses) +
           " responses, but before it are " + std::to_string(read_.sessions) + " and " +
           std::to_string(read_.responses);
  }

  movable_store& store_;
  bool begun_ = false;
  bool ended_ = false;
  moved_counts read_;
  // Of the batch that is not yet durable:
  moved_counts added_;
  moved_counts present_;
  std::size_t written_records_ = 0;
  std::size_t written_bytes_ = 0;
};

/// Reads all lines.
/// @returns why it ended early; empty if it read everything.
std::string read_all(running_import& i, line_reader& lines) {
  for (;;) {
    const auto line = "line " + std::to_string(lines.number() + 1) + ' ';
    switch (lines.next()) {
    case line_reader::outcome::failed:
      return line + "cannot be read";
    case line_reader::outcome::too_long:
      return line + "is too long";
    case line_reader::outcome::over:
      return i.has_ended() ? std::string{} : line + "is missing: the file is incomplete";
    case line_reader::outcome::line:
      break;
    }
    const auto problem = i.take(lines.text());
    if (!problem.empty())
      return line + problem;
  }
}

} // namespace

moved_counts export_store(movable_store& store, std::ostream& out) {
  moved_counts counts;
  out << line_of(head{store.digest_key()}) << '\n';
  // Stops reading a large store as soon as the output fails.
  const auto write = [&](const auto& record) {
    if (!(out << line_of(record) << '\n'))
      throw store_error{"the output cannot be written", true};
    count(counts, record);
  };
  store.each_session([&](const session_record& r) { write(r); });
  store.each_response([&](const response_record& r) { write(r); });
  out << line_of(end{counts.sessions, counts.responses}) << '\n';
  return counts;
}

import_report import_store(movable_store& store, std::istream& in, std::size_t limit) {
  running_import i{store};
  line_reader lines{in, limit};
  try {
    i.report.problem = read_all(i, lines);
    i.write();
  } catch (const store_error& e) {
    i.report.problem = "line " + std::to_string(lines.number()) + " cannot be stored: " + e.what();
    i.report.may_pass = e.may_pass();
  }
  return i.report;
}

} // namespace nekod::moving
