package dev.chowder.server.edge;

import static dev.chowder.api.v1.Reason.HOST_UNKNOWN;
import static dev.chowder.api.v1.Reason.INSTANCE_NOT_FOUND;
import static dev.chowder.api.v1.Reason.INSTANCE_NOT_RUNNING;
import static dev.chowder.api.v1.Reason.INVALID_FIELD;
import static dev.chowder.api.v1.Reason.NOT_ALLOWED;
import static dev.chowder.api.v1.Reason.PATH_NOT_FOUND;
import static dev.chowder.api.v1.Reason.SESSION_NOT_FOUND;
import static dev.chowder.api.v1.Reason.TOO_LARGE;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Paths, queries, methods and hosts that are invalid or unknown. */
final class BadPaths {
  private BadPaths() {}

  static List<BadInput> rows() {
    var rows = new ArrayList<BadInput>();
    ids(rows);
    unknown(rows);
    queries(rows);
    hosts(rows);
    sizes(rows);
    return rows;
  }

  private static void ids(List<BadInput> rows) {
    rows.addAll(
        BadInput.each(
            "no such id",
            INSTANCE_NOT_FOUND,
            "GET /v1/instances/nope",
            "GET /v1/instances/01900000-0000-7000-8000-000000000000",
            "GET /v1/instances/{running}x",
            "GET /v1/instances/{running}%20",
            "GET /v1/instances/{running};admin=1",
            "GET /v1/instances/{running},{stopped}",
            "GET /v1/instances/%2e%2e%2f{running}",
            "GET /v1/instances/..%2f..%2fetc%2fpasswd",
            "GET /v1/instances/{running}%2fgateway",
            "GET /v1/instances/*",
            "GET /v1/instances/'%20OR%201=1--",
            "GET /v1/instances/%C3%A9",
            "GET /v1/instances/%F0%9F%92%A9",
            "GET /v1/instances/$%7Bjndi:ldap:x%7D",
            "GET /v1/instances/null",
            "GET /v1/instances/0",
            "GET /v1/instances/-1"));
    for (var call :
        List.of(
            "GET /v1/instances/%s",
            "GET /v1/instances/%s/status",
            "DELETE /v1/instances/%s",
            "POST /v1/instances/%s/start",
            "POST /v1/instances/%s/stop",
            "POST /v1/instances/%s/restart",
            "POST /v1/instances/%s/recover",
            "GET /v1/instances/%s/watch",
            "GET /v1/instances/%s/logs",
            "GET /v1/instances/%s/gateway",
            "POST /v1/instances/%s/gateway/rotate",
            "GET /v1/instances/%s/sessions",
            "GET /v1/instances/%s/sessions/main",
            "DELETE /v1/instances/%s/sessions/main",
            "GET /v1/instances/%s/events")) {
      rows.add(
          BadInput.of(
              "another organization's: " + call, call.formatted("{foreign}"), INSTANCE_NOT_FOUND));
    }
    for (var call :
        List.of(
            "PATCH /v1/instances/{foreign}",
            "POST /v1/instances/{foreign}/responses",
            "POST /v1/instances/{foreign}/session/s/responses")) {
      rows.add(
          BadInput.of("another organization's: " + call, call, INSTANCE_NOT_FOUND)
              .json("{\"input\":\"x\"}"));
    }
    rows.addAll(
        BadInput.each(
            "no such session",
            SESSION_NOT_FOUND,
            "GET /v1/instances/{running}/sessions/nobody",
            "GET /v1/instances/{running}/sessions/agent:main:main",
            "GET /v1/instances/{running}/sessions/cron:1",
            "DELETE /v1/instances/{running}/sessions/nobody"));
    rows.add(BadInput.of("a deleted instance", "GET /v1/instances/{deleted}", INSTANCE_NOT_FOUND));
    rows.add(
        BadInput.of(
            "a deleted instance again", "DELETE /v1/instances/{deleted}", INSTANCE_NOT_FOUND));
  }

  private static void unknown(List<BadInput> rows) {
    rows.addAll(
        BadInput.each(
            "no such path",
            PATH_NOT_FOUND,
            "GET /",
            "GET /v1",
            "GET /v1/",
            "GET /v2/instances",
            "GET /v1/instances/{running}/nope",
            "GET /v1/instances/{running}/status/more",
            "GET /v1/instances/../../etc/passwd",
            "GET /v1/instances/{running}/%2e%2e/%2e%2e/organization/x",
            "GET /v1/organizations",
            "GET /metrics",
            "GET /operator/v1/organizations",
            "GET /healthz/../metrics",
            "GET /admin",
            "GET /favicon.ico",
            "GET /.env"));
    rows.addAll(
        BadInput.each(
            "no such method there",
            PATH_NOT_FOUND,
            "PUT /v1/instances",
            "DELETE /v1/instances",
            "POST /v1/instances/{running}",
            "PUT /v1/instances/{running}",
            "GET /v1/instances/{running}/start",
            "DELETE /v1/organization",
            "GET /v1/organization/signup",
            "TRACE /v1/instances",
            "OPTIONS /v1/instances"));
    rows.add(BadInput.of("an unknown HTTP method", "BREW /v1/instances", INVALID_FIELD));
    rows.add(
        BadInput.of(
                "Envoy's own authorization call",
                "POST /envoy.service.auth.v3.Authorization/Check",
                PATH_NOT_FOUND)
            .json("{}"));
  }

  private static void queries(List<BadInput> rows) {
    rows.addAll(
        BadInput.each(
            "a bad query",
            INVALID_FIELD,
            "GET /v1/instances?nope=1",
            "GET /v1/instances?page_size=0",
            "GET /v1/instances?page_size=501",
            "GET /v1/instances?page_size=-1",
            "GET /v1/instances?page_size=many",
            "GET /v1/instances?page_size=99999999999",
            "GET /v1/instances?page_size=1.5",
            "GET /v1/instances?page_size=",
            "GET /v1/instances?page_token=nope",
            "GET /v1/instances?page_token={running}x",
            "GET /v1/instances?page_token=%00",
            "GET /v1/events?page_size=0",
            "GET /v1/events?page_size=501",
            "GET /v1/events?page_token=-1",
            "GET /v1/events?page_token=99999999999999999999",
            "GET /v1/instances/{running}/events?page_token={running}",
            "GET /v1/instances?status=frozen",
            "GET /v1/instances?status=unspecified",
            "GET /v1/instances?status=99",
            "GET /v1/instances?label=novalue",
            "GET /v1/instances?label==x",
            "GET /v1/instances?label=a%20b=c",
            "GET /v1/instances?name_prefix=",
            "GET /v1/instances?name_prefix=%0A",
            "GET /v1/instances?name_prefix=%FF",
            "POST /v1/instances/{running}/start?wait=-1",
            "POST /v1/instances/{running}/start?wait=301",
            "POST /v1/instances/{running}/start?wait=soon",
            "POST /v1/instances/{running}/stop?wait=1.5",
            "POST /v1/instances/{running}/restart?wait=301",
            "POST /v1/instances/{running}/recover?wait=-1",
            "POST /v1/instances/{running}/stop?wait=",
            "POST /v1/instances/{running}/stop?wait=99999999999",
            "POST /v1/instances/{running}/stop?force=true",
            "GET /v1/instances/{running}/watch?after_revision=-1",
            "GET /v1/instances/{running}/watch?after_revision=x",
            "GET /v1/watch?after=",
            "GET /v1/watch?after=x",
            "GET /v1/watch?after=-1",
            "GET /v1/watch?after=99999999999999999999",
            "GET /v1/instances/{running}/logs?lines=-1",
            "GET /v1/instances/{running}/logs?lines=5001",
            "GET /v1/instances/{running}/logs?follow=maybe",
            "GET /v1/instances/{running}/gateway?key=x",
            "GET /v1/instances/{running}/sessions?page_size=0",
            "GET /v1/instances/{running}/sessions?page_size=501",
            "GET /v1/instances/{running}/sessions?page_token=main",
            "GET /v1/instances/{running}/sessions?page_token=1.a%20b",
            "GET /v1/instances/{running}/sessions?page_token=9999999999999999.a",
            "GET /v1/instances/{running}/sessions?prefix=a",
            "GET /v1/instances/{running}/sessions/main?page_size=0",
            "GET /v1/instances/{running}/sessions/main?page_token=1",
            "GET /v1/instances/{running}/sessions/main?page_token=-1.1",
            "GET /v1/instances/{running}/sessions/main?page_token=1.9999999999",
            "GET /v1/instances/{running}/sessions/a%20b",
            "GET /v1/instances/{running}/sessions/%C3%A9",
            "DELETE /v1/instances/{running}/sessions/a%0Ab",
            "GET /v1/organization?organization_id=x"));
  }

  private static void hosts(List<BadInput> rows) {
    rows.add(
        BadInput.of("another host's name", "GET /v1/instances", HOST_UNKNOWN)
            .with("Host", "rebound.example"));
    rows.add(
        BadInput.of("a name that only ends like ours", "GET /v1/instances", HOST_UNKNOWN)
            .with("Host", "evillocalhost"));
    rows.add(
        BadInput.of("a gateway's name with an unknown id", "GET /", INSTANCE_NOT_FOUND)
            .with("Host", "01900000-0000-7000-8000-000000000000.localhost"));
    rows.add(
        BadInput.of("a gateway's name without an id", "GET /", INSTANCE_NOT_FOUND)
            .with("Host", "nope.localhost"));
    rows.add(
        BadInput.of("a gateway's admin route", "POST /api/v1/admin/rpc", INSTANCE_NOT_FOUND)
            .with("Host", "{running}.localhost"));
    rows.add(
        BadInput.of("the gateway of a stopped instance", "GET /", INSTANCE_NOT_RUNNING)
            .with("Host", "{stopped}.localhost"));
    rows.add(
        BadInput.of("an upgrade of the API", "GET /v1/instances", NOT_ALLOWED)
            .with("Connection", "Upgrade")
            .with("Upgrade", "websocket"));
  }

  private static void sizes(List<BadInput> rows) {
    rows.add(
        BadInput.of("a path of 5000 characters", "GET /v1/instances/" + "x".repeat(5000), TOO_LARGE)
            .status(414));
    rows.add(
        BadInput.of("a header of 20 kB", "GET /v1/instances", TOO_LARGE)
            .with("X-Long", "x".repeat(20_000))
            .status(431));
    rows.add(
        IntStream.range(0, 150)
            .boxed()
            .reduce(
                BadInput.of("150 headers", "GET /v1/instances", TOO_LARGE).status(431),
                (row, n) -> row.with("X-" + n, "y"),
                (a, b) -> b));
  }
}
