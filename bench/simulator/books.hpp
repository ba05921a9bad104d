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
  /// The reply is incomplete: the peer left, or a fault ended it.
  aborted,
  /// The message was refused.
  refused,
};

/// The state's name in reports.
std::string_view name_of(message_state s) noexcept;

/// One message and its reply.
struct message {
  /// Numbers a chat's messages from 1, including refused ones.
  std::uint64_t number = 0;
  std::string text;
  /// The sent part of the first branch's text; empty while it is streaming.
  std::string reply;
  message_state state = message_state::streaming;
  std::optional<std::uint32_t> choice;
};

/// A reply that has ended, of which one branch must be chosen.
struct open_choice {
  std::uint64_t number = 0;
  std::uint32_t branches = 1;
  /// Whether the reply ended before its id was sent, so that the user's message stands for it.
  bool answer_unnamed = false;
};

struct chat {
  std::string id;
  std::string model;
  /// Posted messages, and the accepted ones among them.
  std::uint64_t posts = 0;
  std::uint64_t turns = 0;
  /// The number of the message whose reply is streaming.
  std::optional<std::uint64_t> running;
  std::optional<open_choice> awaited;
  /// The numbers of the last message with a complete reply, and of the last one chosen.
  std::uint64_t last_done = 0;
  std::uint64_t last_chosen = 0;
  /// The newest messages; older ones may have been dropped.
  std::vector<message> messages;
  /// The bytes of the messages.
  std::size_t bytes = 0;
};

/// An accepted message, for the code that replies to it.
struct ticket {
  std::string chat_id;
  std::string model;
  std::uint64_t number = 0;
  /// Numbers the accepted messages of the chat, from 1.
  std::uint64_t turn = 0;
};

/// The ids in the events of a reply: the user's own message and the answer each have one.
std::string user_message_id(const std::string& chat_id, std::uint64_t number);
std::string answer_message_id(const std::string& chat_id, std::uint64_t number);

/// How much of a reply was sent.
struct sent_reply {
  bool whole = false;
  /// The first branch's text.
  std::string text;
  std::uint32_t branches = 1;
  /// Whether the ids of the user's message and of the answer were sent.
  bool named_user = false;
  bool named_answer = false;
};

/// The outcome of posting a message.
struct posting {
  enum class outcome : std::uint8_t { taken, unknown_chat, busy, overlap, unchosen };

  outcome result = outcome::taken;
  /// For an accepted message.
  ticket t;
  /// For `busy`: the message whose reply is streaming.
  std::uint64_t running = 0;
};

enum class choosing : std::uint8_t {
  taken,
  unknown_chat,
  /// The reply is still streaming.
  busy,
  /// No choice is pending for that message.
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

/// How much is kept. Beyond the bytes, the least recently used chats lose their messages; beyond
/// the number of chats, they are dropped and unknown from then on.
struct book_limits {
  std::size_t chats = 100'000;
  std::size_t bytes = 64u << 20;
};

/// The chats of the service and their messages, in bounded memory. Thread-safe.
class books {
public:
  explicit books(book_limits limits = {}, std::uint64_t seed = std::random_device{}());

  /// @returns the new chat's id.
  std::string open_chat(std::string model);

  /// @returns false if there is no such chat.
  bool set_model(std::string_view chat_id, std::string model);

  /// Accepts or refuses a message.
  ///
  /// If a peer cuts a reply and then posts on another connection, the two may arrive in either
  /// order. So a chat whose reply is streaming is `busy` at first: try again a moment later.
  /// @param waited_for The message that an earlier try found streaming. Unless its reply has been
  /// cut since, this message overlaps with it.
  posting post(std::string_view chat_id, std::string text,
               std::optional<std::uint64_t> waited_for = std::nullopt);

  /// A reply has ended. To be called before the peer can know.
  void finish(const ticket& t, sent_reply sent);

  /// Chooses a branch. Repeating a choice changes nothing.
  choosing choose(std::string_view message_id, std::uint32_t branch);

  totals count() const;

  /// Calls *f* with each chat, the least recently used first.
  void visit(const std::function<void(const chat&)>& f) const;

  /// Calls *f* with a chat.
  /// @returns false if there is none.
  bool visit(std::string_view chat_id, const std::function<void(const chat&)>& f) const;

  /// Drops everything. Replies that are streaming continue, but do not count when they end.
  void reset();

private:
  using chat_list = std::list<chat>;

  struct location {
    chat_list* list;
    chat_list::iterator at;
  };

  std::string new_id();
  chat* touch(std::string_view chat_id);
  static void move(location& p, chat_list& to);
  void record(chat& c, std::string text, message_state s);
  void settle(chat& c, const ticket& t, sent_reply sent);
  void resize(chat& c, std::size_t before, std::size_t after);
  void forget_messages(chat& c);
  void keep_limits();
  void drop_oldest();

  mutable std::mutex mutex_;
  book_limits limits_;
  std::mt19937_64 random_;
  /// Each list in order of use. The chats of the first one have lost their messages.
  chat_list emptied_;
  chat_list full_;
  std::unordered_map<std::string_view, location> by_id_;
  std::size_t bytes_ = 0;
  totals totals_;
};

} // namespace nekod::sim
