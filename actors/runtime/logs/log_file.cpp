#include "actors/runtime/logs/log_file.hpp"

#include <fcntl.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <filesystem>
#include <utility>

namespace nekod {

namespace {

constexpr std::size_t file_size = 10u << 20;
constexpr std::size_t files_kept = 10;

/// Creates *path* with *mode* if it does not exist, and checks that it can be written.
/// @returns its mode.
mode_t make_file(const std::string& path, mode_t mode, bool has_mode) {
  auto folder = std::filesystem::path{path}.parent_path();
  if (!folder.empty())
    std::filesystem::create_directories(folder);
  constexpr int flags = O_WRONLY | O_APPEND | O_CLOEXEC;
  auto descriptor = ::open(path.c_str(), flags);
  if (descriptor < 0 && errno == ENOENT) {
    descriptor = ::open(path.c_str(), flags | O_CREAT, mode);
    if (descriptor >= 0 && has_mode)
      ::fchmod(descriptor, mode); // The umask may have removed some bits.
  }
  struct stat about {};
  if (descriptor < 0 || ::fstat(descriptor, &about) != 0)
    throw std::system_error{errno, std::generic_category(), path};
  ::close(descriptor);
  return about.st_mode & 07777;
}

} // namespace

log_file::log_file(std::string path) : path_(std::move(path)) { open(); }

void log_file::open() {
  mode_ = make_file(path_, mode_, file_ != nullptr);
  try {
    auto file =
        std::make_unique<spdlog::sinks::rotating_file_sink_st>(path_, file_size, files_kept);
    if (formatter_)
      file->set_formatter(formatter_->clone());
    file_ = std::move(file);
  } catch (const spdlog::spdlog_ex& e) {
    throw std::system_error{std::make_error_code(std::errc::io_error), e.what()};
  }
}

void log_file::log(const spdlog::details::log_msg& message) {
  std::exception_ptr problem;
  if (reopen_.exchange(false)) {
    file_->flush();
    try {
      open();
    } catch (const std::exception&) {
      problem = std::current_exception();
    }
  }
  file_->log(message);
  if (problem)
    std::rethrow_exception(problem);
}

void log_file::flush() { file_->flush(); }

void log_file::set_pattern(const std::string& pattern) {
  set_formatter(std::make_unique<spdlog::pattern_formatter>(pattern));
}

void log_file::set_formatter(std::unique_ptr<spdlog::formatter> formatter) {
  formatter_ = std::move(formatter);
  file_->set_formatter(formatter_->clone());
}

} // namespace nekod
