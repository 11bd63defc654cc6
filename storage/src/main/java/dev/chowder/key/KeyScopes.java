package dev.chowder.key;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Converts scopes to and from the JSON that the database stores. */
final class KeyScopes {
  // An unknown field may restrict a key. A version that does not know it must reject the key.
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private KeyScopes() {}

  @JsonInclude(JsonInclude.Include.NON_NULL)
  private record Stored(
      @JsonProperty("instance_ids") List<String> instanceIds,
      @JsonProperty("permissions") List<String> permissions,
      @JsonProperty("session_prefix") @Nullable String sessionPrefix) {}

  static String json(KeyScope scope) {
    try {
      return JSON.writeValueAsString(
          new Stored(
              scope.instanceIds().stream().sorted().toList(),
              scope.permissions().stream().sorted().map(Permission::label).toList(),
              scope.sessionPrefix().orElse(null)));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  static KeyScope parse(String json) {
    try {
      var stored = JSON.readValue(json, Stored.class);
      return new KeyScope(
          Set.copyOf(stored.instanceIds()),
          stored.permissions().stream()
              .map(Permission::ofLabel)
              .collect(Collectors.toUnmodifiableSet()),
          Optional.ofNullable(stored.sessionPrefix()));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
