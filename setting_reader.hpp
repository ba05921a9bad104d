#pragma once

#include "config.hpp"
#include "protocol/settings/upstream_settings.hpp"

#include <CLI/CLI.hpp>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

namespace nekod {

/// CLI11 with what it lacks for a service: values from the environment of `config_sources.hpp`,
/// which rank between flags and the file, times in seconds, and a list of what all settings came
/// out as.
class setting_reader {
public:
  /// @param description What the program is, for `--help`.
  /// @param tables The word that names of tables in the file begin with, which are read by
  ///               themselves.
  setting_reader(const std::string& description, const std::string& name,
                 const std::string& tables);

  /// A setting with its help and the variables that set it.
  template <class T>
  CLI::Option* add(const std::string& flag, T& target, const std::string& help,
                   const std::vector<std::string>& variables) {
    announce(flag, variables, shape::value);
    auto* option = app_.add_option(flag, target, help + names_of(variables))
                       ->capture_default_str()
                       ->take_last();
    if constexpr (std::is_arithmetic_v<T>) // CLI11 takes an empty text for a zero.
      option->check([](const std::string& text) {
        return text.empty() ? std::string{"must be a number"} : std::string{};
      });
    return option;
  }

  /// One that may come as a credential, and is not shown.
  CLI::Option* add_secret(const std::string& flag, std::string& target, const std::string& help,
                          const std::vector<std::string>& variables);

  /// One that has several values, by comma or repeated.
  CLI::Option* add_list(const std::string& flag, std::vector<std::string>& target,
                        const std::string& help, const std::vector<std::string>& variables);

  /// One that is on or off; `--no-...` is its opposite.
  void add_switch(const std::string& name, bool& target, const std::string& help,
                  const std::vector<std::string>& variables);

  /// A port that need not be.
  void add_port(const std::string& flag, std::optional<std::uint16_t>& target,
                const std::string& help, const std::vector<std::string>& variables);

  /// A check for numbers.
  static std::function<std::string(const std::string&)> within(double least, double most);

  /// A time, in seconds.
  void add_time(const std::string& flag, settings::seconds& target, const std::string& help,
                const std::vector<std::string>& variables, double least = 0.001);

  /// The settings named last up to that number can change while the program runs.
  void can_change(std::size_t last = 1);

  /// Fills in all targets, or says why the program ends.
  std::optional<exit_request> read(int argc, const char* const* argv);

  /// What stands in the file's tables, in its order. After `read`.
  const std::vector<toml_entry>& tables() const noexcept { return tables_; }

  /// Whether the file has anything in it. After `read`.
  bool file_sets_any() const noexcept { return file_sets_any_; }

  /// By flag: where its value was found, if it came by no flag. After `read`.
  const std::map<std::string, std::string>& sources() const noexcept { return found_in_; }

  /// What each setting came out as. After `read`.
  std::vector<shown_setting> shown() const;

  CLI::App& app() noexcept { return app_; }

private:
  enum class shape : std::uint8_t { value, secret, list, on_or_off, unset };

  /// What is to be known of a setting besides its option.
  struct source {
    std::string flag;
    std::vector<std::string> variables;
    shape form = shape::value;
    bool can_change = false;
  };

  /// A time on its way in; a deque keeps the addresses.
  struct time_setting {
    double value;
    settings::seconds* target;
  };

  static std::string names_of(const std::vector<std::string>& variables);
  void announce(const std::string& flag, const std::vector<std::string>& variables, shape form);
  class toml_config;

  std::vector<std::string> with_environment(std::vector<std::string> arguments);
  std::vector<CLI::ConfigItem> take_file(const std::string& text);
  CLI::ConfigItem take_entry(toml_entry e);
  std::string file_name() const;
  [[noreturn]] void refuse(std::size_t line, const std::string& words) const;
  std::string with_source(const std::string& text) const;
  std::string shown_value(const source& s) const;

  CLI::App app_;
  /// The word that names of tables begin with.
  std::string family_;
  std::vector<toml_entry> tables_;
  bool file_sets_any_ = false;
  std::vector<source> sources_;
  /// The flags of the command line.
  std::set<std::string> given_;
  std::deque<time_setting> times_;
  /// The flags that were set by something else, and by what.
  std::map<std::string, std::string> found_in_;
};

} // namespace nekod
