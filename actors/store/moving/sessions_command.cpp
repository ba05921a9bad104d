#include "actors/store/moving/sessions_command.hpp"

#include "actors/runtime/process/start_error.hpp"
#include "actors/store/moving/moving.hpp"
#include "actors/store/moving/open_movable.hpp"
#include "actors/store/store_error.hpp"

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <fstream>
#include <iostream>
#include <string>
#include <system_error>

namespace nekod {

namespace {

using moving::moved_counts;

/// The arguments of the command.
struct arguments {
  std::string store;
  /// `-` for standard input or output.
  std::string file = "-";
};

std::string text_of(const moved_counts& c) {
  return std::to_string(c.sessions) + " sessions with " + std::to_string(c.messages) +
         " messages, " + std::to_string(c.responses) + " responses";
}

[[noreturn]] void refuse_file(const std::string& file, const char* what, int reason) {
  const auto code = std::error_code{reason, std::generic_category()};
  throw start_error{reason == EEXIST ? exit_code::setting : exit_code_of(code),
                    file + " cannot be " + what + ": " + code.message()};
}

/// A new file that only its owner can read. It is deleted unless it is kept.
class new_file {
public:
  explicit new_file(const std::string& file)
      : file_(file),
        descriptor_(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) {
    if (descriptor_ < 0)
      refuse_file(file, "made", errno);
    out_.open(file, std::ios::binary);
  }
  ~new_file() {
    ::close(descriptor_);
    if (!kept_)
      ::unlink(file_.c_str());
  }

  new_file(const new_file&) = delete;
  new_file& operator=(const new_file&) = delete;

  std::ostream& out() noexcept { return out_; }

  /// Writes the file to the disk, and keeps it.
  void keep() {
    out_.close();
    if (!out_ || ::fsync(descriptor_) != 0)
      refuse_file(file_, "written", errno);
    kept_ = true;
  }

private:
  const std::string file_;
  const int descriptor_;
  std::ofstream out_;
  bool kept_ = false;
};

/// Exports; the report goes to standard error, since the sessions may go to standard output.
int export_sessions(const arguments& a) {
  const auto store = moving::open_movable(a.store, moving::purpose::to_read);
  moved_counts moved;
  if (a.file == "-") {
    moved = moving::export_store(*store, std::cout);
    if (!std::cout.flush())
      throw start_error{exit_code::passing, "the output cannot be written"};
  } else {
    new_file file{a.file};
    moved = moving::export_store(*store, file.out());
    file.keep();
  }
  std::cerr << "exported " << text_of(moved) << "\n";
  return 0;
}

moving::import_report import_from(moving::movable_store& store, const std::string& file) {
  if (file == "-")
    return moving::import_store(store, std::cin);
  std::ifstream in{file, std::ios::binary};
  if (!in)
    refuse_file(file, "read", errno);
  return moving::import_store(store, in);
}

int import_sessions(const arguments& a) {
  const auto store = moving::open_movable(a.store, moving::purpose::to_fill);
  const auto report = import_from(*store, a.file);
  std::cout << "imported " << text_of(report.added) << "\n";
  if (report.present.sessions + report.present.responses > 0)
    std::cout << "there already, and left as they are: " << text_of(report.present) << "\n";
  if (report.problem.empty())
    return 0;
  std::cerr << "nekod sessions: " << report.problem
            << "\nnekod sessions: nothing from that line on was imported; importing the file again "
               "is harmless\n";
  return report.may_pass ? exit_code::passing : exit_code::setting;
}

/// Adds a command with its options.
void add_command(CLI::App& app, const char* name, const char* help, const char* file_help,
                 arguments& a) {
  auto* command = app.add_subcommand(name, help);
  command
      ->add_option("--store", a.store,
                   "sqlite:FILE, postgresql://... or postgres:service=NAME, as for nekod itself")
      ->required()
      ->envname("NEKOD_STORE");
  command->add_option("--file", a.file, file_help);
}

} // namespace

int run_sessions_command(int argc, const char* const* argv) {
  // Standard output is for the sessions.
  spdlog::set_default_logger(spdlog::stderr_logger_st("sessions"));
  arguments a;
  CLI::App app{"Moves all sessions, with their messages and responses, from one store to another. "
               "The file has conversations and the key of the store in it: keep it secret.",
               "nekod sessions"};
  app.require_subcommand(1);
  add_command(app, "export", "Write all sessions of a store as lines of JSON",
              "A new file, which only its owner can read; - for standard output, the default", a);
  add_command(app, "import", "Add sessions that were exported to a store; those there stay",
              "The file; - for standard input, the default", a);
  try {
    app.parse(argc, argv);
    return app.got_subcommand("export") ? export_sessions(a) : import_sessions(a);
  } catch (const CLI::Success& e) {
    return app.exit(e);
  } catch (const start_error& e) {
    std::cerr << "nekod sessions: " << e.what() << "\n";
    return e.code();
  } catch (const store_error& e) {
    std::cerr << "nekod sessions: " << e.what() << "\n";
    return e.may_pass() ? exit_code::passing : exit_code::setting;
  } catch (const std::exception& e) {
    std::cerr << "nekod sessions: " << e.what() << "\n";
    return exit_code::setting;
  }
}

} // namespace nekod
