#pragma once

#include "http/server/message/outlet.hpp"

#include <restinio/all.hpp>

#include <array>
#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

/// The kind of RESTinio response for answers that are written in pieces: RESTinio's own kind
/// supports only chunks, which clients of HTTP/1.0 do not understand.
namespace nekod::http {

struct stream_output {};

} // namespace nekod::http

namespace restinio {

/// The body is sent in chunks, or up to the end of the connection, or with the length that the
/// answer's own fields give.
template <>
class response_builder_t<nekod::http::stream_output> final
    : public base_response_builder_t<response_builder_t<nekod::http::stream_output>> {
public:
  using base = base_response_builder_t<response_builder_t<nekod::http::stream_output>>;
  using base::base;

  /// The connection ends with the body. To be called before the first byte.
  void without_chunks() {
    chunked_ = false;
    connection_close();
  }

  /// The fields give the length of the body. To be called before the first byte.
  /// @param bodiless Whether there is no body: all that is appended is dropped.
  void as_fields_say(bool bodiless) {
    chunked_ = false;
    bodiless_ = bodiless;
  }

  /// Adds bytes of the body, to be sent by `flush`.
  void append(std::string bytes) {
    begin();
    if (bytes.empty() || bodiless_)
      return;
    parts_.emplace_back(chunked_ ? as_chunk(bytes) : std::move(bytes));
  }

  /// Whether the head was sent, and nothing waits for `flush`.
  bool is_flushed() const noexcept { return begun_ && parts_.empty(); }

  /// Sends bytes of the body by *way_out*, past RESTinio, which must have nothing to send. What the
  /// system does not accept is appended.
  /// @returns whether all of them were sent.
  bool write_past(const nekod::http::outlet& way_out, std::string_view bytes) {
    thread_local std::string framed;
    frame(framed, bytes);
    const auto sent = way_out.send(framed);
    if (sent == framed.size())
      return true;
    parts_.emplace_back(framed.substr(sent));
    return false;
  }

  /// Hands all that was appended to RESTinio.
  void flush(write_status_cb_t f) { send(response_parts_attr_t::not_final_parts, std::move(f)); }

  /// The body is complete: the same for its rest.
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
    forget_fields();
  }

  /// They are sent, and the stream may be long.
  void forget_fields() {
    const auto stays_open = m_header.should_keep_alive();
    m_header = http_response_header_t{m_header.status_line()};
    m_header.should_keep_alive(stays_open);
  }

  /// Puts the framed *bytes* into *out*, in place of its contents.
  void frame(std::string& out, std::string_view bytes) const {
    out.clear();
    if (bytes.empty() || bodiless_)
      return;
    if (chunked_)
      append_chunk(out, bytes);
    else
      out.append(bytes);
  }

  /// In one piece: each part of a write costs more than copying it.
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
