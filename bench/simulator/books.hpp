#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace nekod::sim {

enum class message_state : std::uint8_t {
  streaming,
  /// The reply is whole.
  done,
  /// The reply was not: the peer left, or a fault ended it.
  aborted,
  /// The message was not taken.
  refused,
};

/// The state's word in reports.
std::string_view name_of(message_state s) noexcept;

/// One message and its reply.
struct message {
  /// Counts a chat's messages from 1, those refused included.
  std::uint64_t number = 0;
  std::string text;
  /// The first branch's text as far as it was sent; empty while it streams.
  std::string reply;
  message_state state = message_state::streaming;
  std::optional<std::uint32_t> choice;
};

/// A reply that ended, and the chat waits for one of its branches to be chosen.
struct open_choice {
  std::uint64_t number = 0;
  std::uint32_t branches = 1;
  /// The reply ended before it was named, so that the user's message stands for it.
  bool answer_unnamed = false;
};

struct chat {
  std::string id;
  std::string model;
  /// Messages posted, and of those the ones taken.
  std::uint64_t posts = 0;
  std::uint64_t turns = 0;
  /// The number of the message whose reply is streaming.
  std::optional<std::uint64_t> running;
  std::optional<open_choice> awaited;
  /// The numbers of the last message whose reply came whole, and of the last one chosen.
  std::uint64_t last_done = 0;
  std::uint64_t last_chosen = 0;
  /// The newest messages; older ones may have been forgotten.
  std::vector<message> messages;
  /// What the messages take of the books' bytes.
  std::size_t bytes = 0;
};

/// A message that was taken, for whoever replies to it.
struct ticket {
  std::string chat_id;
  std::string model;
  std::uint64_t number = 0;
  /// Counts the messages that the chat took, from 1.
  std::uint64_t turn = 0;
};

/// What the events of a reply's message are told by. Each message has two: the user's own and the
/// answer's.
std::string user_message_id(const std::string& chat_id, std::uint64_t number);
std::string answer_message_id(const std::string& chat_id, std::uint64_t number);

/// How far a reply came.
struct sent_reply {
  bool whole = false;
  /// The first branch's text.
  std::string text;
  std::uint32_t branches = 1;
  /// Whether the user's message and the answer's were named to the peer.
  bool named_user = false;
  bool named_answer = false;
};

/// What became of a message that was posted.
struct posting {
  enum class outcome : std::uint8_t { taken, unknown_chat, busy, overlap, unchosen };

  outcome result = outcome::taken;
  /// For a message that was taken.
  ticket t;
  /// For `busy`: the message whose reply is streaming.
  std::uint64_t running = 0;
};

enum class choosing : std::uint8_t {
  taken,
  unknown_chat,
  /// The reply is still streaming.
  busy,
  /// No choice of that message is waited for.
  not_awaited,
  no_such_branch,
};

/// Counts since the start or the last reset.
struct totals {
  std::uint64_t chats = 0;
  std::uint64_t messages = 0;
  std::uint64_t completed = 0;
  std::uint64_t aborted = 0;
  std::uint64_t active = 0;
  std::uint64_t max_active = 0;
  std::uint64_t choices = 0;
};

/// How much the books keep. Past the bytes, the chats used longest ago lose their messages; past
/// the chats, they are dropped and unknown from then on.
struct book_limits {
  std::size_t chats = 100'000;
  std::size_t bytes = 64u << 20;
};

/// The chats of the service with what was said in them, in bounded memory. Thread-safe.
class books {
public:
  explicit books(book_limits limits = {}, std::uint64_t seed = std::random_device{}());

  /// @returns the new chat's id.
  std::string open_chat(std::string model);

  /// @returns false where there is no such chat.
  bool set_model(std::string_view chat_id, std::string model);

  /// Takes a message, or refuses it.
  ///
  /// A peer that cuts a reply and then posts on another connection may be seen doing so in either
  /// order. So a chat that streams is `busy` at first: ask again a moment later.
  /// @param waited_for The message that an earlier try found streaming. Unless its reply was cut
  ///                   since, this one overlaps with it.
  posting post(std::string_view chat_id, std::string text,
               std::optional<std::uint64_t> waited_for = std::nullopt);

  /// A reply ended. To be told before the peer can know.
  void finish(const ticket& t, sent_reply sent);

  /// Takes a branch. Taking the same message's twice changes nothing.
  choosing choose(std::string_view message_id, std::uint32_t branch);

  totals count() const;

  /// Calls *f* with each chat, the one used longest ago first.
  void visit(const std::function<void(const chat&)>& f) const;

  /// Calls *f* with a chat. @returns false where there is none.
  bool visit(std::string_view chat_id, const std::function<void(const chat&)>& f) const;

  /// Forgets everything. Replies that are streaming go on, and are counted no more once they end.
  void reset();

private:
  using chat_list = std::list<chat>;

  struct place {
    chat_list* list;
    chat_list::iterator at;
  };

  std::string new_id();
  chat* touch(std::string_view chat_id);
  static void move(place& p, chat_list& to);
  void record(chat& c, std::string text, message_state s);
  void settle(chat& c, const ticket& t, sent_reply sent);
  void resize(chat& c, std::size_t before, std::size_t after);
  void forget_messages(chat& c);
  void keep_limits();
  void drop_oldest();

  mutable std::mutex mutex_;
  book_limits limits_;
  std::mt19937_64 random_;
  /// Each in order of use. The first list's chats have lost their messages.
  chat_list emptied_;
  chat_list full_;
  std::unordered_map<std::string_view, place> by_id_;
  std::size_t bytes_ = 0;
  totals totals_;
};

} // namespace nekod::sim
