#!/bin/sh
# Checks the page's JSDoc types with TypeScript. The page itself has no build step and needs none of this.
set -eu
cd "$(dirname "$0")/.."
if ! command -v npm >/dev/null 2>&1; then
    echo "check-page: npm is not here, so the page's types were not checked (install Node.js 20 or newer)." >&2
    [ "${CI:-}" != true ]
    exit
fi
exec npm exec --yes --loglevel=error --package=typescript@5.9.3 -- tsc --project src/salon/web
