package dev.chowder.actor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.instance.InstanceState;
import dev.chowder.organization.OrganizationState;
import dev.chowder.secret.Secret;
import java.io.NotSerializableException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pcollections.HashTreePMap;
import org.pcollections.PMap;

/**
 * Checks that a snapshot holds a whole state. The states are generated from the components of their
 * records, each with a different value. So the test finds every component that a snapshot lacks.
 */
class SnapshotSerializerTest {
  private final SnapshotSerializer snapshots = new SnapshotSerializer();

  static Stream<Class<?>> states() {
    return Stream.of(InstanceState.class, OrganizationState.class)
        .flatMap(SnapshotSerializerTest::records);
  }

  /** Returns all records among the states, at every level of nesting. */
  private static Stream<Class<?>> records(Class<?> type) {
    return type.isSealed()
        ? Arrays.stream(type.getPermittedSubclasses()).flatMap(SnapshotSerializerTest::records)
        : Stream.of(type);
  }

  @ParameterizedTest
  @MethodSource("states")
  void everyComponentOfEveryStateIsInTheSnapshot(Class<?> type) throws Exception {
    var state = new Generator().of(type);
    assertThat(snapshots.fromBinary(snapshots.toBinary(state), snapshots.manifest(state)))
        .isEqualTo(state);
  }

  /** 0.1.0 stored other messages with 7301 and 7302. */
  @Test
  void theIdentifierIsNotThatOfEarlierSerializers() {
    assertThat(snapshots.identifier()).isEqualTo(7303);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "1",
        ":",
        "dev.chowder.instance.InstanceState$Absent",
        "dev.chowder.instance.InstanceState$Absent:00000000",
        "dev.chowder.instance.InstanceState$OfTomorrow:00000000",
        "java.lang.String:00000000"
      })
  void aSnapshotWithAnotherManifestIsNotRead(String manifest) {
    var bytes = snapshots.toBinary(new InstanceState.Absent());
    assertThatThrownBy(() -> snapshots.fromBinary(bytes, manifest))
        .isInstanceOf(NotSerializableException.class)
        .hasMessageStartingWith("cannot read the snapshot: ");
  }

  @Test
  void aDamagedSnapshotIsNotRead() {
    var state = new InstanceState.Tombstone("organization", true);
    var whole = snapshots.toBinary(state);
    for (var bytes :
        List.of(
            new byte[0],
            new byte[] {1, 2, 3},
            Arrays.copyOf(whole, whole.length - 1),
            // A component is missing.
            snapshots.toBinary(new InstanceState.Absent()))) {
      assertThatThrownBy(() -> snapshots.fromBinary(bytes, snapshots.manifest(state)))
          .isInstanceOf(NotSerializableException.class);
    }
  }

  private sealed interface Sample {
    record One(Optional<Map<String, Kind>> kinds, int number) implements Sample {}

    record Two(One one) implements Sample {}
  }

  private enum Kind {
    FIRST,
    SECOND
  }

  /** Its hash changes if and only if this text changes. */
  @Test
  void theShapeHasAllNamesAndTypes() {
    var test = "dev.chowder.actor.SnapshotSerializerTest";
    assertThat(StateShape.of(Sample.class).replace(test + "$", ""))
        .isEqualTo(
            "1{Kind=FIRST, SECOND, Sample=Sample$One, Sample$Two,"
                + " Sample$One=kinds java.util.Optional<java.util.Map<java.lang.String, Kind>>,"
                + " number int, Sample$Two=one Sample$One}");
    assertThat(StateShape.hash(Sample.One.class))
        .isEqualTo(StateShape.hash(Sample.Two.class))
        .isNotEqualTo(StateShape.hash(InstanceState.Absent.class));
  }

  @Test
  void aSecretCannotBeInASnapshot() {
    record Token(Optional<Secret> secret) {}
    assertThatThrownBy(() -> StateShape.hash(Token.class))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("Secret");
  }

  /** Creates records whose components have different values, none of which is a default. */
  private static final class Generator {
    private int last;

    Object of(Type type) {
      last++;
      if (type == String.class) return "value-" + last;
      if (type == int.class) return last;
      if (type == long.class) return (long) last;
      if (type == boolean.class) return true;
      if (type == Instant.class) return Instant.ofEpochSecond(1_700_000_000L + last, last);
      if (type instanceof ParameterizedType many) return many(many);
      if (type instanceof Class<?> one && one.isEnum()) {
        return one.getEnumConstants()[last % one.getEnumConstants().length];
      }
      if (type instanceof Class<?> one && one.isRecord()) return record(one);
      throw new AssertionError("cannot generate a component of type " + type);
    }

    private Object many(ParameterizedType type) {
      var arguments = type.getActualTypeArguments();
      if (type.getRawType() == Optional.class) return Optional.of(of(arguments[0]));
      if (type.getRawType() == List.class) return List.of(of(arguments[0]), of(arguments[0]));
      if (type.getRawType() == Set.class) return Set.of(of(arguments[0]));
      var map = new LinkedHashMap<>();
      for (int n = 0; n < 2; n++) map.put(of(arguments[0]), of(arguments[1]));
      if (type.getRawType() == Map.class) return map;
      if (type.getRawType() == PMap.class) return HashTreePMap.from(map);
      throw new AssertionError("cannot generate a component of type " + type);
    }

    private Object record(Class<?> type) {
      var components = type.getRecordComponents();
      var types = Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
      var values = Arrays.stream(components).map(one -> of(one.getGenericType())).toArray();
      try {
        var constructor = type.getDeclaredConstructor(types);
        constructor.setAccessible(true);
        return constructor.newInstance(values);
      } catch (ReflectiveOperationException why) {
        throw new LinkageError(type.getName(), why);
      }
    }
  }
}
