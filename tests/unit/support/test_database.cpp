#include "tests/unit/support/test_database.hpp"

#include "actors/store/postgres/schema.hpp"

#include <libpq-fe.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <thread>
#include <vector>

namespace nekod::test {

struct test_database::connection {
  explicit connection(const std::string& address) : link(PQconnectdb(address.c_str())) {}
  ~connection() { PQfinish(link); }
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  PGconn* link;
};

bool has_database() {
  std::error_code none;
  return std::filesystem::exists("/usr/lib/postgresql", none);
}

test_database::test_database() {
  std::string name = (std::filesystem::temp_directory_path() / "nekod-database-XXXXXX").string();
  folder_ = mkdtemp(name.data());
  int ends[2];
  if (pipe(ends) != 0)
    throw std::runtime_error{"no pipe"};
  // Twice, so that nobody waits for the recorder.
  const auto child = fork();
  if (child == 0) {
    if (fork() == 0) {
      dup2(ends[0], 0);
      close(ends[0]);
      close(ends[1]);
      execl(NEKOD_TESTS "/cluster/serve", "serve", folder_.c_str(), nullptr);
    }
    _exit(0);
  }
  waitpid(child, nullptr, 0);
  close(ends[0]);
  keeper_ = ends[1];
  address_ = "postgresql:///postgres?user=nekod&host=" + folder_ + "/socket";
  for (auto tries = 0; !std::filesystem::exists(folder_ + "/ready"); ++tries) {
    if (tries > 1200)
      throw std::runtime_error{"the database server does not start"};
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
  }
  postgres::prepare(address_, postgres::migration::allowed);
  connection_ = std::make_unique<connection>(address_);
}

test_database::~test_database() { close(keeper_); }

void test_database::empty() {
  ask({"TRUNCATE nekod.nodes, nekod.sessions, nekod.leases, nekod.asks, nekod.messages, "
       "nekod.answers, nekod.responses, nekod.response_items, nekod.kept_answers, nekod.rests, "
       "nekod.buckets "
       "RESTART IDENTITY",
       {},
       nullptr,
       {},
       0});
}

postgres::rows test_database::ask(const postgres::query& q) {
  std::vector<const char*> values;
  for (const auto& v : q.values)
    values.push_back(v ? v->c_str() : nullptr);
  auto* result = PQexecParams(connection_->link, q.sql.c_str(), static_cast<int>(values.size()),
                              nullptr, values.data(), nullptr, nullptr, 0);
  const auto status = PQresultStatus(result);
  if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
    return postgres::rows{result};
  const std::string text = PQresultErrorMessage(result);
  PQclear(result);
  throw std::runtime_error{text};
}

test_database& database() {
  static test_database one;
  return one;
}

} // namespace nekod::test
