#pragma once

#include <restinio/all.hpp>

#include <array>
#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

/// How an answer goes out that is written in pieces, as a kind of response of RESTinio's: its own
/// knows only of chunks, which clients of HTTP/1.0 do not understand.
namespace nekod::http {

struct stream_output {};

} // namespace nekod::http

namespace restinio {

/// In chunks while the connection is to stay, or up to its end; or as the answer's own fields say.
template <>
class response_builder_t<nekod::http::stream_output> final
    : public base_response_builder_t<response_builder_t<nekod::http::stream_output>> {
public:
  using base = base_response_builder_t<response_builder_t<nekod::http::stream_output>>;
  using base::base;

  /// Only before the first byte. The connection ends with the body then.
  void without_chunks() {
    chunked_ = false;
    connection_close();
  }

  /// Only before the first byte. The fields say how long the body is.
  /// @param bodiless Whether there is none: what is appended is dropped.
  void as_fields_say(bool bodiless) {
    chunked_ = false;
    bodiless_ = bodiless;
  }

  void append(std::string bytes) {
    begin();
    if (bytes.empty() || bodiless_)
      return;
    parts_.emplace_back(chunked_ ? as_chunk(bytes) : std::move(bytes));
  }

  /// Bytes that are framed already.
  void append_framed(std::string bytes) { parts_.emplace_back(std::move(bytes)); }

  /// Whether the head was appended, and nothing waits to be sent.
  bool is_flushed() const noexcept { return begun_ && parts_.empty(); }

  /// Puts *bytes* into *out* as they go out.
  void frame(std::string& out, std::string_view bytes) const {
    out.clear();
    if (bytes.empty() || bodiless_)
      return;
    if (chunked_)
      append_chunk(out, bytes);
    else
      out.append(bytes);
  }

  void flush(write_status_cb_t f) { send(response_parts_attr_t::not_final_parts, std::move(f)); }

  void done(write_status_cb_t f) {
    begin();
    if (chunked_)
      parts_.emplace_back("0\r\n\r\n");
    send(response_parts_attr_t::final_parts, std::move(f));
    m_connection.reset();
  }

private:
  void begin() {
    if (std::exchange(begun_, true))
      return;
    if (chunked_)
      append_header("Transfer-Encoding", "chunked");
    parts_.emplace_back(impl::create_header_string(
        m_header, impl::content_length_field_presence_t::skip_content_length));
  }

  /// In one piece: each part of a write costs more than to copy it.
  static std::string as_chunk(std::string_view bytes) {
    std::string chunk;
    append_chunk(chunk, bytes);
    return chunk;
  }

  static void append_chunk(std::string& out, std::string_view bytes) {
    std::array<char, 2 * sizeof(std::size_t)> digits;
    auto end = std::to_chars(digits.data(), digits.data() + digits.size(), bytes.size(), 16).ptr;
    out.reserve(out.size() + bytes.size() + digits.size() + 4);
    out.append(digits.data(), end).append("\r\n").append(bytes).append("\r\n");
  }

  void send(response_parts_attr_t part, write_status_cb_t f) {
    if (!m_connection)
      return;
    write_group_t group{std::exchange(parts_, {})};
    if (f)
      group.after_write_notificator(std::move(f));
    m_connection->write_response_parts(
        m_request_id,
        response_output_flags_t{part, response_connection_attr(m_header.should_keep_alive())},
        std::move(group));
  }

  bool chunked_ = true;
  bool bodiless_ = false;
  bool begun_ = false;
  writable_items_container_t parts_;
};

} // namespace restinio
