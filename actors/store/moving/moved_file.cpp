#include "actors/store/moving/moved_file.hpp"

#include "actors/store/sqlite/answer_table.hpp"
#include "actors/store/sqlite/file_batch.hpp"
#include "actors/store/sqlite/message_table.hpp"
#include "actors/store/sqlite/response_table.hpp"
#include "actors/store/sqlite/session_schema.hpp"
#include "actors/store/sqlite/session_table.hpp"
#include "actors/store/store_error.hpp"

#include <cstdint>
#include <filesystem>
#include <utility>

namespace nekod::moving {

namespace {

/// Before all runs, so that its records are always unsure.
constexpr std::int64_t unsure_run = 0;

/// The first run whose records will be sure for the next nekod that opens the file.
std::int64_t next_sure_since(sqlite::connection& db) {
  return db.number("SELECT CASE WHEN ended_well THEN sure_since ELSE number + 1 END FROM runs");
}

class moved_file : public movable_store {
public:
  explicit moved_file(const std::string& file)
      : file_(file),
        db_(open_session_file(file)),
        batch_(db_, {}),
        sure_since_(next_sure_since(db_)),
        sessions_(db_, sure_since_),
        messages_(db_),
        answers_(db_),
        responses_(db_) {}

  std::string digest_key() override {
    return guarded([&] { return key_now(); });
  }

  void each_session(const std::function<void(const session_record&)>& f) override {
    guarded([&] {
      sessions_.for_each([&](session_record r, std::int64_t number) {
        r.transcript = messages_.read(number);
        f(r);
      });
    });
  }

  void each_response(const std::function<void(const response_record&)>& f) override {
    guarded([&] { responses_.for_each(f); });
  }

  std::string adopt(const std::string& key) override {
    return guarded([&]() -> std::string {
      if (key_now() == key)
        return {};
      if (db_.number("SELECT EXISTS (SELECT 1 FROM sessions) OR "
                     "EXISTS (SELECT 1 FROM responses)") != 0)
        return "has sessions of its own, under another key";
      batch_.join([&] {
        // The key consists of hexadecimal digits.
        db_.execute("UPDATE digest_key SET key = x'" + key + "'");
      });
      batch_.commit();
      return {};
    });
  }

  bool add(const session_record& r) override {
    return guarded([&] {
      return batch_.join([&] {
        if (sessions_.find(session_key{r.info}).version != 0)
          return false;
        const auto number = sessions_.insert(r, r.chat.unsure ? unsure_run : sure_since_);
        messages_.apply(number, message_changes{0, r.transcript});
        answers_.keep(number, r.info.tenant, r.answer);
        return true;
      });
    });
  }

  bool add(const response_record& r) override {
    return guarded([&] { return batch_.join([&] { return responses_.add(r); }); });
  }

  void write_batch() override {
    guarded([&] { batch_.commit(); });
  }

private:
  /// Calls *f*; failures of SQLite become ours.
  template <class F>
  auto guarded(F f) -> decltype(f()) {
    try {
      return f();
    } catch (const sqlite::error& e) {
      batch_.undo();
      throw store_error{file_ + " cannot be used: " + e.what(), e.may_pass()};
    }
  }

  std::string key_now() {
    auto query = db_.prepare("SELECT hex(key) FROM digest_key");
    auto row = query();
    return row.next() ? std::string{row.text(0)} : std::string{};
  }

  const std::string file_;
  sqlite::connection db_;
  file_batch batch_;
  std::int64_t sure_since_;
  session_table sessions_;
  message_table messages_;
  answer_table answers_;
  response_table responses_;
};

} // namespace

std::unique_ptr<movable_store> open_moved_file(const std::string& file, purpose p) {
  if (p == purpose::to_read && !std::filesystem::exists(file))
    throw store_error{file + " does not exist", false};
  try {
    return std::make_unique<moved_file>(file);
  } catch (const sqlite::error& e) {
    throw store_error{file + " cannot be used: " + e.what(), e.may_pass()};
  }
}

} // namespace nekod::moving
