#!/usr/bin/env bash
# Makes the vendored files anew, byte for byte, from the packages that vendored.json names: vendor/make.sh FOLDER
# Browsers keep what is served from here for a year: what changes gets a folder of another name.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --ignore-scripts --no-audit --no-fund --save-exact uplot@1.6.32 echarts@6.1.0 world-atlas@2.0.2 \
  topojson-client@3.1.0 i18n-iso-countries@7.14.0 esbuild@0.28.2
minify() { npx esbuild "$@" --minify --format=esm --legal-comments=none --log-level=error; }
mkdir -p "$out/uplot-1.6.32" "$out/echarts-6.1.0" "$out/world-atlas-2.0.2"
cp "$here/echarts-6.1.0/entry.js" "$here/world-atlas-2.0.2/make.cjs" .
minify entry.js --bundle '--define:process.env.NODE_ENV="production"' --outfile="$out/echarts-6.1.0/echarts.js"
minify node_modules/uplot/dist/uPlot.esm.js --outfile="$out/uplot-1.6.32/uplot.js"
cp node_modules/uplot/dist/uPlot.min.css "$out/uplot-1.6.32/uplot.css"
node make.cjs "$out/world-atlas-2.0.2/world.json"
