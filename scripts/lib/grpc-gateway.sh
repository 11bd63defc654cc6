#!/usr/bin/env bash
# Checks that grpc-gateway's generators accept the HTTP annotations, as other tools then do too. The generated files are deleted. Needs
# Go, and the protos that buf.sh unpacks.
#
#   scripts/lib/grpc-gateway.sh check
set -euo pipefail
# shellcheck source=/dev/null
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
GRPC_GATEWAY_VERSION=v2.27.3
BIN="$CHOWDER_CACHE/bin/grpc-gateway-$GRPC_GATEWAY_VERSION"

main() {
  [ "${1:-}" = check ] || die "usage: scripts/lib/grpc-gateway.sh check"
  local module=github.com/grpc-ecosystem/grpc-gateway/v2 out protoc protos proto packages="" status=0
  if [ ! -x "$BIN/protoc-gen-openapiv2" ]; then
    have go || die "cannot build grpc-gateway's generators from their Go module: Go was not found; install Go and run this again."
    mkdir -p "$BIN"
    GOBIN="$BIN" timeout 600 go install "$module/protoc-gen-grpc-gateway@$GRPC_GATEWAY_VERSION" \
      "$module/protoc-gen-openapiv2@$GRPC_GATEWAY_VERSION" >&2 || die "cannot build grpc-gateway's generators: see the message above."
  fi
  protoc="$(find "$HOME/.m2/repository/com/google/protobuf/protoc" -name 'protoc-*.exe' 2>/dev/null | sort | tail -n 1)"
  [ -n "$protoc" ] || die "protoc was not found: run mvn -pl proto compile first."
  chmod +x "$protoc"
  well_known_protos
  out="$(mktemp -d)"
  mkdir "$out/protos"
  cp -r "$ROOT/proto/src/main/proto/chowder" "$out/protos/"
  without_path_in_stream "$out/protos/chowder/v1/file_service.proto"
  protos=("$out"/protos/chowder/v1/*.proto)
  # Go requires a package for each file.
  for proto in "${protos[@]}"; do packages+=",Mchowder/v1/$(basename "$proto")=example/v1"; done
  "$protoc" -I"$out/protos" -I"$ROOT/proto/target/third_party" -I"$ROOT/proto/target/well_known" \
    --plugin="$BIN/protoc-gen-grpc-gateway" --plugin="$BIN/protoc-gen-openapiv2" \
    --grpc-gateway_out="$out" --grpc-gateway_opt="standalone=true$packages" --openapiv2_out="$out" --openapiv2_opt="${packages#,}" \
    "${protos[@]}" || status=1
  # A generator that wrote no file has not read the annotations.
  find "$out" -name 'instance_service*.gw.go' | grep -q . || status=1
  find "$out" -name 'instance_service.swagger.json' | grep -q . || status=1
  rm -rf "$out"
  return "$status"
}

# without_path_in_stream FILE: removes the path parameters of uploads and imports. grpc-gateway rejects a call with a streamed request
# and a path parameter, but Envoy accepts it (docs/adr/0022). Everything else in these calls is checked.
without_path_in_stream() {
  local call path
  for call in upload import; do
    path="/v1/instances/{instance_id}/files/$call"
    grep -qF "\"$path\"" "$1" || die "$1 does not contain $path: remove this exception from the script."
    sed -i "s|\"$path\"|\"/v1/files/$call\"|" "$1"
  done
}

# Unpacks google/protobuf/*.proto for protoc. Buf has these files built in.
well_known_protos() {
  local jar target="$ROOT/proto/target/well_known"
  jar="$(find "$HOME/.m2/repository/com/google/protobuf/protobuf-java" -name 'protobuf-java-[0-9]*.jar' 2>/dev/null | sort | tail -n 1)"
  [ -n "$jar" ] || die "protobuf-java was not found: run mvn -pl proto compile first."
  mkdir -p "$target"
  (cd "$target" && "${JAVA_HOME:+$JAVA_HOME/bin/}jar" xf "$jar" google/protobuf)
}

main "$@"
