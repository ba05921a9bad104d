#include "bench/simulator/stories.hpp"

#include "bench/simulator/utf8.hpp"
#include "protocol/text/fnv1a.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace nekod::sim {

namespace {

/// How many characters at the end of the prompt are echoed.
constexpr std::size_t echo_length = 80;

/// The sentences of one language, with the placeholders `{cat}`, `{echo}`, `{turn}` and `{before}`.
struct phrase_book {
  std::span<const std::string_view> openings;
  std::string_view echo;
  std::string_view first_turn;
  std::string_view later_turn;
  std::span<const std::string_view> tales;
  std::string_view first_closing;
  std::span<const std::string_view> closings;
  /// The separator between two sentences.
  std::string_view space;
};

constexpr std::array<std::string_view, 5> english_openings{
    "{cat} pads across the keyboard and sits down on the warm side.",
    "{cat} opens one eye, then the other, and decides that you are worth both.",
    "{cat} looks up from a sunny windowsill.",
    "{cat} puts a paw on your words, so that they cannot run away.",
    "{cat} squeezes out of a cardboard box that was plainly too small.",
};

constexpr std::array<std::string_view, 6> english_tales{
    "Last night I followed a moonbeam across the roofs. At its end stood a saucer of milk, still "
    "warm, and nobody said whose it was. It was mine, soon after.",
    "I know a harbour cat who reads the tide like a newspaper. When the fish are in the headlines, "
    "she is never late.",
    "There is a shelf in the library that nobody dusts. I sleep there between the poems and the "
    "maps, and dream of both at once.",
    "Once a neko lived beside a gateway. It counted the packets that went by, waved to the quick "
    "ones, and chased those that were late.",
    "A mouse and I have an agreement. She may have the crumbs on Mondays, and on Tuesdays we both "
    "look very surprised.",
    "It rained all day, so I taught the clock to purr. It ticks a little slower now, but it is "
    "much happier.",
};

constexpr std::array<std::string_view, 4> english_closings{
    "Ask me something else: I have eight lives left for it.",
    "Now it is your turn; I am all whiskers.",
    "Scratch me behind the ear and I will tell you more.",
    "That is all I know, and most of what I made up.",
};

constexpr phrase_book english{
    english_openings,
    "You said: \"{echo}\".",
    "This is message 1 of our chat, and the cushion is still cold, so let us begin at the "
    "beginning.",
    "This is message {turn} of our chat, and I remember all that came before it.",
    english_tales,
    "I am only a simulated cat, but the purring is real.",
    english_closings,
    " ",
};

constexpr std::array<std::string_view, 5> chinese_openings{
    "{cat}踩着键盘走过来，在最暖和的那一边坐下。",
    "{cat}睁开一只眼睛，又睁开另一只，觉得你值得两只都看。",
    "{cat}从洒满阳光的窗台上抬起头。",
    "{cat}伸出爪子按住你的话，免得它们跑掉。",
    "{cat}从一个明显太小的纸箱里挤了出来。",
};

constexpr std::array<std::string_view, 6> chinese_tales{
    "昨晚我沿着月光走过一排屋顶，月光的尽头放着一碟牛奶，还是温的，没人说是谁的。后来就是我的了。",
    "我认识一只住在港口的猫，她看潮水就像看报纸。只要头条上有鱼，她从不迟到。",
    "图书馆里有一层没人打扫的书架。我睡在诗集和地图之间，做的梦里两样都有。",
    "从前有只猫住在网关旁边，每天数着路过的数据包，向跑得快的招手，去追那些迟到的。",
    "我和一只老鼠有个约定：星期一面包屑归她，星期二我们俩都装作很惊讶。",
    "下了一整天的雨，我就教时钟打呼噜。它现在走得慢了一点，但是快乐多了。",
};

constexpr std::array<std::string_view, 4> chinese_closings{
    "再问点别的吧，我还剩八条命可以慢慢答。",
    "该你说了，我竖着耳朵呢。",
    "挠挠我的耳朵后面，我就再讲一个。",
    "我知道的就这些，其中大半是刚编的。",
};

constexpr phrase_book chinese{
    chinese_openings,
    "你说：“{echo}”。",
    "这是我们聊天的第 1 条消息，坐垫还是凉的，那就从头讲起。",
    "这是我们聊天的第 {turn} 条消息，前面说过的我都记得。",
    chinese_tales,
    "我只是一只模拟出来的猫，不过呼噜是真的。",
    chinese_closings,
    "",
};

struct translated_name {
  std::string_view english;
  std::string_view chinese;
};

constexpr std::array<translated_name, 7> cat_names{{
    {"Orange Cat", "橘猫"},
    {"Exotic Shorthair", "异国短毛猫"},
    {"Tuxedo", "燕尾服猫"},
    {"Calico", "三花猫"},
    {"American Shorthair", "美国短毛猫"},
    {"British Shorthair", "英国短毛猫"},
    {"Black Cat", "黑猫"},
}};

/// Whether it is a Chinese, Japanese or Korean character, including punctuation and full-width
/// forms.
bool is_cjk(std::uint32_t code) {
  return (code >= 0x3000 && code <= 0x9fff) || (code >= 0xac00 && code <= 0xd7a3) ||
         (code >= 0xf900 && code <= 0xfaff) || (code >= 0xff00 && code <= 0xffef) ||
         (code >= 0x20000 && code <= 0x3ffff);
}

bool has_cjk(std::string_view text) {
  for (; !text.empty(); text.remove_prefix(utf8::length_of(text.front())))
    if (is_cjk(utf8::first_code_point(text)))
      return true;
  return false;
}

std::string_view pick(std::span<const std::string_view> texts, std::uint64_t n) {
  return texts[n % texts.size()];
}

/// *text* on one line, without white space at either end.
std::string on_one_line(std::string_view text) {
  std::string out;
  for (auto c : text) {
    if (c != ' ' && c != '\n' && c != '\r' && c != '\t')
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  if (out.ends_with(' '))
    out.pop_back();
  return out;
}

std::string echo_of(std::string_view prompt) {
  // Takes more characters than needed, since white space will be squeezed, but does not copy a long
  // prompt.
  auto end = utf8::last_characters(prompt, 4 * echo_length);
  auto line = on_one_line(end);
  auto echo = utf8::last_characters(line, echo_length);
  auto whole = echo.size() == line.size() && end.size() == prompt.size();
  return (whole ? "" : "…") + std::string{echo};
}

std::string cat_of(const story_seed& s, bool in_chinese) {
  const auto* i = std::find_if(cat_names.begin(), cat_names.end(),
                               [&](const auto& n) { return n.english == s.cat; });
  if (in_chinese)
    return std::string{i == cat_names.end() ? s.cat : i->chinese};
  return "The " + std::string{s.cat};
}

/// Appends *phrase* with its `{name}` replaced.
struct teller {
  void append(std::string& out, std::string_view phrase) const {
    for (;;) {
      auto begin = phrase.find('{');
      out += phrase.substr(0, begin);
      if (begin == std::string_view::npos)
        return;
      auto end = phrase.find('}', begin);
      out += value(phrase.substr(begin + 1, end - begin - 1));
      phrase.remove_prefix(end + 1);
    }
  }

  std::string value(std::string_view name) const {
    if (name == "cat")
      return cat;
    if (name == "echo")
      return echo;
    return std::to_string(turn);
  }

  std::string cat;
  std::string echo;
  std::uint64_t turn;
};

/// The number of characters in a piece that begins with *lead*.
std::size_t characters_a_piece(char lead) { return utf8::length_of(lead) > 2 ? 2 : 4; }

deltas split(std::string_view text) {
  deltas out;
  while (!text.empty()) {
    std::size_t bytes = 0;
    for (auto n = characters_a_piece(text.front()); n > 0 && bytes < text.size(); --n)
      bytes += utf8::length_of(text[bytes]);
    out.push_back(text.substr(0, bytes));
    text.remove_prefix(std::min(bytes, text.size()));
  }
  return out;
}

} // namespace

std::string tell_story(const story_seed& s) {
  const auto in_chinese = has_cjk(s.prompt);
  const auto& book = in_chinese ? chinese : english;
  const teller t{cat_of(s, in_chinese), echo_of(s.prompt), s.turn};
  const auto first = s.turn == 1;
  // Turns and branches use successive openings, so that neighbours differ.
  const auto step = s.turn + s.branch;
  const auto n = fnv1a{}.add(s.prompt).value() % 1'000 + step;
  std::string out;
  for (auto phrase :
       {pick(book.openings, step), book.echo, first ? book.first_turn : book.later_turn,
        pick(book.tales, n), first ? book.first_closing : pick(book.closings, n)}) {
    if (!out.empty())
      out += book.space;
    t.append(out, phrase);
  }
  return out;
}

story::story(std::string_view text, std::size_t pieces) : once_(split(text)) {
  if (pieces > once_.ends.size())
    once_.push_back("\n\n");
  size_ = pieces == 0 ? once_.ends.size() : pieces;
}

std::string_view story::piece(std::size_t i) const {
  i %= once_.ends.size();
  const auto begin = i == 0 ? 0 : once_.ends[i - 1];
  return std::string_view{once_.text}.substr(begin, once_.ends[i] - begin);
}

std::string story::text(std::size_t n) const {
  std::string out;
  for (std::size_t i = 0, end = std::min(n, size_); i < end; ++i)
    out += piece(i);
  return out;
}

} // namespace nekod::sim
