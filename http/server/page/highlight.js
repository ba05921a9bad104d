// Colours for code: strings, comments, numbers and words of common languages, by one pass. It knows no grammar.

const words = (text) => new Set(text.split(' '));
const common = 'if else for while return break continue switch case default new this class const let var function import export from try catch finally throw in of do typeof instanceof async await yield static void null true false undefined super extends delete';
const hashed = { line: ['#'], strings: ['"""', "'''", '"', "'"] };
const slashed = { line: ['//'], block: ['/*', '*/'], strings: ['"', "'", '`'] };

const families = {
  js: { ...slashed, words: words(`${common} interface type enum implements readonly public private as declare namespace`) },
  c: { ...slashed, strings: ['"', "'"], words: words(`${common} int char float double long short unsigned signed bool auto struct enum union template typename namespace using public private protected virtual override constexpr nullptr sizeof static_cast inline extern typedef goto noexcept operator explicit`) },
  java: { ...slashed, strings: ['"""', '"', "'"], words: words(`${common} int long double float boolean char byte final public private protected interface enum package implements abstract record val fun when object string var is override namespace using`) },
  go: { ...slashed, words: words('break case chan const continue default defer else fallthrough for func go goto if import interface map package range return select struct switch type var nil true false string int bool error byte') },
  rust: { ...slashed, strings: ['"'], words: words('as async await break const continue crate else enum extern false fn for if impl in let loop match mod move mut pub ref return self Self static struct super trait true type unsafe use where while dyn Some None Ok Err') },
  python: { ...hashed, words: words('and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield None True False self match case') },
  shell: { ...hashed, strings: ['"', "'"], words: words('if then else elif fi for while do done case esac in function return local export set echo cd exit sudo source') },
  ruby: { ...hashed, words: words('def end class module if elsif else unless while until do return yield begin rescue ensure raise nil true false self require attr_accessor case when then and or not') },
  sql: { line: ['--'], block: ['/*', '*/'], strings: ["'", '"'], any: true, words: words('select from where and or not insert into values update set delete create table index view drop alter join left right inner outer on group by order having limit offset as distinct union all null primary key foreign references default in is like between exists case when then else end count sum') },
  lua: { line: ['--'], strings: ['"', "'"], words: words('and break do else elseif end false for function if in local nil not or repeat return then true until while') },
  data: { line: ['#'], strings: ['"', "'"], words: words('true false null yes no on off') },
  css: { block: ['/*', '*/'], strings: ['"', "'"], words: words('important') },
  markup: { block: ['<!--', '-->'], strings: ['"', "'"], words: words('') },
};

const names = {
  js: 'js javascript ts typescript jsx tsx mjs json json5 jsonc', c: 'c h cpp c++ cc hpp cxx objc', java: 'java kotlin kt cs csharp scala swift dart php groovy',
  go: 'go golang', rust: 'rust rs', python: 'python py python3', shell: 'sh bash shell zsh console fish dockerfile docker makefile make', ruby: 'ruby rb perl pl r elixir',
  sql: 'sql mysql postgresql sqlite', lua: 'lua haskell hs', data: 'yaml yml toml ini conf properties nginx', css: 'css scss less', markup: 'html xml svg vue',
};
const familyOf = new Map(Object.entries(names).flatMap(([family, list]) => list.split(' ').map((name) => [name, families[family]])));

const longest = 50_000;

/// Pieces of *code*, each a text and its kind (`comment`, `string`, `number`, `word`, or none); nothing if the
/// language is not known, or the code too long.
export function colours(code, language) {
  const family = familyOf.get(language.toLowerCase());
  if (!family || code.length > longest) return undefined;
  const pieces = [];
  let plain = '';
  let at = 0;
  const add = (kind, end) => {
    if (plain) pieces.push(['', plain]);
    plain = '';
    pieces.push([kind, code.slice(at, end)]);
    at = end;
  };
  const endOf = (mark, from) => {
    const found = code.indexOf(mark, from);
    return found < 0 ? code.length : found + mark.length;
  };
  const number = /0[xb][\da-f_]+|\d[\d_]*(?:\.\d+)?(?:e[+-]?\d+)?\w*/iy;
  const word = /[A-Za-z_$][\w$]*/y;
  while (at < code.length) {
    const opens = (mark) => code.startsWith(mark, at);
    const quote = family.strings.find(opens);
    number.lastIndex = word.lastIndex = at;
    if (family.block && opens(family.block[0])) add('comment', endOf(family.block[1], at + 2));
    else if (family.line?.some(opens) && (code[at] !== '#' || at === 0 || /\s/.test(code[at - 1]))) add('comment', endOf('\n', at) - (code.indexOf('\n', at) < 0 ? 0 : 1));
    else if (quote) {
      let end = at + quote.length;
      const lines = quote.length === 3 || quote === '`';
      while (end < code.length && !code.startsWith(quote, end) && (lines || code[end] !== '\n')) end += code[end] === '\\' ? 2 : 1;
      add('string', Math.min(code.length, code.startsWith(quote, end) ? end + quote.length : end));
    } else if (word.test(code)) {
      const text = code.slice(at, word.lastIndex);
      if (family.words.has(family.any ? text.toLowerCase() : text)) add('word', word.lastIndex);
      else {
        plain += text;
        at = word.lastIndex;
      }
    } else if (number.test(code)) add('number', number.lastIndex);
    else {
      plain += code[at];
      at += 1;
    }
  }
  if (plain) pieces.push(['', plain]);
  return pieces;
}
