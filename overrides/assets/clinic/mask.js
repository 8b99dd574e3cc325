/* What a paste may hold that nobody should share -> <token>, <user>, <host>; before anything becomes a link or an issue.
   Twin of checkpoint_clinic/mask.py: the same expressions in the same order, and tests/vectors/mask.json for both. */

const PUBLIC = /^(?:[\w-]+\.)*(?:huggingface\.co|hf\.co|github\.com|gitlab\.com|gitee\.com|modelscope\.cn|pytorch\.org|python\.org|readthedocs\.io|nvidia\.com|wandb\.ai|arxiv\.org|stackoverflow\.com|google\.com|microsoft\.com|aka\.ms|localhost)$/i;
const RULES = [
  // tokens by their form
  [/\bhf_[A-Za-z0-9]{16,}/gi, "<token>"],
  [/\b(?:sk|rk|pk)-[A-Za-z0-9_-]{16,}/gi, "<token>"],
  [/\b(?:gh[pousr]_|github_pat_|glpat-|AIza|wandb_v1_)[A-Za-z0-9_-]{16,}/gi, "<token>"],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{12,}/gi, "<token>"],
  [/\bxox[a-z]-[A-Za-z0-9-]{8,}/gi, "<token>"],
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{2,}(?:\.[A-Za-z0-9_-]*)?/gi, "<token>"],
  // tokens by the word in front of them
  [/\b(Bearer[ \t]{1,3})[A-Za-z0-9._~+/=-]{6,}/gi, "$1<token>"],
  [/\b(authorization["']?[ \t]?[:=][ \t]?["']?(?:Basic|token)[ \t]{1,3})[A-Za-z0-9._~+/=-]{4,}/gi, "$1<token>"],
  [/((?:password|passwd|passphrase)["']?[ \t]{0,3}[:=][ \t]{0,3}["']?)[^ \t\r\n"',;&<>]+/gi, "$1<token>"],
  [/((?:api[_-]?key|access[_-]?key(?:[_-]?id)?|secret[_-]?key|secret|token)["']?[ \t]{0,3}[:=][ \t]{0,3}["']?)[A-Za-z0-9_+/=~!$%^*-]{8,}(?!\.?\w)/gi, "$1<token>"],
  [/(wandb[^\r\n<]{0,40}?[ \t=:"'])[0-9a-f]{40}(?![0-9a-z])/gi, "$1<token>"],
  [/(:\/\/)[^ \t\r\n/@"'<>]{1,256}@/gi, "$1<token>@"],
  // user names
  [/(\/(?:home|users)\/)[^ \t\r\n/:;,"'`<>()\[\]|]{1,64}/gi, "$1<user>"],
  [/([a-z]:[\\/]{1,2}Users[\\/]{1,2})[^\r\n\\/:*?"'<>|]{1,64}(?=[\\/])/gi, "$1<user>"],
  [/([a-z]:[\\/]{1,2}Users[\\/]{1,2})[^ \t\r\n\\/:*?"'<>|]{1,64}/gi, "$1<user>"],
  [/\b[A-Za-z0-9][A-Za-z0-9._%+-]{1,63}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}\b(?!\()/gi, "<user>@<host>"],
  [/(^|[ \t\r\n(\["'=,])[A-Za-z_][\w.-]{1,63}@[A-Za-z][\w.-]{1,253}(?=[:\]$#> \t\r\n"',)]|$)/gi, "$1<user>@<host>"],
  // hosts
  [/(\[)(?!\d)[A-Za-z0-9][\w-]{0,62}(?:\.[\w-]{1,63}){0,8}(\]:\d{2,5}\b)/gi, "$1<host>$2"],
  [/\b((?:MASTER_ADDR|hostname|rdzv_endpoint)["']?[ \t]{0,3}[:=][ \t]{0,3}["']?)[A-Za-z][\w.-]{0,253}/gi, "$1<host>"],
  [/\bip-\d{1,3}-\d{1,3}-\d{1,3}-\d{1,3}\b(?:\.[\w-]{1,63}){0,8}/gi, "<host>"],
  [/\b[A-Za-z0-9][\w-]{0,62}(?:\.[\w-]{1,63}){0,6}\.(?:svc\.cluster\.local|compute\.internal)\b/gi, "<host>"],
  [/\b(?:2[0-9a-f]{3}|f[c-e][0-9a-f]{2})(?::[0-9a-f]{1,4}){0,6}::(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){0,6})?(?![\w:])/gi, "<host>"],
  [/\b[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){7}(?![\w:])/gi, "<host>"],
];
const URLS = /(:\/\/)((?:<token>@)?)([A-Za-z0-9][\w.-]{0,253})/g;
const NUMBERS = /(version[ \t:=]{1,3}|cu\d\d[ \t]{1,40}|==|[\w.=-]?)\b(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?![\w-]|\.\d)((?::\d{2,5}\b)?)/gi;

export function mask(text) {
  for (const [expression, put] of RULES) text = text.replace(expression, put);
  return text.replace(URLS, url).replace(NUMBERS, numbers);
}

function url(found, colon, token, host) {
  return PUBLIC.test(host) || host.startsWith("127.") ? found : `${colon}${token}<host>`;
}

function numbers(found, front, ...rest) {
  const [a, b, c, d] = rest.slice(0, 4).map(Number);
  const port = rest[4];
  const named = front !== "" && front !== "=";
  const local = a === 0 || a === 127;
  const own = a === 10 || (a === 172 && b >= 16 && b <= 31) || (a === 192 && b === 168);
  if (named || local || Math.max(a, b, c, d) > 255 || !(own || port || a >= 32)) return found;
  return `${front}<host>${port}`;
}
