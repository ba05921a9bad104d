#include "http/server/gate/key_file.hpp"

#include "actors/runtime/process/file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

namespace nekod::http {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds longest_wait{5000};
constexpr milliseconds wait_interval{10};

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error{errno, std::generic_category(), what};
}

/// A descriptor that closes itself.
class descriptor {
public:
  /// @throws std::system_error that names *path*.
  descriptor(const std::string& path, int flags, mode_t mode = 0)
      : number_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {
    if (number_ < 0)
      fail(path);
  }
  ~descriptor() { ::close(number_); }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;

  int get() const noexcept { return number_; }

private:
  int number_;
};

/// The file behind links; replacing a link would leave the file as it is.
std::filesystem::path behind_links(const std::string& path) {
  std::error_code missing;
  auto real = std::filesystem::canonical(path, missing);
  return missing ? std::filesystem::absolute(path) : real;
}

/// Waits for the lock of *folder*, which goes with its descriptor.
void lock(const descriptor& folder) {
  const auto end = std::chrono::steady_clock::now() + longest_wait;
  while (::flock(folder.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR)
      fail("its folder cannot be locked");
    if (std::chrono::steady_clock::now() > end)
      throw std::runtime_error{"another process is changing it"};
    std::this_thread::sleep_for(wait_interval);
  }
}

/// Gives the new file the owner and mode of the old one, if there is one.
void keep_rights(const descriptor& fresh, const std::string& old) {
  struct stat before {};
  if (::stat(old.c_str(), &before) != 0)
    return;
  if (::fchmod(fresh.get(), before.st_mode & 07777) != 0)
    fail(old);
  // Without the right to give files away, it belongs to us.
  [[maybe_unused]] auto given = ::fchown(fresh.get(), before.st_uid, before.st_gid);
}

void write_all(const descriptor& file, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(file.get(), text.data(), text.size());
    if (written < 0 && errno != EINTR)
      fail("it cannot be written");
    text.remove_prefix(written < 0 ? 0 : static_cast<std::size_t>(written));
  }
  if (::fsync(file.get()) != 0)
    fail("it cannot be written");
}

void replace(const std::string& path, const descriptor& folder, const std::string& text) {
  const auto fresh = path + ".new";
  try {
    descriptor file{fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600};
    keep_rights(file, path);
    write_all(file, text);
    if (std::rename(fresh.c_str(), path.c_str()) != 0)
      fail("it cannot be replaced");
  } catch (...) {
    ::unlink(fresh.c_str());
    throw;
  }
  if (::fsync(folder.get()) != 0)
    fail("its folder cannot be written");
}

/// The content of *path*; empty if it does not exist.
std::string existing_text(const std::string& path) {
  auto text = read_file(path);
  if (!text && text.error() != std::errc::no_such_file_or_directory)
    throw std::system_error{text.error(), "it cannot be read"};
  return text ? *text : std::string{};
}

api_keys parsed(const std::string& text) {
  auto keys = parse_api_keys(text);
  if (!keys)
    throw std::runtime_error{keys.error()};
  return *std::move(keys);
}

} // namespace

result<api_keys, std::string> change_key_file(const std::string& path, const key_edit& edit) {
  try {
    const auto real = behind_links(path);
    descriptor folder{real.parent_path().string(), O_RDONLY | O_DIRECTORY};
    lock(folder);
    const auto text = existing_text(real.string());
    auto keys = parsed(text);
    const auto changed = edit(text, keys);
    if (!changed)
      return keys;
    auto fresh = parsed(*changed);
    replace(real.string(), folder, *changed);
    return fresh;
  } catch (const std::exception& e) {
    return path + ": " + e.what();
  }
}

bool may_change_key_file(const std::string& path) {
  const auto real = behind_links(path);
  return ::access(real.parent_path().c_str(), W_OK) == 0 &&
         (::access(real.c_str(), W_OK) == 0 || errno == ENOENT);
}

} // namespace nekod::http
