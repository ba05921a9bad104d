#pragma once

#include "actors/runtime/process/start_error.hpp"
#include "protocol/settings/setting_table.hpp"
#include "protocol/settings/shown_setting.hpp"
#include "protocol/settings/toml.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace nekod {

/// Reads settings with CLI11, and adds features for a service: values from the environment and
/// `.env`, which rank between flags and the TOML file; times in seconds; words for enumerators; the
/// line or variable at fault in errors; and a list of all settings with their values.
///
/// Names, variables and help of each setting are in `protocol/settings/setting_table.hpp`. A target
/// has its default before it is added, and its value after `read`; it outlives the reader.
class config_reader {
public:
  using seconds = std::chrono::duration<double>;

  /// Words and the values that they stand for.
  template <class T>
  using words = std::vector<std::pair<std::string, T>>;

  /// @param description Describes the program, for `--help`.
  /// @param name The name of the program.
  /// @param tables The first word in the names of the file's tables, which are not settings;
  /// `tables()` returns them.
  config_reader(const std::string& description, const std::string& name, const std::string& tables);

  /// Neither copied nor moved, since CLI11 holds addresses of members.
  config_reader(const config_reader&) = delete;
  config_reader& operator=(const config_reader&) = delete;

  /// A setting with one value, which the last of several flags gives.
  template <class T>
  CLI::Option* add(const std::string& flag, T& target) {
    auto* option = app_.add_option(flag, target, announce(flag, shape::value))
                       ->capture_default_str()
                       ->take_last();
    if constexpr (std::is_arithmetic_v<T>) // CLI11 reads an empty text as zero.
      option->check([](const std::string& text) {
        return text.empty() ? std::string{"must be a number"} : std::string{};
      });
    return option;
  }

  /// One of a few words.
  /// @pre *choices* has the target's default.
  template <class T>
  void add_choice(const std::string& flag, T& target, const words<T>& choices) {
    std::vector<std::string> names;
    for (const auto& [name, value] : choices)
      names.push_back(name);
    auto& word = held_words_.emplace_back();
    for (const auto& [name, value] : choices)
      if (value == target)
        word = name;
    add(flag, word)->check(CLI::IsMember(names));
    conversions_.push_back([&target, &word, choices] {
      for (const auto& [name, value] : choices)
        if (name == word)
          target = value;
    });
  }

  /// A secret: it may come from a systemd credential, and is shown as stars.
  CLI::Option* add_secret(const std::string& flag, std::string& target);

  /// Several values, separated by commas or by repeating the flag.
  CLI::Option* add_list(const std::string& flag, std::vector<std::string>& target);

  /// On or off; `--no-...` is off.
  void add_switch(const std::string& flag, bool& target);

  /// A port that may be missing.
  void add_port(const std::string& flag, std::optional<std::uint16_t>& target);

  /// A time of at least *least* seconds.
  void add_time(const std::string& flag, seconds& target, double least = 0.001);

  /// A check for numbers between two bounds, both included.
  static std::function<std::string(const std::string&)> within(double least, double most);

  /// Reads all sources into the targets. To be called once.
  /// @returns the reason if the program has to end: help was asked for, or a setting is wrong.
  std::optional<exit_request> read(int argc, const char* const* argv);

  /// The entries of the file's tables, in its order. After `read`.
  const std::vector<toml_entry>& tables() const noexcept { return tables_; }

  /// Whether there is a file with anything in it. After `read`.
  bool file_sets_any() const noexcept { return file_sets_any_; }

  /// By flag: the source of a value that does not come from a flag. After `read`.
  const std::map<std::string, std::string>& sources() const noexcept { return found_in_; }

  /// All settings with their values. After `read`.
  std::vector<shown_setting> shown() const;

  CLI::App& app() noexcept { return app_; }

private:
  enum class shape : std::uint8_t { value, secret, list, on_or_off, unset };

  struct known_setting {
    const setting_text* text;
    shape form = shape::value;

    std::string flag() const { return std::string{text->flag}; }
  };

  /// Adds to the list of known settings.
  /// @returns the help of the setting.
  std::string announce(const std::string& flag, shape form);
  class toml_config;

  std::vector<std::string> with_environment(std::vector<std::string> arguments);
  std::vector<CLI::ConfigItem> take_file(const std::string& text);
  CLI::ConfigItem take_entry(toml_entry e);
  std::string file_name() const;
  [[noreturn]] void refuse(std::size_t line, const std::string& words) const;
  std::string with_source(const std::string& text) const;
  std::string shown_value(const known_setting& s) const;

  CLI::App app_;
  std::string family_;
  std::vector<toml_entry> tables_;
  bool file_sets_any_ = false;
  std::vector<known_setting> known_;
  /// The flags of the command line.
  std::set<std::string> given_;
  /// CLI11 reads into these for targets of other types. Deques keep addresses.
  std::deque<double> held_times_;
  std::deque<std::string> held_words_;
  /// Copy these to their targets.
  std::vector<std::function<void()>> conversions_;
  std::map<std::string, std::string> found_in_;
};

} // namespace nekod
