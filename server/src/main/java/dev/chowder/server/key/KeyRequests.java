package dev.chowder.server.key;

import com.google.protobuf.Timestamp;
import com.google.protobuf.util.Timestamps;
import dev.chowder.actor.ProtoTime;
import dev.chowder.api.v1.CreateKeyRequest;
import dev.chowder.api.v1.Key;
import dev.chowder.api.v1.ListKeysRequest;
import dev.chowder.api.v1.Reason;
import dev.chowder.base.Ids;
import dev.chowder.key.KeyScope;
import dev.chowder.key.Permission;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.request.Pages;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Parses and checks the requests of {@code KeyService}. Does not check that the instances exist.
 */
record KeyRequests(InstantSource clock) {
  private static final String PERMISSIONS =
      Arrays.stream(Permission.values()).map(Permission::label).collect(Collectors.joining(", "));

  /** A request to create a key. */
  record Creation(String name, KeyScope scope, Optional<Instant> expiresAt) {}

  /**
   * A request for a page of keys.
   *
   * @param after the id of the last key of the previous page; empty if the first page is requested
   */
  record Listing(int pageSize, Optional<String> after) {}

  Creation creation(CreateKeyRequest r) {
    return new Creation(
        r.getName(),
        new KeyScope(
            instanceIds(r.getInstanceIdsList()),
            permissions(r.getPermissionsList()),
            r.hasSessionPrefix() ? Optional.of(r.getSessionPrefix()) : Optional.empty()),
        r.hasExpiresAt() ? Optional.of(future(r.getExpiresAt())) : Optional.empty());
  }

  static Listing listing(ListKeysRequest r) {
    return new Listing(Pages.size(r.hasPageSize(), r.getPageSize()), Pages.after(r.getPageToken()));
  }

  /** Returns the id; text in any other form cannot be the id of a key. */
  static String keyId(String value) {
    if (!Ids.isId(value)) throw notFound();
    return value;
  }

  static ApiError notFound() {
    return ApiError.of(Reason.KEY_NOT_FOUND, "Key not found.");
  }

  private static Set<String> instanceIds(List<String> ids) {
    if (!ids.stream().allMatch(Ids::isId)) throw ApiError.instanceNotFound();
    return Set.copyOf(ids);
  }

  private static Set<Permission> permissions(List<Key.Permission> permissions) {
    var all = EnumSet.noneOf(Permission.class);
    for (var one : permissions) {
      all.add(
          switch (one) {
            case read, interact, configure, files, channels -> Permission.ofLabel(one.name());
            case unspecified, UNRECOGNIZED ->
                throw ApiError.must(
                    "permissions", "have only " + PERMISSIONS, "an unknown permission");
          });
    }
    return all;
  }

  private Instant future(Timestamp stamp) {
    if (!Timestamps.isValid(stamp)) {
      throw ApiError.must("expires_at", "be an RFC 3339 time before the year 10000");
    }
    var time = ProtoTime.instant(stamp);
    if (!time.isAfter(clock.instant())) {
      throw ApiError.must("expires_at", "be in the future", time);
    }
    return time;
  }
}
