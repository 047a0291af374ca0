/** A light tint for code: comments, strings, numbers and the words of the language. Not a parser, and never wrong loudly. */

/** @typedef {{ kind: "" | "comment" | "string" | "number" | "word", text: string }} Piece */

const C_LIKE =
  "abstract as async await break case catch class const continue debugger default delete do else enum export extends final finally fn for from func function get go goto if impl implements import in instanceof interface let loop match mod mut namespace new null of override package private protected pub public readonly return self set static struct super switch this throw throws trait try type typeof undefined use using var void volatile when where while with yield true false nil int long float double char bool boolean string unsigned defer chan range select map val fun object";
const PYTHON =
  "and as assert async await break case class continue def del elif else except False finally for from global if import in is lambda match None nonlocal not or pass raise return self True try while with yield";
const SHELL =
  "case cd do done echo elif else esac exit export fi for function if in local return set shift source sudo then unset until while true false";
const SQL =
  "add all alter and as asc avg between by case count create cross default delete desc distinct drop else end exists foreign from full group having in index inner insert into is join key left like limit max min not null offset on or order outer primary references right select set sum table then union unique update values view when where with";

const STRINGS = String.raw`"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'`;
const BACKTICK = "`(?:[^`\\\\]|\\\\.)*`";
const NUMBER = String.raw`\b(?:0[xX][\da-fA-F]+|\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?)\b`;
const NAME = String.raw`[A-Za-z_$][\w$]*`;

/**
 * @param {string} comment
 * @param {string} string
 * @param {string} words
 * @param {string} [flags]
 */
function grammar(comment, string, words, flags = "") {
  const pattern = new RegExp(`(${comment})|(${string})|(${NUMBER})|(${NAME})`, `g${flags}`);
  return { pattern, words: new Set(words.split(" ")), folded: flags.includes("i") };
}

const SLASHES = String.raw`\/\/[^\n]*|\/\*[\s\S]*?\*\/`;
const HASH = String.raw`#[^\n]*`;
const GRAMMARS = {
  c: grammar(SLASHES, `${STRINGS}|${BACKTICK}`, C_LIKE),
  python: grammar(HASH, String.raw`"""[\s\S]*?"""|'''[\s\S]*?'''|${STRINGS}`, PYTHON),
  shell: grammar(String.raw`(?<![\w$])#[^\n]*`, STRINGS, SHELL),
  sql: grammar(String.raw`--[^\n]*|\/\*[\s\S]*?\*\/`, STRINGS, SQL, "i"),
  data: grammar(HASH, STRINGS, "true false null yes no on off"),
  markup: grammar(String.raw`<!--[\s\S]*?-->`, STRINGS, ""),
};

/** @type {Record<string, keyof typeof GRAMMARS>} */
const LANGUAGES = {};
for (const [name, aliases] of /** @type {[keyof typeof GRAMMARS, string][]} */ ([
  ["c", "c cpp c++ h cs csharp java js javascript jsx ts typescript tsx go rust rs kotlin kt swift php scala dart css scss"],
  ["python", "py python python3 pyi"],
  ["shell", "sh bash shell zsh console powershell dockerfile make makefile"],
  ["sql", "sql mysql postgres postgresql sqlite"],
  ["data", "json jsonc yaml yml toml ini rb ruby r"],
  ["markup", "html xml svg vue"],
])) {
  for (const alias of aliases.split(" ")) LANGUAGES[alias] = name;
}

// Long code is shown as it is: tinting it would make thousands of elements.
const LONGEST = 20_000;

/**
 * The code in pieces; joined they are the code again.
 *
 * @param {string} code
 * @param {string} language as written behind the fence
 * @returns {Piece[]}
 */
export function tint(code, language) {
  const name = LANGUAGES[language.toLowerCase()];
  if (!name || code.length > LONGEST) return [{ kind: "", text: code }];
  const { pattern, words, folded } = GRAMMARS[name];
  /** @type {Piece[]} */
  const pieces = [];
  let from = 0;
  for (const found of code.matchAll(pattern)) {
    const [text, comment, string, number] = found;
    const isWord = words.has(folded ? text.toLowerCase() : text);
    const kind = comment ? "comment" : string ? "string" : number ? "number" : isWord ? "word" : "";
    if (!kind) continue;
    if (found.index > from) pieces.push({ kind: "", text: code.slice(from, found.index) });
    pieces.push({ kind, text });
    from = found.index + text.length;
  }
  if (from < code.length) pieces.push({ kind: "", text: code.slice(from) });
  return pieces;
}
