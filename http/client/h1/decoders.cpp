#include "http/client/h1/decoders.hpp"

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <new>
#include <string>
#include <utility>

namespace nekod::http {

namespace {

using out = content_decoder::out;

/// Decoded bytes are handed on in pieces of this size at most.
constexpr std::size_t piece_size = 16u << 10;
using piece_buffer = std::array<char, piece_size>;

class zlib_decoder : public content_decoder {
public:
  /// @param window_bits As for `inflateInit2`.
  explicit zlib_decoder(int window_bits) {
    if (inflateInit2(&state_, window_bits) != Z_OK)
      throw std::bad_alloc{};
  }

  zlib_decoder(const zlib_decoder&) = delete;
  zlib_decoder& operator=(const zlib_decoder&) = delete;

  ~zlib_decoder() override { inflateEnd(&state_); }

  bool decode(std::string_view bytes, const out& f) override {
    piece_buffer buffer;
    // The interface of zlib does not say that it only reads them.
    state_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    state_.avail_in = static_cast<uInt>(bytes.size());
    for (;;) {
      if (has_ended_)
        return state_.avail_in == 0;
      state_.next_out = reinterpret_cast<Bytef*>(buffer.data());
      state_.avail_out = piece_size;
      const auto code = inflate(&state_, Z_SYNC_FLUSH);
      if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
        return false;
      has_ended_ = code == Z_STREAM_END;
      const auto size = piece_size - state_.avail_out;
      if (size > 0 && !f({buffer.data(), size}))
        return false;
      if (!has_ended_ && state_.avail_out > 0)
        return state_.avail_in == 0;
    }
  }

private:
  z_stream state_{};
  bool has_ended_ = false;
};

/// `deflate` with or without the header of zlib, which the first two bytes tell (RFC 1950).
class deflate_decoder : public content_decoder {
public:
  bool decode(std::string_view bytes, const out& f) override {
    if (decoder_)
      return decoder_->decode(bytes, f);
    begin_ += bytes;
    if (begin_.size() < 2)
      return true;
    const auto first = static_cast<unsigned char>(begin_[0]);
    const auto second = static_cast<unsigned char>(begin_[1]);
    const auto has_header = (first & 0x0f) == Z_DEFLATED && (first * 256u + second) % 31 == 0;
    decoder_ = std::make_unique<zlib_decoder>(has_header ? MAX_WBITS : -MAX_WBITS);
    const auto all = std::move(begin_);
    return decoder_->decode(all, f);
  }

private:
  std::string begin_;
  std::unique_ptr<zlib_decoder> decoder_;
};

class brotli_decoder : public content_decoder {
public:
  brotli_decoder() : state_(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)) {
    if (!state_)
      throw std::bad_alloc{};
  }

  bool decode(std::string_view bytes, const out& f) override {
    piece_buffer buffer;
    const auto* next_in = reinterpret_cast<const std::uint8_t*>(bytes.data());
    auto left_in = bytes.size();
    for (;;) {
      if (BrotliDecoderIsFinished(state_.get()))
        return left_in == 0;
      auto* next_out = reinterpret_cast<std::uint8_t*>(buffer.data());
      auto left_out = piece_size;
      const auto code = BrotliDecoderDecompressStream(state_.get(), &left_in, &next_in, &left_out,
                                                      &next_out, nullptr);
      if (code == BROTLI_DECODER_RESULT_ERROR)
        return false;
      const auto size = piece_size - left_out;
      if (size > 0 && !f({buffer.data(), size}))
        return false;
      if (code == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT)
        return true;
    }
  }

private:
  struct deleter {
    void operator()(BrotliDecoderState* state) const noexcept {
      BrotliDecoderDestroyInstance(state);
    }
  };

  std::unique_ptr<BrotliDecoderState, deleter> state_;
};

/// One frame after the other (RFC 8878). Formats from before, which the library reads as well, are
/// no content coding.
class zstd_decoder : public content_decoder {
public:
  zstd_decoder() : state_(ZSTD_createDStream()) {
    // The most that servers may use (RFC 9659): 8 MiB.
    constexpr int largest_window = 23;
    if (!state_)
      throw std::bad_alloc{};
    ZSTD_DCtx_setParameter(state_.get(), ZSTD_d_windowLogMax, largest_window);
  }

  bool decode(std::string_view bytes, const out& f) override {
    while (!bytes.empty()) {
      if (in_frame_) {
        if (!decode_frame(bytes, f))
          return false;
        continue;
      }
      const auto size = std::min(magic_size - magic_.size(), bytes.size());
      magic_ += bytes.substr(0, size);
      bytes.remove_prefix(size);
      if (magic_.size() < magic_size)
        return true;
      if (!begins_frame(magic_))
        return false;
      in_frame_ = true;
      std::string_view begin{magic_};
      if (!decode_frame(begin, f))
        return false;
      magic_.clear();
    }
    return true;
  }

private:
  struct deleter {
    void operator()(ZSTD_DStream* state) const noexcept { ZSTD_freeDStream(state); }
  };

  static constexpr std::size_t magic_size = 4;

  static bool begins_frame(std::string_view magic) noexcept {
    return magic == "\x28\xb5\x2f\xfd" ||
           ((magic[0] & 0xf0) == 0x50 && magic.substr(1) == "\x2a\x4d\x18");
  }

  /// Decodes to the end of the frame, or of *bytes*, and removes what was decoded.
  bool decode_frame(std::string_view& bytes, const out& f) {
    piece_buffer buffer;
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    for (;;) {
      ZSTD_outBuffer to{buffer.data(), buffer.size(), 0};
      const auto result = ZSTD_decompressStream(state_.get(), &to, &in);
      if (ZSTD_isError(result))
        return false;
      if (to.pos > 0 && !f({buffer.data(), to.pos}))
        return false;
      in_frame_ = result != 0;
      // A full buffer may mean that there is more.
      if (!in_frame_ || (in.pos == in.size && to.pos < to.size))
        break;
    }
    bytes.remove_prefix(in.pos);
    return true;
  }

  std::unique_ptr<ZSTD_DStream, deleter> state_;
  bool in_frame_ = false;
  std::string magic_;
};

} // namespace

std::unique_ptr<content_decoder> make_decoder(std::string_view coding) {
  // Bytes with the header of zlib are taken for gzip, too.
  constexpr int gzip_or_zlib = MAX_WBITS + 32;
  if (coding == "gzip" || coding == "x-gzip")
    return std::make_unique<zlib_decoder>(gzip_or_zlib);
  if (coding == "deflate")
    return std::make_unique<deflate_decoder>();
  if (coding == "br")
    return std::make_unique<brotli_decoder>();
  if (coding == "zstd")
    return std::make_unique<zstd_decoder>();
  return nullptr;
}

} // namespace nekod::http
