#include "http/server/gate/keys_command.hpp"

#include "actors/runtime/unix_time.hpp"
#include "http/server/gate/api_keys.hpp"
#include "http/server/gate/key_file.hpp"
#include "http/server/gate/key_lines.hpp"
#include "http/server/gate/rate_limit.hpp"

#include <CLI/CLI.hpp>

#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>

namespace nekod {

namespace {

/// The arguments of the command.
struct new_key {
  http::api_key holder;
  std::string file;
};

/// Makes the key and its line. The key is printed first: one that nobody saw must not be valid.
void add(new_key wanted) {
  wanted.holder.created = unix_time();
  auto add_line = [&](const std::string& text, const http::api_keys&) {
    auto key = http::make_api_key();
    std::cout << key << std::endl;
    if (!std::cout)
      throw std::runtime_error{"the key cannot be printed, so it was not added"};
    return http::with_key(text, http::hash_of_key(key), wanted.holder);
  };
  auto changed = http::change_key_file(wanted.file, add_line);
  if (!changed)
    throw std::runtime_error{changed.error()};
}

void read_limit(CLI::App& command, const char* flag, std::optional<http::rate_limit>& limit,
                const char* help) {
  command.add_option_function<std::string>(
      flag,
      [flag, &limit](const std::string& text) {
        auto parsed = http::parse_rate_limit(text);
        if (!parsed)
          throw CLI::ValidationError{flag, parsed.error()};
        limit = std::move(*parsed);
      },
      help);
}

} // namespace

int run_keys_command(int argc, const char* const* argv) {
  new_key wanted;
  CLI::App app{"API keys of nekod", "nekod keys"};
  app.require_subcommand(1);
  auto* command = app.add_subcommand("add", "Make a key and print it once");
  command->add_option("NAME", wanted.holder.tenant, "Name of the tenant that the key is for")
      ->required()
      ->check([](const std::string& name) {
        return http::valid_tenant(name)
                   ? std::string{}
                   : std::string{"must be 1 to 64 characters of A-Z a-z 0-9 _ . -"};
      });
  command->add_option("--file", wanted.file, "The file that --api-keys names")
      ->required()
      ->envname("NEKOD_API_KEYS");
  command->add_flag("--admin", wanted.holder.admin,
                    "May list and delete all sessions and read the metrics");
  read_limit(*command, "--rate-limit", wanted.holder.requests,
             "A request limit for this key instead of the general one");
  read_limit(*command, "--chat-rate-limit", wanted.holder.chats,
             "A chat limit for this key instead of the general one");
  try {
    app.parse(argc, argv);
    add(wanted);
    return 0;
  } catch (const CLI::Success& e) {
    return app.exit(e);
  } catch (const std::exception& e) {
    std::cerr << "nekod keys: " << e.what() << "\n";
    return 2;
  }
}

} // namespace nekod
