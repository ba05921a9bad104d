#pragma once

#include "bench/load/chunked_decoder.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nekod::load {

/// The relevant fields of a response's head.
struct response_head {
  unsigned status = 0;
  bool keep_alive = true;
  bool chunked = false;
  std::optional<std::uint64_t> length;
  /// `X-Session-Match`, in which nekod says how it found the session.
  std::string session_match;
};

/// Reads a head without its blank line.
std::optional<response_head> parse_head(std::string_view text);

/// Reads HTTP/1.1 responses to POST, one after the other, from any split of their bytes.
class response_reader {
public:
  enum class state : std::uint8_t { more, done, bad };

  /// Receives the body. Must not destroy the reader.
  class sink {
  public:
    virtual void on_head(const response_head& head) = 0;
    /// The body's next bytes, valid during the call.
    virtual void on_body(std::string_view bytes) = 0;

  protected:
    ~sink() = default;
  };

  /// Clears the state for the next response.
  void reset();

  /// Continues; bytes after the response's end are a fault.
  state feed(std::string_view bytes, sink& s);

  /// The peer has closed the connection. Returns whether that was a proper end of the body.
  bool ends_by_closing() const noexcept;

  /// Whether any byte has arrived.
  bool begun() const noexcept { return has_head_ || !partial_.empty(); }

  const response_head& head() const noexcept { return head_; }

private:
  state take_head(std::string_view& bytes, sink& s);
  state take_body(std::string_view& bytes, sink& s);
  state take_length(std::string_view& bytes, sink& s);

  /// The beginning of a head whose end has not arrived yet.
  std::string partial_;
  response_head head_;
  bool has_head_ = false;
  std::uint64_t left_ = 0;
  chunked_decoder chunks_;
};

} // namespace nekod::load
