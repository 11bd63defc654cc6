# shellcheck shell=bash
# Finds a JDK that can build and run Chowder in all usual locations. Does not know Chowder's modules. Needs common.sh.

JAVA_WANTED=25
# Options of a training run. They keep machine code out of an AOT cache: Java 25 does not check whether the processor of another machine has
# the same instructions, and ends with SIGILL if it has fewer.
# shellcheck disable=SC2034  # cli.sh reads it
AOT_PORTABLE=(-XX:+UnlockDiagnosticVMOptions -XX:-AOTAdapterCaching -XX:-AOTStubCaching)

# java_ensure: exports JAVA_HOME; installs the distribution's JDK if none is found.
java_ensure() {
  local home
  if is_release; then export JAVA_HOME="$ROOT/runtime" && return 0; fi
  if ! home="$(java_find)"; then
    java_install || die "$(java_advice)"
    home="$(java_find)" || die "$(java_advice)"
  fi
  export JAVA_HOME="$home"
}

java_advice() {
  printf 'no JDK %s or newer was found: install one (for example Temurin %s from https://adoptium.net, or "sdk install java %s-tem"), or set JAVA_HOME to it.' \
    "$JAVA_WANTED" "$JAVA_WANTED" "$JAVA_WANTED"
}

# java_find: prints the home of the oldest JDK that is new enough, so that CI uses the same version as most users. A suitable
# JAVA_HOME takes precedence.
java_find() {
  local home found="" found_version=9999 version
  if [ -n "${JAVA_HOME:-}" ] && java_fits "$JAVA_HOME"; then
    printf '%s\n' "$JAVA_HOME"
    return 0
  fi
  while IFS= read -r home; do
    java_fits "$home" || continue
    version="$(java_major "$home")"
    if [ "$version" -lt "$found_version" ]; then
      found="$home"
      found_version="$version"
    fi
  done < <(java_candidates)
  [ -n "$found" ] && printf '%s\n' "$found"
}

java_candidates() {
  local javac
  if javac="$(command -v javac)"; then dirname "$(dirname "$(readlink -f "$javac")")"; fi
  find /usr/lib/jvm /usr/java /opt "$HOME/.sdkman/candidates/java" "$HOME/.asdf/installs/java" "$HOME/.jdks" \
    "$HOME/.local/share/mise/installs/java" "$HOME/.jenv/versions" "$HOME/.jabba/jdk" "$HOME/.gradle/jdks" \
    -mindepth 1 -maxdepth 1 2>/dev/null || true
}

java_fits() { [ -x "$1/bin/javac" ] && [ "$(java_major "$1")" -ge "$JAVA_WANTED" ]; }

# java_major HOME: prints the version from the `release` file of the JDK, since starting a JVM per candidate takes seconds.
java_major() {
  local version
  version="$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release" 2>/dev/null || true)"
  printf '%s\n' "${version:-0}"
}

java_install() {
  local package="openjdk-$JAVA_WANTED-jdk-headless"
  have apt-cache || return 1
  apt-cache policy "$package" 2>/dev/null | grep -q 'Candidate: [0-9]' || return 1
  say "Installing $package ..."
  apt_install "$package"
}

# maven_ensure: installs Maven if it is missing and the distribution has it.
maven_ensure() {
  have mvn && return 0
  say "Installing Maven ..."
  apt_install maven || die "cannot install Maven: install Maven 3.8 or newer and run this again."
}
