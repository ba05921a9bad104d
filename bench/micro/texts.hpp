#pragma once

#include "protocol/chat/request.hpp"

#include <cstddef>
#include <string>
#include <string_view>

/// Texts of services and clients.
namespace nekod::micro {

/// The limit on messages of a request.
inline constexpr std::size_t most_messages = 10'000;

/// Pieces of text in each answer.
inline constexpr std::size_t answer_pieces = 64;

/// One piece of an answer.
inline constexpr std::string_view piece = "the cat 喵 ";

/// All of an answer's text.
std::string answer_text();

/// An AnuNeko reply of bare events.
std::string anuneko_reply();

/// The same as named events, which need a JSON parser.
std::string named_anuneko_reply();

/// The members of a chunk with one piece.
std::string chunk_members();

/// A stream of an OpenAI-compatible server.
std::string openai_stream();

/// The body of a request with *turns* turns of user and assistant, then the user's next text.
std::string request_body(std::size_t turns, std::string_view more = {});

/// That body as a request.
chat::request request_of(std::size_t turns, std::string_view more = {});

} // namespace nekod::micro
