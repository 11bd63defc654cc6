#!/usr/bin/env bash
# Has grpc-gateway's own generators take our HTTP annotations: what they accept, other people's tools do too. Nothing of
# what they write is kept. Needs Go, and the protos that buf.sh unpacked.
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
    have go || die "Go was not found: install it, grpc-gateway's generators are built from their Go module."
    mkdir -p "$BIN"
    GOBIN="$BIN" timeout 600 go install "$module/protoc-gen-grpc-gateway@$GRPC_GATEWAY_VERSION" \
      "$module/protoc-gen-openapiv2@$GRPC_GATEWAY_VERSION" >&2 || die "grpc-gateway's generators could not be built (see above)."
  fi
  protoc="$(find "$HOME/.m2/repository/com/google/protobuf/protoc" -name 'protoc-*.exe' 2>/dev/null | sort | tail -n 1)"
  [ -n "$protoc" ] || die "protoc was not found: build once with Maven (mvn -pl proto compile)."
  chmod +x "$protoc"
  well_known_protos
  out="$(mktemp -d)"
  mkdir "$out/protos"
  cp -r "$ROOT/proto/src/main/proto/chowder" "$out/protos/"
  without_path_in_stream "$out/protos/chowder/v1/file_service.proto"
  protos=("$out"/protos/chowder/v1/*.proto)
  # Go wants to know a package for each.
  for proto in "${protos[@]}"; do packages+=",Mchowder/v1/$(basename "$proto")=example/v1"; done
  "$protoc" -I"$out/protos" -I"$ROOT/proto/target/third_party" -I"$ROOT/proto/target/well_known" \
    --plugin="$BIN/protoc-gen-grpc-gateway" --plugin="$BIN/protoc-gen-openapiv2" \
    --grpc-gateway_out="$out" --grpc-gateway_opt="standalone=true$packages" --openapiv2_out="$out" --openapiv2_opt="${packages#,}" \
    "${protos[@]}" || status=1
  # A generator that wrote nothing took nothing.
  find "$out" -name 'instance_service*.gw.go' | grep -q . || status=1
  find "$out" -name 'instance_service.swagger.json' | grep -q . || status=1
  rm -rf "$out"
  return "$status"
}

# without_path_in_stream FILE: grpc-gateway takes no call whose request is a stream and that has a parameter in its path. Envoy does, and
# uploads and imports are such (docs/adr/0022): here their paths have none. All else of them is judged as the rest.
without_path_in_stream() {
  local call path
  for call in upload import; do
    path="/v1/instances/{instance_id}/files/$call"
    grep -qF "\"$path\"" "$1" || die "$1 has no $path any more: take this exception away."
    sed -i "s|\"$path\"|\"/v1/files/$call\"|" "$1"
  done
}

# google/protobuf/*.proto, which Buf has in itself and protoc wants to see.
well_known_protos() {
  local jar target="$ROOT/proto/target/well_known"
  jar="$(find "$HOME/.m2/repository/com/google/protobuf/protobuf-java" -name 'protobuf-java-[0-9]*.jar' 2>/dev/null | sort | tail -n 1)"
  [ -n "$jar" ] || die "protobuf-java was not found: build once with Maven (mvn -pl proto compile)."
  mkdir -p "$target"
  (cd "$target" && "${JAVA_HOME:+$JAVA_HOME/bin/}jar" xf "$jar" google/protobuf)
}

main "$@"
