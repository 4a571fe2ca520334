# Sourced by scripts/up and scripts/test: ends with a clear message where there is no usable Node.
if ! command -v node >/dev/null 2>&1; then
  echo "error: Node.js is not installed (or not on the PATH). Weft needs Node 20.19 or newer: https://nodejs.org" >&2
  exit 1
fi
if ! node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'; then
  echo "error: this is Node $(node --version); Weft needs Node 20.19 or newer: https://nodejs.org" >&2
  exit 1
fi
